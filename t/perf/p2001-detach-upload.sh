#!/bin/sh
# detach-upload into a folder beside ripmime and munpack, which only unpack.
. "${0%/*}/perf-lib.sh"

big_mail big.eml
mail="a $(($(wc -c <big.eml) / 1000000)) MB mail of four base64 parts into dir:"

# What a run has left behind is taken away before the next, outside the time, and the disk is at rest then.
# Ours makes its state anew each time, for what its ledger knows it would not upload again.
compare() { # FOLDER
	export TUBEPOST_STATE="$1/state"
	set -- "$1" -n 7 -i big.eml -p "cd '$1' && rm -rf state drop rip mun && mkdir mun && sync -f ." \
		detach-upload detach-upload --over 1M --store "dir:$1/drop" --base-url https://drop.example
	missing ripmime || set -- "$@" :: ripmime ripmime -i "$PWD/big.eml" -d "$1/rip"
	missing munpack || set -- "$@" :: munpack munpack -q -C "$1/mun" "$PWD/big.eml"
	shift
	measure "$@"
}

# What the programs themselves cost shows where no disk is in the way; on a disk ours waits until the
# files are safe there (fsync), which the peers do not.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	title "detach-upload: $mail on a file system in memory"
	OUT=$(mktemp -d /dev/shm/tubepost-perf.XXXXXX) || exit 1
	trap 'rm -rf "$WORK" "$OUT"' EXIT
	compare "$OUT"
	rm -rf "$OUT"
fi
title "detach-upload: $mail on the disk, ours with fsync"
mkdir disk
compare "$WORK/disk"

title "the same, memory alone (the mail itself is mapped: $(($(wc -c <big.eml) / 1048576)) MiB)"
measure -n 1 -i big.eml 'detach-upload' detach-upload --over 1M --store "dir:$WORK/drop2" \
	--base-url https://drop.example

small_mail small.eml
title "detach-upload: a mail of $(wc -c <small.eml) bytes, under the threshold"
measure -n 201 -i small.eml detach-upload detach-upload --over 10M :: cat cat
