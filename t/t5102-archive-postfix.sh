#!/bin/sh
# The archive behind a real Postfix, as tubepost-recipes(7) shows it: every mail is kept once, with
# the bytes that are delivered and with its envelope; whatever becomes of the archive, mail flows,
# and its copy waits in the queue. What was found is sent again by the same Postfix.
# shellcheck disable=SC2034 # for test-lib.sh
OWN_MOUNTS=yes
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-keep.sh"

mta_need postfix postqueue perl
POSTFIX_EXAMPLE=archive-postfix
keep_setup
small_disk || small_disk_why='no file system can be mounted here'
ok 'postfix starts' postfix_start
test "$failed" -eq 0 || done_testing

to() {
	smtp_send "$SMTP_PORT" zoe@sender.test "$1" "$2"
}
queue_is() {
	test "$(postfix_queue)" -eq "$1"
}

# --- one mail ------------------------------------------------------------------------------------

mail_to_keep one.eml inward
ok 'a mail for one is taken' to ann@virtual.test one.eml
ok 'it is delivered' wait_until 60 has_mail ann
ok 'it is kept' wait_until 60 keeps 1
ok 'with the bytes that were delivered' kept_is_delivered ann
test "$failed" -eq 0 || done_testing
ok 'which are those that were sent' is_sent_mail "$(mail_file ann)" one.eml
id=$(kept_id inward)
ok 'its envelope is kept' envelope_is "$id" 'zoe@sender.test ann@virtual.test'
ok 'Postfix logs its id' wait_until 60 grep -q "status=sent (delivered via archive service ($id))" "$CONF_DIR/maillog"

mail_to_keep bounce.eml bounce
smtp_send "$SMTP_PORT" '' bob@virtual.test bounce.eml
ok 'a bounce is kept' wait_until 60 keeps 2
ok 'its sender is nobody' envelope_is "$(kept_id bounce)" '<> bob@virtual.test'

# --- many recipients -----------------------------------------------------------------------------

mail_to_keep several.eml several
ok 'a mail for three, one of them an alias' to 'bob@virtual.test,team@virtual.test,cat@virtual.test' several.eml
ok 'is kept' wait_until 60 keeps 3
ok 'as one delivery, with the envelope as it came' \
	envelope_is "$(kept_id several)" 'zoe@sender.test bob@virtual.test cat@virtual.test team@virtual.test'
ok 'and reaches all' wait_until 60 eval 'test "$(mail_count ann) $(mail_count bob) $(mail_count cat)" = "2 2 1"'
ok 'the queue is empty' wait_until 60 queue_is 0
test "$failed" -eq 0 || done_testing

# --- the archive fails ---------------------------------------------------------------------------

fails_and_recovers() { # WHAT
	mail_to_keep wait.eml "waiting-$1"
	before=$(mail_count cat)
	deferred=$(postfix_deferred)
	to cat@virtual.test wait.eml
	ok "$1: the mail is delivered" wait_until 60 has_mail cat $((before + 1))
	ok "$1: the copy is put off" wait_until 60 postfix_deferred_past "$deferred"
	ok "$1: and waits in the queue" wait_until 60 queue_is 1
	deferred=$(postfix_deferred)
	postfix_flush
	ok "$1: tried again, it waits on" wait_until 60 postfix_deferred_past "$deferred"
	recover
	# The copy may not be back in the queue of those that wait yet: ask until it has gone.
	ok "$1: all well again, the queue is empty" wait_until 60 flushed
	ok "$1: the mail is kept, once" envelope_is "$(kept_id "waiting-$1")" 'zoe@sender.test cat@virtual.test'
	ok "$1: and was delivered once" has_mail cat $((before + 1))
}
flushed() {
	queue_is 0 || { postfix_flush; sleep 0.5; queue_is 0; }
}

each_harm
hasnt 'nothing bounced' "$CONF_DIR/maillog" 'status=(bounced|expired)'

# --- many at once --------------------------------------------------------------------------------

had=$(kept_count)
ok 'a burst of 48 mails is taken' burst "$SMTP_PORT" 48 ann@virtual.test bob@virtual.test,cat@virtual.test
ok 'all are kept' wait_until 120 keeps $((had + 48))
ok 'its queue is empty' wait_until 120 queue_is 0
ok 'with the bytes that were delivered' kept_is_delivered ann bob cat
ok 'archive-check has nothing to say' keeper archive-check

# --- sent again ----------------------------------------------------------------------------------

printf '#!/bin/sh\nexec %s -C %s "$@"\n' "$(mta_program sendmail)" "$CONF_DIR/etc" >"$MTA/bin/sendmail"
sed "s|@BINDIR@|$MTA/bin|" "$SRC/share/examples/send-again" >"$MTA/libexec/send-again"
chmod 755 "$MTA/bin/sendmail" "$MTA/libexec/send-again"
send_again() {
	env PATH="$MTA/bin:$PATH" "$MTA/libexec/send-again" "$@"
}
for word in several bounce
do
	id=$(kept_id "$word")
	keeper archive-get "$id" >original
	sender=$(keeper archive-get --envelope "$id" | head -n 1 | tr -d '<>')
	box_empty bob
	had=$(kept_count)
	ok "send-again hands the mail to postfix ($word)" send_again "$id"
	ok 'it arrives' wait_until 60 has_mail bob
	ok 'below a line or two of its way, with the original bytes' is_sent_mail "$(mail_file bob)" original
	has 'from the original sender' "$(mail_file bob)" "^Return-Path: <$sender>"
	ok 'and is kept once more' wait_until 60 keeps $((had + 1))
done
ok 'the queue is empty' wait_until 60 queue_is 0
fails 1 'an id that is not there sends nothing' send_again 0000000000000000
ok 'nothing at all' queue_is 0

done_testing
