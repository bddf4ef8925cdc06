#!/bin/sh
# A mail of whose pack the directory is damaged: nothing says any more where it is. It goes all the
# same, when that is asked for, with what cannot be told from it; and nothing of it is left.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

make_file needle-own >own
make_file needle-shared >shared
# Two groups in one pack (256 messages are a group), mails of either in the same blocks.
mkdir box
perl -e '
	for my $n (1 .. 300) {
		open(my $f, ">", sprintf("box/%03d", $n)) or die;
		print $f "From: Sender $n <sender$n\@from.example>\r\nTo: r$n\@to.example\r\n",
			"Subject: needle-subject-$n.\r\n\r\nneedle-body-$n.\r\n", "x" x ($n * 7 % 500), "\r\n";
	}'
make_mail 7 own >box/007
make_mail 8 shared >box/008
make_mail 290 shared >box/290
# Arrivals in the order of their numbers.
perl -e 'for my $n (1 .. 300) { my $t = 1120000000 + $n; utime($t, $t, sprintf("box/%03d", $n)) or die }'
for f in box/*; do printf '%s\0' "$f"; done >files
fill() {
	rm -rf A
	archive-put -a A --files0-from files >/dev/null 2>&1
	"$HELPERS/seal-archive" A 1 >/dev/null
	make_mail 400 >mail400
	put_at 4 mail400 >id400
	"$HELPERS/seal-archive" A 1 >/dev/null
	archive-find -a A --limit 0 --reverse >all
	for n in 7 8 20 290 295; do
		awk -F'\t' -v s="needle-subject-$n" 'index($4 ".", s ".") { print $1 }' all >id$n
	done
}
fill
cp -a A whole

# The middle of group N of the first pack: where, and how long.
group() { perl -e '
	open(F, "<", "A/pack/00000001.tpp") or die; binmode F; local $/; $_ = <F>;
	my ($b, $t) = (unpack("V", substr($_, 36, 4)), unpack("Q<", substr($_, 48, 8)));
	print join(" ", unpack("Q<V", substr($_, $t + 20 * $b + 40 * $ARGV[0], 12)))' "$1"; }
damage() { # GROUP
	# shellcheck disable=SC2046
	set -- $(group "$1")
	dd if=A/pack/00000001.tpp bs=1 skip=$(($1 + $2 / 2)) count=200 of=piece 2>/dev/null
	flip A/pack/00000001.tpp $(($1 + $2 / 3))
	flip A/pack/00000001.tpp $(($1 + 12))
}
# The bytes of the damaged group are in no file.
piece_gone() {
	python3 - piece A <<'END'
import os, sys
piece = open(sys.argv[1], 'rb').read()
assert len(piece) == 200
for folder, _, files in os.walk(sys.argv[2]):
    for name in files:
        if piece in open(os.path.join(folder, name), 'rb').read():
            sys.exit(name)
END
}
gives() { # NUMBER
	archive-get -a A "$(cat id"$1")" >back && cmp back "$2"
}
none_of() { # NUMBER...
	"$HELPERS/unpress-all" A >dump
	for n; do
		! grep -aqE "needle-(body|subject)-$n([^0-9]|\$)" dump || return 1
	done
}

damage 0
fails 65 'a mail of it cannot be read' archive-get -a A "$(cat id20)"
fails 65 'nor erased by itself' archive-rm -a A "$(cat id20)"
has 'which is said' .err "$(cat id20) cannot be told from other mail: pack 00000001: group 0"
ok 'one of another part can' archive-rm -a A "$(cat id295)"
ok 'and is gone' none_of 295
fails 65 'the damage is known' archive-check -a A
fresh
damage 0
ok 'with all that it may be it is erased' archive-rm -a A --damaged --reason 'a right' -v "$(cat id20)"
has 'which says how many that were' .err '256 erased'
ok 'nothing of it is in any file' none_of 20 7 8
ok 'nor the bytes of the damaged part' piece_gone
ok 'nor the attachment that nobody else has' holds_not needle-own
ok 'the one that another has is there' holds needle-shared
ok 'with the other' gives 290 box/290
ok 'the next pack has suffered nothing' gives 400 mail400
has 'the event is on record' A/events.log "\"erase\".*$(cat id20).*a right; with all"
has 'so are those of the others' A/events.log "\"erase\".*$(cat id7).*a right; with all"
[ "$(grep -c '"erase"' A/events.log)" -eq 256 ]
result $? 'each of them'
fails 1 'it was erased' archive-get -a A "$(cat id20)"
has 'says archive-get' .err "$(cat id20).*was erased on"
[ "$(archive-find -a A --count)" -eq 45 ]
result $? 'the others are found'
fails 65 'archive-check' archive-check -a A
has 'says that nothing proves the root any more' .out 'pack 00000001: nothing proves its Merkle root'
[ "$(wc -l <.out)" -eq 2 ]
result $? 'and no more than that' || cat .out
[ ! -e A/erasing ] && [ -z "$(find A -name '*.gone' -o -name '*.new')" ]
result $? 'nothing is left to be done'
ok 'the last user of the shared attachment is erased' archive-rm -a A "$(cat id290)"
ok 'with it' holds_not needle-shared
fails 65 'the index can be made again' archive-check -a A --rebuild
ok 'and shows the others' archive-find -a A subject:needle-subject-295

# A sound copy of the pack is the better way.
fresh
damage 0
fails 65 'damaged again' archive-rm -a A "$(cat id20)"
cp whole/pack/00000001.tpp A/pack/
ok 'with a copy in its place one is erased alone' archive-rm -a A "$(cat id20)"
ok 'and gone' none_of 20
ok 'its neighbours are there' gives 7 box/007
ok 'and all is well' archive-check -a A

# Without the index nothing tells the others' names.
fresh
damage 0
rm A/index/*
fails 65 'without an index' archive-get -a A "$(cat id20)"
has 'it is not said not to be there' .err "$(cat id20): may be in what cannot be read: pack 00000001"
fails 1 'another is not there' archive-get -a A zzzzzzzzzzzzzzzz
ok 'mail of other parts comes back' gives 290 box/290
fails 65 'it is not erased by itself' archive-rm -a A "$(cat id20)"
ok 'but with the others' archive-rm -a A --damaged "$(cat id20)" "$(cat id7)"
ok 'nothing of them is in any file' none_of 20 7 8
ok 'nor the bytes of the damaged part' piece_gone
ok 'nor the attachment' holds_not needle-own
has 'the event is on record' A/events.log "\"erase\".*$(cat id20)"
[ "$(grep -c '"erase"' A/events.log)" -eq 3 ]
result $? 'of what had a name' || cat A/events.log
for n in 7 20; do
	fails 1 "$n was erased" archive-get -a A "$(cat id$n)"
	has 'says archive-get' .err "$(cat id$n).*was erased"
done
ok 'the others come back' gives 290 box/290

# Both parts: all goes, and the pack behind does not.
fresh
damage 0
damage 1
ok 'with two parts damaged' archive-rm -a A --damaged "$(cat id20)"
ok 'either goes' none_of 20 290 295
ok 'the other pack stays' gives 400 mail400

# A journal's record says itself where it is.
rm -rf A && put_at 1 box/007 >id1 && put_at 2 box/008 >id2
perl -e '
	open(F, "+<", "A/journal/00000001.tpj") or die; binmode F; local $/; my $all = <F>;
	my $at = index($all, "bounce1\@from") or die; seek(F, $at, 0); print F "B"'
fails 65 'a damaged record' archive-get -a A "$(cat id1)"
ok 'is erased alone' archive-rm -a A "$(cat id1)"
ok 'for good' none_of 7
ok 'with its attachment' holds_not needle-own
ok 'the next one is there' gives 2 box/008

done_testing
