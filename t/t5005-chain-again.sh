#!/bin/sh
# Mail that has passed the filters already and comes again: answered, forwarded in the text or as an
# attachment, with its links or with stubs that nobody has made links of. Through real procmail and
# maildrop. What was a link stays one, nothing is said twice, and only what is new leaves.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-mda.sh"

mta_need procmail maildrop perl curl
mta_setup
head -c 11000000 /dev/urandom >first.pdf
head -c 12000000 /dev/urandom >second.pdf

# What mail programs send: a text and, for each FILE, an attachment; a .eml is attached as a message.
compose() { # SUBJECT TEXT [FILE...]
	perl -MMIME::Base64 -e '
		my ($subject, $text, @files) = @ARGV;
		sub slurp { local (@ARGV, $/) = @_; scalar <> }
		print "From: Bob <bob\@local.test>\nTo: Carol <carol\@local.test>\nSubject: $subject\n",
			"Message-ID: <", $subject =~ s/\W+/-/gr, "\@local.test>\nMIME-Version: 1.0\n",
			"Content-Type: multipart/mixed; boundary=\"=_again\"\n\n",
			"--=_again\nContent-Type: text/plain; charset=utf-8\n\n", slurp($text);
		for (@files) {
			my $eml = /\.eml$/;
			print "\n--=_again\nContent-Type: ", $eml ? "message/rfc822" : "application/pdf; name=\"$_\"",
				"\nContent-Disposition: attachment; filename=\"$_\"\n",
				$eml ? "\n" : "Content-Transfer-Encoding: base64\n\n",
				$eml ? slurp($_) : encode_base64(slurp($_));
		}
		print "\n--=_again--\n"' "$@"
}
text_of() { # MAIL: its first text
	perl -0777 -ne 'print $1 if /\n--[^\n]*\nContent-Type: text\/plain[^\n]*\n\n(.*?)\n--=/s' "$1"
}
blocks() { # MAIL N: so many blocks of links are in it
	test "$(grep -c '^This message had' "$1")" -eq "$2"
}
delivered() { # RUN MAIL: arrives, as ./arrived
	"$1" "$2" && has_mail box && cp "$(mail_file box)" arrived && box_empty box
}

uploads=4
for run in procmail_run maildrop_run; do
	by=${run%_run}
	make_mail heavy.eml "heavy, $by" first.pdf
	ok "$by: a heavy mail arrives" delivered $run heavy.eml
	mv arrived with-links.eml
	ok "$by: with its link" links_give with-links.eml first.pdf
	text_of with-links.eml >text
	ok "$by: in its text" grep -q '^\* first.pdf' text

	{ echo 'Thanks, got it.'; echo; sed 's/^/> /' text; } >quoted
	compose "Re: heavy, $by" quoted >reply.eml
	ok "$by: the answer arrives" delivered $run reply.eml
	[ "$by" = maildrop ] || echo >>reply.eml
	ok "$by: as it was sent" is_sent_mail arrived reply.eml
	ok "$by: its quoted link works" links_give arrived first.pdf

	compose "Re: heavy, and mine, $by" quoted second.pdf >reply.eml
	ok "$by: an answer with a file of its own arrives" delivered $run reply.eml
	ok "$by: the quoted link and the new one work" links_give arrived first.pdf second.pdf
	ok "$by: with one new block" blocks arrived 1
	has "$by: below what was quoted" arrived '^> \* first\.pdf'

	{ echo 'FYI'; echo; echo '---------- Forwarded message ---------'; cat text; } >inline
	compose "Fwd: heavy, $by" inline second.pdf >forward.eml
	ok "$by: forwarded in the text" delivered $run forward.eml
	ok "$by: all links work" links_give arrived first.pdf second.pdf
	ok "$by: each block once" blocks arrived 2

	echo 'See the mail.' >note
	compose "Fwd: attached, $by" note with-links.eml >forward.eml
	ok "$by: forwarded as an attachment" delivered $run forward.eml
	[ "$by" = maildrop ] || echo >>forward.eml
	ok "$by: arrives as it was sent" is_sent_mail arrived forward.eml

	compose "Fwd: attached, heavy, $by" note with-links.eml second.pdf >forward.eml
	ok "$by: forwarded beside a heavy file" delivered $run forward.eml
	mail_links arrived >links
	ok "$by: message and file leave" test "$(wc -l <links)" -eq 2
	ok "$by: the message can be had" curl -sSf -o got.eml "$(head -n 1 links)"
	same "$by: byte for byte" got.eml with-links.eml
	ok "$by: and its link works" links_give got.eml first.pdf
	ok "$by: as does the file" curl -sSf -o got "$(tail -n 1 links)"
	same "$by: the same bytes" got second.pdf

	# Detached, but injected nowhere, and then forwarded as an attachment.
	ok "$by: detached only" as_mta_user env TUBEPOST_CONFIG="$TUBEPOST_CONFIG" "$MTA/bin/detach-upload" <heavy.eml
	mv .out stubs.eml
	compose "Fwd: stubs, $by" note stubs.eml >forward.eml
	ok "$by: a mail with stubs, forwarded" delivered $run forward.eml
	ok "$by: its link is seen, and works" links_give arrived first.pdf
	hasnt "$by: no stub stays" arrived 'external-body'

	# Passing once more changes nothing.
	cp arrived twice.eml
	ok "$by: what has arrived is sent on" delivered $run twice.eml
	ok "$by: and arrives as it was" is_sent_mail arrived twice.eml
	# first.pdf of the heavy mail, second.pdf of three mails, the message
	ok "$by: one upload for each file of each mail" \
		test "$(find "$STORE/t" -name '*.pdf' | wc -l)" -eq "$uploads"
	uploads=$((uploads + 4))
done

done_testing
