#!/bin/sh
# drop-put into S3: a real Ceph gateway, which checks every signature, beside it a server that says
# what a healthy gateway never does, and TLS through nginx.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-ceph.sh"
export TRASH
missing=$(ceph_missing) && skip_all "$missing is not installed"
needs curl perl openssl
# Ceph's sockets need short names, and its logs a folder that may be removed at any time.
ceph=$(mktemp -d /tmp/tp-ceph.XXXXXX)
on_exit "rm -rf '$ceph'"
ceph_start "$ceph" || { sed 's/^/# /' "$ceph/start.log"; skip_all 'the gateway does not start'; }
S3=http://127.0.0.1:$CEPH_PORT

# The second opinion on signatures: curl's own, for simple requests.
s3() {
	curl -s --aws-sigv4 aws:amz:us-east-1:s3 -u TESTKEY:TESTSECRET -H \
		'x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' "$@"
}
printf 'TESTSECRET\n' >secret
chmod 600 secret
config() { # ENDPOINT, more lines
	printf 'drop:\n  tries: 2\n'
	[ -z "${3:-}" ] || printf '  %s\n' "$3"
	printf '  s3:\n    endpoint: %s\n    access_key: TESTKEY\n' "$1"
	printf '    secret_key_file: %s/secret\n' "$TRASH"
	[ -z "${2:-}" ] || printf '    %s\n' "$2"
}
config "$S3" >s3.yaml
export TUBEPOST_CONFIG="$TRASH/s3.yaml"
head -c 3000000 /dev/urandom >file
s3 -X PUT "$S3/bucket"

# --- uploads --------------------------------------------------------------------------------------
ok 'a file is stored' drop-put -v -s s3://bucket/a/b --name "Résumé (1)+'!*.pdf" --type application/pdf <file
cp .out url
has 'signed links live for 7 days' url 'X-Amz-Expires=604800&'
has 'which is said' .err '7 days'
ok 'the link loads' curl -sf -D headers -o got "$(cat url)"
same 'the same bytes' got file
has 'with its type' headers '^Content-Type: application/pdf'
has 'and its name' headers "^Content-Disposition: attachment; filename=\"R_sum_ \\(1\\)\\+'!_.pdf\"; filename\\*=UTF-8''R%C3%A9sum%C3%A9%20%281%29\\+%27!_.pdf"
ok 'the object is under the prefix' sh -c "curl -sf '$(cat url)' -o /dev/null"
has 'in a place of its own' url "^$S3/bucket/a/b/[a-z2-7]{26}/R"
ok 'a shorter life is kept' env TUBEPOST_NOW="$(date +%s)" drop-put -s s3://bucket -n a --expire 2d --json <file
has 'in the link' .out 'X-Amz-Expires=172800&'
has 'and the result' .out '"note":null'
printf '%s' "$(cat url)" | sed 's/.pdf?/.pdx?/' >forged
fails 22 'a link cannot be bent to another object' curl -sf -o /dev/null "$(cat forged)"
ok 'an empty file' drop-put -s s3://bucket -n empty </dev/null
ok 'loads' curl -sf -o got "$(cat .out)"
ok 'a published bucket' drop-put -s s3://bucket/x -n 'a b' -b https://files.example.org/x --json <file
has 'has its own links' .out '"url":"https://files\.example\.org/x/[a-z2-7]{26}/a%20b"'
drop-put -s s3://bucket -n k --key one -b https://f <file >one
drop-put -s s3://bucket -n k --key one -b https://f <file >two
same 'one key, one place' one two
config "$S3" 'acl: public-read' >public.yaml
ok 'an ACL' drop-put -c public.yaml -s s3://bucket -n open -b "$S3/bucket" <file
ok 'makes it public' curl -sf -o got "$(cat .out)"

# --- in parts -------------------------------------------------------------------------------------
head -c 12000001 /dev/urandom >big
config "$S3" 'part_size: 5M' >parts.yaml
ok 'a file in three parts' drop-put -c parts.yaml -s s3://bucket/p -n "big é.bin" <big
ok 'loads' curl -sf -D headers -o got "$(cat .out)"
same 'the same bytes' got big
has 'it was stored in parts' headers '^ETag: "[0-9a-f]*-3"'
has 'with its name' headers '^Content-Disposition: attachment; filename="big _.bin"'
s3 "$S3/bucket?uploads=" >uploads
hasnt 'no upload stays open' uploads '<UploadId>'
head -c 5242880 big >edge
ok 'exactly one part goes whole' drop-put -c parts.yaml -s s3://bucket/p -n edge <edge
curl -sf -D headers -o got "$(cat .out)"
has 'without parts' headers '^ETag: "[0-9a-f]{32}"'

# --- refusals -------------------------------------------------------------------------------------
fails 69 'no such bucket' drop-put -s s3://nobucket -n a <file
has 'says so' .err 'answered 404 \(NoSuchBucket\)$'
fails 77 'a wrong secret' env TUBEPOST_DROP_S3_SECRET_KEY=WRONGSECRET drop-put -s s3://bucket -n a <file
has 'says so' .err '\(SignatureDoesNotMatch\)$'
hasnt 'without the secret' .err 'WRONGSECRET|TESTSECRET'
fails 69 'a wrong digest' drop-put -s s3://bucket -n a --sha256 "$(printf x | sha256sum | cut -c1-64)" <file
fails 78 'no bucket' drop-put -s s3:// -n a <file
fails 78 'no keys' drop-put -c /dev/null -s s3://bucket -n a <file

# --- what a gateway cannot be made to say ---------------------------------------------------------
mkdir fake
cat >fake/script <<'S'
POST /bucket/*?uploads=* * answer 200
  = <R><UploadId>U/1+2</UploadId></R>
PUT /bucket/*partNumber=1* 1 answer 500
PUT /bucket/*partNumber=* * answer 200
  ETag: "e%N%"
POST /bucket/full* * answer 200
POST /bucket/liar*uploadId=* * answer 200
  = <?xml version="1.0"?><Error><Code>InternalError</Code></Error>
POST /bucket/denier*uploadId=* * answer 200
  = <Error><Code>InvalidPart</Code></Error>
POST /bucket/lost*uploadId=* * half
POST /bucket/good*uploadId=* * answer 200
  = <R><ETag>"x"</ETag></R>
HEAD /bucket/lost* * answer 200
HEAD * * answer 404
DELETE * * answer 204
PUT /bucket/region* * answer 307
  Location: http://127.0.0.1:%PORT%/elsewhere
PUT /bucket/slow* * answer 400
  = <Error><Code>RequestTimeout</Code></Error>
S
perl "$SRC/t/helper/misbehave.pl" fake 2>fake/err &
on_exit "kill $!"
tries=0
until [ -s fake/port ] || [ $tries -gt 100 ]; do tries=$((tries + 1)); sleep 0.05; done
config "http://127.0.0.1:$(cat fake/port)" 'part_size: 5M' >fake.yaml
put() { drop-put -c fake.yaml -s "s3://bucket/$1" -n a <big; }
ok 'a part that fails once is sent again' put good
sed -n 's/^[0-9]* \([A-Z]* .*\)/\1/p' fake/log >requests
[ "$(grep -c 'PUT .*partNumber=1&uploadId=U%2F1%2B2$' requests)" -eq 2 ] &&
	[ "$(grep -c 'PUT ' requests)" -eq 4 ]
result $? 'and only that one, its upload id encoded'
has 'completed' requests '^POST /bucket/good/[a-z2-7]*/a\?uploadId=U%2F1%2B2$'
: >fake/log
fails 75 'an error inside of 200 is a failure that passes' put liar
has 'said' .err 'answered 200 \(InternalError\)$|answered 404'
has 'and the upload is aborted' fake/log '^[0-9]+ DELETE /bucket/liar/.*uploadId=U%2F1%2B2$'
: >fake/log
fails 69 'a lasting error inside of 200 is lasting' put denier
has 'and the upload is aborted' fake/log '^[0-9]+ DELETE /bucket/denier/.*uploadId='
: >fake/log
fails 75 'a lost answer, and an object of another size: a failure' put lost
has 'and the upload is aborted' fake/log '^[0-9]+ DELETE /bucket/lost/'
fails 69 'another region' drop-put -c fake.yaml -s s3://bucket/region -n a <file
has 'says what to look at' .err 'drop\.s3\.region'
hasnt 'and is not followed' fake/log 'elsewhere'
fails 75 'RequestTimeout passes, although it is a 400' drop-put -c fake.yaml -s s3://bucket/slow -n a <file
config "http://127.0.0.1:$(cat fake/port)" 'session_token_file: secret' >token.yaml
drop-put -c token.yaml -s s3://bucket/good -n a <file >.out 2>.err
has 'a session token goes along' fake/log '^  x-amz-security-token: TESTSECRET'
has 'and is signed' fake/log 'SignedHeaders=[a-z0-9;-]*x-amz-security-token'

# --- TLS ------------------------------------------------------------------------------------------
if command -v nginx >/dev/null 2>&1; then
	mkdir -p tmp
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 \
		-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
	TLS=$(ceph_free_ports 1)
	cat >nginx.conf <<C
pid nginx.pid; error_log error.log;
events { worker_connections 64; }
http {
	access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
	uwsgi_temp_path tmp; scgi_temp_path tmp; client_max_body_size 0;
	server {
		listen 127.0.0.1:$TLS ssl; ssl_certificate tls.crt; ssl_certificate_key tls.key;
		location / { proxy_pass $S3; proxy_set_header Host \$http_host; proxy_request_buffering off; }
	}
}
C
	nginx -p "$TRASH" -c "$TRASH/nginx.conf" -e "$TRASH/error.log" 2>.err &&
		on_exit "kill \$(cat '$TRASH/nginx.pid')"
	config "https://127.0.0.1:$TLS" >https.yaml
	fails 69 'a certificate of nobody is refused' drop-put -c https.yaml -s s3://bucket -n a <file
	config "https://127.0.0.1:$TLS" '' "ca_file: $TRASH/tls.crt" >https.yaml
	ok 'with its authority it is fine' drop-put -c https.yaml -s s3://bucket -n a <file
	ok 'and loads' curl -sf --cacert tls.crt -o got "$(cat .out)"
	same 'the same bytes' got file
else
	skip 'nginx is not installed' 'TLS'
fi

done_testing
