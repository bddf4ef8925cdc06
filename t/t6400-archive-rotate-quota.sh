#!/bin/sh
# archive-rotate: what leaves, in which order, where it goes; offers, answers, notices; nothing is erased
# that is not to be, and attachments go with the last who uses them.
. "${0%/*}/test-lib.sh"
needs perl
[ ! -w /dev/shm ] || { TRASH2=$(mktemp -d /dev/shm/tubepost-test.XXXXXX) && on_exit "rm -rf '$TRASH2'" && cd "$TRASH2"; }

# A pack of 20 mails that arrive in hours from HOUR on, their texts not to be compressed; the last one
# has an attachment, which SEED makes. They take about 700 kB of a disc.
pack() { # HOUR SEED
	rm -rf md && mkdir -p md/new md/cur
	perl -MMIME::Base64 -e '
		my ($hour, $seed) = @ARGV; srand $hour;
		my $base = 1120176000 + 3600 * $hour;
		sub noise { my $n = shift; join "", map { chr(33 + rand 90) } 1 .. $n }
		for my $i (0 .. 19) {
			open my $f, ">", sprintf "md/cur/%d.M%d.host:2,", $base + 60 * $i, $i or die;
			print $f "Return-Path: <h$hour\@example.org>\nSubject: hour $hour number $i\n";
			if ($i < 19) { print $f "\n"; print $f noise(70), "\n" for 1 .. 480; next }
			srand $seed;
			print $f "Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n",
				encode_base64(join "", map { chr rand 256 } 1 .. 20000);
		}' "$1" "$2"
	archive-put -a box --maildir md >/dev/null && archive-rotate -a box --seal --all
}
rotate() { archive-rotate -a box "$@"; }
settings() { printf 'contact: ann@example.org\n' >box/archive.yaml; printf '%s\n' "$@" >>box/archive.yaml; }
online() { settings && archive-rotate -a box --dry-run --json | sed 's/.*"online_bytes":\([0-9]*\).*/\1/'; }
number() { sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p" .out; } # of a --json report
packs() { (cd "box/$1" && ls -- *.tpp 2>/dev/null | tr -d '\n'); }
healthy() { archive-check -a box --quiet; }

fails 66 'an archive that is not there' rotate
mkdir box
settings
pack 1 1 && pack 2 2 && pack 3 1 && pack 4 4 && pack 5 5
[ "$(packs pack)" = 00000001.tpp00000002.tpp00000003.tpp00000004.tpp00000005.tpp ]
result $? 'five packs'
ok 'there is room' rotate --json
[ "$(number moved_packs)" = 0 ] && [ "$(number erased_messages)" = 0 ] && [ "$(number offer)" = none ]
result $? 'nothing moves'
total=$(number online_bytes)
sum=$(find box/pack box/journal box/blob -type f -exec cat {} + | wc -c)
[ "$total" -eq "$sum" ]
result $? 'online are packs, journals and attachments'
fails 1 'no notice' rotate --notice
[ ! -s .out ]
result $? 'and nothing comes out'
fails 1 'nothing to accept' rotate --accept
fails 1 'nothing to refuse' rotate --refuse

# --- to the cellar --------------------------------------------------------------------------------
# Room for a little less than all: the oldest pack goes, and not the attachment that pack 3 has, too.
settings "size: $((total - 1000))" 'disc: 1GB'
cp -r box before
ok '--dry-run' rotate --dry-run --json
[ "$(number moved_packs)" = 1 ] && diff -r box before
result $? 'says what would move and changes nothing'
cp .out said
ok 'over the size' rotate --json
same 'it does as it said' said .out
[ "$(packs cellar)" = 00000001.tpp ]
result $? 'the oldest pack is in the cellar'
[ "$(number online_bytes)" -le "$((total - 1000))" ]
result $? 'the rest fits'
[ "$(number cellar_bytes)" -eq "$(wc -c <box/cellar/00000001.tpp)" ]
result $? 'the attachment that a younger pack uses, too, is not the cellar'"'"'s'
ok 'again' rotate --json
[ "$(number moved_packs)" = 0 ]
result $? 'nothing moves any more'
archive-find -a box --ids --limit 0 --reverse --tier cellar >cellar-ids
[ "$(wc -l <cellar-ids)" -eq 20 ]
result $? 'its 20 mails are found in the cellar'
archive-get -a box "$(tail -n 1 cellar-ids)" >got
cmp got md/cur/1120176000 2>/dev/null || grep -q 'hour 1 number 19' got
result $? 'and given back'
has 'the event is on record' box/events.log '"event":"rotate","id":null,"note":"pack 00000001 to the cellar"'
ok 'all is well' healthy

# Old mail that comes late is old all the same.
pack 0 9
total=$(online)
settings "size: $((total - 1000))" 'disc: 1GB'
rotate >/dev/null
[ "$(packs cellar)" = 00000001.tpp00000002.tpp ]
result $? 'the end of the chain stays, however old'
pack 6 6
total=$(online)
settings "size: $((total - 1000))" 'disc: 1GB'
rotate >/dev/null
[ "$(packs cellar)" = 00000001.tpp00000002.tpp00000006.tpp ]
result $? 'when it is not the end any more, it goes before younger mail'

# --- offers ---------------------------------------------------------------------------------------
settings "size: $((total - 1000))" 'disc: 1500kB' 'language: de' 'sender: archive@example.org'
ok 'the cellar fills a disc' rotate --dry-run --json
[ "$(number offer)" = open ] && [ ! -e box/rotation ]
result $? 'a dry run says so and offers nothing'
archive-rotate -a box --notice >/dev/full 2>.err
[ $? -eq 74 ]
result $? 'a notice that cannot be written'
ok 'comes again' rotate --notice
cp .out notice
has 'goes to the contact' notice '^To: <ann@example.org>$'
has 'from the sender' notice '^From: <archive@example.org>$'
has 'in the language' notice '^Content-Language: de$'
perl -MMIME::QuotedPrint -0777 -ne 's/.*?\n\n//s; print decode_qp($_)' notice >text
has 'with the text' text 'reicht für eine Disc: [0-9]+ Nachrichten vom 2005-07-01 bis zum 2005-07-01'
has 'and the command, with a path for everybody' text "archive-rotate --archive '$(pwd -P)/box' --accept"
has 'and until when it waits' text 'bis zum 20[0-9-]*, werden diese Nachrichten'
mime-size notice >sizes
has 'it is a mail' sizes 'text/plain'
fails 1 'the next run' rotate --notice
[ ! -s .out ]
result $? 'tells nothing new'
now=$(date +%s)
TUBEPOST_NOW=$((now + 6 * 86400)) rotate --notice >six
TUBEPOST_NOW=$((now + 8 * 86400)) rotate --notice >eight
[ ! -s six ] && [ -s eight ]
result $? 'after a week without an answer it reminds'
for lang in en fr es; do
	sed -i "s/language: .*/language: $lang/" box/archive.yaml
	TUBEPOST_NOW=$((now + 100 * 86400)) rotate --notice >notice
	sed -i "s/\"told\":[0-9]*/\"told\":1/" box/rotation
	perl -MMIME::QuotedPrint -0777 -ne 's/.*?\n\n//s; print decode_qp($_)' notice >text
	grep -q "^Content-Language: $lang" notice && grep -q -- '--refuse' text && ! grep -q '%' text &&
		LC_ALL=C.UTF-8 perl -CS -ne 'exit 1 if /\x{fffd}/' text
	result $? "and in $lang"
done
has 'the offer is on record' box/events.log '"event":"offer"'

# --- refused, accepted ----------------------------------------------------------------------------
ok 'refused' rotate --refuse
ok 'nothing is erased while there is room' rotate --json
[ "$(number offer)" = refused ] && [ "$(number erased_messages)" = 0 ]
result $? 'and the offer is not made again'
ok 'accepted after all' rotate --accept
cp .out ids
archive-find -a box --ids --limit 0 --reverse --tier cellar >cellar-ids
n=$(wc -l <ids)
[ "$n" -ge 20 ] && sort -c ids && head -n "$n" cellar-ids | cmp - ids
result $? 'the oldest mails of the cellar come out, the oldest first'
ok 'again' rotate --accept
same 'the same' ids .out
# What was accepted stays, whatever has to go.
settings 'size: 1000' 'disc: 1MiB'
rotate --json >.out
[ "$(number erased_messages)" = 0 ] && [ "$(number offer)" = accepted ] && [ "$(number over_bytes)" -gt 0 ]
result $? 'and the younger ones, too, for nobody was asked about them'
xargs archive-get -a box --mbox <ids >box.mbox
[ "$(grep -c '^From ' box.mbox)" -eq "$n" ]
result $? 'what was accepted stays'
ok 'said no after all' rotate --refuse
ok 'it goes' rotate --json
[ "$(number erased_messages)" = "$n" ] && [ "$(number offer)" = open ]
result $? 'as room is needed, and the next is offered'
has 'the erasure is on record' box/events.log '"event":"erase","id":null,"note":"for room: pack 0000000[0-9], 20 messages'
ok 'all is well' healthy

# --- asked first ----------------------------------------------------------------------------------
# Much comes at once, as from an import: it takes more room than the cellar has before anybody was asked.
rm -rf box && mkdir box && settings 'size: 1000' 'disc: 1MiB'
for i in 1 2 3 4 5 6; do pack $i $i; done
count() { archive-find -a box --count --tier all; }
ok 'far too much' rotate --json
[ "$(number erased_messages)" = 0 ] && [ "$(number offer)" = open ] && [ "$(number answer_until)" = 0 ] &&
	[ "$(number over_bytes)" -gt 0 ] && [ "$(count)" = 120 ]
result $? 'is offered before anything is erased'
now=$(date +%s)
TUBEPOST_NOW=$((now + 100 * 86400)) rotate --json >.out
[ "$(number erased_messages)" = 0 ]
result $? 'and waits until somebody was told'
ok 'why is said' rotate
has 'in the report' .out 'kept until somebody was told'
TUBEPOST_NOW=$now rotate --notice >notice 2>.err
has 'a notice says what is too much' .err 'the cellar holds [0-9]* bytes beyond its room'
TUBEPOST_NOW=$((now + 8 * 86400)) rotate --notice >again
[ -s notice ] && [ -s again ]
result $? 'and comes a second time'
TUBEPOST_NOW=$((now + 13 * 86400)) rotate --json >.out
[ "$(number erased_messages)" = 0 ] && [ "$(number answer_until)" = $((now + 14 * 86400)) ]
result $? 'thirteen days later it is there'
echo 'answer: 60d' >>box/archive.yaml
TUBEPOST_NOW=$((now + 15 * 86400)) rotate --json >.out
[ "$(number erased_messages)" = 0 ]
result $? 'as long as the archive says'
settings 'size: 1000' 'disc: 1MiB'
TUBEPOST_NOW=$((now + 15 * 86400)) rotate --notice >.out 2>.err
has 'then it goes, and that is said' .err 'erased [0-9]* messages for room'
[ "$(count)" -lt 120 ] && [ "$(count)" -ge 80 ]
result $? 'what was offered, and no more'
has 'for the next a notice comes at once' .out '^Subject: '
# That one was made on the fifteenth day, and now nobody was told of it.
sed -i 's/"first_told":[0-9]*/"first_told":0/' box/rotation
left=$(count)
TUBEPOST_NOW=$((now + 100 * 86400)) rotate --json >.out
[ "$(number answer_until)" = 0 ] && [ "$(count)" = "$left" ]
result $? 'which waits for the notice'
sed -i 1d box/archive.yaml
TUBEPOST_NOW=$((now + 20 * 86400)) rotate --json >.out
[ "$(number answer_until)" = $((now + 29 * 86400)) ] && [ "$(count)" = "$left" ]
result $? 'with nobody to tell it waits from the day on that it was made'
TUBEPOST_NOW=$((now + 30 * 86400)) rotate --json >.out
[ "$(number erased_messages)" = 20 ] && [ "$(count)" = $((left - 20)) ]
result $? 'and then it goes'
ok 'all is well' healthy
settings 'journal: 2MiB'
archive-put -a box --maildir md --rcpt journal >/dev/null
ok 'what is not sealed yet' rotate --dry-run --all
has 'a dry run does not count, and says so' .out '^unsealed	'

# --- not said -------------------------------------------------------------------------------------
rm -rf box && mkdir box && settings 'size: 1000' 'disc: 1GB'
pack 1 1 && pack 2 2 && pack 3 3 && pack 4 4
ok 'mail in the cellar' rotate
settings 'disc: 1MiB'
ok 'where archive.yaml says no size' rotate
has 'what is too much is told' .out '^cellar	.* beyond its room: kept'
ok 'again' rotate --json
[ "$(number over_bytes)" -gt 0 ] && [ "$(number erased_messages)" = 0 ] && healthy &&
	[ "$(packs cellar)" = 00000001.tpp00000002.tpp00000003.tpp ]
result $? 'and nothing is erased'
ok 'a notice' rotate --notice
perl -MMIME::QuotedPrint -0777 -ne 's/.*?\n\n//s; print decode_qp($_)' .out >text
has 'promises it' text 'Then they stay in the cellar'
ok 'whoever is asked' rotate --refuse
ok 'and answers' rotate --json
[ "$(number erased_messages)" = 0 ] && [ "$(archive-find -a box --ids --tier all | wc -l)" -eq 80 ]
result $? 'nothing is erased then, either'
settings 'size: 10GB' 'disc: 1MiB'
ok 'where it says one' rotate --json
[ "$(number erased_messages)" -gt 0 ] && [ "$(number over_bytes)" = 0 ]
result $? 'what is too much goes'

# --- never answered -------------------------------------------------------------------------------
rm -rf box && mkdir box && settings
pack 1 1 && pack 2 2
attachment=$(sed -n '/^Content-Type/,$p' "$(find md -name '*M19*')")
pack 3 1 && pack 4 4
blobs=$(find box/blob -name '*.tpb' | wc -l)
settings 'size: 1000' 'disc: 1MiB' 'subscribe: no'
ok 'without a subscription' rotate --json
[ "$(number offer)" = none ] && [ "$(number erased_messages)" = 20 ] && [ "$(packs cellar)" = 00000002.tpp00000003.tpp ]
result $? 'the oldest goes when the cellar has two discs'
[ "$(find box/blob -name '*.tpb' | wc -l)" -eq "$blobs" ]
result $? 'not the attachment that another one uses, too'
ok 'all is well' healthy
# What the next to go has is in a journal by now.
printf 'Subject: the same file\n%s\n' "$attachment" >two
archive-put -a box <two >two-id
pack 5 5
# (the journal was sealed with it; so once more)
archive-put -a box --rcpt again <two >two-id
ok 'the next one goes' rotate --json
[ "$(packs cellar)" = 00000003.tpp00000004.tpp ] && [ "$(number erased_messages)" = 20 ]
result $? 'as a younger one comes'
ok 'all is well' healthy
archive-get -a box "$(cat two-id)" | cmp - two
result $? 'an attachment that it had is still there for others'
pack 6 6
blobs=$(find box/blob -name '*.tpb' | wc -l)
ok 'and the next' rotate --json
[ "$(find box/blob -name '*.tpb' | wc -l)" -eq $((blobs - 1)) ]
result $? 'takes its attachment with it, when it is the last that has it'
ok 'all is well' healthy

# --- damage, key, options -------------------------------------------------------------------------
rm -rf box && mkdir box && settings 'size: 1000' 'disc: 1MiB'
pack 1 1 && pack 2 2 && pack 3 3
printf 'xxxxxxxx' | dd of=box/pack/00000002.tpp bs=1 seek="$(($(wc -c <box/pack/00000002.tpp) - 60))" conv=notrunc 2>/dev/null
fails 65 'a pack that cannot be read' rotate
has 'is named' .err 'nothing is erased nor offered: .*00000002'
[ "$(find box -name '*.tpp' | wc -l)" -eq 3 ]
result $? 'and nothing is erased'
fails 64 'two answers at once' rotate --accept --refuse
fails 64 'a dry answer' rotate --dry-run --accept
echo '{"offer":"perhaps"}' >box/rotation
fails 65 'a damaged state' rotate
has 'is named' .err 'box/rotation'

done_testing
