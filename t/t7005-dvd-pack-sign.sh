#!/bin/sh
# Signed discs: plain `openssl cms -verify` accepts them, and nothing that was changed.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-disc.sh"
needs openssl bsdtar

make_key() { # NAME, options of req -newkey
	_name=$1
	shift
	openssl req -x509 -newkey "$@" -nodes -keyout $_name.key -out $_name.pem -days 36500 -subj "/CN=$_name" 2>/dev/null
	chmod 600 $_name.key
}
make_key rsa rsa:2048 || exit 99
make_key ec ec -pkeyopt ec_paramgen_curve:P-256 || exit 99
printf 'From x@y.example Fri Jul  1 09:30:00 2005\nSubject: a\n\nbody\n\n' >box

verify() { # FOLDER NAME
	(cd "$1" && openssl cms -verify -binary -inform PEM -in tagmanifest-sha256.txt.p7s \
		-content tagmanifest-sha256.txt -purpose any -CAfile "../$2.pem" -out ../signed)
}
for k in rsa ec; do
	ok "a disc signed with $k" dvd-pack -q --serial KWRTPM --mbox box --sign $k.pem --sign-key $k.key
	cp .out $k.iso
	unpack $k.iso $k.tree
	ok 'openssl accepts it' verify $k.tree $k
	same 'what was signed is the list' signed $k.tree/tagmanifest-sha256.txt
	ok 'sha256sum accepts the list' sh -c "cd $k.tree && sha256sum --quiet -c tagmanifest-sha256.txt manifest-sha256.txt"
	has 'the README tells how' $k.tree/README.txt 'openssl cms -verify'
	printf 'x' >>$k.tree/tagmanifest-sha256.txt
	fails 4 'a changed list is refused' verify $k.tree $k
done
ok 'made again with RSA' dvd-pack -q --serial KWRTPM --mbox box --sign rsa.pem --sign-key rsa.key
same 'it is the same to the byte' .out rsa.iso
unpack rsa.iso tree
fails 4 "another's certificate is refused" verify tree ec

# --- a chain --------------------------------------------------------------------------------------
# The signer's certificate is an authority's that the root's owner made: it travels with the signature.
printf 'basicConstraints=critical,CA:TRUE\n' >ca.ext
for k in middle leaf; do
	openssl req -newkey rsa:2048 -nodes -keyout $k.key -out $k.csr -subj "/CN=$k" 2>/dev/null
	chmod 600 $k.key
done
openssl x509 -req -in middle.csr -CA rsa.pem -CAkey rsa.key -CAcreateserial -days 36500 -extfile ca.ext -out middle.pem 2>/dev/null
openssl x509 -req -in leaf.csr -CA middle.pem -CAkey middle.key -CAcreateserial -days 36500 -out leaf.pem 2>/dev/null
cat leaf.pem middle.pem >chain.pem
ok 'signed with a chain' dvd-pack -q --serial KWRTPM --mbox box --sign chain.pem --sign-key leaf.key
cp .out chain.iso
unpack chain.iso tree
ok 'the root is enough' verify tree rsa
ok 'without the middle' dvd-pack -q --serial KWRTPM --mbox box --sign leaf.pem --sign-key leaf.key
cp .out chain.iso
unpack chain.iso tree
fails 4 'it is not' verify tree rsa
hasnt 'no word of it without a signature' rsa.key 'openssl'

refused() { # CODE WHAT PATTERN ARGUMENT...
	_exit=$1 _what=$2 _like=$3
	shift 3
	fails "$_exit" "$_what" dvd-pack --mbox box "$@"
	has '  and why' .err "$_like"
	ok '  nothing came out' test ! -s .out
}
refused 78 "another's key" 'not the key of the certificate' --sign rsa.pem --sign-key ec.key
refused 78 'a certificate that is none' 'no certificate' --sign box --sign-key rsa.key
cp box box.key && chmod 600 box.key
refused 78 'a key that is none' 'no key' --sign rsa.pem --sign-key box.key
openssl rsa -aes256 -passout pass:x -in rsa.key -out locked.key 2>/dev/null
chmod 600 locked.key
refused 78 'an encrypted key' 'no key in PEM, or an encrypted one' --sign rsa.pem --sign-key locked.key </dev/null
make_key ed ed25519
refused 78 'a kind of key that OpenSSL 3.0 makes no such signatures with' 'RSA and EC keys can' --sign ed.pem --sign-key ed.key
refused 78 'the same of a plan' 'RSA and EC keys can' --plan --sign ed.pem --sign-key ed.key
cp rsa.key open.key && chmod 644 open.key
refused 78 'a key that others may read' 'open.key' --sign rsa.pem --sign-key open.key
refused 66 'no certificate file' 'nowhere' --sign nowhere --sign-key rsa.key
done_testing
