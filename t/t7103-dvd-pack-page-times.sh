#!/bin/sh
# Times that ids do not tell apart, before 1970, and those beyond what files can bear: the plan, the ledger,
# README.txt and the page say and find them as they are, in order.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
. "$SRC/t/lib-page.sh"
needs perl python3 chromium bsdtar

PAGE=tree/index.html
ROWS='[...document.querySelectorAll("#rows time")].map(n => n.dateTime.slice(0, 10)).join(" ")'

for day in 1945-05-08 1901-02-03 1969-12-31 1950-06-07 1901-02-03 1923-04-05 2005-07-01 2300-01-02 1970-01-01; do
	make_mail "$((n += 1))" >mail
	put_dated mail "${day}T12:00:00Z" >>ids || exit 99
done
ok 'the plan' dvd-pack -q -a A --plan - <ids
mv .out plan
[ "$(planned first) $(planned last)" = '1901-02-03T12:00:00Z 2300-01-02T12:00:00Z' ]
result $? 'has the first and the last'
awk '$1 == "month" { print $2, $3 }' plan >months
printf '%s\n' '1901-02 2' '1923-04 1' '1945-05 1' '1950-06 1' '1969-12 1' '1970-01 1' '2005-07 1' '2300-01 1' >want
same 'months in order' months want
ok 'a disc' dvd-pack -q -a A --serial KWRTPM - <ids
mv .out disc.iso
unpack disc.iso tree
ok 'the ledger' dvd-list -a A --json
has 'has the first and the last, too' .out '"first": ?"1901-02-03T12:00:00Z".*"last": ?"2300-01-02T12:00:00Z"'
has 'so has README.txt' tree/README.txt '9 mails that arrived from 1901-02-03 to 2300-01-02'
has 'and bag-info.txt' tree/bag-info.txt 'arrivals from 1901-02-03 to 2300-01-02'
browse open "eval rows $ROWS" 'eval facts document.getElementById("facts").textContent' 'open sort=date' "eval up $ROWS" \
	'open until=1945-01-01' "eval until $ROWS" 'open since=1901-01-01&until=1931-01-01' "eval span $ROWS" \
	'open since=1969-12-31&until=1969-12-31&q=needle-subject' "eval day $ROWS" 'open since=0045-01-01&until=0046-01-01' "eval none $ROWS"
is 'the page shows the newest first' rows '"2300-01-02 2005-07-01 1970-01-01 1969-12-31 1950-06-07 1945-05-08 1923-04-05 1901-02-03 1901-02-03"'
is 'or the oldest' up '"1901-02-03 1901-02-03 1923-04-05 1945-05-08 1950-06-07 1969-12-31 1970-01-01 2005-07-01 2300-01-02"'
is 'says from when to when' facts '"9 mails, 3 February 1901 – 2 January 2300"'
is 'finds what came before a day' until '"1923-04-05 1901-02-03 1901-02-03"'
[ "$(archive-find -a A --until 1945-01-01 --count)" = 3 ]
result $? 'as archive-find does'
is 'in a span' span '"1923-04-05 1901-02-03 1901-02-03"'
is 'and on a day' day '"1969-12-31"'
is 'the year 45 is long ago' none '""'

# Lists that overlap: so many mails before 1970 that they fill more than one.
perl -e '
	my $n = 100010;
	for my $i (0 .. $n - 1) {
		my $day = ($i * 7919) % $n;
		my $t = $i < 100000 ? -86400000 * ($day + 1) / 10 : 86400000 * ($i - 99999);
		printf "%d\t1\t\tA <a\@b.example>\tB <b\@c.example>\t\tmail %d\tdata/1970/01/m-%d.eml\n", $t, $i, $i;
	}' >list
perl -F'\t' -lane 'print $F[0]' list | sort -n >sorted
ok 'many' "$HELPERS/make-page" many ABCDEF en <list
[ -f many/search/mails-003.js ]
result $? 'in three lists'
PAGE=many/index.html
WHEN='[...document.querySelectorAll("#rows time")].map(n => Date.parse(n.dateTime)).join(" ")'
browse open "eval new $WHEN" 'open page=1000' "eval middle $WHEN" 'open sort=date' "eval old $WHEN" 'eval facts document.getElementById("facts").textContent'
window() { sed -n "$1p" sorted | tac | paste -sd' ' | sed 's/.*/"&"/'; }
is 'of all lists the newest' new "$(window 99961,100010)"
is 'those in between' middle "$(window 50011,50060)"
is 'and the oldest' old "$(sed -n 1,50p sorted | paste -sd' ' | sed 's/.*/"&"/')"
has 'whose first is told' answers '^facts	"100,010 mails, 15 August 1942 – '
done_testing
