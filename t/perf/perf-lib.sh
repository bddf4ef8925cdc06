# Sourced by every t/perf script: a folder of its own, the built tools, the peers, and input made
# on the spot. What is printed is what documents may quote.

SRC=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=${TUBEPOST_BUILD:-$SRC/build}
BIN=$BUILD/bin
PATH=$BIN:$PATH
WORK=$(mktemp -d "${TMPDIR:-/tmp}/tubepost-perf.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
export PATH LC_ALL=C.UTF-8 HOME="$WORK" TUBEPOST_STATE="$WORK/state" TUBEPOST_CONFIG=/dev/null

measure() { "$BUILD/t/measure" "$@"; }

title() { printf '\n%s\n' "$*"; }

# Says why a peer is not in the table.
missing() { command -v "$1" >/dev/null 2>&1 && return 1; echo "  ($1 is not installed)"; }

# A mail of four base64 parts, about 115 MB, of bytes that do not compress.
big_mail() {
	perl -e '
		use MIME::Base64; binmode STDOUT; srand 1;
		my $b = "=_perf";
		print "From: a\@example.org\nTo: b\@example.org\nSubject: perf\nMessage-ID: <perf\@example.org>\n",
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"$b\"\n\n--$b\n",
			"Content-Type: text/plain\n\nFour files.\n";
		for my $n (1 .. 4) {
			print "--$b\nContent-Type: application/octet-stream\n",
				"Content-Transfer-Encoding: base64\n",
				"Content-Disposition: attachment; filename=\"file$n.bin\"\n\n";
			open my $r, "<", "/dev/urandom" or die; binmode $r;
			for (1 .. 373) { read $r, my $bytes, 57 * 1000; print encode_base64($bytes) }
		}
		print "--$b--\n";' >"$1"
}

# An everyday mail of about 5 kB: text and a small attachment.
small_mail() {
	perl -e '
		use MIME::Base64; my $b = "=_perf";
		print "From: a\@example.org\nTo: b\@example.org\nSubject: perf\nMessage-ID: <small\@example.org>\n",
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"$b\"\n\n--$b\n",
			"Content-Type: text/plain\n\n", "A line of everyday text in a mail.\n" x 40,
			"--$b\nContent-Type: application/pdf; name=\"a.pdf\"\nContent-Transfer-Encoding: base64\n",
			"Content-Disposition: attachment; filename=\"a.pdf\"\n\n",
			encode_base64("x" x 2200), "--$b--\n";' >"$1"
}
