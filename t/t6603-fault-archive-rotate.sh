#!/bin/sh
# archive-rotate moving, erasing and offering in one run: every allocation and every call on files failing
# in turn, killed at each. The next run comes to the same end, and what stays is whole.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
TOOL=archive-rotate
. "$SRC/t/lib-fault.sh"

pack() { # HOUR: four mails of some 180 kB, the last one with two attachments
	rm -rf md && mkdir -p md/new md/cur
	perl -MMIME::Base64 -e '
		my ($hour) = @ARGV; srand $hour;
		for my $i (0 .. 3) {
			open my $f, ">", sprintf "md/cur/%d.M%d.host:2,", 1120176000 + 3600 * $hour + $i, $i or die;
			print $f "Subject: hour $hour number $i\n";
			if ($i < 3) { print $f "\n"; print $f chr(65 + $hour) x 70, "\n" for 1 .. 2600; next }
			print $f "Content-Type: multipart/mixed; boundary=b\n\n";
			for my $n ($hour, 99) { # one of its own, one that all have
				srand $n;
				print $f "--b\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n",
					encode_base64(join "", map { chr rand 256 } 1 .. 60000);
			}
			print $f "--b--\n";
		}' "$1"
	archive-put -a base --maildir md >/dev/null && archive-rotate -a base --seal --all
}
pack 1 && pack 2 && pack 3 && pack 4
# Nobody is to be told, and an offer waits for nobody: so one run offers, erases, and offers the next.
printf 'size: 1000\ndisc: 1MiB\nanswer: 0s\n' >base/archive.yaml
rmdir base/blob/* 2>/dev/null
cp -r base good
archive-rotate -a good >/dev/null
[ "$(echo good/cellar/* good/pack/*)" = 'good/cellar/00000002.tpp good/cellar/00000003.tpp good/pack/00000004.tpp' ] &&
	grep -q '"offer":"open"' good/rotation
result $? 'undisturbed, one pack is erased, two are in the cellar, one is offered'

fresh() { rm -rf box out; cp -r base box; }
tool() { faulty "$FAULT" archive-rotate -a box >out; }
judge() {
	case $1 in
	0 | 6[569] | 7[0-9]) ;;
	*) return 1 ;;
	esac
}
undisturbed() {
	archive-rotate -a box >out1 || return 1
	[ "$(cd box && echo cellar/* pack/*)" = 'cellar/00000002.tpp cellar/00000003.tpp pack/00000004.tpp' ] ||
		{ echo box/cellar/* box/pack/*; return 1; }
	grep -q '"offer":"open","offered":\[2\],.*"leaving":\[\]' box/rotation || { cat box/rotation; return 1; }
	(cd box/blob && find . -name '*.tpb' | sort) >blobs1
	(cd good/blob && find . -name '*.tpb' | sort) | cmp - blobs1 || return 1
	! find box -name '*.gone' -o -name '*.new' | grep . || return 1
	archive-check -a box --quiet
}
sweep alloc
sweep io
judge() { [ "$1" -eq 137 ]; }
sweep kill

# The answer is kept, or not given.
tool() { faulty "$FAULT" archive-rotate -a box --accept >out; }
fresh() { rm -rf box out; cp -r good box; }
judge() {
	case $1 in
	0) [ "$(wc -l <out)" -eq 4 ] ;;
	1 | 6[569] | 7[0-9]) ;;
	*) return 1 ;;
	esac
}
undisturbed() {
	archive-rotate -a box --accept >out1 && [ "$(wc -l <out1)" -eq 4 ] && archive-check -a box --quiet
}
sweep io
judge() { [ "$1" -eq 137 ]; }
sweep kill

done_testing
