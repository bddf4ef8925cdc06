#!/bin/sh
# What goes wrong behind the first megabytes of an image, in mails that are read ahead of the one that is
# written: the exit is not 0, the ledger knows of nothing, the mail is named. And readers that leave, and disks
# that are full, behind the first megabytes as well.
OWN_MOUNTS=yes
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl mkfifo python3 zstd

# Five packs of ten mails, 2 MB each, the last mail of each with a file. Whether the reader meets the damage
# before anything was written is left to chance.
pack() { # NUMBER
	rm -rf md && mkdir -p md/new md/cur
	perl -MMIME::Base64 -e '
		my ($pack) = @ARGV;
		srand $pack;
		for my $i (0 .. 9) {
			open my $f, ">", sprintf "md/cur/%d.M%d.host:2,", 1120176000 + 3600 * $pack + $i, $i or die;
			print $f "From: a\@b.example\nSubject: pack $pack number $i\n";
			if ($i == 9) {
				print $f "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n",
					encode_base64(join "", map { chr rand 256 } 1 .. 150000);
				next;
			}
			print $f "\n";
			print $f join("", map { chr(33 + rand 90) } 1 .. 70), "\n" for 1 .. 3000;
		}' "$1"
	archive-put -a A --maildir md >/dev/null && archive-rotate -a A --seal --all
}
for n in 1 2 3 4 5; do pack $n || exit 99; done
archive-find -a A --ids --reverse --limit 100 >ids
[ "$(wc -l <ids)" -eq 50 ] && [ -e A/pack/00000005.tpp ] || exit 99
tail -n 10 ids >of.last
cp -a A sound
dvd-pack -q -a A --serial KWRTPM - <ids >good.iso || exit 99
fresh() {
	rm -rf A
	cp -a sound A
}
size() { stat -c %s "$1"; }
# NAME: the line in `said` names a mail of the list, and there is one line
names() {
	sed -n 's/^dvd-pack: \([0-9a-z]\{16\}\)[: ].*/\1/p' said >named
	[ "$(wc -l <said)" -eq 1 ] && [ -s named ] && grep -qxF -f named "$1"
}
nothing_recorded() { [ "$(ledger_count)" -eq 0 ] && ! grep -q '"event":"made"' A/events.log 2>/dev/null; }
LAST=A/pack/00000005.tpp

# --- damage that was there before ------------------------------------------------------------------
for part in 10 50 90; do
	fresh
	flip $LAST $(($(size $LAST) * part / 100))
	fails 65 "the last pack damaged at $part %" dvd-pack -q -a A --serial KWRTPM - <ids
	cp .err said
	cp .out part.iso
	ok '  a mail of it is named' names of.last
	has '  and the place' said 'pack 0*5'
	ok '  what came out is not whole' test "$(size part.iso)" -lt "$(size good.iso)"
	ok '  and right as far as it goes' cmp -n "$(size part.iso)" part.iso good.iso
	ok '  nothing is recorded' nothing_recorded
done

# What only the mails' own hashes tell: other bytes in a pack whose checksums are all right. Some mails lie in
# one batch of what is read ahead, some in two.
ok 'a pack is forged' python3 "$SRC/t/helper/forge-pack.py" sound/pack/00000005.tpp 'no such text' 'no such word'
fresh
ok 'in which nothing changed' dvd-pack -q -a A --serial KWRTPM - <ids
same '  is as good' .out good.iso
for i in 0 4 8; do
	fresh
	python3 "$SRC/t/helper/forge-pack.py" $LAST "pack 5 number $i" "pack 5 numbed $i" >forged
	fails 65 "mail $i of the last pack forged" dvd-pack -q -a A --serial KWRTPM - <ids
	cp .err said
	cp .out part.iso
	sed -n "$((41 + i))p" ids >of.this
	ok '  it was in there once' grep -qx 1 forged
	ok '  it is named' names of.this
	has '  and why' said 'the bytes are not those that came'
	ok '  no byte of it was written' sh -c '! grep -qa "numbed" part.iso'
	ok '  what came before it is right' cmp -n "$(size part.iso)" part.iso good.iso
	ok '  nothing is recorded' nothing_recorded
done

# A file of one mail in place of another's: each is whole, and is not what this mail came with.
ids_with_file=$(archive-find -a sound --ids --reverse 'number 9' --limit 100)
fresh
set -- A/blob/*/*.tpb
[ $# -eq 5 ] && cp "$1" "$2"
result $? 'five attachments, of which two are now the same'
fails 65 'another attachment of the same length' dvd-pack -q -a A - <ids
cp .err said
echo "$ids_with_file" >of.files
ok '  a mail with a file is named' names of.files
ok '  nothing is recorded' nothing_recorded

# --- damage on the way -------------------------------------------------------------------------------
# The image has begun and is held up; then something happens to the last pack.
meanwhile() { # WHAT COMMAND...
	_what=$1
	shift
	fresh
	rm -f fifo code
	mkfifo fifo
	{ dvd-pack -q -a A --serial KWRTPM - <ids >fifo 2>said; echo $? >code; } &
	exec 3<fifo
	dd bs=2048 count=1 <&3 >part.iso 2>/dev/null
	"$@"
	cat <&3 >>part.iso
	exec 3<&-
	wait
	if [ "$(cat code)" -eq 0 ]; then
		# It was open already, or read.
		cmp part.iso good.iso
		result $? "$_what, which does no harm any more"
		return
	fi
	case $(cat code) in 65 | 66 | 74) true ;; *) false ;; esac
	result $? "$_what: exit $(cat code)"
	ok '  a mail of it is named' grep -qF -f of.last said
	ok '  what came before it is right' cmp -n "$(size part.iso)" part.iso good.iso
	ok '  nothing is recorded' nothing_recorded
}
vanishes() { rm $LAST; }
is_cut() { truncate -s 100000 $LAST; }
is_emptied() { truncate -s 0 $LAST; }
is_zeros() { head -c "$(size $LAST)" /dev/zero 1<>$LAST; }
is_no_file() { rm $LAST && mkdir $LAST; }
is_flipped() { flip $LAST $(($(size $LAST) / 2)); }
meanwhile 'a pack that vanishes' vanishes
meanwhile 'a pack that is cut' is_cut
meanwhile 'a pack that is emptied' is_emptied
meanwhile 'a pack that becomes zeros' is_zeros
meanwhile 'a pack that cannot be read' is_no_file
meanwhile 'a flipped bit' is_flipped
erased() { archive-rm -a A --reason test "$(tail -n 1 ids)" >/dev/null; }
meanwhile 'a mail that is erased' erased
ok '  which is told at the latest when the image is there' [ "$(cat code)" -eq 65 ]

# --- readers that leave, disks that are full ---------------------------------------------------------
fresh
{ dvd-pack -q -a A - <ids 2>said; echo $? >code; } | head -c 1M >first
[ "$(cat code)" -eq 74 ]
result $? 'a reader that has had a megabyte'
has '  is told of' said '^dvd-pack: stdout: cannot write: Broken pipe$'
ok '  in a line' test "$(wc -l <said)" -eq 1
ok '  nothing is recorded' nothing_recorded
mkdir small
if mount -t tmpfs -o size=3m tmpfs small 2>/dev/null; then
	on_exit "umount $TRASH/small"
	fails 74 'a disk that becomes full' sh -c 'dvd-pack -q -a A - <ids >small/image'
	cp .err said
	has '  is told of' said '^dvd-pack: stdout: cannot write: No space left on device$'
	ok '  nothing is recorded' nothing_recorded
	fails 74 'no room for what is kept aside' env TMPDIR="$TRASH/small" sh -c 'dvd-pack -q -a A - <ids >image'
	ok '  nothing is recorded' nothing_recorded
	umount small
else
	skip 'nothing can be mounted here' 'a disk that becomes full'
fi
ok 'after all that the disc is made' dvd-pack -q -a A --serial KWRTPM - <ids
same 'as it would have been' .out good.iso
done_testing
