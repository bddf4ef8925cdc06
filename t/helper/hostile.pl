#!/usr/bin/perl
# Writes hostile mail to stdout: `hostile.pl CASE N`, where N is a size that the cost should grow with.
use strict;
use warnings;

my ($case, $n) = @ARGV;
my $mixed = "Content-Type: multipart/mixed; boundary=";

# Writes a text again and again, in large pieces.
sub repeat {
	my ($text, $times) = @_;
	my $piece = $text x 1000;
	print $piece for 1 .. int($times / 1000);
	print $text x ($times % 1000);
}

# Opens n multiparts, one in another.
sub nest {
	my ($depth) = @_;
	print "${mixed}b0\n\n";
	print "--b@{[ $_ - 1 ]}\n${mixed}b$_\n\n" for 1 .. $depth - 1;
}

my %cases = (
	# n levels of multipart
	nested => sub { nest($n); print "--b@{[ $n - 1 ]}\n\nhi\n"; print "--b$_--\n" for reverse 0 .. $n - 1 },
	# n levels of message/rfc822
	messages => sub { repeat("Content-Type: message/rfc822\n\n", $n); print "A: b\n\nhi\n" },
	# n small parts
	parts => sub { print "${mixed}b\n\n"; repeat("--b\n\nx\n", $n); print "--b--\n" },
	# n parts that have no blank line
	headers => sub { print "${mixed}b\n\n"; repeat("--b\nA: b\n", $n); print "--b--\n" },
	# 1,000 open levels, then n bytes of lines that may each be a delimiter of any of them
	dashes => sub { nest(1000); repeat("--b9\tx\n", $n / 7) },
	# the same, one line of dashes
	dashline => sub { nest(1000); repeat('-', $n); print "\n" },
	# the shortest lines of dashes there are
	dashlines => sub { nest(1000); repeat("--\n", $n / 3) },
	# as many delimiters as fit, of the innermost level
	delimiters => sub { nest(100); repeat("--b99 \n\n", $n / 8) },
	# 1,000 levels with the same boundary, then lines that hash
	same => sub { print "${mixed}b\n\n"; repeat("--b\n${mixed}b\n\n", 1000); repeat("--c\n", $n / 4) },
	# closing and opening the same inner multipart again and again
	reopen => sub { print "${mixed}o\n\n"; repeat("--o\n${mixed}i\n\n--i\n\nx\n--i--\n", $n / 70) },
	# delimiters that are nearly right, with long white space
	spaces => sub { nest(1000); repeat('--b9' . ' ' x 10000 . "x\n", $n / 10000) },
	# one header block of n bytes, many fields
	fields => sub { repeat("X-Field: some value here\n", $n / 25); print "\nhi\n" },
	# one field of n bytes, folded
	folded => sub { print "X-Field: a\n"; repeat(" some value here, folded\n", $n / 25); print "\nhi\n" },
	# lines that are no field
	junk => sub { print "A: b\n"; repeat("this line is no field at\n", $n / 25); print "\nhi\n" },
	# a Content-Type of n bytes of parameters
	params => sub { print 'Content-Type: multipart/mixed'; repeat("; boundar=x\n ", $n / 14);
		print ";\n boundary=b\n\n--b\n\nhi\n--b--\n" },
	# continuations
	sections => sub { print 'Content-Type: multipart/mixed'; repeat(";\n boundary*0=b", $n / 16);
		print "\n\n--b\n\nhi\n--b--\n" },
	# comments in comments
	comments => sub { print "Content-Type: "; repeat('(', $n); print "\n\nhi\n" },
	# a quoted string that never ends
	quotes => sub { print 'Content-Type: a/b; x="'; repeat('\\"', $n / 2); print "\n\nhi\n" },
	# nothing but line feeds, bare CR, NUL
	feeds => sub { print "${mixed}b\n\n--b\n"; repeat("\n", $n) },
	returns => sub { print "${mixed}b\n\n--b\n\n"; repeat("\r--b", $n / 4) },
	nuls => sub { print "${mixed}b\n\n--b\n\n"; repeat("\0", $n); print "\n--b--\n" },
	# encodings: padding and nothing else, escapes and nothing else, one digit a line
	padding => sub { print "Content-Transfer-Encoding: base64\n\n"; repeat('=', $n) },
	pairs => sub { print "Content-Transfer-Encoding: base64\n\n"; repeat('YQ==', $n / 4) },
	escapes => sub { print "Content-Transfer-Encoding: quoted-printable\n\n"; repeat('=', $n) },
	uu => sub { print "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a\n"; repeat("!!\n", $n / 3) },
	# n boundaries of the greatest length, one in another
	long => sub { my $b = 'x' x 980; print "${mixed}$b\n\n";
		print "--@{[ $_ - 1 ? sprintf('%s%06d', $b, $_ - 1) : $b ]}\n${mixed}@{[ sprintf '%s%06d', $b, $_ ]}\n\n"
			for 1 .. $n },
);

die "no such case\n" unless $cases{$case};
binmode STDOUT;
$cases{$case}->();
