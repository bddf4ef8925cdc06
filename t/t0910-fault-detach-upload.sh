#!/bin/sh
# detach-upload with every allocation and every call on files failing in turn, and killed at each:
# it exits 0 or 75, its output is whole or empty, and the next run uploads nothing twice.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # a thousand fsyncs
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
TOOL=detach-upload
. "$SRC/t/lib-fault.sh"

# One file a key, as a store would have it.
cat >upload <<'END'
#!/bin/sh
cat >"part.$$" && mkdir -p uploads && mv "part.$$" "uploads/$TUBEPOST_KEY" &&
	echo "https://drop.example/$TUBEPOST_KEY"
END
chmod +x upload
export TUBEPOST_NOW=1700000000

fresh() {
	rm -rf "$TUBEPOST_STATE" uploads part.* out
	mkdir "$TUBEPOST_STATE"
	echo 0123456789012345678901234567890123456789012345678901234567890123 >"$TUBEPOST_STATE/secret"
	chmod 600 "$TUBEPOST_STATE/secret"
}
tool() {
	faulty "$FAULT" detach-upload --over 0 --uploader ./upload <mail.eml >out
}
good() { # FILE: a whole mail with its stub
	grep -q 'message/external-body' "$1" && [ "$(tail -n 1 "$1")" = "$LAST" ] &&
		[ "$(grep -v "$CHANGING" "$1" | cksum)" = "$WANT" ]
}
judge() {
	if [ "$1" -eq 0 ]; then good out; else [ "$1" -eq 75 ] && { [ ! -s out ] || $AT_STDOUT; }; fi
}
# A part of the mail on stdout is allowed when stdout itself is what failed.
AT_STDOUT='grep -q stdout: err'
undisturbed() {
	detach-upload --over 0 --uploader ./upload <mail.eml >out2 || return 1
	good out2 || { echo 'another mail'; return 1; }
	[ "$(ls uploads)" = "$KEY" ] || { echo "uploads: $(ls uploads)"; return 1; }
}

fresh
ok 'undisturbed' detach-upload --over 0 --uploader ./upload <mail.eml
cp .out want
KEY=$(ls uploads)
LAST=$(tail -n 1 want)
CHANGING='^$.' # nothing: the output is the same every time
WANT=$(cksum <want)
detach-upload --over 0 --uploader ./upload <mail.eml >again
same 'and again, the same' again want

sweep alloc
sweep io
sweep io:4
judge() { [ "$1" -eq 137 ] && { [ ! -s out ] || cmp -s out want; }; }
sweep kill
sweep killafter

done_testing
