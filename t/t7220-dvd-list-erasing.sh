#!/bin/sh
# An erasure that was interrupted, and discs: it is finished before mail goes where nothing can be erased;
# and one that comes too late for that keeps nobody from erasing and rebuilding.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

mkdir A
make_file shared >file
printf 'size: 1kB\ndisc: 1GB\n' >A/archive.yaml
for pack in 0 1 2; do
	for i in 1 2 3; do
		n=$((3 * pack + i))
		if [ $i -eq 3 ] && [ $n -lt 9 ]; then make_mail $n file; else make_mail $n; fi >mail$n
		put_at $n mail$n >id$n
	done
	"$HELPERS/seal-archive" A 1 >/dev/null
done
archive-rotate -a A >/dev/null
cat id1 id2 id3 >ids
packs() { (cd A/cellar && echo *.tpp); }
[ "$(packs)" = '00000001.tpp 00000002.tpp' ]
result $? 'two packs are in the cellar'
cp -a A whole

# What archive-rm leaves that was killed when its plan was written: mail N is that of the index AT.
interrupt() { # N PACK AT
	printf '%s pack %s %s\n' "$(cat id"$1")" "$2" "$3" >A/erasing
}
none_is_left() { [ ! -e A/erasing ]; }
gone() { archive-get -a A "$(cat id"$1")" >.out 2>.err; [ $? -eq 1 ]; }

# --- in time -------------------------------------------------------------------------------------

interrupt 1 1 0
fails 65 'a disc with one that was being erased' dvd-pack -a A --serial ABCDEF --medium 8MB - <ids
has 'is not packed' .err "$(cat id1): was erased"
ok 'the erasure is finished' none_is_left
ok 'it is gone' gone 1
ok 'one without it is' eval 'tail -n 2 ids | dvd-pack -a A --serial ABCDEF --medium 8MB - >image'
interrupt 2 1 1
dvd-list -a A burnt ABCDEF
ok 'the disc is verified' dvd-list -a A verify ABCDEF image
ok 'the pack has left' [ "$(packs)" = 00000002.tpp ]
ok 'what was being erased is finished first' none_is_left
has 'the pack left with one mail less' A/events.log '"release".*pack 00000001, 3 messages'
ok 'an attachment that another has is there' eval 'archive-get -a A "$(cat id6)" | cmp - mail6'
interrupt 5 2 1
ok 'a rotation' archive-rotate -a A
ok 'finishes an erasure as well' none_is_left
ok 'which is done' gone 5
ok 'all is well' archive-check -a A

# --- too late ------------------------------------------------------------------------------------

fresh
dvd-pack -a A --serial ABCDEF --medium 8MB - <ids >image 2>.err
dvd-list -a A burnt ABCDEF
ok 'the disc is verified' dvd-list -a A verify ABCDEF image
interrupt 2 1 1
fails 65 'archive-check knows' archive-check -a A
cp -a A late
ok 'archive-check --rebuild' archive-check -a A --rebuild
has 'says that it cannot be erased' .err "$(cat id2): .*on disc 1"
ok 'and lets go of it' none_is_left
ok 'all is well' archive-check -a A
rm -rf A && mv late A
ok 'archive-rm of another' archive-rm -a A "$(cat id7)"
has 'says so as well' .err "$(cat id2): .*on disc 1"
ok 'and lets go of it' none_is_left
ok 'all is well' archive-check -a A

# --- a disc's release asks whether all packs are there ---------------------------------------------

fresh
dvd-pack -a A --serial ABCDEF --medium 8MB - <ids >image 2>.err
mv A/cellar/00000002.tpp away
dvd-list -a A burnt ABCDEF
fails 65 'while a pack is missing' dvd-list -a A verify ABCDEF image
has 'none leaves' .err 'pack 00000002 is missing'
mv away A/cellar/00000002.tpp
ok 'its attachment is there' eval 'archive-get -a A "$(cat id6)" | cmp - mail6'
ok 'once it is back' dvd-list -a A verify ABCDEF image
ok 'the other leaves' [ "$(packs)" = 00000002.tpp ]
ok 'the attachment is there' eval 'archive-get -a A "$(cat id6)" | cmp - mail6'

done_testing
