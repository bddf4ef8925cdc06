#!/usr/bin/perl
# An HTTP server for what a real one cannot be made to do: fail n times, hang, lie, cut, redirect.
#
#   misbehave.pl DIR [PORT]   reads DIR/script, writes DIR/port when it listens on 127.0.0.1,
#                             DIR/log (a block a request) and DIR/body.N, each request's body
#
# The script: the first rule that matches and is not used up answers.
#
#   METHOD PATH TIMES ACTION        PATH may hold * ; TIMES is a number or *
#     Header: value                 of an answer
#     = body text                   lines are joined; %PORT% is our port, %N% the request's number
#
# Actions: answer CODE; hang (never answers); close (after the request's headers); half (reads half
# of the body, then closes); early CODE (answers before the body, then closes); short (announces
# 1000 bytes more than it sends); drip (a byte every 100 ms); flood (a body without end); garbage.
# What never ends is done by a child, so that the next request is served.
use strict;
use warnings;
use Digest::SHA;
use IO::Handle;
use IO::Socket::INET;

my ($dir, $wanted) = @ARGV;
my @rules;
my $number = 0;

$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = 'IGNORE';

sub read_script {
	open my $in, '<', "$dir/script" or die "$dir/script: $!\n";
	while (<$in>) {
		chomp;
		next if /^\s*(#|$)/;
		if (/^\s+= ?(.*)/) {
			$rules[-1]{body} .= $1;
		} elsif (/^\s+(.*)/) {
			push @{ $rules[-1]{headers} }, $1;
		} else {
			my ($method, $path, $times, $action, $arg) = split ' ';
			$path = join '.*', map { quotemeta } split /\*/, $path, -1;
			push @rules, { method => $method, path => qr/^$path$/, times => $times,
				action => $action, arg => $arg // 200, headers => [], body => '' };
		}
	}
}

sub rule_for {
	my ($method, $path) = @_;

	for my $rule (@rules) {
		next if $rule->{method} ne '*' && $rule->{method} ne $method;
		next if $path !~ $rule->{path} || $rule->{times} eq '0';
		$rule->{times}-- if $rule->{times} ne '*';
		return $rule;
	}
	return { action => 'answer', arg => 404, headers => [], body => '' };
}

sub read_headers {
	my ($client) = @_;
	my ($line, %headers, @lines);
	my $first = <$client> // return;

	$first =~ s/\r?\n$//;
	while (defined($line = <$client>)) {
		$line =~ s/\r?\n$//;
		last if $line eq '';
		push @lines, $line;
		$headers{ lc $1 } = $2 if $line =~ /^([^:]+):\s*(.*)/;
	}
	return ($first, \%headers, \@lines);
}

sub read_body {
	my ($client, $length, $file) = @_;
	my $sha = Digest::SHA->new(256);
	my ($got, $chunk) = (0);

	open my $out, '>:raw', $file or die "$file: $!\n";
	while ($got < $length) {
		my $n = read $client, $chunk, $length - $got < 65536 ? $length - $got : 65536;
		last unless $n;
		$sha->add($chunk);
		print $out $chunk;
		$got += $n;
	}
	close $out;
	return ($got, $sha->hexdigest);
}

sub note {
	open my $log, '>>', "$dir/log" or die "$dir/log: $!\n";
	print $log map { "$_\n" } @_;
	close $log;
}

sub answer {
	my ($client, $rule, $extra, $port) = @_;
	my $body = $rule->{body};
	my @headers = @{ $rule->{headers} };

	s/%PORT%/$port/g, s/%N%/$number/g for $body, @headers;
	push @headers, 'Content-Length: ' . (length($body) + $extra) unless $rule->{arg} == 204;
	print $client join("\r\n", "HTTP/1.1 $rule->{arg} Said", @headers, 'Connection: close', '', ''),
		$body;
	$client->flush;
}

sub endless {
	my ($client, $step, $pause) = @_;

	my $parent = $$;

	return if fork;
	alarm 60;
	print $client "HTTP/1.1 200 Said\r\nConnection: close\r\n\r\n" if length $step;
	$client->flush;
	while (getppid == $parent) {
		print $client $step or exit if length $step;
		$client->flush or exit;
		select undef, undef, undef, $pause if $pause;
	}
	exit;
}

sub serve {
	my ($client, $port) = @_;
	my ($first, $headers, $lines) = read_headers($client) or return;
	my ($method, $path) = split ' ', $first;
	my $rule = rule_for($method, $path);
	my $action = $rule->{action};
	my $length = $headers->{'content-length'} // 0;

	$number++;
	note("$number $method $path", map { "  $_" } @$lines);
	return if $action eq 'close';
	if ($action eq 'early') {
		answer($client, $rule, 0, $port);
		select undef, undef, undef, 0.2;
		return;
	}
	print $client "HTTP/1.1 100 Continue\r\n\r\n" if ($headers->{expect} // '') =~ /^100-/i;
	$client->flush;
	my ($got, $sha) =
		read_body($client, $action eq 'half' ? $length / 2 : $length, "$dir/body.$number");
	note("  > $got bytes, SHA-256 $sha");
	answer($client, $rule, 0, $port) if $action eq 'answer';
	answer($client, $rule, 1000, $port) if $action eq 'short';
	endless($client, '', 0.2) if $action eq 'hang';
	endless($client, 'x', 0.1) if $action eq 'drip';
	endless($client, 'x' x 65536, 0) if $action eq 'flood';
	print $client "no such protocol\r\n\r\n" if $action eq 'garbage';
}

open STDOUT, '>', '/dev/null'; # who reads the test's output need not wait for us
read_script();
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $wanted // 0,
	Listen => 64, ReuseAddr => 1) or die "listening: $!\n";
my $port = $server->sockport;
open my $ready, '>', "$dir/port.new" or die;
print $ready "$port\n";
close $ready;
rename "$dir/port.new", "$dir/port";
while (my $client = $server->accept) {
	binmode $client;
	serve($client, $port);
	close $client;
}
