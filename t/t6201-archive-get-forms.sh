#!/bin/sh
# archive-get: the exact bytes, alone, as mbox and as Maildir; details and envelope; ids however they
# are written; what cannot be given.
. "${0%/*}/test-lib.sh"

needs archive-put archive-rotate perl
A=$TRASH/archive
tab=$(printf '\t')
export TUBEPOST_NOW=2005-07-02T16:30:00Z

put() { # FILE [OPTIONS...]: prints the id
	_file=$1
	shift
	archive-put -a "$A" --received '2005-07-01 9:30' "$@" <"$_file"
}

# --- bytes -----------------------------------------------------------------------------------------

mkdir mails
printf 'From: a@example.org\nSubject: plain\n\nText.\n' >mails/plain
printf 'From: a@example.org\r\nSubject: crlf\r\n\r\nFrom here\r\n>From there\r\n' >mails/crlf
printf 'From x@example.org Fri Jul  1 09:30:00 2005\nSubject: mbox\n\nFrom the start\n>>From afar\nFrom\nFromage\n> From no\n' >mails/mbox
printf 'Subject: no end\n\nno line end' >mails/noend
printf 'Subject: nul\n\na\0b\377\r\r\n' >mails/nul
printf '\n' >mails/newline
printf 'no header at all' >mails/headless
{
	printf 'Subject: large\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n'
	head -c 3000000 /dev/urandom | base64
	printf -- '--b--\n'
} >mails/large
for m in mails/*; do
	put "$m" --sender a@example.org --rcpt b@example.net >"${m##*/}.id"
	ok "${m##*/}" archive-get -a "$A" "$(cat "${m##*/}.id")"
	same "${m##*/}: as it came" "$m" .out
done
id=$(cat plain.id)

# --- ids -------------------------------------------------------------------------------------------

ok 'in capitals' archive-get -a "$A" "$(echo "$id" | tr a-z A-Z)"
same 'an id is the same' mails/plain .out
ok 'read wrongly' archive-get -a "$A" "$(echo "$id" | tr 01 Ol)"
same 'too' mails/plain .out
ok 'from stdin' sh -c 'echo "$2" | archive-get -a "$1" -' sh "$A" "$id"
same 'it is the same' mails/plain .out
ok 'ended by NUL' sh -c 'printf "%s\0" "$2" | archive-get -a "$1" -' sh "$A" "$id"
same 'too' mails/plain .out
fails 1 'one that is not there' archive-get -a "$A" 0000000000000000
has 'is named' .err '^archive-get: 0000000000000000: not in the archive$'
[ ! -s .out ]
result $? 'and nothing comes out'
fails 64 'one that is none' archive-get -a "$A" here
has 'is named' .err "^archive-get: 'here' is not an id$"
fails 64 'none at all' archive-get -a "$A"
fails 1 'none on stdin' sh -c 'archive-get -a "$1" - </dev/null' sh "$A"
fails 64 'several without a form' archive-get -a "$A" "$id" "$(cat crlf.id)"
has 'say which forms' .err 'with --mbox, --maildir or --details'
fails 66 'no archive' archive-get -a nowhere "$id"
fails 64 'two forms' archive-get -a "$A" --mbox --details "$id"

# --- mbox ------------------------------------------------------------------------------------------

cat ./*.id >ids
ok 'an mbox' sh -c 'archive-get -a "$1" --mbox - <ids' sh "$A"
cp .out all.mbox
has 'begins as one' all.mbox '^From a@example.org Fri Jul  1 09:30:00 2005$'
test "$(grep -ac '^From ' all.mbox)" -eq 8
result $? 'and has eight mails'
# Taken apart again by the rules of mboxrd.
perl -e '
	local $/; binmode STDIN; my $all = <STDIN>;
	my @ids = split " ", do { open my $f, "<", "ids"; <$f> };
	for my $mail (split /^From [^\n]*\n/m, $all) {
		next if $mail eq "" && !$n++;
		$mail =~ s/\n\z//; $mail =~ s/^>(>*From )/$1/mg;
		open my $out, ">", "got." . shift @ids; binmode $out; print $out $mail;
	}' <all.mbox
for m in plain crlf mbox nul large; do
	same "$m comes back" "mails/$m" "got.$(cat $m.id)"
done
{ cat mails/noend; echo; } >expect
same 'a mail without a last line end gets one' expect "got.$(cat noend.id)"
put mails/plain --sender '' --rcpt b@example.net >bounce.id
ok 'a bounce' archive-get -a "$A" --mbox "$(cat bounce.id)"
has 'has a sender of its own' .out '^From MAILER-DAEMON Fri Jul'
ok 'imported again' archive-put -a "$TRASH/second" --mbox all.mbox --sender a@example.org --rcpt b@example.net
archive-find -a "$TRASH/second" --ids | archive-get -a "$TRASH/second" -d - | cut -f 7 | sort >got
for m in plain crlf mbox nul large; do
	sha256sum "mails/$m" | cut -c 1-64
done >expect
grep -cxF -f expect got >count
echo 5 >want
same 'they are the same bytes' want count

# --- Maildir ---------------------------------------------------------------------------------------

ok 'a Maildir' sh -c 'archive-get -a "$1" --maildir box - <ids' sh "$A"
ok 'once more' sh -c 'archive-get -a "$1" --maildir box - <ids' sh "$A"
test "$(find box/new -type f | wc -l) $(find box/tmp box/cur -type f | wc -l)" = '8 0'
result $? 'holds each mail once'
for m in mails/*; do
	same "${m##*/}: as it came" "$m" box/new/*."$(cat "${m##*/}.id")".tubepost
done
# Who reads one moves it to cur and puts flags behind its name.
read=$(basename box/new/*."$id".tubepost)
mv "box/new/$read" "box/cur/$read:2,RS"
mv "box/new/$(basename box/new/*."$(cat large.id)".tubepost)" box/cur/
ok 'when some were read' archive-get -a "$A" --maildir box -v - <ids
has 'it says which are there' .err "$id: is in the Maildir already"
test "$(find box -type f | wc -l) $(find box/new -type f | wc -l)" = '8 6'
result $? 'they are not delivered again'
printf 'Subject: early\n\nlong ago\n' | archive-put -a old --received 1969-07-20T20:17:40Z >early.id
ok 'a mail from before 1970' archive-get -a old --maildir early "$(cat early.id)"
test -e "early/new/0.$(cat early.id).tubepost"
result $? 'has a name that is no option'
fails 64 'one without a name would be at the root' archive-get -a old --maildir '' "$(cat early.id)"
printf '%s \t %s\r\n\0%s' "$id" "$(cat large.id)" "$(cat large.id)" >spaced
ok 'ids parted by any white space' sh -c 'archive-get -a "$1" --details - <spaced' sh "$A"
test "$(wc -l <.out)" -eq 3
result $? 'are three'
fails 73 'where a file is in the way' archive-get -a "$A" --maildir ids "$id"

# --- details ---------------------------------------------------------------------------------------

ok 'details' archive-get -a "$A" --details "$id" "$(cat large.id)"
printf '%s\t%s\t%s\n' "$id" "$(wc -c <mails/plain)" "$(sha256sum mails/plain | cut -c 1-64)" >expect
head -n 1 .out | cut -f 1,2,7 >got
same 'id, size and hash' expect got
has 'arrival, tier and file' .out "^$id${tab}[0-9]+${tab}[0-9]+${tab}2005-07-01T09:30:00.000Z${tab}online${tab}journal/00000001.tpj${tab}"
ok 'as JSON' archive-get -a "$A" --details --json "$(cat large.id)"
has 'with all there is' .out '^\{"id":"[0-9a-z]{16}","size":[0-9]+,"stored":[0-9]+,"arrival":"2005-07-01T09:30:00.000Z","tier":"online","file":"journal/00000001.tpj","sha256":"[0-9a-f]{64}","from":"","to":"","subject":"large","sender":"a@example.org","recipients":\["b@example.net"\],"actor":"uid [0-9]+"\}$'
fails 64 'JSON of a mail' archive-get -a "$A" --json "$id"

# --- envelope --------------------------------------------------------------------------------------

put mails/plain --sender s@example.org --rcpt one@example.net --rcpt two@example.net >three.id
ok 'an envelope' archive-get -a "$A" --envelope "$(cat three.id)"
printf 's@example.org\none@example.net\ntwo@example.net\n' >expect
same 'is sender and recipients' expect .out
printf 'Subject: x\n\nx\n' | archive-put -a odd --sender a@example.org --rcpt "$(printf 'b@example.org\nc@example.org')" >odd.id
fails 65 'of an address that would be two' archive-get -a odd --envelope "$(cat odd.id)"
has 'is refused' .err 'an address of its envelope has a control character$'
result "$(wc -c <.out)" 'and nothing of it is given'
ok 'of a bounce' archive-get -a "$A" --envelope "$(cat bounce.id)"
printf '<>\nb@example.net\n' >expect
same 'the sender is none' expect .out
put mails/plain --sender -oX --rcpt -Cfile >dash.id
ok 'with options in it' archive-get -a "$A" -e "$(cat dash.id)"
printf '<-oX>\n<-Cfile>\n' >expect
same 'they are put in brackets' expect .out

# --- the log ---------------------------------------------------------------------------------------

ok 'somebody reads' archive-get -a "$A" --actor 'alice, for the court' "$id"
ok 'the log' archive-find -a "$A" --events
has 'says who, what and which' .out "alice, for the court${tab}get${tab}$id"
fails 64 'with a question it makes no sense' archive-find -a "$A" --events subject:x
fails 64 'nor with a page' archive-find -a "$A" --events --limit 1
ok 'as it stands' archive-find -a "$A" --events --json
has 'in JSON' .out '"event":"get","id":"'"$id"'"'

# --- packs and the cellar --------------------------------------------------------------------------

ok 'sealed' archive-rotate -a "$A" --seal --all
mkdir -p "$A/cellar"
mv "$A"/pack/*.tpp "$A/cellar/"
for m in mails/*; do
	ok "${m##*/}: from the cellar" archive-get -a "$A" "$(cat "${m##*/}.id")"
	same "${m##*/}: as it came" "$m" .out
done
ok 'details there' archive-get -a "$A" --details "$id"
has 'say so' .out "${tab}cellar${tab}cellar/00000001.tpp${tab}"

# --- damage --------------------------------------------------------------------------------

blob=$(find "$A/blob" -name '*.tpb' | head -n 1)
chmod u+w "$blob"
printf 'XXXX' | dd of="$blob" bs=1 seek=2000 conv=notrunc 2>/dev/null
fails 65 'a damaged attachment' archive-get -a "$A" "$(cat large.id)"
has 'is said, with the mail and its place' .err "^archive-get: $(cat large.id): pack 1 at [0-9]+: "
[ ! -s .out ]
result $? 'and not a byte comes out'
fails 65 'among others' archive-get -a "$A" --mbox "$id" "$(cat large.id)" 0000000000000000 "$(cat crlf.id)"
test "$(grep -ac '^From ' .out)" -eq 2
result $? 'the others come'
has 'the missing one is named as well' .err '^archive-get: 0000000000000000: not in'
if [ -e /dev/full ]; then
	fails 74 'a full disk' sh -c 'archive-get -a "$1" "$2" >/dev/full' sh "$A" "$id"
fi

done_testing
