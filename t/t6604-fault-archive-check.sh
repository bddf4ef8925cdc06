#!/bin/sh
# archive-check --rebuild, with every allocation and every call on files failing in turn, and killed at
# each: no mail is touched, and the next run comes to its end: index, chain and blobs are in order.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=archive-check
. "$SRC/t/lib-fault.sh"

make_file own >own
for n in 1 2 3; do make_mail $n >mail$n; done
make_mail 4 own >mail4
make_mail 5 >mail5
for n in 1 2; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
for n in 3 4; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 5 mail5 >id5
archive-find -a A --ids >ids
# What can be made again is damaged, missing or too much.
blob=$(find A/blob -type f)
stray=A/blob/00/00$(basename "$blob" | cut -c 3-)
mkdir -p "$(dirname "$stray")"
cp "$blob" "$stray"
flip A/index/00000001.tpx 200
rm A/index/00000002.tpx A/chain
: >A/index/00000009.tpx
rmdir A/blob/* 2>/dev/null
mv A base

fresh() { rm -rf A out; cp -r base A; }
tool() { faulty "$FAULT" archive-check -a A --rebuild >out; }
judge() {
	case $1 in
	0 | 6[569] | 7[0-9]) ;;
	*) return 1 ;;
	esac
}
undisturbed() {
	archive-find -a A --ids | cmp - ids || return 1
	archive-check -a A --rebuild >out1 || { cat out1; return 1; }
	[ -s A/index/00000001.tpx ] && [ -s A/index/00000002.tpx ] && [ -s A/chain ] || return 1
	[ ! -e A/index/00000009.tpx ] && [ "$(find A/blob -type f | wc -l)" -eq 1 ] || return 1
	archive-get -a A "$(cat id4)" | cmp - mail4
}
fresh
undisturbed >.out 2>&1
result $? 'undisturbed, all is made again'
sweep alloc
sweep io
judge() { [ "$1" -eq 137 ]; }
sweep kill

done_testing
