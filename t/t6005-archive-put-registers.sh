#!/bin/sh
# Many packs: a put asks few of them whether its delivery is there already, and the answer is right
# whatever becomes of the registers that tell which.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl flock

at() { printf '2005-07-01T08:%02d:%02dZ' $(($1 / 60)) $(($1 % 60)); }
many() { # FROM TO: a pack for each mail
	( flock 9
	for n in $(seq "$1" "$2"); do
		archive-put -a A --received "$(at $n)" <mail$n >id$n || exit 1
	done ) 9>>A/sealing.lock
	# A mail that filled its journal before may have sent a sealer off that comes only now.
	code=75
	while [ $code -eq 75 ]; do
		flock A/sealing.lock true
		"$HELPERS/seal-archive" A 1 >/dev/null
		code=$?
	done
	return $code
}
perl -e '
	srand(3);
	for my $n (1 .. 66) {
		open(F, ">", "mail$n") or die;
		print F "From: a$n\@x.example\nSubject: mail $n\n\n", map { int(rand(1e9)) . "\n" } 1 .. 1300;
	}'
again() { # every mail is known by the id that it had
	rm -f other
	for n in $(seq 1 "$1"); do
		archive-put -a A --received "$(at $n)" <mail$n >again
		cmp -s again id$n || echo "$n: $(cat again) $(cat id$n)" >>other
	done
	! cat other 2>/dev/null
}

mkdir A
echo 'journal: 4KiB' >A/archive.yaml
archive-put -a A <mail1 --received 2005-07-01 >first
archive-rm -a A "$(cat first)"
ok 'sixty packs and more' many 1 66
ls A/pack | grep -c . >packs
ls A/index | grep tpr >registers
echo 00000001-64.tpr >expected
[ "$(cat packs)" -ge 66 ]
result $? "$(cat packs) of them"
same 'one register has 64 of them in it' registers expected
ok 'each mail is known' again 66
if strace -o /dev/null true 2>/dev/null; then
	strace -f -o calls archive-put -a A --received "$(at 5)" <mail5 >again
	opened=$(grep -c 'openat(.*index/[0-9]*.tpx' calls)
	[ "$opened" -lt 15 ]
	result $? "and asked for in few packs ($opened)"
	strace -f -o calls archive-get -a A "$(cat id5)" >back
	opened=$(grep -c 'openat(.*index/[0-9]*.tpx' calls)
	[ "$opened" -lt 15 ] && cmp back mail5
	result $? "so is one that is given back ($opened)"
else
	skip 'how many packs are asked' 'no strace'
fi
flip A/index/00000001-64.tpr 2000
fails 65 'a damaged register' archive-check -a A
has 'is named' .out 'index/00000001-64.tpr: damaged'
ok 'and believed in nothing' again 66
: >A/index/00000001-64.tpr
ok 'nor an empty one' again 8
rm A/index/00000001-64.tpr
ok 'nor one that is missing' again 8
mv A/pack/00000003.tpp away
rm A/index/00000003.tpx
archive-check -a A --rebuild >/dev/null 2>&1
same 'it is made again' registers expected
mv away A/pack/00000003.tpp
ok 'without a pack that was away, which is asked itself' again 8
ok 'an erased one' archive-rm -a A "$(cat id5)"
archive-put -a A --received "$(at 5)" <mail5 >id5b
result $? 'can be put anew'
archive-get -a A "$(cat id5b)" | cmp - mail5
result $? 'and comes back'
ok 'all is well' archive-check -a A

# With a key, marks are not those of the hash.
mv A plain
mkdir A
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >key
chmod 600 key
printf 'journal: 4KiB\nkey_file: %s/key\n' "$PWD" >A/archive.yaml
archive-put -a A <mail66 >/dev/null
ok 'with a key' many 1 9
ok 'each mail is known' again 9
ls A/index/*.tpr >/dev/null
result $? 'by a register, too'

done_testing
