#!/bin/sh
# Discs without an archive: the mails of a Maildir and of an mbox file, byte for byte.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl python3 bsdtar

mkdir -p M/cur M/new M/tmp M/.Sent/cur
for n in 1 2 3; do
	make_mail $n >"M/cur/112021020$n.M$n.host:2,S"
	cat "M/cur/112021020$n.M$n.host:2,S" >>all
done
make_mail 4 >M/new/1120210204.M4.host
printf 'From: a@b.example\n\n' >M/new/1120210205.M5.host
: >M/new/1120210206.M6.host
cp M/cur/1120210201.M1.host:2,S M/cur/1120210201.M7.host:2,S

hashes() { # FOLDER
	find "$1" -type f -exec sha256sum {} + | cut -d' ' -f1 | sort -u
}
ok 'a Maildir' dvd-pack --serial KWRTPM --maildir M
cp .out disc.iso
cp .err said
has 'a copy is told of' said 'M[17].host:2,S: a copy, packed once$'
unpack disc.iso tree
ok 'is a bag' python3 "$SRC/t/helper/check-bag.py" tree
hashes M/cur >in
hashes M/new >>in
sort -u in >in.sorted
hashes tree/data >out
same 'with the same mails' out in.sorted
ok 'each once' test "$(find tree/data -type f | wc -l)" -eq 6
ok 'an empty one, too' test "$(find tree/data -type f -size 0 | wc -l)" -eq 1
ok 'no ledger is kept' test ! -e "$TRASH/state"
ok 'the same again' dvd-pack -q --serial KWRTPM --maildir M
same 'is the same to the byte' .out disc.iso

# --- mbox -----------------------------------------------------------------------------------------
perl -e 'for (1 .. 60) { printf "From x\@y.example Fri Jul  1 09:30:%02d 2005\nSubject: %d\n\n>From me\nbody %d\n\n",
	$_ % 60, $_, $_ }' >box
ok 'an mbox file' dvd-pack -q --mbox box
cp .out box.iso
unpack box.iso tree
ok 'is a bag' python3 "$SRC/t/helper/check-bag.py" tree
ok 'of 60 mails' test "$(find tree/data -type f | wc -l)" -eq 60
printf 'Subject: 7\n\n>From me\nbody 7\n' >seven
ok 'as they stand in the file' grep -q "$(sha256sum seven | cut -d' ' -f1)" tree/manifest-sha256.txt
cat box | dvd-pack -q --mbox - >piped.iso
result $? 'from a pipe'
unpack piped.iso tree
ok 'the same' grep -q "$(sha256sum seven | cut -d' ' -f1)" tree/manifest-sha256.txt
cat box | dvd-pack -q --mbox /dev/stdin --plan >.out
has 'under another name' .out '^mails	60	'

# --- more than one disc ---------------------------------------------------------------------------
perl -e 'srand 5; for (1 .. 30) { printf "From x\@y.example Fri Jul  1 09:30:%02d 2005\nSubject: %d\n\n", $_, $_;
	print join("", map { chr(97 + rand 26) } 1 .. 70), "\n" for 1 .. 1000; print "\n" }' >large
ok 'a mailbox that is larger than a disc' dvd-pack --mbox large --medium 1500k --leftover rest
cp .out first.iso
ok 'some are left over' test "$(wc -l <rest)" -gt 10
ok 'the rest' dvd-pack -q --mbox large --leftover none - <rest
cp .out second.iso
ok 'fits' test -e none -a ! -s none
for d in first second; do
	unpack $d.iso tree
	hashes tree/data
done | sort >out
dvd-pack -q --mbox large >all.iso
unpack all.iso tree
hashes tree/data >whole
same 'each mail is on one of them' out whole
fails 65 'an id that is not of the mailbox' dvd-pack --mbox box "$(sed 1q rest)"
has 'is told' .err "^dvd-pack: $(sed 1q rest): not in the mailbox"
id=$(sed 1q rest)
ok 'one twice' dvd-pack --plan --mbox large "$id" "$id"
has 'is told' .err "^dvd-pack: $id: listed twice, packed once"
has 'and packed once' .out '^mails	1	'

# --- somebody reads meanwhile ---------------------------------------------------------------------
# Nothing behind the large mail is read before somebody takes what is in front of it.
mkdir -p N/cur N/new
yes 'a large mail' | head -c 60000000 >N/cur/1120210200.M0.host:2,
cp M/cur/1120210203.M3.host:2,S N/cur
cp M/new/1120210204.M4.host N/new
ok 'a Maildir that stays as it is' dvd-pack -q --serial KWRTPM --maildir N
mv .out still.iso
mkfifo pipe
dvd-pack -q --serial KWRTPM --maildir N >pipe 2>moved.err &
pid=$!
exec 5<pipe
head -c 1 <&5 >moved.iso
mv N/cur/1120210203.M3.host:2,S N/cur/1120210203.M3.host:2,RS
mv N/new/1120210204.M4.host N/cur/1120210204.M4.host:2,S
cat <&5 >>moved.iso
exec 5<&-
wait $pid
result $? 'flags and folders that change meanwhile do not matter'
cmp moved.iso still.iso
result $? 'the disc is the same'

echo 'no mbox at all' >text
fails 65 'what is no mbox file' dvd-pack --mbox text
has 'is told' .err 'not an mbox file'
mkdir M/cur/1120210299.dir
fails 65 'what cannot be read in a Maildir' dvd-pack --maildir M
has 'is told' .err '1120210299.dir: not a file'
done_testing
