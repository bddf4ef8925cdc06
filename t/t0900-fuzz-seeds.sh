#!/bin/sh
# Every fuzz target on its seeds and on the small mails of t/corpus: what a fuzzer once found stays found.

. "${0%/*}/test-lib.sh"
needs xargs

replay() { # NAME
	set -- "$1" "$SRC/t/fuzz/seeds/$1"
	[ -d "$2" ] || set -- "$1"
	name=$1
	shift
	find "$SRC/t/corpus" "$@" -type f -print0 | LC_ALL=C sort -z >names
	xargs -0 "$HELPERS/replay-$name" <names >replay.out && grep -q '^[1-9][0-9]* inputs$' replay.out
}

for target in "$SRC"/t/fuzz/fuzz-*.c; do
	name=${target##*/fuzz-}
	name=${name%.c}
	ok "$name" replay "$name"
done

done_testing
