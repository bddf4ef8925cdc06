#!/bin/sh
# The archive behind a real procmail, as tubepost-recipes(7) shows it: a copy, where a mail that cannot
# be kept waits; and in the middle of the way, where it passes.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-mda.sh"
. "$SRC/t/lib-keep.sh"

mta_need procmail perl
keep_setup

# What the mail program has put above the mail says the envelope.
mail_to_keep plain.eml waits
{ printf 'Return-Path: <zoe@sender.test>\nDelivered-To: ann@local.test\n' && cat plain.eml; } >mail.eml

PROCMAIL_EXAMPLE=archive-procmailrc
archive_down
ok 'a mail that cannot be kept waits, nothing arrives' kept procmail_run mail.eml
archive_up
spoil "$MTA/bin/archive-put" killed
ok 'the same when archive-put is killed' kept procmail_run mail.eml
mend "$MTA/bin/archive-put"
ok 'with all well it is delivered' procmail_run mail.eml
ok 'once' has_mail box
ok 'it is kept, once' keeps 1
keeper archive-get "$(kept_id waits)" >kept
same 'byte for byte as it came' kept mail.eml
ok 'with its envelope' envelope_is "$(kept_id waits)" 'zoe@sender.test ann@local.test'
ok 'delivered again, it is still kept once' procmail_run mail.eml
ok 'as that one' keeps 1
box_empty box

PROCMAIL_EXAMPLE=archive-procmailrc-tee
rm "$MTA/procmailrc"
mail_to_keep plain.eml passes
{ printf 'Return-Path: <zoe@sender.test>\nDelivered-To: bob@local.test\n' && cat plain.eml; } >mail.eml
archive_down
ok 'in the middle of the way, a mail passes when the archive fails' procmail_run mail.eml
ok 'it arrives' has_mail box
same 'as it was' "$(mail_file box)" mail.eml
box_empty box
archive_up
ok 'and passes when it does not' procmail_run mail.eml
same 'as it was, too' "$(mail_file box)" mail.eml
ok 'now it is kept' keeps 2
keeper archive-get "$(kept_id passes)" >kept
same 'byte for byte' kept mail.eml
ok 'archive-check has nothing to say' keeper archive-check

done_testing
