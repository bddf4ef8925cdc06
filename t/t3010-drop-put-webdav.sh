#!/bin/sh
# drop-put by WebDAV, into a real nginx.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-webdav.sh"
export TRASH
needs nginx curl openssl perl
module=
for m in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/share/nginx/modules; do
	[ -e "$m/ngx_http_dav_ext_module.so" ] && module=$m/ngx_http_dav_ext_module.so
done
nginx -V 2>&1 | grep -q with-http_dav_module || skip_all 'nginx has no WebDAV module'

# --- a server -------------------------------------------------------------------------------------
mkdir -p www/dav www/open www/small tmp logs
webdav_setup
printf 'wrong\n' >wrong
chmod 600 wrong
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
webdav_wait nginx

# --- uploads --------------------------------------------------------------------------------------
webdav_stores
ok 'a pipe' sh -c "cat file | drop-put --store '$DAV' --name a --base-url https://files.example.org/d"
has 'a published folder has its own links' .out '^https://files\.example\.org/d/[a-z2-7]{26}/a$'
[ -z "$(find www -name 'part-*')" ]
result $? 'no temporary file stays'
webdav_stores_once logs/access.log '"PUT '
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
