#!/bin/sh
# archive-rm, with every allocation and every call on files failing in turn, and killed behind
# each: the other mails are untouched, and the next call, for whatever ids, finishes the work.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=archive-rm
. "$SRC/t/lib-fault.sh"

make_file needle-own-2 >attached2
make_file needle-own-4 >attached4
make_file needle-shared >shared
for n in 1 2 3 4 5; do
	case $n in
	2 | 4) make_mail $n attached$n >mail$n ;;
	3 | 5) make_mail $n shared >mail$n ;;
	*) make_mail $n >mail$n ;;
	esac
done
for n in 1 2 3; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
for n in 4 5; do put_at $n mail$n >id$n; done
mv A whole

# One in the pack, one in the journal; the attachment of a third is shared with one that stays.
tool() {
	faulty "$FAULT" archive-rm -a A --reason test "$(cat id2)" "$(cat id3)" "$(cat id4)" >out
}
judge() {
	ends_well "$1" && comes_back 1 5
}
# The next call finishes what was begun: none of its ids is one of those.
undisturbed() {
	archive-rm -a A 0000000000000000 && return 1
	[ ! -e A/erasing ] || return 1
	# Nothing was begun, or all of it is done.
	if archive-get -a A "$(cat id2)" >back 2>/dev/null; then
		cmp back mail2 && comes_back 3 4 || return 1
		archive-rm -a A "$(cat id2)" "$(cat id3)" "$(cat id4)" || return 1
	fi
	"$HELPERS/unpress-all" A >dump && ! grep -aqE 'needle-(body|subject|own)-[234]' dump &&
		grep -aq needle-shared dump && comes_back 1 5 && archive-check -a A &&
		[ -z "$(find A -name '*.new' -o -name '*.gone')" ] &&
		[ "$(find A/blob -type f | wc -l)" -eq 1 ]
}

# Killed behind a call is killed before the next.
sweep killafter
sweep io
sweep alloc

done_testing
