#!/bin/sh
# Real mail: six thousand messages and MimeKit's torture tests. Below the threshold every byte comes through both
# filters; with everything leaving, each result is judged by another MIME parser.

. "${0%/*}/test-lib.sh"
needs zstd python3
[ -d "$SHARED/corpora" ] || skip_all "../shared/corpora is not here"

mkdir corpus out wrapped
for pack in "$SHARED"/corpora/*.tar.zst; do
	zstd -dcq "$pack" | tar -x -C corpus || exit 99
done
# also our own, and the mbox files as the one message that each also is
find corpus "$SRC/t/corpus" -type f -size +0 >list
n=$(wc -l <list)

cat >through <<'EOF'
#!/bin/sh
for mail; do
	detach-upload --over 1G <"$mail" >"out/$$" && link-inject <"out/$$" | cmp -s - "$mail" || echo "$mail"
done
rm -f "out/$$"
EOF
tr '\n' '\0' <list | xargs -0 -P 2 -n 200 sh through >changed 2>complaints
ok "$n messages pass detach-upload --over 1G | link-inject to the byte" test ! -s changed
head -n 5 changed complaints | sed 's/^/# /'

ok 'with --over 0 every message is rewritten, and proven' "$HELPERS/detach-all" out <list
grep . .out >left
ok 'from some of them something leaves' test "$(wc -l <left)" -ge 40
ok 'another parser finds what was intended, and no other byte changed' \
	python3 "$SRC/t/helper/detach-judge.py" out <left
cp .out verdict
sed 's/^/# /' verdict
ok 'signed mail is wrapped, and proven' "$HELPERS/detach-all" wrapped wrap <list
ok 'from more of them' test "$(wc -l <.out)" -gt "$(wc -l <left)"

# The tool itself on those.
while read -r number mail; do
	detach-upload --over 0 --uploader 'echo https://drop.example/x' <"$mail" >out/tool 2>>complaints || echo "$mail"
	detach-upload --over 0 --dry-run <"$mail" | grep -q '	leaves	\|signed by DKIM' || echo "$mail: dry run"
done <left >failed
ok 'the tool does the same' test ! -s failed
head -n 5 failed complaints | sed 's/^/# /'

done_testing
