#!/bin/sh
# drop-put into a folder, and detach-upload with drop-put behind it: every allocation and every call
# on files failing in turn, killed at each. What is visible is whole; the next run succeeds, and with
# the same key there is one link.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
TOOL=drop-put
. "$SRC/t/lib-fault.sh"

printf 'twenty-six bytes of a file' >file

# Every file that the web server would show is the whole file.
all_whole() {
	for f in store/t/*/*; do
		[ -e "$f" ] || continue
		cmp -s "$f" "$WHOLE" || { echo "not whole: $f"; return 1; }
	done
}
links() { find store/t -type f 2>/dev/null | wc -l; }
fresh() { rm -rf store state out; }
put() { drop-put --name a.txt --key k --store "dir:$TRASH/store"; }
tool() { faulty "$FAULT" drop-put --name a.txt --key k --store "dir:$TRASH/store" <file >out; }
judge() {
	all_whole || return 1
	case $1 in
	0) grep -q '^file://.*/a.txt$' out && [ "$(wc -l <out)" -eq 1 ] ;;
	70 | 73 | 74 | 75 | 77 | 78) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
undisturbed() {
	put <file >out1 && put <file >out2 || return 1
	cmp out1 out2 && all_whole || return 1
	[ ! -s out ] || cmp out out1 || return 1
	[ "$(links)" -eq 1 ] || { echo "$(links) links"; return 1; }
}

WHOLE="file"
sweep alloc
sweep io
sweep io:13
judge() { [ "$1" -eq 137 ] && all_whole; }
sweep kill
sweep killafter

# Through detach-upload: the store is drop-put's, the faults are in drop-put, then in detach-upload.
printf 'ABCDEFGHIJKLMNOPQRSTUVWXYZ' >alphabet
WHOLE=alphabet
tool() { faulty "$FAULT" detach-upload --over 0 --store "dir:$TRASH/store" <mail.eml >out; }
judge() {
	all_whole || return 1
	case $1 in
	0) grep -q 'message/external-body' out && [ "$(tail -n 1 out)" = --b-- ] ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
undisturbed() {
	detach-upload --over 0 --store "dir:$TRASH/store" <mail.eml >out2 &&
		grep -q 'message/external-body' out2 && all_whole || return 1
	[ "$(links)" -eq 1 ] || { echo "$(links) links"; return 1; }
}
sweep alloc
sweep io
TOOL=detach-upload
sweep io
judge() { [ "$1" -eq 137 ] && all_whole; }
sweep kill

done_testing
