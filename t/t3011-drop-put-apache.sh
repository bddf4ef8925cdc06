#!/bin/sh
# drop-put by WebDAV, into a real Apache with mod_dav: what it answers otherwise than nginx.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-webdav.sh"
export TRASH
needs apache2 curl openssl perl
modules=
for m in /usr/lib/apache2/modules /usr/lib64/httpd/modules /usr/libexec/apache2; do
	[ -e "$m/mod_dav_fs.so" ] && modules=$m
done
[ -n "$modules" ] || skip_all 'Apache has no mod_dav_fs'

# --- a server -------------------------------------------------------------------------------------
mkdir -p www/dav/open run
webdav_setup
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
webdav_wait Apache

# --- uploads --------------------------------------------------------------------------------------
webdav_stores
has 'the folder was made where it was missing' access.log '^MKCOL /dav/drop/ 201$'
has 'and the file moved to its name' access.log '^MOVE /dav/drop/[a-z2-7]*/part-[a-z2-7]* 201$'
ok 'a pipe' sh -c "cat file | drop-put --store '$DAV' --name a"
webdav_stores_once access.log '^PUT '
# Each round is a race for a folder that none has made yet; Apache refuses the loser with 403.
bad=0
for round in 1 2 3 4 5; do
	puts=
	for i in 1 2 3 4 5 6; do
		drop-put --store "$DAV/round$round" --name same --key two <file >"u$i" 2>"e$i" &
		puts="$puts $!"
	done
	for pid in $puts; do wait "$pid" || bad=1; done
	for i in 2 3 4 5 6; do cmp -s u1 "u$i" || bad=1; done
	curl -sf "$(cat u1)" | cmp -s - file || bad=1
	cat e? >>.err
done
[ $bad -eq 0 ]
result $? 'six at once with one key agree, five times'
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
