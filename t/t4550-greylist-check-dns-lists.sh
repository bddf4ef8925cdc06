#!/bin/sh
# DNS lists, asked of a real server on loopback that answers, delays, drops, refuses, lies and cuts
# short: what is a listing, what is none, which lists are retired, and that nothing takes longer than
# the one deadline.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-dns.sh"

needs perl
ask_is_built || skip_all 'this build has no c-ares'
dns_start
ask() { dns-ask -s "127.0.0.1:$DNS_PORT" "$@"; }

# What was said about 198.51.100.7 (or what else is asked), a reason a line, without `done`.
says() { # WHAT EXPECTED ARGUMENTS...
	_what=$1
	printf '%s' "$2" >expected
	shift 2
	ask "$@" >said 2>warned
	_code=$?
	sed '/ done$/d; s/^[^ ]* //' said | tr '\n' ';' >found-reasons
	if [ $_code -eq 0 ] && cmp -s expected found-reasons && grep -q ' done$' said; then
		result 0 "$_what"
	else
		echo "# exit $_code, wanted: $(cat expected)"
		cp said .out
		cp warned .err
		result 1 "$_what"
	fi
}
IP=198.51.100.7

# --- listings ---
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.0.0.4 A 127.0.0.10
2.0.0.127.wl.test A 127.0.0.2
7.100.51.198.wl.test A 127.0.5.2
9.100.51.198.bl.test CNAME listed.bl.test A 127.0.0.2
END
says 'a listed address' '1 dnsbl=bl.test;' -b bl.test $IP
says 'an address that is not' '' -b bl.test 198.51.100.8
says 'a weight' '7 dnsbl=bl.test;' -b bl.test=7 $IP
says 'a list of the good takes its weight away' '-3 dnswl=wl.test;' -w wl.test=3 $IP
says 'answers that count, the first of them shown' '2 dnsbl=bl.test/127.0.0.10;' -b bl.test/9-11=2 $IP
says 'and those that do not' '' -b bl.test/2,3,11-20 $IP
says 'a whole address' '1 dnsbl=bl.test/127.0.0.4;' -b bl.test/127.0.0.4 $IP
says 'a network' '1 dnsbl=bl.test/127.0.0.4;' -b bl.test/127.0.0.0/24 $IP
says 'an answer behind an alias' '1 dnsbl=bl.test;' -b bl.test 198.51.100.9
says 'several lists' '1 dnsbl=bl.test;-1 dnswl=wl.test;' -b bl.test -w wl.test $IP
says 'one zone, named twice' '2 dnsbl=bl.test/127.0.0.4;3 dnsbl=bl.test/127.0.0.10;' \
	-b bl.test/4=2 -b BL.test./10=3 $IP
: >questions
ask -b bl.test/4 -b bl.test/10 $IP >said 2>warned
sort questions >asked
cat >expected <<'END'
udp A 1.0.0.127.bl.test
udp A 2.0.0.127.bl.test
udp A 7.100.51.198.bl.test
END
same 'is asked once, and about its two test addresses' asked expected

# --- IPv6: nibbles (RFC 5782 2.4) and tests of its own ---
dns_zone <<'END'
8.7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.3
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.every.test A 127.0.0.2
*.every.test A 127.0.0.2
END
says 'a listed IPv6 address' '1 dnsbl=bl.test;' -b bl.test 2001:db8::78
says 'a list that lists all of IPv6 is not believed' '' -b every.test 2001:db8::1
: >questions
ask -b bl.test 2001:db8::78 >said 2>warned
has 'its test addresses are those of RFC 5782 5' questions \
	'^udp A 1\.0\.0\.0\.0\.0\.f\.7\.f\.f\.f\.f(\.0){20}\.bl\.test$'
ok 'both of them' test "$(wc -l <questions)" -eq 3
: >questions
says 'an IPv4 address in IPv6 is an IPv4 address' '' -b bl.test ::ffff:198.51.100.8
has 'and asked for as one' questions '^udp A 8\.100\.51\.198\.bl\.test$'

# --- who is not asked about ---
: >questions
for a in 127.0.0.1 127.0.0.2 10.1.2.3 172.31.255.255 192.168.1.1 169.254.1.1 100.64.0.1 0.0.0.0 224.0.0.1 \
	255.255.255.255 ::1 :: fe80::1 fd00::1 ff02::1
do
	says "$a is nobody's business" '' -b every.test $a
done
same 'and nobody was asked' questions /dev/null
for a in 172.32.0.1 100.128.0.1 11.0.0.0 192.167.0.1 223.255.255.255 fec0::1 2000::; do
	ask -b bl.test $a >said 2>warned
done
ok 'their neighbours are' test "$(grep -cvE ' [12]((\.0){5}\.f\.7|\.0\.0\.127)\.' questions)" -eq 7

# --- answers that are no listings ---
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
7.100.51.198.bl.test A 127.255.255.254
7.100.51.198.parked.test A 203.0.113.80
7.100.51.198.one.test A 127.0.0.1
7.100.51.198.both.test A 127.255.255.252 A 127.0.0.2
7.100.51.198.none.test nodata
END
says 'an error code is no listing' '' -b bl.test/127.0.0.0/8 $IP
has 'and is said' warned '^dns-ask: DNS list bl\.test: it answers with an error.*127\.255\.255\.254'
says 'an answer outside of 127.0.0.0/8 is none' '' -b parked.test $IP
says '127.0.0.1 is none' '' -b one.test $IP
says 'but where it is named' '1 dnsbl=one.test/127.0.0.1;' -b one.test/1 $IP
says 'a listing beside an error code is one' '1 dnsbl=both.test;' -b both.test $IP
says 'a name without an address is none' '' -b none.test $IP
for e in 0 1 2 128 255; do
	dns_zone <<-END
		7.100.51.198.bl.test A 127.255.255.$e
	END
	says "127.255.255.$e is an error code" '' -b bl.test $IP
done
dns_zone <<'END'
7.100.51.198.bl.test A 127.255.254.255
END
says '127.255.254.255 is a listing' '1 dnsbl=bl.test;' -b bl.test $IP

# --- lists that are to be retired ---
dns_zone <<'END'
*.every.test A 127.0.0.2
*.parked.test A 203.0.113.80
*.blocked.test A 127.255.255.254
2.0.0.127.good.test A 127.0.0.2
7.100.51.198.good.test A 127.0.0.2
END
says 'a list that lists everybody is not believed' '' -b every.test $IP
has 'and is said to be retired' warned '^dns-ask: DNS list every\.test: it lists 127\.0\.0\.1,.*retired for a day'
says 'nor its good word' '' -w every.test $IP
says 'a list beside it is' '1 dnsbl=good.test;' -b every.test -b good.test $IP
rm -f memo
now=1800000000
says 'findings are kept' '1 dnsbl=good.test;' -m memo -n $now -b every.test -b parked.test -b good.test $IP
: >questions
says 'by the next process' '1 dnsbl=good.test;' -m memo -n $((now + 3599)) -b every.test -b parked.test -b good.test $IP
echo 'udp A 7.100.51.198.good.test' >expected
same 'which asks no retired list and tests nobody' questions expected
same 'and says nothing again' warned /dev/null
: >questions
says 'after an hour' '1 dnsbl=good.test;' -m memo -n $((now + 3600)) -b every.test -b good.test $IP
ok 'the good list is tested again' test "$(wc -l <questions)" -eq 3
: >questions
says 'after a day' '' -m memo -n $((now + 86400)) -b every.test $IP
ok 'the retired list is tested again' test "$(wc -l <questions)" -eq 3
has 'and said to be retired again' warned 'every\.test: it lists'
rm -f memo
says 'a list that answers errors only is not believed' '' -m memo -n $now -b blocked.test $IP
: >questions
says 'and tested again by the next process' '' -m memo -n $now -b blocked.test $IP
ok 'with all three questions' test "$(wc -l <questions)" -eq 3
same 'though it is not said again' warned /dev/null
dns_zone <<'END'
7.100.51.198.bl.test A 127.0.0.2
END
says 'a list without test entries is believed' '1 dnsbl=bl.test;' -b bl.test $IP
has 'but said to be dead perhaps' warned 'bl\.test: it does not list its test address'
ask -b bl.test 2001:db8::1 >said 2>warned
same 'which is not said for IPv6: many lists have none' warned /dev/null
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
1.0.0.127.bl.test servfail
7.100.51.198.bl.test A 127.0.0.2
END
rm -f memo
says 'a list whose test is not answered is not believed' '' -d 2000 -m memo -n $now -b bl.test $IP
: >questions
ask -m memo -n $((now + 59)) -b bl.test $IP 198.51.100.8 198.51.100.9 >said 2>warned
same 'and left alone for a minute' questions /dev/null
ask -m memo -n $((now + 60)) -b bl.test $IP 198.51.100.8 198.51.100.9 >said 2>warned
ok 'then asked for its test again' test "$(grep -c ' 2\.0\.0\.127' questions)" -eq 1
dns_zone <<'END'
*.bl.test drop
2.0.0.127.other.test A 127.0.0.2
7.100.51.198.other.test A 127.0.0.2
END
rm -f memo
: >questions
says 'a list that is silent' '1 dnsbl=other.test;' -d 700 -m memo -n $now -b bl.test -b other.test $IP
: >questions
says 'is left alone by the next process' '1 dnsbl=other.test;' -m memo -n $((now + 1)) -b bl.test -b other.test $IP
hasnt 'which asks the others' questions 'bl\.test'
: >questions
ask -d 700 -b bl.test $IP 198.51.100.8 198.51.100.9 >said 2>warned
hasnt 'and by the same one' questions ' [89]\.100'
dns_zone <<'END'
2.0.0.127.bl.test A 127.0.0.2
8.100.51.198.bl.test A 127.0.0.2
END
: >questions
ask -b bl.test $IP 198.51.100.8 198.51.100.9 >said 2>warned
ok 'one that is in order is tested once by a process' test "$(wc -l <questions)" -eq 5
: >questions
says 'one client, again and again' '1 dnsbl=bl.test;1 dnsbl=bl.test;1 dnsbl=bl.test;' -b bl.test 198.51.100.8 198.51.100.8 \
	$IP 198.51.100.8 $IP
ok 'is asked about once' test "$(grep -c ' 8\.100' questions)" -eq 1

# --- keys in zones: some lists are paid for by them ---
key=abcdefghijklmnopqrstuv2345
dns_zone <<END
2.0.0.127.$key.dq.test A 127.0.0.2
7.100.51.198.$key.dq.test A 127.0.0.2
*.$key.every.test A 127.0.0.2
END
: >questions
says 'a zone with a key in it is shown without' '1 dnsbl=***.dq.test;' -b $key.dq.test -b $key.every.test $IP
has 'but asked with it' questions "^udp A 7\.100\.51\.198\.$key\.dq\.test\$"
has 'it is not in the log' warned '^dns-ask: DNS list \*\*\*\.every\.test: it lists 127\.0\.0\.1'
hasnt 'anywhere' warned "$key"
fails 78 'a wrong setting' dns-ask -s 127.0.0.1 -b "$key.dq.test/x" $IP
hasnt 'does not tell it either' .err "$key"

# --- trouble ---
good='2.0.0.127.good.test A 127.0.0.2
7.100.51.198.good.test A 127.0.0.2'
for trouble in drop servfail refused formerr garbage short badid badname loop; do
	printf '%s\n' "$good" "*.bad.test $trouble A 127.0.0.2" | dns_zone
	says "$trouble: says nothing, and a list beside it is heard" '1 dnsbl=good.test;' \
		-d 700 -b bad.test -b good.test $IP
	says "$trouble: alone" '' -d 300 -b bad.test $IP
	has "$trouble: is said when no list answers" warned '^dns-ask: DNS lists: no answer from any'
done
dns_zone <<'END'
2.0.0.127.cut.test truncate A 127.0.0.2
7.100.51.198.cut.test truncate A 127.0.0.2
7.100.51.198.hang.test truncate hangup A 127.0.0.2
END
: >questions
says 'a truncated answer is asked for by TCP' '1 dnsbl=cut.test;' -b cut.test $IP
has 'really' questions '^tcp A 7\.100\.51\.198\.cut\.test$'
says 'a TCP connection that closes in the middle' '' -d 1000 -b hang.test $IP

dns_zone <<'END'
2.0.0.127.fast.test A 127.0.0.2
7.100.51.198.fast.test A 127.0.0.2
*.slow.test delay=60000 A 127.0.0.2
*.slower.test drop
END
begin=$(date +%s)
says 'one deadline for all: who is in time is heard' '1 dnsbl=fast.test;' -d 1500 \
	-b slow.test -b slower.test -b fast.test -w a.slow.test -w b.slow.test -w c.slow.test $IP
ok 'and the others are not waited for' test $(($(date +%s) - begin)) -lt 30
dns_zone <<'END'
*.late.test delay=200 nxdomain
7.100.51.198.late.test delay=200 A 127.0.0.2
END
says 'what comes late but in time counts' '1 dnsbl=late.test;' -d 30000 -b late.test $IP

# --- servers ---
dead=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Proto => "udp", LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
dns_zone <<END
$good
END
ok 'a server where nobody listens' dns-ask -d 1000 -s "127.0.0.1:$dead" -b good.test $IP
has 'is trouble, said' .err 'no answer from any'
hasnt 'and no reason' .out dnsbl
ok 'two servers' dns-ask -s "127.0.0.1:$dead" -s "127.0.0.1:$DNS_PORT" -b good.test $IP
has 'of which the second answers' .out 'dnsbl=good\.test'

# --- settings ---
for list in '' . .x.test x..test 'x y.test' x.test/ x.test/a x.test/2- x.test/5-2 x.test/256 x.test/2,,3 x.test/10.0.0.0/8 \
	x.test/127.0.0.0/7 x.test/127.0.0.0/33 x.test/127.0.0 x.test= x.test=0 x.test=-1 x.test=1x x.test=1000001 \
	"$(printf '%064d' 0).test" "$(printf 'abcdefg.%.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24)test" \
	"x.test/$(seq -s, 0 255),1"
do
	fails 78 "no list: '$(printf '%.40s' "$list")'" dns-ask -s 127.0.0.1 -b "$list" $IP
	has 'with a sentence that quotes it' .err "DNS list"
done
for server in '' x 127.0.0.1: 127.0.0.1:0 127.0.0.1:65536 127.0.0.1:1x 1.2.3 '[::1' '[::1]x' '[::1]:' ::1x '[]:53' ; do
	fails 78 "no server: '$server'" dns-ask -s "$server" -b x.test $IP
done
for server in 127.0.0.1:53 ::1 '[::1]' '[::1]:53' 127.0.0.1; do
	ok "a server: $server" dns-ask -s "$server" -b x.test 127.0.0.1
done
ok 'no list, nobody to ask' dns-ask -s "127.0.0.1:$DNS_PORT" $IP

done_testing
