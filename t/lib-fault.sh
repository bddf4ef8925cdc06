# For the fault tests: a tool is run again and again, each time with one more of its calls failing
# (t/helper/fault.c), until none is left to fail; after each such run it runs once undisturbed.
#
#   sweep CLASS     runs over all calls of the class; one result
#
# The script defines:
#   fresh           state as before the first run
#   tool            the run, stdin and stdout its own: writes `out`
#   judge CODE      0 when that exit code, with what is in `out` and on the disk, is right
#   undisturbed     the clean run that follows: 0 when it succeeds and all is as it should be
# shellcheck shell=sh

SWEEP_MOST=2000

needs perl
! sanitized || skip_all 'sanitizers and LD_PRELOAD do not go together'

faulty() { # CLASS:N COMMAND...
	_fault=$1
	shift
	env LD_PRELOAD="$HELPERS/fault.so" TUBEPOST_FAULT="$_fault" TUBEPOST_FAULT_IN="$TOOL" \
		TUBEPOST_FAULT_FIRED="$TRASH/fired" "$@"
}

# What a tool of the archive may say of a call that failed, and 137, killed. That data is damaged (65) is
# for the script to allow.
ends_well() { # CODE
	case $1 in
	0 | 66 | 70 | 73 | 74 | 75 | 77 | 78 | 137) ;;
	*) return 1 ;;
	esac
}

sweep() { # CLASS[:ERRNO]
	_class=${1%%:*}
	_errno=${1#"$_class"}
	n=0
	bad=0
	survived=0
	: >.out
	while [ $bad -lt 5 ] && [ $n -lt $SWEEP_MOST ]; do
		n=$((n + 1))
		fresh
		rm -f fired
		FAULT=$_class:$n$_errno
		{ tool; } 2>err
		code=$?
		[ -e fired ] || break
		[ $code -ne 0 ] || survived=$((survived + 1))
		if ! judge $code || grep -qE 'internal failure' err; then
			echo "call $n: exit $code: $(cat err)" >>.out
			bad=$((bad + 1))
		elif ! undisturbed >.clean 2>&1; then
			echo "call $n (exit $code): the next run: $(cat .clean)" >>.out
			bad=$((bad + 1))
		fi
	done
	# shellcheck disable=SC2034
	FAULT=none:0
	[ $bad -eq 0 ] && [ $n -gt 3 ] && [ $n -lt $SWEEP_MOST ] && [ "$code" -eq 0 ]
	result $? "$TOOL: $1, each of $((n - 1)) calls ($survived did no harm)"
}
