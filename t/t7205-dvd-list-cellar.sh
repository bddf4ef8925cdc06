#!/bin/sh
# The cellar keeps what is on no disc that is known to be good: not an image that was never burnt, not a disc
# that was bad when it was read last, not one that was lost while somebody else waited; and a rotation
# erases nothing for room that is on a disc.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl flock mkfifo

# Two packs of three mails in the cellar, each of which fills a disc and more, and one online. The older pack
# is offered; its disc is made, and another one of its first two mails, and one of its third.
at() { # DAY COMMAND...
	_day=$1
	shift
	TUBEPOST_NOW=2010-01-${_day}T12:00:00Z "$@"
}
for n in 1 2 3 4 5 6 7; do
	perl -e 'srand($ARGV[0]); print map { chr(int(rand(256))) } 1 .. 600000' $n >file
	make_mail $n file >mail
	put_at $n mail >id$n
	case $n in 3 | 6 | 7) archive-rotate -a A --seal --all ;; esac
done
cat id1 id2 id3 >ids
printf 'size: 1kB\ndisc: 1200kB\n' >A/archive.yaml
at 01 archive-rotate -a A --json >json
has 'the older pack is offered' json '"offer":"open","offer_messages":3,'
has 'the cellar is beyond its room' json '"over_bytes":[1-9]'
at 01 dvd-pack -q -a A --serial ABCDEF --medium 8MB - <ids >image.iso || exit 99
cp -a A made
head -n 2 ids | at 01 dvd-pack -q -a A --serial BCDEFG --medium 8MB - >two.iso
tail -n 1 ids | at 01 dvd-pack -q -a A --serial CDEFGH --medium 8MB - >one.iso
mv A both
head -c 700000 image.iso >bad.iso
cp two.iso badtwo.iso
flip badtwo.iso 700000

state() { dvd-list -a A "${1:-ABCDEF}" | cut -f2; }
in_cellar() { [ -e A/cellar/00000001.tpp ]; }
stays() {
	in_cellar && [ "$(archive-find -a A --tier cellar --count)" = 6 ]
	result $? "${1:-  they stay}"
}
leaves() {
	! in_cellar && [ "$(archive-find -a A --tier disc --count)" = 3 ] && archive-check -a A --quiet
	result $? "${1:-  they leave}"
}
is() { # STATE [SERIAL]
	[ "$(state "$2")" = "$1" ]
	result $? "  it is $1${2:+: $2}"
}
fresh() { # SETTINGS STEP...
	rm -rf A
	cp -a made A
	printf 'size: 1kB\ndisc: 1200kB\n%s\n' "$1" >A/archive.yaml
	shift
	for _step in "$@"; do
		case $_step in
		verify) at 01 dvd-list -a A verify ABCDEF image.iso ;;
		bad) at 01 dvd-list -a A verify ABCDEF bad.iso >bad.out 2>bad.err ;;
		*) at 01 dvd-list -a A "$_step" ABCDEF ;;
		esac
	done
}

# --- an image is no disc -------------------------------------------------------------------------
fresh ''
ok 'an image that nobody burnt is compared' dvd-list -a A verify ABCDEF image.iso
has '  which is all' .err 'image.iso is as it was made; nothing is recorded: ABCDEF was never recorded as burnt$'
is made
stays
ok 'so is one from stdin' sh -c 'dvd-list -a A verify ABCDEF - <image.iso'
has '  which is all, too' .err 'nothing is recorded: ABCDEF was never recorded as burnt$'
mkfifo pipe
cat image.iso >pipe &
ok 'and one from a named pipe' dvd-list -a A verify ABCDEF pipe
wait
is made
fails 65 'one that is damaged' dvd-list -a A -v verify ABCDEF bad.iso
has '  is told' .err 'bad.iso ends too early'
has '  but not recorded' .err 'nothing is recorded: ABCDEF was never recorded as burnt$'
is made
! grep -q '"event":"\(verified\|bad\)"' A/events.log
result $? '  and no event says so'
fresh '' shipped
ok 'shipped is not burnt, either' dvd-list -a A verify ABCDEF image.iso
is shipped
stays
fresh '' burnt lost
ok 'nor does it find a lost disc' dvd-list -a A verify ABCDEF image.iso
has '  which it says' .err 'image.iso is as it was made; nothing is recorded: ABCDEF is recorded as lost$'
is lost
stays
fresh '' burnt
ok 'what a burnt one holds is the disc' dvd-list -a A verify ABCDEF image.iso
leaves

# A device is the disc, whatever was recorded.
cp image.iso disk
truncate -s %4096 disk
if loop=$(losetup --read-only -f --show disk 2>&1); then
	on_exit "losetup -d $loop"
	fresh ''
	ok 'a device that was read was burnt' dvd-list -a A verify ABCDEF "$loop"
	is verified
	leaves
	fresh '' burnt lost
	ok 'a lost disc that turns up' dvd-list -a A verify ABCDEF "$loop"
	is verified
	leaves
	fresh ''
	ok 'stdin is none' sh -c "dvd-list -a A verify ABCDEF - <$loop"
	is made
	cp bad.iso disk2
	truncate -s %4096 disk2
	loop2=$(losetup --read-only -f --show disk2) || exit 99
	on_exit "losetup -d $loop2"
	fresh 'after: received' burnt verify
	fails 65 'a disc that is dying' dvd-list -a A verify ABCDEF "$loop2"
	is bad
	ok 'what could be rescued of it is not the disc' dvd-list -a A verify ABCDEF image.iso
	has '  which it says' .err 'nothing is recorded: ABCDEF was bad in a drive'
	is bad
	dvd-list -a A received ABCDEF
	stays
	ok 'burnt again, and read' dvd-list -a A verify ABCDEF "$loop"
	is received
	leaves
else
	skip "no loop device: $loop" 'devices'
fi

# --- a bad disc ----------------------------------------------------------------------------------
fresh 'after: received' burnt verify bad received
is bad
stays 'a disc that was bad when it was read last counts for nothing'
dvd-list -a A --json >json
has '  when, is in the list' json '"state":"bad",.*"verified":"2010-.*"bad":"2010-01-01T12:00:00Z"'
has '  and in the log' A/events.log '"event":"bad","id":null,"note":"disc ABCDEF, [0-9]+ of [0-9]+ pieces differ, with [23] mails"'
fails 64 'nobody can call it verified' dvd-list -a A verified ABCDEF
has '  without reading it' .err 'disc ABCDEF is bad: when it is mended, verify it'
ok 'it is read once more, and good' dvd-list -a A verify ABCDEF image.iso
is received
leaves
fresh 'after: burnt' burnt
ok 'it has left by the rule' test ! -e A/cellar/00000001.tpp
fresh '' bad burnt verified
is verified
leaves 'what was no disc when it was bad is no bad disc'
fresh '' burnt
sed -i 's/^after.*//' A/archive.yaml && echo 'after: burnt' >>A/archive.yaml
fails 65 'a disc that is bad before it has been let go for' dvd-list -a A verify ABCDEF bad.iso
archive-rotate -a A >/dev/null
stays '  is no burnt disc, either'

rm -rf A && cp -a both A
dvd-list -a A burnt BCDEFG && dvd-list -a A burnt CDEFGH
ok 'two of three mails are on one disc' dvd-list -a A verify BCDEFG two.iso
fails 65 'which is bad later' dvd-list -a A verify BCDEFG badtwo.iso
is bad BCDEFG
ok 'the third on another' dvd-list -a A -v verify CDEFGH one.iso
has '  does not make the pack leave' .err '1 packs stay in the cellar'
in_cellar
result $? '  it is there'
ok 'good again' dvd-list -a A verify BCDEFG two.iso
leaves

# --- meanwhile -----------------------------------------------------------------------------------
wait_until() {
	_n=0
	until eval "$1"; do
		_n=$((_n + 1))
		[ $_n -lt 600 ] || return 1
		sleep 0.05
	done
}
fresh '' burnt
mkfifo gate
flock A/seal.lock cat gate >/dev/null &
exec 9>gate
wait_until '! flock -n A/seal.lock true'
dvd-list -a A verified ABCDEF 9>&- &
waiting=$!
wait_until '[ "$(state)" = verified ]'
ok 'a disc is lost while the cellar waits to let go' dvd-list -a A lost ABCDEF
exec 9>&-
wait $waiting
result $? 'who waited has recorded his step'
is lost
stays

fresh '' burnt
dvd-list -a A verify ABCDEF pipe >.out 2>.err &
waiting=$!
exec 9>pipe
head -c 1000000 image.iso >&9
dvd-list -a A lost ABCDEF
tail -c +1000001 image.iso >&9
exec 9>&-
wait $waiting
[ $? -eq 75 ]
result $? 'a disc is lost while it is read'
has '  which is said' .err 'disc ABCDEF was recorded as lost or found while it was read: nothing is recorded'
is lost
stays

fresh ''
dvd-pack -q -a A --serial ABCDEF --medium 8MB - <ids >pipe 2>.err &
waiting=$!
exec 8<pipe
dd bs=1000 count=100 of=head <&8 2>/dev/null
dvd-list -a A burnt ABCDEF && dvd-list -a A verify ABCDEF image.iso
leaves 'a disc is burnt and verified while its image is made once more: its mails leave'
cat <&8 >/dev/null
exec 8<&-
wait $waiting
[ $? -ne 0 ]
result $? '  which the maker is told'
is verified
dvd-list -a A --json >json
has '  and nothing was forgotten' json '"burnt":"20.*"verified":"20.*"left":"20'

# --- what is known of the disc is damaged --------------------------------------------------------
fresh '' burnt
flip A/disc/00000001.tpd 100
fails 65 'a damaged list' dvd-list -a A verify ABCDEF image.iso
has '  is told' .err 'disc/00000001.tpd.*damaged'
is burnt
stays

# --- a rotation ----------------------------------------------------------------------------------
# Much later: nobody has answered.
rotation() { at 31 archive-rotate -a A "$@"; }
erases() {
	ok "$1" rotation --json
	has '  is erased' .out '"erased_messages":3,.*"kept_messages":0,"kept_discs":\[\]'
	in_cellar
	[ $? -ne 0 ]
	result $? '  and gone'
}
keeps() { # WHAT STATE
	ok "$1" rotation --json
	has '  is kept' .out '"erased_messages":0,.*"kept_messages":3,"kept_discs":\["ABCDEF"\]'
	ok '  and why' rotation
	has '  is said' .out "^cellar	.*beyond its room: kept until the discs that have its mails are confirmed$"
	has '  with the disc' .out "^kept	3 messages that are on discs, until these are verified: ABCDEF \\($2\\)$"
	stays
}
fresh ''
erases 'an image of a month ago'
fresh '' burnt
ok 'a dry run' rotation --dry-run
has '  knows as well' .out '^kept	3 messages .*ABCDEF \(burnt\)$'
keeps 'a burnt disc' burnt
at 31 dvd-list -a A verify ABCDEF image.iso
leaves '  until it is verified'
fresh '' shipped
keeps 'a shipped one' shipped
fresh '' received
keeps 'a received one that nobody has read' received
fresh '' burnt bad
keeps 'a bad one' bad
fresh '' burnt bad lost
erases 'a lost one'
fresh 'subscribe: no' burnt
ok 'where nobody is asked' rotation --json
has '  the next pack goes' .out '"erased_messages":3,.*"kept_discs":\["ABCDEF"\]'
in_cellar
result $? '  what is on a disc stays'
fresh '' burnt
ok 'refused' archive-rotate -a A --refuse
keeps 'nevertheless burnt' burnt
fresh 'answer: 60d'
ok 'an image that is younger than offers wait' archive-rotate -a A --refuse
keeps '  may be in the burner' made
fresh 'after: received' burnt verify
ok 'where discs have to arrive' rotation
has '  it is said' .out '^kept	3 messages that are on discs, until these are received: ABCDEF \(verified\)$'
printf 'size: 1kB\ndisc: 1200kB\ncontact: ann@example.org\n' >A/archive.yaml
fresh 'contact: ann@example.org' burnt
at 01 archive-rotate -a A --notice >/dev/null 2>&1
fails 1 'when no notice is due' at 02 archive-rotate -a A --notice
has '  it is said, too' .err 'the cellar keeps 3 messages that are on discs, until these are verified: ABCDEF \(burnt\)$'
rm -rf A && cp -a both A
dvd-list -a A burnt CDEFGH && dvd-list -a A verify CDEFGH one.iso
ok 'a pack that waits for others' rotation
has '  has its reason' .out '^kept	1 messages .* CDEFGH \(verified; others of the same packs are on no such disc\)$'
in_cellar
result $? '  and stays'
printf 'disc: 1200kB\n' >A/archive.yaml
ok 'without a size' rotation
has '  nothing is erased anyway' .out 'beyond its room: kept, for archive.yaml says no size$'

unknown() { # WHAT COMMAND
	fresh '' burnt
	eval "$2"
	fails 65 "$1" rotation
	in_cellar
	result $? '  nothing is erased'
}
unknown 'a damaged list' 'flip A/disc/00000001.tpd 100'
unknown 'no list' 'rm A/disc/00000001.tpd'
unknown 'damaged facts' 'echo "{" >A/disc/00000001.json'

done_testing
