#!/bin/sh
# Every message of the corpora goes into an archive and comes back byte for byte: as it is, and with
# CRLF; in clear and encrypted; from the journal and, sealed, from packs.
. "${0%/*}/test-lib.sh"
needs zstd perl
[ -d "$SHARED/corpora" ] || skip_all 'the corpora are not there'
[ ! -w /dev/shm ] || { TRASH2=$(mktemp -d /dev/shm/tubepost-test.XXXXXX) && on_exit "rm -rf '$TRASH2'" && cd "$TRASH2"; }

mkdir mail
for c in spamassassin mimekit; do
	mkdir "mail/$c"
	tar --zstd -xf "$SHARED/corpora/$c.tar.zst" -C "mail/$c"
done
find mail -type f -size +0 -print0 >names
total=$(tr -cd '\0' <names | wc -c)
xargs -0 sha256sum -b <names | cut -c1-64 | sort -u >want

back() { # ARCHIVE: everything in it has the hashes that are wanted, and nothing else
	rm -rf out
	cut -f1 list | sort -u | archive-get -a "$1" --maildir out - || return 1
	find out -type f -print0 | xargs -0 sha256sum -b | cut -c1-64 | sort -u >got
	cmp want got
}

ok "$total messages are kept" archive-put -a plain --files0-from names --list
cp .out list
[ "$(wc -l <list)" -eq "$total" ]
result $? 'each has an id'
ok 'and come back byte for byte' back plain
archive-put -a plain --files0-from names >again
has 'none is stored twice' again "^0 stored, $total known"
archive-put -a count --files0-from names >sum
echo "# $(cat sum)"
has 'base64 bodies are stored decoded' sum ', [1-9][0-9]{2,} attachments decoded'

head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >key
chmod 600 key
mkdir sealed
printf 'key_file: %s\n' "$PWD/key" >sealed/archive.yaml
ok 'into an encrypted archive' archive-put -a sealed --files0-from names --list
cp .out list
ok 'from there, too' back sealed

ok 'sealed' archive-rotate -a sealed --seal --all
ok 'and out of packs' back sealed

# The same with CRLF, in whose base64 only line ends differ.
perl -0 -ne 'chomp; local $/; open my $i, "<", $_ or die; my $m = <$i>; $m =~ s/\r?\n/\r\n/g;
	open my $o, ">", $_ or die; print $o $m' names
xargs -0 sha256sum -b <names | cut -c1-64 | sort -u >want
before=$(find plain/blob -name '*.tpb' | wc -l)
ok 'all of them with CRLF' archive-put -a plain --files0-from names --list
cp .out list
ok 'come back with CRLF' back plain
ok 'sealed' archive-rotate -a plain --seal --all
ok 'and out of packs' back plain
ok 'all is well' archive-check -a plain --quiet
echo "# blobs: $before, then $(find plain/blob -name '*.tpb' | wc -l)"

done_testing
