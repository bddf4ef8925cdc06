#!/bin/sh
# Erasing while a disc is made: one of the two learns of the other. And archive-rm tells which discs
# have what it erases.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

mkdir A
echo 'size: 1GB' >A/archive.yaml
perl -e 'srand(5); print chr(rand(256)) for 1 .. 3000000' >large
for n in 1 2 3; do
	make_mail $n large >mail$n
	put_at $n mail$n >id$n
done
"$HELPERS/seal-archive" A 1 >/dev/null
make_mail 4 >mail4
put_at 0 mail4 >id4 # in a journal, and the first on a disc
cat id4 id1 id2 id3 >ids
cp -a A whole
dvd-pack -q -a A --serial ABCDEF --medium 32MB - <ids >image || exit 99
size=$(wc -c <image)

# --- while the image is written -------------------------------------------------------------------

# Nobody reads the end of the image until the mail is erased.
erase_meanwhile() { # N
	rm -rf A fifo && cp -a whole A && mkfifo fifo
	dvd-pack -a A --serial ABCDEF --medium 32MB - <ids >fifo 2>.err &
	_pid=$!
	exec 3<fifo
	head -c $((size - 200000)) <&3 >image
	archive-rm -q -a A "$(cat id"$1")" >/dev/null 2>&1 || return 1
	cat <&3 >>image
	exec 3<&-
	wait "$_pid"
}
for n in 1 4; do
	erase_meanwhile $n
	[ $? -eq 65 ]
	result $? "mail $n is erased while the image is written"
	has '  it is named' .err "^dvd-pack: $(cat id$n): was erased"
	has '  the image is not to be burnt' .err '1 mail.* erased meanwhile: do not burn it'
	fails 1 '  the ledger knows no such disc' dvd-list -a A ABCDEF
	hasnt '  nor does the log' A/events.log '"made"'
done

# --- on a disc already ----------------------------------------------------------------------------

rm -rf A && cp -a whole A
dvd-pack -q -a A --serial ABCDEF --medium 32MB - <ids >image || exit 99
head -n 3 ids | dvd-pack -q -a A --serial BCDEFG --medium 32MB - >two || exit 99
dvd-list -a A lost BCDEFG
ok 'erasing what is on discs' archive-rm -a A "$(cat id2)"
has 'says on which' .err "$(cat id2): it is on disc ABCDEF \(made\), as data/2005/07/[^ ]*matter-2"
has 'lost ones are among them' .err "$(cat id2): it is on disc BCDEFG \(lost\), as "
ok 'and erases it' eval 'archive-get -a A "$(cat id2)" >out 2>err; [ $? -eq 1 ]'
make_mail 9 >mail9
put_at 9 mail9 >id9
ok 'what is on no disc' archive-rm -a A "$(cat id9)"
hasnt 'has none named' .err 'disc'
: >A/disc/00000002.tpd
ok 'a disc of which nothing is known' archive-rm -a A "$(cat id1)"
has 'is told of' .err 'whether a disc has it cannot be told: .*00000002.tpd'
has 'beside one that has it' .err "$(cat id1): it is on disc ABCDEF"

done_testing
