#!/bin/sh
# Sealing, with every allocation and every call on files failing in turn, and killed behind
# each: no mail is lost or there twice, the next sealing and the next put succeed, and all is well.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
TOOL=seal-archive
. "$SRC/t/lib-fault.sh"

make_file attached >attached
for n in 1 2 3 4; do
	if [ $n = 2 ]; then make_mail $n attached >mail$n; else make_mail $n >mail$n; fi
done
# A pack and a journal.
put_at 1 mail1 >id1
"$HELPERS/seal-archive" A 1 >/dev/null
put_at 2 mail2 >id2
put_at 3 mail3 >id3
mv A whole

tool() { faulty "$FAULT" "$HELPERS/seal-archive" A 1 >out; }
judge() {
	# 65: as a bad sector.
	ends_well "$1" || { [ "$1" -eq 65 ] && grep -q 'left unsealed.*cannot read' err; } || return 1
	# Before anybody tidies: nothing is missing, nothing is there twice.
	comes_back 1 2 3 && archive-find -a A --ids >found && [ "$(sort -u found | wc -l)" -eq 3 ] &&
		[ "$(wc -l <found)" -eq 3 ]
}
undisturbed() {
	put_at 4 mail4 >id4 && "$HELPERS/seal-archive" A 1 && comes_back 1 2 3 4 && archive-check -a A &&
		[ -z "$(find A -name '*.new' -o -name '*.gone')" ] &&
		[ "$(find A/journal -type f -size +0 | wc -l)" -eq 0 ]
}

# Killed behind a call is killed before the next.
sweep killafter
sweep io
sweep alloc

done_testing
