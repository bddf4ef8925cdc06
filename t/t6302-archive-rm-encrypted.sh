#!/bin/sh
# Sealing, checking and erasing in an encrypted archive: nothing stands in clear, a flipped bit and a
# wrong or missing key are told, and the second reader can read it by the manual.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl python3 zstd

perl -e 'print join("", map { sprintf "%02x", $_ * 7 % 256 } 1 .. 32), "\n"' >key
chmod 600 key
fill() {
	rm -rf A
	mkdir A
	echo "key_file: $TRASH/key" >A/archive.yaml
	for n in 1 2 3; do put_at $n mail$n >id$n; done
	"$HELPERS/seal-archive" A 3 >/dev/null
	put_at 4 mail4 >id4
}
make_file needle-own >own
for n in 1 2 3 4; do
	if [ $n = 2 ]; then make_mail $n own >mail$n; else make_mail $n >mail$n; fi
done
fill
for n in 1 2 3 4; do
	archive-get -a A "$(cat id$n)" >back
	same "mail $n comes back" back mail$n
done
ok 'all is well' archive-check -a A
ok 'nothing stands in clear' holds_not needle
if python3 -c 'from cryptography.hazmat.primitives.ciphers.aead import AESGCM' 2>/dev/null; then
	export TEST_KEY_FILE="$TRASH/key"
	for n in 1 2 4; do
		reader A "$(cat id$n)" >back
		same "the second reader reads mail $n" back mail$n
	done
	ok 'and proves root and link' reader A --prove
else
	skip 'python3-cryptography is not installed' 'the second reader, with a key'
fi
cp -a A whole
tables=$(perl -e 'open(F, "A/pack/00000001.tpp"); seek(F, 48, 0); read(F, $b, 8); print unpack("Q<", $b)')
for at in 170 400 $((tables - 5)); do
	fresh
	flip A/pack/00000001.tpp "$at"
	fails 65 "a flipped bit at $at" archive-check -a A
done
fresh
ok 'one is erased' archive-rm -a A "$(cat id2)"
ok 'with its attachment' test -z "$(find A/blob -type f)"
ok 'all is well' archive-check -a A
archive-get -a A "$(cat id3)" >back
same 'another comes back' back mail3
mv key away
fails 78 'no key, no check' archive-check -a A
fails 78 'no key, no erasing' archive-rm -a A "$(cat id1)"
has 'it says so' .err 'key'
perl -pe 's/0/1/g' away >key
chmod 600 key
fails 78 'a wrong key' archive-check -a A

done_testing
