#!/bin/sh
# A pack that is not there today (a disk that is not mounted, a copy not restored yet) costs nobody an
# attachment: whatever asks who uses one asks first whether all packs are there, and says which is not.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

attachments() { find A/blob -type f | wc -l; }

make_file shared >file
make_mail 1 file >mail1
make_mail 2 file 60 >mail2
for n in 1 2; do
	put_at $n mail$n >id$n
	"$HELPERS/seal-archive" A 1 >/dev/null
done
cp -a A whole

# --- archive-rm ----------------------------------------------------------------------------------

mv A/pack/00000002.tpp away
fails 65 'erasing while a pack is missing' archive-rm -a A "$(cat id1)"
has 'keeps attachments, and says why' .err 'attachments are kept.*pack 00000002 is missing'
ok 'the mail is erased' holds_not needle-body-1
fails 65 'a rotation' archive-rotate -a A
has 'says so, too' .err 'pack 00000002 is missing'
mv away A/pack/00000002.tpp
ok 'the pack is back: its mail has its attachment' comes_back 2
ok 'all is well' archive-check -a A
ok 'once all are there, the last who uses it' archive-rm -a A "$(cat id2)"
ok 'takes it along' holds_not shared

# One that nobody needs any more stays no longer than the pack is away.
fresh
ok 'the first' archive-rm -a A "$(cat id1)"
put_at 3 mail1 >id3 && "$HELPERS/seal-archive" A 1 >/dev/null
mv A/pack/00000003.tpp away
fails 65 'an erasure without the third' archive-rm -a A "$(cat id2)"
mv away A/pack/00000003.tpp
ok 'the third comes back' eval 'archive-get -a A "$(cat id3)" | cmp - mail1'
ok 'and is erased' archive-rm -a A "$(cat id3)"
[ "$(attachments)" -eq 0 ]
result $? 'with the attachment of all three'
fresh
mv A/pack/00000002.tpp away
fails 65 'kept' archive-rm -a A "$(cat id1)"
mv away A/pack/00000002.tpp
make_mail 4 >mail4
ok 'who used it last goes while all are there' archive-rm -a A "$(cat id2)"
ok 'nothing is left of it' holds_not shared

# --- archive-rotate ------------------------------------------------------------------------------

# Four mails of 900 kB; the first two share theirs. Room for little, so that old ones are erased.
big() { # MARK
	perl -e 'srand(unpack("%32C*", $ARGV[0])); print $ARGV[0], pack("N*", map { int(rand(2**32)) } 1 .. 225000)' "$1"
}
rm -rf A && mkdir A
printf 'size: 10KB\ndisc: 1MiB\nsubscribe: no\n' >A/archive.yaml
big one >big1 && big three >big3 && big four >big4
make_mail 1 big1 >mail1
make_mail 2 big1 60 >mail2
make_mail 3 big3 >mail3
make_mail 4 big4 >mail4
for n in 1 2 3 4; do
	put_at $n mail$n >id$n
	if [ $n -ge 3 ]; then mv A/*/00000002.tpp away; fi
	archive-rotate -a A --all >out$n 2>err$n
	echo $? >code$n
	if [ $n -ge 3 ]; then mv away A/pack/00000002.tpp; fi
done
echo 65 >expected
same 'a rotation without the second pack fails' code3 expected
same 'each of them' code4 expected
has 'and says why' err4 'nothing is erased nor offered: pack 00000002 is missing'
ok 'the second has its attachment' comes_back 2
mv A/*/00000002.tpp away
fails 65 'a trial says it as well' archive-rotate -a A --dry-run
mv away A/pack/00000002.tpp
ok 'all is well' archive-check -a A
ok 'with all of them there' archive-rotate -a A
has 'the oldest are erased' .out '^erased'
ok 'all is well' archive-check -a A

done_testing
