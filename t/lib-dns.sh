# A DNS server on loopback for tests (t/helper/dns-server.pl). Sourced after test-lib.sh.
# shellcheck shell=sh
#
#   dns_start [ADDRESS PORT]   starts it; its port is in $DNS_PORT, its questions in the file
#                              `questions`; killed at exit
#   dns_zone <<END             its zone file

PATH=$HELPERS:$PATH
DNS_PID=

dns_start() {
	: >zone
	: >questions
	perl "$SRC/t/helper/dns-server.pl" "$TRASH/zone" "$TRASH/questions" "$@" >dns-port 2>dns-errors &
	DNS_PID=$!
	on_exit "kill $DNS_PID"
	_left=200
	until [ -s dns-port ]; do
		_left=$((_left - 1))
		if [ $_left -eq 0 ] || ! kill -0 "$DNS_PID" 2>/dev/null; then
			echo "not ok - the DNS server does not start: $(cat dns-errors)"
			exit 99
		fi
		sleep 0.05
	done
	DNS_PORT=$(cat dns-port)
}

# The server reads it with each question: never half of it.
dns_zone() {
	cat >"$TRASH/zone.new" && mv "$TRASH/zone.new" "$TRASH/zone"
}

# False when this build cannot ask DNS lists.
ask_is_built() {
	dns-ask -s 127.0.0.1 -b x.test 127.0.0.1 >.out 2>.err || ! grep -q 'has no c-ares' .err
}
