#!/bin/sh
# detach-upload into a folder beside ripmime and munpack, which only unpack.
. "${0%/*}/perf-lib.sh"

big_mail big.eml
cat >detach <<'X'
#!/bin/sh
rm -rf "$OUT/state" "$OUT/drop"
TUBEPOST_STATE=$OUT/state
export TUBEPOST_STATE
exec detach-upload --over 1M --store "dir:$OUT/drop" --base-url https://drop.example <big.eml
X
cat >ripmime-run <<'X'
#!/bin/sh
rm -rf "$OUT/rip"
exec ripmime -i big.eml -d "$OUT/rip"
X
cat >munpack-run <<'X'
#!/bin/sh
rm -rf "$OUT/mun" && mkdir "$OUT/mun"
exec munpack -q -C "$OUT/mun" "$PWD/big.eml"
X
chmod +x detach ripmime-run munpack-run
set -- 'detach-upload' ./detach
missing ripmime || set -- "$@" :: ripmime ./ripmime-run
missing munpack || set -- "$@" :: munpack ./munpack-run
mail="a $(($(wc -c <big.eml) / 1000000)) MB mail of four base64 parts into dir:"

# What the programs themselves cost shows where no disk is in the way; on a disk ours waits until the
# files are safe there (fsync), which the peers do not.
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
	title "detach-upload: $mail on a file system in memory"
	OUT=$(mktemp -d /dev/shm/tubepost-perf.XXXXXX) || exit 1
	export OUT
	trap 'rm -rf "$WORK" "$OUT"' EXIT
	measure -n 7 "$@"
	rm -rf "$OUT"
fi
title "detach-upload: $mail on the disk, ours with fsync"
OUT=$WORK
export OUT
measure -n 7 "$@"

title "the same, memory alone (the mail itself is mapped: $(($(wc -c <big.eml) / 1048576)) MiB)"
measure -n 1 -i big.eml 'detach-upload' detach-upload --over 1M --store "dir:$WORK/drop2" \
	--base-url https://drop.example

small_mail small.eml
title "detach-upload: a mail of $(wc -c <small.eml) bytes, under the threshold"
measure -n 201 -i small.eml detach-upload detach-upload --over 10M :: cat cat
