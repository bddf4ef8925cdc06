#!/bin/sh
# Greylisting in a real Postfix: check_policy_service through spawn(8), and through a socket unit. A
# sender whom a DNS list knows is put off, comes back inside the window and is delivered; trouble of
# ours never stops mail.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-dns.sh"
. "$SRC/t/lib-grey-mta.sh"

mta_need postfix perl
ask_is_built || skip_all 'this build has no c-ares'
mta_setup
grey_setup
dns_start
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.0.0.2
8.100.51.198.bl.test A 127.0.0.2
9.100.51.198.bl.test A 127.0.0.2
END
yaml() {
	{ printf 'dnsbl: [bl.test]\ndns_servers: ["127.0.0.1:%s"]\ndns_deadline: 20s\n' "$DNS_PORT"; cat; } | grey_yaml
}
yaml </dev/null
POSTFIX_EXAMPLE=postfix-greylist
ok 'postfix starts' postfix_start
test "$failed" -eq 0 || done_testing
printf 'From: a@sender.test\nTo: box@virtual.test\nSubject: grey\n\nHello\n' >mail.eml
from() { # ADDRESS SENDER [RCPTS]
	talk "$SMTP_PORT" "$2" "${3-box@virtual.test}" mail.eml '' "ADDR=$1 NAME=[UNAVAILABLE]"
}
# One of our users submits a mail; it ends at the RCPT that is wanted here, for no mail leaves the test.
learn() { # XCLIENT RCPT
	talk "$SUBMISSION_PORT" ann@virtual.test "$2" /nonexistent '' "$1"
}
delivered() { # WHAT HOW-MANY
	ok "$1" wait_until 60 has_mail box "$2"
}

# --- the life of a doubtful mail ------------------------------------------------------------------
ok 'a client on no list' from 203.0.113.5 a@sender.test
delivered 'is delivered at once' 1
fails 1 'one on a list' from 198.51.100.7 a@sender.test
answered 'is asked to try again' '^RCPT 450 4\.7\.1 <box@virtual\.test>: Recipient address rejected: throttle: firsttry$'
clock 60
fails 1 'it comes back after a minute' from 198.51.100.7 a@sender.test
answered 'early' '^RCPT 450 4\.7\.1 .*throttle: early$'
clock 180
ok 'and after three' from 198.51.100.7 a@sender.test
delivered 'then it is delivered' 2
clock 4000
ok 'and at once from then on' from 198.51.100.7 a@sender.test
delivered 'every time' 3
fails 1 'another sender from there waits' from 198.51.100.7 b@sender.test
clock 8000
fails 1 'and is back after the window' from 198.51.100.7 b@sender.test
answered 'late' '^RCPT 450 4\.7\.1 .*throttle: late$'
clock 12000
ok 'late again' from 198.51.100.7 b@sender.test
delivered 'it is delivered: nobody is locked out' 4
fails 1 'the null sender' from 198.51.100.8 ''
answered 'waits like others' '^RCPT 450 4\.7\.1 .*throttle: firsttry$'
fails 1 'several recipients' from 198.51.100.9 c@sender.test one@virtual.test,two@virtual.test,three@virtual.test
ok 'each waits' test "$(grep -c '^RCPT 450 4\.7\.1 .*throttle: firsttry' dialogue)" -eq 3
fails 1 'what is not for us' from 203.0.113.5 a@sender.test x@elsewhere.test
answered 'is refused before anybody asks' '^RCPT [45]54 [45]\.7\.1 .*Relay access denied'
ok 'our own host' talk "$SMTP_PORT" d@sender.test box@virtual.test mail.eml 127.0.0.99
delivered 'is not asked about' 5

# --- one connection, many questions ---------------------------------------------------------------
clock 12500
started=$(grey_started)
many=$(seq -s, 1 15 | sed 's/\([0-9]*\)/r\1@virtual.test/g')
fails 1 'fifteen recipients' from 198.51.100.9 e@sender.test "$many"
ok 'each is asked about' test "$(grep -c '^RCPT 450 4\.7\.1 .*throttle' dialogue)" -eq 15
ok 'in one process' test "$(($(grey_started) - started))" -le 2

# --- 421 hangs up ---------------------------------------------------------------------------------
echo 'code: "421"' | yaml
fails 1 'code 421' from 198.51.100.9 f@sender.test
answered 'is what Postfix says' '^RCPT 421 4\.7\.0 .*throttle: firsttry$'
answered 'before it hangs up' '^QUIT closed$'
yaml </dev/null

# --- our own users --------------------------------------------------------------------------------
box_empty box
fails 1 'a stranger on the submission port' talk "$SUBMISSION_PORT" ann@virtual.test l@virtual.test mail.eml '' 'ADDR=203.0.113.20'
answered 'is refused' '^RCPT 554 5\.7\.1 .*Recipient address rejected: Access denied'
fails 1 'one whom nobody wrote to' from 198.51.100.9 m@sender.test ann@virtual.test
answered 'waits' 'throttle: firsttry$'
fails 2 'one of our users writes to him' learn 'ADDR=203.0.113.20 LOGIN=ann' m@sender.test
answered 'and nobody makes the user wait' '^RCPT 250'
ok 'his answer' from 198.51.100.9 m@sender.test ann@virtual.test
delivered 'is delivered at once' 1

# --- results in our name --------------------------------------------------------------------------
sed 's/mx\[.\]example\[.\]org/postfix[.]test/' "$SRC/share/examples/postfix-header-checks" >"$CONF_DIR/etc/header_checks"
echo "header_checks = regexp:$CONF_DIR/etc/header_checks" >>"$CONF_DIR/etc/main.cf"
postfix_command reload >>"$CONF_DIR/stdout" 2>&1
cat >forged.eml <<'END'
Received-SPF: pass (mailfrom) client-ip=192.0.2.1;
	receiver=postfix.test; identity=helo
Received-SPF: neutral receiver=mx.postfix.test.example
authentication-results: postfix.test; spf=pass
Authentication-Results: notpostfix.test; spf=none
Subject: forged

x
END
# A process of before the reload may still answer: new ones have the table.
gone() {
	box_empty box
	talk "$SMTP_PORT" a@sender.test box@virtual.test forged.eml '' 'ADDR=203.0.113.5 NAME=[UNAVAILABLE]' &&
		wait_until 60 has_mail box 1 && ! grep -q 'pass' "$(mail_file box)"
}
ok 'results in our name do not get through' wait_until 10 gone
has 'those of others do' "$(mail_file box)" '^Received-SPF: neutral'
has 'whatever their name ends with' "$(mail_file box)" '^Authentication-Results: notpostfix'

# --- trouble --------------------------------------------------------------------------------------
box_empty box
mv "$MTA/bin/greylist-check.real" "$MTA/bin/greylist-check.away"
grey_end_all
ok 'when it cannot be started' from 198.51.100.7 g@sender.test
delivered 'mail is delivered' 1
mv "$MTA/bin/greylist-check.away" "$MTA/bin/greylist-check.real"
echo 'nonsense: [' >"$TUBEPOST_CONFIG"
grey_end_all
ok 'with a configuration that is none' from 198.51.100.7 h@sender.test
delivered 'mail is delivered, too' 2
yaml </dev/null
mkdir "$MTA/kept" && mv "$STATE"/greylist.db* "$MTA/kept"
echo 'this is no database, and long enough not to be one' >"$STATE/greylist.db"
grey_end_all
ok 'with a state that is damaged' from 198.51.100.7 i@sender.test
delivered 'mail is delivered, too' 3
rm -f "$STATE"/greylist.db*
mv "$MTA/kept"/* "$STATE"
clock 13000
ok 'with all well again, who was known' from 198.51.100.7 a@sender.test
delivered 'is known' 4
fails 1 'and who was not' from 198.51.100.7 j@sender.test
answered 'waits' 'throttle: firsttry$'
hasnt 'nobody was refused for good' "$CONF_DIR/maillog" 'reject: .* 5[0-9][0-9] .*(throttle|policy)'

# --- a socket unit instead of spawn(8) ------------------------------------------------------------
if command -v systemd-socket-activate >/dev/null; then
	ok 'a socket unit listens' unit_listen 'greylist-policy@.service' "$MTA/greylist-policy"
	sed -i "s|unix:private/greylist|unix:$MTA/greylist-policy|" "$CONF_DIR/etc/main.cf"
	postfix_command reload >>"$CONF_DIR/stdout" 2>&1
	asked() {
		from 198.51.100.8 k@sender.test || grep -q throttle dialogue
	}
	ok 'postfix asks there' wait_until 30 asked
	answered 'and says what it is told' '^RCPT 450 4\.7\.1 .*throttle: firsttry$'
	clock 13200
	ok 'back in time' from 198.51.100.8 k@sender.test
	delivered 'it is delivered' 5
	has 'really through the unit' "$MTA/log/systemd" '[Cc]onnection from|execv|Listening'
else
	skip 'systemd-socket-activate is not installed' 'a socket unit'
fi

done_testing
