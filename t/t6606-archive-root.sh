#!/bin/sh
# Root at work on an archive that is another user's: what root puts, seals, erases, moves and makes again
# is the owner's, who goes on with all of it.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl setpriv
[ "$(id -u)" -eq 0 ] || skip_all 'needs root, to be root and another'

owner=65534
chmod 711 . # the owner comes this way
as_owner() { setpriv --reuid=$owner --regid=$owner --clear-groups "$@"; }
mkdir A && chown $owner:$owner A
make_file shared >file
for n in 1 2 3 4 5 6; do make_mail $n file >mail$n; done

all_his() { # WHAT
	find A ! -uid $owner >others
	same "$1: everything is the owner's" /dev/null others
}
ok 'root makes the archive in his folder' archive-put -a A --received 2005-07-01 <mail1
all_his 'made'
ok 'he puts' as_owner "$(command -v archive-put)" -a A --received 2005-07-02 <mail2
rm -f A/lock # as an archive copied by hand
ok 'root puts' archive-put -a A --received 2005-07-03 <mail3
cp .out id3
ok 'root seals' archive-rotate -a A --seal --all
all_his 'sealed'
ok 'he puts again' as_owner "$(command -v archive-put)" -a A --received 2005-07-04 <mail4
ok 'root erases' archive-rm -a A "$(cat id3)"
all_his 'erased'
ok 'root makes the index again' archive-check -a A --rebuild
rm -r A/index
ok 'root finds' archive-find -a A --count subject:needle
all_his 'made again'
ok 'root rotates' archive-rotate -a A --all
all_his 'rotated'
for tool in archive-find archive-check archive-rotate; do
	ok "he goes on: $tool" as_owner "$(command -v $tool)" -a A
done
ok 'he puts at last' as_owner "$(command -v archive-put)" -a A --received 2005-07-05 <mail5
ok 'and seals' as_owner "$(command -v archive-rotate)" -a A --seal --all
as_owner "$(command -v archive-get)" -a A "$(archive-find -a A --ids since:2005-07-05)" >back
same 'and reads' mail5 back

# A name that was there before is not root's to give away.
printf 'secret' >precious
chmod 600 precious
rm -f A/lock
ln -s "$TRASH/precious" A/lock
archive-put -a A --received 2005-07-06 <mail6 >/dev/null 2>&1
[ "$(stat -c %u precious)" -eq 0 ] && [ "$(cat precious)" = secret ]
result $? 'a link in the place of a file gives nothing away'

done_testing
