#!/bin/sh
# What tubepost-archive(5) says is enough: a reader written from it, sharing no code with ours, gives
# back every mail from packs and journals, and proves roots and links.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl python3 zstd

make_file attached >attached
printf '\n' >mail1
printf 'no line end' >mail2
make_mail 3 attached 76 >mail3
make_mail 4 attached 60 >mail4
make_mail 5 attached 76 | tr -d '\r' >mail5
make_mail 6 >mail6
# Larger than a block.
{ cat mail6; perl -e 'srand(7); print "line ", int(rand(1e9)), "\r\n" for 1 .. 200000'; } >mail7
make_mail 8 >mail8
for n in 1 2 3 4 5 6 7; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 8 mail3 >id8
put_at 9 mail8 >id9
"$HELPERS/seal-archive" A 1 >/dev/null
archive-rm -a A "$(cat id9)"
put_at 10 mail5 >id10
cp mail3 mail8
cp mail5 mail10
for n in 1 2 3 4 5 6 7 8 10; do
	reader A "$(cat id$n)" >back
	same "mail $n is read" back mail$n
done
fails 1 'an erased one is not' reader A "$(cat id9)"
ok 'roots and links are proven' reader A --prove
reader A --ids | awk '{ print $1 }' >theirs
cat id? | sort >ours
same 'ids are the same' theirs ours
flip A/pack/00000001.tpp 100
fails 1 'another link before does not go unseen' reader A --prove

done_testing
