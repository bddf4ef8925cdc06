#!/bin/sh
# Large mail: memory stays flat beside the mapped spool, and what is too large stays.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"
needs perl

# 115 MB: four files of 21 MB and a bit.
make_mail 21500000 21500001 21500002 21500003 >mail
size=$(wc -c <mail)
[ "$size" -gt 115000000 ]
result $? "the mail has $size bytes"

# Peak resident set of the tool alone, in KiB, without the mail that is mapped: RssAnon says it exactly, looked at
# while an uploader holds everything in place.
cat >peek <<'EOF'
#!/bin/sh
sha256sum >"$HOME/$TUBEPOST_NAME"
sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$PPID/status" >>"$HOME/anonymous"
sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$PPID/status" >>"$HOME/peak"
echo https://drop.example/x
EOF
chmod +x peek
detach-upload --uploader ./peek <mail >out 2>err
result $? 'all leave'
for n in 1 2 3 4; do
	ok "file $n arrived whole" test "$(cat f$n.bin)" = "$(content $n $((21499999 + n)) | sha256sum)"
done
ok 'the result is small' test "$(wc -c <out)" -lt 10000
most() { sort -n "$1" | tail -n 1; }
echo 'A: b' >tiny
set -- $("$HELPERS/measure" -n 1 -i tiny tool detach-upload | tail -n 1)
if [ "${4%.*}" -lt 20 ]; then
	ok "memory of its own: $(most anonymous) KiB" test "$(most anonymous)" -lt 32768
	ok "peak beside the mapped mail: $(($(most peak) - size / 1024)) KiB" test $(($(most peak) - size / 1024)) -lt 32768
	rm -rf state anonymous peak
	ok 'the same mail through a pipe' sh -c 'cat mail | detach-upload --uploader ./peek >out'
	ok "takes as little: $(most anonymous) KiB" test "$(most anonymous)" -lt 32768
else
	skip 'a sanitizer takes memory of its own' 'memory'
fi

# More than 2 GiB: a file of holes, that nobody reads twice.
{ printf 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n'
	printf 'Content-Type: image/png; name=small.png\n\nx\n--b\nContent-Type: application/x-iso9660-image; name=disc.iso\n\n'; } >huge
truncate -s 2200M huge
printf '\n--b--\n' >>huge
if [ "$(du -k huge | cut -f1)" -lt 1000 ]; then
	ok '2 GiB can be looked at' detach-upload --over 0 --dry-run <huge
	cp .out plan
	has 'the small one leaves' plan 'leaves	-	1	image/png'
	has 'the huge one stays' plan 'stays	larger than 2 GiB	[0-9]*	application/x-iso'
else
	skip 'no sparse files here' 'larger than 2 GiB'
fi

done_testing
