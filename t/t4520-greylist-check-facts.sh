#!/bin/sh
# What is believed, and what is not: names and SPF results that a sender could have made, Received
# fields as mail servers write them and as senders want them read.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

first='421 throttle: firsttry'
echo 'greylist: {always: yes, white: [.bank.example]}' >white.yaml
echo 'greylist: {always: yes, hosts: [mx.us.test], trust: [mx.us.test]}' >ours.yaml

# --- names ----------------------------------------------------------------------------------------
ask 0 client_address=192.0.2.7 client_name=unknown reverse_client_name=mail.bank.example sender=a@x recipient=b@y -- -c white.yaml
answers 'an unverified name is on no white list' '450 4.7.1 throttle: firsttry'
ask 0 client_address=192.0.2.8 client_name=mail.bank.example reverse_client_name=mail.bank.example sender=a@x recipient=b@y -- -c white.yaml
answers 'a verified one is' dunno
echo 'greylist: {rules: {dyn: {reverse: "/[.]dyn[.]/"}, ours: {name: "/[.]dyn[.]/", weight: -1}}}' >rule.yaml
ask 0 client_address=192.0.2.7 client_name=unknown reverse_client_name=a.dyn.example sender=a@x recipient=b@y -- -c rule.yaml
answers 'it may speak against the client' '450 4.7.1 throttle: firsttry'
ask 0 client_address=192.0.2.9 client_name=a.dyn.example sender=a@x recipient=b@y -- -c rule.yaml
answers 'as the verified one does, which may speak for it, too' dunno
echo 'greylist: {rules: {friend: {reverse: a, weight: -1}}}' >rule.yaml
fails 75 'a rule that lets an unverified name pass' greylist-check -c rule.yaml --ip 192.0.2.1 </dev/null
has 'is refused' .err "'reverse' is not verified"

done_testing
