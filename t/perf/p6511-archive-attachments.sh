#!/bin/sh
# What attachments cost that many people send on: files of this system, each sent 1 to 40 times in
# lines of several widths, kept by us, by gzip a mail, in mailpiler's way (zlib a part, each encoded
# attachment once), and by borg and restic over the same mails in a folder.
. "${0%/*}/perf-lib.sh"

mkdir mail
perl -e '
	use MIME::Base64; srand 11;
	my (@files, $total);
	for (sort split /\n/, `find /usr/share /usr/lib -xdev -type f -size +15k -size -1500k \\( -name "*.gz" -o -name "*.png" -o -name "*.svg" -o -name "*.pdf" -o -name "*.ttf" -o -name "*.html" -o -name "*.so*" -o -name "*.jpg" -o -name "*.txt" \\)`) {
		push @files, $_;
	}
	@files = sort { $a->[0] <=> $b->[0] } map { [rand, $_] } @files;
	splice @files, 90 if @files > 90;
	my $n = 0;
	for (@files) {
		my $file = $_->[1]; open my $in, "<", $file or next; local $/; my $bytes = <$in>;
		my ($name) = $file =~ m{([^/]+)$}; $total += length $bytes;
		my $copies = int(40 ** rand); # 1 to 40, most of them few
		for my $copy (1 .. $copies) {
			my $width = (76, 76, 76, 72, 60, 64)[rand 6]; my $text = encode_base64($bytes, "");
			$text =~ s/(.{1,$width})/$1\n/g; $n++;
			open my $out, ">", sprintf("mail/%05d.eml", int(rand 90000) + 1e5 * $n) or die;
			print $out "From: person$copy\@example.org\nTo: other", int(rand 50), "\@example.org\n",
				"Subject: ", ("Fwd: ") x ($copy > 1), "$name\nDate: Mon, 1 Jun 2026 10:00:00 +0200\n",
				"Message-ID: <$n.", int(rand 1e9), "\@example.org>\nMIME-Version: 1.0\n",
				"Content-Type: multipart/mixed; boundary=\"=_$n\"\n\n--=_$n\nContent-Type: text/plain\n\n",
				"Please find the file attached, copy $copy of what we spoke about.\n" x (1 + rand 12),
				"--=_$n\nContent-Type: application/octet-stream; name=\"$name\"\n",
				"Content-Transfer-Encoding: base64\nContent-Disposition: attachment; filename=\"$name\"\n\n",
				$text, "--=_$n--\n";
		}
	}
	printf "\nAttachments sent on: %d files, %.1f MB, in %d mails\n", scalar @files, $total / 1e6, $n;'
all() { find mail -type f -print0 | sort -z; }
raw=$(all | xargs -0 cat | wc -c)
bytes() { find "$@" -type f -print0 | xargs -0r cat | wc -c; }
share() { # NAME BYTES [MS]
	printf '  %-44s %11s  %.4f %9s\n' "$1" "$2" "$(echo "scale=6; $2 / $raw" | bc)" "${3:+$3 ms}"
}
timed() { # COMMAND...: leaves milliseconds in $ms
	_begin=$(date +%s%N)
	"$@" >out 2>&1
	ms=$((($(date +%s%N) - _begin) / 1000000))
}
keep() { all | archive-put -a A --files0-from - && archive-rotate -a A --seal --all; }

share 'the mails' "$raw"
timed keep
share 'ours: packs, attachments and index' "$(bytes A/pack A/blob A/index)" "$ms"
share 'gzip -6, a mail' "$(all | xargs -0n 1 gzip -6c | wc -c)"
cat >mailpiler <<'X'
use Compress::Zlib; use Digest::SHA "sha256"; my (%seen, $stored); local $/;
for my $file (glob "mail/*.eml") {
	open my $in, "<", $file or die; my $mail = <$in>;
	$mail =~ s/(base64\nContent-Disposition[^\n]*\n\n)(.*?)(?=\n--)/$1/s
		and !$seen{sha256($2)}++ and $stored += length compress($2);
	$stored += length compress($mail);
}
print $stored;
X
share "zlib a part, equal encoded parts once" "$(perl mailpiler)"
export BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes BORG_BASE_DIR="$WORK/borg-base" RESTIC_PASSWORD=perf
export RESTIC_CACHE_DIR="$WORK/restic-cache"
if ! missing borg; then
	borg init -e none borg && timed borg create -C zstd,19 borg::perf mail
	share 'borg create -C zstd,19' "$(bytes borg)" "$ms"
fi
if ! missing restic; then
	restic init -q -r restic && timed restic backup -q --compression max -r restic mail
	share 'restic backup --compression max' "$(bytes restic)" "$ms"
fi
archive-check -a A >/dev/null || exit 1
