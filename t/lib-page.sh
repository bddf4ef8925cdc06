# For tests of the page of a disc, in a real browser: $PAGE is its file.
# shellcheck shell=sh

browse() { # SCRIPT-LINES... ; the answers in `answers`
	printf '%s\n' "$@" | python3 "$SRC/t/helper/browse.py" "$PAGE" >answers
}
is() { # WHAT NAME JSON
	printf '%s\t%s\n' "$2" "$3" >want
	grep "^$2	" answers >got
	same "$1" got want
}
