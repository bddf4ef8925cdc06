#!/bin/sh
# A ledger that lies: numbers of mails, pieces and lengths that no such file can have, their checksums made
# right. Each is damage, told as such, and costs no memory; nothing leaves the cellar for it.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl

make_disc_of_three || exit 99
mv A made
fresh() {
	rm -rf A
	cp -a made A
}
in_cellar() { [ -e A/cellar/00000001.tpp ]; }

# With little room no count is believed by mistake: 4 GiB would not be had.
ROOM=400000
little() {
	if sanitized; then "$@"; else (ulimit -v $ROOM && exec "$@"); fi
}
refused() { # WHAT PATTERN
	fails 65 "$1" little dvd-list -a A mails ABCDEF
	has '  and why' .err "^dvd-list: .*$2"
	ok '  nothing comes out' test ! -s .out
	fails 65 '  verify' little dvd-list -a A verify ABCDEF image.iso
	fails 65 '  and letting go' little dvd-list -a A verified ABCDEF
	has '  say so, too' .err "^dvd-list: .*$2"
	in_cellar
	result $? '  nothing leaves'
}

# --- the list ------------------------------------------------------------------------------------
# Changes numbers of the header or of the first group's head, and puts its checksum right.
lie() { # OFFSET FORMAT VALUE
	fresh
	perl -e '
		sub crc32c {
			my $crc = 0xffffffff;
			for my $byte (unpack "C*", shift) {
				$crc ^= $byte;
				$crc = $crc >> 1 ^ ($crc & 1 ? 0x82f63b78 : 0) for 1 .. 8;
			}
			return $crc ^ 0xffffffff;
		}
		my ($at, $format, $value) = @ARGV;
		open my $f, "+<:raw", "A/disc/00000001.tpd" or die;
		read $f, my $head, 84;
		my $bytes = pack $format, $value;
		substr($head, $at, length $bytes) = $bytes;
		substr($head, 68, 4) = pack "V", crc32c(substr $head, 0, 68);
		seek $f, 0, 0;
		print $f $head' "$@"
}
lie 20 V 3
ok 'with the same numbers it is the same' cmp made/disc/00000001.tpd A/disc/00000001.tpd
ok 'and read in little room' little dvd-list -a A mails ABCDEF
sanitized || ! little perl -e '$_ = "x" x shift' 2000000000 2>/dev/null
result $? 'of which there is too little for a lie'

lie 16 V 0
refused 'no pieces' 'not as long as it should be'
lie 16 V 4194304
refused 'pieces of 128 MiB' 'not as long as it should be'
lie 16 V 4294967295
refused 'pieces of 128 GiB' 'not as long as it should be'
lie 24 'Q<' 71
refused 'pieces within the header' 'damaged'
lie 24 'Q<' 9223372036854775807
refused 'pieces far behind the end' 'damaged'
lie 24 'Q<' 18446744073709551615
refused 'pieces before the beginning' 'damaged'
lie 20 V 4294967295
refused 'mails without number' "its number of mails is not the ledger's"
lie 72 V 4294967295
refused 'a group larger than the file' 'damaged'
lie 76 V 4294967295
refused 'a group of mails without number' 'damaged'
lie 76 V 0
refused 'a group of none' 'damaged'
lie 76 V 2
refused 'a group of fewer' 'damaged'
fresh
echo >>A/disc/00000001.tpd
refused 'a file that is too long' 'not as long as it should be'
fresh
head -c 71 made/disc/00000001.tpd >A/disc/00000001.tpd
refused 'less than a header' 'it ends too early'

# --- the facts -----------------------------------------------------------------------------------
fact() { # SED-COMMAND
	fresh
	sed -i "$1" A/disc/00000001.json
}
for n in 0 2 4 4294967295; do
	fact "s/\"mails\":3/\"mails\":$n/"
	refused "$n mails" "its number of mails is not the ledger's"
done
fact 's/"sectors":[0-9]*/"sectors":4294967295/'
fails 65 'sectors without number' little dvd-list -a A verify ABCDEF image.iso
has '  and why' .err 'disc ABCDEF: its list is damaged'
for ms in -9223372036854775808 9223372036854775807 -1; do
	fact "s/\"first_ms\":[0-9]*/\"first_ms\":$ms/"
	ok "an arrival at $ms" dvd-list -a A
	ok '  as JSON' dvd-list -a A --json
done
for s in -9223372036854775808 -1 0 1 86399; do
	fact "s/\"made\":[0-9]*/\"made\":$s/"
	fails 65 "made at $s" dvd-list -a A
done
for s in -1 1 86399; do
	fact "s/\"verified\":0/\"verified\":$s/"
	fails 65 "verified at $s" dvd-list -a A
done
fact 's/"made":[0-9]*/"made":9223372036854775807/'
ok 'made at the end of time' dvd-list -a A --json
fact 's/.*/["\&"]/'
fails 65 'what is no object' dvd-list -a A
fresh
head -c 70000 /dev/zero | tr '\0' ' ' >>A/disc/00000001.json
fails 65 'facts of 70 kB' dvd-list -a A
has '  are not read' .err 'disc/00000001.json'
done_testing
