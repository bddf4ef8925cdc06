#!/bin/sh
# A state that is locked, full, unreadable, damaged or of a later version: mail flows, and the log says
# why; or it waits, where the site wants that. Nothing damages the state.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
needs sqlite3

trouble() { # WHAT ARGUMENTS: the state in `box/s` is unusable
	_what=$1
	shift
	at 0 --state box/s --always --ip 192.0.2.1 --sender a@b.example "$@"
	says "$_what: passes" '250 pass: no-state'
	has 'the reason is told' .err '^greylist-check: passed without its state: '
	at 0 --state box/s --always --ip 192.0.2.1 --sender a@b.example --on-error=defer "$@"
	[ $code -eq 75 ] && [ ! -s .said ]
	result $? "$_what: waits with --on-error=defer, without a word"
	printf 'greylist: {on_error: defer}\n' >defer.yaml
	at 0 -c defer.yaml --state box/s --always --ip 192.0.2.1 --sender a@b.example "$@"
	[ $code -eq 75 ] && [ ! -s .said ]
	result $? "$_what: and as the configuration says"
	ask 0 client_address=192.0.2.1 sender=a@b.example -- --state box/s --always "$@"
	answers "$_what: Postfix is told to go on" dunno
	ask 0 client_address=192.0.2.1 sender=a@b.example -- --state box/s --always --on-error=defer "$@"
	[ ! -s .answer ] && [ $code -ne 0 ]
	result $? "$_what: or nothing, so that it defers by itself"
	at 0 --learn --state box/s --sender us@b.example --rcpt a@x.example "$@"
	says "$_what: outgoing mail leaves" '250 pass: no-state'
	has 'though nothing was learned, which is told' .err '^greylist-check: not learned: '
	ask 0 client_address=192.0.2.1 sender=us@b.example recipient=a@x.example sasl_username=us -- \
		--learn --always --state box/s "$@"
	answers "$_what: from a policy service, too" dunno
	for _learn in '' sasl_username=us; do
		ask 0 client_address=192.0.2.1 sender=a@b.example recipient=a@x.example $_learn -- \
			--learn --always --on-error=defer --state box/s "$@"
		[ ! -s .answer ] && [ $code -ne 0 ]
		result $? "$_what: with --learn, or nothing ($_learn)"
	done
}

mkdir box
printf 'this is no database, and it is longer than the header of one would have to be, so it is not taken for an empty file' >box/s
cp box/s was
trouble 'no database'
same 'which stays what it is' was box/s
rm -rf box
: >box
trouble 'no folder'
rm box
mkdir box
at 0 --state box/s --always --ip 192.0.2.1 --sender a@b.example
sqlite3 box/s 'PRAGMA user_version=99'
trouble 'a later version'
has 'says so' .err 'made by a later version of tubepost'
sqlite3 box/s 'PRAGMA user_version=1'
at 200 --state box/s --always --ip 192.0.2.1 --sender a@b.example
says 'and is whole afterwards' '250 pass: waited'

# --- unreadable -----------------------------------------------------------------------------------
# Root may read all: the tool is run by somebody who may not.
rm -rf box
if [ "$(id -u)" -eq 0 ]; then
	mkdir open open/box
	chmod 711 "$TRASH" open
	cp "$BIN/greylist-check" open/tool
	cat >open/nobody <<-END
		#!/bin/sh
		exec perl -e '\$( = 65534; \$) = "65534 65534"; \$< = \$> = 65534; exec @ARGV or exit 127' '$TRASH/open/tool' "\$@"
	END
	chmod -R 755 open
	other() { # SECONDS ARGUMENTS
		_at=$1
		shift
		(cd open && TUBEPOST_NOW=$((T0 + _at)) ./nobody --state box/s --always --ip 192.0.2.1 \
			--sender a@b.example "$@") </dev/null >.said 2>.err
		code=$?
		said=$(head -n 1 .said)
	}
	unreadable() { # WHAT REASON
		other 0
		says "$1: passes" '250 pass: no-state'
		has 'the reason is told' .err "$2"
		other 0 --on-error=defer
		[ $code -eq 75 ] && [ ! -s .said ]
		result $? "$1: or waits"
	}
	unreadable 'a folder where nobody may write' '^greylist-check: passed without its state: opening box/s: Permission denied$'
	at 0 --state open/box/s --always --ip 192.0.2.1 --sender a@b.example
	chmod 600 open/box/*
	unreadable 'a file that nobody may read' '^greylist-check: passed without its state: .*box/s: Permission denied$'
	chmod 644 open/box/*
	unreadable 'a file that may only be read' '^greylist-check: passed without its state: opening box/s: Permission denied$'
	chown -R 65534 open/box
	chmod 700 open/box
	chmod 600 open/box/*
	other 130
	says 'given back, nothing was lost' '250 pass: waited'
else
	skip 'only root can be somebody else' 'an unreadable state'
fi

# --- locked ---------------------------------------------------------------------------------------
rm -rf box
mkdir box
at 0 --state box/s --always --ip 192.0.2.1 --sender a@b.example
mkfifo hold
sqlite3 box/s <hold >held 2>&1 &
holder=$!
on_exit "kill $holder 2>/dev/null"
exec 3>hold
echo 'BEGIN IMMEDIATE; INSERT INTO entry VALUES (1, "k", 0, 0, 0, 0, 0, 9, 0); SELECT "locked";' >&3
for _i in $(seq 300); do
	grep -q locked held && break
	sleep 0.1
done
at 0 --state box/s --always --ip 192.0.2.2 --sender other@b.example
says 'locked for too long: passes' '250 pass: no-state'
has 'the reason is told' .err 'database is locked'
at 100000 --state box/s --ip 192.0.2.2 --sender other@b.example
says 'without a doubt nobody asks the state' '250 pass: no-doubt'
echo 'ROLLBACK;' >&3
exec 3>&-
wait $holder
at 130 --state box/s --always --ip 192.0.2.1 --sender a@b.example
says 'free again, nothing was lost' '250 pass: waited'

# --- full -----------------------------------------------------------------------------------------
rm -rf box
mkdir box
at 0 --state box/s --always --ip 192.0.2.1 --sender a@b.example
# A file that may not grow is as good as a full disk.
(ulimit -f 1 && at 0 --state box/s --always --ip 192.0.2.3 --sender full@b.example
	[ "$said" = '250 pass: no-state' ] && [ $code -eq 0 ] && grep -q 'passed without its state' .err)
result $? 'a full disk: passes'
(ulimit -f 1 && at 0 --on-error=defer --state box/s --always --ip 192.0.2.3 --sender full@b.example
	[ -z "$said" ] && [ $code -eq 75 ])
result $? 'or waits'
[ "$(sqlite3 box/s 'PRAGMA integrity_check')" = ok ]
result $? 'the state is whole'
at 130 --state box/s --always --ip 192.0.2.1 --sender a@b.example
says 'and works when there is room' '250 pass: waited'

# --- replaced under a service that lives on -------------------------------------------------------
mkdir live
mkfifo to from
TUBEPOST_NOW=$T0 greylist-check --policy --always --state live/s <to >from 2>policy.err &
pid=$!
on_exit "kill $pid 2>/dev/null"
exec 3>to 4<from
answer() { # SENDER
	printf 'request=smtpd_access_policy\nclient_address=192.0.2.1\nsender=%s@b.example\n\n' "$1" >&3
	read -r action <&4
	read -r _ <&4
}
answer a
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'a policy service'
known_to_others() { # WHAT SENDER: what the service said stands in the file that is there now
	at 60 --state live/s --always --ip 192.0.2.1 --sender "$2@b.example"
	says "$1" '421 throttle: early'
}
known_to_others 'what it remembers is there for others' a
rm live/s live/s-wal live/s-shm
answer b
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'the state is removed'
known_to_others 'it writes to a new one' b
at 0 --state live/new --always --ip 192.0.2.1 --sender c@b.example
rm live/s-wal live/s-shm
sqlite3 live/new 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
mv live/new live/s
rm -f live/new-wal live/new-shm
answer d
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'another is put in its place'
known_to_others 'it writes to that' d
known_to_others 'which has kept what it held' c
mv live away
answer e
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ] && [ -e live/s ]
result $? 'the folder is moved away: it makes another'
mv live/s live/s.away
mkdir live/s
answer f
[ "$action" = 'action=dunno' ]
result $? 'what is no file passes'
rmdir live/s
mv live/s.away live/s
answer f
[ "$action" = 'action=450 4.7.1 throttle: firsttry' ]
result $? 'and put back it is used again'
exec 3>&-
wait $pid
result $? 'it ends with its connection'
for db in live/s away/s; do
	[ "$(sqlite3 $db 'PRAGMA integrity_check')" = ok ]
	result $? "$db is whole"
done

# --- killed ---------------------------------------------------------------------------------------
at 0 --state box/k --always --ip 192.0.2.1 --sender a@b.example
for _i in $(seq 30); do
	TUBEPOST_NOW=$T0 greylist-check --state box/k --always --ip "192.0.$_i.1" --sender k@b.example </dev/null >/dev/null 2>&1 &
	pid=$!
	kill -9 $pid
	wait $pid 2>/dev/null
done
[ "$(sqlite3 box/k 'PRAGMA integrity_check')" = ok ]
result $? 'thirty processes killed: the state is whole'
at 130 --state box/k --always --ip 192.0.2.1 --sender a@b.example
says 'and lost nothing' '250 pass: waited'

# --- the clock goes back --------------------------------------------------------------------------
at 0 --state box/c --always --ip 192.0.2.1 --sender c@b.example
at -30 --state box/c --always --ip 192.0.2.1 --sender c@b.example
says 'half a minute back' '421 throttle: early'
at 120 --state box/c --always --ip 192.0.2.1 --sender c@b.example
says 'does not move first-seen' '250 pass: waited'
at 864000 --state box/c --always --ip 192.0.2.1 --sender d@b.example
at 0 --state box/c --always --ip 192.0.2.1 --sender d@b.example
says 'ten days back: begins anew' '421 throttle: firsttry'
at 130 --state box/c --always --ip 192.0.2.1 --sender d@b.example
says 'and is not locked out' '250 pass: waited'

# --- what has nothing to do with the state --------------------------------------------------------
fails 75 'a wrong option is no reason to pass' greylist-check --always --bogus </dev/null
ok 'unless that is wanted' greylist-check --on-error=pass --bogus </dev/null
has 'which is said' .out '^250 pass: error$'

done_testing
