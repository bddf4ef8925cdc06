#!/usr/bin/perl
# Compares our byte ranges with an offset file of MimeKit's, which gives for every part of every message of
# an mbox file where it begins, where its header ends (blank line included: where our body begins) and
# where it ends. Says each difference, then "N messages, M parts"; exit 1 when there was any.
#
#   mbox-offsets.pl TREE-DUMP OFFSETS.json FILE.mbox LENGTH-OF-LINE-ENDING
#
# The only thing that does not mean the same is the end of a message: the line ending in front of the next
# `From ` line belongs to the mbox format for MimeKit, and our scanner knows one message, not a box of
# them. So each message is given to it without that line ending.
use strict;
use warnings;
use JSON::PP;

my ($dump, $offsets, $mbox, $eol) = @ARGV;
open my $in, '<', $offsets or die "$offsets: $!\n";
my $messages = decode_json(do { local $/; <$in> });
my ($parts, $differ) = (0, 0);

sub theirs {
	my ($part) = @_;
	my @list = join ' ', @$part{qw(beginOffset headersEndOffset endOffset)};
	push @list, theirs($_) for @{ $part->{children} || [] };
	push @list, theirs($part->{message}{body}) if $part->{message};
	return @list;
}

sub ours {
	my ($begin, $end) = @_;
	my @lines = qx{"$dump" -r -f $begin,@{[ $end - $begin ]} "$mbox"};
	die "tree-dump failed\n" if $?;
	shift @lines;
	return map {
		my (undef, undef, $header, undef, $body, $body_end) = split / /;
		join ' ', map { $_ + $begin } $header, $body, $body_end
	} @lines;
}

for my $i (0 .. $#$messages) {
	my $begin = $messages->[$i]{beginOffset};
	my $end = $i < $#$messages ? $messages->[ $i + 1 ]{mboxMarkerOffset} - $eol : -s $mbox;
	my @theirs = theirs($messages->[$i]{body});
	my @ours = ours($begin, $end);

	$parts += @theirs;
	for my $k (0 .. ($#theirs > $#ours ? $#theirs : $#ours)) {
		my ($a, $b) = ($theirs[$k] || 'nothing', $ours[$k] || 'nothing');
		next if $a eq $b;
		print "message $i, part $k: theirs $a, ours $b\n";
		$differ++;
	}
}
printf "%d messages, %d parts\n", scalar @$messages, $parts;
exit($differ ? 1 : 0);
