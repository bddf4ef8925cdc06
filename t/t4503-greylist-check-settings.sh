#!/bin/sh
# Settings: weights, thresholds, rules, windows, white lists in YAML and in files, other settings for
# recipients and their domains; what is wrong in them is said with its place.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

cat >c.yaml <<'CONF'
greylist:
  threshold: 3
  open: 60s
  close: 10m
  spf: {fail: 3, softfail: 2, none: 1}
  rules:
    dynamic: {name: '/\b(dsl|dyn)\b/i', weight: 2}
    nameless: {name: '', helo: '*.*'}
    number: {helo: '/^\[?[\d.]+\]?$/', weight: 3}
    partner: {sender_domain: partner.example, weight: -10}
  white: [192.0.2.10, 198.51.100.0/24, vip@x.example, .good.example]
  white_files: [white.txt]
  white_rcpts: [postmaster@, open.example]
  white_rcpt_files: white-rcpts.txt
  rcpts:
    eager@d.example: {always: yes, open: 10s}
    off.example: {off: yes}
    .strict.example: {threshold: 1}
CONF
: >white.txt
: >white-rcpts.txt
n=0
# Each attempt from a network of its own.
one() { # ARGUMENTS
	n=$((n + 1))
	at 0 -c c.yaml --ip "10.1.$n.1" --name host.example --sender "s@x.example" --rcpt c@d.example "$@"
}
check() { # WHAT LINE ARGUMENTS
	_what=$1 _line=$2
	shift 2
	one "$@"
	says "$_what" "$_line"
}
first='421 throttle: firsttry' none='250 pass: no-doubt'

# --- weights and rules ----------------------------------------------------------------------------
check 'SPF fail weighs enough' "$first" --spf fail
check 'softfail does not' "$none" --spf softfail
check 'softfail and a doubt do' "$first" --spf softfail --doubt x
check 'softfail and a dynamic name do' "$first" --spf softfail --name pool.DSL.example
check 'none and a dynamic name do' "$first" --spf none --name a.dyn.example
check 'the name alone does not' "$none" --name a.dyn.example
check 'a rule with two patterns needs both' "$none" --name '' --spf softfail --helo x
at 0 -c c.yaml --ip 10.2.0.1 --sender s@x.example --helo a.b --spf softfail
says 'and then counts' "$first"
check 'a HELO that is a number' "$first" --helo '[10.1.1.1]'
check 'a partner may do all that' "$none" --helo '[10.1.1.1]' --spf fail --sender a@Partner.example
at 0 -c c.yaml --ip 10.2.1.1 --name a.dyn.example --sender s@x.example --spf softfail --explain
has 'explained' .said '^doubt	\+2 rule=dynamic$'
has 'and added up' .said '^sum	4$'

# --- a pattern that a sender can lead astray -----------------------------------------------------
cat >astray.yaml <<'CONF'
greylist: {rules: {homes: {helo: '/^(([a-z]+[-.]?)+[0-9]|.*\.dyn\.example)$/i'}}}
CONF
at 0 -c astray.yaml --ip 10.2.2.1 --sender s@x.example --helo a.dyn.example
says 'a pattern with repeats in repeats' "$first"
at 0 -c astray.yaml --ip 10.2.2.1 --sender s@x.example --helo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.dyn.example
says 'gives up' "$none"
has 'and its rule is named' .err "^greylist-check: greylist\.rules\.homes: helo: gave up on 'a+\.dyn\.example'"
at 0 -c c.yaml --ip 10.2.2.1 --name host.example --sender s@x.example --helo plain
same 'which none does that just does not match' .err /dev/null

# --- white lists ----------------------------------------------------------------------------------
check 'a client' '250 pass: white' --always --ip 192.0.2.10
check 'its neighbour is not' "$first" --always --ip 192.0.2.11
check 'a network' '250 pass: white' --always --ip 198.51.100.200
check 'a sender' '250 pass: white' --always --sender VIP@x.example
check 'a domain and those below' '250 pass: white' --always --sender a@b.good.example
check 'a client by its verified name' '250 pass: white' --always --name mx.good.example
at 0 -c c.yaml --always --ip 10.3.0.1 --sender s@x.example --rcpt Postmaster@d.example
says 'a recipient anywhere' '250 pass: white-recipient'
at 0 -c c.yaml --always --ip 10.3.0.1 --sender s@x.example --rcpt a@open.example
says 'a domain of recipients' '250 pass: white-recipient'
at 0 -c c.yaml --always --ip 10.3.0.1 --sender s@x.example --rcpt a@open.example --rcpt b@d.example
says 'beside one that is not' "$first"
at 0 -c c.yaml --always --ip 10.4.0.1 --sender s@x.example --rcpt a@late.example
says 'not on a list yet' "$first"
echo 'late.example   # since today' >>white-rcpts.txt
at 0 -c c.yaml --always --ip 10.4.0.1 --sender s@x.example --rcpt a@late.example
says 'a list that a script appended to' '250 pass: white-recipient'

# The same in one process that lives on.
mkfifo to from
TUBEPOST_NOW=$T0 greylist-check -c c.yaml --policy --always <to >from 2>policy.err &
pid=$!
on_exit "kill $pid 2>/dev/null"
exec 3>to 4<from
request() {
	printf 'request=smtpd_access_policy\nclient_address=%s\nsender=s@x.example\nrecipient=a@d.example\n\n' "$1" >&3
	read -r action <&4
	read -r _ <&4
}
request 10.5.0.1
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'a policy service'
echo 10.5.0.0/16 >>white.txt
request 10.5.0.1
[ "$action" = 'action=dunno' ]
result $? 'reads its lists again when they change'
echo 10.6.0.0/16 >new.txt
mv new.txt white.txt
request 10.5.1.1
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'and when they are replaced'
mv white.txt away.txt
request 10.6.0.1
[ "$action" = 'action=dunno' ]
result $? 'one that is away for a moment still counts'
request 10.6.0.2
[ "$(grep -c 'white list: .*white\.txt: No such file or directory; its last entries stay valid' policy.err)" -eq 1 ]
result $? 'which is said once'
echo 10.77.0.0/16 >away.txt
mv away.txt white.txt
request 10.77.0.1
[ "$action" = 'action=dunno' ]
result $? 'and when it is back it is read'
request 10.6.0.1
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'afresh'
exec 3>&-
wait $pid
result $? 'it ends with its connection'

# --- recipients -----------------------------------------------------------------------------------
at 0 -c c.yaml --ip 10.7.0.1 --sender s@x.example --rcpt Eager@d.example
says 'a recipient that wants all greylisted' "$first"
at 11 -c c.yaml --ip 10.7.0.1 --sender s@x.example --rcpt eager@d.example
says 'and a short window' '250 pass: waited'
at 0 -c c.yaml --always --ip 10.7.0.1 --sender s@x.example --rcpt a@off.example
says 'a domain that wants none' '250 pass: white-recipient'
at 0 -c c.yaml --ip 10.7.0.1 --sender s@x.example --rcpt a@b.strict.example --spf none
says 'a domain with a threshold of its own, and those below' "$first"
at 0 -c c.yaml --ip 10.8.0.1 --sender s@x.example --rcpt a@d.example --rcpt b@strict.example --spf none
says 'beside one with the general one' "$first"

# --- windows --------------------------------------------------------------------------------------
at 0 -c c.yaml --always --ip 10.9.0.1 --sender s@x.example
at 59 -c c.yaml --always --ip 10.9.0.1 --sender s@x.example
says 'a minute is set' '421 throttle: early'
at 601 -c c.yaml --always --ip 10.9.0.1 --sender s@x.example
says 'and ten' '421 throttle: late'

# --- what is wrong --------------------------------------------------------------------------------
wrong() { # YAML PATTERN
	printf '%s\n' "$1" >wrong.yaml
	fails 75 "refused: $1" greylist-check -c wrong.yaml --ip 192.0.2.1 </dev/null
	has 'with its place' .err "$2"
}
wrong 'greylist: {rules: {x: {helo: "/(/"}}}' '^greylist-check: wrong\.yaml:1:30: pattern'
wrong 'greylist: {rules: {x: {weight: 3}}}' 'x: a rule without a pattern'
wrong 'greylist: {rules: {x: {hello: a}}}' "1:31: unknown key 'hello'"
wrong 'greylist: {rules: {x: {helo: a, weight: y}}}' "'y' is no weight"
wrong 'greylist: {rcpts: {a@b: {open: soon}}}' '1:32: '
wrong 'greylist: {rcpts: {a@b: {open: 2h}}}' '1:20: greylist.close: the window closes'
wrong 'greylist: {rcpts: {a@b: {of: yes}}}' "unknown key 'of'"
wrong 'greylist: {white: [a b]}' "'a b' is neither address"
wrong 'greylist: {white_rcpts: [10.0.0.0/8]}' "'10.0.0.0/8' is no recipient"
wrong 'greylist: {open: 2h}' 'the window closes'
wrong 'greylist: {open: 10m, keep_waiting: 5m}' 'greylist.keep_waiting: a first try is forgotten .300 s. before'
wrong 'greylist: {keep_waiting: 1h}' 'greylist.keep_waiting: a first try is forgotten'
wrong 'greylist: {keep_waiting: 3h, rcpts: {a@b: {close: 4h}}}' '1:38: greylist.keep_waiting: a first try'
wrong 'greylist: {ipv4_bits: 33}' 'more than 32'
wrong 'greylist: {code: 550}' "'550' is not one of"

done_testing
