#!/bin/sh
# archive-find: dates and local time, columns, pages, counts, orders, forms of output, tiers, exit
# codes.
. "${0%/*}/test-lib.sh"

needs archive-put archive-rotate
A=$TRASH/archive
tab=$(printf '\t')
export TZ=Europe/Paris TUBEPOST_NOW=2005-07-02T16:30:00+02:00

put() { # RECEIVED SUBJECT
	printf 'From: Zoe <zoe@example.org>\nTo: Bob <bob@example.net>\nSubject: %s\n\nbody\n' "$2" |
		archive-put -a "$A" --sender zoe@example.org --rcpt bob@example.net --received "$1"
}
subjects() { # WANT WHAT ARGUMENTS...
	_want=$1 _what=$2
	shift 2
	archive-find -a "$A" "$@" >.list 2>.err
	_code=$?
	cut -f 4 .list | tr '\n' ' ' | sed 's/ $//' >.out
	[ "$(cat .out)" = "$_want" ] && [ "$_code" -eq "$([ -n "$_want" ]; echo $?)" ]
	_code=$?
	[ $_code -eq 0 ] || echo "# wanted '$_want', found '$(cat .out)'"
	result $_code "$_what"
}

put '2005-06-30 23:59:59' june >/dev/null
put '2005-07-01 0:00:00' first >/dev/null
put '2005-07-01 09:30:15' morning >/dev/null
put '2005-07-01 23:59:59' night >/dev/null
put '2005-07-02 00:00:00' midnight >/dev/null
put '2005-07-02 16:01:21' afternoon >/dev/null
put '2005-03-27 03:30' summertime >/dev/null

# --- dates -----------------------------------------------------------------------------------------
subjects 'afternoon midnight' 'since a day' --since 2005-07-02
subjects 'june summertime' 'until a day: all of it' --until 2005-06-30
subjects 'night morning first' 'a day' since:2005-07-01 until:2005-07-01
subjects 'morning first june summertime' 'until a minute: all of it' --until '2005-07-01 9:30'
subjects 'first june summertime' 'until a second' --until '2005-07-01 9:30:14'
subjects 'morning first june summertime' 'that second included' --until '2005-07-01 9:30:15'
subjects 'afternoon midnight night morning' 'since a second' --since '2005-07-01 09:30:15'
subjects 'afternoon midnight' 'today' since:today
subjects 'night morning first' 'yesterday' since:yesterday until:yesterday
subjects 'afternoon midnight night' 'a day ago' since:1d
subjects 'afternoon' 'RFC 3339, another zone' since:2005-07-02T14:01:21Z
subjects '' 'in the future' since:2005-07-03
subjects 'afternoon midnight night' 'both of two dates' since:2005-06-01 since:2005-07-01T12:00:00Z
TZ=America/New_York subjects 'midnight night morning first june' 'the day of another zone' \
	since:2005-06-30 until:2005-07-01
fails 64 'a date that is none' archive-find -a "$A" --since soon
has 'is named' .err "^archive-find: --since: 'soon' is not a date"
fails 64 'in a word, too' archive-find -a "$A" until:2005-02-30
has 'is named' .err "^archive-find: until: '2005-02-30' is not a date"

subjects 'june' 'the name of a word in any case' Until:2005-06-30 SINCE:2005-06-01
fails 64 'a text that is too long is bad usage' archive-find -a "$A" "$(printf '%070000d' 0)"
has 'and said' .err '^archive-find: query: a text of more than 65536 bytes'

# --- columns ---------------------------------------------------------------------------------------
ok 'a line' archive-find -a "$A" subject:afternoon
sed -n '1s/^[0-9a-hjkmnp-tv-z]\{16\}\t//p' .out >got
printf 'today 16:01:21\tZoe <zoe@example.org>\tafternoon\tBob <bob@example.net>\t79\n' >expect
same 'has id, date, sender, subject, recipients, size' expect got
ok 'another day' archive-find -a "$A" subject:morning
has 'is shown as such' .out "${tab}2005-07-01 09:30:15${tab}"
TZ=UTC ok 'in another zone' archive-find -a "$A" subject:afternoon
has 'it is another hour' .out "${tab}today 14:01:21${tab}"
TUBEPOST_NOW=2005-07-03T00:00:01+02:00 ok 'tomorrow' archive-find -a "$A" subject:afternoon
has 'it is not today' .out "${tab}2005-07-02 16:01:21${tab}"
ok 'summer time' archive-find -a "$A" subject:summertime
has 'is kept' .out "${tab}2005-03-27 03:30:00${tab}"
printf 'Subject: tab\there =?utf-8?Q?=1B[31m=0A=E2=80=AEx?=\n\nx\n' |
	archive-put -a "$A" --sender '' --rcpt one@example.org --rcpt two@example.org \
		--received '2004-01-01' >/dev/null
ok 'a subject that would draw' archive-find -a "$A" until:2004-12-31
test "$(wc -l <.out)" -eq 1 && test "$(awk -F '\t' '{ print NF }' .out)" -eq 6
result $? 'draws no line and no column'
LC_ALL=C tr -d '\t\n' <.out | LC_ALL=C grep -q '[[:cntrl:]]'
test $? -eq 1
result $? 'nor anything else'
has 'without To: the envelope' .out "${tab}one@example.org, two@example.org${tab}"
if command -v script >/dev/null; then
	script -qec "archive-find -a '$A' --limit 2" /dev/null </dev/null >.tty 2>&1
	tr -d '\r' <.tty >shown
	test "$(wc -l <shown)" -eq 3
	result $? 'on a terminal: two lines and a hint'
	hasnt 'no tabs' shown "$tab"
	has 'that there is another page' shown '^more: --page 2$'
	has 'sizes for people' shown ' 79 B$'
else
	skip 'script is not installed' 'on a terminal'
fi

# --- JSON, ids -------------------------------------------------------------------------------------
ok 'JSON' archive-find -a "$A" --json subject:afternoon
has 'all of it' .out '^\{"id":"[0-9a-z]{16}","arrival":"2005-07-02T14:01:21.000Z","from":"Zoe <zoe@example.org>","to":"Bob <bob@example.net>","subject":"afternoon","sender":"zoe@example.org","recipients":\["bob@example.net"\],"size":79,"tier":"online"\}$'
ok 'JSON of everything' archive-find -a "$A" --json
if command -v python3 >/dev/null; then
	cp .out json
	ok 'every line is JSON' python3 -c 'import json; [json.loads(line) for line in open("json")]'
else
	skip 'python3 is not installed' 'every line is JSON'
fi
archive-find -a "$A" --ids >ids
archive-find -a "$A" | cut -f 1 >first
same 'ids are the first column' first ids
archive-find -a "$A" -0 | tr '\0' '\n' >nul
same 'ended by NUL' ids nul
sort -r ids >sorted
same 'they sort as the mails do' sorted ids
fails 64 'two forms at once' archive-find -a "$A" --ids --json

# --- pages -----------------------------------------------------------------------------------------
for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46; do
	put "2003-01-01 10:$i" "n$i" >/dev/null
done
archive-find -a "$A" until:2003-12-31 --limit 0 | cut -f 4 >all
test "$(wc -l <all)" -eq 37
result $? 'no pages: all of them'
archive-find -a "$A" until:2003-12-31 | cut -f 4 >got
head -n 20 all >expect
same 'a page has twenty lines' expect got
archive-find -a "$A" until:2003-12-31 --page 2 | cut -f 4 >got
tail -n 17 all >expect
same 'the second has the rest' expect got
fails 1 'there is no third' archive-find -a "$A" until:2003-12-31 --page 3
[ ! -s .out ] && [ ! -s .err ]
result $? 'and nobody says a word'
archive-find -a "$A" until:2003-12-31 --limit 5 --page 4 | cut -f 4 >got
sed -n '16,20p' all >expect
same 'pages of another size' expect got
archive-find -a "$A" until:2003-12-31 --ids | wc -l >got
echo 37 >expect
same 'ids have no pages' expect got
archive-find -a "$A" until:2003-12-31 --ids --page 2 | wc -l >got
echo 17 >expect
same 'unless asked' expect got
archive-find -a "$A" until:2003-12-31 --reverse --limit 0 | cut -f 4 >got
sort all >expect
same 'reverse: the oldest first' expect got
archive-find -a "$A" until:2003-12-31 -r --page 2 | cut -f 4 >got
sort all | tail -n 17 >expect
same 'in pages, too' expect got
fails 64 'page 0' archive-find -a "$A" --page 0
fails 64 'a page of nothing' archive-find -a "$A" --limit 0 --page 2
fails 64 'a limit that is none' archive-find -a "$A" --limit many

# --- counts ----------------------------------------------------------------------------------------
ok 'count' archive-find -a "$A" --count until:2003-12-31
has 'says how many' .out '^37$'
ok 'count, with a page' archive-find -a "$A" --count --limit 2 --page 9 until:2003-12-31
has 'says the same' .out '^37$'
fails 1 'count of none' archive-find -a "$A" --count zzz
has 'is 0' .out '^0$'

# --- tiers -----------------------------------------------------------------------------------------
archive-rotate -a "$A" --seal --all >/dev/null 2>&1
mv "$A"/pack/*.tpp "$A/cellar/"
put '2005-07-02 16:10:00' upstairs >/dev/null
subjects 'upstairs' 'online is what is looked at'
for t in online meuble; do
	subjects 'upstairs' "--tier $t" --tier $t since:2005-07-02
done
for t in cellar cave; do
	subjects 'afternoon midnight' "--tier $t" --tier $t since:2005-07-02
done
subjects 'upstairs afternoon midnight' '--tier all' --tier all since:2005-07-02
subjects 'afternoon' 'as a word' tier:cave subject:afternoon
cut -f 7 .list >got
echo cellar >expect
same 'a column says where' expect got
for t in disc disque; do
	fails 1 "--tier $t: there are no discs" archive-find -a "$A" --tier $t
done
fails 64 'an unknown tier' archive-find -a "$A" --tier attic
has 'is named' .err "'attic'"

# --- events ----------------------------------------------------------------------------------------
# A log that is longer than memory: 30 MB of it are listed without room for them.
cp -r "$A" logged
perl -MDigest::SHA=sha256_hex -e '
	my $before = "";
	for (1 .. 30000) {
		my $line = sprintf q({"time":"2005-07-01T00:00:00Z","actor":"a","event":"get","id":"0",) .
			q("note":"%d %s","before":"%s"}), $_, "x" x 900, $before;
		print "$line\n"; $before = sha256_hex($line);
	}' >logged/events.log
memory() { # ARGUMENTS...: kilobytes at the most
	python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[2:], stdout=open(sys.argv[1], "wb"), check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$@"
}
if command -v python3 >/dev/null && ! sanitized; then
	least=$(memory list archive-find -a logged --limit 1)
	for form in '' --json; do
		most=$(memory list archive-find -a logged --events $form)
		[ "$(wc -l <list)" -eq 30000 ] && [ "$most" -lt $((least + 10000)) ]
		result $? "--events $form: all of the log, in $most kB (a list: $least)"
	done
else
	skip 'no python3, or sanitizers' '--events: all of the log'
fi

# --- trouble ---------------------------------------------------------------------------------------
fails 66 'no archive' archive-find -a nowhere
has 'is named' .err '^archive-find: archive .*nowhere'
mkdir empty
archive-put -a fresh </dev/null >/dev/null 2>&1
fails 64 'an unknown option' archive-find -a "$A" --body x
if [ -e /dev/full ]; then
	fails 74 'a full disk' sh -c 'archive-find -a "$1" >/dev/full' sh "$A"
else
	skip 'no /dev/full' 'a full disk'
fi
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 755 "$TRASH"
	cp -r "$A" readonly
	rm -rf readonly/index
	chmod -R a+rX,a-w readonly
	ok 'an archive that may only be read' setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$BIN/archive-find" -a "$TRASH/readonly" --tier all subject:afternoon
	[ ! -e readonly/index ]
	result $? 'is left as it is'
else
	skip 'not root' 'an archive that may only be read'
fi

done_testing
