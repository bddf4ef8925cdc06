#!/bin/sh
# What honest servers make of it: the default retry schedules of Postfix and Exim, and slower ones, from
# one host, from a farm of 50 addresses, to two MX hosts with one state or with two that are merged.
# Each is delivered; the lines say after how long.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

# --- schedules: the next try, from the mail's age and the number of tries so far -------------------
clamp() { echo $(($1 < $2 ? $2 : $1 > $3 ? $3 : $1)); }
# The first run of a queue runner at or after $1, every $2 seconds from $3 on.
run_after() { echo $((($1 - $3 + $2 - 1) / $2 * $2 + $3)); }
# Postfix: as long again as the mail is old, from minimal_backoff_time (300) to maximal_backoff_time
# (4000); looked for every queue_run_delay (300). The phase is that of the queue runs.
postfix() { run_after $(($1 + $(clamp "$1" 300 4000))) 300 "$phase"; }
# A mail that has waited for long already when it comes here (another of our hosts was down).
postfix_old() { run_after $(($1 + 4000)) 300 "$phase"; }
# Exim: F,2h,15m; G,16h,1h,1.5; F,4d,6h; and a queue runner every half hour. `deliver` widens the gap.
exim() {
	if [ "$1" -lt 7200 ]; then
		_next=$(($1 + 900))
	elif [ "$1" -lt 57600 ]; then
		_next=$(($1 + gap))
	else
		_next=$(($1 + 21600))
	fi
	run_after $_next 1800 "$phase"
}
exim_old() { run_after $(($1 + 21600)) 1800 "$phase"; }
hourly() { echo $(($1 + 3660)); }
daily() { echo $(($1 + 86400)); }

# --- roads: one try at an age; succeeds when the mail is taken -------------------------------------
mails=0
# A run of digits counts as one: letters tell the mails apart.
letters() { printf 'abcdefghijklmnopqrstuvwxyz' | cut -c$((1 + $1 / 26)),$((1 + $1 % 26)); }
try_at() { # AGE ADDRESS ARGUMENTS
	_age=$1 _ip=$2
	shift 2
	at "$_age" --always --ip "$_ip" --sender "$(letters $mails)@sender.example" --rcpt c@d.example "$@"
	[ $code -eq 0 ]
}
one() { try_at "$1" 192.0.2.1; }
farm_spf() { try_at "$1" "10.$(($2 % 50)).0.1" --spf pass; }
farm_net() { try_at "$1" "203.0.113.$((2 + $2 % 50))"; }
# Whom one MX host refuses, he tries at the next one at once.
two_mx() { try_at "$1" 192.0.2.1 --state shared.db || try_at $(($1 + 2)) 192.0.2.1 --state shared.db; }
farm_two_mx() {
	try_at "$1" "10.$(($2 % 50)).0.1" --spf pass --state shared.db ||
		try_at $(($1 + 3)) "10.$((($2 + 7) % 50)).0.1" --spf pass --state shared.db
}
# Two states, each handed to the other host by its cron every five minutes at the latest.
two_states() {
	for _from in 1 2; do
		[ -e mx$_from.db ] || continue
		TUBEPOST_NOW=$((T0 + $1)) greylist-check --state mx$_from.db --dump >dump$_from &&
			TUBEPOST_NOW=$((T0 + $1)) greylist-check --state mx$((3 - _from)).db --merge dump$_from >/dev/null ||
			return 1
	done
	# A sender who takes them in turn.
	try_at "$1" 192.0.2.1 --state mx$((1 + $2 % 2)).db
}

# The seconds until a mail is taken, by this schedule on this road, and at which try: `took tries`.
deliver() { # SCHEDULE ROAD
	mails=$((mails + 1)) age=0 tries=0
	while [ $age -le 432000 ]; do
		tries=$((tries + 1))
		"$2" $age $tries && return
		age=$("$1" $age)
		[ "$1" != exim ] || [ $age -lt 7200 ] || [ $age -ge 57600 ] || gap=$((gap * 3 / 2))
	done
	age=never
}

delivered() { # NAME SCHEDULE PHASE SECONDS ROAD...
	_name=$1 _schedule=$2 phase=$3 _want=$4
	shift 4
	for road; do
		gap=3600
		deliver "$_schedule" "$road"
		[ "$age" = "$_want" ]
		result $? "$_name, $road: delivered after $age seconds, at try $tries"
	done
}

# None of this is a success of the origin: that would help whoever comes next.
printf 'greylist: {whole_after: 0}\n' >conf.yaml
export TUBEPOST_CONFIG="$TRASH/conf.yaml"

roads='one farm_spf farm_net two_mx farm_two_mx two_states'
# shellcheck disable=SC2086 # words
{
	delivered 'Postfix' postfix 0 300 $roads
	delivered 'Postfix, queue runs at their worst' postfix 299 599 $roads
	delivered 'Postfix, at its longest steps' postfix_old 0 8400 $roads
	delivered 'Exim, queue runs as retry times' exim 900 900 $roads
	delivered 'Exim' exim 0 1800 $roads
	delivered 'Exim, queue runs at their worst' exim 899 2699 $roads
	delivered 'Exim, at its longest steps' exim_old 0 43200 $roads
	delivered 'a server that tries each hour and a minute' hourly 0 7320 $roads
	delivered 'a server that tries each day' daily 0 172800 $roads
}

# Strangers all, where SPF says nothing: a key a network, the one thing that this cannot know. They
# are delivered when the farm's addresses come round.
farm_strangers() { try_at "$1" "10.$(($2 % 5)).0.1"; }
gap=3600 phase=0
deliver postfix farm_strangers
[ "$age" != never ]
result $? "Postfix, 5 networks without SPF: delivered after $age seconds, at try $tries"

done_testing
