#!/bin/sh
# A message of 1 GiB, one of noise and one with a large attachment are kept and given back in 64 MiB of
# memory (what is mapped from files not counted), by a pipe and from a file.
. "${0%/*}/test-lib.sh"
needs perl
! sanitized || skip_all 'sanitizers take more memory than that'

little() { # COMMAND...: with 64 MiB
	(ulimit -d 65536 && exec "$@")
}
{
	printf 'From: a@example.org\nSubject: 1 GiB\n\n'
	yes 'a line of text that is repeated until there are enough of them' | head -c 1073741824
} >huge
ok 'a message of 1 GiB' little archive-put -a box <huge
cp .out huge-id
ok 'comes back' little archive-get -a box "$(cat huge-id)"
same 'byte for byte' huge .out
rm .out
ok 'and is known, through a pipe, too' sh -c 'cat huge | (ulimit -d 65536 && exec archive-put -a box) >again'
same 'under the same id' huge-id again
rm huge

{
	printf 'Subject: noise\n\n'
	head -c 80000000 /dev/urandom
} >noise
ok '80 MB of noise' little archive-put -a box <noise
ok 'come back' little archive-get -a box "$(cat .out)"
same 'byte for byte' noise .out

perl -MMIME::Base64 -e 'print "Subject: attachment\nContent-Type: application/zip\n",
	"Content-Transfer-Encoding: base64\n\n"; open my $r, "<", "/dev/urandom"; binmode $r;
	for (1 .. 1400) { read $r, my $b, 57 * 1000; print encode_base64($b) }' >attachment
ok 'an attachment of 80 MB' little archive-put -a box <attachment
cp .out id
ok 'comes back' little archive-get -a box "$(cat id)"
same 'byte for byte' attachment .out
before=$(du -sk box | cut -f1)
sed 's/^Subject: .*/Subject: the same again/' attachment >second
ok 'in another mail' little archive-put -a box <second
[ $(($(du -sk box | cut -f1) - before)) -lt 100 ]
result $? 'it takes no room'
ok 'all is well' little archive-check -a box --quiet

done_testing
