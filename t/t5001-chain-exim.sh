#!/bin/sh
# Mail through a real Exim: a relay's smtp transport and a local appendfile transport, both with a
# transport_filter, and a pipe transport with the wrapper. Large mail arrives with links that work;
# nothing that goes wrong loses mail.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"

mta_need exim4 nginx perl curl
# An smtp transport runs its filter as Exim's own user; here the others do too.
MTA_USER=Debian-exim MTA_GROUP=Debian-exim
mta_setup
chain_files
ok 'the web server over the store starts' http_start
ok 'exim starts' exim_start
test "$failed" -eq 0 || done_testing

to() {
	smtp_send "$SMTP_PORT" alice@sender.test "$1" "$2"
}

# The relay's mail comes back on another port: a second run puts it into its box.
deliver() {
	exim_run
	exim_run
}

# One mail to each road: it waits in the queue until the run.
for domain in relay.test local.test pipe.test
do
	box=${domain%.test}
	make_mail big.eml "big for $domain" big.pdf photo.bin
	ok "$domain: a mail with 25 MB of attachments is taken" to "$box@$domain" big.eml

	store_down
	exim_run
	ok "$domain: with the store down it stays in the queue" test "$(exim_queue)" -eq 1
	ok "$domain: and nothing arrives" has_mail "$box" 0
	store_up

	for harm in $HARMS
	do
		for tool in detach-upload link-inject
		do
			bad_filter "$tool" "$harm"
			exim_run
			ok "$domain: $tool ($harm): the mail stays in the queue, nothing arrives" \
				test "$(exim_queue) $(mail_count "$box")" = '1 0'
			good_filter "$tool"
		done
	done

	if test "$box" = pipe
	then
		for harm in killed missing fails
		do
			bad_wrapper "$harm"
			exim_run
			ok "$domain: the wrapper ($harm): the mail stays in the queue, nothing arrives" \
				test "$(exim_queue) $(mail_count "$box")" = '1 0'
			good_wrapper
		done
	fi

	deliver
	ok "$domain: with all well again it is delivered" has_mail "$box"
	ok "$domain: the queue is empty" test "$(exim_queue)" -eq 0
	arrived=$(mail_file "$box")
	ok "$domain: its links return the same bytes" links_give "$arrived" big.pdf photo.bin
	ok "$domain: it is small" test "$(wc -c <"$arrived")" -lt 10000
	has "$domain: its text is there" "$arrived" '^From here on, files\.'
	ok "$domain: many attempts made one upload of each file" store_holds 2
	box_empty "$box"
	store_empty
done

# What is not to be filtered arrives as it was sent.
for domain in relay.test local.test pipe.test
do
	box=${domain%.test}
	make_mail small.eml "small for $domain" small.bin
	to "$box@$domain" small.eml
	deliver
	ok "$domain: a small mail arrives as it was sent" is_sent_mail "$(mail_file "$box")" small.eml
	box_empty "$box"

	# A reason to leave a large mail alone goes to the log, and the log must not end in the
	# mail.
	make_signed signed.eml big.pdf
	to "$box@$domain" signed.eml
	deliver
	ok "$domain: a large signed mail arrives as it was sent" is_sent_mail "$(mail_file "$box")" signed.eml
	box_empty "$box"
done
ok 'small and signed mail uploads nothing' store_holds 0
ok 'the queue is empty at the end' test "$(exim_queue)" -eq 0
ok 'nothing bounced' has_mail bounces 0
hasnt 'no mail was given up' "$CONF_DIR/log/mainlog" ' \*\* '

done_testing
