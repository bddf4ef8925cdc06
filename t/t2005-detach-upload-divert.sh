#!/bin/sh
# Diverted mode: the service sends the mail, once, and only what it can send whole.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

cat >service <<'EOF'
#!/bin/sh
[ "$TUBEPOST_ACTION" = send ] || exec "$HOME/up"
[ ! -e "$HOME/down" ] || exit 1
cat >"$HOME/document" && echo sent >>"$HOME/sent"
EOF
chmod +x service
: >sent
divert() { # IN OPTIONS...
	_in=$1
	shift
	detach-upload --over 0 --divert --uploader ./service "$@" <"$_in"
}

{
	printf 'From: =?utf-8?q?Ad=C3=A9le?= <adele@example.org>\nTo: bob@example.net\nSubject: =?utf-8?q?L=27=C3=A9t=C3=A9?=\n'
	printf 'Message-ID: <divert@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n--m\n'
	printf 'Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\nL=E9ger\n'
	printf -- '--a\nContent-Type: text/html; charset=utf-8\n\n<p>L\303\251ger</p>\n--a--\n--m\nContent-Type: application/pdf; name=a.pdf\n\n%%PDF\n--m--\n'
} >mail
fails 99 'the service has the mail' divert mail --sender ada@x --rcpt bob@y --rcpt carol@z
ok 'nothing comes out' is_empty .out
ok 'the file was uploaded first' calls 1
json() { python3 -c 'import json,sys; d=json.load(open("document")); print(eval(sys.argv[1]))' "$1"; }
if command -v python3 >/dev/null; then
	is() { [ "$(json "$2")" = "$3" ] && result 0 "$1" || { json "$2" >.out; result 1 "$1"; }; }
	is 'the envelope: sender' 'd["sender"]' ada@x
	is 'the envelope: recipients' 'd["recipients"]' "['bob@y', 'carol@z']"
	is 'the subject, as UTF-8' 'd["subject"]' "L'été"
	is 'the text, as UTF-8' 'd["text"].strip()' 'Léger'
	is 'the HTML' 'd["html"].strip()' '<p>Léger</p>'
	is 'the links' 'len(d["links"]), d["links"][0]["name"], d["links"][0]["size"], d["links"][0]["url"][:21]' "(1, 'a.pdf', 4, 'https://drop.example/')"
else
	skip 'python3 is not installed' 'the document'
fi
fails 99 'asked again' divert mail --sender ada@x --rcpt bob@y --rcpt carol@z
ok 'it is not sent twice' test "$(wc -l <sent)" -eq 1
fails 99 'to others' divert mail --sender ada@x --rcpt dave@y
ok 'it is sent' test "$(wc -l <sent)" -eq 2
fails 75 'to those that the header names, which are not all, nor only ours' divert mail --sender ada@x
has 'is refused' .err '^detach-upload: --divert: needs .*--rcpt'
ok 'nothing is sent' test "$(wc -l <sent)" -eq 2
: >down
fails 75 'a service that refuses' divert mail --sender ada@x --rcpt eve@y
ok 'nothing comes out' is_empty .out
rm down
fails 99 'is asked again' divert mail --sender ada@x --rcpt eve@y
ok 'and sends' test "$(wc -l <sent)" -eq 3

# What the service could not send whole goes the usual way.
: >sent
goes_on() { # DESCRIPTION MAIL OPTIONS...
	_what=$1 _mail=$2
	shift 2
	ok "$_what" divert "$_mail" --rcpt bob@y "$@"
	cp .out went
	ok "$_what: with a stub" grep -q '^Content-Type: message/external-body' went
	ok "$_what: not sent" is_empty sent
}
goes_on 'a picture inside the text' "$SRC/t/corpus/detach/related.eml"
goes_on 'a calendar part' "$SRC/t/corpus/detach/calendar.eml"
goes_on 'several texts' "$SRC/t/corpus/detach/apple.eml"
make_mail 3000 2000 >two
goes_on 'a file that stays' two --only f1.bin
ok 'a light mail' detach-upload --divert --rcpt bob@y --uploader ./service <two
same 'passes as it is' two .out

done_testing
