#!/bin/sh
# What takes the place of what left, in mails of every form; and what a reader makes of it.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

# The usual mail, in LF, in CRLF, in an mbox, without its last line ending.
make_mail 3000 2000 >lf
sed 's/$/\r/' lf >crlf
{ echo 'From ada@example.org Sat Nov 21 09:30:00 2026'; cat lf; } >mbox
head -c -1 lf >cut
sed '/^--b1--$/,$d' lf | head -c -1 >unclosed
for form in lf crlf mbox cut unclosed; do
	leaves "$form: both leave" 2 $form --over 0
	content 1 3000 | sha256sum | cut -d' ' -f1 >sum
	ok "$form: the first file arrived" test -s "files/$(cat sum)"
	has "$form: the stub names it" out '^ filename="f1.bin"'
	ok "$form: what stands before it is the same" cmp -n "$(($(grep -abo '^Content-Type: app' $form | head -n1 | cut -d: -f1)))" $form out
done
detach crlf out --over 0
ok 'crlf: every line ends in CRLF' test "$(grep -c '' out)" -eq "$(grep -c "$(printf '\r')\$" out)"
detach cut out --over 0
ok 'cut: still without a last line ending' test "$(tail -c 8 out)" = epilogue
detach lf out --over 0
ok 'preamble and epilogue stay' test "$(grep -cE '^(preamble|epilogue|Hello\.)$' out)" -eq 3

# A message that is itself the file.
root=$SRC/t/corpus/detach/root-file.eml
leaves 'the message is the file' 1 "$root" --over 0
has 'its own fields stay' out '^Subject: root-file'
ok 'its Content fields are the stub'"'s" test "$(grep -c '^Content-Type:' out)" -eq 2
ok 'MIME-Version stands once' test "$(grep -ci '^MIME-Version:' out)" -eq 1
detach out again --dry-run --over 0
has 'the result is a stub and nothing else' again '^1	stays	a reference to content elsewhere	'
{ printf 'Content-Language: fr\nContent-Length: 33\n'; cat "$root"; } >french
detach french out --over 0
has 'Content-Language stays' out '^Content-Language: fr$'
hasnt 'Content-Length does not' out '^Content-Length'
leaves 'a message of one message' 1 "$SRC/t/corpus/detach/root-message.eml" --over 0
has 'leaves as one' calls '^inner.eml '

# Attached messages leave whole.
leaves 'an attached message' 1 "$SRC/t/corpus/detach/forwarded.eml" --over 0
has 'is named by its subject' calls '^Quarterly_ a_b.eml '
has 'and holds all of it' "files/$(cut -d' ' -f3 calls)" '^JVBERi0xLjQK$'

# What decoding would drop cannot be brought back from the file: the part stays.
encoded() { # ENCODING, the body on stdin
	printf 'From: a@b\nMessage-ID: <1@b>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n'
	printf -- '--o\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: %s\n\n' "$1"
	cat
	printf -- '\n--o--\n'
}
printf 'JVBERi0xLjQK\n_____\nlist@example.org\n' | encoded base64 >footer
unchanged 'base64 with the footer of a list below it' footer --over 0
printf '%%PDF-1.4\n<content>\n' | encoded base64 >mislabelled
unchanged 'content that is no base64 at all' mislabelled --over 0
printf 'the file:\nbegin 644 a\n#86)C\n`\nend\nbye\n' | encoded x-uuencode >around
unchanged 'text around a uuencoded file' around --over 0
ok 'the reason can be read' detach around plan --over 0 --dry-run
has 'it is the encoding' plan 'decoding it would lose something'
printf 'H4sIAAAA\n' | encoded x-gzip64 >unheard
unchanged 'an encoding that nobody knows' unheard --over 0
printf 'JVBER\ni0xL jQK=\n\n' | encoded base64 >crooked
leaves 'base64 with white space and wrong padding' 1 crooked --over 0

# Signed mail.
needs openssl
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj '/CN=Ada' 2>/dev/null
printf 'Content-Type: multipart/mixed; boundary="in"\r\n\r\n--in\r\n\r\nHello.\r\n--in\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n--in--\r\n' >entity
openssl smime -sign -in entity -signer cert -inkey key -from ada@example.org -to bob@example.net -subject signed >signed
ok 'the mail is really signed' openssl smime -verify -in signed -CAfile cert -out /dev/null
unchanged 'signed mail: skipped' signed --over 0
leaves '--signed=wrap: it leaves whole' 1 signed --over 0 --signed wrap
set -- files/*
for file; do grep -q 'multipart/signed' "$file" && wrapped=$file; done
same 'the file is the mail' signed "$wrapped"
ok 'and verifies' openssl smime -verify -in "$wrapped" -CAfile cert -out /dev/null
has 'its text can still be read' out '^Hello\.'
has 'in a multipart/mixed' out '^Content-Type: multipart/mixed;'
has 'the stub is a message' out '^Content-Type: message/rfc822'
has 'the mail keeps its fields' out '^Subject: signed$'
hasnt 'no signature is pretended' out 'multipart/signed'
{ printf 'From: a@b\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n--o\n'; sed '1,/^$/{/^\(To\|From\|Subject\|MIME-Version\):/d}' signed; printf '\n--o\n\nfooter of a list\n--o--\n'; } >nested
rm -rf files/*
leaves 'wrapped below the root' 1 nested --over 0 --signed wrap
has 'the footer stays' out '^footer of a list$'
ok 'the part verifies' openssl smime -verify -in files/* -CAfile cert -out /dev/null
unchanged 'a light signed mail is not wrapped' signed --signed wrap

# People read it.
detach lf stubs --over 0
ok 'link-inject reads the stubs' link-inject <stubs
cp .out read
has 'the link can be read' read 'https://drop.example/'
hasnt 'no stub is left' read 'message/external-body'

done_testing
