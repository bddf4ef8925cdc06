# What every shell test sources first. It gives the test a folder of its own, the built tools in
# PATH, a clean environment, and a few words to say what is tested. Output is TAP.
#
#   . "${0%/*}/test-lib.sh"
#   ok 'what holds' command args...          the command succeeds
#   fails 64 'what is refused' command ...   it exits with exactly this code (a crash never counts)
#   same 'what is equal' FILE FILE           byte for byte
#   has 'what is said' FILE PATTERN          grep -E finds it;  hasnt: it does not
#   skip 'why' 'what'                        counts as a skipped test, with its reason
#   needs PROGRAM...                         skips the whole script when one is missing
#   done_testing                             last line
#   OWN_MOUNTS=yes                           before this file: what the test mounts ends with its last
#                                            process, killed or not. Where that cannot be had (unshare),
#                                            nothing can be mounted, either
#
# The tool under test is never piped: its exit code would be lost. Write `tool <in >out 2>err`.

if [ -n "${OWN_MOUNTS:-}" ] && [ -z "${HAS_OWN_MOUNTS:-}" ] && [ "$(id -u)" -eq 0 ] &&
	unshare -m true 2>/dev/null; then
	HAS_OWN_MOUNTS=yes exec unshare -m "$0" "$@"
fi
unset HAS_OWN_MOUNTS

SRC=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${TUBEPOST_BUILD:-$SRC/build}
BIN=$BUILD/bin
HELPERS=$BUILD/t
SHARED=$SRC/../shared
PATH=$BIN:$PATH:/usr/sbin:/sbin
export PATH SRC BUILD BIN HELPERS SHARED

TRASH=$(mktemp -d "${TMPDIR:-/tmp}/tubepost-test.XXXXXX") || exit 99
cd "$TRASH" || exit 99

# Nothing of the machine's own configuration, language or clock reaches a test.
unset TUBEPOST_NOW TUBEPOST_TRACE XDG_CONFIG_HOME
export LC_ALL=C.UTF-8 TZ=UTC HOME="$TRASH" TUBEPOST_STATE="$TRASH/state"
export TUBEPOST_CONFIG=/dev/null
export ASAN_OPTIONS="exitcode=199:${ASAN_OPTIONS:-}" UBSAN_OPTIONS="halt_on_error=1:exitcode=199:${UBSAN_OPTIONS:-}"
export LSAN_OPTIONS="suppressions=$SRC/t/lsan.supp:print_suppressions=0:${LSAN_OPTIONS:-}"

count=0
failed=0
at_exit=

# Commands to run when the script ends, whatever the way (stopping a server).
on_exit() {
	at_exit="$1
$at_exit"
}
finish() {
	code=$?
	trap - EXIT
	eval "$at_exit" >/dev/null 2>&1
	cd / || exit 99
	if [ -n "${TUBEPOST_KEEP_TRASH:-}" ]; then echo "# kept: $TRASH"; else rm -rf "$TRASH"; fi
	exit "$code"
}
trap finish EXIT
trap 'exit 99' HUP INT TERM

result() { # PASSED DESCRIPTION
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		printf 'ok %d - %s\n' "$count" "$2"
	else
		failed=$((failed + 1))
		printf 'not ok %d - %s\n' "$count" "$2"
		[ -s .out ] && head -n 20 .out | sed 's/^/#   out: /'
		[ -s .err ] && head -n 20 .err | sed 's/^/#   err: /'
	fi
	return 0
}

# A crash is not a failure: killed by a signal, stopped by a sanitizer (199), or caught by the tool's
# last handler (which defers the mail).
crashed() { # EXIT-CODE, stderr in .err
	[ "$1" -ge 128 ] || grep -aqE 'internal failure|Sanitizer:|runtime error:' .err
}

ok() {
	_what=$1
	shift
	"$@" >.out 2>.err
	_code=$?
	[ $_code -eq 0 ] || echo "# exit $_code: $*"
	! crashed $_code || { echo "# CRASH"; _code=199; }
	result $_code "$_what"
}

fails() {
	_want=$1 _what=$2
	shift 2
	"$@" >.out 2>.err
	_code=$?
	[ "$_code" -eq "$_want" ] || echo "# exit $_code, wanted $_want: $*"
	! crashed "$_code" || { echo "# CRASH"; _code=crash; }
	[ "$_code" = "$_want" ]
	result $? "$_what"
}

# None of these three touches .out and .err, for those are what they mostly look at.
same() {
	cmp "$2" "$3" >.found 2>&1
	_code=$?
	[ $_code -eq 0 ] || sed 's/^/#   /' .found
	result $_code "$1"
}

has() {
	grep -aqE -e "$3" "$2" || { echo "# not found: $3"; head -n 20 "$2" | sed 's/^/#   /'; false; }
	result $? "$1"
}

hasnt() {
	! grep -aE -e "$3" "$2" >.found
	_code=$?
	[ $_code -eq 0 ] || sed 's/^/# found: /' .found | head -n 20
	result $_code "$1"
}

# The runner lists all skips at its end.
note_skip() {
	[ -z "${TUBEPOST_SKIPS:-}" ] || echo "${0##*/}: $1" >>"$TUBEPOST_SKIPS"
}

skip() {
	count=$((count + 1))
	note_skip "${2:-skipped}: $1"
	echo "ok $count - ${2:-skipped} # SKIP $1"
}

skip_all() {
	note_skip "all of it: $1"
	echo "1..0 # SKIP $1"
	exit 0
}

needs() {
	for _p in "$@"; do
		command -v "$_p" >/dev/null 2>&1 || skip_all "$_p is not installed"
	done
}

# Shows the source tree here, so that a test of the tree writes nothing into it.
link_tree() {
	for _f in "$SRC"/* "$SRC"/.[a-z]*; do
		case ${_f##*/} in .git | build* | \*) ;; *) ln -s "$_f" . ;; esac
	done
}

# True when the tools were built with sanitizers, which leave no room for another LD_PRELOAD.
sanitized() {
	grep -qa __asan_init "$BIN"/mime-size
}

done_testing() {
	echo "1..$count"
	[ "$failed" -eq 0 ] || exit 1
	exit 0
}
