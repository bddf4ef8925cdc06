# For tests of archives: mails made on the spot, and words to look at what is stored.
# shellcheck shell=sh

# make_mail NUMBER [ATTACHMENT-FILE [WIDTH]]: a mail whose every text has its number in it.
make_mail() {
	perl -MMIME::Base64 -e '
		my ($n, $file, $width) = @ARGV;
		srand($n);
		print "From: Sender $n <sender$n\@from.example>\r\nTo: Reader <reader$n\@to.example>\r\n";
		print "Subject: matter $n needle-subject-$n\r\nMIME-Version: 1.0\r\n";
		if (!$file) { print "\r\n" }
		else { print "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" }
		print "needle-body-$n\r\n";
		print join(" ", map { "word" . int(rand(500)) } 1 .. 8), "\r\n" for 1 .. 12;
		exit if !$file;
		open(F, "<", $file); binmode F; local $/; my $e = encode_base64(<F>, "");
		$width ||= 76;
		print "--b\r\nContent-Type: application/octet-stream; name=\"name-$n\"\r\n";
		print "Content-Transfer-Encoding: base64\r\n\r\n";
		print "$_\r\n" for unpack("(A$width)*", $e);
		print "--b--\r\n";' "$@"
}

# make_file MARK: 6,000 bytes that do not shrink much, MARK among them.
make_file() {
	perl -e '
		srand(unpack("%32C*", $ARGV[0]));
		print $ARGV[0], join("", map { chr(int(rand(256))) } 1 .. 6000)' "$1"
}

# put N FILE: prints the id; the arrival follows from N.
put_at() {
	archive-put -a A --sender "bounce$1@from.example" --rcpt "rcpt$1@to.example" \
		--received "2005-07-01T08:00:$(printf %02d "$1")Z" <"$2"
}

# A as it was when it was moved to `whole`.
fresh() {
	rm -rf A
	cp -a whole A
}

# The mails of these numbers are given, to the byte: `mail1`, whose id is in `id1`.
comes_back() { # N...
	for _n in "$@"; do
		archive-get -a A "$(cat id"$_n")" >back && cmp back mail"$_n" || return 1
	done
}

reader() { python3 "$SRC/t/helper/read-archive.py" "$@"; }

# Everything that is in the archive's files, as it stands and decompressed, is searched.
holds() { # TEXT
	"$HELPERS/unpress-all" A >dump && grep -aqF -e "$1" dump
}
holds_not() {
	"$HELPERS/unpress-all" A >dump && ! grep -aqF -e "$1" dump
}

flip() { # FILE OFFSET
	perl -e '
		open(F, "+<", $ARGV[0]) or die; binmode F;
		seek(F, $ARGV[1], 0); read(F, my $b, 1) == 1 or die;
		seek(F, $ARGV[1], 0); print F chr(ord($b) ^ 16)' "$1" "$2"
}

is_zeros() { # FILE
	[ -s "$1" ] && ! tr -d '\000' <"$1" | grep -aq .
}
