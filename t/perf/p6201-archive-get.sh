#!/bin/sh
# archive-get of one mail from a sealed pack, whole process: within 10 ms. Beside it what notmuch and
# mairix leave to the file system: reading the file.
. "${0%/*}/perf-lib.sh"

corpus=$SRC/../shared/corpora/spamassassin.tar.zst
[ -e "$corpus" ] || { echo '  (no corpus)'; exit 0; }
tar --zstd -xf "$corpus"
find spamassassin -type f -print0 | sort -z >files
archive-put -a "$WORK/real" --files0-from files >/dev/null || exit 1
archive-rotate -a "$WORK/real" --seal --all >/dev/null || exit 1
archive-find -a "$WORK/real" --ids | awk 'NR % 60 == 7' >ids
tr '\0' '\n' <files | awk 'NR % 60 == 7' >names
title "one mail of $(archive-find -a "$WORK/real" --count), sealed"
printf '  %-34s %4s %9s %9s %9s %9s\n' '' n median p95 longest 'peak MiB'
"$BUILD/t/latency" archive-get ids archive-get -a "$WORK/real"
"$BUILD/t/latency" 'cat of the file' names cat
