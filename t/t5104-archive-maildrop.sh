#!/bin/sh
# The archive behind a real maildrop, as tubepost-recipes(7) shows it: as a filter, where a mail that
# cannot be kept waits; and by cc, where it passes.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-mda.sh"
. "$SRC/t/lib-keep.sh"

mta_need maildrop perl
keep_setup

mail_to_keep plain.eml waits
{ printf 'Return-Path: <zoe@sender.test>\nDelivered-To: ann@local.test\n' && cat plain.eml; } >mail.eml

MAILDROP_EXAMPLE=archive-mailfilter
archive_down
ok 'a mail that cannot be kept waits, nothing arrives' kept maildrop_run mail.eml
archive_up
spoil "$MTA/bin/archive-put" killed
ok 'the same when archive-put is killed' kept maildrop_run mail.eml
mend "$MTA/bin/archive-put"
ok 'with all well it is delivered' maildrop_run mail.eml
same 'as it was' "$(mail_file box)" mail.eml
ok 'it is kept, once' keeps 1
keeper archive-get "$(kept_id waits)" >kept
same 'byte for byte as it came' kept mail.eml
ok 'with its envelope' envelope_is "$(kept_id waits)" 'zoe@sender.test ann@local.test'
box_empty box

MAILDROP_EXAMPLE=archive-mailfilter-cc
rm "$MTA/mailfilter"
mail_to_keep plain.eml passes
{ printf 'Return-Path: <zoe@sender.test>\nDelivered-To: bob@local.test\n' && cat plain.eml; } >mail.eml
archive_down
ok 'by cc, a mail is delivered when the archive fails' maildrop_run mail.eml
ok 'once' has_mail box
box_empty box
archive_up
ok 'and when it does not' maildrop_run mail.eml
same 'as it was' "$(mail_file box)" mail.eml
ok 'now it is kept' keeps 2
keeper archive-get "$(kept_id passes)" >kept
same 'byte for byte' kept mail.eml
ok 'archive-check has nothing to say' keeper archive-check

done_testing
