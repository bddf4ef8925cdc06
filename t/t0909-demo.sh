#!/bin/sh
# share/demo, which `./bootstrap demo` shows after the build, runs to its end: it compares all that it
# shows, and its exit code says whether it held.
. "${0%/*}/test-lib.sh"

needs bash perl curl sha256sum
perl -MCompress::Zlib -e 1 2>/dev/null || skip_all 'perl has no Compress::Zlib'
[ -d /usr/share/common-licenses ] || skip_all 'there are no licences here to send'
unset TUBEPOST_STATE
ok 'the demo runs' env TUBEPOST_BUILD="$BUILD" "$SRC/share/demo"
cp .out said
has 'it names a link' said 'file://.*/store/t/'
has 'and an id' said '^  [0-9a-z]{16}$'
has 'what was put is what was sent, four times' said 'identical'
ok 'each' test "$(grep -c '^  identical$' said)" -eq 4
has 'it is content' said '^All well:'

done_testing
