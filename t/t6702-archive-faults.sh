#!/bin/sh
# Making an archive and storing a content in it, with each call failing in turn, and killed at each:
# what was acknowledged comes back, nothing half made is in the way, and the next run works.

[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-fault.sh"

TOOL=split-join
{
	printf 'Subject: x\nContent-Transfer-Encoding: base64\n\n'
	seq 3000 | base64 -w 76
} >mail.eml
printf '%064d\n' 7 >key && chmod 600 key

tool() {
	faulty "$FAULT" "$HELPERS/split-join" -a archive mail.eml >out
}
# It says no, in a sentence, or it has compared what it read back.
judge() {
	case $1 in
	0) [ "$(cut -d' ' -f1 out)" = 1 ] ;;
	1 | 2) [ -s err ] && [ ! -s out ] ;;
	137) true ;;
	*) false ;;
	esac
}
# A blob that was acknowledged is found again; one that was not may be half there, under no name that
# is looked at.
undisturbed() {
	"$HELPERS/split-join" -a archive mail.eml >again || return 1
	[ "$(cut -d' ' -f1 again)" = 1 ] || return 1
	[ "$code" -ne 0 ] || [ "$(cut -d' ' -f5 again)" = 0 ] || return 1
	[ "$(find archive/blob -name '*.tpb' | wc -l)" -eq 1 ]
}

# --- making ----------------------------------------------------------------------------------------

fresh() {
	rm -rf archive
}
sweep kill

# --- storing, in clear and sealed --------------------------------------------------------------------

fresh() {
	rm -f archive/blob/*/*.tpb archive/blob/*.new
}
storing() {
	"$HELPERS/split-join" -a archive mail.eml >/dev/null || exit 99
	sweep alloc
	sweep io
	sweep io:28
	sweep kill
	sweep killafter
}
storing
rm -rf archive
mkdir archive && echo "key_file: $TRASH/key" >archive/archive.yaml
storing

done_testing
