#!/bin/sh
# Who reads the archive's output may take his time: nobody who seals, erases or puts waits for him,
# and what he gets in the end is whole.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl timeout

# More than two pages of a list, and more than a pipe holds.
perl -e '
	for my $n (1 .. 1000) {
		printf "From s\@from.example Fri Jul  1 08:%02d:%02d 2005\n", $n / 60, $n % 60;
		print "From: Sender $n <sender$n\@from.example>\nSubject: ", "matter $n " x 20, "\n\n";
		print "needle-body-$n ", "text $n " x 40, "\n\n";
	}' >mbox
archive-put -a A --mbox mbox >/dev/null
archive-find -a A --ids --reverse >ids
[ "$(wc -l <ids)" -eq 1000 ]
result $? '1000 mails'
mkfifo pipe

# stalled COMMAND...: runs it and reads its first byte; the rest waits in the pipe.
stalled() {
	"$@" >pipe &
	reader=$!
	exec 3<pipe
	first=$(dd bs=1 count=1 <&3 2>/dev/null)
}
# rest FILE: what the command had to say.
rest() {
	{ printf '%s' "$first"; cat <&3; } >"$1"
	exec 3<&-
	wait "$reader"
}

stalled archive-find -a A --json --reverse --limit 0
ok 'sealing beside a list that nobody reads on' timeout 60 "$HELPERS/seal-archive" A 1
ok 'erasing beside it' timeout 60 archive-rm -a A "$(sed -n 1000p ids)"
make_mail 1 >mail1
ok 'putting beside it' timeout 60 archive-put -a A --received 2005-07-02 <mail1
rest list
result $? 'the list comes to its end'
sed 's/^{"id":"\([^"]*\)".*/\1/' list >listed
head -n 999 ids >expected
head -n 999 listed >got
same 'all are in it, once' got expected

stalled archive-get -a A --mbox $(head -n 999 ids)
ok 'erasing beside mails that nobody reads on' timeout 60 archive-rm -a A "$(sed -n 998p ids)"
rest mails
[ $? -eq 1 ]
result $? 'the mails come to their end, the erased one missing'
[ "$(grep -c '^needle-body-' mails)" -eq 998 ]
result $? '998 of them'

# More faults than a pipe holds.
flip A/pack/00000001.tpp 190
archive-put -a A <mail1 >id1
stalled archive-check -a A
ok 'erasing beside faults that nobody reads on' timeout 60 archive-rm -a A "$(cat id1)"
rest faults
[ $? -eq 65 ] && [ "$(wc -c <faults)" -gt 65536 ]
result $? 'the faults come to their end'

done_testing
