#!/bin/sh
# Bad input: a clear error, nothing written, nothing recorded. Never a silent hole.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl bsdtar

for n in 1 2 3 4 5; do
	make_mail $n >mail$n
	put_dated mail$n "2005-07-0${n}T08:00:00Z" >id$n
done
cat id1 id2 id3 id4 id5 >ids
refused() { # CODE WHAT PATTERN ARGUMENT...
	_exit=$1 _said=$2 _like=$3
	shift 3
	fails "$_exit" "$_said" dvd-pack -a A "$@"
	cp .err said
	nothing_out=$(wc -c <.out)
	ok '  nothing comes out' test "$nothing_out" -eq 0
	has '  and why' said "^dvd-pack: .*$_like"
	ok '  the ledger stays empty' test "$(ledger_count)" -eq 0
}

: >none
refused 66 'an empty list' 'nothing to pack' - <none
printf '\n  \n\r\n\000\000' >blank
refused 66 'a list of blank lines' 'nothing to pack' - <blank
echo 0zzzzzzzzzzzzzzz >unknown
cat ids unknown >more
refused 65 'an unknown id' '0zzzzzzzzzzzzzzz: not in the archive' - <more
refused 65 'the same, told at the end' '1 mail cannot be packed: nothing is written' - <more
echo 'not an id' >word
refused 64 'what is no id' 'is not an id' - <word
archive-rm -a A --reason test "$(cat id3)"
refused 65 'an erased mail' "$(cat id3): (was erased|not in the archive)" - <ids
archive-rotate -a A --seal --all
archive-rm -a A --reason test "$(cat id5)"
cat id1 id2 id5 >gone
refused 65 'one that was erased from a pack' "$(cat id5): was erased" - <gone
seq 100 199 | sed 's/.*/0zzzzzzzzzzzz&/' | cat ids - >long
refused 65 'a long list with unknown ones' '0zzzzzzzzzzzz150: not in the archive' - <long
put_dated mail5 2005-07-06T08:00:00Z >id5
cat id1 id2 id4 id5 >ids

cat id1 "$SRC/t/test-lib.sh" >script
refused 64 'a list of other things' 'is not an id' - <script
head -c 100000 /dev/urandom >noise
refused 64 'a list of noise' 'is not an id' - <noise
refused 65 'two wrong ones' '2 mails cannot be packed' 0zzzzzzzzzzzzzzz 0zzzzzzzzzzzzzzy
refused 65 'an unknown id in a plan' '0zzzzzzzzzzzzzzz: not in the archive' --plan - <more
echo before >rest
refused 65 'with leftover' '0zzzzzzzzzzzzzzz: not in the archive' --leftover rest - <more
has '  which stays as it was' rest '^before$'
refused 64 'a medium that is none' "'tape' is neither" --medium tape - <ids
refused 64 'a medium of nothing' 'less than a disc' --medium 10k - <ids
refused 64 'a percentage that is none' 'percentage' --ecc none - <ids
refused 64 'too much of it' 'percentage' --ecc 201 - <ids
refused 64 'error correction on a small medium' 'dvdisaster' --ecc 20 --medium 10M - <ids
for s in ABCDE ABCDEFG ABCDEI abc123 'ABC DE' ''; do
	refused 64 "a serial that is none: $s" 'six of' --serial "$s" - <ids
done
refused 64 'a key without certificate' 'go together' --sign-key ids - <ids
refused 64 'json without a plan' '--plan' --json - <ids
refused 64 'a plan with leftover' '--leftover' --plan --leftover x - <ids
refused 64 'two mailboxes' 'exclude' --mbox x --maildir y
refused 64 'two lists on stdin' 'stdin is either' --mbox - -
refused 66 'a mailbox that is not there' 'no-such' --mbox no-such
refused 66 'a Maildir that is not there' 'no-such' --maildir no-such

perl -e 'print "Subject: large\n\n", ("x" x 77, "\n") x 20000' >large
put_dated large 2005-07-02T12:00:00Z >idl
cat ids idl >more
refused 65 'a mail larger than the disc' "$(cat idl): 1560016 bytes do not fit" --medium 1M - <more
sed s/large/larger/ large >larger
put_dated larger 2005-07-02T12:00:01Z >idm
cat ids idl idm >more
refused 65 'two of them' '2 mails are larger than the disc: nothing is written' --medium 1M - <more
same '  each is named' said - <<X
dvd-pack: $(cat idl): 1560016 bytes do not fit on a disc with room for 512 sectors
dvd-pack: $(cat idm): 1560017 bytes do not fit on a disc with room for 512 sectors
dvd-pack: 2 mails are larger than the disc: nothing is written
X
refused 73 'a place for what is left over that is none' 'no/where: No such file' --leftover no/where - <ids

# Wherever it stands: with other mails before it that fill the disc, and with none.
perl -e 'print "Subject: half\n\n", ("x" x 77, "\n") x 7000' >half
for n in 1 2 3; do put_dated half "2005-06-0${n}T12:00:00Z"; done >halves
cat halves idl >more
refused 65 '  behind mails that fill the disc' "$(cat idl): 1560016 bytes do not fit" --medium 1M - <more
refused 65 '  alone' "$(cat idl): 1560016 bytes do not fit" --medium 1M - <idl
refused 65 '  in a plan' "$(cat idl): 1560016 bytes do not fit" --medium 1M --plan - <idl

# Sizes that not every system reads: files of holes.
mkdir -p huge/cur huge/new
if truncate -s 2147483648 huge/cur/1120210201.M1.host:2,S 2>/dev/null; then
	fails 65 'a mail of 2 GiB' dvd-pack --maildir huge
	has '  and why' .err 'M1.host:2,S: larger than 2 GiB'
	ok '  nothing comes out' test ! -s .out
	truncate -s 2147483647 huge/cur/1120210201.M1.host:2,S
	ok 'with a byte less' dvd-pack --plan --maildir huge
	has '  it is read' .out '^mails	1	2147483647$'
else
	skip 'no sparse files here' 'a mail of 2 GiB'
fi
rm -rf huge

# --- what is told and done all the same -----------------------------------------------------------
cat ids id2 >twice
ok 'an id that is listed twice' dvd-pack -a A --serial KWRTPM - <twice
cp .err said
cp .out disc.iso
has '  is told' said "^dvd-pack: $(cat id2): listed twice, packed once\$"
unpack disc.iso tree
ok '  and packed once' test "$(find tree/data -type f | wc -l)" -eq 4
ok 'ids as arguments, misread a little' dvd-pack -q -a A --plan "$(tr a-z A-Z <id1)"
printf '%s\0%s\0' "$(cat id1)" "$(cat id2)" >nul
ok 'ids that end in NUL' dvd-pack -q -a A --plan <nul
has '  are read' .out '^mails	2	'
sed 's/^/ 	 /' ids >indented
ok 'ids behind spaces' dvd-pack -q -a A --plan - <indented
has '  are read' .out '^mails	4	'

# --- a serial that is used ------------------------------------------------------------------------
ok 'the ledger has the disc' test "$(ledger_count)" -eq 1
fails 64 'a serial that is used, with other mails' dvd-pack -a A --serial KWRTPM "$(cat id1)"
has '  is refused' .err '^dvd-pack: disc KWRTPM exists'
for step in burnt shipped lost; do
	cp -a A before
	dvd-list -a A $step KWRTPM
	fails 64 "the serial of a disc that is $step, with the same mails" dvd-pack -a A --serial KWRTPM - <twice
	has '  is refused' .err "^dvd-pack: disc KWRTPM exists, and was $step\$"
	ok '  nothing comes out' test ! -s .out
	ok '  the ledger has one disc' test "$(ledger_count)" -eq 1
	rm -rf A
	mv before A
done
ok 'small letters name the same disc' dvd-pack -q -a A --serial kwrtpm - <twice
ok 'without a serial' dvd-pack -a A - <ids
has '  one is chosen' .err '^dvd-pack: serial [ABCDEFGHJKLMNPRSTWXYZ]{6}$'
fails 66 'no archive' dvd-pack -a nowhere - <ids
done_testing
