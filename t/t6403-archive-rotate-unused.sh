#!/bin/sh
# archive-rotate collects attachments that nobody uses, and no other: young ones may be on their way,
# and an archive that is not all there may be using any.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3 4; do
	make_file "file-$n" >file$n
	make_mail $n file$n >mail$n
done
put_at 1 mail1 >id1
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 2 mail2 >id2
# What a killed put leaves: an attachment, and no mail.
archive-put -a B <mail3 >/dev/null
archive-put -a B <mail4 >/dev/null
(cd B && find blob -type f) >strays
cp -a B/blob A/
attachments() { find A/blob -type f | wc -l; }
old() { find A/blob -type f -exec touch -d "${1:-2 days ago}" {} +; }

ok 'a rotation' archive-rotate -a A
[ "$(attachments)" -eq 4 ]
result $? 'leaves young ones alone'
old
ok 'and says what it would do without doing it' archive-rotate -a A --dry-run
[ "$(attachments)" -eq 4 ]
result $? 'too'
mv A/pack/00000001.tpp away
fails 65 'with a pack missing' archive-rotate -a A -v
[ "$(attachments)" -eq 4 ]
result $? 'all stay'
has 'which is said' .err 'nothing is erased nor offered: pack 00000001 is missing'
mv away A/pack/00000001.tpp
# One comes into use.
ok 'a put uses one that lay about' put_at 3 mail3
old
ok 'a day later' archive-rotate -a A
has 'it is reported' .out '^unused	1 attachments removed'
[ "$(attachments)" -eq 3 ] && holds_not file-4
result $? 'what nobody uses goes for good'
for n in 1 2; do
	archive-get -a A "$(cat id$n)" | cmp - mail$n
	result $? "mail $n has its own"
done
ok 'all is well' archive-check -a A

# What a killed eraser has taken the name of is overwritten by the next who tidies up.
cp file1 A/blob/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.gone
ln A/blob/*.gone dropped
ok 'a rotation' archive-rotate -a A
[ -z "$(find A -name '*.gone')" ] && is_zeros dropped
result $? 'finishes what a killed eraser began'

# Kept by an erasure that could not tell who else has it.
"$HELPERS/seal-archive" A 1 >/dev/null
cp A/pack/00000002.tpp whole
flip A/pack/00000002.tpp "$(perl -e '
	open(F, "<", "A/pack/00000002.tpp") or die; binmode F; local $/; $_ = <F>;
	my ($b, $t) = (unpack("V", substr($_, 36, 4)), unpack("Q<", substr($_, 48, 8)));
	print unpack("Q<", substr($_, $t + 20 * $b, 8)) + 12')"
fails 65 'an erasure in a damaged archive' archive-rm -a A "$(cat id1)"
ok 'keeps the attachment' holds file-1
old
archive-rotate -a A >.out 2>.err
ok 'so does a rotation' holds file-1
cp whole A/pack/00000002.tpp
ok 'once all can be read again' archive-rotate -a A --json
has 'it goes' .out '"unused_attachments":1'
ok 'for good' holds_not file-1
ok 'all is well' archive-check -a A

done_testing
