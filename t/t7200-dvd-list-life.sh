#!/bin/sh
# The whole life of a disc: a small cellar overflows, the notice is mailed, the disc accepted, packed, burnt
# to a pseudo-drive, verified, shipped, received; the cellar empties, and the mail is still found.
. "${0%/*}/test-lib.sh"
needs perl xorriso

# A pack of 40 mails that arrive in hours from HOUR on, about 17 kB each, not to be compressed; the last
# one has an attachment, which SEED makes.
pack() { # HOUR SEED
	rm -rf md && mkdir -p md/new md/cur
	perl -MMIME::Base64 -e '
		my ($hour, $seed) = @ARGV; srand $hour;
		my $base = 1120176000 + 3600 * $hour;
		sub noise { my $n = shift; join "", map { chr(33 + rand 90) } 1 .. $n }
		for my $i (0 .. 39) {
			open my $f, ">", sprintf "md/cur/%d.M%d.host:2,", $base + 60 * $i, $i or die;
			print $f "Return-Path: <h$hour\@example.org>\nFrom: H\xc3\xa9l\xc3\xa8ne <helene$hour\@example.org>\n";
			print $f "To: Bob <bob$i\@example.com>\nSubject: hour $hour number $i\n";
			if ($i < 39) { print $f "\n"; print $f noise(70), "\n" for 1 .. 240; next }
			srand $seed;
			print $f "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n",
				encode_base64(join "", map { chr rand 256 } 1 .. 20000);
		}' "$1" "$2"
	archive-put -a box --maildir md >/dev/null && archive-rotate -a box --seal --all
}
settings() { printf '%s\n' "$@" >box/archive.yaml; }
packs() { (cd "box/$1" && ls -- *.tpp 2>/dev/null | tr '\n' ' '); }
healthy() { archive-check -a box --quiet; }
count() { archive-find -a box --count "$@" 2>/dev/null; }
state() { dvd-list -a box "$1" | cut -f2; }

mkdir box
settings 'disc: 1GB'
pack 1 1 && pack 2 2 && pack 3 1 && pack 4 4
[ "$(packs pack)" = '00000001.tpp 00000002.tpp 00000003.tpp 00000004.tpp ' ]
result $? 'four packs'
fails 1 'no disc yet' dvd-list -a box
nothing_out() { [ ! -s .out ]; }
nothing_out
result $? 'and nothing to say'

# --- the cellar overflows --------------------------------------------------------------------------
settings 'size: 1kB' 'disc: 1.2MB' 'contact: ann@example.org' 'sender: archive@example.org' 'language: fr'
ok 'the rotation offers a disc' archive-rotate -a box --json
has 'of the oldest mails' .out '"offer":"open","offer_messages":40,'
[ "$(packs cellar)" = '00000001.tpp 00000002.tpp 00000003.tpp ' ]
result $? 'three packs are in the cellar'
ok 'the notice' archive-rotate -a box --notice
has 'to the contact' .out '^To: <ann@example.org>'
ok 'accepted' archive-rotate -a box --accept
cp .out ids
[ "$(wc -l <ids)" -eq 40 ]
result $? '40 ids'
archive-get -a box --maildir before - <ids
(cd before/new && sha256sum -- *) >sums

# --- packed, burnt, verified -----------------------------------------------------------------------
ok 'packed' dvd-pack -a box --serial abcdef --medium 8MB - <ids
mv .out image.iso
[ "$(state ABCDEF)" = made ]
result $? 'the ledger has it'
ok 'made once more' dvd-pack -a box --serial ABCDEF --medium 8MB - <ids
same 'it is the same to the byte' .out image.iso
ok 'the burner takes it from a pipe' sh -c 'xorriso -as cdrecord -v -nopad dev=stdio:burnt - <image.iso'
ok 'burnt' dvd-list -a box burnt abcdef
[ "$(state ABCDEF)" = burnt ] && [ "$(packs cellar)" = '00000001.tpp 00000002.tpp 00000003.tpp ' ]
result $? 'the cellar still has all'
head -n 1 ids | dvd-pack -a box --serial ABCDEF --medium 8MB - >other.iso 2>err
[ $? -eq 64 ]
result $? 'its serial is taken'
has 'and it says so' err 'disc ABCDEF exists, and was burnt'

cp burnt bad
perl -e 'open(F, "+<", "bad"); binmode F; seek(F, 700_000, 0); read(F, my $b, 1); seek(F, 700_000, 0); print F chr(ord($b) ^ 4)'
fails 65 'a flipped bit' dvd-list -a box verify ABCDEF bad
has 'is placed, with its mail' .out '^[0-9]+-[0-9]+	[0-9a-z]{16}	data/2005/07/.*\.eml$'
has 'and counted' .err 'disc ABCDEF: bad is not as it was made; 1 of [0-9]+ pieces differ, with [0-9]+ mails'
head -c 300000 burnt >bad
fails 65 'a disc cut short' dvd-list -a box verify ABCDEF bad
has 'is said to be' .err 'bad ends too early'
fails 65 'another file' dvd-list -a box verify ABCDEF ids
fails 66 'a device that is not there' dvd-list -a box verify ABCDEF nowhere
fails 1 'a disc that is not there' dvd-list -a box verify BBBBBB burnt
[ "$(state ABCDEF)" = bad ] && [ "$(packs cellar)" = '00000001.tpp 00000002.tpp 00000003.tpp ' ]
result $? 'none of that made it verified'
ok 'verified' dvd-list -a box verify ABCDEF burnt
[ "$(state ABCDEF)" = verified ]
result $? 'it is'

# --- the cellar lets go ----------------------------------------------------------------------------
[ "$(packs cellar)" = '00000002.tpp 00000003.tpp ' ]
result $? 'its pack has left the cellar'
has 'by an event' box/events.log '"event":"release","id":null,"note":"on disc ABCDEF: pack 00000001, 40 messages, link [0-9a-f]{64}"'
ok 'archive-check misses nothing' healthy
[ "$(count --tier cellar)" = 80 ] && [ "$(count --tier disc)" = 40 ] && [ "$(count --tier all)" = 160 ]
result $? 'all are found, each once'
ok 'found with its serial' archive-find -a box --tier disc subject:'hour 1 number 7' from:helene1
has 'at the end of its line' .out '	disc ABCDEF$'
ok 'as JSON' archive-find -a box --tier disc --json 'hour 1 number 7'
has 'too' .out '"tier":"disc","disc":"ABCDEF"'
id=$(archive-find -a box --tier disc --ids 'hour 1 number 39')
fails 69 'it has to be fetched' archive-get -a box "$id"
has 'from that disc, under that name' .err "archive-get: $id: it is on disc ABCDEF, as data/2005/07/20050701-[0-9]*_${id}_hour-1-number-39.eml\$"
path=$(sed 's/.*, as //' .err)
osirrox -indev burnt -extract "/$path" fetched >/dev/null 2>&1
want=$(sed -n "s/  .*$id.*//p" sums)
[ -n "$want" ] && [ "$(sha256sum <fetched | cut -d' ' -f1)" = "$want" ]
result $? 'where it is as it came'
fails 1 'nothing is erased on a disc' archive-rm -a box "$id"
ok 'the attachment that a younger mail has, too, is still there' \
	archive-get -a box "$(archive-find -a box --tier cellar --ids 'hour 3 number 39')"

ok 'shipped' dvd-list -a box shipped ABCDEF
ok 'received' dvd-list -a box received ABCDEF
ok 'the ledger' dvd-list -a box --json
for step in made burnt verified shipped received left; do
	has "says when it was $step" .out "\"$step\":\"20[0-9-]*T"
done
has 'and not lost' .out '"state":"received",.*"lost":null'
ok 'the mails of a disc' dvd-list -a box mails ABCDEF
cut -f1 .out >listed
same 'are those that were accepted' listed ids

# --- what is left over stays -----------------------------------------------------------------------
ok 'the next offer is the next pack' archive-rotate -a box --json
has 'it is' .out '"offer":"open","offer_messages":40,'
archive-rotate -a box --accept >ids
head -n 30 ids | dvd-pack -a box --serial BCDEFG --medium 8MB - >image.iso 2>/dev/null
dvd-list -a box burnt BCDEFG
ok 'a disc with some of a pack' dvd-list -a box -v verify BCDEFG image.iso
has 'leaves the pack where it is' .err '1 packs stay in the cellar'
[ "$(packs cellar)" = '00000002.tpp 00000003.tpp ' ] && [ "$(count --tier all)" = 160 ] && [ "$(count --tier cellar)" = 80 ]
result $? 'whole, and each mail is found once'
archive-rotate -a box --accept >ids
[ "$(wc -l <ids)" -eq 40 ]
result $? 'and still accepted'
tail -n 10 ids | dvd-pack -a box --serial CDEFGH --medium 8MB - >second.iso 2>/dev/null
dvd-list -a box burnt CDEFGH
ok 'the rest on another' dvd-list -a box -v verify CDEFGH second.iso
[ "$(packs cellar)" = '00000003.tpp ' ] && [ "$(count --tier all)" = 160 ]
result $? 'now it has left'
[ "$(archive-find -a box --tier disc -n 0 'hour 2' | cut -f7 | sort | uniq -c | tr -s ' \n' ' ')" = ' 30 disc BCDEFG 10 disc CDEFGH ' ]
result $? 'for the discs that have them'
ok 'all is well' healthy

# --- the rule; a loss ------------------------------------------------------------------------------
settings 'size: 1kB' 'disc: 1.2MB' 'after: received'
pack 5 5
archive-rotate -a box >/dev/null
archive-find -a box --tier cellar --ids -n 0 'hour 3' | dvd-pack -a box --serial DEFGHJ --medium 8MB - >image.iso 2>/dev/null
dvd-list -a box burnt DEFGHJ
ok 'verified' dvd-list -a box verify DEFGHJ image.iso
has 'is not enough' box/events.log '"event":"verified","id":null,"note":"disc DEFGHJ"'
case $(packs cellar) in *00000003.tpp*) true ;; *) false ;; esac
result $? 'for this archive'
ok 'lost on the way' dvd-list -a box lost DEFGHJ
fails 64 'what is lost is not received' dvd-list -a box received DEFGHJ
has 'and it says why' .err 'disc DEFGHJ is lost'
ok 'its image is not the disc' dvd-list -a box verify DEFGHJ image.iso
has 'which is said' .err 'nothing is recorded: DEFGHJ is recorded as lost'
archive-find -a box --tier cellar --ids -n 0 'hour 3' | dvd-pack -a box --serial EFGHJK --medium 8MB - >image.iso 2>/dev/null
dvd-list -a box burnt EFGHJK && dvd-list -a box verify EFGHJK image.iso
case $(packs cellar) in *00000003.tpp*) true ;; *) false ;; esac
result $? 'its mails are still here for another disc'
ok 'received' dvd-list -a box received EFGHJK
case $(packs cellar) in *00000003.tpp*) false ;; esac
result $? 'now its mails have left'
ok 'a verified disc that is lost later' dvd-list -a box lost ABCDEF
fails 69 'its mail' archive-get -a box "$id"
has 'is said to be lost with it' .err 'on disc ABCDEF, as .*; that disc was lost$'
ok 'all is well' healthy

# --- with a key ------------------------------------------------------------------------------------
rm -rf box && mkdir box
printf "%064d" 7 >key && chmod 600 key
settings "key_file: $PWD/key"
pack 1 1 && pack 2 2
settings "key_file: $PWD/key" 'size: 1kB'
archive-rotate -a box >/dev/null
archive-find -a box --tier cellar --ids -n 0 | dvd-pack -a box --serial ABCDEF --medium 8MB - >image.iso 2>/dev/null
dvd-list -a box burnt ABCDEF
ok 'an encrypted archive: verified' dvd-list -a box verify ABCDEF image.iso
id=$(archive-find -a box --tier disc --ids 'hour 1 number 39')
fails 69 'the mail' archive-get -a box "$id"
has 'is found by its name' .err 'on disc ABCDEF, as data/.*_hour-1-number-39.eml$'
! zstd -dc box/disc/*.tpd 2>/dev/null | grep -q hour && ! grep -rqa -e 'hour-1' -e 'helene' box
result $? 'which stands nowhere in clear'
ok 'all is well' healthy
mv key away
ok 'without the key the ledger can be read' dvd-list -a box
fails 78 'but not what is on the disc' dvd-list -a box mails ABCDEF

done_testing
