#!/bin/sh
# Mail made to hurt: every case of t/helper/hostile.pl costs time linear in its size, and memory that has a
# bound beside the mapped file. Time is the process's own, and what is checked is first of all how it grows:
# twice the size may take at most three times as long. The absolute caps are generous.

. "${0%/*}/test-lib.sh"
needs perl

# Sanitizers and slow machines: what an almost empty message takes is taken off.
echo >tiny
set -- $("$HELPERS/tree-dump" -m tiny)
base_kib=$4
measures_memory=yes
[ "$base_kib" -lt 20000 ] || measures_memory=

make_case() { # CASE N -> case.eml
	perl "$SRC/t/helper/hostile.pl" "$1" "$2" >case.eml
}

# Sets parts, depth, ms, kib of case.eml.
measure() {
	set -- $("$HELPERS/tree-dump" -m case.eml) && [ $# -eq 5 ] || return 1
	parts=$1 depth=$2 ms=${3%.*} kib=$4
	kib=$((kib - base_kib - $(wc -c <case.eml) / 1024))
}

# Times below the grain of the clock say nothing of growth: they count as 10 ms.
grows_linearly() { # CASE N LIMIT-MS
	make_case "$1" "$2" && measure || return 1
	small=$ms
	[ "$small" -ge 10 ] || small=10
	make_case "$1" $(($2 * 2)) && measure || return 1
	echo "size $2: $small ms; twice that: $ms ms, $kib KiB, $parts parts, depth $depth"
	[ "$ms" -le $((small * 3)) ] && [ "$ms" -le "$3" ] || return 1
	[ -z "$measures_memory" ] || [ "$kib" -le 65536 ]
}

# A busy machine may spoil one measurement.
twice() {
	"$@" || "$@"
}

# CASE, half the size that is meant, milliseconds allowed for the whole size.
while read -r name half limit; do
	ok "$name, size $((half * 2)): linear, and small" twice grows_linearly "$name" "$half" "$limit"
done <<'END'
nested 500 2000
messages 1000 2000
parts 50000 2000
headers 50000 2000
dashes 25000000 6000
dashline 25000000 6000
dashlines 25000000 6000
delimiters 1500000 4000
same 5000000 4000
reopen 5000000 4000
spaces 10000000 4000
fields 15000000 6000
folded 15000000 6000
junk 15000000 6000
params 5000000 4000
sections 5000000 4000
comments 5000000 4000
quotes 5000000 4000
feeds 10000000 4000
returns 10000000 4000
nuls 10000000 4000
padding 10000000 4000
pairs 10000000 4000
escapes 10000000 4000
uu 5000000 4000
long 1500 4000
END

shape() { # CASE N PARTS DEPTH
	make_case "$1" "$2" && measure && echo "$parts parts, depth $depth" &&
	[ "$parts" -eq "$3" ] && [ "$depth" -eq "$4" ]
}
ok 'a thousand levels are all there' shape nested 1000 1001 1000
ok 'two thousand messages, one in another' shape messages 2000 2001 2000
ok 'a hundred thousand parts' shape parts 100000 100001 1
ok 'a header of 30 MB' shape fields 30000000 1 0

# Limits are errors that say what was too much, and nothing is printed half.
refused() { # CASE N PATTERN
	make_case "$1" "$2"
	"$HELPERS/tree-dump" case.eml >dump
	[ $? -eq 65 ] && grep -q "$3" dump
}
ok 'more than 500,000 parts are refused' refused parts 500000 'more than 500000 parts'
ok 'and 499,999 are not' shape parts 499999 500000 1
ok 'more than 4,096 levels are refused' refused messages 4097 'more than 4096 deep'
ok 'a header of more than 64 MiB is refused' refused fields 67200000 'header of more than'

# --- the same trees as GMime's, where GMime can follow -----------------------------------------------
# Not where it cannot: it reads lines of more than 4 KiB in pieces (spaces), joins continuations that have
# the same number (sections), and counts `==` in pairs (escapes; see t0101).

same_tree() { # CASE N
	make_case "$1" "$2" && "$HELPERS/tree-gmime" case.eml >gmime 2>gmime.err &&
	"$HELPERS/tree-dump" case.eml >ours && cmp gmime ours
}
while read -r name n; do
	ok "$name: GMime sees the same tree" same_tree "$name" "$n"
done <<'END'
nested 100
messages 100
parts 1000
dashes 10000
dashline 10000
dashlines 10000
delimiters 10000
same 10000
reopen 10000
fields 10000
folded 10000
junk 10000
quotes 10000
feeds 10000
returns 10000
nuls 10000
long 20
END

done_testing
