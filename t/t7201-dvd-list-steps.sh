#!/bin/sh
# The steps of a disc in any order, twice, and by two at once; what an archive's rule makes of each; and
# what calls itself a disc and is none.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

make_disc_of_three || exit 99
mv A made
state() { dvd-list -a A ABCDEF | cut -f2; }
in_cellar() { [ -e A/cellar/00000001.tpp ]; }
fresh() { # RULE STEP...
	rm -rf A
	cp -a made A
	printf 'size: 1kB\nafter: %s\n' "$1" >A/archive.yaml
	shift
	for _step in "$@"; do
		case $_step in
		verify) dvd-list -a A verify ABCDEF image.iso ;;
		*) dvd-list -a A "$_step" ABCDEF ;;
		esac || return
	done
}
stays() { # WHAT RULE STEP...
	_what=$1
	shift
	fresh "$@" && in_cellar && [ "$(archive-find -a A --tier cellar --count)" = 3 ]
	result $? "after $*: $_what"
}
leaves() {
	fresh "$@" && ! in_cellar && [ "$(archive-find -a A --tier disc --count)" = 3 ] && archive-check -a A --quiet
	result $? "after $*: they leave"
}

# --- the rule ------------------------------------------------------------------------------------
stays 'an image is no disc' burnt
leaves burnt burnt
leaves burnt burnt verify
stays 'an image that was never burnt is none, whatever was read' burnt verify
leaves burnt shipped
leaves burnt received
stays 'a lost one never counts' burnt lost
stays 'nobody read it' verified burnt
stays 'shipped is not read' verified burnt shipped
stays 'nor is received' verified burnt shipped received
leaves verified burnt verify
stays 'a file is no disc that nobody burnt' verified verify
leaves verified verified
leaves verified received shipped burnt verify
stays 'nobody has it' received burnt verify shipped
leaves received received
leaves received burnt shipped verify received
stays 'lost on the way' received burnt verify shipped lost
stays 'an image is not the disc that was lost' received burnt verify shipped lost verify

# --- steps ---------------------------------------------------------------------------------------
fresh received received shipped
[ "$(state)" = received ]
result $? 'shipped, noted late, is no step back'
fresh verified
for at in 2010-01-01 2011-02-02; do TUBEPOST_NOW=${at}T12:00:00Z dvd-list -a A burnt ABCDEF; done
[ "$(dvd-list -a A | cut -f8)" = 2010-01-01 ] && [ "$(grep -c '"event":"burnt"' A/events.log)" -eq 1 ]
result $? 'a step keeps its first day, and is one event'
fresh verified lost
[ "$(state)" = lost ]
result $? 'lost'
for step in burnt verified shipped received; do
	fails 64 "a lost disc is not $step" dvd-list -a A $step ABCDEF
	has '  but found first' .err 'disc ABCDEF is lost: when it is found, verify it'
done
ok 'lost once more is no matter' dvd-list -a A lost ABCDEF
ok 'its image says nothing about that' dvd-list -a A verify ABCDEF image.iso
[ "$(state)" = lost ]
result $? 'it stays lost'
for word in made erased Burnt ''; do
	fails 64 "no step: '$word'" dvd-list -a A "$word" ABCDEF
done
fails 64 'a step of nothing' dvd-list -a A burnt
fails 64 'a step of two' dvd-list -a A burnt ABCDEF BCDEFG
fails 64 'no serial' dvd-list -a A burnt ABCDEI
fails 1 'a disc that is not there' dvd-list -a A burnt BCDEFG

# What killed writers leave goes with the next one.
fresh verified burnt
for name in json.new tpd.new tpx.new; do : >A/disc/00000001.$name; done
: >A/chain.new
ok 'the next step' dvd-list -a A lost ABCDEF
ok 'and the next rotation' archive-rotate -a A
[ -z "$(find A -name '*.new')" ]
result $? 'leave no file aside'

# --- two at once -----------------------------------------------------------------------------------
fresh received burnt
for step in burnt shipped received; do dvd-list -a A $step ABCDEF 2>err.$step & done
dvd-list -a A verify ABCDEF image.iso 2>err.verify
wait
cat err.* >errors
dvd-list -a A --json >out
[ ! -s errors ] && ! grep -Eq '"(burnt|verified|shipped|received|left)":null' out && ! in_cellar && archive-check -a A --quiet
result $? 'four at once: no step is lost, and the cellar lets go once' || cat errors
[ "$(grep -c '"event":"release"' A/events.log)" -eq 1 ]
result $? 'which is one event'
rm -rf A && cp -a made A
for n in 1 2; do
	head -n 2 ids | dvd-pack -q -a A --serial BCDEFG --medium 8MB - >two.$n 2>err.$n &
	eval "pid$n=\$!"
done
wait "$pid1"
code1=$?
wait "$pid2"
code2=$?
case $code1,$code2 in 0,0 | 0,75 | 75,0) true ;; *) false ;; esac && [ "$(dvd-list -a A | grep -c BCDEFG)" -eq 1 ]
result $? "two make one disc ($code1, $code2): it is in the ledger once"

# --- what is no disc -------------------------------------------------------------------------------
fresh verified burnt
fails 65 'a device without end' timeout 60 dvd-list -a A verify ABCDEF /dev/zero
fails 65 'one without anything' dvd-list -a A verify ABCDEF /dev/null
mkdir folder
fails 74 'a folder' dvd-list -a A verify ABCDEF folder
{ cat image.iso; head -c 300000 /dev/zero; } >longer
ok 'a disc with error correction behind the image' dvd-list -a A verify ABCDEF longer
fresh verified burnt
ok 'from stdin' sh -c 'dvd-list -a A verify ABCDEF - <image.iso'
in_cellar
[ $? -ne 0 ]
result $? 'is as good'

# --- a ledger that is damaged ------------------------------------------------------------------------
damaged() { # WHAT SED-COMMAND
	fresh verified burnt
	sed -i "$2" A/disc/00000001.json
	fails 65 "$1" dvd-list -a A verify ABCDEF image.iso
	in_cellar
	result $? '  and nothing leaves'
}
damaged 'mails without number' 's/"mails":3/"mails":9223372036854775807/'
damaged 'sectors without number' 's/"sectors":[0-9]*/"sectors":9223372036854775807/'
damaged 'a mail less' 's/"mails":3/"mails":2/'
damaged 'another image' 's/"image":"../"image":"zz/'
damaged 'no object' 's/.*/[]/'
damaged 'nothing' 's/.*//'
fresh verified burnt
head -c 100 made/disc/00000001.tpd >A/disc/00000001.tpd
fails 65 'a list cut short' dvd-list -a A verify ABCDEF image.iso
done_testing
