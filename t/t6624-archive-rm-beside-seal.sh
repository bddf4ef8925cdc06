#!/bin/sh
# Nobody who erases waits until a sealer has compressed, and what is erased meanwhile is neither in
# the pack nor in what the sealer had made so far.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl timeout flock

# Some megabytes, so that compressing takes a while.
for n in 1 2 3 4 5 6; do
	{ make_mail $n; perl -e 'srand($ARGV[0]); print "line ", join(" ", map { int(rand(1e7)) } 1 .. 6), "\r\n" for 1 .. 20000' $n; } >mail$n
	put_at $n mail$n >id$n
done
make_file needle-own >own
make_mail 7 own >mail7
put_at 7 mail7 >id7

# A sealer that was stopped while it compresses. One that came to its end first is no failure of ours.
stopped() {
	fresh
	"$HELPERS/seal-archive" A 19 >sealed 2>&1 &
	sealer=$!
	until [ -e A/pack/00000001.tpp ]; do
		if ls A/pack/*.seal >/dev/null 2>&1 && flock -n A/seal.lock true; then
			kill -STOP $sealer
			flock -n A/seal.lock true && ls A/pack/*.seal >/dev/null 2>&1 && return 0
			kill -CONT $sealer
		fi
	done
	wait $sealer
	return 1
}
cp -a A whole
try=1
until stopped || [ $try -eq 5 ]; do try=$((try + 1)); done
[ ! -e A/pack/00000001.tpp ] || skip_all 'sealing is too quick to be stopped'
ok 'one is erased while its journal is being sealed' \
	timeout 60 archive-rm -a A "$(cat id3)"
ok 'and one with an attachment' timeout 60 archive-rm -a A "$(cat id7)"
ok 'nothing is left in what the sealer made' eval 'holds_not needle-body-3 && holds_not needle-own'
ok 'a rotation goes on, too' timeout 60 archive-rotate -a A
archive-put -a A <mail7 >id8
kill -CONT $sealer
wait $sealer
result $? 'the sealer comes to its end'
ls A/pack >packs
echo 00000001.tpp >expected
same 'with a pack' packs expected
ok 'in which nothing of the erased is' eval 'holds_not needle-body-3 && holds_not sender3@'
for n in 1 2 4 5 6; do
	archive-get -a A "$(cat id$n)" >back && cmp -s back mail$n
	result $? "mail $n comes back"
done
archive-get -a A "$(cat id8)" >back && cmp -s back mail7
result $? 'and the one that came in between'
fails 1 'the erased one does not' archive-get -a A "$(cat id3)"
ok 'all is well' archive-check -a A

# One that died while he compressed.
stopped || true
[ -e A/pack/00000001.tpp ] || kill -KILL $sealer
wait $sealer 2>/dev/null
ok 'one is erased after him' archive-rm -a A "$(cat id3)"
ok 'nothing is left' eval 'holds_not needle-body-3 && ! ls A/pack/*.seal'
ok 'the next one seals' "$HELPERS/seal-archive" A 1
ok 'all is well' archive-check -a A

done_testing
