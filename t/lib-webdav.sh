# For tests of drop-put with real WebDAV servers: what they serve with, and what each of them must do.
# shellcheck shell=sh

# A user `gate` and his password, a certificate (tls.crt, tls.key), two ports ($PORT, $TLS), settings
# (good.yaml), the store ($DAV), and a file to upload.
webdav_setup() {
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
	# shellcheck disable=SC2034 # for the script
	TLS=$2
	DAV=webdav+http://127.0.0.1:$PORT/dav/drop
	cat >good.yaml <<-C
		drop:
		  tries: 2
		  webdav:
		    user: gate
		    password_file: $TRASH/password
	C
	export TUBEPOST_CONFIG="$TRASH/good.yaml"
	head -c 3000000 /dev/urandom >file
}

webdav_wait() { # SERVER
	_tries=0
	until curl -s -o /dev/null "http://127.0.0.1:$PORT/"; do
		_tries=$((_tries + 1))
		[ $_tries -lt 100 ] || skip_all "$1 does not answer"
		sleep 0.1
	done
}

webdav_stores() {
	ok 'a file is stored' drop-put --store "$DAV" --name 'Résumé (1).pdf' <file
	cp .out url
	has 'and has a link' url "^http://127.0.0.1:$PORT/dav/drop/[a-z2-7]{26}/R%C3%A9sum%C3%A9%20%281%29.pdf\$"
	ok 'which anybody can load' curl -sf -o got "$(cat url)"
	same 'with the same bytes' got file
	ok 'an empty file' drop-put --store "$DAV/" --name empty </dev/null
	ok 'can be loaded' curl -sf -o got "$(cat .out)"
	[ ! -s got ]
	result $? 'and is empty'
}

webdav_stores_once() { # LOG WHAT-IT-SAYS-OF-AN-UPLOAD
	ok 'a key' drop-put --store "$DAV" --name a --key one <file
	cp .out first
	: >"$1"
	ok 'again' drop-put --store "$DAV" --name a --key one <file
	cp .out again
	same 'gives the same link' first again
	hasnt 'without a second upload' "$1" "$2"
	rm www/dav/drop/*/a
	ok 'and when the file is gone' drop-put --store "$DAV" --name a --key one <file
	cp .out again
	same 'it comes back' first again
	ok 'to load' curl -sf -o got "$(cat first)"
	_token=$(sed 's,/a$,,; s,.*/,,' first)
	echo other >"www/dav/drop/$_token/a"
	fails 75 'where another file stands, it is not overwritten' drop-put --store "$DAV" --name a --key one <file
	has 'but stays' "www/dav/drop/$_token/a" '^other$'
}
