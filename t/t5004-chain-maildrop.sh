#!/bin/sh
# Mail through a real maildrop, run as a mail program runs it: the message on stdin, and exit 75 to
# have it kept and tried again. Large mail arrives with links that work; whatever the filters do,
# mail is put off, never cut or lost.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-mda.sh"

mta_need maildrop perl curl
mta_setup
chain_files

# What is not to be filtered arrives as it was sent.
make_mail small.eml 'small' small.bin
make_signed signed.eml big.pdf
for mail in small signed
do
	ok "a $mail mail is delivered" maildrop_run "$mail.eml"
	ok "a $mail mail arrives as it was sent" is_sent_mail "$(mail_file box)" "$mail.eml"
	box_empty box
done
ok 'small and signed mail uploads nothing' store_holds 0

large_mail_by maildrop_run

done_testing
