#!/bin/sh
# Mail through a real maildrop, run as a mail program runs it: the message on stdin, and exit 75 to
# have it kept and tried again. Large mail arrives with links that work; whatever the filters do,
# mail is put off, never cut or lost.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"

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

# One attempt went wrong as it should: kept by the mail program, nothing in the mailbox.
kept() {
	maildrop_run "$1"
	kept_code=$?
	test "$kept_code $(mail_count box)" = '75 0' || {
		echo "# exit $kept_code, $(mail_count box) mails"
		return 1
	}
}

store_down
make_mail big.eml 'big' big.pdf photo.bin
ok 'with the store down a large mail is put off, nothing arrives' kept big.eml
ok 'tried again, it is put off again' kept big.eml
store_up

for tool in detach-upload link-inject
do
	for harm in $HARMS
	do
		bad_filter "$tool" "$harm"
		ok "$tool ($harm): the mail is put off, nothing arrives" kept big.eml
		good_filter "$tool"
	done
done

ok 'with all well again it is delivered' maildrop_run big.eml
ok 'once' has_mail box
arrived=$(mail_file box)
ok 'its links return the same bytes' links_give "$arrived" big.pdf photo.bin
ok 'it is small' test "$(wc -c <"$arrived")" -lt 10000
has 'its text is there' "$arrived" '^From here on, files\.'
ok 'many attempts made one upload of each file' store_holds 2

done_testing
