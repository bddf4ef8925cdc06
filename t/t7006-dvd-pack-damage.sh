#!/bin/sh
# What goes wrong on the way: a damaged archive, a mail that changed, a full disk, a reader that leaves. The
# exit is never 0, and the ledger knows of nothing. And a burner that takes its time keeps nobody waiting.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl bsdtar mkfifo

make_archive || exit 99
size() { stat -c %s "$1"; }

# A block of the pack in which mails stand is damaged: the plan is good, the content is not.
cp -a A sound
flip A/pack/00000001.tpp $(($(size A/pack/00000001.tpp) / 3))
fails 65 'a damaged pack' dvd-pack -q -a A - <ids
has 'the place is named' .err 'pack 0*1'
ok 'nothing is recorded' test "$(ledger_count)" -eq 0
rm -rf A
cp -a sound A

# An attachment that is shared by mails.
blob=$(find A/blob -name '*.tpb' | head -n 1)
flip "$blob" $(($(size "$blob") / 2))
fails 65 'a damaged attachment' dvd-pack -q -a A - <ids
has 'the mail is named' .err '^dvd-pack: [0-9a-z]{16}: '
ok 'nothing is recorded' test "$(ledger_count)" -eq 0
rm "$blob"
fails 65 'a missing attachment' dvd-pack -q -a A - <ids
ok 'nothing is recorded' test "$(ledger_count)" -eq 0
rm -rf A
cp -a sound A

fails 74 'a full disk' sh -c 'dvd-pack -q -a A - <ids >/dev/full'
has 'is told' .err '^dvd-pack: stdout: cannot write: No space'
fails 74 'stdout closed' sh -c 'dvd-pack -q -a A - <ids >&-'
ok 'a reader that leaves' perl -e 'open my $p, "-|", "dvd-pack -q -a A - <ids 2>gone; echo \$? >code" or die;
	read $p, my $b, 3000; close $p; open my $c, "code" or die; exit(<$c> != 74)'
has 'is told' gone '^dvd-pack: stdout: cannot write: Broken pipe'
fails 74 'a file that may not grow' sh -c 'ulimit -f 100; dvd-pack -q -a A - <ids >short.iso'
fails 74 'no room for what is kept aside' env TMPDIR=/nonexistent dvd-pack -q -a A --plan - <ids
fails 73 'nowhere to write what is left' dvd-pack -q -a A --leftover /nonexistent/rest - <ids
ok 'after all that nothing is recorded' test "$(ledger_count)" -eq 0

# --- mailboxes that change ------------------------------------------------------------------------
mkdir -p M/cur M/new
make_mail 1 >M/cur/1120210201.M1.host:2,S
for change in 'echo x >>"$f"' 'rm "$f"' 'perl -pi -e "s/needle/noodle/" "$f"'; do
	rm -rf N fifo
	cp -a M N
	f=$(echo N/cur/*)
	perl -e 'print "x" x 70, "\n" for 1 .. 640000' >N/cur/1120210200.M0.host:2,S
	mkfifo fifo
	# The image has begun, and is held up before the second mail: the first is more than is read ahead.
	{ dvd-pack --maildir N >fifo 2>err; echo $? >code; } &
	exec 3<fifo
	dd bs=2048 count=1 <&3 >first 2>/dev/null
	eval "$change"
	cat <&3 >rest
	exec 3<&-
	wait
	ok "a mail that changed meanwhile: $change" test "$(cat code)" -ne 0
	has 'is named' err '^dvd-pack: .*M1\.host'
done

# --- a slow burner --------------------------------------------------------------------------------
# More than is read ahead.
perl -e 'srand 3; my @lines = map { join("", map { chr(33 + int rand 90) } 1 .. 70) . "\n" } 1 .. 500;
	for my $n (1 .. 6) {
		open F, ">", "big$n"; print F "Subject: big $n\n\n";
		print F $lines[rand @lines] for 1 .. 125000; close F }'
for n in 1 2 3 4 5 6; do put_dated big$n "2007-01-01T00:00:$(printf %02d $n)Z"; done >big.ids
archive-rotate -a A --seal --all
rm -f fifo
mkfifo fifo
{ dvd-pack -q -a A - <big.ids >fifo 2>err; echo $? >code; } &
exec 3<fifo
dd bs=2048 count=1 <&3 >first 2>/dev/null
make_mail 77 >late
put_dated late 2008-01-01T00:00:00Z >/dev/null
ok 'while nothing is taken, packs can be sealed' timeout 60 archive-rotate -a A --seal --all
ok 'and were' test ! -s A/journal/00000001.tpj
make_mail 78 >later
ok 'and mail arrives' timeout 60 archive-put -a A <later
cat <&3 >>first
exec 3<&-
wait
ok 'the disc is whole all the same' test "$(cat code)" -eq 0
unpack first tree
ok 'with every mail' sh -c 'cd tree && sha256sum --quiet -c manifest-sha256.txt && test "$(find data -type f | wc -l)" -eq 6'
done_testing
