#!/bin/sh
# archive-check: a flipped bit in each kind of record, files cut short, missing or of another version
# are told, with the messages that they touch; everything else is still there.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl python3 zstd

make_file attached >attached
for n in 1 2 3 4 5 6; do
	if [ $n = 2 ]; then make_mail $n attached >mail$n; else make_mail $n >mail$n; fi
done
for n in 1 2 3; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 3 >/dev/null
for n in 4 5 6; do put_at $n mail$n >id$n; done
archive-rm -a A "$(put_at 9 mail6)" >/dev/null
mv A whole
journal=$(cd whole && ls -S journal/*.tpj | head -n 1)
blob=$(cd whole && find blob -name '*.tpb')

fresh
ok 'all is well' archive-check -a A
has 'and counted' .out '^6 messages in 1 pack and 1 journal, [0-9]+ events?: all is well$'
ok 'with --json' archive-check -a A --json
has 'in one object' .out '^\{"well":true,"messages":6,"erased":0,"packs":1,"journals":1,'

# at FILE OFFSET...: a bit flipped at each of them is a fault of that file.
at() { # WHAT FILE PATTERN OFFSET...
	_name=$1 _file=$2 _pattern=$3
	shift 3
	for _at in "$@"; do
		fresh
		flip "A/$_file" "$_at"
		fails 65 "$_name: a flipped bit at $_at is a fault" archive-check -a A
		has "$_name: told so" .out "$_pattern"
		# Whatever was hit, no reader dies of it, and never gives a wrong mail.
		for n in 1 2 3 4 5 6; do
			archive-get -a A "$(cat id$n)" >back 2>err.get
			_code=$?
			[ $_code -eq 65 ] || [ $_code -eq 66 ] || [ $_code -eq 1 ] || cmp -s back mail$n ||
				result 1 "$_name at $_at: mail $n, exit $_code: $(cat err.get)"
		done
	done
}
size() { wc -c <"whole/$1"; }

tables=$(perl -e 'open(F, "whole/pack/00000001.tpp"); seek(F, 48, 0); read(F, $b, 8); print unpack("Q<", $b)')
at 'header of a pack' pack/00000001.tpp '^pack/00000001.tpp' 0 9 20 60 130 165
at 'tables of a pack' pack/00000001.tpp '^pack/00000001.tpp' "$tables" $((tables + 21)) $((tables + 50))
at 'block of a pack' pack/00000001.tpp '^pack/00000001.tpp' 170 200 500
at 'directory of a pack' pack/00000001.tpp '^pack/00000001.tpp' $((tables - 1)) $((tables - 40))
for n in 1 2 3; do has "directory of a pack: mail $n is named, by the index" .out "$(cat id$n)"; done
ok 'directory of a pack: those in the journal come back' comes_back 5

at 'opening of a journal' "$journal" "^$journal" 0 13 21 30
at 'head of a record' "$journal" "^$journal" 33 60 70
at 'facts of a record' "$journal" "^$journal" 180
at 'skeleton of a record' "$journal" "^$journal" 500
has 'skeleton of a record: it is named' .out "$(cat id4)"
ok 'skeleton of a record: the next one comes back' comes_back 5
ok 'skeleton of a record: so do those in the pack' comes_back 2

at 'head of a blob' "$blob" "$(cat id2)" 3 20 40
at 'content of a blob' "$blob" "$(cat id2)" 1000
ok 'content of a blob: mails without it come back' comes_back 1
fails 65 'content of a blob: the mail with it does not' archive-get -a A "$(cat id2)"

at 'index' index/00000001.tpx '^index/00000001.tpx' 0 100 150 300 $(($(size index/00000001.tpx) - 20))
ok 'index: it is made again' archive-check -a A --rebuild
at 'event log' events.log '^events.log' 10 $(($(size events.log) / 2))
at 'chain' chain '^chain' 12

# Cut short, at every so many bytes.
for cut in 0 1 100 168 1000 $((tables + 5)) $(($(size pack/00000001.tpp) - 1)); do
	fresh
	truncate -s "$cut" A/pack/00000001.tpp
	fails 65 "a pack cut to $cut bytes" archive-check -a A
	has 'is called truncated' .out '^pack/00000001.tpp.*truncated'
	has 'its messages are named, by the index' .out "^pack/00000001.tpp	$(cat id3)"
done
ok 'mail in the journal comes back' comes_back 6
ok 'the next put works' put_at 20 mail1

fresh
printf '\0' >>A/pack/00000001.tpp
fails 65 'a pack with a byte too many' archive-check -a A
fresh
mv A/pack/00000001.tpp A/pack/00000002.tpp
fails 65 'a pack under another number' archive-check -a A
has 'is told' .out 'under another name'
fresh
printf 'TPPACK02' | dd of=A/pack/00000001.tpp conv=notrunc 2>/dev/null
fails 65 'a pack of a later format' archive-check -a A
has 'is told as such' .out 'format that this version does not know'
fresh
rm "A/$blob"
fails 65 'a missing blob' archive-check -a A
has 'the mail is named, and where it is' .out "^(pack|journal)/[0-9]*.tp[pj]	$(cat id2)	"
fresh
printf '%s pack 1 0\n' "$(cat id1)" >A/erasing
fails 65 'an erasure that was interrupted' archive-check -a A
has 'is told' .out '^erasing	-	an erasure was interrupted'
ok 'one that is under way is no fault' flock A/seal.lock archive-check -a A
fresh
rm A/pack/00000001.tpp
fails 65 'a missing pack' archive-check -a A
has 'its messages are named, by the index' .out "^pack/00000001.tpp	$(cat id3)	.*missing"

# A pack that was erased for room is not missing: the log says so.
rm -rf A
for n in 1 2 3; do
	{ cat mail$n; perl -e 'srand($ARGV[0]); print int(rand(1e9)), "\r\n" for 1 .. 150000' $n; } >large
	put_at $n large >large.id
	"$HELPERS/seal-archive" A 1 >/dev/null
done
printf 'size: 1\nsubscribe: no\ndisc: 1MiB\n' >A/archive.yaml
archive-rotate -a A >rotated 2>&1
archive-rotate -a A >>rotated 2>&1
ok '(a pack was erased for room)' test -z "$(find A -name 00000001.tpp)"
ok 'after rotation all is well' archive-check -a A

# A journal that a killed sealer left behind is met again in its pack, and counts once.
fresh
cp -a A/journal spent
archive-rotate -a A --seal --all
cp -n spent/*.tpj A/journal
ok 'a journal that a pack has replaced' archive-check -a A --json
has 'counts once' .out '"messages":6,"erased":0,"packs":2,"journals":'
has 'as no journal' .out '"journals":[01],'

# The end of a journal that nobody was ever told of is no fault.
fresh
truncate -s -9 "A/$journal"
ok 'a torn record at the end' archive-check -a A --json
has 'is counted' .out '"torn_bytes":[1-9]'
ok 'and told' archive-check -a A
has 'to people, too' .out '[1-9][0-9]* torn bytes at the end of journals; all is well'

fresh
rm A/index/*
ok 'a deleted index is no loss' archive-check -a A
ok 'it is made again' archive-check -a A --rebuild
ok 'and there' test -s A/index/00000001.tpx
fresh
cp A/index/00000001.tpx A/index/00000077.tpx
mkdir -p A/blob/ff
: >A/pack/00000009.tpp.new
ok 'strays are cleared up' archive-check -a A --rebuild
ok 'all of them' test ! -e A/index/00000077.tpx -a ! -e A/pack/00000009.tpp.new

# Samples.
fresh
flip A/pack/00000001.tpp 300
ok 'nothing sampled, nothing found' archive-check -a A --sample 0
fails 65 'all sampled' archive-check -a A --sample 100%
fails 64 'what is no percentage' archive-check -a A --sample 101
fails 66 'no archive' archive-check -a nowhere

# Read-only: another user may look, and change nothing.
fresh
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	chmod -R a+rX,a-w A
	chmod 755 "$TRASH"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/ "$@"; }
	ok 'a read-only archive is checked' as_nobody archive-check -a "$TRASH/A"
	fails 77 'and not rebuilt' as_nobody archive-check -a "$TRASH/A" --rebuild
	fails 77 'nor erased from' as_nobody archive-rm -a "$TRASH/A" "$(cat id1)"
	ok 'what a rotation would do can be said' as_nobody archive-rotate -a "$TRASH/A" --dry-run
	has 'to him, too' .out '^offer	none'
	ok 'it is as it was' diff -r whole A
	# The group reads and does not put (tubepost-recipes(7), "procmail").
	as_group() { setpriv --reuid=65534 --regid="$(id -g)" --clear-groups env HOME=/ "$@"; }
	fresh
	ok 'the group gets' as_group archive-get -a "$TRASH/A" "$(cat id1)"
	fails 75 'and does not put' as_group archive-put -a "$TRASH/A" <mail1
	has 'for it may not' .err 'read-only|denied'
else
	skip 'not root, or no setpriv' 'a read-only archive'
fi

done_testing
