#!/bin/sh
# The way of a disc that tubepost-recipes(7), "Discs", tells works, word for word as a reader of the page sees
# it: the notice, the answer, the image, its error correction, burning, reading back, the mails that leave and
# are found, a disc that is hard to read. A file is the drive; nothing else is another word. Only dvdisaster's
# reading of a damaged disc wants a real drive: dd reads the file in its place.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-disc.sh"
needs perl mandoc xorriso dvdisaster bsdtar openssl bash
[ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -gt 4000000 ] || skip_all 'less than 4 GB are free'

# What is indented in the page is to be typed. Blocks are numbered.
mandoc -Tascii -O width=200 "$SRC/man/tubepost-recipes.7" | perl -ne '
	s/.\x08//g;
	$in = 1, next if /^DISCS$/;
	$in = 0 if $in && /^\S/;
	next unless $in;
	if (/^ {11}(.*)/) {
		++$n, open F, ">", "block.$n" unless $open;
		$open = 1;
		print F "$1\n";
	} elsif (/\S/) {
		$open = 0;
		print;
	}' >text
set -- block.*
ok 'the page has seven things to type' test $# -eq 7
sed -i "s|/dev/sr0|$TRASH/drive|g" block.*
run() { # NUMBER
	bash -e -o pipefail "block.$1"
}
line() { # BLOCK PATTERN: the line of it, run
	grep -- "$2" "block.$1" >line && [ "$(wc -l <line)" -eq 1 ] && bash -e -o pipefail line
}

# --- an archive whose cellar can fill a disc -------------------------------------------------------
A=$TUBEPOST_STATE/archive
mkdir -p "$A"
pack() { # NUMBER
	rm -rf md && mkdir -p md/new md/cur
	perl -e '
		my ($pack) = @ARGV;
		srand $pack;
		for my $i (0 .. 39) {
			open my $f, ">", sprintf "md/cur/%d.M%d.host:2,", 1120176000 + 3600 * $pack + $i, $i or die;
			print $f "From: a\@b.example\nSubject: pack $pack number $i\n\n";
			print $f join("", map { chr(33 + rand 90) } 1 .. 70), "\n" for 1 .. 240;
		}' "$1"
	archive-put --maildir md >/dev/null && archive-rotate --seal --all
}
echo 'disc: 1GB' >"$A/archive.yaml"
pack 1 && pack 2 && pack 3 || exit 99
archive-find --ids --limit 100 --reverse 'pack 1' >of.first
archive-get --mbox - <of.first >before
printf '%s\n' 'size: 1kB' 'disc: 1.2MB' 'contact: ann@example.org' 'sender: archive@example.org' >"$A/archive.yaml"
cellar() { find "$A/cellar" -name '*.tpp' | wc -l; }

# --- the night ---------------------------------------------------------------------------------------
mkdir bin
printf '#!/bin/sh\n[ "$*" = -t ] && cat >>"%s/sent"\n' "$TRASH" >bin/sendmail
chmod +x bin/sendmail
PATH=$TRASH/bin:$PATH
sed 's/^30 3 \* \* \*  //' block.1 >night
hasnt 'the line of crontab' night '^[0-9*]'
ok '  has no percent sign' sh -c '! grep -q % night'
ok '  works' sh night
has 'a mail is sent' sent '^To: <ann@example.org>'
ok 'the cellar has two packs' test "$(cellar)" -eq 2
mv sent first
sh night >said 2>&1
ok 'the next night has nothing to say' test ! -s said -a ! -e sent

# --- the answer, the image ---------------------------------------------------------------------------
ok 'accepted, and packed' run 2
cp .err said
same 'the ids are those of the oldest pack' ids of.first
size=$(wc -c <disc.iso)
ok 'nothing is left over' test -e rest -a ! -s rest
has 'the plan has room for error correction' said '^dvd-pack: ecc 20$'
cp -a "$A" whole

ok 'augmented' run 3
ok '  to the size of a medium' test "$(sectors_of disc.iso)" -gt 350000 -a "$(sectors_of disc.iso)" -le 359424

# --- burnt, read back, sent --------------------------------------------------------------------------
: >drive
ok 'burnt' line 4 xorriso
ok '  what was burnt is the image' cmp -n "$(wc -c <disc.iso)" drive disc.iso
state() { dvd-list TEKLAM | cut -f2; }
for step in burnt verify shipped received; do
	ok "$step" line 4 "dvd-list $step"
	ok "  is what the ledger says" test "$(state)" = "$(echo $step | sed 's/verify/verified/')"
done
ok 'these were all lines' test "$(wc -l <block.4)" -eq 5
ok 'its pack has left the cellar' test "$(cellar)" -eq 1

# --- found afterwards --------------------------------------------------------------------------------
grep -o "archive-find --tier disc" text >find
ok 'the page says how' test "$(wc -l <find)" -eq 1
sed 's/$/ --limit 100 --reverse/' find >line
ok 'the mails are found' bash line
cut -f1 .out | sort | cmp - ids
result $? '  each of them'
ok '  with the serial of their disc' test "$(grep -c '	disc TEKLAM$' .out)" -eq 40
id=$(head -n 1 ids)
fails 69 'one is asked for' archive-get "$id"
path=$(sed -n "s/^archive-get: $id: it is on disc TEKLAM, as //p" .err)
unpack drive tree
archive-get -a whole "$id" >mail
same '  it is on the disc under that name' "tree/$path" mail
ok '  all are there' sh -c 'cd tree && sha256sum --quiet -c manifest-sha256.txt'

# --- hard to read --------------------------------------------------------------------------------------
perl -e 'open F, "+<", "drive"; seek F, 2048 * 60, 0; print F "\0" x (2048 * 40)'
fails 65 'a damaged disc' dvd-list verify TEKLAM drive
grep -c . .out >faults
ok '  of which mails are named' test "$(cat faults)" -gt 1
ok 'the page rescues it to a file' grep -qx "dvdisaster -d $TRASH/drive -r -i rescued.iso" block.6
ok '  which dd does here' dd if=drive of=rescued.iso bs=1M status=none
grep -x 'dvdisaster -i rescued.iso -f' block.6 >line
# It takes the sectors of all 255 layers in order, and minutes for those of a whole CD. Ours are the first.
bash -c "exec $(cat line)" >mended 2>&1 &
mender=$!
on_exit "kill $mender"
mended() {
	until cmp -n "$size" rescued.iso disc.iso; do
		kill -0 $mender 2>/dev/null || cmp -n "$size" rescued.iso disc.iso || return 1
		sleep 0.2
	done
}
ok 'mended' mended
kill $mender
ok 'and verified' line 6 'dvd-list verify'
ok 'these were all lines' test "$(wc -l <block.6)" -eq 3
rm -f rescued.iso

# --- a time stamp ----------------------------------------------------------------------------------------
ok 'a time stamp is asked for' sh -c "cd tree && bash -e ../block.7"
openssl ts -query -in tree/disc.tsq -text >asked 2>/dev/null
perl -ne 'print map { s/-//gr } $1 =~ /([0-9a-f]{2})/g if /^    [0-9a-f]{4} - ((?:[0-9a-f]{2}[ -])+)/' asked >digest
sha256sum <tree/tagmanifest-sha256.txt | cut -d' ' -f1 | tr -d '\n' >expected
same '  of the list that stands for all' digest expected

# --- without a file between ------------------------------------------------------------------------------
rm -rf "$A" drive disc.iso
mv whole "$A"
rm -rf "$A/disc"
: >drive
ok 'packed and burnt in one' run 5
dvd-list >ledger
ok 'the ledger has it' test "$(wc -l <ledger)" -eq 1
ok 'and it is the disc' dvd-list verify "$(cut -f1 ledger)" drive
done_testing
