#!/bin/sh
# DNS lists inside a decision: they cast doubt, take it away, are left alone when they cannot change
# anything, and what was found out about them is remembered for the next process.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
. "$SRC/t/lib-dns.sh"
needs perl sqlite3
ask_is_built || skip_all 'this build has no c-ares'
dns_start
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.0.0.4
2.0.0.127.wl.test A 127.0.0.2
7.100.51.198.wl.test A 127.0.0.2
2.0.0.127.all.test A 127.0.0.2
1.0.0.127.all.test A 127.0.0.2
7.100.51.198.all.test A 127.0.0.2
9.100.51.198.all.test A 127.0.0.2
END
printf 'greylist: {dns_servers: "127.0.0.1:%s"}\n' "$DNS_PORT" >conf.yaml
one() { # SENDER ARGUMENTS
	_from=$1
	shift
	at 0 -c conf.yaml --ip 198.51.100.7 --sender "$_from@x.example" --rcpt c@d.example "$@"
}
asked() { grep -c "$1" questions; }

one a --dnsbl bl.test
says 'a listed client is doubtful' '421 throttle: firsttry'
one b --dnsbl bl.test --explain
has 'which is explained' .said '^doubt	\+1 dnsbl=bl\.test$'
one c --dnsbl bl.test --dnswl wl.test
says 'a list of the good outweighs it' '250 pass: no-doubt'
at 0 -c conf.yaml --ip 198.51.100.8 --sender d@x.example --dnsbl bl.test
says 'one that is not listed passes' '250 pass: no-doubt'
[ "$(asked '1\.0\.0\.127\.bl\.test')" -eq 1 ]
result $? 'the list itself was tested once, by the first of these processes'

: >questions
one e --dnsbl bl.test --spf fail
says 'enough doubt without it' '421 throttle: firsttry'
[ ! -s questions ]
result $? 'and nobody is asked'
one f --dnsbl bl.test --always
[ ! -s questions ]
result $? 'nor when everything is greylisted'
one g --dnswl wl.test
says 'a list of the good alone' '250 pass: no-doubt'
[ ! -s questions ]
result $? 'has nothing to take away'
at 0 -c conf.yaml --ip 192.0.2.1 --authenticated --dnsbl bl.test
[ ! -s questions ]
result $? 'our own users are not asked about'

one h --dnsbl all.test
says 'a list that lists 127.0.0.1 is not believed' '250 pass: no-doubt'
has 'which is said' .err 'all\.test'
: >questions
one i --dnsbl all.test
says 'nor by the next process' '250 pass: no-doubt'
[ ! -s questions ]
result $? 'which does not even ask'

ask 0 client_address=198.51.100.7 sender=j@x.example recipient=c@d.example -- -c conf.yaml --dnsbl bl.test
answers 'the same in a policy service' '450 4.7.1 throttle: firsttry'

# --- on record -----------------------------------------------------------------------------------
key=abcdefghijklmnopqrstuv2345
dns_zone <<END
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.0.0.4 A 127.0.0.10
2.0.0.127.$key.dq.test A 127.0.0.2
8.100.51.198.$key.dq.test A 127.0.0.2
END
for n in 7 8 9; do
	at $n -c conf.yaml --record log --dnsbl bl.test --dnsbl $key.dq.test --ip 198.51.100.$n --sender l@x.example --rcpt c@d.example
	says 'recorded' '250 pass: recorded'
done
has 'with what the lists said' log '	listed=bl\.test/127\.0\.0\.4	listed=bl\.test/127\.0\.0\.10$'
has 'without the keys' log '	listed=\*\*\*\.dq\.test/127\.0\.0\.2$'
has 'or that they said nothing' log '	listed=$'
dns_zone </dev/null
: >questions
replayed() { # WHAT DELAYED ARGUMENTS
	_what=$1 _delayed=$2
	shift 2
	greylist-check -c conf.yaml --replay log "$@" >.out 2>.err && grep -qx "firsttry	$_delayed" .out
	result $? "$_what"
}
replayed 'a replay believes the record' 1 --dnsbl bl.test
same 'without a warning' .err /dev/null
replayed 'for lists with keys, too' 2 --dnsbl bl.test --dnsbl $key.dq.test
replayed 'by other answers' 0 --dnsbl bl.test/2
replayed 'a list that was not asked then says nothing' 0 --dnsbl other.test
[ ! -s questions ]
result $? 'and nobody is asked about last week'
sed 's/	listed=.*//' log >old && mv old log
replayed 'a record without such answers' 0 --dnsbl bl.test
has 'is told' .err '^greylist-check: log: 3 of 3 attempts do not say what DNS lists said'

# --- a list that says nothing at all, and recipients one by one ------------------------------------
dns_zone <<'END'
*.mute.test drop
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.0.0.4
END
printf 'greylist: {dns_servers: "127.0.0.1:%s", dns_deadline: 1s}\n' "$DNS_PORT" >conf.yaml
: >questions
for n in 1 2 3 4; do
	printf 'request=smtpd_access_policy\nclient_address=198.51.100.7\nsender=l@x.example\nrecipient=r%s@d.example\n\n' $n
done | TUBEPOST_NOW=$((T0 + 100)) greylist-check -c conf.yaml --policy --dnsbl bl.test --dnsbl mute.test >answers 2>.err
[ "$(grep -c 'throttle: firsttry' answers)" -eq 4 ]
result $? 'four recipients of a listed client'
[ "$(asked ' 7\.100\.51\.198\.bl\.test')" -eq 1 ]
result $? 'cost one question to a list that answers'
: >questions
at 101 -c conf.yaml --ip 198.51.100.9 --sender m@x.example --dnsbl bl.test --dnsbl mute.test
says 'the next process' '250 pass: no-doubt'
[ "$(asked 'mute\.test')" -eq 0 ] && [ "$(asked ' 9\.100\.51\.198\.bl')" -eq 1 ]
result $? 'leaves the silent list alone'
at 300 -c conf.yaml --ip 198.51.100.9 --sender m@x.example --dnsbl bl.test --dnsbl mute.test
[ "$(asked 'mute\.test')" -gt 0 ]
result $? 'and asks it again some minutes later'

# --- c-ares is not there --------------------------------------------------------------------------
mkdir lib
echo 'no library' >lib/libcares.so.2
without() { LD_LIBRARY_PATH="$TRASH/lib" at "$@"; }
without 1000 -c conf.yaml --ip 198.51.100.7 --sender n@x.example --dnsbl bl.test --spf softfail --rcpt c@d.example
says 'without c-ares lists do not count, but all else does' '421 throttle: firsttry'
without 1000 -c conf.yaml --ip 198.51.100.7 --sender n@x.example --dnsbl bl.test
says 'and what only a list would doubt passes' '250 pass: no-doubt'
has 'which is said' .err '^greylist-check: DNS lists do not count: DNS lists need c-ares: .*libcares'
without 1060 -c conf.yaml --ip 198.51.100.7 --sender n@x.example --dnsbl bl.test
says 'the next, too' '250 pass: no-doubt'
same 'but it is said once' .err /dev/null

# --- a state that is locked does not make six lists wait -------------------------------------------
for n in 1 2 3 4 5 6; do
	echo "2.0.0.127.l$n.test A 127.0.0.2"
	echo "7.100.51.198.l$n.test A 127.0.0.4"
done | dns_zone
at 0 --state locked.db --always --ip 192.0.2.1 --sender a@b.example
mkfifo hold
sqlite3 locked.db <hold >held 2>&1 &
holder=$!
on_exit "kill $holder 2>/dev/null"
exec 3>hold
echo 'BEGIN IMMEDIATE; SELECT "locked";' >&3
for _i in $(seq 300); do
	grep -q locked held && break
	sleep 0.1
done
printf 'greylist: {dns_servers: "127.0.0.1:%s", dns_deadline: 5s, state: locked.db}\n' "$DNS_PORT" >conf.yaml
begin=$(date +%s)
one p --dnsbl l1.test --dnsbl l2.test --dnsbl l3.test --dnsbl l4.test --dnsbl l5.test --dnsbl l6.test
says 'lists and a state that is locked: passes' '250 pass: no-state'
[ $(($(date +%s) - begin)) -lt 20 ]
result $? 'before Postfix and Exim lose patience'
echo 'ROLLBACK;' >&3
exec 3>&-
wait $holder

kill "$DNS_PID"
printf 'greylist: {dns_servers: "127.0.0.1:%s", dns_deadline: 1s}\n' "$DNS_PORT" >conf.yaml
one k --dnsbl bl.test
says 'no answer is no doubt' '250 pass: no-doubt'
fails 75 'a zone that is none' greylist-check --dnsbl 'a b' --ip 192.0.2.1 </dev/null

done_testing
