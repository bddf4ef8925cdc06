#!/bin/sh
# Mail through a real Postfix: content_filter, pipe(8), the wrapper of share/examples, and back in
# by sendmail. Large mail arrives with links that work; whatever the filters do, mail is put off,
# never bounced, cut or lost.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"

mta_need postfix postqueue perl curl
mta_setup
chain_files
ok 'postfix starts' postfix_start
test "$failed" -eq 0 || done_testing

box=box
to() {
	smtp_send "$SMTP_PORT" alice@sender.test box@virtual.test "$1"
}

queue_is() {
	test "$(postfix_queue)" -eq "$1"
}

# The mail in the queue is tried, and put off once more.
tried_and_kept() {
	kept_before=$(postfix_deferred)
	postfix_flush
	wait_until 30 postfix_deferred_past "$kept_before" && wait_until 30 queue_is 1 && has_mail "$box" 0
}

store_down
make_mail big.eml 'big' big.pdf photo.bin
ok 'a mail with 25 MB of attachments is taken' to big.eml
ok 'with the store down it is put off' wait_until 30 postfix_deferred_past 0
test "$failed" -eq 0 || done_testing
ok 'it stays in the queue' queue_is 1
ok 'and nothing arrives' has_mail "$box" 0
ok 'tried again, it is put off again' tried_and_kept
store_up

for tool in detach-upload link-inject
do
	for harm in $HARMS
	do
		bad_filter "$tool" "$harm"
		ok "$tool ($harm): the mail stays in the queue, nothing arrives" tried_and_kept
		good_filter "$tool"
	done
done

for harm in killed missing
do
	bad_wrapper "$harm"
	ok "the wrapper ($harm): the mail stays in the queue, nothing arrives" tried_and_kept
	good_wrapper
done

postfix_flush
ok 'with all well again it is delivered' wait_until 30 has_mail "$box"
ok 'the queue is empty' wait_until 30 queue_is 0
arrived=$(mail_file "$box")
ok 'its links return the same bytes' links_give "$arrived" big.pdf photo.bin
ok 'it is small' test "$(wc -c <"$arrived")" -lt 10000
has 'its text is there' "$arrived" '^From here on, files\.'
ok 'many attempts made one upload of each file' store_holds 2
box_empty "$box"
store_empty

# What is not to be filtered arrives as it was sent.
make_mail small.eml 'small' small.bin
make_signed signed.eml big.pdf
for mail in small signed
do
	ok "a $mail mail is taken" to "$mail.eml"
	ok "a $mail mail arrives" wait_until 30 has_mail "$box"
	ok "a $mail mail arrives as it was sent" is_sent_mail "$(mail_file "$box")" "$mail.eml"
	box_empty "$box"
done
ok 'small and signed mail uploads nothing' store_holds 0
ok 'the queue is empty at the end' wait_until 30 queue_is 0
hasnt 'nothing bounced' "$CONF_DIR/maillog" 'status=(bounced|expired)'

done_testing
