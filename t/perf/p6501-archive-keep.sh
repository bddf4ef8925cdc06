#!/bin/sh
# What keeping costs: bytes stored after sealing, beside what others make of the same mail; the time
# of sealing, checking, reading one mail and erasing one. What must hold: packs at most 0.21 of the
# SpamAssassin corpus, one mail from a pack within 10 ms.
. "${0%/*}/perf-lib.sh"

corpus=$SRC/../shared/corpora/spamassassin.tar.zst
title 'Sealing, checking, erasing: the SpamAssassin corpus'
[ -f "$corpus" ] || {
	echo "  ($corpus is not there)"
	exit 0
}
mkdir mail
tar --zstd -xf "$corpus" -C mail
all() { find mail -type f -print0 | sort -z; }
raw=$(all | xargs -0 cat | wc -c)
bytes() { find "$@" -type f -print0 | xargs -0r cat | wc -c; }
share() { # NAME BYTES
	printf '  %-44s %11s  %s\n' "$1" "$2" "$(echo "scale=4; $2 / $raw" | bc)"
}
timed() { # NAME COMMAND...
	_name=$1
	shift
	_begin=$(date +%s%N)
	"$@" >out 2>&1
	printf '  %-44s %8s ms\n' "$_name" $((($(date +%s%N) - _begin) / 1000000))
}

all | archive-put -a A --files0-from - >/dev/null
share 'the mails' "$raw"
share 'ours, journals (before sealing)' "$(bytes A/journal)"
begin=$(date +%s%N)
"$BUILD/t/seal-archive" A >/dev/null
seal=$((($(date +%s%N) - begin) / 1000000))
share 'ours, packs' "$(bytes A/pack)"
share 'ours, attachments' "$(bytes A/blob)"
share 'ours, index' "$(bytes A/index)"
share 'gzip -6, a mail' "$(all | xargs -0n 1 gzip -6c | wc -c)"
if ! missing zstd; then
	share 'zstd -19, a mail' "$(all | xargs -0n 1 zstd -19qc | wc -c)"
	share 'zstd -19 --long, all in one frame' "$(all | xargs -0 cat | zstd -19 --long=27 -qc | wc -c)"
fi

printf '\n  %-44s %8s ms\n' "sealing ($((raw / 1048576)) MiB of mail)" "$seal"
timed 'archive-check, every byte' archive-check -a A
id=$(archive-find -a A --ids --limit 1)
archive-get -a A "$id" >out
timed 'archive-get, one mail from a pack' archive-get -a A "$id"
timed 'archive-rm, one mail from a pack' archive-rm -a A "$id"
timed 'archive-check --rebuild' archive-check -a A --rebuild
