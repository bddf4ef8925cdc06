#!/bin/sh
# Room for error correction: dvdisaster augments an image that was planned for it, and mends it when it
# is damaged.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-disc.sh"
needs dvdisaster perl

perl -e 'for (1 .. 200) { printf "From x\@y.example Fri Jul  1 09:30:%02d 2005\nSubject: %d\n\n%s\n\n", $_ % 60, $_,
	join(" ", map { int rand 1e9 } 1 .. 500) }' >box
# dvdisaster fills the smallest medium that the image fits on: a CD. That is 700 MB.
[ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -gt 1500000 ] || skip_all 'less than 1.5 GB are free'
ok 'an image with room for 20 %' dvd-pack -q --medium 718848k --ecc 20 --serial KWRTPM --mbox box
cp .out disc.iso
cp disc.iso sound.iso
ok 'dvdisaster augments it' dvdisaster -i disc.iso -mRS03 -c
ok 'to the size of a CD' test "$(sectors_of disc.iso)" -le 359424
ok 'and leaves it as it was' cmp -n "$(wc -c <sound.iso)" disc.iso sound.iso
perl -e 'open F, "+<", "disc.iso"; seek F, 2048 * 20, 0; print F "\0" x (2048 * 40)'
fails 1 'forty sectors are damaged' cmp -n "$(wc -c <sound.iso)" disc.iso sound.iso

# It takes the sectors of all 255 layers in order, and minutes for those of a whole CD. Ours are the first.
dvdisaster -i disc.iso -f >mended 2>&1 &
mender=$!
on_exit "kill $mender"
mended() {
	until cmp -n "$(wc -c <sound.iso)" disc.iso sound.iso; do
		kill -0 $mender 2>/dev/null || return 1
		sleep 0.2
	done
}
ok 'dvdisaster mends them, to the byte' mended
done_testing
