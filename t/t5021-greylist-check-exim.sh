#!/bin/sh
# Greylisting in a real Exim: ${readsocket} and ${run} in the RCPT ACL, ${readsocket} in the DATA ACL,
# with $spf_result and Exim's own DNS lists as doubts. Exim asks the DNS server of the test: the whole
# script runs where it has a network and a resolv.conf of its own; both end with its last process, killed
# or not. libspf2 takes no 127.0.0.0/8 for a stranger, so without a network there is nothing to ask.
# shellcheck disable=SC2016 # Exim expands what stands in single quotes
if [ -z "${GREY_ALONE:-}" ] && [ "$(id -u)" -eq 0 ]; then
	if GREY_REFUSED=$(unshare -mn true 2>&1); then
		GREY_ALONE=yes exec unshare -mn "$0" "$@"
	fi
	export GREY_REFUSED
fi
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-dns.sh"
. "$SRC/t/lib-grey-mta.sh"

mta_need exim4 perl systemd-socket-activate ip
[ -n "${GREY_ALONE:-}" ] || skip_all "no network of its own can be had here: ${GREY_REFUSED:-unshare failed}"
EXIM=$(mta_program exim4)
"$EXIM" -C /dev/null -bV 2>/dev/null | grep -q '^Support for:.* SPF' || skip_all 'this Exim knows no SPF'
ip link set lo up
for last in 5 6 7 8 9 10 11 12; do
	ip addr add "198.51.100.$last/32" dev lo
done
printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n' >resolv.conf
chmod 644 resolv.conf
mount_refused=$(mount --bind resolv.conf /etc/resolv.conf 2>&1) ||
	skip_all "resolv.conf cannot be another one here: $mount_refused"

# ${run} runs it as Exim's own user, and the state is that user's.
MTA_USER=Debian-exim MTA_GROUP=Debian-exim
mta_setup
grey_setup
dns_start 127.0.0.1 53
dns_zone <<'END'
good.test TXT v=spf1+ip4:198.51.100.0/24+-all
forged.test TXT v=spf1+ip4:203.0.113.1+-all
soft.test TXT v=spf1+ip4:203.0.113.1+~all
7.100.51.198.bl.example.org A 127.0.0.2
END
echo 'whole_after: 0' | grey_yaml
GREY_SOCKET=$MTA/greylist-request
EXIM_EXAMPLE=exim-greylist.conf
ok 'a socket unit listens' unit_listen 'greylist-request@.service' "$GREY_SOCKET"
ok 'exim starts' exim_start
test "$failed" -eq 0 || done_testing
printf 'From: a@sender.test\nTo: box@rcpt.test\nSubject: grey\n\nHello\n' >mail.eml
from() { # LAST-OCTET SENDER RCPTS
	talk "$SMTP_PORT" "$2" "$3" mail.eml "198.51.100.$1"
}
# Further mails arrive; what went wrong before does not count again.
delivered() { # WHAT [HOW-MANY]
	boxes=$((boxes + ${2-1}))
	ok "$1" wait_until 60 has_mail box "$boxes"
	boxes=$(mail_count box)
}

boxes=0
start=-20000
# Each road with the same story; where the answer comes tells at which command.
for road in rcpt:RCPT run:RCPT data:MAILED; do
	where=${road#*:}
	road=${road%:*}
	to=box@$road.test
	start=$((start + 20000))
	clock $start
	ok "$road: no doubt" from 5 a@good.test "$to"
	delivered "$road: is delivered at once"
	fails 1 "$road: a wrong SPF" from 5 a@forged.test "$to"
	answered "$road: waits" "^$where 421 throttle: firsttry\$"
	answered "$road: in a session that goes on" '^QUIT 221'
	clock $((start + 60))
	fails 1 "$road: back after a minute" from 5 a@forged.test "$to"
	answered "$road: early" "^$where 421 throttle: early\$"
	clock $((start + 180))
	ok "$road: back after three" from 5 a@forged.test "$to"
	delivered "$road: it is delivered"
	fails 1 "$road: softfail, another doubt" from 6 a@soft.test "$to"
	answered "$road: waits" "^$where 421 throttle: firsttry\$"
	clock $((start + 4000))
	fails 1 "$road: after the window" from 6 a@soft.test "$to"
	answered "$road: late" "^$where 421 throttle: late\$"
	fails 1 "$road: an address on a list of Exim's" from 7 a@none.test "$to"
	answered "$road: waits" "^$where 421 throttle: firsttry\$"
	clock $((start + 4200))
	ok "$road: back" from 7 a@none.test "$to"
	delivered "$road: it is delivered"
	fails 1 "$road: the null sender on a list" from 7 '' "$to"
	answered "$road: waits" "^$where 421 throttle: firsttry\$"
	fails 1 "$road: an address that a shell would read" from 7 "\"a b;\$(touch $TRASH/pwned)'\\\\x\"@none.test" "$to"
	answered "$road: waits like others" "^$where 421 throttle: firsttry\$"
done
ok 'and no shell did' test ! -e pwned
clock 100000

# --- reasons reach the decision -------------------------------------------------------------------
grey_yaml <<'END'
whole_after: 0
threshold: 3
spf:
  fail: 2
END
ok 'under the threshold nobody waits' from 8 l@forged.test box@rcpt.test
delivered 'it is delivered'
dns_zone <<'END'
forged.test TXT v=spf1+ip4:203.0.113.1+-all
8.100.51.198.bl.example.org A 127.0.0.2
END
fails 1 'SPF and list together' from 8 l@forged.test box@rcpt.test
answered 'are enough' '^RCPT 421 throttle: firsttry$'
echo 'whole_after: 0' | grey_yaml

# --- DATA: all recipients at once -----------------------------------------------------------------
started=$(grey_started)
fails 1 'three recipients after DATA' from 9 a@forged.test one@data.test,two@data.test,three@data.test
answered 'wait together' '^MAILED 421 throttle: firsttry$'
ok 'asked about once' test $(($(grey_started) - started)) -eq 1
clock 100200
ok 'and pass together' from 9 a@forged.test one@data.test,two@data.test,three@data.test
delivered 'all three' 3
fails 1 'one of them for itself, with a new one' from 9 a@forged.test one@data.test,four@data.test
answered 'waits for the new one' '^MAILED 421 throttle: firsttry$'

# --- trouble --------------------------------------------------------------------------------------
mv "$MTA/bin/greylist-check.real" "$MTA/bin/greylist-check.away"
for road in rcpt run data; do
	ok "$road: when it cannot be started" from 10 "x@forged.test" "box@$road.test"
	delivered "$road: mail is delivered"
done
mv "$MTA/bin/greylist-check.away" "$MTA/bin/greylist-check.real"
mv "$GREY_SOCKET" "$GREY_SOCKET.away"
for road in rcpt data; do
	ok "$road: when nobody listens" from 11 "y@forged.test" "box@$road.test"
	delivered "$road: mail is delivered"
done
mv "$GREY_SOCKET.away" "$GREY_SOCKET"
fails 1 'with all well again' from 11 y@forged.test box@rcpt.test
answered 'it waits' '^RCPT 421 throttle: firsttry$'
hasnt 'Exim had nothing to complain about' "$CONF_DIR/log/mainlog" 'tainted|expand|temporarily rejected [^:]*$|panic'
touch "$CONF_DIR/log/paniclog" # says for each delivery that the test names another configuration
grep -v 'lost privilege for using -C option' "$CONF_DIR/log/paniclog" >panics
same 'and did not panic' panics /dev/null

done_testing
