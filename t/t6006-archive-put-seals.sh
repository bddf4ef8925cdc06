#!/bin/sh
# archive-put starts the sealing of a full journal, beside the mail and not in its way; a journal that
# stays full, because it is damaged, does not start it with every mail.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

# The program beside archive-put is what seals.
mkdir bin && cp "$(command -v archive-put)" bin
cat >bin/archive-rotate <<'X'
#!/bin/sh
echo "$*" >>"$TUBEPOST_STATE.started"
X
chmod +x bin/archive-rotate
export TUBEPOST_STATE="$TRASH/state"
started() { # TIMES: as often at least, within some seconds
	_i=0
	while [ "$(cat state.started 2>/dev/null | wc -l)" -lt "$1" ] && [ $_i -lt 200 ]; do
		sleep 0.05
		_i=$((_i + 1))
	done
	[ $_i -lt 200 ]
}
make_mail 1 >first
make_mail 2 >second
mkdir A && echo 'journal: 64KiB' >A/archive.yaml
perl -e 'srand 3; print "Subject: large\n\n"; print chr(33 + rand 90) x (1 + rand 3) for 1 .. 60000; print "\n"' >large
ok 'a small mail' bin/archive-put -a A <first
ok 'a large one' bin/archive-put -a A <large
ok 'the journal is full: sealing begins' started 1
has 'of this archive' state.started '--seal.*--archive A|--seal.*archive.*/A'
rm state.started
touch -d '1 hour ago' A/journal/*.tpj
ok 'the next mail, an hour later' bin/archive-put -a A <second
sleep 0.3
[ ! -e state.started ]
result $? 'a journal that stays full does not begin it again'
perl -e 'for my $n (1 .. 2500) { print "From a\@b Fri Jul  1 10:00:00 2005\nSubject: number $n\n\n";
	srand $n; print chr(33 + rand 90) for 1 .. 400; print "\n\n" }' >box
ok 'an import of several journals' bin/archive-put -a A --mbox box
ok 'begins it on its way, too' started 2
rm bin/archive-rotate
ok 'sealed by the real one' archive-rotate -a A --seal
ok 'all is well' archive-check -a A

done_testing
