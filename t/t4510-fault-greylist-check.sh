#!/bin/sh
# greylist-check: every allocation and every call on files failing in turn, killed at and behind each. The
# mail passes or waits as the line says, or waits without one; the state is whole and lost nothing that
# was said.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
TOOL=greylist-check
. "$SRC/t/lib-fault.sh"
needs sqlite3

cat >conf.yaml <<'CONF'
greylist:
  rules: {odd: {helo: '/^x/'}}
  white_files: white.txt
  rcpts: {other@d.example: {off: yes}}
CONF
echo 192.0.2.250 >white.txt
try() { # SECONDS, and what stands before
	_s=$1
	shift
	TUBEPOST_NOW=$((T0 + _s)) "$@" greylist-check -c conf.yaml --state box/s --ip 192.0.2.1 \
		--helo x --sender a@b.example --rcpt c@d.example </dev/null
}
mkdir base
mkdir box
try 0 >/dev/null
TUBEPOST_NOW=$T0 greylist-check --state box/s --learn --sender u@d.example --rcpt v@b.example </dev/null >/dev/null
cp box/* base/

whole() { [ "$(sqlite3 box/s 'PRAGMA integrity_check')" = ok ]; }
learnt() { TUBEPOST_NOW=$((T0 + 300)) greylist-check --state box/s --dump | grep -q '^l	'; }

# --- a try inside the window ----------------------------------------------------------------------
fresh() { rm -rf box out; cp -r base box; }
tool() { try 130 faulty "$FAULT" >out; }
judge() {
	case $1 in
	0) grep -qxE '250 pass: (waited|no-state)' out ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
undisturbed() { [ "$(try 140)" = '250 pass: waited' ] || [ "$(try 140)" = '250 pass: known' ] || return 1; whole && learnt; }
sweep alloc
sweep io
sweep io:28
judge() { [ "$1" -eq 137 ]; }
sweep kill
sweep killafter

# --- a first try, with no state yet ---------------------------------------------------------------
fresh() { rm -rf box out; }
# What was said is remembered.
undisturbed() {
	_next=$(try 60)
	! grep -q firsttry out || [ "$_next" = '421 throttle: early' ] || return 1
	whole
}
first_try() { # sweep wants the run without a fault to exit 0
	try 0 "$@" >out
	_c=$?
	[ $_c -ne 75 ] || ! grep -q firsttry out || _c=0
	return $_c
}
tool() { first_try faulty "$FAULT"; }
judge() {
	case $1 in
	0) grep -qxE '250 pass: no-state|421 throttle: firsttry' out ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
sweep alloc
sweep io
judge() { [ "$1" -eq 137 ]; }
sweep kill

done_testing
