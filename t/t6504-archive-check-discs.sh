#!/bin/sh
# What is known of a disc that mails left for is nowhere else: archive-check looks into every byte of it,
# and what is damaged keeps nobody from the rest.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

mkdir A
echo 'size: 1kB' >A/archive.yaml
# Packs 1 and 2 leave for a disc each, 3 stays.
for pack in 0 1 2; do
	for i in 1 2 3; do
		n=$((3 * pack + i))
		make_mail $n >mail$n
		put_at $n mail$n >id$n
	done
	"$HELPERS/seal-archive" A 1 >/dev/null
done
archive-rotate -a A --quiet >/dev/null
cat id1 id2 id3 | dvd-pack -q -a A --serial ABCDEF --medium 8MB - >first.iso || exit 99
cat id4 id5 id6 | dvd-pack -q -a A --serial BCDEFG --medium 8MB - >second.iso || exit 99
dvd-list -a A burnt ABCDEF && dvd-list -a A burnt BCDEFG || exit 99
cp -a A packed
dvd-list -a A verify ABCDEF first.iso && dvd-list -a A verify BCDEFG second.iso || exit 99
[ "$(echo A/cellar/*.tpp)" = 'A/cellar/*.tpp' ] || exit 99
mv A whole
fresh() {
	rm -rf A
	cp -a whole A
}
fresh
ok 'all is well' archive-check -a A
has 'discs are counted' .out ', 2 discs, [0-9]+ events: all is well$'
ok 'with --json' archive-check -a A --json
has 'they are counted, too' .out '"discs":2,'
[ "$(archive-find -a A --tier all --count)" = 9 ] || exit 99

# --- every byte -----------------------------------------------------------------------------------

size() { wc -c <"whole/disc/00000001.$1"; }
byte() { od -An -tu1 -j"$2" -N1 whole/disc/00000001."$1" | tr -d ' '; }
missed=
for kind in tpd tpx; do
	at=0
	while [ $at -lt "$(size $kind)" ]; do
		fresh
		flip A/disc/00000001.$kind $at
		archive-check -a A >.out 2>.err
		_code=$?
		# What fills an index up to eight bytes is zero, and says nothing.
		if [ $_code -eq 0 ] && [ "$(byte $kind $at)" = 0 ]; then
			:
		elif [ $_code -ne 65 ] || ! grep -q "^disc/00000001.$kind	" .out; then missed="$missed $kind:$at"; fi
		at=$((at + 61))
	done
done
[ -z "$missed" ] || echo "# not told:$missed"; [ -z "$missed" ]
result $? 'a flipped bit of a list or an index is a fault'
for at in 0 20 100 200 $(($(size json) - 3)); do
	fresh
	perl -e 'open(F, "+<", $ARGV[0]); seek(F, $ARGV[1], 0); print F "{{"' A/disc/00000001.json $at
	fails 65 "facts that are none, at $at" archive-check -a A
	has '  are a fault' .out '^disc/00000001.json	-	.*archive-check\(1\)'
done
fresh
sed -i 's/"mails":3/"mails":4/' A/disc/00000001.json
fails 65 'facts of other mails' archive-check -a A
has '  are told where they differ' .out '^disc/00000001.tpd	-	.*its number of mails is not the ledger.s$'
fresh
cp A/disc/00000002.tpx A/disc/00000001.tpx
fails 65 'the index of another disc' archive-check -a A
has '  is none' .out '^disc/00000001.tpx'
for kind in json tpd tpx; do
	fresh
	rm A/disc/00000001.$kind
	fails 65 "no $kind" archive-check -a A
	has '  is a fault' .out "^disc/00000001.$kind	-	missing"
	fresh
	: >A/disc/00000001.$kind
	fails 65 "an empty $kind" archive-check -a A
	has '  is one, too' .out "^disc/00000001.$kind"
done
fresh
rm -r A/disc
fails 65 'nothing of any disc' archive-check -a A
has '  the log knows of the one' .out '^disc	-	.*of disc ABCDEF'
has '  and of the other' .out '^disc	-	.*of disc BCDEFG'
rm -rf A && cp -a packed A
ok 'what was packed, and has not left' archive-check -a A
rm A/disc/00000002.json
fails 65 'is known by its events' archive-check -a A
has '  with its name' .out '^disc	-	.*of disc BCDEFG'
# Left for the one disc in part: its facts do not say that mails have left.
rm -rf A && cp -a whole A
sed -i 's/"left":[0-9]*/"left":0/' A/disc/00000001.json
ok 'a disc that some have left for' archive-check -a A
rm A/disc/00000001.tpx
fails 65 'without its index' archive-check -a A
has '  the log knows that it had one' .out '^disc/00000001.tpx	-	missing'

# --- searching -------------------------------------------------------------------------------------

wanted() { if [ "$1" = disc ]; then echo 3; else echo 6; fi; } # TIER
# search WHAT: the index of the first disc is damaged.
search() {
	for tier in disc all; do
		archive-find -a A --tier $tier --ids >.out 2>.err
		[ $? -eq 65 ] && [ "$(sort -u .out | wc -l)" -eq "$(wanted $tier)" ]
		result $? "$1: --tier $tier finds the rest, and says so"
		[ "$(wc -l <.err)" -eq 1 ] && grep -q 'disc ABCDEF: .*disc/00000001.tpx.*not found' .err
		result $? '  once, with the name of the disc'
		archive-find -a A --tier $tier --count >.out 2>.err
		[ $? -eq 65 ] && [ "$(cat .out)" -eq "$(wanted $tier)" ]
		result $? '  and counts it'
	done
	ok '  what is online is found as before' archive-find -a A --ids
	fails 65 '  a mail of that disc may be there' archive-get -a A "$(cat id2)"
	has '    as it says' .err "$(cat id2): not found, .*disc/00000001.tpx"
	fails 69 '  one of the other disc is known' archive-get -a A "$(cat id5)"
	ok '  one that is here is given' archive-get -a A "$(cat id8)"
	fails 1 '  nothing is found where nothing is' archive-find -a A --tier online nowhere
}
fresh
flip A/disc/00000001.tpx 10
search 'a damaged header'
fresh
flip A/disc/00000001.tpx 272
search 'a damaged directory'
fresh
rows=$(perl -e 'open(F, "whole/disc/00000001.tpx"); seek(F, 168, 0); read(F, $b, 8); print unpack("Q<", $b)')
flip A/disc/00000001.tpx $((rows + 3))
search 'damaged rows'
hasnt 'nobody says that it was made again' .err 'made again'
fresh
rm A/disc/00000001.tpx
search 'no index'
fresh
echo '{' >A/disc/00000001.json
[ "$(archive-find -a A --tier disc -n 0 | grep -c '	disc ABCDEF$')" -eq 3 ]
result $? 'facts that are damaged: mails are found, with the serial'
rm A/disc/00000001.tpx
ok 'rebuilding does not help' eval 'archive-check -a A --rebuild >out 2>err; [ $? -eq 65 ]'

# --- the ledger ------------------------------------------------------------------------------------

fresh
echo '{' >A/disc/00000001.json
fails 65 'a ledger with damaged facts' dvd-list -a A
has '  lists the others' .out '^BCDEFG'
has '  and says what to do' .err 'disc/00000001.json: damaged: .*archive-check\(1\)'
ok 'one of the others' dvd-list -a A BCDEFG
ok '  or its mails' dvd-list -a A mails BCDEFG
fails 65 'that one itself' dvd-list -a A ABCDEF
fails 65 '  has no steps' dvd-list -a A shipped ABCDEF
fails 1 'one that is not there' dvd-list -a A CDEFGH
ok 'another disc is made' eval 'cat id8 id9 | dvd-pack -q -a A --serial CDEFGH --medium 8MB - >third.iso'
fails 65 '  not under that name' eval 'cat id8 id9 | dvd-pack -q -a A --serial ABCDEF --medium 8MB - >/dev/null'
[ -e A/disc/00000003.json ] && cmp -s A/disc/00000001.tpx whole/disc/00000001.tpx
result $? '  it has a number of its own'
rm A/disc/00000001.json A/disc/00000001.tpd A/disc/0000000[23].*
ok 'another disc is made' eval 'cat id8 id9 | dvd-pack -q -a A --serial CDEFGH --medium 8MB - >third.iso'
[ -e A/disc/00000002.json ] && cmp -s A/disc/00000001.tpx whole/disc/00000001.tpx
result $? 'an index that stands alone keeps its number'

for damage in 'echo { >A/disc/00000001.json' 'rm A/disc/00000001.tpd' ': >A/disc/00000001.tpd'; do
	rm -rf A && cp -a packed A
	dvd-list -a A verified ABCDEF >.out 2>.err
	rm -rf A/cellar && cp -a packed/cellar A/cellar
	sed -i 's/"left":[0-9]*/"left":0/' A/disc/00000001.json
	eval "$damage"
	fails 65 "$damage: the other disc is verified" dvd-list -a A verify BCDEFG second.iso
	has '  which is recorded' A/disc/00000002.json '"verified":[1-9]'
	[ ! -e A/cellar/00000002.tpp ] && [ -e A/cellar/00000001.tpp ]
	result $? '  and lets its mails go, and no others'
	archive-rotate -a A >.out 2>.err
	[ $? -eq 65 ] && grep -q '^cellar' .out
	result $? '  archive-rotate does its work, and says it, too'
done

done_testing
