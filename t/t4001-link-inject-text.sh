#!/bin/sh
# link-inject --text: where text goes in one text part, byte for byte, whatever its charset, transfer
# encoding, format and line endings.

. "${0%/*}/test-lib.sh"

# in MAIL; out WANTED: both by printf. `check WHAT [OPTION...]` injects note.txt and compares.
mail() { # HEADER-LINES BODY (printf formats)
	printf "From: a@example.org\nMIME-Version: 1.0\n$1\n" >in
	printf -- "$2" >>in
}
want() {
	printf "From: a@example.org\nMIME-Version: 1.0\n$1\n" >wanted
	printf -- "$2" >>wanted
}
check() {
	_w=$1
	shift
	link-inject --text note.txt --html note.html "$@" <in >out 2>err || echo "# exit $?: $(cat err)"
	cmp wanted out >.out 2>.err || diff -a wanted out >.out 2>&1
	cmp -s wanted out
	result $? "$_w"
}
crlf() {
	for _f in in wanted; do sed 's/$/\r/' $_f >$_f.crlf && mv $_f.crlf $_f; done
}

printf 'NOTE\n' >note.txt
printf '<p>NOTE</p>\n' >note.html

# --- plain text: place --------------------------------------------------------------------------
P='Content-Type: text/plain; charset=us-ascii\n'

mail "$P" 'Hello,\nworld.\n'
want "$P" 'Hello,\nworld.\n\nNOTE\n'
check 'foot: after a blank line, at the end'
want "$P" 'NOTE\n\nHello,\nworld.\n'
check 'head: before the text and a blank line' --position head

mail "$P" 'Hello\n-- \nAnn\n'
want "$P" 'Hello\n\nNOTE\n\n-- \nAnn\n'
check 'foot: before the signature'
want "$P" 'NOTE\n\nHello\n-- \nAnn\n'
check 'head: the signature does not matter' --position=head

mail "$P" 'Hello\n\n-- \nAnn\n'
want "$P" 'Hello\n\nNOTE\n\n-- \nAnn\n'
check 'a blank line before the signature is used'

mail "$P" '-- \nAnn\n'
want "$P" 'NOTE\n\n-- \nAnn\n'
check 'nothing but a signature'

mail "$P" 'diff\n-- \n-x\n-- \n2.39\n'
want "$P" 'diff\n-- \n-x\n\nNOTE\n\n-- \n2.39\n'
check 'the last of two delimiters is the signature'

mail "$P" 'a\n--\nb\n-- c\n > -- \n'
want "$P" 'a\n--\nb\n-- c\n > -- \n\nNOTE\n'
check 'what only looks like a delimiter is none'

mail "$P" 'Hello'
want "$P" 'Hello\n\nNOTE'
check 'a missing last line end stays missing'

mail "$P" ''
want "$P" 'NOTE\n'
check 'an empty body'

printf 'From: a@example.org\n' >in
printf 'From: a@example.org\n\nNOTE\n' >wanted
check 'a header without a blank line gets one'
printf 'From: a@example.org' >in
check 'a header without a line end gets both'

for p in head foot; do
	mail "$P" 'Hello\n\n-- \nAnn\n'
	case $p in
	head) want "$P" 'NOTE\n\nHello\n\n-- \nAnn\n' ;;
	foot) want "$P" 'Hello\n\nNOTE\n\n-- \nAnn\n' ;;
	esac
	crlf
	check "CRLF stays CRLF ($p)" --position $p
done

# --- format=flowed ------------------------------------------------------------------------------
printf ' spaced\n> quoted\nFrom here\ntrailing   \n\n  * item\n' >flow.txt
F='Content-Type: text/plain; charset=us-ascii; format=flowed; delsp=yes\n'
mail "$F" 'soft \nbreak \n-- \nAnn\n'
want "$F" 'soft \nbreak \n\n  spaced\n > quoted\n From here\ntrailing\n\n   * item\n\n-- \nAnn\n'
cp note.txt keep.txt && cp flow.txt note.txt
check 'flowed: stuffed, and no line ends in a space'
mail "$P" 'x\n'
want "$P" 'x\n\n spaced\n> quoted\nFrom here\ntrailing\n\n  * item\n'
check 'not flowed: not stuffed'
cp keep.txt note.txt

# --- charsets -----------------------------------------------------------------------------------
printf 'caf\303\251\n' >note.txt
printf '<p>caf\303\251</p>\n' >note.html

C='Content-Type: text/plain; charset=ISO-8859-15; x=y\nContent-Transfer-Encoding: 8bit\n'
mail "$C" 'na\357f \244\n'
want "$C" 'na\357f \244\n\ncaf\351\n'
check 'the text takes the charset of the part'

printf 'caf\303\251 \346\227\245\346\234\254\n' >note.txt
want 'Content-Type: text/plain; charset=UTF-8; x=y\nContent-Transfer-Encoding: 8bit\n' \
	'na\303\257f \342\202\254\n\ncaf\303\251 \346\227\245\346\234\254\n'
check 'text that does not fit moves the part to UTF-8'

C='Content-Type: text/plain; charset="utf-8"\nContent-Transfer-Encoding: 8bit\n'
mail "$C" '\303\251\n'
want "$C" '\303\251\n\ncaf\303\251 \346\227\245\346\234\254\n'
check 'UTF-8 stays as it is'

C='Content-Type: text/plain; charset=iso-2022-jp\nContent-Transfer-Encoding: 7bit\n'
printf '\346\227\245\346\234\254\n' >note.txt
mail "$C" '\033$BF|K\\\033(B\n'
want "$C" '\033$BF|K\\\033(B\n\n\033$BF|K\\\033(B\n'
check 'ISO-2022-JP stays 7-bit ISO-2022-JP'

C='Content-Type: text/plain; charset=gb18030\nContent-Transfer-Encoding: 8bit\n'
mail "$C" '\326\320\n'
want "$C" '\326\320\n\n\310\325\261\276\n'
check 'GB18030'

printf 'caf\303\251\n' >note.txt
mail "$P" 'plain\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n' \
	'plain\n\ncaf=C3=A9\n'
check 'us-ascii, 7bit: UTF-8 and quoted-printable'

mail 'Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\n' 'a = b\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n' \
	'a =3D b\n\ncaf=C3=A9\n'
check 'no charset: one is added'

mail '' 'plain\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n' \
	'plain\n\ncaf=C3=A9\n'
check 'no Content-Type: one is added'

mail 'Content-Type: text/plain; format=flowed;\n charset=us-ascii; (a;charset=b) x="c;charset=d"\nContent-Transfer-Encoding: 8bit\n' 'plain\n'
want 'Content-Type: text/plain; format=flowed;\n charset=UTF-8; (a;charset=b) x="c;charset=d"\nContent-Transfer-Encoding: 8bit\n' 'plain\n\ncaf\303\251\n'
check 'only the charset parameter changes, whatever stands around it'

C='Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n'
mail "$C" 'lat\351\n'
want 'Content-Type: text/plain; charset=us-ascii\nContent-Transfer-Encoding: 7bit\n' 'lat\351\n\ncafe\n'
check 'bytes that mean nothing are not touched: the text makes do with ASCII'

C='Content-Type: text/plain; charset=x-unheard-of\nContent-Transfer-Encoding: 8bit\n'
printf 'NOTE\n' >note.txt
mail "$C" '\351\n'
want "$C" '\351\n\nNOTE\n'
check 'an unknown charset takes ASCII'

C='Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n'
mail "$C" 'SABpAAoA\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: base64\n' 'SGkKCk5PVEUK\n'
check 'a charset that does not hold ASCII moves to UTF-8'

C='Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n'
mail "$C" '\357\273\277x\n'
want "$C" '\357\273\277NOTE\n\nx\n'
check 'head: behind a byte order mark' --position head

# --- quoted-printable ---------------------------------------------------------------------------
Q='Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n'
printf 'caf\303\251 =\n' >note.txt
mail "$Q" 'na=efve soft=\n ware\n--=20\nAnn=\n\n'
want "$Q" 'na=efve soft=\n ware\n\ncaf=E9 =3D\n\n--=20\nAnn=\n\n'
check 'an insertion; the rest keeps its bytes, even odd ones'
want "$Q" 'caf=E9 =3D\n\nna=efve soft=\n ware\n--=20\nAnn=\n\n'
check 'the same at the head' --position head
mail "$Q" 'no end=\n'
want "$Q" 'no end\n\ncaf=E9 =3D=\n'
check 'behind a soft break at the end'
mail "$Q" 'no end'
want "$Q" 'no end\n\ncaf=E9 =3D'
check 'behind a line without an end'
mail "$Q" 'x\n'
want "$Q" 'x\n\ncaf=E9 =3D\n'
crlf
check 'CRLF in quoted-printable'
printf '\346\227\245\n' >note.txt
mail "$Q" 'na=efve\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n' \
	'na=C3=AFve\n\n=E6=97=A5\n'
check 'quoted-printable moved to UTF-8'
mail "$Q" 'ascii =41\n'
want 'Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: quoted-printable\n' \
	'ascii =41\n\n=E6=97=A5\n'
check 'an ASCII body moves to UTF-8 by its label alone'

# --- base64 -------------------------------------------------------------------------------------
B='Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n'
printf 'NOTE\n' >note.txt
mail "$B" 'SGVsbG8NCi0tIA0KQW5uDQo=\n'
want "$B" 'SGVsbG8NCg0KTk9URQ0KDQotLSANCkFubg0K\n'
check 'base64: decoded, edited with its own CRLF, encoded'
mail "$B" 'SGVsbG8K'
want "$B" 'SGVsbG8KCk5PVEUK'
check 'base64 without a last line end'
want "$B" 'Tk9URQoKSGVsbG8K'
check 'base64, head' --position head

# --- long lines ---------------------------------------------------------------------------------
awk 'BEGIN { printf "https://example.org/"; for (i = 0; i < 1000; i++) printf "a"; print "" }' >note.txt
mail "$P" 'x=y\n'
ok 'a line longer than RFC 5322 allows' link-inject --text note.txt <in
has 'goes in as quoted-printable' .out '^Content-Transfer-Encoding: quoted-printable$'
result "$(awk 'length($0) > 76 { bad = 1 } END { print bad + 0 }' .out)" 'in lines of 76'

# --- HTML ---------------------------------------------------------------------------------------
printf '<p>NOTE \303\251\342\202\254</p>\n' >note.html
H='Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n'
mail "$H" '<html><body>x</body></html>\n'
want "$H" '<html><body>x\n<p>NOTE \303\251\342\202\254</p>\n</body></html>\n'
check 'HTML: before </body>'
want "$H" '<html><body>\n<p>NOTE \303\251\342\202\254</p>\nx</body></html>\n'
check 'HTML: after <body>' --position head
H='Content-Type: text/html; charset=iso-8859-15\nContent-Transfer-Encoding: 8bit\n'
mail "$H" '<b>\351</b>\n'
want "$H" '<b>\351</b>\n<p>NOTE \351\244</p>\n'
check 'HTML in ISO-8859-15'
H='Content-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n'
mail "$H" '<b>\351</b>\n'
want "$H" '<b>\351</b>\n<p>NOTE &#233;&#8364;</p>\n'
check 'HTML whose charset lacks a character: references, the charset stays'
H='Content-Type: text/html\nContent-Transfer-Encoding: 7bit\n'
mail "$H" '<b>x</b>\n'
want "$H" '<b>x</b>\n<p>NOTE &#233;&#8364;</p>\n'
check 'HTML in 7bit: references, the encoding stays'
H='Content-Type: text/html; charset=iso-2022-jp\nContent-Transfer-Encoding: 7bit\n'
mail "$H" '\033$B</body>\033(B</body>\n'
want "$H" '\033$B</body>\033(B\n<p>NOTE &#233;&#8364;</p>\n</body>\n'
check 'HTML in ISO-2022-JP: Japanese is not taken for tags'
H='Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n'
mail "$H" '<body class=3D"a=\nb">x =\n</bo=\ndy></html>=20\n'
want "$H" '<body class=3D"a=\nb">x \n<p>NOTE =C3=A9=E2=82=AC</p>\n=\n</bo=\ndy></html>=20\n'
check 'HTML in quoted-printable: a tag cut by soft breaks is found'
H='Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n'
printf '<p>NOTE</p>\n' >note.html
mail "$H" 'PGI+eDwvYj4K\n'
want "$H" 'PGI+eDwvYj4KPHA+Tk9URTwvcD4K\n'
check 'HTML in base64'

# --- size ---------------------------------------------------------------------------------------
printf 'NOTE \303\251\n' >note.txt
for e in 8bit quoted-printable base64; do
	{
		printf 'Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: %s\n\n' $e
		if [ $e = base64 ]; then
			head -c 9000000 /dev/zero | tr '\0' 'x' | sed 's/.\{60\}/&\n/g' | base64
		else
			head -c 9000000 /dev/zero | tr '\0' 'x' | sed 's/.\{60\}/&\n/g'
		fi
	} >big
	ok "9 MB of $e text in a few seconds" timeout 20 link-inject --text note.txt <big
done

done_testing
