#!/usr/bin/perl
# Mail made to hurt detach-upload, on stdout: `hostile-files.pl CASE N`; the cost should grow with N.
use strict;
use warnings;

my ($case, $n) = @ARGV;
my $mixed = "Content-Type: multipart/mixed; boundary=";
my $file = "Content-Type: image/png; name=a.png\n\nx\n";

sub repeat {
	my ($text, $times) = @_;
	my $piece = $text x 1000;
	print $piece for 1 .. int($times / 1000);
	print $text x ($times % 1000);
}

# A mail of one file, whose header holds what is printed by the block.
sub one_file {
	my ($field) = @_;
	print "MIME-Version: 1.0\n${mixed}b\n\n--b\n\nhi\n--b\nContent-Type: image/png\n";
	$field->();
	print "\n\nx\n--b--\n";
}

# A text and a picture with a Content-ID.
sub html {
	my ($text) = @_;
	print "${mixed}b\n\n--b\nContent-Type: text/html\n\n";
	$text->();
	print "\n--b\nContent-Type: image/png\nContent-ID: <y>\n\nx\n--b--\n";
}

my %cases = (
	# n attachments of one byte
	files => sub { print "${mixed}b\n\n"; repeat("--b\n$file", $n); print "--b--\n" },
	# the same, 1,000 levels down: their paths are long
	deep => sub { print "${mixed}b0\n\n"; print "--b@{[ $_ - 1 ]}\n${mixed}b$_\n\n" for 1 .. 999;
		repeat("--b999\nContent-Type: image/png\n\nx\n", $n) },
	# n files with names in another charset
	charsets => sub { print "${mixed}b\n\n"; repeat("--b\nContent-Type: image/png; name=\"=?iso-2022-jp?b?GyRCJCIbKEI=?=\"\n\nx\n", $n) },
	# one name of n bytes: plain, continued, in encoded words, in escapes
	name => sub { one_file(sub { print 'Content-Disposition: attachment; filename="'; repeat('n', $n); print '"' }) },
	sections => sub { my $i = 0; one_file(sub { print 'Content-Disposition: attachment'; print ";\n filename*$_=nnnnnnnn" for 0 .. $n / 20 }) },
	words => sub { one_file(sub { print 'Content-Disposition: attachment; filename="'; repeat('=?utf-8?q?n?= ', $n / 14); print '"' }) },
	escapes => sub { one_file(sub { print "Content-Disposition: attachment; filename*=utf-8''"; repeat('%C3%A9', $n / 6) }) },
	# one Content-ID of n bytes
	id => sub { one_file(sub { print 'Content-ID: <'; repeat('n', $n); print '>' }) },
	# HTML of references: many, one without end, entities
	cids => sub { html(sub { print "cid:$_ " for 1 .. $n / 11 }) },
	samecid => sub { html(sub { repeat('cid:x ', $n / 6) }) },
	endless => sub { html(sub { print 'cid:'; repeat('x', $n) }) },
	entities => sub { html(sub { print 'cid:'; repeat('&amp;', $n / 5) }) },
	nearly => sub { html(sub { repeat('cicicid', $n / 7) }) },
	# n pictures and as many references
	shown => sub { html(sub { print "cid:$_ " for 1 .. $n / 100;
		print "\n--b\nContent-Type: image/png\nContent-ID: <$_>\n\nx" for 1 .. $n / 100 }) },
	# lines that nearly begin an OpenPGP block
	armor => sub { print "${mixed}b\n\n--b\n\n"; repeat("-----BEGIN PG\n", $n / 14); print "\n--b\n$file--b--\n" },
	# branches of an alternative
	branches => sub { print "Content-Type: multipart/alternative; boundary=b\n\n"; repeat("--b\nContent-Type: text/html\n\nx\n", $n / 30) },
	# addresses, and one address
	recipients => sub { print 'To: '; repeat("a\@b,\n ", $n / 6); print "c\@d\n${mixed}b\n\n--b\n$file--b--\n" },
	address => sub { print 'From: '; repeat('a', $n); print "\@d\n${mixed}b\n\n--b\n$file--b--\n" },
	messageid => sub { print 'Message-ID: <'; repeat('a', $n); print ">\n${mixed}b\n\n--b\n$file--b--\n" },
	# a message that is the file, with n bytes of fields to take out
	fields => sub { print "Content-Type: image/png\n"; repeat("Content-X: a\nA: b\n", $n / 18); print "\nx\n" },
	# an attached message with a subject of n bytes
	subject => sub { print "${mixed}b\n\n--b\nContent-Type: message/rfc822\n\nSubject: "; repeat('a ', $n / 2); print "\n\nhi\n--b--\n" },
	# signed mail, for --signed=wrap: many parts, many levels
	signed => sub { print "Content-Type: multipart/signed; boundary=b\n\n"; repeat("--b\n$file", $n / 45); print "--b--\n" },
	signeddeep => sub { print "Content-Type: multipart/signed; boundary=b0\n\n";
		print "--b@{[ $_ - 1 ]}\nContent-Type: multipart/alternative; boundary=b$_\n\n" for 1 .. 1000;
		print "--b1000\n\nhi\n--b1000\n$file"; repeat("xxxxxxxxx\n", $n / 10) },
);

die "no such case\n" unless $cases{$case};
binmode STDOUT;
$cases{$case}->();
