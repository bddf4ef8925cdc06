#!/bin/sh
# A clock that goes back, by seconds and by years, and one that stands still: nothing is lost or stored
# twice, ids stay different, lists are in order of arrival, journals and packs stay proven.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

put_when() { # CLOCK NUMBER
	make_mail "$2" >"mail$2"
	TUBEPOST_NOW=$1 archive-put -a A --sender a@from.example --rcpt b@to.example <"mail$2" >"id$2"
}
ok 'put' put_when 2026-06-01T12:00:00Z 1
ok 'put ten seconds earlier' put_when 2026-06-01T11:59:50Z 2
ok 'seal' archive-rotate -a A --seal --all
ok 'put two years earlier' put_when 2024-06-01T12:00:00Z 3
ok 'put before 1970' put_when 1969-12-31T23:00:00Z 4
ok 'put when two-digit years wrapped' put_when 2000-01-01T00:00:00Z 5
ok 'seal again, packs now lie over one another' archive-rotate -a A --seal --all
for n in 6 7 8 9; do
	ok "put by a clock that stands still ($n)" put_when 2025-01-01T00:00:00Z $n
done
cat id? | sort -u >ids
[ "$(wc -l <ids)" -eq 9 ]
result $? 'nine ids'
cp id3 first3
ok 'put again, at another time: the one that is there' put_when 2026-07-01T00:00:00Z 3
same 'with the same id' first3 id3
archive-find -a A --ids --reverse --limit 20 >found
cat id4 id5 id3 >expected
sort id6 id7 id8 id9 >>expected
cat id2 id1 >>expected
sort found | cmp -s - ids
result $? 'all nine are found'
same 'in order of arrival' expected found
archive-find -a A --ids --since 2024-01-01 --until 2024-12-31 >found
same 'and by date' id3 found
ok 'all is well' archive-check -a A
ok 'it is sealed' archive-rotate -a A --seal --all
ok 'all is well then' archive-check -a A
bad=0
for n in 1 2 3 4 5 6 7 8 9; do
	archive-get -a A "$(cat id$n)" 2>/dev/null | cmp -s - mail$n || bad=$((bad + 1))
done
[ $bad -eq 0 ]
result $? "every mail comes back ($bad do not)"

done_testing
