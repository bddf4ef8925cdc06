#!/bin/sh
# archive-put with one mail: what comes out, what is kept, who it is from, what is refused.
. "${0%/*}/test-lib.sh"

mail() { # NUMBER
	printf 'Return-Path: <s%s@example.org>\nDelivered-To: r%s@example.org\nFrom: S <s%s@example.org>\n' "$1" "$1" "$1"
	printf 'To: r%s@example.org\nSubject: number %s\n\nHello, %s.\n' "$1" "$1" "$1"
}
put() { archive-put -a box "$@"; }
mail 1 >one
mail 2 >two

# --- ids ------------------------------------------------------------------------------------------
ok 'a mail is kept' put <one
cp .out id
has 'its id is 16 letters and ciphers that nobody misreads' id '^[0-9a-hjkmnp-tv-z]{16}$'
[ "$(wc -l <id)" -eq 1 ]
result $? 'and all that is printed'
ok 'the same delivery again' put <one
same 'has the same id' id .out
n=$(wc -c <box/journal/00000001.tpj)
ok 'and stores nothing' [ "$n" -eq "$(wc -c <box/journal/00000001.tpj)" ]
ok 'to another recipient' put --rcpt other@example.org <one
! cmp -s id .out
result $? 'it is another delivery'
cp .out other
ok 'recipients in any order' put --rcpt b@example.org --rcpt a@example.org <one
cp .out ab
ok 'and once or twice' put --rcpt a@example.org --rcpt '<b@example.org>' --rcpt a@example.org <one
same 'make the same delivery' ab .out
ok 'a null sender' put --sender '<>' <one
cp .out null
ok 'in both spellings' put --sender '' <one
same 'is one' null .out
ok 'the sender that the header names' put --sender s1@example.org --rcpt r1@example.org <one
same 'is the same as that on the command line' id .out
TUBEPOST_NOW=2005-07-01T10:00:00Z put <two >early
put --received '2004-07-01 09:30:00' <two --rcpt x >earlier
cat id early earlier | sort | tr '\n' ' ' >sorted
[ "$(cat sorted)" = "$(cat earlier early id | tr '\n' ' ')" ]
result $? 'ids sort by arrival'

# A date is what it says: neither the first second of 1970 nor one before it is now.
for date in 1970-01-01T00:00:00Z 1969-12-31T23:59:58Z 1970-01-01T00:00:01Z; do
	put --received $date --rcpt "$date" <two >dated
	ok "received $date" archive-get -a box --details "$(cat dated)"
	has 'is what it says' .out "	${date%Z}[.]000Z	"
done
printf 'From a@b.c Thu Jan  1 00:00:00 1970\n' >old.mbox
cat two >>old.mbox
ok 'of an import, too' archive-put -a box2 --received 1970-01-01T00:00:00Z --mbox old.mbox --list
has 'by its id' .out '^0000000000'

# --- in a pipe ------------------------------------------------------------------------------------
ok '--tee' put --tee <two
same 'gives the mail on, to the byte' two .out
printf 'no header at all, no line end' >odd
ok '--tee with a mail without header or line end' put --tee <odd
same 'too' odd .out
head -c 3000000 /dev/urandom >noise
ok 'with 3 MB of anything' put --tee <noise
same 'too' noise .out
# Deferred, a mail of 0 bytes would wait for ever: it is a mail like others, as in an import.
ok 'a mail of 0 bytes is kept' put </dev/null
cp .out empty.id
ok 'and given' archive-get -a box "$(cat empty.id)"
ok 'as it was' test ! -s .out
ok 'again, it is the same' put </dev/null
same 'by its id' empty.id .out
ok 'with --tee it passes' put --tee </dev/null
ok 'as it is' test ! -s .out
ok 'with --on-error=pass a failure gives the mail on' archive-put -a /dev/null/x --on-error=pass <one
same 'to the byte' one .out
fails 75 'without, it waits' archive-put -a /dev/null/x <one
fails 75 'a full stdout is a failure' sh -c 'archive-put -a box --tee <two >/dev/full'

# --- spam -----------------------------------------------------------------------------------------
{ echo 'X-Spam-Flag: YES'; mail 3; } >spam
{ echo 'X-Spam-Flag: no'; mail 3; } >ham
ok '--skip-spam' put --skip-spam -v <spam
echo - >dash
same 'leaves spam out' .out dash
has 'and says why' .err 'spam by its X-Spam-Flag'
ok 'with --tee it passes' put --skip-spam --tee <spam
same 'all the same' .out spam
ok 'other mail' put --skip-spam <ham
hasnt 'is kept' .out '^-$'
cp -r box rules
printf 'skip:\n  - "Subject: ^number [34]"\n  - "X-Ham: ."\n' >rules/archive.yaml
ok 'rules of the archive' archive-put -a rules --skip-spam <ham
same 'take their place' .out dash
ok 'not without --skip-spam' archive-put -a rules <spam
hasnt 'is it left out' .out '^-$'
printf 'skip:\n  - "Subject: ("\n' >rules/archive.yaml
fails 75 'a bad pattern is refused' archive-put -a rules <ham
has 'with its place' .err 'archive.yaml:2:'

# --- where and who --------------------------------------------------------------------------------
ok 'without -a' archive-put <one
ok 'it goes to the state folder' [ -s "$TUBEPOST_STATE/archive/journal/00000001.tpj" ]
printf 'archive:\n  path: %s\n  actor: front end\n' "$TRASH/conf-box" >conf.yaml
ok 'a configured archive' archive-put -c conf.yaml <one
has 'with its actor' conf-box/journal/00000001.tpj 'front end'
ok '--actor' archive-put -a actor --actor 'Ann for Bob' <one
has 'is on record' actor/journal/00000001.tpj 'Ann for Bob'
ok 'else the user is' grep -qa "uid $(id -u)" box/journal/00000001.tpj
fails 75 'an unknown option waits like any failure' put --what <one
fails 75 'so does a bad date' put --received 32.13.2004 <one
has 'which is said' .err '^archive-put: --received: '
mkdir something && echo x >something/file
fails 75 'a folder with something else in it is no archive' archive-put -a something <one
ok 'and nothing is made of it' [ ! -e something/journal ]

# --- odd mail -------------------------------------------------------------------------------------
printf 'From: =?broken?= \377\376 <x@\0y>\r\nTo: \377\nSubject: \200\201\n\nx\n' >bytes
ok 'no UTF-8, NUL' put <bytes
{ printf 'Subject: long\nX-Long: '; head -c 10000000 /dev/zero | tr '\0' x; printf '\n\nbody\n'; } >long
ok 'a header of 10 MB' put <long
perl -e 'print "To: "; print "user$_\@example.org,\n " for 1..50000; print "last\@example.org\n\nx\n"' >many
ok 'To with 50,000 addresses' put <many
awk 'BEGIN { for (i = 0; i < 5000; i++) printf "--rcpt=user%d@example.org\n", i }' >rcpts
# shellcheck disable=SC2046
ok '5,000 envelope recipients' put $(cat rcpts) <one
printf 'X-Original-To: <weird" name"@example.org>\n\nx\n' >quoted
ok 'an envelope that no parser likes' put <quoted
ok 'everything is as it was for the first mail' put <one
same 'still' id .out

# --- a key ----------------------------------------------------------------------------------------
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >key
chmod 600 key
mkdir sealed
printf 'key_file: %s\n' "$TRASH/key" >sealed/archive.yaml
ok 'into an encrypted archive' archive-put -a sealed <one
hasnt 'nothing stands in clear' sealed/journal/00000001.tpj 'example|number'
cp .out sealed-id
ok 'the same again' archive-put -a sealed <one
same 'is known' sealed-id .out
mv key key-gone
fails 75 'without the key it waits' archive-put -a sealed <two
has 'and says so' .err 'no key'

done_testing
