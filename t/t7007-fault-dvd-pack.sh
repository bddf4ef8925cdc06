#!/bin/sh
# dvd-pack, with every call on files and every allocation failing in turn, and killed at each: exit 0 only
# with the whole image, a disc in the ledger only behind a whole image, and the next run makes it.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
TOOL=dvd-pack
. "$SRC/t/lib-fault.sh"

make_file attached >attached
for n in 1 2 3; do
	if [ $n = 2 ]; then make_mail $n attached >mail$n; else make_mail $n >mail$n; fi
	put_dated mail$n "2005-07-0${n}T08:00:00Z" >>ids
	[ $n -ne 2 ] || archive-rotate -a A --seal --all
done
mv A whole
cp -a whole A
dvd-pack -q -a A --serial KWRTPM - <ids >good || exit 99

tool() { faulty "$FAULT" dvd-pack -q -a A --serial KWRTPM - <ids >out; }
judge() {
	case $1 in
	0) cmp -s out good && [ "$(ledger_count)" -eq 1 ] ;;
	65 | 66 | 70 | 71 | 73 | 74 | 75 | 77 | 78 | 137) [ "$(ledger_count)" -eq 0 ] || cmp -s out good ;;
	*) false ;;
	esac
}
undisturbed() {
	dvd-pack -q -a A --serial KWRTPM - <ids >again && cmp again good && [ "$(ledger_count)" -eq 1 ] &&
		archive-check -a A
}
sweep io
sweep killafter
sweep alloc
done_testing
