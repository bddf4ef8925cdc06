# For the tests of greylist-check: a clock that the test sets, and one attempt at a time.
#
#   at SECONDS ARGS...   greylist-check at T0 + SECONDS; its first line is in `said`, all in `.said`
#   says 'what' LINE     the last attempt said exactly this line and exited as the line asks for
# shellcheck shell=sh

T0=1790000000

at() {
	_at=$1
	shift
	TUBEPOST_NOW=$((T0 + _at)) greylist-check "$@" </dev/null >.said 2>.err
	code=$?
	said=$(head -n 1 .said)
}

says() {
	case $2 in 250*) _want=0 ;; *) _want=75 ;; esac
	cp .said .out
	[ "$said" = "$2" ] && [ $code -eq $_want ]
	_code=$?
	[ $_code -eq 0 ] || echo "# exit $code: $said (wanted: $2)"
	result $_code "$1"
}

# One attempt as Postfix asks about it; `action` is the answer.
ask() { # SECONDS ATTRIBUTES... -- ARGUMENTS...
	_at=$1
	shift
	echo request=smtpd_access_policy >.request
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		echo "$1" >>.request
		shift
	done
	[ $# -eq 0 ] || shift
	echo >>.request
	TUBEPOST_NOW=$((T0 + _at)) greylist-check --policy "$@" <.request >.answer 2>.err
	code=$?
	action=$(sed -n 's/^action=//p' .answer)
}

answers() { # WHAT ACTION
	cp .answer .out
	[ "$action" = "$2" ] && [ $code -eq 0 ]
	_code=$?
	[ $_code -eq 0 ] || echo "# exit $code: $action (wanted: $2)"
	result $_code "$1"
}
