#!/bin/sh
# dvd-pack from a sealed archive, beside genisoimage and xorriso that read the same mails as files: 20,000
# mails of 8 kB; and what half a million mails take, and a full disc (TUBEPOST_PERF_LARGE=1; 15 GB of room).
. "${0%/*}/perf-lib.sh"

mkdir -p files/cur files/new
perl -e '
	srand 7;
	my @w = map { join "", map { chr(97 + int rand 26) } 1 .. 2 + int rand 8 } 1 .. 8000;
	for my $i (1 .. 20000) {
		my $m = sprintf "From: Person %d <p%d\@example.org>\nTo: r%d\@example.net\nSubject: %s no %d\n\n",
			$i % 700, $i % 700, $i % 90, $w[rand @w], $i;
		$m .= join(" ", map { $w[int(8000 * rand() ** 3)] } 1 .. 12) . "\n" while length $m < 8000;
		open F, ">", sprintf "files/cur/%d.M%06d.host", 1120000000 + $i * 61, $i; print F $m; close F }'
archive-put -a A --maildir files >/dev/null || exit 1
archive-rotate -a A --seal --all >/dev/null
# Sealing may go on behind archive-put.
while [ -n "$(find A/journal -type f -size +0)" ]; do sleep 1; archive-rotate -a A --seal --all >/dev/null; done
archive-find -a A --ids --limit 20000 >ids
title "a disc of 20,000 mails of 8 kB, to /dev/null"
set -- dvd-pack dvd-pack -q -a A - :: '  the plan alone' dvd-pack -q -a A --plan -
missing genisoimage || set -- "$@" :: genisoimage sh -c 'exec genisoimage -quiet -R -J -iso-level 3 files 2>/dev/null'
missing xorriso || set -- "$@" :: xorriso sh -c 'exec xorriso -as mkisofs -quiet -R -J files 2>/dev/null'
measure -n 5 -i ids "$@"

[ -n "${TUBEPOST_PERF_LARGE:-}" ] || exit 0
perl -e 'my @m = qw(Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec);
	printf "From x\@y.example Fri %s %d %02d:%02d:%02d 2004\nFrom: Person %d <p%d\@example.org>\n" .
		"To: r%d\@example.net\nSubject: subject of the mail number %d\n\nbody %d\n\n",
		$m[int($_ / 42000) % 12], 1 + int($_ / 1500) % 28, int($_ / 60) % 24, $_ % 60, $_ * 7 % 60,
		$_ % 9000, $_ % 9000, $_ % 300, $_, $_ for 0 .. 499999' >mbox
archive-put -a B --mbox mbox >/dev/null || exit 1
archive-rotate -a B --seal --all >/dev/null
while [ -n "$(find B/journal -type f -size +0)" ]; do sleep 1; archive-rotate -a B --seal --all >/dev/null; done
archive-find -a B --ids --limit 600000 >ids
title 'a disc of 500,000 mails'
measure -n 1 -i ids dvd-pack dvd-pack -q -a B - :: '  from the mbox' dvd-pack -q --mbox mbox
rm -rf B mbox

# Each has a picture of 6 MB; 590 of them are a little more than fits.
for i in $(seq 590); do
	perl -e 'use MIME::Base64; open my $r, "<:raw", "/dev/urandom"; read $r, my $bytes, 6000000;
		printf "From: p\@example.org\nTo: r\@example.net\nSubject: picture %d\nMIME-Version: 1.0\n" .
			"Content-Type: image/jpeg; name=\"p.jpg\"\nContent-Transfer-Encoding: base64\n\n%s",
			$ARGV[0], encode_base64($bytes)' "$i" | archive-put -a C >/dev/null || exit 1
done
archive-rotate -a C --seal --all >/dev/null
archive-find -a C --ids --limit 1000 >ids
dvd-pack -q -a C - <ids >image || exit 1
title "a full disc of $(wc -c <image) bytes, to /dev/null"
measure -n 3 -i ids dvd-pack dvd-pack -q -a C - :: 'cat of it' cat image
