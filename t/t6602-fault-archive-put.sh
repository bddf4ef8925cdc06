#!/bin/sh
# archive-put: every allocation and every call on files failing in turn, killed at and behind each. What
# was acknowledged is there, to the byte; what was there before stays; the next put works.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
TOOL=archive-put
. "$SRC/t/lib-fault.sh"

mail() { # NUMBER SEED
	printf 'Return-Path: <s@example.org>\nSubject: number %s\nMIME-Version: 1.0\n' "$1"
	printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n'
	printf 'Content-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n'
	perl -MMIME::Base64 -e 'srand $ARGV[0]; print encode_base64(join "", map chr rand 256, 1 .. 3000)' "$2"
	printf -- '--b--\n'
}
mail 1 1 >one
mail 2 1 >two
mail 3 2 >three
archive-put -a base <one >id1
archive-put -a base <two >id2
# What is not used here takes longest to copy.
rmdir base/blob/* 2>/dev/null

get() { archive-get -a box "$1"; }
put() { archive-put -a box; }
fresh() { rm -rf box out; cp -r base box; }
tool() { faulty "$FAULT" archive-put -a box <three >out; }
# All that was there is there.
old_ones() { get "$(cat id1)" | cmp - one && get "$(cat id2)" | cmp - two; }
judge() {
	case $1 in
	0) get "$(cat out)" | cmp -s - three ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
undisturbed() {
	put <three >out1 && put <three >out2 && cmp out1 out2 || return 1
	[ ! -s out ] || cmp out out1 || return 1
	get "$(cat out1)" | cmp - three && old_ones
}

sweep alloc
sweep io
sweep io:28
judge() { [ "$1" -eq 137 ]; }
sweep kill
sweep killafter

# Into an archive that is not there yet.
fresh() { rm -rf box out; }
old_ones() { :; }
sweep kill
judge() {
	case $1 in
	0) get "$(cat out)" | cmp -s - three ;;
	75) [ ! -s out ] || grep -q stdout: err ;;
	*) false ;;
	esac
}
sweep io

# --- a disk that fills in the middle of a record --------------------------------------------------
fresh() { rm -rf box out; cp -r base box; }
old_ones() { get "$(cat id1)" | cmp - one && get "$(cat id2)" | cmp - two; }
awk 'BEGIN { srand(3); for (i = 0; i < 9000; i++) printf "%c", 33 + rand() * 90; print "" }' >noise
{ printf 'Subject: noise\n\n'; cat noise; } >three
for blocks in 2 3 4 5 6 8 10 14 20; do
	fresh
	# the size is in units of 512 bytes
	(ulimit -f $blocks && archive-put -a box <three >out) 2>err
	code=$?
	! { [ $code -eq 0 ] || [ $code -eq 75 ]; } && break
	old_ones && undisturbed || { code=99 && break; }
done
[ $code -eq 0 ] || [ $code -eq 75 ]
result $? 'a file that may not grow'
fresh
(ulimit -f 4 && archive-put -a box <three >out) 2>err
cmp -s base/journal/00000001.tpj box/journal/00000001.tpj
result $? 'a record that was cut short is taken back at once'

# --- damage ---------------------------------------------------------------------------------------
fresh
blob=$(find box/blob -name '*.tpb')
printf 'x' | dd of="$blob" bs=1 seek=300 conv=notrunc 2>/dev/null
ok 'a mail whose attachment is stored, but damaged' sh -c 'archive-put -a box --rcpt new@example.org <two >out'
ok 'mends it' old_ones
get "$(cat out)" | cmp - two
result $? 'and comes back itself'
fresh
size=$(wc -c <box/journal/00000001.tpj)
printf 'x' | dd of=box/journal/00000001.tpj bs=1 seek=$((size - 40)) conv=notrunc 2>/dev/null
ok 'the last mail put again when its record is damaged' sh -c 'archive-put -a box <two >out'
! cmp -s out id2
result $? 'is stored anew'
get "$(cat out)" | cmp - two && get "$(cat id1)" | cmp - one
result $? 'and comes back, as the others do'
fresh
: >box/journal/00000001.tpj
ok 'an emptied journal' sh -c 'archive-put -a box <three >out'
get "$(cat out)" | cmp - three
result $? 'is begun anew'

done_testing
