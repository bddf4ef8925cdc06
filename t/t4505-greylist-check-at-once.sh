#!/bin/sh
# 64 processes, and 64 connections, on one state at once: no error, no first-seen lost, one success
# counted once. The clock is the test's.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
needs perl

# --- 64 processes, each with a mail of its own ----------------------------------------------------
ids=$(seq 64)
all() { # SECONDS; the answers in out.N
	for i in $ids; do
		TUBEPOST_NOW=$((T0 + $1)) greylist-check --always --ip "10.$i.0.1" --sender "s@x.example" \
			--rcpt r@d.example </dev/null >"out.$i" 2>"err.$i" &
	done
	wait
}
tally() { cat out.* | sort | uniq -c | sed 's/^ *//'; }
all 0
[ "$(tally)" = '64 421 throttle: firsttry' ]
result $? '64 first tries at once'
cat err.* >.err
nothing() { [ ! -s "$2" ]; result $? "$1"; }
nothing 'without an error' .err
all 60
[ "$(tally)" = '64 421 throttle: early' ]
result $? '64 early ones: no first-seen was lost'
all 121
[ "$(tally)" = '64 250 pass: waited' ]
result $? '64 that pass'
cat err.* >.err
nothing 'without an error' .err

# --- 64 processes with the same mail --------------------------------------------------------------
for i in $ids; do
	TUBEPOST_NOW=$((T0 + i % 5)) greylist-check --always --ip 192.0.2.1 --sender same@x.example \
		--rcpt r@d.example </dev/null >"out.$i" 2>"err.$i" &
done
wait
[ "$(tally)" = '64 421 throttle: firsttry' ]
result $? 'the same mail 64 times within seconds is one attempt'
TUBEPOST_NOW=$((T0 + 10)) greylist-check --dump | grep -c 'same@x' >count
[ "$(cat count)" -eq 1 ]
result $? 'one entry'

# --- 64 connections -------------------------------------------------------------------------------
cat >clients.pl <<'PERL'
use strict; use IPC::Open2; use IO::Select;
my ($offset, $want) = @ARGV;
my (@to, @from, @pids);
for my $c (0 .. 63) { push @pids, open2($from[$c], $to[$c], 'greylist-check', '--policy', '--always') }
my $bad = 0;
for my $round (0 .. 19) {
	for my $c (0 .. 63) {
		my $n = $offset + $c * 20 + $round;
		syswrite $to[$c], sprintf("request=smtpd_access_policy\nclient_address=172.%d.%d.1\nsender=c\@x.example\nrecipient=r\@d.example\n\n", 16 + ($n >> 8), $n & 255);
	}
	for my $c (0 .. 63) {
		my $line = readline $from[$c];
		$bad++ unless defined $line && $line eq "action=$want\n";
		readline $from[$c];
	}
}
close $_ for @to;
for (@pids) { waitpid $_, 0; $bad++ if $? }
print "$bad bad\n";
exit($bad ? 1 : 0);
PERL
ok '64 connections, 20 requests each' env TUBEPOST_NOW=$T0 perl clients.pl 0 '450 4.7.1 throttle: firsttry'
nothing 'without an error' .err
ok 'all of them known' env TUBEPOST_NOW=$((T0 + 60)) perl clients.pl 0 '450 4.7.1 throttle: early'
ok 'and let through' env TUBEPOST_NOW=$((T0 + 121)) perl clients.pl 0 dunno
[ "$(TUBEPOST_NOW=$((T0 + 121)) greylist-check --dump | grep -c 'c@x.example')" -eq 1280 ]
result $? '1280 entries'

# --- a success counts once, whoever meets it ------------------------------------------------------
printf 'greylist: {whole_after: 100}\n' >whole.yaml
at 0 -c whole.yaml --always --ip 203.0.113.1 --sender one@x.example
for i in $ids; do
	TUBEPOST_NOW=$((T0 + 130)) greylist-check -c whole.yaml --always --ip 203.0.113.1 \
		--sender one@x.example </dev/null >"out.$i" 2>"err.$i" &
done
wait
[ "$(cat out.* | grep -c '^250 pass: \(waited\|known\)$')" -eq 64 ] && [ "$(cat out.* | grep -c waited)" -eq 1 ]
result $? 'one of 64 is the success, the others know it'
[ "$(TUBEPOST_NOW=$((T0 + 131)) greylist-check --dump | awk -F'\t' '$1 == "o" && $9 ~ /^203/ { print $6 }')" -eq 1 ]
result $? 'which is counted once'

done_testing
