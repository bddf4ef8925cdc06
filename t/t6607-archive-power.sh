#!/bin/sh
# A journal to which the power left zeros instead of a record: nobody was told of one, so all is well,
# writers and sealers go on; but zeros with something behind them are damage, and told.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3; do make_mail $n >mail$n; done
for n in 1 2; do put_at $n mail$n >id$n; done
mv A whole

all_there() {
	comes_back 1 2 3 && [ "$(archive-find -a A --count)" -eq 3 ]
}

for zeros in 1 8 100 4096 100000; do
	fresh
	head -c $zeros /dev/zero >>A/journal/00000001.tpj
	ok "$zeros zeros: all is well" archive-check -a A
	ok "$zeros zeros: the mail before comes back" comes_back 2
	ok "$zeros zeros: the next put works" put_at 3 mail3
	cp .out id3
	put_at 2 mail2 >again
	same "$zeros zeros: what was there is known" id2 again
	ok "$zeros zeros: all mail is there" all_there
	ok "$zeros zeros: and in one journal" [ ! -e A/journal/00000002.tpj ]
	ok "$zeros zeros: which is sealed" archive-rotate -a A --all
	ok "$zeros zeros: whole" all_there
	ok "$zeros zeros: and all is well" archive-check -a A
done

fresh
head -c 4096 /dev/zero >>A/journal/00000001.tpj
ok 'sealed with its zeros' archive-rotate -a A --all
ok 'its mail comes back' comes_back 2
ok 'all is well' archive-check -a A

fresh
{ head -c 4096 /dev/zero; echo something; } >>A/journal/00000001.tpj
fails 65 'something behind zeros is a fault' archive-check -a A
has 'and told' .out 'journal/00000001.tpj.*are no record'
ok 'the next put works' put_at 3 mail3
cp .out id3
ok 'and all mail is there' all_there
done_testing
