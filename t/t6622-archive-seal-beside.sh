#!/bin/sh
# Sealers, erasers, checkers and many putters at once: one sealer works and the others leave it to
# him, nothing acknowledged is lost, nothing is there twice, and the checker never sees a fault.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3 4 5 6 7 8; do make_mail $n >mail$n; done
put_at 9 mail1 >id.first
putter() { # NAME: eight mails, one after the other; each id is kept with its mail
	for k in 1 2 3 4 5 6 7 8; do
		{ echo "X-Putter: $1"; cat mail$k; } >mail.$1.$k
		archive-put -a A <mail.$1.$k >id.$1.$k || echo "putter $1: $?" >>trouble
	done
}
for p in 1 2 3 4 5 6; do
	putter $p &
done
sealed=0
left=0
for k in 1 2 3 4 5 6 7 8 9 10; do
	"$HELPERS/seal-archive" A 1 >seal.a 2>&1 &
	one=$!
	"$HELPERS/seal-archive" A 1 >seal.b 2>&1
	second=$?
	wait $one
	first=$?
	for code in $first $second; do
		case $code in
		0) sealed=$((sealed + 1)) ;;
		75) left=$((left + 1)) ;;
		*) echo "sealer: $code: $(cat seal.a seal.b)" >>trouble ;;
		esac
	done
	archive-check -a A >check.out 2>&1 || cat check.out >>trouble
done
archive-rm -a A "$(cat id.first)" || echo "eraser: $?" >>trouble
wait
echo "# $sealed sealings, $left left to the other"
[ ! -s trouble ]
result $? 'nobody met trouble'
[ ! -s trouble ] || sed 's/^/# /' trouble | head -n 20
"$HELPERS/seal-archive" A 1 >/dev/null
bad=0
for p in 1 2 3 4 5 6; do
	for k in 1 2 3 4 5 6 7 8; do
		archive-get -a A "$(cat id.$p.$k)" >back && cmp -s back mail.$p.$k || bad=$((bad + 1))
	done
done
[ $bad -eq 0 ]
result $? "all that was acknowledged comes back ($bad do not)"
archive-find -a A --ids --limit 1000 >ids
[ "$(wc -l <ids)" -eq 48 ] && [ "$(sort -u ids | wc -l)" -eq 48 ]
result $? 'once each'
ok 'all is well' archive-check -a A

done_testing
