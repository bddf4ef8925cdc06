#!/bin/sh
# link-inject and mime-size with every allocation and every call on files failing in turn: the exit
# code is one of the contract's, the output is whole or empty (but for what stdout itself refused).
# shellcheck disable=SC2218 # `tool` is another one in each round
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
TOOL=none
. "$SRC/t/lib-fault.sh"

fresh() { rm -f out; }
judge() {
	case $1 in
	0) cmp -s out want ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	66 | 70 | 73 | 74 | 78) ! carries "$TOOL" && { [ ! -s out ] || grep -q stdout: err; } ;;
	*) false ;;
	esac
}
undisturbed() { true; }

echo 'state: s' >c.yaml
works detach-upload <mail.eml >stubs.eml 2>err
has 'a mail with stubs' stubs.eml 'message/external-body'

TOOL=link-inject
tool() { faulty "$FAULT" link-inject --lang fr <stubs.eml >out; }
FAULT=none:0
tool
cp out want
has 'link-inject turns them into text' want 'https://drop.example/1'
sweep alloc
sweep io
tool() { faulty "$FAULT" link-inject -c c.yaml --text note.txt <mail.eml >out; }
FAULT=none:0
tool
cp out want
sweep alloc
sweep io

# Under --on-error=pass there is a third way out: the mail as it came.
judge() {
	case $1 in
	0) cmp -s out want || cmp -s out mail.eml ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
tool() { faulty "$FAULT" link-inject --on-error=pass --text note.txt <mail.eml >out; }
sweep alloc
sweep io

TOOL=mime-size
judge() {
	case $1 in
	0) cmp -s out want ;;
	65 | 66 | 70 | 73 | 74 | 75 | 78) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
tool() { faulty "$FAULT" mime-size -c c.yaml --json mail.eml stubs.eml >out; }
# The file that can be read has its lines, whole.
judge() {
	case $1 in
	0) cmp -s out want ;;
	65 | 66 | 70 | 73 | 74 | 75 | 78) [ -z "$(grep -vxFf want out)" ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
FAULT=none:0
tool
cp out want
sweep alloc
sweep io
tool() { faulty "$FAULT" mime-size --over 1k <mail.eml >out; }
judge() { [ "$1" -eq 1 ] || [ "$1" -ge 65 ] && [ "$1" -lt 79 ]; }
FAULT=none:0
tool
[ $? -eq 1 ]
result $? 'a predicate that says no'
n=0
while n=$((n + 1)) && rm -f fired && FAULT=alloc:$n && { tool; } 2>err; code=$? && [ -e fired ]; do
	judge $code || break
done
[ ! -e fired ] && [ $n -gt 3 ]
result $? "never says yes because memory ended ($((n - 1)) calls)"

done_testing
