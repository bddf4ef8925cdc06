#!/bin/sh
# drop-put by WebDAV, into a real Apache with mod_dav: what it answers otherwise than nginx.
. "${0%/*}/test-lib.sh"
export TRASH
needs apache2 curl openssl perl
modules=
for m in /usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/libexec/apache2; do
	[ -e "$m/mod_dav_fs.so" ] && modules=$m
done
[ -n "$modules" ] || skip_all 'Apache has no mod_dav_fs'

# --- a server -------------------------------------------------------------------------------------
mkdir -p www/dav/open run
chmod 711 "$TRASH"
printf 'gate:%s\n' "$(openssl passwd -apr1 'p ss:wörd')" >users
printf 'p ss:wörd\n' >password
chmod 600 password
openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
# shellcheck disable=SC2046 # two words are wanted
set -- $(perl -MIO::Socket::INET -e 'my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	Listen => 1) } 1, 2; print join " ", map { $_->sockport } @s')
PORT=$1
TLS=$2
# It does not serve as root.
user=
if [ "$(id -u)" -eq 0 ]; then
	user='User www-data
Group www-data'
	id www-data >/dev/null 2>&1 || skip_all 'there is no www-data for Apache to be'
	chown -R www-data:www-data www run
fi
{
	for m in mpm_event authn_core authn_file authz_core authz_user auth_basic dav dav_fs ssl \
		socache_shmcb; do
		[ ! -e "$modules/mod_$m.so" ] || echo "LoadModule ${m}_module $modules/mod_$m.so"
	done
	cat <<C
$user
ServerRoot $TRASH
ServerName localhost
PidFile $TRASH/run/apache.pid
DefaultRuntimeDir $TRASH/run
Mutex file:$TRASH/run
ErrorLog $TRASH/error.log
LogFormat "%m %U %>s" line
CustomLog $TRASH/access.log line
DavLockDB $TRASH/run/locks
Listen 127.0.0.1:$PORT
Listen 127.0.0.1:$TLS
DocumentRoot $TRASH/www
SSLSessionCache none
<VirtualHost 127.0.0.1:$TLS>
	SSLEngine on
	SSLCertificateFile $TRASH/tls.crt
	SSLCertificateKeyFile $TRASH/tls.key
</VirtualHost>
<Location /dav>
	Dav On
	AuthType Basic
	AuthName drop
	AuthBasicProvider file
	AuthUserFile $TRASH/users
	<LimitExcept GET HEAD>
		Require valid-user
	</LimitExcept>
</Location>
<Location /dav/small>
	LimitRequestBody 1000
</Location>
C
} >apache.conf
# The log module is built in or not, as the package likes it.
[ ! -e "$modules/mod_log_config.so" ] || sed -i "1i LoadModule log_config_module $modules/mod_log_config.so" apache.conf
[ ! -e "$modules/mod_unixd.so" ] || sed -i "1i LoadModule unixd_module $modules/mod_unixd.so" apache.conf
chmod 644 users
apache2 -f "$TRASH/apache.conf" 2>.err || skip_all "Apache does not start: $(head -n 1 .err)"
on_exit "kill \$(cat '$TRASH/run/apache.pid'); for i in 1 2 3 4 5 6 7 8 9 10; do [ -e '$TRASH/run/apache.pid' ] && sleep 0.1; done"
tries=0
until curl -s -o /dev/null "http://127.0.0.1:$PORT/"; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || skip_all 'Apache does not answer'
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
has 'the folder was made where it was missing' access.log '^MKCOL /dav/drop/ 201$'
has 'and the file moved to its name' access.log '^MOVE /dav/drop/[a-z2-7]*/part-[a-z2-7]* 201$'
ok 'an empty file' drop-put --store "$DAV/" --name empty </dev/null
ok 'can be loaded' curl -sf -o got "$(cat .out)"
[ ! -s got ]
result $? 'and is empty'
ok 'a pipe' sh -c "cat file | drop-put --store '$DAV' --name a"
ok 'a key' drop-put --store "$DAV" --name a --key one <file
cp .out first
: >access.log
ok 'again' drop-put --store "$DAV" --name a --key one <file
cp .out again
same 'gives the same link' first again
hasnt 'without a second upload' access.log '^PUT '
rm www/dav/drop/*/a
ok 'and when the file is gone' drop-put --store "$DAV" --name a --key one <file
cp .out again
same 'it comes back' first again
ok 'to load' curl -sf -o got "$(cat first)"
token=$(sed 's,/a$,,; s,.*/,,' first)
echo other >"www/dav/drop/$token/a"
fails 75 'where another file stands, it is not overwritten' drop-put --store "$DAV" --name a --key one <file
has 'but stays' "www/dav/drop/$token/a" '^other$'
puts=
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
result $? 'and no temporary file stays'
sed "s|^drop:|&\n  ca_file: $TRASH/tls.crt|" good.yaml >tls.yaml
ok 'over TLS' drop-put -c tls.yaml --store "webdav+https://localhost:$TLS/dav/drop" --name a <file
ok 'as well' curl -sf --cacert tls.crt -o got "$(cat .out)"
same 'the same bytes' got file

# --- errors ---------------------------------------------------------------------------------------
fails 77 'no password' drop-put -c /dev/null --store "$DAV" --name a <file
has 'said by code' .err 'answered 401$'
fails 69 'too large for the server' drop-put --store "webdav+http://127.0.0.1:$PORT/dav/small" --name a <file
has 'said by code' .err 'answered 413$'
fails 69 'a server without WebDAV there' drop-put --store "webdav+http://127.0.0.1:$PORT/" --name a <file
fails 69 'a collection whose parent is missing' drop-put --store "$DAV/x/y/z" --name a <file
has 'said by code' .err 'making a collection: .*answered 409$'
[ -z "$(find www -name 'part-*')" ]
result $? 'nothing of them stays'

done_testing
