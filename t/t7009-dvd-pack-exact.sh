#!/bin/sh
# A burner is told the sectors by one run, --plan, and given the image by another: they are the same number,
# whatever is on the disc, signed or not, with room for error correction or without.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs openssl perl bsdtar

make_archive || exit 99
exact() { # WHAT ARGUMENT...
	_what=$1
	shift
	ok "$_what: a plan" dvd-pack -a A --plan "$@" <ids
	cp .out plan
	ok '  the image' dvd-pack -q -a A --serial KWRTPM "$@" - <ids
	cp .out disc.iso
	ok '  is as large as the plan says' test "$(wc -c <disc.iso)" -eq $(($(planned sectors) * 2048))
	[ "$(planned bytes)" -eq $(($(planned sectors) * 2048)) ] && [ "$(planned sectors)" -le "$(planned room)" ]
	result $? '  and fits'
	rm -rf A/disc
}
exact 'plain'
exact 'on a small medium' --medium 1M
head -n 20 ids >some && mv ids all && mv some ids
exact 'fewer mails'
head -n 1 all >ids
exact 'one'
mv all ids
exact 'with room for error correction' --ecc 20
exact 'on a medium that dvdisaster fills' --medium 718848k --ecc 20
# So many sectors that dvdisaster would take a CD for them: zeros fill it up to the DVD.
perl -e 'print "From x\@y.example Fri Jul  1 09:30:00 2005\nSubject: large\n\n"; $line = "x" x 1023 . "\n";
	print $line for 1 .. 620000; print "\n"' >large
if [ "$(df -Pk . | awk 'NR == 2 { print $4 }')" -gt 4000000 ]; then
	ok 'a large mail: a plan' dvd-pack --plan --mbox large --ecc 20
	cp .out plan
	dvd-pack -q --serial KWRTPM --mbox large --ecc 20 >disc.iso
	ok '  its image' test "$(wc -c <disc.iso)" -eq $(($(planned sectors) * 2048))
	ok '  has a tail' test "$(planned sectors)" -eq 346613
else
	skip 'less than 4 GB are free' 'an image with a tail'
fi
rm -f large disc.iso

# --- signed --------------------------------------------------------------------------------------
make_key() { # NAME COMMENT-LENGTH, options of req -newkey
	_name=$1
	_comment=$(head -c "$2" /dev/zero | tr '\0' x)
	shift 2
	openssl req -x509 -newkey "$@" -nodes -keyout $_name.key -out $_name.pem -days 36500 -subj "/CN=$_name" \
		-addext "nsComment=$_comment" 2>/dev/null && chmod 600 $_name.key
}
signature_bytes() { # NAME: of a disc signed with it, which is in `tree`
	dvd-pack -q --serial KWRTPM --mbox box --sign "$1.pem" --sign-key "$1.key" >signed.iso &&
		unpack signed.iso tree && stat -c %s tree/*.p7s
}
accepted() { # NAME
	(cd tree && openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \
		-content tagmanifest-sha256.txt -purpose any -CAfile "../$1.pem" -out ../signed) &&
		cmp signed tree/tagmanifest-sha256.txt
}
printf 'From x@y.example Fri Jul  1 09:30:00 2005\nSubject: a\n\nbody\n\n' >box
for kind in rsa:2048 P-256 P-521; do
	set -- ec -pkeyopt "ec_paramgen_curve:$kind"
	case $kind in rsa*) set -- $kind ;; esac
	# The longest signature of this one ends behind a sector, a shorter one before it.
	make_key key 10 "$@" || exit 99
	first=$(signature_bytes key)
	comment=$(((2048 - first) * 48 / 65 - 40))
	while make_key key $comment "$@" && [ "$(signature_bytes key)" -le 2048 ]; do comment=$((comment + 1)); done
	for run in 1 2 3 4 5; do
		signature_bytes key
		accepted key || echo refused
	done >lengths 2>err
	ok "$kind: five signatures are accepted, and of one length" test "$(sort -u lengths | wc -l)" -eq 1
	ok '  which is a byte or a few more than a sector' test "$(head -n 1 lengths)" -gt 2048 -a "$(head -n 1 lengths)" -lt 2060
	for run in 1 2; do exact "$kind, run $run" --sign key.pem --sign-key key.key; done
done

# --- made again ----------------------------------------------------------------------------------
make_key ec 10 ec -pkeyopt ec_paramgen_curve:P-256
signed() { dvd-pack -q -a A --serial KWRTPM --sign ec.pem --sign-key ec.key - <ids; }
signed >first.iso && signed >second.iso
ok 'signed with ECDSA, twice: as large' test "$(wc -c <first.iso)" -eq "$(wc -c <second.iso)"
fails 1 'and not the same' cmp first.iso second.iso
unpack first.iso one && unpack second.iso two
rm one/*.p7s two/*.p7s
ok 'but for the signature, they are' diff -r one two
ok 'the ledger has it once' test "$(ledger_count)" -eq 1
fails 65 'and knows the second' dvd-list -a A verify KWRTPM first.iso
ok 'which is the disc' dvd-list -a A verify KWRTPM second.iso
done_testing
