#!/bin/sh
# greylist-check beside postgrey on one connection, beside an empty C program in one process a
# decision, 64 at once on one state, and with ten million entries. What must hold: on one processor at least
# twenty times postgrey's decisions a second; at most 3.5 times the empty program; no error and no lost
# first-seen; ten million entries cost no more than twice.
. "${0%/*}/perf-lib.sh"

PATH=$BUILD/t:$PATH:/usr/sbin
printf 'greylist:\n  always: yes\n  whole_after: 0\n' >config.yaml
export TUBEPOST_CONFIG="$WORK/config.yaml" TUBEPOST_NOW=1790000000
T0=$TUBEPOST_NOW
head_line() { printf '  %-34s %8s %10s %9s %9s\n' '' count 'a second' 'median us' 'p99 us'; }
# The client on a greylist-check with that state: policy STATE CLIENT-ARGUMENTS... NAME
policy() {
	_state=$1
	shift
	policy-client "$@" greylist-check --policy --state "$_state"
}

# Between two processors a question waits longer for a sleeping one to wake than for its answer, and that
# is the same for everybody; so once each has its own, and once all share one, which then is never idle.
rate() { awk 'FNR == 1 { rate[++n] = $(NF - 2) } END { printf "  ratio %.1f\n", rate[1] / rate[2] }' ours peer; }
beside() { # WHERE PREFIX...
	where=$1
	shift
	rm -rf one.db* pg
	title "greylist-check --policy: one connection, $where: new attempts"
	head_line
	"$@" policy-client -n 50000 greylist-check greylist-check --policy --state one.db | tee ours
	! missing postgrey || return 0
	mkdir pg && chmod 777 "$WORK" pg
	"$@" postgrey --unix="$WORK/pg/socket" --dbdir="$WORK/pg" --user="$(id -un)" --group="$(id -gn)" >pg/log 2>&1 &
	postgrey=$!
	trap 'kill $postgrey 2>/dev/null; rm -rf "$WORK"' EXIT
	tries=100
	until [ -S pg/socket ] || [ $tries -eq 0 ]; do tries=$((tries - 1)); sleep 0.1; done
	"$@" policy-client -n 5000 postgrey "unix:$WORK/pg/socket" | tee peer
	rate
	title "the same attempts again, $where"
	head_line
	"$@" policy-client -n 50000 greylist-check greylist-check --policy --state one.db | tee ours
	"$@" policy-client -n 5000 postgrey "unix:$WORK/pg/socket" | tee peer
	rate
	kill $postgrey
	wait $postgrey 2>/dev/null
}
beside 'a processor each'
! command -v taskset >/dev/null || beside 'on one processor' taskset -c 0

title 'greylist-check: a process for one decision (a sender who is known)'
printf 'int main(void) { return 0; }' >empty.c && ${CC:-cc} -O2 -o empty empty.c || exit 1
set -- greylist-check --state one.db --always --ip 192.0.2.1 --sender a@b.test --rcpt c@d.test
"$@" </dev/null >/dev/null
TUBEPOST_NOW=$((T0 + 180)) "$@" </dev/null >/dev/null || exit 1
TUBEPOST_NOW=$((T0 + 300)) measure -n 201 'an empty C program' ./empty :: greylist-check "$@"

title '64 at once on one state: connections, then the same attempts a minute later'
head_line
policy many.db -n 64000 -j 64 '64 connections, new' || exit 1
TUBEPOST_NOW=$((T0 + 60)) policy many.db -n 64000 -j 64 '64 connections, again' || exit 1
title '64 processes at once, 6400 decisions, then the same'
for later in 0 60; do
	begin=$(date +%s%N)
	seq 6400 | TUBEPOST_NOW=$((T0 + later)) xargs -P 64 -I{} sh -c \
		'greylist-check --state many.db --always --ip 203.0.113.1 --sender p{}@x.test --rcpt a@b.test </dev/null' \
		>said 2>errors
	awk -v ns=$(($(date +%s%N) - begin)) 'END { printf "  %d a second (the shells around them included)\n", NR * 1e9 / ns }' said
	sort said errors | uniq -c
done

title 'ten million entries'
greylist-fill full.db 10000000 "$T0" || exit 1
head_line
rm -f small.db*
policy small.db -n 20000 'an empty state, new'
policy full.db -n 20000 'ten million, new'
policy small.db -n 20000 'a small state, again'
policy full.db -n 20000 'ten million, again'
ls -l full.db* | awk '{ printf "  %-12s %.0f MiB\n", $NF, $5 / 1048576 }'
