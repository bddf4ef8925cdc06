#!/bin/sh
# What fits and what does not: sizes that are exact, the oldest first, the rest on the next disc.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl python3 bsdtar xorriso

perl -e 'for (1 .. 400) { printf "From x\@y.example Fri %s %2d 09:%02d:00 2005\nSubject: number %d\n\n%s\n\n",
	(qw(Jan Feb Mar))[$_ % 3], 1 + $_ % 28, $_ % 60, $_, "line of text\n" x ($_ * 7 % 900) }' >mbox
ok 'an archive of 400 mails' archive-put -a A --mbox mbox
archive-rotate -a A --seal --all
archive-find -a A --ids --limit 1000 | sort >ids
ok 'is all there' test "$(wc -l <ids)" -eq 400

ok 'a plan of all' dvd-pack -a A --plan <ids
cp .out plan
ok 'leaves nothing over' test "$(planned left)" = 0
ok 'names no serial' test "$(planned serial)" = -
ok 'counts months' test "$(grep -c '^month' plan)" -eq 3
ok 'the sum of which is all' test "$(awk '$1 == "month" { n += $3; b += $4 } END { print n, b }' plan)" = "$(planned mails) $(planned mails 3)"
ok 'bytes are sectors' test "$(planned bytes)" -eq $(($(planned sectors) * 2048))
ok 'nothing is written' test ! -e A/disc
ok 'the same as JSON' dvd-pack -a A --plan --json <ids
cp .out plan.json
ok 'which others read' python3 -c 'import json; p = json.load(open("plan.json"))
assert p["mails"] == 400 and p["serial"] is None and len(p["months"]) == 3 and p["left_mails"] == 0'

# --- disc after disc ------------------------------------------------------------------------------
size=$(($(planned sectors) * 2048 / 3))
cp ids rest
: >packed
n=0
while [ -s rest ] && [ $n -lt 9 ]; do
	n=$((n + 1))
	cp rest before
	ok "disc $n" dvd-pack -a A --medium $size --leftover rest - <before
	cp .out disc.iso
	sed -n 's/^dvd-pack: //p' .err | tr ' ' '\t' >plan
	ok 'fits' test "$(sectors_of disc.iso)" -le $((size / 2048))
	ok 'is as large as planned' test "$(sectors_of disc.iso)" -eq "$(planned sectors)"
	ok 'its rest is as planned' test "$(planned left)" -eq "$(wc -l <rest)"
	head -n "$(planned mails)" before >on.disc
	tail -n +"$(($(planned mails) + 1))" before >off.disc
	same 'the oldest are on it, the rest is for the next' rest off.disc
	unpack disc.iso tree
	find tree/data -type f | sed 's/.*_\([0-9a-z]\{16\}\)[_.].*/\1/' | sort >found
	same 'and stand there' found on.disc
	cat on.disc >>packed
	# The first that was left over would not have fitted: 14 sectors at most, 24 in reserve.
	[ ! -s rest ] || ok 'the disc is full' test "$(sectors_of disc.iso)" -ge $((size / 2048 - 38))
done
ok 'four discs do' test $n -eq 4
same 'on which all mails are, once' packed ids
ok 'the ledger has four' test "$(ledger_count)" -eq 4

# --- error correction -----------------------------------------------------------------------------
ok 'with error correction' dvd-pack -a A --plan --ecc 20 <ids
cp .out plan
ok 'a DVD has less room' test "$(planned room)" -eq 1898998
ok '20% is 20' test "$(dvd-pack -a A --plan --ecc 20% <ids | grep room)" = "$(grep room plan)"

# --- media ----------------------------------------------------------------------------------------
while read -r medium sectors; do
	ok "$medium" dvd-pack -a A --plan --medium "$medium" <ids
	cp .out plan
	ok '  has its capacity' test "$(planned medium 3) $(planned room)" = "$sectors $sectors"
done <<'XXX'
dvd 2294921
dvd+r 2295104
dvd-r 2298496
dvd-dl 4173824
bd 11826176
4.7GB 2294921
650M 332800
XXX
ok 'without one' dvd-pack -a A --plan <ids
has '  it is a DVD, of the kind that is smallest' .out '^medium	dvd	2294921$'
ok 'dvd-dl' dvd-pack -a A --plan --medium dvd-dl <ids
has 'has its own' .out '^medium	dvd-dl	4173824$'
done_testing
