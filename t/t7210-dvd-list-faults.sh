#!/bin/sh
# dvd-list verify, with every allocation and every call on files failing in turn, and killed behind
# each: no mail is nowhere, and the next call finishes the work.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=dvd-list
. "$SRC/t/lib-fault.sh"

make_file needle-own-2 >attached2
make_file needle-shared >shared
make_mail 1 >mail1
make_mail 2 attached2 >mail2
make_mail 3 shared >mail3
make_mail 4 shared >mail4
for n in 1 2 3; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 4 mail4 >id4
"$HELPERS/seal-archive" A 1 >/dev/null
echo 'size: 1kB' >A/archive.yaml
archive-rotate -a A --quiet >/dev/null
cat id1 id2 id3 | dvd-pack -a A --serial ABCDEF --medium 8MB - >image.iso 2>/dev/null ||
	skip_all 'dvd-pack makes no images here'
ok 'a pack in the cellar, and a disc of it' test -e A/cellar/00000001.tpp
dvd-list -a A burnt ABCDEF
cat id1 id2 id3 id4 >ids
mv A whole

tool() { faulty "$FAULT" dvd-list -a A verify ABCDEF image.iso >out; }
# Each is here, or on a disc that the archive knows; each is found.
somewhere() {
	archive-get -a A --mbox - <ids >back 2>why
	for m in 1 2 3; do
		grep -q "^needle-body-$m" back ||
			grep -q "it is on disc ABCDEF, as data/2005/07/.*_matter-$m" why || return 1
	done
	grep -q '^needle-body-4' back && archive-find -a A --tier all -n 0 needle-subject >found &&
		[ "$(cut -f1 found | sort -u | wc -l)" -eq 4 ]
}
judge() {
	{ ends_well "$1" || [ "$1" -eq 65 ]; } && somewhere
}
undisturbed() {
	dvd-list -a A verify ABCDEF image.iso && somewhere || return 1
	[ "$(grep -c '	disc ABCDEF$' found)" -eq 3 ] && [ "$(wc -l <found)" -eq 4 ] && archive-check -a A &&
		grep -q '"lost":0,"left":[1-9]' A/disc/00000001.json &&
		[ -z "$(find A/cellar A/disc A/index -name 00000001.tpp -o -name '*.new' -o -name '*.gone')" ] &&
		[ "$(find A/blob -type f | wc -l)" -eq 1 ] &&
		[ "$(cd A/disc && echo *)" = '00000001.json 00000001.tpd 00000001.tpx lock' ] &&
		[ -z "$(cd A && find . -name 'chain.*' -o -name 'rotation.*' -o -name 'erasing*')" ]
}

sweep killafter
sweep io
sweep alloc

done_testing
