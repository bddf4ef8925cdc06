#!/bin/sh
# The words: first try, early, late, pass, by a clock that the test sets; exit codes; the fronts of one
# engine: options, the message's own header, Postfix's protocol, one request.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

MAIL='--ip 192.0.2.7 --sender a@b.example --rcpt c@d.example'
# shellcheck disable=SC2086 # words
try() {
	_s=$1
	shift
	at "$_s" $MAIL "$@"
}

# --- no doubt, doubt ------------------------------------------------------------------------------
try 0
says 'no doubt passes at once' '250 pass: no-doubt'
[ ! -e state/greylist.db ]
result $? 'and nothing is remembered, nor a file made'
try 0 --spf fail
says 'a wrong SPF waits' '421 throttle: firsttry'
try 5 --spf fail
says 'the same attempt at another MX' '421 throttle: firsttry'
try 60 --spf fail
says 'early' '421 throttle: early'
try 119 --spf fail
says 'a second before the window' '421 throttle: early'
try 120 --spf fail
says 'early never moves first-seen' '250 pass: waited'
try 200 --spf fail
says 'known from then on' '250 pass: known'
try $((30 * 86400)) --spf fail
says 'for long' '250 pass: known'
try $((65 * 86400 - 1)) --spf fail
says 'each use makes it longer' '250 pass: known'
try $((65 * 86400 + 36 * 86400)) --spf fail
says 'but not for ever' '421 throttle: firsttry'

at 0 --always --ip 198.51.100.1 --sender l@b.example --rcpt c@d.example
says '--always' '421 throttle: firsttry'
at 3601 --always --ip 198.51.100.1 --sender l@b.example --rcpt c@d.example
says 'late' '421 throttle: late'
at 3650 --always --ip 198.51.100.1 --sender l@b.example --rcpt c@d.example
says 'early in the window that late opened' '421 throttle: early'
at 9000 --always --ip 198.51.100.1 --sender l@b.example --rcpt c@d.example
says 'a second late try passes' '250 pass: late-again'

# --- codes ----------------------------------------------------------------------------------------
for c in 421 450 451; do
	at 0 --always --ip 203.0.113.1 --sender "code$c@x.example" --code $c
	says "--code $c" "$c throttle: firsttry"
done
fails 75 'another code' greylist-check --code 550 </dev/null
at 0 --always --ip 203.0.113.9 --sender ''
says 'the null sender, nobody to' '421 throttle: firsttry'
at 120 --always --ip 203.0.113.10 --sender '<>'
says 'comes back from beside' '250 pass: waited'

# --- doubts ---------------------------------------------------------------------------------------
for r in none neutral pass temperror unknown; do
	at 0 --ip 192.0.2.20 --sender r@x.example --spf $r
	says "SPF $r is no doubt" '250 pass: no-doubt'
done
for r in fail softfail permerror; do
	at 0 --ip 192.0.2.20 --sender "$r@x.example" --spf $r
	says "SPF $r is" '421 throttle: firsttry'
done
at 0 --ip 192.0.2.21 --sender d@x.example --doubt listed
says 'a doubt of the caller' '421 throttle: firsttry'
at 0 --ip 192.0.2.22 --sender d@x.example --doubt listed --doubt friend=-1
says 'outweighed' '250 pass: no-doubt'
at 0 --ip 192.0.2.22 --sender d@x.example --always --authenticated
says 'our own user' '250 pass: authenticated'
at 0 --always --sender d@x.example
says 'nobody known: no key' '250 pass: no-client'
has 'which is told' .err 'no client address'

# --- the message ----------------------------------------------------------------------------------
cat >mail.eml <<'MAIL'
Return-Path: <news@letter.example>
Authentication-Results: mx.ours.example; spf=softfail smtp.mailfrom=letter.example
Received: from out.letter.example (out.letter.example [198.51.100.77])
	by mx.ours.example (Postfix) with ESMTP id 1
Subject: news

text
MAIL
cat >conf.yaml <<'CONF'
greylist:
  hosts: mx.ours.example
  trust: mx.ours.example
CONF
TUBEPOST_NOW=$T0 greylist-check -c conf.yaml --rcpt bob@ours.example --explain <mail.eml >.said 2>.err
code=$?
said=$(head -n 1 .said)
says 'facts of the message' '421 throttle: firsttry'
has 'its client' .said '^client	198\.51\.100\.77$'
has 'its sender' .said '^sender	news@letter\.example$'
has 'its SPF result, with its weight' .said '^doubt	\+1 spf=softfail$'
has 'its key' .said '^key	198\.51\.100\.0/24 news@letter\.example bob@ours\.example: not known$'
TUBEPOST_NOW=$((T0 + 300)) greylist-check -c conf.yaml --rcpt bob@ours.example --explain <mail.eml >.said 2>.err
code=$?
said=$(head -n 1 .said)
says 'comes back' '250 pass: waited'
has 'and what was known then' .said '^key	.*: successes 0, late 0, first 2026-09-21T14:13:20Z'
TUBEPOST_NOW=$T0 greylist-check --rcpt bob@ours.example <mail.eml >.said 2>.err
code=$?
said=$(head -n 1 .said)
says 'nothing is believed without being trusted' '250 pass: no-doubt'

# --- Postfix's protocol ---------------------------------------------------------------------------
ask 0 client_address=192.0.2.99 sender=p@x.example recipient=c@d.example -- --always
answers 'a policy request' '450 4.7.1 throttle: firsttry'
ask 120 client_address=192.0.2.99 sender=p@x.example recipient=c@d.example -- --always
answers 'comes back' dunno
ask 0 client_address=192.0.3.98 sender=p@x.example recipient=c@d.example -- --always --code 421
answers 'with its code' '421 4.7.0 throttle: firsttry'
ask 0 client_address=192.0.2.98 sender=p@x.example recipient=c@d.example sasl_username=ann -- --always
answers 'one of our users' dunno
ask 0 client_address=192.0.2.98 sender=p@x.example recipient=c@d.example
answers 'no doubt' dunno

# --- one request ----------------------------------------------------------------------------------
printf 'client_address=192.0.2.97\nsender=e@x.example\nrecipient=c@d.example\nspf=fail\n' >req
TUBEPOST_NOW=$T0 greylist-check --request <req >.said 2>.err
code=$?
[ "$(cat .said)" = '421 throttle: firsttry' ] && [ $code -eq 0 ]
result $? 'a request to end of file is answered with the line, exit 0'
TUBEPOST_NOW=$((T0 + 200)) greylist-check --request <req >.said 2>.err
[ "$(cat .said)" = '250 pass: waited' ]
result $? 'and passes later'

# --- the log --------------------------------------------------------------------------------------
logged() { ask "$1" client_address=192.0.8.1 sender=p@x.example recipient=c@d.example -- --spf fail --doubt x=3 --log log; }
logged 0
logged 300
logged 400
sed 's/^[^ ]* [^ ]* //' log >.lines
cat >want <<'END'
throttle firsttry: 192.0.8.0/24 p@x.example, doubt 3, window in 120 s
pass waited: 192.0.8.0/24 p@x.example, after 300 s
pass known: 192.0.8.0/24 p@x.example
END
same 'a log tells of what waits and what came back, without -v' .lines want
same 'stderr is silent' .err /dev/null

# --- words for the other side's postmaster --------------------------------------------------------
printf 'greylist: {text: "(see https://mx.ours.example/greylist)"}\n' >text.yaml
ask 0 client_address=192.0.9.1 sender=p@x.example recipient=c@d.example -- --always -c text.yaml
answers 'words of the site, behind ours' '450 4.7.1 throttle: firsttry (see https://mx.ours.example/greylist)'
ask 0 client_address=192.0.9.1 sender=p@x.example recipient=c@d.example -- -c text.yaml
answers 'a pass has none' dunno
printf 'client_address=192.0.9.2\nsender=e@x.example\nspf=fail\n' >req
TUBEPOST_NOW=$T0 greylist-check -c text.yaml --request <req >.said 2>.err
[ "$(cat .said)" = '421 throttle: firsttry (see https://mx.ours.example/greylist)' ]
result $? 'in the answer to one request, too'
try 0 --spf fail -c text.yaml --sender other@x.example
says 'not in the line that a script reads' '421 throttle: firsttry'
printf 'greylist: {text: "two\\nlines"}\n' >text.yaml
fails 75 'two lines' greylist-check -c text.yaml --ip 192.0.2.1 </dev/null
has 'are refused' .err 'greylist\.text: not one line of ASCII'

done_testing
