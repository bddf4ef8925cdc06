#!/bin/sh
# The same file sent on in forty mails, in lines of every width: each copy behind the first costs less
# than 200 bytes in everything that is stored, journals and then packs, attachments and index, compared
# with the same mails without it.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

for n in 1 2 3 4 5 6 7 8; do make_file $n; done >file
stored() { # ARCHIVE: bytes in all of its files
	find "$1" -type f -exec cat {} + | wc -c
}
n=0
while [ $n -le 40 ]; do
	n=$((n + 1))
	make_mail $n file $((36 + 4 * (n % 24))) >mail.with
	# the text alone, and the type, but nothing of the file
	perl -0pe 's/(base64\r\n\r\n).*(--b--)/$1$2/s' mail.with >mail.without
	for kind in with without; do
		archive-put -a $kind --received "2005-07-01T08:00:$(printf %02d $((n % 60)))Z" \
			<mail.$kind >id.$kind || echo "$kind $n" >>trouble
		[ $n -gt 1 ] || stored $kind >first.$kind
	done
done
cost() { # WHEN
	_copies=$((n - 1))
	_with=$(($(stored with) - $(cat first.with)))
	_without=$(($(stored without) - $(cat first.without)))
	_each=$(((_with - _without) / _copies))
	echo "# $1: $_each bytes a copy of $(wc -c <file)"
	[ $_each -lt 200 ]
	result $? "$1, a copy costs under 200 bytes"
}
cost 'in the journal'
for kind in with without; do
	archive-rotate -a $kind --seal --all || echo "seal $kind" >>trouble
done
# the first copy's own costs come with the first seal: those of the file, not of its name
base=$(find with/blob -type f -exec cat {} + | wc -c)
each=$((($(stored with) - $(stored without) - base) / n))
echo "# sealed: $each bytes a copy"
[ $each -lt 200 ] && [ "$(find with/blob -type f | wc -l)" -eq 1 ]
result $? 'sealed, a copy costs under 200 bytes, and the file is there once'
archive-get -a with "$(cat id.with)" >back
same 'the last one comes back' mail.with back
[ ! -s trouble ]
result $? 'nothing failed'
ok 'all is well' archive-check -a with

done_testing
