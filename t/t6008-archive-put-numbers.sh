#!/bin/sh
# Numbers of journals are never given twice, and a number alone makes no journal spent: whoever hides or
# overwrites one because a pack replaced it looks whether the pack has its mail.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3 4; do make_mail $n >mail$n; done
journals() { (cd A/journal && echo *); }
put_at 1 mail1 >id1
ok 'a journal is sealed' archive-rotate -a A --all
cp -a A whole

# --- what is begun -------------------------------------------------------------------------------

rm A/journal/*
put_at 2 mail2 >id2
[ "$(journals)" = 00000002.tpj ]
result $? 'behind an empty folder another number is begun'
ok 'the mail is there' comes_back 2
ok 'all is well' archive-check -a A
ok 'a rotation' archive-rotate -a A --all
ok 'leaves it' comes_back 2
ok 'and the first' comes_back 1
cut -d' ' -f1,3 A/chain >found
echo '00000002 00000002' >expected
same 'the chain knows the highest number' found expected

# The pack that has it may be away, and an older version wrote no number.
rm A/journal/*
mv A/pack/00000002.tpp away
put_at 3 mail3 >id3
[ "$(journals)" = 00000003.tpj ]
result $? 'while the pack is away, too'
mv away A/pack/00000002.tpp
cut -d' ' -f1,2 A/chain >old && cp old A/chain
rm A/journal/*
ok 'with a chain of an older version' archive-check -a A
put_at 3 mail3 >id3
[ "$(journals)" = 00000003.tpj ]
result $? 'as well'
rm A/chain A/journal/*
put_at 3 mail3 >id3
[ "$(journals)" = 00000003.tpj ]
result $? 'or with none'
: >A/journal/00000001.tpj
rm A/journal/00000003.tpj
put_at 3 mail3 >id3
[ "$(journals)" = '00000001.tpj 00000003.tpj' ]
result $? 'an empty file of a number that is spent is not begun'
ok 'a rotation' archive-rotate -a A --all
ok 'all is well' archive-check -a A
ok 'the mail is there' comes_back 3

# --- what was begun by an older version ----------------------------------------------------------

rm -rf A B && cp -a whole A
archive-put -a B --received 2005-07-01T09:00:00Z <mail4 >id4
rm A/journal/* && cp B/journal/00000001.tpj A/journal/
ok 'a journal with a number that was given twice is read' comes_back 4
archive-find -a A --ids >found
sort id1 id4 >expected && sort found >sorted
same 'both mails are found' sorted expected
ok 'archive-check' archive-check -a A
has 'counts both' .out '^2 messages'
ok 'a rotation' archive-rotate -a A --all
has 'says that it was kept' .err 'journal 00000001 is kept, though pack 00000001 says that it replaced it'
ok 'the mail is there' comes_back 4
[ -e A/pack/00000002.tpp ] && [ ! -e A/journal/00000001.tpj ]
result $? 'sealed once more'
ok 'all is well' archive-check -a A

# --- what goes -----------------------------------------------------------------------------------

# A sealer that was killed before he removed it; and an older, shorter copy of it.
rm -rf A && mkdir A
put_at 1 mail1 >id1
cp A/journal/00000001.tpj short
put_at 2 mail2 >id2
cp A/journal/00000001.tpj full
archive-rotate -a A --all >/dev/null
for copy in full short; do
	cp $copy A/journal/00000001.tpj
	archive-find -a A --ids >found
	sort id1 id2 >expected && sort found >sorted
	same "$copy: each mail is found once" sorted expected
	ok 'archive-check' archive-check -a A
	has 'counts each once' .out '^2 messages'
	ln A/journal/00000001.tpj left
	ok 'a rotation' archive-rotate -a A
	[ ! -e A/journal/00000001.tpj ] && is_zeros left
	result $? 'overwrites it'
	rm left
done

# One that went on being written after it was copied.
cp short A/journal/00000001.tpj
archive-put -a B --received 2005-07-01T09:00:00Z <mail4 >id4
archive-put -a C <mail1 >/dev/null && rm C/journal/* && cp short C/journal/00000001.tpj
archive-put -a C --received 2005-07-01T09:00:00Z <mail4 >id4
cp C/journal/00000001.tpj A/journal/
ok 'a copy that has more is read' comes_back 4
cp A/journal/00000001.tpj more
ok 'a rotation' archive-rotate -a A
has 'says which mail the pack has not' .err "journal 00000001 is kept.*$(cat id4) is not in it"
ok 'the mail is there' comes_back 4
ok 'all is well' archive-check -a A

# A pack that lists a journal and has its last mail, but not all of it.
rm -rf A C && mkdir A
for n in 1 2; do put_at $n mail$n >id$n; done
cp A/journal/00000001.tpj both
rm -rf A && mkdir A
put_at 2 mail2 >id2
archive-rotate -a A --all >/dev/null
cp both A/journal/00000001.tpj
fails 65 'a pack without some of a journal that it replaced' archive-check -a A
has 'is told of, with the mail' .out "pack/00000001.tpp.*it replaced journal 00000001: $(cat id1) is not in it"
ok 'a rotation' archive-rotate -a A
ok 'keeps that mail' comes_back 1
ok 'and the other' comes_back 2

done_testing
