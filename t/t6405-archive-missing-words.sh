#!/bin/sh
# What the tools say when a part of the archive is not there: the truth, and not "there is none".
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3 4; do
	make_mail $n >mail$n
	put_at $n mail$n >id$n
	if [ $n -lt 4 ]; then "$HELPERS/seal-archive" A 1 >/dev/null; fi
done

# --- a pack --------------------------------------------------------------------------------------

ok 'one is erased' archive-rm -a A "$(cat id4)"
mv A/pack/00000001.tpp away
fails 65 'archive-get of what was in a missing pack' archive-get -a A "$(cat id1)"
has 'says which is missing' .err "^archive-get: $(cat id1): not found, and pack 00000001 is missing\$"
ok 'what is there comes' archive-get -a A "$(cat id2)"
fails 1 'what was erased' archive-get -a A "$(cat id4)"
has 'was erased' .err 'was erased on '
fails 65 'archive-find without a match' archive-find -a A --from sender1@
has 'says it' .err 'pack 00000001 is missing'
fails 65 'with one' archive-find -a A
has 'says it, too' .err 'pack 00000001 is missing'
[ "$(wc -l <.out)" -eq 2 ]
result $? 'and lists what there is'
fails 65 'a count' archive-find -a A --count
fails 65 'archive-rm of what was in it' archive-rm -a A "$(cat id1)"
has 'says it' .err "archive-rm: $(cat id1): not found, and pack 00000001 is missing\$"
fails 65 'archive-rotate' archive-rotate -a A
has 'says it' .err 'pack 00000001 is missing'
ok 'mail is put all the same' put_at 5 mail1
mv away A/pack/00000001.tpp
ok 'it is back' archive-get -a A "$(cat id1)"
fails 1 'what never was' archive-get -a A 0123456789abcdef
has 'is not in the archive' .err 'not in the archive'

# --- what was erased -----------------------------------------------------------------------------

ok 'another is erased' archive-rm -a A --actor ann "$(cat id2)"
for n in 2 4; do
	fails 1 'once more' archive-rm -a A "$(cat id$n)"
	has 'says when and by whom' .err "$(cat id$n): was erased on 20.* by "
done
printf '' >empty
fails 1 'archive-rm of no ids' archive-rm -a A - <empty
has 'says so' .err 'no ids'
fails 1 'as archive-get does' archive-get -a A - <empty

# --- the file format -----------------------------------------------------------------------------

mv A/format away
for tool in archive-find archive-check archive-rotate; do
	fails 65 "$tool without 'format'" $tool -a A
	has 'says what is missing' .err "archive A: its file 'format' is missing"
done
fails 75 'archive-put' archive-put -a A <mail3
has 'says it as well' .err "archive A: its file 'format' is missing"
mv away A/format
ok 'with it' archive-check -a A
mkdir none
fails 66 'an empty folder is no archive' archive-find -a none
has 'as before' .err 'there is none'

# --- imports -------------------------------------------------------------------------------------

mkfifo pipe
archive-put -a A --mbox pipe >.out 2>.err &
put=$!
for _ in $(seq 100); do
	kill -0 $put 2>/dev/null || break
	sleep 0.1
done
kill $put 2>/dev/null
has 'a pipe with a name is refused at once' .err 'pipe: a named pipe'
{ printf 'From a@b.example Thu Jul  1 08:00:00 2004\n' && cat mail3 && echo; } >mbox
cat mbox | archive-put -a I --mbox /dev/stdin >.out 2>.err
has 'one that is given is read' .out '^1 stored'
rm -rf I
ok 'a quiet import' archive-put -a I -q --mbox mbox
same 'says nothing' .out empty
ok 'and stores' [ "$(archive-find -a I --count)" = 1 ]

done_testing
