# Real mail programs for the tests of t5*: Exim, Postfix, procmail, maildrop, and nginx to publish a
# store. Sourced after test-lib.sh. Everything they write is below $MTA; servers listen on free
# ports of the loopback interface, and mta_stop ends them. The configurations are those of
# share/examples, which the manual shows.
# shellcheck shell=sh
# shellcheck disable=SC2034 # variables for the tests
#
# The mail programs run the filters as $MTA_USER, not as root: that is how it is done in the field,
# so the tools are copied into $MTA/bin, as the build tree may lie below a home folder closed to
# that user.

MTA_USER=daemon
MTA_GROUP=daemon
MTA=
# Which configurations of share/examples are run.
EXIM_EXAMPLE=exim.conf
POSTFIX_EXAMPLE=postfix
PROCMAIL_EXAMPLE=procmailrc
MAILDROP_EXAMPLE=mailfilter
# No mail program tries again by itself while a test is changing the scene: the tests ask for each
# attempt.
MTA_RETRY=1h
EXIM_PID=
NGINX_PID=

# Skips the whole script unless root runs it and every program named is here.
mta_need() {
	if test "$(id -u)" -ne 0
	then
		skip_all 'real mail programs are started by root only'
	fi
	for need_program
	do
		if ! mta_program "$need_program" >/dev/null
		then
			skip_all "$need_program is not installed (./bootstrap deps installs it)"
		fi
	done
}

# Where a program is; Exim may be the one that bootstrap unpacked.
mta_program() {
	for program_path in "$(command -v "$1")" "/usr/sbin/$1" "/usr/lib/postfix/sbin/$1" \
		"/var/cache/tubepost/exim4-heavy/usr/sbin/$1" "/var/cache/tubepost/exim4/usr/sbin/$1"
	do
		if test -x "$program_path"
		then
			printf '%s\n' "$program_path"
			return 0
		fi
	done
	return 1
}

# wait_until SECONDS COMMAND...: polls every tenth of a second.
wait_until() {
	wait_left=$(($1 * 10))
	shift
	until "$@"
	do
		wait_left=$((wait_left - 1))
		test "$wait_left" -gt 0 || return 1
		sleep 0.1
	done
}

# free_ports N: that many TCP ports nobody listens on, in a line. All are held until all are known.
free_ports() {
	perl -MIO::Socket::INET -e '
		my @s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1", LocalPort => 0) or die $! } 1 .. shift;
		print join(" ", map { $_->sockport } @s), "\n"' "$1"
}

is_listening() {
	perl -MIO::Socket::INET -e 'exit !IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => shift)' "$1"
}

# Makes $MTA with a copy of the tools, the store, the state and the configuration, all usable by
# $MTA_USER. The folder lies in the test's own when every folder above is open to other users, else
# in the system's.
mta_setup() {
	on_exit mta_stop
	chmod 711 "$TRASH"
	if ! mta_folders
	then
		echo 'not ok - the mail programs have no tools to run'
		exit 99
	fi
}

mta_folders() {
	mta_above=$TRASH
	MTA=$TRASH/mta
	while test "$mta_above" != /
	do
		case $(stat -c %A "$mta_above") in
		?????????[xt]) ;;
		*) MTA= ;;
		esac
		mta_above=${mta_above%/*}
		mta_above=${mta_above:-/}
	done
	if test -n "$MTA"
	then
		mkdir "$MTA"
	else
		MTA=$(mktemp -d /tmp/tubepost-mta.XXXXXX)
	fi
	mkdir "$MTA/bin" "$MTA/libexec" "$MTA/tmp" "$MTA/state" "$MTA/store" "$MTA/mail" "$MTA/log" &&
	chmod 755 "$MTA" "$MTA"/* && chmod 1777 "$MTA/tmp" &&
	cp "$BIN/detach-upload" "$BIN/link-inject" "$MTA/bin" &&
	for mta_tool in drop-put greylist-check
	do
		if test -x "$BIN/$mta_tool"; then cp "$BIN/$mta_tool" "$MTA/bin"; fi
	done &&
	STORE=$MTA/store
	TUBEPOST_CONFIG=$MTA/config.yaml
	STATE=$MTA/state
	unset TUBEPOST_STATE
	export TUBEPOST_CONFIG
	BASE_URL=file://$STORE/t
	store_up &&
	mta_config postfix-filter "$MTA/libexec/postfix-filter" && chmod 755 "$MTA/libexec/postfix-filter" &&
	mta_deliver_script && chown -R "$MTA_USER:$MTA_GROUP" "$MTA/state" "$MTA/store" "$MTA/mail" "$MTA/log"
}

# Delivers stdin into the maildir "pipe", for the pipe transport.
mta_deliver_script() {
	cat >"$MTA/libexec/deliver" <<-DELIVER
		#!/bin/sh
		box=$MTA/mail/pipe
		mkdir -p "\$box/tmp" "\$box/new" && cat >"\$box/tmp/\$\$" && mv "\$box/tmp/\$\$" "\$box/new/\$\$" || exit 75
	DELIVER
	chmod 755 "$MTA/libexec/deliver"
}

# The store works, or its folder cannot be made because a file is in the way (permissions do not
# stop root).
store_up() {
	mta_yaml "dir:$STORE"
}

store_down() {
	: >"$MTA/not-a-folder"
	mta_yaml "dir:$MTA/not-a-folder/store"
}

mta_yaml() {
	printf 'state: "%s"\ndrop:\n  store: "%s"\n  base_url: "%s"\n' "$STATE" "$1" "$BASE_URL" >"$TUBEPOST_CONFIG"
}

# mta_config EXAMPLE FILE: writes the example with its placeholders filled.
mta_config() {
	sed -e "s|@EXIM@|${EXIM-}|g" -e "s|@DIR@|${CONF_DIR:-$MTA}|g" -e "s|@BINDIR@|$MTA/bin|g" \
		-e "s|@LIBEXEC@|$MTA/libexec|g" -e "s|@CONFIG@|$TUBEPOST_CONFIG|g" \
		-e "s|@EXIM_USER@|${EXIM_USER-}|g" -e "s|@EXIM_GROUP@|${EXIM_USER-}|g" \
		-e "s|@PORT@|${SMTP_PORT-}|g" -e "s|@SINK_PORT@|${SINK_PORT-}|g" \
		-e "s|@SMTP@|127.0.0.1:${SMTP_PORT-}|g" -e "s|@SUBMISSION@|127.0.0.1:${SUBMISSION_PORT-}|g" \
		-e "s|@TLS@|none|g" -e "s|@FILTER_USER@|${FILTER_USER-$MTA_USER}|g" \
		-e "s|@SETGID_GROUP@|mail|g" -e "s|@USER@|$MTA_USER|g" -e "s|@GROUP@|$MTA_GROUP|g" -e "s|@DELIVER@|$MTA/libexec/deliver|g" \
		-e "s|@UID@|$(id -u "$MTA_USER")|g" -e "s|@GID@|$(id -g "$MTA_USER")|g" \
		-e "s|@SOCKET@|${GREY_SOCKET-}|g" -e "s|@MAILDIR@|$MTA/mail/box/|g" -e "s|@RETRY@|$MTA_RETRY|g" "$SRC/share/examples/$1" >"$2" &&
	! grep -n '^[^#]*@[A-Z_]*@' "$2"
}

# ---- Exim ----------------------------------------------------------------------------------------

# Starts the listener; with exim.conf it only queues, exim_run delivers. EXIM_EXAMPLE is another example.
exim_start() {
	EXIM=$(mta_program exim4)
	EXIM_USER=Debian-exim
	CONF_DIR=$MTA/exim
	ports=$(free_ports 2)
	SMTP_PORT=${ports% *}
	SINK_PORT=${ports#* }
	mkdir "$CONF_DIR" "$CONF_DIR/spool" "$CONF_DIR/log" &&
	chown -R "$EXIM_USER:$EXIM_USER" "$CONF_DIR" &&
	ln -s ../mail "$CONF_DIR/mail" &&
	mta_config "$EXIM_EXAMPLE" "$CONF_DIR/exim.conf" || return 1
	TMPDIR=$MTA/tmp "$EXIM" -C "$CONF_DIR/exim.conf" -bdf </dev/null >"$CONF_DIR/stdout" 2>&1 &
	EXIM_PID=$!
	wait_until 20 is_listening "$SMTP_PORT"
}

exim_command() {
	TMPDIR=$MTA/tmp "$EXIM" -C "$CONF_DIR/exim.conf" "$@"
}

# One attempt at every mail in the queue, finished when this returns. What failed is in the log.
exim_run() {
	exim_command -qff >>"$CONF_DIR/run" 2>&1
}

exim_queue() {
	exim_command -bpc
}

exim_stop() {
	if test -n "$EXIM_PID"
	then
		kill "$EXIM_PID" 2>/dev/null
		wait "$EXIM_PID" 2>/dev/null
		EXIM_PID=
	fi
}

# ---- Postfix -------------------------------------------------------------------------------------

# postdrop is set-gid, and obeys a configuration that is not the machine's only when its caller has
# that very group. pipe(8) gives no filter the group of setgid_group: so that is another one here,
# and the folders are handed over. POSTFIX_EXAMPLE names other examples than postfix-{main,master}.cf.
postfix_start() {
	ports=$(free_ports 2)
	SMTP_PORT=${ports% *}
	SUBMISSION_PORT=${ports#* }
	FILTER_USER=$MTA_USER:postdrop
	CONF_DIR=$MTA/postfix
	mkdir "$CONF_DIR" "$CONF_DIR/etc" "$CONF_DIR/queue" "$CONF_DIR/data" && ln -s ../mail "$CONF_DIR/mail" &&
	chown postfix "$CONF_DIR/data" &&
	chmod 755 "$CONF_DIR" "$CONF_DIR/etc" "$CONF_DIR/queue" &&
	mta_config "$POSTFIX_EXAMPLE-main.cf" "$CONF_DIR/etc/main.cf" &&
	mta_config "$POSTFIX_EXAMPLE-master.cf" "$CONF_DIR/etc/master.cf" &&
	mta_config postfix-filter "$MTA/libexec/postfix-filter" &&
	postfix_command start >"$CONF_DIR/stdout" 2>&1 </dev/null &&
	chgrp postdrop "$CONF_DIR/queue/maildrop" "$CONF_DIR/queue/public" &&
	wait_until 20 is_listening "$SMTP_PORT"
}

postfix_command() {
	TMPDIR=$MTA/tmp MAIL_CONFIG=$CONF_DIR/etc postfix -c "$CONF_DIR/etc" "$@"
}

# How many mails are in the queue, in whatever state.
postfix_queue() {
	postqueue -c "$CONF_DIR/etc" -j | wc -l
}

# Has every mail of the queue tried now. The answer comes later: wait for postfix_deferred_past or
# the mailbox.
postfix_flush() {
	postqueue -c "$CONF_DIR/etc" -f
}

# How many attempts were put off, by the log.
postfix_deferred() {
	grep -c 'status=deferred' "$CONF_DIR/maillog"
}

postfix_deferred_past() {
	test "$(postfix_deferred)" -gt "$1"
}

postfix_stop() {
	if test -n "${CONF_DIR-}" && test -f "$CONF_DIR/queue/pid/master.pid"
	then
		postfix_command stop >/dev/null 2>&1
	fi
}

# ---- procmail and maildrop -----------------------------------------------------------------------

# Both run as the user the mail is for, with the message on stdin; they exit 75 when the mail is to
# be kept.
as_mta_user() {
	perl -e '
		my $user = shift; my ($uid, $gid) = (getpwnam $user)[2, 3];
		$( = $gid; $) = "$gid $gid"; $< = $> = $uid;
		exec @ARGV or exit 127' "$MTA_USER" "$@"
}

procmail_run() {
	test -f "$MTA/procmailrc" || mta_config "$PROCMAIL_EXAMPLE" "$MTA/procmailrc" || return 1
	(cd "$MTA" && as_mta_user env TMPDIR="$MTA/tmp" procmail -m \
		TUBEPOST_CONFIG="$TUBEPOST_CONFIG" "$MTA/procmailrc") <"$1"
}

maildrop_run() {
	if ! test -f "$MTA/mailfilter"
	then
		mta_config "$MAILDROP_EXAMPLE" "$MTA/mailfilter" && chown "$MTA_USER:$MTA_GROUP" "$MTA/mailfilter" &&
		chmod 600 "$MTA/mailfilter" || return 1
	fi
	# maildrop delivers only into a maildir that is there.
	as_mta_user mkdir -p "$MTA/mail/box/tmp" "$MTA/mail/box/new" "$MTA/mail/box/cur" || return 1
	(cd "$MTA" && as_mta_user env TMPDIR="$MTA/tmp" HOME="$MTA" maildrop "$MTA/mailfilter") <"$1"
}

# ---- mail and links ------------------------------------------------------------------------------

# smtp_send PORT FROM TO FILE: 0 when the server has taken the mail. Line endings become CRLF on the
# wire.
smtp_send() {
	perl -MIO::Socket::INET -e '
		my ($port, $from, $to, $file) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 30) or die "smtp: $!\n";
		sub answer {
			my $l;
			do { defined($l = <$s>) or die "smtp: the server hung up\n" } while $l =~ /^\d{3}-/;
			$l =~ /^[23]/ or die "smtp: $l";
		}
		answer();
		for my $c ("EHLO client.test", "MAIL FROM:<$from>", (map { "RCPT TO:<$_>" } split /,/, $to), "DATA") {
			print $s "$c\r\n"; answer();
		}
		open my $f, "<:raw", $file or die "smtp: $file: $!\n";
		while (<$f>) { s/\r?\n?\z/\r\n/; s/^\./../; print $s $_ }
		print $s ".\r\n"; answer();
		print $s "QUIT\r\n"; answer();' "$@"
}

# mail_count BOX: how many mails have arrived.
mail_count() {
	find "$MTA/mail/$1/new" -type f 2>/dev/null | wc -l
}

has_mail() {
	test "$(mail_count "$1")" -eq "${2:-1}"
}

# mail_file BOX: the one mail in it.
mail_file() {
	find "$MTA/mail/$1/new" -type f
}

box_empty() {
	rm -f "${MTA:?}/mail/$1/new"/*
}

# make_mail FILE SUBJECT [FILE TO ATTACH]...: a mail from a user's program, one text part, then the
# files.
make_mail() {
	perl -MMIME::Base64 -e '
		my ($out, $subject, @files) = @ARGV;
		open my $m, ">:raw", $out or die "$out: $!\n";
		print $m "From: Alice <alice\@sender.test>\nTo: Bob <bob\@local.test>\nSubject: $subject\n",
			"Date: Fri, 01 Jul 2005 10:00:00 +0200\nMessage-ID: <", $subject =~ s/\W+/-/gr, "\@sender.test>\n",
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"=_frontier\"\n\n",
			"This is a mail in MIME format.\n",
			"--=_frontier\nContent-Type: text/plain; charset=us-ascii\n\nHello Bob,\n.dots\n\nFrom here on, files.\n-- \nAlice\n";
		for (@files) {
			open my $f, "<:raw", $_ or die "$_: $!\n";
			my $name = s,.*/,,r;
			print $m "--=_frontier\nContent-Type: application/octet-stream; name=\"$name\"\n",
				"Content-Disposition: attachment; filename=\"$name\"\nContent-Transfer-Encoding: base64\n\n";
			print $m encode_base64($_) while read $f, $_, 57 * 1000;
		}
		print $m "--=_frontier--\n"' "$@"
}

# mail_links FILE: every link in its text/plain parts, decoded, a line each.
mail_links() {
	perl -MMIME::Base64 -MMIME::QuotedPrint -0777 -ne '
		my @b = /boundary="?([^"\s;]+)"?/gi;
		my $b = join "|", map { quotemeta } @b;
		for my $p (@b ? split(/^--(?:$b)(?:--)?[ \t]*\r?$/m, $_) : $_) {
			my ($h, $t) = $p =~ /\A\s*(.*?)\r?\n\r?\n(.*)\z/s or next;
			next if $h =~ /^Content-Type:\s*+(?!text\/plain)/mi;
			$t = decode_qp($t) if $h =~ /^Content-Transfer-Encoding:\s*quoted-printable/mi;
			$t = decode_base64($t) if $h =~ /^Content-Transfer-Encoding:\s*base64/mi;
			print "$_\n" for $t =~ m{\b((?:https?|file)://[^\s<>"]+)}g;
		}' "$1"
}

# links_give MAIL FILE...: the links of the mail, in their order, return the bytes of these files,
# and there are no others.
links_give() {
	links_mail=$1
	shift
	mail_links "$links_mail" >"$MTA/links"
	test "$(wc -l <"$MTA/links")" -eq $# || {
		echo "# $(wc -l <"$MTA/links") links for $# files"
		return 1
	}
	while read -r link_url
	do
		if ! curl -sSf --max-time 60 -o "$MTA/download" "$link_url" || ! cmp "$MTA/download" "$1"
		then
			echo "# $link_url does not give $1"
			return 1
		fi
		shift
	done <"$MTA/links"
}

# store_holds N: N contents, N names, and nothing half written.
store_holds() {
	test "$(find "$STORE/t" -type f 2>/dev/null | wc -l)" -eq "$1" &&
	test "$(find "$STORE/blob" -type f 2>/dev/null | wc -l)" -eq "$1"
}

# The arrived mail is the sent one, but for the header lines that mail programs put above it.
is_sent_mail() {
	tail -c "$(wc -c <"$2")" "$1" | cmp - "$2" || return 1
	head -c "-$(wc -c <"$2")" "$1" >"$MTA/above"
	! grep -nEv '^(Return-[Pp]ath|Received|Envelope-to|Delivery-date|Delivered-To|X-Original-To): |^[[:blank:]]' \
		"$MTA/above"
}

# ---- a filter that misbehaves --------------------------------------------------------------------

# bad_filter TOOL missing|killed|half|cut|empty|fails: the next runs of that tool go wrong;
# good_filter puts it back.
HARMS='killed half cut missing fails empty'
bad_filter() {
	spoil "$MTA/bin/$1" "$2"
}

good_filter() {
	mend "$MTA/bin/$1"
}

bad_wrapper() {
	spoil "$MTA/libexec/postfix-filter" "$1"
}

good_wrapper() {
	mend "$MTA/libexec/postfix-filter"
}

spoil() {
	mv "$1" "$1.good" || return 1
	case $2 in
	missing) return ;;
	killed) bad_body='cat >/dev/null; kill -9 $$' ;;
	half) bad_body='head -c 2000; cat >/dev/null; kill -9 $$' ;;
	cut) bad_body='head -c 2000; cat >/dev/null; exit 75' ;;
	empty) bad_body='cat >/dev/null; exit 75' ;;
	fails) bad_body='exit 1' ;;
	*) return 1 ;;
	esac
	printf '#!/bin/sh\n%s\n' "$bad_body" >"$1" && chmod 755 "$1"
}

mend() {
	mv -f "$1.good" "$1"
}

# ---- a web server over the store -----------------------------------------------------------------

# Publishes $STORE/t as any web server would, as a user of its own: the store must leave what others
# can read.
http_start() {
	HTTP_PORT=$(free_ports 1)
	BASE_URL=http://127.0.0.1:$HTTP_PORT
	mkdir "$MTA/nginx" && cat >"$MTA/nginx/conf" <<-NGINX
		daemon off;
		user www-data;
		worker_processes 1;
		pid $MTA/nginx/pid;
		error_log $MTA/nginx/error.log;
		events { worker_connections 64; }
		http {
			access_log off;
			client_body_temp_path $MTA/nginx/body;
			proxy_temp_path $MTA/nginx/proxy;
			fastcgi_temp_path $MTA/nginx/fastcgi;
			uwsgi_temp_path $MTA/nginx/uwsgi;
			scgi_temp_path $MTA/nginx/scgi;
			server { listen 127.0.0.1:$HTTP_PORT; root $STORE/t; }
		}
	NGINX
	"$(mta_program nginx)" -p "$MTA/nginx" -c "$MTA/nginx/conf" >"$MTA/nginx/stdout" 2>&1 </dev/null &
	NGINX_PID=$!
	store_up
	wait_until 20 is_listening "$HTTP_PORT"
}

http_stop() {
	if test -n "$NGINX_PID"
	then
		kill "$NGINX_PID" 2>/dev/null
		wait "$NGINX_PID" 2>/dev/null
		NGINX_PID=
	fi
}

# Runs when the test ends, whatever happened.
mta_stop() {
	exim_stop
	postfix_stop
	http_stop
	case $MTA in
	''|"$TRASH"/*) ;;
	*) rm -rf "$MTA" ;;
	esac
}

# ---- what every chain sends ----------------------------------------------------------------------

# big.pdf and photo.bin, 25 MB together, and small.bin, in the test's folder: random, so that no two
# are alike.
chain_files() {
	head -c 17000000 /dev/urandom >big.pdf &&
	head -c 8000003 /dev/urandom >photo.bin &&
	head -c 30000 /dev/urandom >small.bin
}

# make_signed FILE ATTACHMENT: the mail of make_mail inside multipart/signed, which nothing may
# change.
make_signed() {
	make_mail "$1.inner" 'signed' "$2" && {
		printf 'From: Alice <alice@sender.test>\nTo: Bob <bob@local.test>\nSubject: signed\n'
		printf 'Date: Fri, 01 Jul 2005 10:00:00 +0200\nMessage-ID: <signed@sender.test>\nMIME-Version: 1.0\n'
		printf 'Content-Type: multipart/signed; micalg=pgp-sha256; boundary=outer;\n'
		printf '\tprotocol="application/pgp-signature"\n\n--outer\n'
		sed -n '/^Content-Type: multipart/,$p' "$1.inner"
		printf '%s\n' '--outer' 'Content-Type: application/pgp-signature; name=signature.asc' ''
		printf '%s\n' '-----BEGIN PGP SIGNATURE-----' '' 'iQ==' '-----END PGP SIGNATURE-----' '--outer--'
	} >"$1"
}

store_empty() {
	rm -rf "${STORE:?}"/* "${STATE:?}"/*
}
