#!/bin/sh
# Keys: networks, SPF domains, senders with numbers; a farm of sending machines; two MX hosts with one
# state, and with two that are merged; an origin that succeeded often; whom we wrote to.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

# --- networks and senders -------------------------------------------------------------------------
at 0 --always --ip 192.0.2.1 --sender bounce-17@list.example --rcpt c@d.example
at 120 --always --ip 192.0.2.254 --sender bounce-18@list.example --rcpt C@D.example
says 'the neighbour with the next number is the same' '250 pass: waited'
at 0 --always --ip 2001:db8:1:2::1 --sender a@six.example --rcpt c@d.example
at 120 --always --ip 2001:db8:1:2:ffff::9 --sender a@six.example --rcpt c@d.example
says 'an IPv6 /64 is one' '250 pass: waited'
at 120 --always --ip 2001:db8:1:3::1 --sender a@six.example --rcpt c@d.example
says 'the next is another' '421 throttle: firsttry'
at 120 --always --ip 192.0.2.1 --sender bounce-17@list.example --rcpt other@d.example
says 'another recipient is another mail' '421 throttle: firsttry'
printf 'greylist: {ipv4_bits: 32, ipv6_bits: 48}\n' >bits.yaml
at 0 -c bits.yaml --always --ip 198.51.100.1 --sender a@b.example
at 120 -c bits.yaml --always --ip 198.51.100.2 --sender a@b.example
says 'bits are settable' '421 throttle: firsttry'

# --- a farm: each try from another network --------------------------------------------------------
farm() { # SPF; prints how many tries it takes, one each 5 minutes
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 \
		31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50; do
		at $((n * 300)) --always --ip "10.$n.0.1" --sender "x@farm-$1.example" --rcpt c@d.example --spf "$1"
		case $said in 250*) break ;; esac
	done
	echo "$n"
}
[ "$(farm pass)" -eq 2 ]
result $? 'a farm of 50 addresses whose SPF passes is delivered with its second try, after 5 minutes'
[ "$(farm none)" -eq 50 ]
result $? 'without SPF each address would be a stranger'

# --- SPF that cannot be looked up at first --------------------------------------------------------
spf() { at "$1" --always --ip 198.18.1.1 --sender "$2@spf.example" --rcpt c@d.example --spf "$3"; }
for r in temperror none; do
	spf 0 a$r $r
	says "SPF $r" '421 throttle: firsttry'
	spf 60 a$r pass
	says 'then pass, too early: the same mail' '421 throttle: early'
	spf 300 a$r pass
	says 'inside the window' '250 pass: waited'
	spf 400 a$r pass
	says 'known' '250 pass: known'
	at 400 --always --ip 198.18.9.1 --sender a$r@spf.example --rcpt c@d.example --spf pass
	says 'wherever its domain sends from' '250 pass: known'
	spf 0 b$r pass
	spf 300 b$r $r
	says "the other way round, $r costs one more wait" '421 throttle: firsttry'
	spf 310 b$r pass
	says 'and moves nothing' '250 pass: waited'
	spf 0 c$r $r
	spf 300 c$r $r
	says "what passed without SPF ($r)" '250 pass: waited'
	spf 310 c$r pass
	says 'is known with it' '250 pass: known'
	at 320 --always --ip 198.18.9.1 --sender c$r@spf.example --rcpt c@d.example --spf pass
	says 'from now on by its domain' '250 pass: known'
done
at 0 --always --ip 198.18.2.1 --sender d@spf.example --rcpt c@d.example --spf none
at 300 --always --ip 198.18.3.1 --sender d@spf.example --rcpt c@d.example --spf pass
says 'another network without SPF is a stranger' '421 throttle: firsttry'

# --- two MX hosts, one state ----------------------------------------------------------------------
# A sender that was refused by one tries the other at once, and so on in each round.
mx() { at "$1" --state shared.db --always --ip 203.0.113.5 --sender two@mx.example --rcpt c@d.example; }
mx 0
says 'mx1' '421 throttle: firsttry'
mx 2
says 'mx2, two seconds later' '421 throttle: firsttry'
mx 300
says 'the next round passes at mx2' '250 pass: waited'
mx 301
says 'and at mx1' '250 pass: known'

# --- two states that are merged -------------------------------------------------------------------
on() { _db=$1; _s=$2; shift 2; at "$_s" --state "$_db" --always --ip 203.0.113.6 --sender apart@mx.example --rcpt c@d.example "$@"; }
on mx1.db 0
says 'mx1, with a state of its own' '421 throttle: firsttry'
TUBEPOST_NOW=$((T0 + 60)) greylist-check --state mx1.db --dump >dump
ok 'mx2 merges what mx1 dumped' env TUBEPOST_NOW=$((T0 + 61)) greylist-check --state mx2.db --merge dump
on mx2.db 130
says 'and knows when it came first' '250 pass: waited'
TUBEPOST_NOW=$((T0 + 140)) greylist-check --state mx2.db --dump >dump2
ok 'mx1 learns of the success' env TUBEPOST_NOW=$((T0 + 141)) greylist-check --state mx1.db --merge - <dump2
on mx1.db 150
says 'there, too' '250 pass: known'
TUBEPOST_NOW=$((T0 + 141)) greylist-check --state mx2.db --dump | sort >was
ok 'a second merge' env TUBEPOST_NOW=$((T0 + 141)) greylist-check --state mx2.db --merge dump2
TUBEPOST_NOW=$((T0 + 141)) greylist-check --state mx2.db --dump | sort >is
same 'changes nothing' was is
ok 'a dump is a backup: it merges into nothing' env TUBEPOST_NOW=$((T0 + 141)) greylist-check --state new.db --merge dump2
TUBEPOST_NOW=$((T0 + 141)) greylist-check --state new.db --dump | sort >is
same 'and gives the same' is was
printf 'tubepost-greylist 1\nnonsense\n' >bad
fails 65 'what is no dump' greylist-check --state new.db --merge bad
has 'is named with its line' .err '^greylist-check: bad: line 2: no entry of a dump$'
fails 66 'a file that is not there' greylist-check --merge missing
fails 66 'a dump of a state that is not there' greylist-check --state typo/typo --dump
has 'says so' .err '^greylist-check: opening typo/typo: No such file or directory$'
[ ! -s .out ] && [ ! -e typo ]
result $? 'and makes none'

# --- an origin that succeeded often ---------------------------------------------------------------
printf 'greylist: {whole_after: 3}\n' >whole.yaml
many() { at "$1" -c whole.yaml --always --ip 198.51.100.50 --sender "$2@whole.example" --rcpt c@d.example; }
for s in a b c; do
	many 0 $s
	many 200 $s
	says "mail $s comes back" '250 pass: waited'
done
many 300 d
says 'three mails at once are one success: one spam to three recipients is no more' '421 throttle: firsttry'
many 3700 e
many 3799 d
many 3900 e
says 'an hour later' '250 pass: waited'
many 7500 f
many 7700 f
says 'and one more' '250 pass: waited'
many 7800 g
says 'after three hours with a success all of its mail passes' '250 pass: whole-key'
at 300 -c whole.yaml --always --ip 198.51.101.50 --sender d@whole.example --rcpt c@d.example
says 'but not that of other networks' '421 throttle: firsttry'
printf 'greylist: {whole_after: 0}\n' >never.yaml
at 300 -c never.yaml --always --ip 198.51.100.50 --sender z@whole.example --rcpt c@d.example
says '0 is never' '421 throttle: firsttry'

# --- several recipients ---------------------------------------------------------------------------
at 0 --always --ip 192.0.2.150 --sender m@x.example --rcpt a@d.example
at 200 --always --ip 192.0.2.150 --sender m@x.example --rcpt a@d.example --rcpt b@d.example
says 'one of two has to wait: both do' '421 throttle: firsttry'
at 330 --always --ip 192.0.2.150 --sender m@x.example --rcpt a@d.example --rcpt b@d.example
says 'and both pass' '250 pass: waited'

# --- whom we wrote to -----------------------------------------------------------------------------
at 0 --learn --sender Me@ours.example --rcpt you@far.example --rcpt her@far.example
says 'outgoing mail is learned from' '250 pass: learned'
at 10 --always --ip 192.0.2.200 --sender you@far.example --rcpt me@ours.example
says 'the answer passes' '250 pass: learned'
at 10 --always --ip 192.0.2.200 --sender you@far.example --rcpt boss@ours.example
says 'to whom it is an answer to' '421 throttle: firsttry'
at 10 --ip 192.0.2.201 --sender her@far.example --rcpt me@ours.example --spf fail
says 'not when SPF says that it is forged' '421 throttle: firsttry'
at 0 --learn --sender me@ours.example --rcpt info1@corp.example --rcpt Ann+x@corp.example
at 10 --ip 192.0.2.203 --sender info77+spam@corp.example --rcpt me@ours.example --spf softfail
says 'another number is somebody else' '421 throttle: firsttry'
at 10 --ip 192.0.2.203 --sender info1+spam@corp.example --rcpt me@ours.example --spf softfail
says 'and so is what has another +' '421 throttle: firsttry'
at 10 --ip 192.0.2.203 --sender Info1@corp.example --rcpt me@ours.example --spf softfail
says 'the very address passes' '250 pass: learned'
at 10 --ip 192.0.2.203 --sender ann+X@corp.example --rcpt me@ours.example --spf softfail
says 'with its +, too' '250 pass: learned'
ask 0 client_address=10.0.0.1 sender=me@ours.example recipient=him@far.example sasl_username=me -- --learn
answers 'a policy service learns from our users' dunno
at 10 --always --ip 192.0.2.202 --sender him@far.example --rcpt me@ours.example
says 'the same way' '250 pass: learned'
at 0 --learn --sender '' --rcpt x@y.example
says 'our own bounces leave, too' '250 pass: nothing-to-learn'
ask 0 client_address=10.0.0.1 sender= recipient=him@far.example sasl_username=me -- --learn --always
answers 'from a policy service, too' dunno

done_testing
