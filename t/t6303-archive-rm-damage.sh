#!/bin/sh
# archive-rm from archives that have suffered: damage keeps nobody's mail from being erased, does not
# grow, and is as well known afterwards as before.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

make_file needle-own >own
# Two packs; in the first one a mail that fills a block of its own.
for n in 1 2 3; do make_mail $n >mail$n; done
{ make_mail 4; perl -e 'srand(7); print "line ", int(rand(1e9)), "\r\n" for 1 .. 220000'; } >mail4
make_mail 5 own >mail5
make_mail 6 >mail6
for n in 1 2 3 4 5; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 6 mail6 >id6
"$HELPERS/seal-archive" A 1 >/dev/null
cp -a A whole

middle() { # of a block: 0 is that of the small mails, 1 the large mail's
	perl -e '
		open(F, "<", "A/pack/00000001.tpp") or die; binmode F; local $/; $_ = <F>;
		my $tables = unpack("Q<", substr($_, 48, 8));
		my ($at, $len) = unpack("Q<V", substr($_, $tables + 20 * $ARGV[0], 12));
		print $at + ($ARGV[1] || int($len / 2))' "$@"
}
touched() { archive-check -a A | awk -F'\t' '$2 ~ /^0/ { print $2 }' | sort -u; }

flip A/pack/00000001.tpp "$(middle 1)"
touched >before
same 'the large mail is damaged' before id4
ok 'one in a sound block is erased' archive-rm -a A "$(cat id2)"
ok 'for good' holds_not needle-body-2
ok 'its neighbours come back' comes_back 1 3 5
touched >after
same 'the damage is known as before' after before
ok 'the damaged one itself is erased' archive-rm -a A "$(cat id4)"
ok 'its neighbours come back' comes_back 1 3 5
ok 'and nothing is damaged any more' archive-check -a A

# The beginning of the block that the small ones share: nothing of it can be read.
fresh
flip A/pack/00000001.tpp "$(middle 0 12)"
touched >before
ok 'one of a block that cannot be read is erased' archive-rm -a A --reason 'a right' "$(cat id3)"
ok 'the attachments, too' archive-rm -a A "$(cat id5)"
ok 'for good' holds_not needle-own
grep -v -e "$(cat id3)" -e "$(cat id5)" before >expected
touched >after
same 'what was lost with them is named as before' after expected
has 'the event is on record' A/events.log "\"erase\".*$(cat id3).*a right"

# Where it cannot be told who else has an attachment, it stays until that can be told.
fresh
flip A/pack/00000002.tpp "$(perl -e '
	open(F, "<", "A/pack/00000002.tpp") or die; binmode F; local $/; $_ = <F>;
	my ($b, $t) = (unpack("V", substr($_, 36, 4)), unpack("Q<", substr($_, 48, 8)));
	print unpack("Q<", substr($_, $t + 20 * $b, 8)) + 12')"
fails 65 'with a directory that cannot be read' archive-rm -a A "$(cat id5)"
has 'attachments are kept, and it is said' .err 'attachments are kept.*pack 00000002'
ok 'the mail is erased' holds_not needle-body-5
ok 'the attachment is there' holds needle-own
fails 1 'the mail is gone' archive-get -a A "$(cat id5)"
[ ! -e A/erasing ]
result $? 'nothing is left to be done'

done_testing
