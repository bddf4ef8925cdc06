#!/bin/sh
# One upload for one file, however often and however many at once the mail is delivered.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

make_mail 3000 2000 1000 >mail
ok 'the first delivery' detach mail out1 --over 0
ok 'uploads three' calls 3
ok 'the second' detach mail out2 --over 0
ok 'uploads nothing' calls 3
same 'and gives the same mail' out1 out2
TUBEPOST_NOW=2026-12-01T00:00:00Z ok 'ten days later' detach mail out3 --over 0
ok 'the link lives long enough' calls 3
TUBEPOST_NOW=2026-12-10T00:00:00Z ok 'nineteen days later' detach mail out3 --over 0
ok 'it does not' calls 6

sed 's/^Message-ID:.*/Message-ID: <another@example.org>/' mail >another
: >calls
ok 'another mail with the same files' detach another out --over 0
ok 'gets links of its own' calls 3
ok 'as does another life' detach mail out --over 0 --expire 5d
ok '(three more)' calls 6
sed '/^Message-ID/d' mail >anonymous
: >calls
ok 'without Message-ID' detach anonymous out --over 0
ok 'delivered again' detach anonymous out --over 0
ok 'it is known all the same' calls 3
awk 'BEGIN { printf "Message-ID: <"; for (i = 0; i < 300000; i++) printf "xxxxxxx\n "; print ">" }' </dev/null >endless
sed '/^Message-ID/d' mail >>endless
: >calls
ok 'a Message-ID of two megabytes' detach endless out --over 0
ok 'is one, too' detach endless out --over 0
ok '(three uploads)' calls 3

# Many at once.
rm -rf state
: >calls
pids=
for i in 1 2 3 4 5 6; do
	detach mail "out.$i" --over 0 2>"err.$i" &
	pids="$pids $!"
done
bad=0
for pid in $pids; do wait "$pid" || bad=1; done
ok 'six deliveries at once' test $bad -eq 0
ok 'upload each file once' calls 3
for i in 2 3 4 5 6; do cmp -s out.1 "out.$i" || bad=1; done
ok 'and all give the same mail' test $bad -eq 0

# Half of it fails: what succeeded is not done again, whatever fails beside it, and in whatever order.
cat >half <<'EOF'
#!/bin/sh
if [ "$TUBEPOST_NAME" = f2.bin ] && [ ! -e "$HOME/mended" ]; then exit 1; fi
[ "$TUBEPOST_NAME" != f3.bin ] || sleep 0.3
exec "$HOME/up"
EOF
chmod +x half
rm -rf state
: >calls
fails 75 'one of three fails' detach-upload --over 0 --uploader ./half <mail
ok 'nothing comes out' is_empty .out
ok 'the others were let finish' calls 2
: >mended
ok 'tried again' detach-upload --over 0 --uploader ./half <mail
ok 'only the missing one is uploaded' calls 3
has 'that one' calls '^f2.bin '

# Killed half way.
cat >slow <<'EOF'
#!/bin/sh
if [ "$TUBEPOST_NAME" = f3.bin ] && [ ! -e "$HOME/quick" ]; then : >"$HOME/waiting"; exec sleep 300; fi
exec "$HOME/up"
EOF
chmod +x slow
rm -rf state waiting
: >calls
detach-upload --over 0 --jobs 1 --uploader ./slow <mail >out 2>err &
pid=$!
for i in $(seq 200); do [ -e waiting ] && break; sleep 0.05; done
kill -KILL $pid
wait $pid 2>/dev/null
: >quick
ok 'after a kill -9' detach-upload --over 0 --jobs 1 --uploader ./slow <mail
ok 'the finished ones are known' calls 3

# Nobody can guess.
hasnt 'keys are not digests of the files' calls "^[^ ]* ([0-9a-f]{64}) \\1"
ok 'the secret is for us alone' test "$(stat -c %a state/secret)" = 600

# State that cannot be.
: >file
fails 75 'a state folder that cannot be made' env TUBEPOST_STATE="$TRASH/file/state" detach-upload --over 0 --uploader ./up <mail
ok 'nothing comes out' is_empty .out
ok 'a light mail needs no state' env TUBEPOST_STATE="$TRASH/file/state" detach-upload --uploader ./up <mail
same 'and passes' mail .out
mkdir broken
echo 'no database' >broken/ledger.db
: >calls
TUBEPOST_STATE=$TRASH/broken
ok 'a ledger that is none holds no mail up' detach mail out --over 0
has 'it is set aside, and the log says so' .err \
	'^detach-upload: .*/broken/ledger\.db: file is not a database; set aside as .*/broken/ledger\.db\.damaged-[0-9]{8}T[0-9]{6}Z, and a new ledger begins: files that are already uploaded may be uploaded again$'
ok 'in one line' test "$(wc -l <.err)" -eq 1
echo 'no database' >want
same 'nothing of it is lost' "$(ls broken/ledger.db.damaged-*Z)" want
ok 'delivered again' detach mail out2 --over 0
ok 'the new one is silent' is_empty .err
ok 'and knows' calls 3
same 'the mail' out out2
TUBEPOST_STATE=$TRASH/state

# Where the place of an upload follows from its key, the links are those that were given.
ok 'into a folder' detach-upload --over 0 --store "dir:$TRASH/drop" --base-url https://drop.example <mail
mv .out first
echo 'no database' >state/ledger.db
rm -f state/ledger.db-*
ok 'into a folder, the ledger damaged since' detach-upload --over 0 --store "dir:$TRASH/drop" --base-url https://drop.example <mail
same 'gives the same links' .out first
mkdir -p odd && echo 'no secret' >odd/secret && chmod 600 odd/secret
fails 75 'a secret that is none' env TUBEPOST_STATE="$TRASH/odd" detach-upload --over 0 --uploader ./up <mail
hasnt 'is not told' .err 'no secret'

# Nothing of the mail in the log.
make_mail 3000 | sed 's/f1\.bin/confidential.pdf/; s/^Subject: files/Subject: classified/' >mail
rm -rf state
detach mail out --over 0 --log log
has 'the log says what was uploaded' log 'part 2: 3000 bytes, sha256 [0-9a-f]{64}: uploaded$'
detach mail out --over 0 --log log
has 'and what was known' log 'link known from an earlier run$'
hasnt 'but nothing that the mail says' log 'confidential|classified|ada@|bob@|Hello|drop\.example'

done_testing
