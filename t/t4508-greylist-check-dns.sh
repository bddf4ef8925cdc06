#!/bin/sh
# DNS lists inside a decision: they cast doubt, take it away, are left alone when they cannot change
# anything, and what was found out about them is remembered for the next process.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
. "$SRC/t/lib-dns.sh"
needs perl
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

kill "$DNS_PID"
printf 'greylist: {dns_servers: "127.0.0.1:%s", dns_deadline: 1s}\n' "$DNS_PORT" >conf.yaml
one k --dnsbl bl.test
says 'no answer is no doubt' '250 pass: no-doubt'
fails 75 'a zone that is none' greylist-check --dnsbl 'a b' --ip 192.0.2.1 </dev/null

done_testing
