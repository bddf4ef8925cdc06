#!/bin/sh
# archive-rm --damaged, with every call on files failing in turn, and killed behind each: mail that can be
# told is untouched, and the next call, for whatever ids, finishes the work.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=archive-rm
. "$SRC/t/lib-fault.sh"

make_file needle-own-1 >attached1
make_file needle-shared >shared
make_mail 1 attached1 >mail1
make_mail 2 shared >mail2
make_mail 3 shared >mail3
make_mail 4 >mail4
for n in 1 2; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
for n in 3 4; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
flip A/pack/00000001.tpp "$(perl -e '
	open(F, "<", "A/pack/00000001.tpp") or die; binmode F; local $/; $_ = <F>;
	my ($b, $t) = (unpack("V", substr($_, 36, 4)), unpack("Q<", substr($_, 48, 8)));
	print unpack("Q<", substr($_, $t + 20 * $b, 8)) + 12')"
mv A whole

tool() { faulty "$FAULT" archive-rm -a A --damaged --reason test "$(cat id1)" >out; }
judge() {
	{ ends_well "$1" || [ "$1" -eq 65 ]; } && comes_back 3 4
}
undisturbed() {
	archive-rm -a A 0000000000000000 && return 1
	[ ! -e A/erasing ] || return 1
	archive-get -a A "$(cat id1)" >back 2>/dev/null
	# Nothing was begun, or all of it is done.
	[ $? -eq 1 ] || archive-rm -a A --damaged "$(cat id1)" || return 1
	"$HELPERS/unpress-all" A >dump && ! grep -aqE 'needle-(body|subject|own)-[12]' dump &&
		grep -aq needle-shared dump && comes_back 3 4 &&
		[ -z "$(find A -name '*.new' -o -name '*.gone')" ] &&
		[ "$(find A/blob -type f | wc -l)" -eq 1 ]
}

sweep killafter
sweep io

done_testing
