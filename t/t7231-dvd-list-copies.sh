#!/bin/sh
# Two discs with the same mails: each is listed once, and archive-get names both, the good one first;
# one that is verified when the mails have left knows them as well.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

mkdir A
printf 'size: 1kB\nafter: verified\n' >A/archive.yaml
for n in 1 2 3 4 5 6 7 8; do
	make_mail $n >mail$n
	put_at $n mail$n >id$n
	[ $n -ne 5 ] || "$HELPERS/seal-archive" A 1 >/dev/null
done
"$HELPERS/seal-archive" A 1 >/dev/null
archive-rotate -a A --quiet >/dev/null
[ "$(cd A/cellar && echo *.tpp)" = 00000001.tpp ] || exit 99
cat id1 id2 id3 id4 | dvd-pack -q -a A --serial AAAAAA --medium 8MB - >a.iso || exit 99
cat id1 id2 id3 id4 | dvd-pack -q -a A --serial CCCCCC --medium 8MB - >c.iso || exit 99
cat id3 id5 | dvd-pack -q -a A --serial BBBBBB --medium 8MB - >b.iso || exit 99
for s in AAAAAA BBBBBB CCCCCC; do dvd-list -a A burnt $s || exit 99; done
mv A packed

fresh() {
	rm -rf A
	cp -a packed A
}
lists() { # FILE of "id disc", in that order
	archive-find -a A --tier disc -n 0 >found || return 1
	cut -f1,7 found | sort >got
	cmp -s got "$1"
}
disc_of() { # N
	archive-find -a A --tier all -n 0 | grep "^$(cat id"$1")" | cut -f7
}
once() {
	archive-find -a A --tier all --ids >ids.found
	[ "$(wc -l <ids.found)" -eq 8 ] && [ "$(sort -u ids.found | wc -l)" -eq 8 ] &&
		[ "$(archive-find -a A --tier all --count)" -eq 8 ] &&
		[ "$(archive-find -a A --tier disc --count matter)" -eq 5 ] &&
		[ "$(archive-find -a A --tier disc -n 2 -p 3 --ids | wc -l)" -eq 1 ]
}

# --- both before the mails leave ------------------------------------------------------------------
fresh
for s in a c b; do
	S=$(echo $s$s$s$s$s$s | tr abc ABC)
	dvd-list -a A verify "$S" $s.iso || exit 99
done
[ ! -e A/cellar/00000001.tpp ] || exit 99
ok 'each mail is found once' once
[ "$(disc_of 1)" = 'disc AAAAAA' ] && [ "$(disc_of 5)" = 'disc BBBBBB' ]
result $? 'on one of its discs'
fails 69 'archive-get' archive-get -a A "$(cat id3)"
has 'names all that have it' .err ': it is on disc AAAAAA, as data/[^;]*; it is on disc CCCCCC, as [^;]*; it is on disc BBBBBB, as [^;]*$'
ok 'the first is lost' dvd-list -a A lost AAAAAA
ok 'each mail is found once' once
[ "$(disc_of 1)" = 'disc CCCCCC' ] && [ "$(disc_of 3)" = 'disc CCCCCC' ]
result $? 'on a disc that is not'
fails 69 'archive-get' archive-get -a A "$(cat id1)"
has 'names the lost one last' .err ': it is on disc CCCCCC, as [^;]*; it is on disc AAAAAA, as [^;]*; that disc was lost$'
head -c 100000 c.iso >bad.iso
dvd-list -a A verify CCCCCC bad.iso >out 2>err
ok 'none is good: each mail is found once' once
[ "$(disc_of 3)" = 'disc BBBBBB' ] && [ "$(disc_of 1)" = 'disc AAAAAA' ]
result $? 'on a good disc, if there is one'
flip A/disc/00000003.tpx 10
archive-find -a A --tier all --ids >out 2>err
[ $? -eq 65 ] && [ "$(wc -l <out)" -eq 7 ]
result $? 'a disc that cannot be read hides nothing of the others'

# --- one when they have left ----------------------------------------------------------------------
fresh
dvd-list -a A verify AAAAAA a.iso && dvd-list -a A verify BBBBBB b.iso || exit 99
[ ! -e A/cellar/00000001.tpp ] && [ ! -e A/disc/00000002.tpx ] || exit 99
ok 'a second disc, verified when the mails have left' dvd-list -a A verify CCCCCC c.iso
has 'all have left for it, too' A/disc/00000002.json '"left":[1-9]'
ok 'each mail is found once' once
fails 69 'archive-get' archive-get -a A "$(cat id2)"
has 'names both' .err ': it is on disc AAAAAA, as [^;]*; it is on disc CCCCCC, as [^;]*$'
ok 'all is well' archive-check -a A
rm A/disc/00000001.*
ok 'without the first' dvd-list -a A CCCCCC
archive-find -a A --tier disc -n 0 'subject:matter' >found
[ "$(cut -f7 found | sort | uniq -c | awk '{ print $1 $3 }' | tr '\n' ' ')" = '1BBBBBB 4CCCCCC ' ]
result $? 'the second knows them by itself'

done_testing
