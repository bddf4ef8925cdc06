#!/bin/sh
# Bad input: addresses that are none, with everything that senders put into them; requests with too
# little, too much or nonsense; headers that lie. A clear answer, no crash, no damage to the state.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
needs perl sqlite3

first='421 throttle: firsttry'
# --- options --------------------------------------------------------------------------------------
n=0
while IFS= read -r sender; do
	n=$((n + 1))
	at 0 --always --ip "10.0.$n.1" --sender "$sender" --rcpt "$sender"
	says "sender $sender" "$first"
	at 130 --always --ip "10.0.$n.1" --sender "$sender" --rcpt "$sender"
	says 'comes back' '250 pass: waited'
done <<'END'
nobody
@
a@
@b
a@b@c
"a b"@c.example
"a@b"@c.example
"a\"b"@c.example
x@[IPv6:2001:db8::1]
x@[192.0.2.1]
é@été.example
%s%n%d@x.example
a'; DROP TABLE entry; --@x.example
+tag@x.example
12345@x.example
END
long=$(printf 'x%.0s' $(seq 4000))
at 0 --always --ip 10.1.0.1 --sender "$long@x.example"
says 'a sender of 4,000 bytes' "$first"
at 130 --always --ip 10.1.0.1 --sender "$long@x.example"
says 'comes back' '250 pass: waited'
at 0 --always --ip 10.1.1.1 --sender "$long$long@x.example"
[ $code -eq 75 ] && [ -z "$said" ]
result $? 'one of 8,000 is refused'
for ip in 1.2.3 256.1.1.1 'fe80::1%eth0' ::g 'x' '127.0.0.1/8' ' 1.2.3.4'; do
	fails 75 "--ip '$ip'" greylist-check --ip "$ip" </dev/null
	has 'is named' .err 'is no IP address'
done
fails 75 'a line end in an address' greylist-check --ip 192.0.2.1 --sender 'a
b' </dev/null
fails 75 'no SPF result' greylist-check --spf maybe </dev/null
fails 75 'no reason' greylist-check --doubt =3 </dev/null
at 0 --ip '' --helo '' --name '' --spf '' --sender '' --always
says 'options that expand to nothing say nothing' '250 pass: no-client'
at 0 --doubt 'x=99999999999999999999' --doubt 'y=-99999999999999999999' --ip 10.1.2.1
says 'weights beyond numbers' '250 pass: no-doubt'

# An IPv4 client is the same one in IPv6's form, which servers that listen for both give.
at 0 --always --ip ::ffff:10.1.3.1 --sender mapped@x.example
at 130 --always --ip 10.1.3.2 --sender mapped@x.example --explain
says 'an IPv4 address in IPv6 form is IPv4' '250 pass: waited'
has 'its network is a /24' .said '^key	10\.1\.3\.0/24 '
at 0 --always --ip '[IPv6:::FFFF:0A01:0301]' --sender mapped@x.example --explain
has 'and its address dotted' .said '^client	10\.1\.3\.1$'
cat >mapped.yaml <<'END'
greylist:
  white: [10.1.4.0/24, "::/0"]
  rules: {six: {ip: "*:*"}}
END
at 0 -c mapped.yaml --ip ::ffff:10.1.4.1 --always
says 'on white lists, too' '250 pass: white'
at 0 -c mapped.yaml --ip ::ffff:10.1.5.1 --sender mapped@x.example
says 'and for rules; nor is it among all of IPv6' '250 pass: no-doubt'

# shellcheck disable=SC2046 # words
at 0 --always --ip 10.1.6.1 --sender many@x.example $(seq -f '--rcpt=r%g@d.example' 10000)
says '10,000 recipients' "$first"
# shellcheck disable=SC2046
at 130 --always --ip 10.1.6.1 --sender many@x.example $(seq -f '--rcpt=r%g@d.example' 10000 -1 1)
says 'come back' '250 pass: waited'

# --- requests -------------------------------------------------------------------------------------
answered() { # WHAT ACTION; the request is in `req`
	TUBEPOST_NOW=$T0 greylist-check --policy --always <req >.answer 2>.err
	code=$?
	action=$(sed -n 's/^action=//p' .answer)
	answers "$1" "$2"
}
silent() { # WHAT: nothing is answered, the connection closed
	TUBEPOST_NOW=$T0 timeout 60 greylist-check --policy --always <req >.answer 2>.err
	code=$?
	[ ! -s .answer ] && [ $code -gt 0 ] && [ $code -lt 124 ] && [ -s .err ]
	result $? "$1: no answer"
}
head='request=smtpd_access_policy\n'
wait_='450 4.7.1 throttle: firsttry'
printf "${head}client_address=unknown\nsender=a@b\n\n" >req
answered 'a client that is lost' dunno
printf "${head}\n" >req
answered 'no attributes' dunno
printf 'client_address=10.2.0.1\nsender=a@b\n\n' >req
silent 'what is no request of Postfix'
for one in sender=a@b recipient=r@d helo_name=h spf=fail doubt=x; do
	printf "${head}$one\n\n" >req
	answered "$one alone" dunno
done
for ip in 1.2.3 256.1.1.1 ::g '127.0.0.1/8' '1.2.3.4 ' '%%s' ''; do
	printf "${head}client_address=$ip\nsender=a@b\n\n" >req
	answered "the client '$ip', which is none" dunno
	has 'is told' .err 'no client address'
done
for one in sender=a@b helo_name=h client_name=c spf=fail spf_domain=d always=yes sasl_username= request=x; do
	printf "${head}client_address=10.2.4.1\n$one\n$one\n\n" >req
	silent "doubled: $one"
done
printf "${head}client_address=10.2.0.1\nsender=\nrecipient=\n\n" >req
answered 'the null sender' "$wait_"
printf "${head}client_address=10.2.1.1\nsender=\351t\351@b\nrecipient=c@d\n\n" >req
answered 'eight-bit bytes' "$wait_"
printf "${head}client_address=10.2.2.1\nx-new=%s\nsender=a@b\n\n" "$long$long" >req
answered 'an attribute that nobody knows, of 8,000 bytes' "$wait_"
printf "${head}client_address=10.2.3.1\nsender=%s\n\n" "$long$long" >req
silent 'a sender of 8,000 bytes'
printf "${head}client_address=10.2.4.1\nclient_address=10.2.4.2\n\n" >req
silent 'a doubled address'
printf "${head}client_address=10.2.4.1\nsender=a\000b\n\n" >req
silent 'a NUL'
printf "${head}nonsense\n\n" >req
silent 'a line that is no attribute'
printf "${head}client_address=10.2.4.1\n" >req
silent 'a request cut short'
head -c 6000000 /dev/zero | tr '\0' 'a' >req
silent 'six megabytes without a line end'
perl -e 'print "request=smtpd_access_policy\nclient_address=10.3.0.1\nsender=a\@b\n"; print "recipient=r$_\@d.example\n" for 1 .. 10000; print "\n"' >req
answered '10,000 recipients' "$wait_"
waiting=$(TUBEPOST_NOW=$T0 greylist-check --dump | grep -c '10.3.0.0')
[ "$waiting" -gt 400 ] && [ "$waiting" -le 1000 ]
result $? "a part of them is remembered: $waiting"
TUBEPOST_NOW=$((T0 + 300)) greylist-check --policy --always <req >.answer 2>.err
[ "$(sed -n 1p .answer)" = 'action=dunno' ]
result $? 'all of them are served at the second try'
perl -e 'print "request=smtpd_access_policy\nclient_address=10.3.3.1\nsender=a\@b\n"; print "recipient=r$_\@d.example\n" for 1 .. 1000; print "\n"' >req
answered '1,000 recipients' "$wait_"
TUBEPOST_NOW=$((T0 + 300)) greylist-check --policy --always <req >.answer 2>.err
[ "$(cat .answer)" = 'action=dunno' ]
result $? 'all of them served at the second try'
perl -e 'print "request=smtpd_access_policy\nclient_address=10.3.5.1\nsender=", join("", map { chr(97 + $_) } split //, $_), "\@b\n\n" for 1 .. 20000' >req
TUBEPOST_NOW=$T0 greylist-check --policy --always <req >.answer 2>.err
[ "$(TUBEPOST_NOW=$T0 greylist-check --dump | grep -c '10.3.5.0')" -lt 4200 ]
result $? '20,000 senders that somebody made up take no more room than that'
perl -e 'for my $i (1 .. 500) { print "request=smtpd_access_policy\nclient_address=10.4.$_.1\nsender=a$i\@b\n\n" for $i % 250 }' >req
TUBEPOST_NOW=$T0 greylist-check --policy --always <req >.answer 2>.err
[ "$(grep -c '^action=450' .answer)" -eq 500 ]
result $? '500 requests in one piece have 500 answers'

# --- headers --------------------------------------------------------------------------------------
cat >conf.yaml <<'CONF'
greylist: {hosts: mx.ours, trust: mx.ours, always: yes}
CONF
lies() { # WHAT LINE; the mail is in `mail`
	TUBEPOST_NOW=$T0 timeout 60 greylist-check -c conf.yaml <mail >.said 2>.err
	code=$?
	said=$(head -n 1 .said)
	says "$1" "$2"
}
none='250 pass: no-client'
printf 'Received: from x by mx.ours\n\n' >mail
lies 'a Received field without an address' "$none"
perl -e 'print "Received: ", "(" x 1000000, "\n\n"' >mail
lies 'a million brackets' "$none"
perl -e 'print "Received: from a (", "[" x 60000, ") by mx.ours\n\n"' >mail
lies 'sixty thousand literals that do not end' "$none"
perl -e 'print "Received: from a (b [1.2.3.4]) by mx.evil\n" x 100000, "\n"' >mail
lies 'a hundred thousand Received fields' "$none"
perl -e 'print "Authentication-Results: mx.ours", "; spf" x 15000, "\n\n"' >mail
lies 'fifteen thousand methods' "$none"
perl -e 'print "Received-SPF: pass ", " x=" x 20000, "\n\n"' >mail
lies 'twenty thousand properties' "$none"
printf 'Received: from a (b [1.2.3.4\000]) by mx.ours\n\n' >mail
lies 'a NUL' "$none"
printf '\000\001\002' >mail
lies 'no mail at all' "$none"

[ "$(sqlite3 state/greylist.db 'PRAGMA integrity_check')" = ok ]
result $? 'the state is whole'

done_testing
