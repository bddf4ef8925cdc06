#!/bin/sh
# The contract of a tool that carries mail: 0 or 75, all or nothing, and a sentence that says why.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

make_mail 3000 2000 >mail
says() { # DESCRIPTION PATTERN, of the failure before: one line, no more
	cp .err err
	has "$1: said" err "$2"
	ok "$1: in one line" test "$(wc -l <err)" -eq 1
}

fails 75 'an unknown option' detach-upload --frobnicate <mail
says 'an unknown option' "^detach-upload: unknown option '--frobnicate'"
fails 75 'an operand' detach-upload mail <mail
says 'an operand' "^detach-upload: unexpected argument 'mail'"
for bad in '--over=much' '--over=-1' '--fit=1X' '--jobs=few' '--deadline=soon' '--signed=yes' '--expire=1y2' '--on-error=bounce'; do
	fails 75 "$bad" detach-upload "$bad" <mail
	says "$bad" "^detach-upload: ${bad%%=*}: "
done
printf 'detach:\n  ovr: 5M\n' >config
fails 75 'a wrong key in the configuration' detach-upload --config config <mail
says 'a wrong key' "^detach-upload: config:2:[0-9]+: unknown key 'detach.ovr'"
fails 75 'no such configuration' detach-upload --config nowhere <mail
ok 'with --on-error=pass bad usage passes the mail' detach-upload --on-error=pass --frobnicate <mail
same 'unchanged' mail .out
fails 75 'no message at all' detach-upload </dev/null
says 'no message' '^detach-upload: empty message on stdin$'

fails 75 'stdout is full' sh -c 'detach-upload <mail >/dev/full'
fails 75 'stdout is full, after uploads' sh -c 'detach-upload --over 0 --uploader ./up <mail >/dev/full'
fails 75 'stdout is closed' sh -c 'detach-upload <mail >&-'
{
	sh -c 'detach-upload <mail; echo $? >code' 2>err
} | true
[ "$(cat code)" = 75 ] || [ "$(cat code)" = 0 ]
result $? 'a reader that goes away is a failure, no signal'

# $TMPDIR that is not there: large mail through a pipe, and uploads to anything but a folder, need it.
fails 75 'no room for temporary files' env TMPDIR=/nowhere \
	detach-upload --over 0 --store recipe:x --uploader ./up <mail
ok 'nothing comes out' is_empty .out
make_mail 2000000 >large
fails 75 'nor for the mail' sh -c 'cat large | TMPDIR=/nowhere detach-upload'

# All of stdin is read, whatever fails.
ok 'bad usage reads the mail all the same' sh -c '{ cat large large; echo $? >"$HOME/cat"; } | detach-upload --frobnicate; [ "$(cat "$HOME/cat")" -eq 0 ]'

# No uploader beside the tool nor installed.
mkdir alone
cp "$BIN/detach-upload" alone
if [ ! -x /usr/local/bin/drop-put ]; then
	fails 75 'drop-put is missing' alone/detach-upload --over 0 <mail
	says 'drop-put is missing' 'drop-put is not installed'
fi

# Quiet, and verbose.
detach mail out --over 0 2>err
ok 'without trouble nothing is said' is_empty err
rm -rf state
detach mail out --over 0 -v 2>err
has '--verbose says every decision' err 'part 2: 3000 bytes'
rm -rf state
detach-upload --over 0 -v --uploader ./up <mail >both 2>&1
hasnt 'never into the mail, when both are one' both 'sha256 '

# What a light mail costs: one parse, one copy, no library of the network.
if command -v ltrace >/dev/null || ldd "$BIN/detach-upload" >libraries 2>/dev/null; then
	hasnt 'libcurl is not even linked' libraries 'libcurl'
fi
loads() { # NAME FILE: what the loader opens for it
	rm -rf state
	LD_DEBUG=libs LD_DEBUG_OUTPUT=$TRASH/loads.$1 detach-upload --over 0 --uploader ./up <"$2" >out && cat loads.$1.* >"$1"
}
ok 'a mail between plain addresses' loads plain mail
has 'the loader tells what it does' plain 'libc\.so'
hasnt 'is not worth loading GMime' plain 'libgmime'
sed 's/^To: .*/To: everybody: a@example.org (A), b@example.org;/' mail >group
ok 'a group with comments' loads grouped group
has 'is' grouped 'libgmime'
ok 'a light mail leaves no state' sh -c 'rm -rf state && detach-upload <mail >out && [ ! -e state ]'

done_testing
