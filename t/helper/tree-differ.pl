#!/usr/bin/perl
# What differs between two dumps (tree-gmime's and tree-dump's), file by file: "== FILE", then the lines
# that only the first has with "-", those that only the second has with "+", in their order. Files keep
# the name that follows the prefix given.
#
#   tree-differ.pl PREFIX FIRST SECOND
use strict;
use warnings;

sub load {
	my ($path, $prefix) = @_;
	my (%lines, @names, $name);
	open my $in, '<', $path or die "$path: $!\n";
	while (<$in>) {
		chomp;
		if (/^== \Q$prefix\E(.*)/) {
			$name = $1;
			push @names, $name;
			$lines{$name} = [];
		} else {
			push @{ $lines{$name} }, $_;
		}
	}
	return (\@names, \%lines);
}

my ($prefix, $first, $second) = @ARGV;
my ($names, $theirs) = load($first, $prefix);
my (undef, $ours) = load($second, $prefix);
for my $name (@$names) {
	my %in_theirs = map { $_ => 1 } @{ $theirs->{$name} };
	my %in_ours = map { $_ => 1 } @{ $ours->{$name} || [] };
	my @out = ((map { "-$_" } grep { !$in_ours{$_} } @{ $theirs->{$name} }),
		(map { "+$_" } grep { !$in_theirs{$_} } @{ $ours->{$name} || [] }));
	print "== $name\n", map { "$_\n" } @out if @out;
}
