#!/bin/sh
# archive-check --rebuild setting damaged bytes of a journal aside, with every call on files failing in
# turn, and killed at each: no sound mail and no damaged byte is lost on the way, and the next run comes
# to its end.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=archive-check
. "$SRC/t/lib-fault.sh"

for n in 1 2 3; do make_mail $n >mail$n; done
for n in 1 2 3; do
	if [ -e A ]; then wc -c <A/journal/00000001.tpj; else echo 32; fi >at$n
	put_at $n mail$n >id$n
done
wc -c <A/journal/00000001.tpj >end
flip A/journal/00000001.tpj $(($(cat at2) + 20))
echo 'somebody wrote here' >>A/journal/00000001.tpj
tail -c +$(($(cat at2) + 1)) A/journal/00000001.tpj | head -c $(($(cat at3) - $(cat at2))) >bytes2
tail -c +$(($(cat end) + 1)) A/journal/00000001.tpj >bytes4
rmdir A/blob/* 2>/dev/null
mv A base

fresh() { rm -rf A out; cp -r base A; }
tool() { faulty "$FAULT" archive-check -a A --rebuild >out; }
# The damaged bytes are in the journal as long as it is there.
kept() {
	cmp -s A/journal/00000001.tpj base/journal/00000001.tpj ||
		cmp -n 8 A/journal/00000001.tpj base/journal/00000001.tpj >/dev/null 2>&1 ||
		{ cmp "A/damaged/journal-00000001-at-$(cat at2)" bytes2 &&
			cmp "A/damaged/journal-00000001-at-$(cat end)" bytes4; }
}
judge() {
	kept || return 1
	case $1 in
	0 | 6[569] | 7[0-9]) ;;
	*) return 1 ;;
	esac
}
undisturbed() {
	for i in 1 3; do archive-get -a A "$(cat id$i)" | cmp - mail$i || return 1; done
	archive-check -a A --rebuild >out1 || { cat out1; return 1; }
	for i in 1 3; do archive-get -a A "$(cat id$i)" | cmp - mail$i || return 1; done
	cmp "A/damaged/journal-00000001-at-$(cat at2)" bytes2 || return 1
	cmp "A/damaged/journal-00000001-at-$(cat end)" bytes4 || return 1
	[ "$(find A/damaged -type f | wc -l)" -eq 2 ] || { ls A/damaged; return 1; }
	[ -z "$(find A/journal -type f -size +32c)" ] || { ls -l A/journal; return 1; }
	archive-rotate -a A --quiet
}
fresh
undisturbed >.out 2>&1
result $? 'undisturbed, two ranges are set aside and two mails sealed'
sweep io
judge() { [ "$1" -eq 137 ] && kept; }
sweep kill

done_testing
