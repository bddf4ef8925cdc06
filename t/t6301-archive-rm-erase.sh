#!/bin/sh
# archive-rm: what is erased is nowhere in the archive's files, neither as it was nor compressed, and
# neither in the files that were replaced on the way; everything else stays, and stays proven.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl python3 zstd

make_file needle-shared >shared
make_file needle-own >own
for n in 1 2 3 4 5 6 7 8; do
	case $n in
	3) make_mail $n own >mail$n ;;
	4) make_mail $n shared 60 >mail$n ;;
	5) make_mail $n shared >mail$n ;;
	*) make_mail $n >mail$n ;;
	esac
done

# What was said of each message, and of its attachments.
needles() {
	echo "needle-body-$1"
	echo "needle-subject-$1"
	echo "sender$1@from.example"
	echo "reader$1@to.example"
	echo "bounce$1@from.example"
	echo "rcpt$1@to.example"
	echo "name-$1"
}

all_there() { # N
	for s in $(needles "$1"); do grep -aqF -e "$s" dump || { echo "no $s"; return 1; }; done
}
none_there() { # N
	for s in $(needles "$1"); do ! grep -aqF -e "$s" dump || { echo "still $s"; return 1; }; done
}

# The archive's files, each by a second name that shows what becomes of its bytes.
watch() {
	rm -rf watched
	mkdir watched
	find A -type f \( -name '*.tp?' \) | while read -r f; do
		ln "$f" "watched/$(echo "$f" | tr / _)"
	done
}

erase_and_look() { # WHERE
	"$HELPERS/unpress-all" A >dump
	all_there 3 >.out && all_there 4 >>.out && all_there 5 >>.out
	result $? "$1: before, everything is found"
	watch
	ok "$1: one with an attachment of its own, and one with a shared one, are erased" \
		archive-rm -a A --reason 'a right' "$(cat id3)" "$(cat id4)"
	"$HELPERS/unpress-all" A >dump
	none_there 3 >.out && none_there 4 >>.out
	result $? "$1: nothing of them is in any file"
	ok "$1: nor of the attachment that nobody else has" holds_not needle-own
	ok "$1: the shared one is there" holds needle-shared
	cat watched/* >dump
	"$HELPERS/unpress-all" watched >dump
	none_there 3 >.out && none_there 4 >>.out && ! grep -aqF needle-own dump
	result $? "$1: nor in the blocks of the files that were replaced"
	for n in 1 2 5 6 7 8; do ok "$1: mail $n comes back" comes_back $n; done
	ok "$1: all is well" archive-check -a A
	fails 1 "$1: they are gone for archive-get" archive-get -a A "$(cat id3)"
	has "$1: which says when, and by whom" .err "$(cat id3): was erased on 20..-.*Z by "
	fails 1 "$1: and for archive-rm" archive-rm -a A "$(cat id3)"
	has "$1: it says so" .err "$(cat id3).*(erased|not in the archive)"
	archive-find -a A --count 'subject:needle-subject-3' >found 2>&1
	hasnt "$1: nor are they found" found '^[1-9]'
	has "$1: the event is on record" A/events.log "\"erase\".*$(cat id3).*a right"
	ok "$1: the next one erases the last user of the shared attachment" \
		archive-rm -a A "$(cat id5)"
	ok "$1: which goes, too" holds_not needle-shared
	ok "$1: all is well" archive-check -a A
}

fill() {
	rm -rf A
	for n in 1 2 3 4 5 6 7 8; do put_at $n mail$n >id$n; done
}

fill
erase_and_look journal

fill
seal() { "$HELPERS/seal-archive" A 3 >/dev/null; }
seal
ok 'the second reader proves roots and links' reader A --prove
erase_and_look pack
ok 'root and link hold' reader A --prove

fill
seal
mv A/pack/00000001.tpp A/cellar/
erase_and_look cellar

# One of them in a pack, the other in a journal, with the attachment between them.
rm -rf A
for n in 1 2 3 4; do put_at $n mail$n >id$n; done
seal
for n in 5 6 7 8; do put_at $n mail$n >id$n; done
erase_and_look 'pack and journal'

# Ids from stdin, in any form; some that are not there.
fill
printf '%s\n\n %s\0%s' "$(cat id1)" "$(tr a-z A-Z <id2)" 0000000000000000 >ids
fails 1 'ids from stdin, one of which is not there' archive-rm -a A - <ids
has 'it is named' .err 0000000000000000
ok 'the others are erased' holds_not needle-body-1
ok 'both' holds_not needle-body-2
fails 64 'what is no id' archive-rm -a A nonsense
fails 64 'none at all' archive-rm -a A
fails 66 'no archive' archive-rm -a nowhere 0000000000000000
ok 'all is well' archive-check -a A

done_testing
