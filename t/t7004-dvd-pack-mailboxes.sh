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
echo 'no mbox at all' >text
fails 65 'what is no mbox file' dvd-pack --mbox text
has 'is told' .err 'not an mbox file'
mkdir M/cur/1120210299.dir
fails 65 'what cannot be read in a Maildir' dvd-pack --maildir M
has 'is told' .err '1120210299.dir: not a file'
done_testing
