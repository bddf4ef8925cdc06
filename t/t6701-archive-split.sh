#!/bin/sh
# Messages split into skeleton and contents, and joined again: every message of both corpora comes
# back byte for byte, through blobs in clear and sealed; the same file in any line width is stored
# once; a message of 1 GiB passes in flat memory.

. "${0%/*}/test-lib.sh"
needs perl xargs

totals() { # NAME: messages, holes, base64 bodies that are large enough
	awk '{ h += $1; b += $2 } END { print NR, h, b }' "$1.out" >"$1.totals"
}

all() { # NAME [ARGS...]: every file listed in NAME.list
	_name=$1
	shift
	xargs -0 "$HELPERS/split-join" "$@" <"$_name.list" >"$_name.out" && totals "$_name"
}

find "$SRC/t/corpus" -name '*.eml' -print0 >own.list
ok 'our own messages come back' all own

# The body of spamassassin that leaves no hole is called base64 and is plain 8-bit text.
corpus() { # NAME MESSAGES HOLES BODIES
	if [ ! -r "$SHARED/corpora/$1.tar.zst" ]; then
		skip 'the corpora are not here' "$1"
		return
	fi
	mkdir "$1" && zstd -dcq "$SHARED/corpora/$1.tar.zst" >"$1.tar" && tar -C "$1" -xf "$1.tar"
	find "$1" -type f -print0 >"$1.list"
	ok "every message of $1 comes back" all "$1"
	echo "$2 $3 $4" >expect
	same "$3 of $4 base64 bodies of $1 are holes" expect "$1.totals"
	ok "... by way of blobs" all "$1" -a "$1.archive"
	ok "... and of blobs that are there" all "$1" -a "$1.archive"
	awk '$5 { print }' "$1.out" >stored
	same '... which are stored once' /dev/null stored
	same '... with the same holes' expect "$1.totals"
	mkdir "$1.sealed"
	printf '%064d\n' 7 >key && chmod 600 key
	echo "key_file: $TRASH/key" >"$1.sealed/archive.yaml"
	ok "... and of sealed blobs" all "$1" -a "$1.sealed"
	rm -r "$1" "$1.tar"
}
corpus spamassassin 6046 114 115
corpus mimekit 218 9 9

# --- one file, many ways to write it -------------------------------------------------------------

mail() { # EOL DIGITS-A-LINE: a mail with attachment.bin
	perl -MMIME::Base64 -e '
		my ($eol, $width) = (eval "\"$ARGV[0]\"", $ARGV[1]);
		local $/; open my $f, "<", "attachment.bin" or die; my $digits = encode_base64(<$f>, "");
		$digits = join($eol, $width ? unpack("(A$width)*", $digits) : $digits) . $eol;
		my $text = join "\n", "Subject: width $width", "Content-Type: multipart/mixed; boundary=b", "",
			"--b", "", "hello", "--b", "Content-Type: application/octet-stream",
			"Content-Transfer-Encoding: base64", "", "";
		$text =~ s/\n/$eol/g;
		print $text, $digits, "--b--$eol";' "$@"
}
perl -e 'srand 5; print map { chr rand 256 } 1 .. 300001' >attachment.bin
for eol in '\n' '\r\n'; do
	for width in 0 4 8 60 64 72 76 76 1000 65532 65536; do
		mail "$eol" $width >"way-$width$eol.eml"
	done
done
ok 'one file in many line widths and endings' "$HELPERS/split-join" -a ways.archive way-*.eml
awk '{ n += $1 } END { print n, NR }' .out >got
echo '20 20' >expect
same 'is found in each' expect got
find ways.archive/blob -name '*.tpb' | wc -l | tr -d ' ' >got
# Of lines longer than a width can say only the first is taken: a content of its own.
echo 2 >expect
same '... and stored once' expect got

# --- large ---------------------------------------------------------------------------------------

large() { # KIB ARGS...
	_limit=$1
	shift
	! sanitized || _limit=unlimited
	(ulimit -d "$_limit" && exec "$HELPERS/split-join" -a large.archive "$@")
}
{
	printf 'Subject: large\nContent-Transfer-Encoding: base64\n\n'
	seq 90000000 | head -c 795000000 | base64 -w 76
	printf 'and a line behind it\n'
} >large.eml
ok '1 GiB passes in 32 MiB' large 32768 large.eml
awk '{ print $1, $3, ($4 >= 1073741824), ($5 < $3) }' .out >got
echo '1 795000000 1 1' >expect
same '... as one hole' expect got
rm large.eml

done_testing
