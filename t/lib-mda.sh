# For the tests of programs that deliver into a mailbox, after lib-mta.sh.
# shellcheck shell=sh

# One attempt went wrong as it should: kept by the mail program, nothing in the mailbox.
kept() { # RUN MAIL
	"$1" "$2"
	kept_code=$?
	test "$kept_code $(mail_count box)" = '75 0' || {
		echo "# exit $kept_code, $(mail_count box) mails"
		return 1
	}
}

# A large mail, with the store down, with each filter harmed in each way, and with all well.
large_mail_by() { # RUN: the command that delivers the mail it names into `box`
	store_down
	make_mail big.eml 'big' big.pdf photo.bin
	ok 'with the store down a large mail is put off, nothing arrives' kept "$1" big.eml
	ok 'tried again, it is put off again' kept "$1" big.eml
	store_up

	for tool in detach-upload link-inject
	do
		for harm in $HARMS
		do
			bad_filter "$tool" "$harm"
			ok "$tool ($harm): the mail is put off, nothing arrives" kept "$1" big.eml
			good_filter "$tool"
		done
	done

	ok 'with all well again it is delivered' "$1" big.eml
	ok 'once' has_mail box
	arrived=$(mail_file box)
	ok 'its links return the same bytes' links_give "$arrived" big.pdf photo.bin
	ok 'it is small' test "$(wc -c <"$arrived")" -lt 10000
	has 'its text is there' "$arrived" '^From here on, files\.'
	ok 'many attempts made one upload of each file' store_holds 2
}
