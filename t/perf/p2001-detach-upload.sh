#!/bin/sh
# detach-upload into a folder beside ripmime and munpack, which only unpack.
. "${0%/*}/perf-lib.sh"

big_mail big.eml
title "detach-upload: a $(($(wc -c <big.eml) / 1000000)) MB mail of four base64 parts into dir:"
cat >detach <<'X'
#!/bin/sh
rm -rf state drop
exec detach-upload --over 1M --store dir:drop --base-url https://drop.example <big.eml
X
cat >ripmime-run <<'X'
#!/bin/sh
rm -rf out
exec ripmime -i big.eml -d out
X
cat >munpack-run <<'X'
#!/bin/sh
rm -rf out && mkdir out
exec munpack -q -C out ../big.eml
X
chmod +x detach ripmime-run munpack-run
set -- 'detach-upload (fsynced)' ./detach
missing ripmime || set -- "$@" :: ripmime ./ripmime-run
missing munpack || set -- "$@" :: munpack ./munpack-run
measure -n 5 "$@"

title "the same, memory alone (the mail itself is mapped: $(($(wc -c <big.eml) / 1048576)) MiB)"
measure -n 1 -i big.eml 'detach-upload' detach-upload --over 1M --store "dir:$WORK/drop2" \
	--base-url https://drop.example

small_mail small.eml
title "detach-upload: a mail of $(wc -c <small.eml) bytes, under the threshold"
measure -n 201 -i small.eml detach-upload detach-upload --over 10M :: cat cat
