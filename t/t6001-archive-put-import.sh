#!/bin/sh
# archive-put from Maildirs, mbox files and lists of files: everything arrives once, as it was, with the
# arrival that its container knows; a killed import goes on; what cannot be read is named at the end.
. "${0%/*}/test-lib.sh"
needs perl

mail() { # NUMBER
	printf 'Received: from a by b; Fri, 1 Jul 2005 0%s:00:00 +0000\nFrom: S <s%s@example.org>\n' "$1" "$1"
	printf 'Subject: number %s\n\nHello, %s.\n' "$1" "$1"
}
put() { archive-put -a box "$@"; }
# The arrivals, as seconds, of an archive, sorted. The first ten characters of an id are milliseconds.
arrivals() { # FILE with ids first on each line
	perl -ne 'my $t = 0; $t = $t * 32 + index("0123456789abcdefghjkmnpqrstvwxyz", $_)
		for split //, substr $_, 0, 10; print int($t / 1000), "\n"' "$1" | sort -n
}

# --- Maildir --------------------------------------------------------------------------------------
mkdir -p md/new md/cur md/tmp md/.Sent/cur
mail 1 >md/new/1120204800.M1P1.host
mail 2 >'md/cur/1120208400.M2P2.host:2,S'
mail 3 >md/cur/no-time
touch -d '2006-01-01 00:00:00' md/cur/no-time
mail 4 >md/tmp/1120212000.M4P4.host
mail 5 >md/.Sent/cur/1120212000.M5P5.host
printf 'no received\n' >md/cur/nothing
touch -d '2004-01-01 00:00:00' md/cur/nothing
ok 'a Maildir' put --maildir md --list
cp .out list
[ "$(wc -l <list)" -eq 4 ]
result $? 'new and cur, not tmp and not its folders'
arrivals list >got
{ echo 1120204800; echo 1120208400; date -d '2005-07-01 03:00' +%s; date -d '2004-01-01' +%s; } |
	sort -n >want
same 'arrival: the time in the name, else of the last Received, else of the file' want got
ok 'the same again' put --maildir md
has 'is known' .out '^0 stored, 4 known, 0 skipped, 0 not readable'
fails 66 'what is no Maildir' put --maildir box
has 'is said' .err 'box/new: No such file'

# --- mbox -----------------------------------------------------------------------------------------
{
	echo 'From ann@example.org Fri Jul  1 12:00:00 2005'
	mail 6
	printf '>From here on\n>>From there on\n > From\nFrom whom? it is no From line\n\n'
	echo 'From - Fri Jul 01 13:00:00 2005'
	printf 'Return-Path: <own@example.org>\nSubject: number 7\n\nlast line\n\n\n'
	echo 'From MAILER-DAEMON Fri Jul  1 14:00:00 +0200 2005 remote from x'
	printf 'Subject: number 8\n\nno line end'
} >box.mbox
ok 'an mbox file' put --mbox box.mbox --list
cp .out list
[ "$(wc -l <list)" -eq 3 ] && grep -q 'box.mbox: message 2, byte' list
result $? 'has three messages'
arrivals list >got
{
	date -d '2005-07-01 12:00' +%s
	date -d '2005-07-01 13:00' +%s
	date -d '2005-07-01 14:00 +0200' +%s
} | sort -n >want
same 'arrival is in the From line' want got
{ mail 6; printf 'From here on\n>From there on\n > From\nFrom whom? it is no From line\n'; } >six
id_of() { sed -n "$1p" list | cut -f1; }
printf six >names
ok 'the first one as a file' put --sender ann@example.org --list --files0-from - <names
[ "$(cut -f1 .out)" = "$(id_of 1)" ]
result $? 'is the same delivery: a > less before From, and its sender'
printf 'Return-Path: <own@example.org>\nSubject: number 7\n\nlast line\n\n' >seven
printf seven >names
ok 'the second' put --list --files0-from names
[ "$(cut -f1 .out)" = "$(id_of 2)" ]
result $? 'only the last blank line is the container'"'"'s; Return-Path says the sender'
printf 'Subject: number 8\n\nno line end' >eight
printf eight >names
ok 'the third' put --list --files0-from names
[ "$(cut -f1 .out)" = "$(id_of 3)" ]
result $? 'needs no line end'
ok '--mboxo' put --mbox box.mbox --mboxo --list
[ "$(cut -f1 .out | sed -n 1p)" != "$(id_of 1)" ] && [ "$(cut -f1 .out | sed -n 2,3p)" = "$(cut -f1 list | sed -n 2,3p)" ]
result $? 'leaves quoted lines as they are'
sed 's/$/\r/' box.mbox >dos.mbox
ok 'with CRLF' archive-put -a dos --mbox dos.mbox --list
[ "$(wc -l <.out)" -eq 3 ]
result $? 'there are three, too'
printf 'Subject: not an mbox\n\nx\n' >not.mbox
fails 66 'what is no mbox' put --mbox not.mbox
has 'is named' .err 'not stored: not.mbox: not an mbox file'
: >empty.mbox
ok 'an empty one has no messages' put --mbox empty.mbox
has 'and says so' .out '^0 stored, 0 known'
fails 66 'a missing one' put --mbox none.mbox

# --- lists, and what cannot be read ---------------------------------------------------------------
mail 9 >nine
mkdir folder
printf 'nine\0folder\0missing \033[1m name\0one\nline\0' >names
mail 8 >'one
line'
fails 66 'a list of files with bad names' archive-put -a lists --files0-from names
has 'counts them' .out '^2 stored, 0 known, 0 skipped, 2 not readable'
has 'names them' .err 'not stored: folder: not a file'
has 'without what a terminal would obey' .err 'missing .{1,4}\[1m name: No such file'
: >zero
printf 'zero' >names
ok 'a file of 0 bytes is a mail of 0 bytes' archive-put -a lists --files0-from names

# Names that are slow to come hold nobody up: what was named is stored, and the journal can be sealed.
mkfifo slow
archive-put -a lists2 --files0-from slow >slow.out 2>&1 &
pid=$!
exec 9>slow
printf 'nine\0' >&9
tries=0
while [ $tries -lt 200 ] && ! archive-find -a lists2 --ids >.out 2>.err; do
	sleep 0.05
	tries=$((tries + 1))
done
ok 'a slow producer of names: what he named is there' archive-find -a lists2 --ids
ok 'others put' archive-put -a lists2 <zero
unsealed() { [ -n "$(find lists2/journal -type f -size +32c)" ]; }
tries=0
while [ $tries -lt 200 ] && timeout 60 archive-rotate -a lists2 --seal --all && unsealed; do
	sleep 0.05
	tries=$((tries + 1))
done
! unsealed
result $? 'nor does he keep anybody from sealing'
printf 'one\nli' >&9
sleep 0.1
printf 'ne' >&9
exec 9>&-
wait $pid
result $? 'he comes to his end'
has 'two mails' slow.out '^2 stored, 0 known'
fails 64 '--tee' put --tee --maildir md
fails 75 '--list without an import' put --list <nine
fails 66 'a list that is not there' put --files0-from none
{ echo 'X-Spam-Flag: YES'; mail 9; } >spam
printf 'spam\0nine' >names
ok '--skip-spam' archive-put -a skip --skip-spam --files0-from names
has 'in an import' .out '^1 stored, 0 known, 1 skipped, 0 not readable'

# --- killed and resumed ---------------------------------------------------------------------------
mkdir -p big/new big/cur
perl -e 'for my $n (1 .. 3000) { open my $f, ">", sprintf "big/cur/%d.M%d.host:2,", 1120000000 + $n, $n or die;
	print $f "Return-Path: <s$n\@example.org>\nSubject: number $n\n\n", "text $n\n" x ($n % 50) }'
killed=0
for ms in 20 60 120 200 300; do
	archive-put -a resumed --maildir big --list >part.$ms 2>/dev/null &
	pid=$!
	perl -e 'select undef, undef, undef, $ARGV[0] / 1000' $ms
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
done
[ $killed -gt 0 ]
result $? "an import is killed $killed times"
ok 'the last one goes through' archive-put -a resumed --maildir big --list
cp .out list
[ "$(cut -f1 list | sort -u | wc -l)" -eq 3000 ]
result $? 'all 3,000 are there'
cat part.* | cut -f1 | grep -E '^[0-9a-z]{16}$' | sort -u >acknowledged
cut -f1 list | sort -u >all
[ -z "$(comm -23 acknowledged all)" ]
result $? "the $(wc -l <acknowledged) that were acknowledged among them, under the same ids"
ok 'and again' archive-put -a resumed --maildir big
has 'nothing is stored twice' .out '^0 stored, 3000 known'
archive-put -a other --maildir big >/dev/null
[ "$(cat resumed/journal/*.tpj | wc -c)" -lt "$(($(cat other/journal/*.tpj | wc -c) * 102 / 100))" ]
result $? 'the archive is no larger than one that nobody killed'

done_testing
