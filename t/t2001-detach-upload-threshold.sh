#!/bin/sh
# What leaves: weight, size, names, holds; and what --dry-run says about it.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

make_mail 3000 2000 >mail # weight 5000

unchanged 'below the threshold the output is the input' mail --over 10k
unchanged 'at the threshold, too' mail --over 5000
leaves 'one byte above it all attachments leave' 2 mail --over 4999
unchanged 'the default threshold is 10 MiB' mail

leaves '--part-over: only those that are larger' 1 mail --over 0 --part-over 2000
leaves '--part-over: by one byte' 2 mail --over 0 --part-over 1999
has 'the larger one left' calls '^f1' # f1 and f2
unchanged '--part-over looks at each part, not at the sum' mail --over 0 --part-over 4k

size=$(wc -c <mail)
unchanged '--fit: a mail that is small enough' mail --fit "$size"
leaves '--fit: one byte too much, and the largest leaves' 1 mail --fit $((size - 1))
has 'which is f1' calls '^f1.bin '
leaves '--fit: as many as it takes' 2 mail --fit 3k
make_mail 100 200000 100 300000 100 >mail5
leaves '--fit: the fewest of many' 1 mail5 --fit 300k
has 'the largest' calls '^f4.bin '
ok '--fit: the result fits' test "$(wc -c <out)" -le 307200
leaves '--fit with --over: both must be passed' 1 mail5 --fit 300k --over 500000
unchanged '--fit with --over: not heavy enough' mail5 --fit 300k --over 600000

leaves '--only NAME' 1 mail --over 0 --only f2.bin
leaves '--only GLOB, whatever its case' 2 mail --over 0 --only '*.BIN'
leaves '--only TYPE' 2 mail --over 0 --only 'application/*'
leaves '--only /REGEX/' 1 mail --over 0 --only '/^f[2-9]\.bin$/'
leaves '--only twice' 2 mail --over 0 --only f1.bin --only f2.bin
unchanged '--only that names nothing' mail --over 0 --only '*.pdf'
leaves '--except' 1 mail --over 0 --except f1.bin
leaves '--except wins over --only' 1 mail --over 0 --only '*.bin' --except '/1/'
fails 75 'a pattern that does not compile' detach mail out --only '/(/'
ok 'and nothing comes out' is_empty out

# Expiry.
leaves 'links live for thirty days' 2 mail --over 0
has 'which the stub says' out '^ expiration="Mon, 21 Dec 2026 09:30:00 \+0000"'
leaves '--expire' 2 mail --over 0 --expire 2d
has 'is in the stub' out '^ expiration="Mon, 23 Nov 2026 09:30:00 \+0000"'
leaves '--expire at the maximum' 2 mail --over 0 --expire 60d
fails 75 '--expire above the maximum of 60 days' detach mail out --over 0 --expire 5184001s
has 'says so' .err '^detach-upload: --expire: .*drop\.max_expire'
fails 75 'also when nothing would leave' detach mail out --expire 61d
fails 75 '--expire 0' detach mail out --over 0 --expire 0
printf 'drop:\n  max_expire: 90d\n' >config
leaves 'the configuration may allow more' 2 mail --over 0 --expire 90d --config config

# Decisions.
: >calls
detach mail plan --over 0 --only f1.bin --dry-run
cat >want <<'EOF'
1	stays	text of the mail	6	text/plain	part-1.txt
2	leaves	-	3000	application/octet-stream	f1.bin
3	stays	not named by --only	2000	application/octet-stream	f2.bin
EOF
same '--dry-run says what becomes of every part' want plan
detach mail plan --over 0 --only f1.bin --dry-run --json
sed -n 3p plan >line
cat >want <<'EOF'
{"part":"3","decision":"stays","reason":"not named by --only","size":2000,"type":"application/octet-stream","name":"f2.bin"}
EOF
same '--dry-run --json is an object a line' want line
ok 'neither uploads' calls 0
fails 75 '--json alone is refused' detach mail out --json

# Every hold has a reason, in --dry-run and in the log.
while IFS='|' read -r file reason; do
	detach "$SRC/t/corpus/detach/$file.eml" plan --over 0 --dry-run
	has "$file: --dry-run says: $reason" plan "	stays	$reason	"
	detach "$SRC/t/corpus/detach/$file.eml" out --over 0 --log log
	has "$file: so does the log" log ": $reason\$"
	rm -f log
done <<'EOF'
signed|inside a signed part
encrypted|encrypted
pkcs7|encrypted
inline-pgp|OpenPGP block in the text
report|part of a delivery report
partial|fragment of a message
calendar|calendar data
related|shown inside the text
one-click|list mail with one-click unsubscribe
dkim|signed by DKIM already
EOF
unchanged 'foreign DKIM: skipped' "$SRC/t/corpus/detach/dkim.eml" --over 0
printf 'detach:\n  foreign_dkim: detach\n' >config
leaves 'foreign DKIM: detached when asked for' 1 "$SRC/t/corpus/detach/dkim.eml" --over 0 --config config

# Crowds.
awk 'BEGIN { print "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n"
	for (i = 0; i < 201; i++) print "--b\nContent-Type: image/png; name=x.png\n\nx"
	print "--b--" }' </dev/null >crowd
unchanged 'more attachments than detach.max_files: the mail passes' crowd --over 0
detach crowd out --over 0 --log log
has 'and the log says why' log 'nothing leaves: more attachments than detach.max_files$'
ok 'in one line' test "$(wc -l <log)" -eq 1
printf 'detach:\n  max_files: 201\n' >config
rm -rf state
ok 'which is a setting' detach crowd out --over 0 --config config
ok 'equal files are uploaded once' calls 1
ok 'and each has its stub' test "$(grep -c '^X-Tubepost-Seal' out)" -eq 201

done_testing
