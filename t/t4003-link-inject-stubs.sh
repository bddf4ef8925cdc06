#!/bin/sh
# link-inject: stubs become links, when they are ours; what each leaves behind in the message.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-inject.sh"

S=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
O=ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
(umask 077 && echo $S >secret)
printf 'secret_file: %s/secret\n' "$TRASH" >conf
export TUBEPOST_CONFIG="$TRASH/conf"
DAY=1797724800 # 2026-12-20

stub() { "$HELPERS/make-stub" "${SECRET:-$S}" "$@"; }
pdf() { stub "https://dl.example.org/t/0123456789012345678901/Report.pdf" Report.pdf application/pdf 24600000 $DAY; }
zip() { stub "https://dl.example.org/t/zip" "a & b <c>.zip" application/zip 1500 0; }
block='This message had a large attachment. Download it here:

* Report.pdf (24.6 MB)
  https://dl.example.org/t/0123456789012345678901/Report.pdf

The link works until 20 December 2026.'

# --- the usual mail -----------------------------------------------------------------------------
head='From: a@example.org
To: b@example.org
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: text/plain; charset=us-ascii

Hello,
here it is.'
{ echo "$head"; echo --b; pdf; printf '\n--b--\nepilogue'; } >in
{ echo "$head"; printf '\n%s\n--b--\nepilogue' "$block"; } >wanted
works 'a mail with a stub' link-inject <in
same 'the stub is gone, its link is in the text, the rest is as it was' out wanted

{ echo "$head"; echo --b; pdf; printf '\n--b--\nepilogue'; } | sed 's/$/\r/' >in.crlf
works 'with CRLF' link-inject <in.crlf
sed 's/$/\r/' wanted >wanted.crlf
sed '$s/\r$//' wanted.crlf >w && sed '$s/\r$//' out >o
same 'the same with CRLF' o w

works '--keep-stubs' link-inject --keep-stubs <in
has 'the stub stays' out 'message/external-body'
has 'and its link is shown' out '^\* Report.pdf'
cp out twice
works 'a second run' link-inject --keep-stubs <twice
same 'does not show it again' out twice
works 'nor does one that keeps no stubs' link-inject -v <twice
same 'which leaves what was kept' out twice
has 'and says why' err 'part 2: external body left as it is: its link is shown already'
{ sed -n '1,/^Content-Type/p' in; echo; echo --b; pdf; echo; echo --b--; } | sed 's/$/\r/' >crlf
works 'with CRLF' link-inject --keep-stubs <crlf
result "$(grep -q "^X-Tubepost-Shown: yes$(printf '\r')$" out; echo $?)" 'the mark has it, too'
{ printf 'Subject: x\n'; pdf; } >alone
works 'a mail that is a stub, kept' link-inject --keep-stubs <alone
cp out twice
works 'again' link-inject --keep-stubs <twice
same 'is as it was' out twice

works 'at the head' link-inject --position head <in
has 'the link comes before the text' out '^The link works'
result "$([ "$(grep -an '^Hello' out | cut -d: -f1)" -gt "$(grep -an '^The link' out | cut -d: -f1)" ]; echo $?)" \
	'above it'

# --- HTML ---------------------------------------------------------------------------------------
{
	printf 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n'
	printf 'Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nx\n'
	printf -- '--a\nContent-Type: text/html\n\n<body>x</body>\n--a--\n--b\n'
	pdf
	printf '\n--b\n'
	zip
	printf '\n--b--\n'
} >in
works 'text and HTML, two stubs' link-inject <in
has 'two names in the text' out '^\* a & b <c>.zip \(1.5 kB\)$'
has 'escaped in HTML' out 'a &amp; b &lt;c&gt;.zip'
has 'with a link' out '<a href="https://dl.example.org/t/zip"'
has 'counted' out 'had 2 large attachments \(24.6 MB in all\)'
has 'days that differ stand with each link' out '^\* Report.pdf \(24.6 MB\), until 20 December 2026$'
hasnt 'no stub is left' out 'external-body'
result "$(link-inject <out 2>/dev/null | cmp -s - out; echo $?)" 'a second filter finds nothing to do'

# --- shapes -------------------------------------------------------------------------------------
{ printf 'Subject: x\nX-Keep: y\nMIME-Version: 1.0\n'; pdf; } >in
{ printf 'Subject: x\nX-Keep: y\nMIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n'
	printf 'Content-Transfer-Encoding: 7bit\nContent-Disposition: inline\n\n%s\n' "$block"; } >wanted
works 'a mail that is a stub' link-inject <in
same 'becomes its text' out wanted

{ printf 'Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n'; pdf; printf '\n--b\n'; pdf; printf '\n--b--\n'; } >in
works 'nothing but stubs' link-inject <in
has 'becomes text, too' out '^Content-Type: text/plain'
hasnt 'no multipart is left empty' out 'multipart'
has 'MIME-Version is added' out '^MIME-Version: 1.0'

{ printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n'
	pdf; printf '\n--c--\n\n--b\nContent-Type: image/png\n\nx\n--b--\n'; } >in
works 'a nested multipart of nothing but a stub' link-inject <in
hasnt 'goes as a whole' out 'boundary=c'
has 'what is beside it stays' out '^Content-Type: image/png'
has 'and a text part says why' out '^\* Report.pdf'

{ printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nSubject: fwd\n'
	pdf; printf '\n--b--\n'; } >in
works 'an enclosed message that is a stub' link-inject <in
has 'keeps it: the message would be nothing without' out 'external-body'
has 'its link is shown' out '^\* Report.pdf'

{ printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n--b\n'; pdf; } >in
{ printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nx\n\n%s\n' "$block"
	printf -- '--b--\n'; } >wanted
works 'a multipart that never closes' link-inject <in
same 'is closed where the stub was, and no text part grows by a line end' out wanted

{ printf 'Content-Type: multipart/signed; boundary=b\n\n--b\n'; pdf; printf '\n--b--\n'; } >in
works 'a stub in signed mail' link-inject -v <in
same 'is left alone' out in

# --- whose stub ---------------------------------------------------------------------------------
{ echo "$head"; echo --b; pdf | sed '/^X-Tubepost-Seal/,/^ /d'; printf '\n--b--\n'; } >in
works 'a stub without a seal' link-inject -v <in
same 'is left alone' out in
has 'and the reason said' err 'part 2: external body left as it is: it does not carry our seal'
works '--trust any' link-inject --trust any <in
has 'takes it' out '^\* Report.pdf'
sed 's/^ URL="https/ URL="file/' in >in.file
works '--trust any, a file: URL' link-inject --trust=any <in.file
same 'does not' out in.file

{ echo "$head"; echo --b; SECRET=$O pdf; printf '\n--b--\n'; } >in
works 'a stub of another site, with its seal' link-inject <in
same 'is left alone, and the mail does not wait' out in
has 'a warning comes without asking' err 'link-inject: stubs with a seal that is not ours are left'
works 'the same' link-inject -v <in
has 'the part is said' err 'part 2: external body left as it is: its seal is of another secret'
{ echo "$head"; echo --b; SECRET=$O pdf; echo; echo --b; zip; printf '\n--b--\n'; } >in
works 'beside one of ours' link-inject <in
has 'ours is shown' out '^\* a & b <c>.zip'
hasnt 'the other one is not' out '^\* Report.pdf'
has 'and stays' out '^Content-Type: message/external-body'
chmod o+r secret
defers 'a secret that cannot be taken: the mail waits' link-inject <in
result "$([ -s out ]; echo $((! $?)))" 'nothing is written'
works '--on-error=pass' link-inject --on-error=pass <in
same 'gives the mail back' out in
chmod o-r secret

# What no stub of ours has must not make a mail wait.
{ echo "$head"; printf -- '--b\nContent-Type: message/external-body; access-type=URL; URL="http://x/"'
	printf ';\n name*20000*=x; access-type*20000*=x'; printf '\n\nContent-Type: a/b;\n filename*20000*=x\n'
	printf 'Content-Disposition: attachment;\n filename*20000*=x\nX-Tubepost-Seal: x\n\n--b--\n'; } >in
works 'a stub with endless parameters' link-inject -v <in
same 'is left alone' out in
has 'and the reason said' err 'part 2: external body left as it is: a value in it is too long'
{ echo "$head"; awk 'BEGIN { for (i = 0; i < 5000; i++)
	print "--b\nContent-Type: message/external-body; access-type=URL; URL=\"http://x/\"\n\nContent-Type: a/b\n\n" }'; echo --b--; } >in
works 'five thousand stubs of others' link-inject --log "$TRASH/log" <in
result "$([ "$(wc -l <log)" -le 101 ]; echo $?)" 'do not flood the log'

# --- untouched ----------------------------------------------------------------------------------
mkdir "$TRASH/none"
printf 'From: x\n\nhello, no final line end' >in
works 'a mail without stubs' env TUBEPOST_STATE="$TRASH/none" TUBEPOST_CONFIG=/dev/null link-inject <in
same 'comes out as it went in' out in
result "$([ -z "$(ls "$TRASH/none")" ]; echo $?)" 'no secret is made for it'
printf 'Content-Type: message/external-body; access-type=ANON-FTP; site=x; name=y\n\n' >in
works 'an external body by FTP' link-inject --trust any <in
same 'is left alone' out in

# --- many ---------------------------------------------------------------------------------------
{ echo "$head"; i=0; pdf >one; while [ $i -lt 2000 ]; do echo --b; cat one; echo; i=$((i + 1)); done; echo --b--; } >in
works 'two thousand stubs' timeout 20 link-inject <in
result "$([ "$(grep -ac '^\* Report' out)" -eq 2000 ]; echo $?)" 'all shown'

done_testing
