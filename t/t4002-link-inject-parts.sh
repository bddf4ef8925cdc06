#!/bin/sh
# link-inject --text and --links: which parts of a message take text, and what happens when none
# does. Messages and results are compared byte for byte.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-inject.sh"

check() { # WHAT [OPTION...]: in -> wanted
	_w=$1
	shift
	link-inject "$@" <in >out 2>err || echo "# exit $?: $(cat err)"
	cmp wanted out >.err 2>&1 || diff -a wanted out >.out 2>&1
	cmp -s wanted out
	result $? "$_w"
}
text() { check "$@" --text note.txt --html note.html; }
# The message on stdin; a line with @TEXT@ or @HTML@ is left out of the input and replaced in the
# wanted output.
both() {
	cat >both
	sed '/^@.*@$/d' both >in
	sed -e 's/^@TEXT@$/NOTE/' -e 's/^@HTML@$/<p>NOTE<\/p>/' -e 's/^@BLANK@$//' both >wanted
}
part() { # what a part of its own looks like
	printf 'Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n'
	printf 'Content-Disposition: inline\n\n%s\n' "$1"
}

printf 'NOTE\n' >note.txt
printf '<p>NOTE</p>\n' >note.html

both <<'EOM'
Subject: alternative
Content-Type: multipart/alternative; boundary=a

preamble
--a
Content-Type: text/plain

Hello
@BLANK@
@TEXT@

--a
Content-Type: text/html

<b>Hello</b>
@HTML@

--a
Content-Type: text/calendar

BEGIN:VCALENDAR

--a--
epilogue
EOM
text 'both branches of an alternative, and no other'

both <<'EOM'
Subject: related in alternative in mixed
Content-Type: multipart/mixed; boundary="m m"

--m m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain

Hello
@BLANK@
@TEXT@

--a
Content-Type: multipart/related; boundary=r

--r
Content-Type: text/html

<body><img src="cid:x">
@HTML@
</body>

--r
Content-Type: image/png
Content-ID: <x>
Content-Transfer-Encoding: base64

AAAA
--r--

--a--

--m m
Content-Type: text/plain; name=x.txt
Content-Disposition: attachment

An attachment.

--m m
Content-Type: text/plain

A footer of a mailing list.
--m m--
EOM
# the HTML place is inside a line: two line ends are part of what is put in
sed 's/^<body><img src="cid:x">$/<body><img src="cid:x"><\/body>/' in | awk '!(/^<\/body>$/)' >in.new && mv in.new in
text 'the first text and its HTML sibling in a related; attachments and later texts stay'

cat >in <<'EOM'
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

attached
--m
Content-Type: message/rfc822

Subject: inner

inner text
--m--
EOM
{
	sed -n 1,2p in
	echo --m
	part NOTE
	echo
	sed -n '3,$p' in
} >wanted
text 'no text body: a part is added first to a mixed' --position head
{
	sed '$d' in
	echo --m
	part NOTE
	echo
	echo --m--
} >wanted
text 'or last' --position foot

sed '$d' in >in.new && mv in.new in
{
	cat in
	echo
	echo --m
	part NOTE
	echo
	echo --m--
} >wanted
text 'or last in a mixed that nobody closed, which is closed then'

cat >in <<'EOM'
From: a@example.org
Content-Type: image/png;
	name=x.png
Subject: only an image
Content-Transfer-Encoding: base64
MIME-Version: 1.0

AAAA
EOM
link-inject --text note.txt <in >out 2>err
b=$(sed -n 's/.*boundary="\(.*\)"$/\1/p' out)
{
	printf 'From: a@example.org\nContent-Type: multipart/mixed; boundary="%s"\n' "$b"
	printf 'Subject: only an image\nMIME-Version: 1.0\n\n--%s\n' "$b"
	printf 'Content-Type: image/png;\n\tname=x.png\nContent-Transfer-Encoding: base64\n\nAAAA\n\n'
	printf -- '--%s\n' "$b"
	part NOTE
	printf -- '\n--%s--\n' "$b"
} >wanted
text 'anything else is wrapped, its content fields go with it'
sed 's/$/\r/' in >in.crlf && mv in.crlf in
works 'the same with CRLF' link-inject --text note.txt <in
result "$(grep -avc "$(printf '\r$')" out)" 'every line ends in CRLF'
cp out one
link-inject --text note.txt <in >two
same 'the same mail gets the same boundary, so a retry is the same' one two

printf 'Content-Type: image/png\nno field\r' >in
works 'a header that needs its first field' link-inject --text note.txt <in

# --- signed, encrypted, reports -----------------------------------------------------------------
cat >in <<'EOM'
Content-Type: multipart/signed; boundary=s; protocol="application/pgp-signature"

--s
Content-Type: text/plain

signed text
--s
Content-Type: application/pgp-signature

sig
--s--
EOM
cp in wanted
text 'signed mail: text goes nowhere'
printf '{"url":"https://example.org/x","name":"x.pdf","size":1000}\n' >links
works 'signed mail: links go beside it' link-inject --links links <in
has 'in a new mixed' out '^Content-Type: multipart/mixed;'
sed -n '/^Content-Type: multipart.signed/,/^--s--/p' out >inner
same 'around the signed part, unchanged' in inner

for t in 'multipart/encrypted; boundary=s' 'multipart/report; boundary=s' \
	'application/pkcs7-mime; smime-type=enveloped-data'; do
	sed "1s|.*|Content-Type: $t|" in >in.new && cp in.new wanted && mv in.new in
	text "${t%;*}: untouched"
done

cat >in <<'EOM'
Content-Type: text/plain

-----BEGIN PGP MESSAGE-----

abc
-----END PGP MESSAGE-----
EOM
cp in wanted
text 'inline PGP: untouched'

cat >in <<'EOM'
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/signed; boundary=s

--s
Content-Type: text/plain

signed
--s--

--m
Content-Type: text/plain

a footer
--m--
EOM
sed 's/^a footer$/a footer\n\nNOTE/' in >wanted
text 'a text beside what is signed takes the text'

# --- oddities -----------------------------------------------------------------------------------
printf 'From x Mon Jan 1 00:00:00 2026\nX:  odd   spacing \n folded\nContent-Type: text/plain\n\nx\n' >in
{ cat in; printf '\nNOTE\n'; } >wanted
text 'an mbox line and odd headers stay'
printf 'Content-Type: text/plain\nContent-Transfer-Encoding: x-odd\n\nx\n' >in
works 'a transfer encoding nobody knows is not touched' link-inject --text note.txt <in
has 'the text goes beside it' out 'multipart/mixed'
printf 'Content-Type: multipart/mixed\n\nno boundary\n' >in
works 'a multipart without a boundary' link-inject --text note.txt <in
printf 'Content-Type: multipart/mixed; boundary=b\n\nno delimiter\n' >in
works 'a multipart without a part' link-inject --text note.txt <in
printf 'Content-Type: multipart/mixed; boundary=b\n\n--b' >in
works 'a multipart cut off in its first delimiter' link-inject --text note.txt <in
printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n--b--\n' >in
works 'parts that are nothing at all' link-inject --text note.txt <in
printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n--b--\n' >in
works 'a part that is only a header' link-inject --text note.txt <in
has 'takes text' out '^NOTE'

# --- cost ---------------------------------------------------------------------------------------
{
	printf 'Content-Type: multipart/alternative; boundary=b\n\n'
	awk 'BEGIN { for (i = 0; i < 20000; i++) print "--b\nContent-Type: text/plain\n\nx" }'
	echo '--b--'
} >in
works 'twenty thousand bodies' timeout 20 link-inject --text note.txt <in
result "$([ "$(grep -c NOTE out)" -eq 1 ]; echo $?)" 'get the text once, beside them'

{
	printf 'Content-Type: multipart/mixed; boundary=b\n\n'
	awk 'BEGIN { for (i = 0; i < 500001; i++) print "--b\n\nx" }'
} >in
works 'a mail beyond the limits' link-inject --text note.txt <in
same 'passes unchanged' out in
has 'and the log says so' err 'passed unchanged: .*more than 500000 parts'

done_testing
