#!/usr/bin/perl
# A DNS server for tests, on loopback, UDP and TCP on one port, that can misbehave.
#
#   dns-server.pl ZONEFILE LOG [ADDRESS [PORT]]
#
# Prints its port and answers until it is killed. The zone file is read again for each question, so a
# test may change the scene; each question is a line `udp|tcp TYPE NAME` of the log. The zone file's
# lines are `NAME WORD...`, NAME being `*.x.test` for everything below x.test without a line of its
# own. Words, in their order:
#   A ADDRESS, TXT TEXT        a record (several make one answer); TEXT has + for blanks
#   CNAME NAME                 before the A records, which then belong to that name
#   nxdomain nodata servfail refused formerr
#   drop                       no answer
#   delay=MS                   the answer comes later
#   garbage                    bytes that are no DNS message
#   short                      a header that promises more than there is
#   badid badname              an answer to another question
#   loop                       a name whose compression points at itself
#   truncate                   by UDP nothing but the TC bit; by TCP the answer
#   hangup                     by TCP: closed in the middle of the answer
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes 'time';

my ($zone, $log, $address, $port) = @ARGV;
$address //= '127.0.0.1';
my ($udp, $tcp);
for (1 .. 50) { # a port that is free for both
	$udp = IO::Socket::INET->new(Proto => 'udp', LocalAddr => $address, LocalPort => $port // 0) or die "udp: $!\n";
	$tcp = IO::Socket::INET->new(Proto => 'tcp', LocalAddr => $address, LocalPort => $udp->sockport, Listen => 64,
		ReuseAddr => 1) and last;
	die "tcp: $!\n" if $port;
}
open my $questions, '>>', $log or die "$log: $!\n";
$questions->autoflush(1);
$SIG{PIPE} = 'IGNORE';
$| = 1;
print $udp->sockport, "\n";

my %types = (1 => 'A', 16 => 'TXT', 28 => 'AAAA', 12 => 'PTR', 15 => 'MX', 5 => 'CNAME', 99 => 'SPF');
my %codes = (nxdomain => 3, nodata => 0, servfail => 2, refused => 5, formerr => 1);

sub name { join('', map { pack('C/a', $_) } split /\./, $_[0]) . "\0" }

# The words for a name: its own, else those of the nearest wildcard, else none.
sub words {
	my ($name) = @_;
	open my $file, '<', $zone or return ();
	my %lines = map { my ($n, @w) = split; defined $n ? (lc $n => \@w) : () } grep { !/^#/ } <$file>;
	return @{$lines{$name}} if $lines{$name};
	while ($name =~ s/^[^.]*\.//) { return @{$lines{"*.$name"}} if $lines{"*.$name"} }
	return ('nxdomain');
}

# The answer's bytes (undef: none), after how many milliseconds, and whether to hang up inside it.
sub answer {
	my ($query, $by) = @_;
	my ($id, $flags, $count) = unpack 'nnn', $query;
	return () if length $query < 17 || $count != 1;
	my ($at, @labels) = (12);
	while ((my $n = unpack 'C', substr $query, $at, 1)) { push @labels, substr $query, $at + 1, $n; $at += $n + 1 }
	my $question = substr $query, 12, $at + 5 - 12;
	my $name = lc join '.', @labels;
	my $type = $types{unpack 'n', substr $query, $at + 1, 2} // 'other';
	print $questions "$by $type $name\n";
	my ($rcode, $delay, $tc, $hangup, @records, $target) = (0, 0, 0, 0);
	my @words = words($name);
	while (defined(my $w = shift @words)) {
		if ($w eq 'A') {
			my $a = shift @words;
			push @records, ($target ? name($target) : "\xc0\x0c") . pack('nnNn', 1, 1, 60, 4) . pack 'C4', split /\./, $a
				if $type eq 'A';
		} elsif ($w eq 'TXT') {
			my $t = shift(@words) =~ tr/+/ /r;
			push @records, "\xc0\x0c" . pack('nnNn', 16, 1, 60, 1 + length $t) . pack 'C/a', $t if $type eq 'TXT';
		} elsif ($w eq 'CNAME') {
			$target = shift @words;
			push @records, "\xc0\x0c" . pack('nnNn', 5, 1, 60, length name($target)) . name($target);
		}
		elsif (exists $codes{$w}) { $rcode = $codes{$w} }
		elsif ($w eq 'drop') { return () }
		elsif ($w =~ /^delay=(\d+)$/) { $delay = $1 }
		elsif ($w eq 'garbage') { return ("\x00garbage\xff" x 9, $delay, 0) }
		elsif ($w eq 'short') { return (pack('n6', $id, 0x8180, 1, 9, 0, 0) . $question . "\xc0", $delay, 0) }
		elsif ($w eq 'badid') { $id ^= 0x5555 }
		elsif ($w eq 'badname') { $question = name('other.test') . substr $question, -4 }
		elsif ($w eq 'loop') { return (pack('n6', $id, 0x8180, 1, 1, 0, 0) . $question
			. pack('n', 0xc000 | (12 + length $question)) . pack('nnNn', 1, 1, 60, 4) . "\x7f\0\0\2", $delay, 0) }
		elsif ($w eq 'truncate') { $tc = $by eq 'udp' }
		elsif ($w eq 'hangup') { $hangup = $by eq 'tcp' }
		else { die "$zone: $name: $w\n" }
	}
	@records = () if $tc;
	return (pack('n6', $id, 0x8180 | ($tc ? 0x200 : 0) | $rcode, 1, scalar @records, 0, 0) . $question . join('', @records),
		$delay, $hangup);
}

my @later; # [time, code]
my %partial;
my $select = IO::Select->new($udp, $tcp);
for (;;) {
	@later = sort { $a->[0] <=> $b->[0] } @later;
	my $wait = @later ? $later[0][0] - time : undef;
	my @ready = $select->can_read(defined $wait && $wait < 0 ? 0 : $wait);
	while (@later && $later[0][0] <= time) { (shift @later)->[1]->() }
	for my $s (@ready) {
		if ($s == $tcp) {
			my $c = $tcp->accept or next;
			$select->add($c);
			$partial{$c} = q();
		} elsif ($s == $udp) {
			my $from = $udp->recv(my $query, 65535) // next;
			my ($bytes, $delay) = answer($query, 'udp');
			push @later, [time + $delay / 1000, sub { $udp->send($bytes, 0, $from) }] if defined $bytes;
		} else {
			if (!sysread $s, $partial{$s}, 65535, length $partial{$s}) {
				$select->remove($s);
				delete $partial{$s};
				close $s;
				next;
			}
			while (length $partial{$s} >= 2 && length $partial{$s} >= 2 + unpack 'n', $partial{$s}) {
				my $query = substr $partial{$s}, 2, unpack 'n', $partial{$s};
				substr $partial{$s}, 0, 2 + length $query, '';
				my ($bytes, $delay, $hangup) = answer($query, 'tcp');
				next if !defined $bytes;
				$bytes = pack 'n/a', $bytes;
				$bytes = substr $bytes, 0, length($bytes) / 2 if $hangup;
				push @later, [time + $delay / 1000, sub { syswrite $s, $bytes; shutdown $s, 2 if $hangup }];
			}
		}
	}
}
