#!/bin/sh
# What servers do to an uploader: errors, silence, half answers, lies, redirects, floods.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-misbehave.sh"
export TRASH
needs perl

put() { drop-put -s "webdav+$url/$1" -n a <file; }

head -c 2000000 /dev/urandom >file
printf 'SESAME-42\n' >token
chmod 600 token
cat >conf.yaml <<C
drop:
  tries: 4
  webdav:
    token_file: $TRASH/token
C
export TUBEPOST_CONFIG="$TRASH/conf.yaml"

# --- a server of moods ----------------------------------------------------------------------------
server moods <<'S'
MKCOL /hanging/* * hang
MKCOL /garbage/* * garbage
MKCOL /flood/* * flood
MKCOL /drip/* * drip
MKCOL /short/* 2 short 201
MKCOL /wait/* 1 answer 503
  Retry-After: 1
MKCOL /later/* * answer 429
  Retry-After: 3600
MKCOL /* * answer 201
PUT /flaky/* 1 answer 500
PUT /flaky/* 1 answer 502
PUT /flaky/* 1 close
PUT /half/* 1 half
PUT /sick/* * answer 500
PUT /full/* * answer 507
PUT /early/* * early 413
PUT /gone/* * answer 410
PUT /silent/* * hang
PUT * * answer 201
MOVE /lost/* 1 close
MOVE /lost/* * answer 404
MOVE * * answer 201
HEAD /lost/* * answer 200
DELETE * * answer 204
S

ok 'a 500, a 502 and a cut connection, then success' put flaky
[ "$(requests moods | grep -c '^PUT /flaky')" -eq 4 ]
result $? 'took four tries'
[ "$(grep -c '> 2000000 bytes' moods/log)" -eq 3 ] &&
	cmp -s moods/body.5 file
result $? 'each with the whole body'
ok 'a server that closes half way' put half
cmp -s "$(grep -l . moods/body.* | while read -r f; do cmp -s "$f" file && echo "$f"; done | tail -n 1)" file
result $? 'gets the file the second time'
ok 'an answer cut short' put short
start=$(date +%s%N)
ok 'a server that asks to wait a second' put wait
[ $(($(date +%s%N) - start)) -ge 1000000000 ]
result $? 'gets it'
fails 75 'a server that stays sick is temporary' put sick
has 'said by host and code' .err "^drop-put: storing the file: uploading by WebDAV: 127\.0\.0\.1:[0-9]+ answered 500\$"
[ "$(requests moods | grep -c '^PUT /sick')" -eq 4 ]
result $? 'after as many tries as allowed'
requests moods | grep -q '^DELETE /sick/.*/part-' && requests moods | grep -q '^DELETE /sick/[a-z2-7]*/$'
result $? 'and what was made is removed'
fails 75 'no room there is temporary' put full
[ "$(requests moods | grep -c '^PUT /full')" -eq 1 ]
result $? 'and not tried again at once'
fails 69 'gone is lasting' put gone
[ "$(requests moods | grep -c '^PUT /gone')" -eq 1 ]
result $? 'and not tried again'
fails 69 'a no before the body was sent' put early
has 'is understood' .err 'answered 413$'
fails 75 'Retry-After beyond the deadline is not waited for' put later
[ "$(requests moods | grep -c '^MKCOL /later')" -eq 1 ]
result $? 'nor shortened'
fails 75 'garbage for an answer is temporary' put garbage
fails 69 'an endless answer is cut off' put flood
has 'and said' .err 'too large'

# --- time -----------------------------------------------------------------------------------------
seconds() { # runs the rest, puts the time it took into $took
	start=$(date +%s)
	"$@"
	took=$(($(date +%s) - start))
}
config() { sed "s|^drop:|&\n  $1|" conf.yaml >"$2"; }
config 'deadline: 1s' deadline.yaml
seconds fails 75 'silence is ended by the deadline' drop-put -c deadline.yaml -s "webdav+$url/hanging" -n a <file
[ $took -le 4 ]
result $? 'in time'
seconds fails 75 'silence after the body, too' drop-put -c deadline.yaml -s "webdav+$url/silent" -n a <file
[ $took -le 10 ]
result $? 'in time'
requests moods | grep -q '^DELETE /silent/'
result $? 'and what was made is removed after it'
seconds fails 75 'an answer that drips is ended by the deadline' drop-put -c deadline.yaml -s "webdav+$url/drip" -n a <file
[ $took -le 4 ]
result $? 'in time'
seconds fails 75 'the deadline of who called' env TUBEPOST_DEADLINE=$(($(date +%s) + 2)) \
	drop-put -s "webdav+$url/hanging" -n a <file
[ $took -le 4 ]
result $? 'counts, too'
fails 75 'one that has passed' env TUBEPOST_DEADLINE=1 drop-put -s "webdav+$url/x" -n a <file
has 'leaves no time' .err 'no time left'
fails 78 'one that is none' env TUBEPOST_DEADLINE=soon drop-put -s "webdav+$url/x" -n a <file
sed 's/tries: 4/tries: 1\n  stall: 1s/' conf.yaml >stall.yaml
seconds fails 75 'a transfer that stalls' env TUBEPOST_DEADLINE=$(($(date +%s) + 20)) \
	drop-put -c stall.yaml -s "webdav+$url/drip" -n a <file
[ $took -le 15 ]
result $? 'is ended before the deadline'

# --- lost answers ---------------------------------------------------------------------------------
fails 75 'a move whose answer is lost, with an object of another size' put lost
requests moods | grep -q '^HEAD /lost/'
result $? 'the object is asked for'

# --- redirects ------------------------------------------------------------------------------------
server thief <<'S'
MKCOL * * answer 201
PUT * * answer 201
S
thief=$url
server home <<S
MKCOL /away/* * answer 307
  Location: $thief/away
MKCOL /near/* 1 answer 308
  Location: /moved/
MKCOL /round/* * answer 302
  Location: /round/x
MKCOL /file/* * answer 301
  Location: file:///etc/passwd
MKCOL * * answer 201
PUT /putaway/* * answer 307
  Location: $thief/file
PUT * * answer 201
MOVE * * answer 201
DELETE * * answer 204
S
ok 'another host may take part' put away
has 'it is asked' thief/log 'MKCOL /away'
hasnt 'without what we know' thief/log 'SESAME|[Aa]uthorization'
has 'our own is asked with it' home/log '^  Authorization: Bearer SESAME-42'
ok 'a body may go along' put putaway
has 'to another host' thief/log '> 2000000 bytes'
has 'with its type' thief/log '^  Content-Type: application/octet-stream'
hasnt 'and nothing else' thief/log 'SESAME|Authorization'
ok 'the same host' put near
[ "$(sed -n '/MKCOL \/moved\//,/>/p' home/log | grep -c 'Bearer SESAME-42')" -eq 1 ]
result $? 'gets the credentials'
fails 69 'a circle' put round
has 'is noticed' .err 'too many redirects'
fails 69 'not to files' put file
has 'said' .err 'redirected'

# From https to http: nginx with TLS sends us away.
if command -v nginx >/dev/null 2>&1 && command -v openssl >/dev/null 2>&1; then
	mkdir -p tmp
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
	TLS=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		Listen => 1)->sockport')
	cat >nginx.conf <<C
pid nginx.pid; error_log error.log;
events { worker_connections 64; }
http {
	access_log off; client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
	uwsgi_temp_path tmp; scgi_temp_path tmp;
	server { listen 127.0.0.1:$TLS ssl; ssl_certificate tls.crt; ssl_certificate_key tls.key;
		location / { return 307 $thief\$request_uri; } }
}
C
	nginx -p "$TRASH" -c "$TRASH/nginx.conf" -e "$TRASH/error.log" 2>/dev/null &&
		on_exit "kill \$(cat '$TRASH/nginx.pid')"
	: >thief/log
	config "ca_file: $TRASH/tls.crt" tls.yaml
	fails 69 'never from https to http' drop-put -c tls.yaml -s "webdav+https://localhost:$TLS/x" -n a <file
	has 'said' .err 'from https to http'
	[ ! -s thief/log ]
	result $? 'nothing was asked there'
else
	skip 'nginx or openssl is not installed' 'from https to http'
fi

# --- proxies --------------------------------------------------------------------------------------
ok "the environment's proxy is not used" env http_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 \
	drop-put -s "webdav+$url/proxy" -n a <file
config "proxy: $thief" proxy.yaml
: >thief/log
drop-put -c proxy.yaml -s "webdav+http://drop.invalid/proxy" -n a <file >.out 2>.err
has "the configuration's is" thief/log '^[0-9]+ MKCOL http://drop\.invalid/proxy/'
fails 75 'an unknown host may come back' drop-put -c deadline.yaml -s webdav+http://drop.invalid/x -n a <file

done_testing
