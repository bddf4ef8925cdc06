#!/bin/sh
# drop-put by WebDAV, into a real nginx.
. "${0%/*}/test-lib.sh"
export TRASH
needs nginx curl openssl perl
module=
for m in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/share/nginx/modules; do
	[ -e "$m/ngx_http_dav_ext_module.so" ] && module=$m/ngx_http_dav_ext_module.so
done
nginx -V 2>&1 | grep -q with-http_dav_module || skip_all 'nginx has no WebDAV module'

# --- a server -------------------------------------------------------------------------------------
mkdir -p www/dav www/open www/small tmp logs
chmod 711 "$TRASH"
printf 'gate:%s\n' "$(openssl passwd -apr1 'p ss:wörd')" >users
printf 'p ss:wörd\n' >password
printf 'wrong\n' >wrong
chmod 600 password wrong
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
set -- $(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	Listen => 1) } 1, 2; print join " ", map { $_->sockport } @s')
PORT=$1
TLS=$2
user=
[ "$(id -u)" -ne 0 ] || user='user root;'
cat >nginx.conf <<C
${module:+load_module $module;}
$user
pid nginx.pid;
error_log logs/error.log;
worker_processes 2;
events { worker_connections 64; }
http {
	access_log logs/access.log;
	client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
	uwsgi_temp_path tmp; scgi_temp_path tmp;
	client_max_body_size 0;
	root www;
	dav_methods PUT DELETE MKCOL MOVE;
	dav_access user:rw group:r all:r;
	server {
		listen 127.0.0.1:$PORT;
		listen 127.0.0.1:$TLS ssl;
		server_name localhost;
		ssl_certificate tls.crt;
		ssl_certificate_key tls.key;
		location /dav/ {
			limit_except GET HEAD { auth_basic drop; auth_basic_user_file users; }
		}
		location /small/ { client_max_body_size 1k; }
		location /readonly/ { dav_methods off; }
	}
}
C
nginx -p "$TRASH" -c "$TRASH/nginx.conf" -e "$TRASH/logs/error.log" 2>.err || skip_all 'nginx does not start'
on_exit "kill \$(cat '$TRASH/nginx.pid')"
tries=0
until curl -s -o /dev/null "http://127.0.0.1:$PORT/"; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || skip_all 'nginx does not answer'
	sleep 0.1
done

cat >good.yaml <<C
drop:
  tries: 2
  webdav:
    user: gate
    password_file: $TRASH/password
C
export TUBEPOST_CONFIG="$TRASH/good.yaml"
head -c 3000000 /dev/urandom >file

# --- uploads --------------------------------------------------------------------------------------
DAV=webdav+http://127.0.0.1:$PORT/dav/drop
ok 'a file is stored' drop-put --store "$DAV" --name 'Résumé (1).pdf' <file
cp .out url
has 'and has a link' url "^http://127.0.0.1:$PORT/dav/drop/[a-z2-7]{26}/R%C3%A9sum%C3%A9%20%281%29.pdf\$"
ok 'which anybody can load' curl -sf -o got "$(cat url)"
same 'with the same bytes' got file
ok 'an empty file' drop-put --store "$DAV/" --name empty </dev/null
ok 'can be loaded' curl -sf -o got "$(cat .out)"
[ ! -s got ]
result $? 'and is empty'
ok 'a pipe' sh -c "cat file | drop-put --store '$DAV' --name a --base-url https://files.example.org/d"
has 'a published folder has its own links' .out '^https://files\.example\.org/d/[a-z2-7]{26}/a$'
[ -z "$(find www -name 'part-*')" ]
result $? 'no temporary file stays'
ok 'a key' drop-put --store "$DAV" --name a --key one <file
cp .out first
: >logs/access.log
ok 'again' drop-put --store "$DAV" --name a --key one <file
cp .out again
same 'gives the same link' first again
hasnt 'without a second upload' logs/access.log '"PUT '
rm www/dav/drop/*/a
ok 'and when the file is gone' drop-put --store "$DAV" --name a --key one <file
cp .out again
same 'it comes back' first again
ok 'to load' curl -sf -o got "$(cat first)"
token=$(sed 's,/a$,,; s,.*/,,' first)
echo other >"www/dav/drop/$token/a"
fails 75 'where another file stands, it is not overwritten' drop-put --store "$DAV" --name a --key one <file
has 'but stays' "www/dav/drop/$token/a" '^other$'
for i in 1 2 3 4 5 6; do
	drop-put --store "$DAV" --name same --key two <file >"u$i" 2>"e$i" &
	puts="$puts $!"
done
bad=0
for pid in $puts; do wait "$pid" || bad=1; done
for i in 2 3 4 5 6; do cmp -s u1 "u$i" || bad=1; done
cat e? >.err
[ $bad -eq 0 ] && curl -sf "$(cat u1)" | cmp -s - file
result $? 'six at once with one key agree'
[ -z "$(find www -name 'part-*')" ]
result $? 'and leave no temporary file'

# --- TLS ------------------------------------------------------------------------------------------
fails 69 'a certificate of nobody is refused' \
	drop-put --store "webdav+https://localhost:$TLS/dav/drop" --name a <file
has 'and said' .err 'certificate'
sed "s|^drop:|&\n  ca_file: $TRASH/tls.crt|" good.yaml >tls.yaml
ok 'with its authority it is fine' drop-put -c tls.yaml \
	--store "webdav+https://localhost:$TLS/dav/drop" --name a <file
ok 'and loads' curl -sf --cacert tls.crt -o got "$(cat .out)"
same 'the same bytes' got file
openssl req -x509 -newkey rsa:2048 -nodes -keyout o.key -out other.crt -days 2 -subj /CN=localhost \
	2>/dev/null
sed "s|^drop:|&\n  ca_file: $TRASH/other.crt|" good.yaml >other.yaml
fails 69 'another authority is refused' drop-put -c other.yaml \
	--store "webdav+https://localhost:$TLS/dav/drop" --name a <file

# --- errors ---------------------------------------------------------------------------------------
sed "s|/password|/wrong|" good.yaml >wrong.yaml
fails 77 'a wrong password is denied' drop-put -c wrong.yaml --store "$DAV" --name a <file
has 'said by code, without the secret' .err "answered 401\$"
hasnt 'the password is not said' .err 'wrong'
fails 77 'no password' drop-put -c /dev/null --store "$DAV" --name a <file
chmod 644 wrong
fails 78 'a password that others can read is refused' drop-put -c wrong.yaml --store "$DAV" --name a <file
fails 78 'a password in the URL is refused' drop-put --store "webdav+http://u:sesame@127.0.0.1:$PORT/dav" -n a
hasnt 'and not said' .err 'sesame'
fails 69 'too large for the server' drop-put --store "webdav+http://127.0.0.1:$PORT/small/x" --name a <file
has 'said by code' .err 'answered 413$'
[ -z "$(find www/small/x -mindepth 1)" ]
result $? 'leaves nothing'
fails 69 'a server without WebDAV there' drop-put --store "webdav+http://127.0.0.1:$PORT/readonly/" --name a <file
fails 69 'a collection whose parent is missing' drop-put --store "$DAV/x/y/z" --name a <file
kill "$(cat nginx.pid)"
tries=0
while curl -s -o /dev/null "http://127.0.0.1:$PORT/" && [ $tries -lt 100 ]; do
	tries=$((tries + 1))
	sleep 0.05
done
fails 75 'no server: temporary' drop-put --store "$DAV" --name a <file

done_testing
