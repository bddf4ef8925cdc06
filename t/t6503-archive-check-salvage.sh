#!/bin/sh
# A journal with bytes that are no record, behind its records or between them: what is damaged is said,
# the next put works, everything sound is found, given and, by archive-check --rebuild, sealed; the
# damaged bytes are set aside, and size and rotation go on.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

make_file attached >attached
for n in 1 2 3 4 5 6; do
	if [ $n = 3 ]; then make_mail $n attached >mail$n; else make_mail $n >mail$n; fi
done
for n in 1 2 3 4 5; do
	if [ -e A ]; then wc -c <A/journal/00000001.tpj; else echo 32; fi >at$n
	put_at $n mail$n >id$n
done
wc -c <A/journal/00000001.tpj >at6
mv A whole
journal=journal/00000001.tpj
at() { cat "at$1"; }

garbage() { # BYTES
	perl -e 'srand 1; print map { chr(1 + int rand 255) } 1 .. $ARGV[0]' "$1"
}
aside() { # FILE BYTES OFFSET: A/FILE has exactly these bytes of the damaged journal
	dd if=damaged.tpj bs=1 skip="$3" count="$2" of=expected 2>/dev/null
	cmp "A/$1" expected
}
sealed_all() {
	[ -z "$(find A/journal -type f -size +32c)" ] && [ -e A/pack/00000001.tpp ]
}

# --- garbage behind the last record ---------------------------------------------------------------

for bytes in 1 50 313 70000; do
	fresh
	garbage $bytes >>A/$journal
	cp A/$journal damaged.tpj
	fails 65 "$bytes bytes of garbage are told" archive-check -a A
	has 'with file, offset and length' .out \
		"^$journal	-	journal 00000001, offset $(at 6), $bytes bytes: are no record"
	if [ $bytes -lt 96 ]; then
		has 'too few for a mail' .out 'too few to have been a mail'
	else
		has 'and what they may have been' .out 'may have been mail'
	fi
	ok 'all before it is given' comes_back 1 2 3 4 5
	put_at 6 mail6 >id6
	ok 'the next put works' comes_back 6
	put_at 2 mail2 >again
	ok 'what is before is known' cmp again id2
	fails 65 'the rotation says so' archive-rotate -a A --seal --all
	has 'and the way out' .err 'journal 00000001 is left unsealed .archive-check --rebuild'
	ok 'the other journal is sealed' test -e A/pack/00000001.tpp
	ok 'it is left as it is' test "$(wc -c <A/$journal)" -eq $(($(at 6) + bytes))
	ok '--rebuild sets it aside' archive-check -a A --rebuild
	[ "$(wc -l <.err)" -eq 1 ]
	result $? 'says one thing'
	has 'says so, by the name of the file' .err \
		"offset $(at 6), $bytes bytes: .*set aside as damaged/journal-00000001-at-$(at 6)"
	has 'and once more in the sum' .out '1 damaged range set aside in damaged/; all is well'
	ok 'to the byte' aside "damaged/journal-00000001-at-$(at 6)" $bytes "$(at 6)"
	ok 'the rest is sealed' sealed_all
	ok 'all is given' comes_back 1 2 3 4 5 6
	ok 'and found' archive-find -a A --ids subject:needle-subject
	ok 'six' test "$(wc -l <.out)" -eq 6
	ok 'the rotation goes on' archive-rotate -a A
	ok 'the next check is content, and remembers' archive-check -a A --json
	has 'what lies aside' .out '"well":true.*"set_aside":1,"faults":0'
	has 'the event log, too' A/events.log '"event":"salvage".*set aside as damaged/'
done

# --- damage between records -----------------------------------------------------------------------

# damaged NAME N OFFSET-IN-RECORD TOUCHED: record N is hit there.
damaged() {
	fresh
	flip A/$journal $(($(at "$2") + $3))
	cp A/$journal damaged.tpj
	fails 65 "$1: is told" archive-check -a A
	has "$1: where and how long" .out "offset $(at "$2"), $(($(at $(($2 + 1))) - $(at "$2"))) bytes"
	[ -z "$4" ] || has "$1: which mail" .out "^$journal	.*$(cat id"$2")"
	ok "$1: the others are given" comes_back 1 2 5
	ok "$1: --rebuild sets it aside" archive-check -a A --rebuild
	ok "$1: to the byte" aside "damaged/journal-00000001-at-$(at "$2")" \
		$(($(at $(($2 + 1))) - $(at "$2"))) "$(at "$2")"
	ok "$1: the rest is sealed" sealed_all
	ok "$1: and given" comes_back 1 2 5
	put_at "$2" mail"$2" >again
	ok "$1: put again, it is stored again" comes_back "$2"
	ok "$1: the rotation goes on" archive-rotate -a A --seal --all
	ok "$1: all is well" archive-check -a A
}
damaged 'head of a record' 3 20 ''
ok 'its attachment stays while bytes lie aside' test -n "$(find A/blob -name '*.tpb')"
damaged 'facts of a record' 4 150 named
damaged 'skeleton of a record' 4 400 named
damaged 'end of a record' 4 $(($(at 5) - $(at 4) - 12)) named

# An attachment that damaged bytes may have named stays; when those are removed, it goes.
fresh
flip A/$journal $(($(at 3) + 20))
archive-check -a A --rebuild >/dev/null 2>&1
ok 'an attachment stays' test -n "$(find A/blob -name '*.tpb')"
rm -r A/damaged
ok '(somebody removes the bytes)' archive-check -a A --rebuild
ok 'it goes with them' test -z "$(find A/blob -name '*.tpb')"

# Two ranges, and everything behind the first record.
fresh
flip A/$journal $(($(at 1) + 20))
flip A/$journal $(($(at 4) + 20))
ok 'two ranges' archive-check -a A --rebuild
has 'are counted' .out '2 damaged ranges set aside'
ok 'the three others are given' comes_back 2 3 5
fresh
dd if=/dev/urandom of=A/$journal bs=1 seek=32 count=$(($(at 6) - 32)) conv=notrunc 2>/dev/null
ok 'a journal of which nothing is left' archive-check -a A --rebuild
ok 'goes as a whole' test "$(find A/damaged -name 'journal-*' | wc -l)" -eq 1
put_at 1 mail1 >id1
ok 'the next put works' comes_back 1

# What a power cut leaves is no damage.
fresh
truncate -s -9 A/$journal
ok 'a torn end needs nobody' archive-check -a A --rebuild
ok 'nothing is set aside' test ! -e A/damaged
ok 'and it is sealed' archive-rotate -a A --seal --all

# What cannot be mended is left, told each time, and nothing else waits for it.
fresh
flip A/$journal 22
put_at 6 mail6 >id6
fails 65 'a damaged beginning is told' archive-check -a A --rebuild
has 'wants a copy' .err 'journal 00000001 stays as it is, and wants a copy in its place'
ok 'the journal stays' cmp -n 20 A/$journal whole/$journal
cp whole/$journal A/$journal
ok 'a copy mends it' archive-check -a A
ok 'and the mails are there' comes_back 1 2 3 4 5 6

# Of two rebuilds that were cut short, no bytes are lost.
fresh
flip A/$journal $(($(at 4) + 20))
mkdir A/damaged
echo other >A/damaged/journal-00000001-at-"$(at 4)"
ok 'a name that is taken' archive-check -a A --rebuild
has 'is left alone' .err "set aside as damaged/journal-00000001-at-$(at 4)[.]2"
ok 'as it was' test "$(cat "A/damaged/journal-00000001-at-$(at 4)")" = other

done_testing
