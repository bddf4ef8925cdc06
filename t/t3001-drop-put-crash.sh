#!/bin/sh
# drop-put into a folder, killed at every step and failed at every step: a link that is visible is
# whole and lives; what was not acknowledged can be done again; nothing crashes.
. "${0%/*}/test-lib.sh"
! sanitized || skip_all 'sanitizers and strace do not go together'
export TRASH
needs strace perl
strace -o trace -e inject=getppid:error=EIO true 2>/dev/null || skip_all 'strace may not trace here'

path_of() { perl -ne 's{^file://}{} or next; s/%([0-9A-F]{2})/chr hex $1/ge; print' "$1"; }
head -c 200000 /dev/urandom >file
seq 20000 >old

# ASan's own threads and strace do not go together; the plain build is what is tested here.
CALLS='mkdirat linkat renameat2 fsync fchmod fchmodat utimensat copy_file_range unlinkat pread64 write'

# Everything visible under root/t must be whole and not expired.
whole() {
	for d in root/t/*/; do
		[ -d "$d" ] || continue
		[ "$(stat -c %Y "$d")" -gt "$(date +%s)" ] || { echo "# expired: $d"; return 1; }
		cmp -s "${d}name" file || cmp -s "${d}name" old || { echo "# not whole: $d"; return 1; }
	done
}

put() { drop-put --store "dir:$TRASH/root" --name name --key k "$@"; }

ready() { # a store with something in it already
	rm -rf root
	drop-put --store "dir:$TRASH/root" --name name <old >/dev/null
}

# Runs put with one call of one kind killed or failed; false when there was no such call any more.
inject() { # CALL WHAT NUMBER
	strace -f -o trace -e trace="$1" -e "inject=$1:$2:when=$3" \
		drop-put --store "dir:$TRASH/root" --name name --key k <file >.out 2>.err
	code=$?
	grep -qE 'INJECTED|SIGKILL' trace
}

for call in $CALLS; do
	n=1
	bad=0
	ready
	while [ $n -lt 40 ] && inject "$call" signal=KILL "$n"; do
		[ "$code" -ne 0 ] || grep -q . .out || bad=1
		whole || bad=1
		put <file >again 2>.err || bad=1
		put <file >twice 2>>.err || bad=1
		cmp -s again twice && cmp -s "$(path_of again)" file || bad=1
		[ $bad -eq 0 ] || break
		n=$((n + 1))
		ready
	done
	[ $bad -eq 0 ]
	result $? "killed at each of $((n - 1)) $call"
	total=$((${total:-0} + n - 1))
done
[ "$total" -ge 12 ]
result $? "killed $total times in all"

for error in ENOSPC EIO; do
	failed_calls=0
	bad=0
	for call in $CALLS; do
		n=1
		ready
		while [ $n -lt 40 ] && inject "$call" error=$error "$n"; do
			failed_calls=$((failed_calls + 1))
			case $code in
			0) cmp -s "$(path_of .out)" file || bad=1 ;;
			70 | 7[345] | 77 | 1) ;;
			127) [ "$call" = pread64 ] || bad=1 ;; # the loader reads with it, too
			*) bad=1 ;;
			esac
			[ "$code" -eq 0 ] || [ -s .err ] || [ "$call" = write ] || bad=1
			[ "$code" -eq 0 ] || [ ! -s .out ] || bad=1
			whole || bad=1
			put <file >again 2>>.err || bad=1
			[ $bad -eq 0 ] || { echo "# $call $n: exit $code"; break 2; }
			n=$((n + 1))
			ready
		done
	done
	[ $bad -eq 0 ] && [ "$failed_calls" -ge 10 ]
	result $? "$error at each of $failed_calls calls"
done

# --- ways that other file systems take ------------------------------------------------------------
ready
inject linkat error=EMLINK 2
[ "$code" -eq 0 ] && cmp -s "$(path_of .out)" file
result $? 'a content with all the links it can have is renewed'
[ -z "$(ls root/tmp)" ]
result $? 'and leaves nothing in tmp'
ready
put --key first <file >/dev/null
inject linkat error=ENOENT 1
[ "$code" -eq 0 ] && cmp -s "$(path_of .out)" file
result $? 'a content that is swept before it is linked is stored again'
ready
inject copy_file_range error=EXDEV 1
[ "$code" -eq 0 ] && cmp -s "$(path_of .out)" file
result $? 'without copy_file_range'
ready
strace -o trace -e trace=openat drop-put --store "dir:$TRASH/root" --name x <file >/dev/null
n=$(grep openat trace | grep -n O_TMPFILE | head -n 1 | cut -d: -f1)
[ -n "$n" ]
result $? 'the content is written to an unnamed file'
ready
inject openat error=EOPNOTSUPP "$n"
[ "$code" -eq 0 ] && cmp -s "$(path_of .out)" file && [ -z "$(ls root/tmp)" ]
result $? 'or, where there are none, to a named one that goes away'
ready
inject renameat2 error=EINVAL 1
[ "$code" -eq 0 ] && cmp -s "$(path_of .out)" file
result $? 'without renameat2'

done_testing
