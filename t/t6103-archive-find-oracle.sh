#!/bin/sh
# archive-find beside a slow search of its own mind, on real mail: hundreds of questions made from the
# mails' own texts give the same ids, from journals, from packs, and with a key.
. "${0%/*}/test-lib.sh"

needs archive-put archive-rotate python3 zstd perl
[ -e "$SHARED/corpora/spamassassin.tar.zst" ] || skip_all 'the corpora are not here'

mkdir corpus
tar --zstd -C corpus -xf "$SHARED/corpora/spamassassin.tar.zst" || exit 99
tar --zstd -C corpus -xf "$SHARED/corpora/mimekit.tar.zst" || exit 99
find corpus -type f -size +0 -print0 | sort -z >files

# Runs every query and counts those whose ids differ.
cat >run.pl <<'END'
use strict;
my ($archive) = @ARGV;
my ($n, $wrong, $hits) = (0, 0, 0);
while (<STDIN>) {
	chomp;
	my ($words, $want) = split /\t/, $_, -1;
	my @words = split /\x1f/, $words;
	open my $find, '-|', 'archive-find', '-a', $archive, '--ids', '--', @words or die;
	my $got = join ',', map { chomp; $_ } <$find>;
	close $find;
	$n++;
	$hits += () = $got =~ /[^,]+/g;
	next if $got eq $want;
	$wrong++;
	print "# differs: ", join(' | ', @words), "\n" if $wrong < 10;
}
print "$n queries, $hits hits, $wrong differ\n";
exit($wrong || $n < 100);
END

same_as_oracle() { # ARCHIVE
	archive-find -a "$1" --json --limit 0 >all.jsonl &&
	python3 "$SRC/t/helper/find-oracle.py" 250 <all.jsonl >queries &&
	perl run.pl "$1" <queries >found
}

ok 'both corpora are put' archive-put -a "$TRASH/a" --files0-from files
ok 'every query finds the same' same_as_oracle "$TRASH/a"
sed 's/^/# /' found
ok 'sealed' archive-rotate -a "$TRASH/a" --seal --all
ok 'in packs, too' same_as_oracle "$TRASH/a"
sed 's/^/# /' found

head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >key
chmod 600 key
mkdir b
echo "key_file: $TRASH/key" >b/archive.yaml
head -z -n 500 files >some
ok 'with a key' archive-put -a "$TRASH/b" --files0-from some
ok 'every query finds the same' same_as_oracle "$TRASH/b"
ok 'sealed' archive-rotate -a "$TRASH/b" --seal --all
ok 'in packs, too' same_as_oracle "$TRASH/b"
subject=$(sed -n 's/.*"subject":"\([A-Za-z]\{6,\}\).*/\1/p' all.jsonl | head -n 1)
find b -type f ! -name archive.yaml -exec grep -liF -e "$subject" {} + >clear
[ ! -s clear ]
result $? 'and no subject stands in a file of it'
mv key away
fails 78 'without the key' archive-find -a b "$subject"
has 'it says so' .err '^archive-find: archive .* is encrypted: no key'

done_testing
