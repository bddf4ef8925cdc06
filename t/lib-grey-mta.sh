# What the tests of greylist-check inside real mail servers share: a clock, a client that shows what
# the server says, the socket units of share/examples. Sourced after test-lib.sh, lib-mta.sh,
# lib-dns.sh.
# shellcheck shell=sh
#
#   grey_setup       $MTA/bin/greylist-check runs at the time that `clock` set, and says in
#                    $MTA/log/started that it did
#   clock SECONDS    T0 + SECONDS from now on, for every process
#   grey_yaml <<END  the configuration: state, and what stands under `greylist:`
#   talk PORT FROM TO[,TO]... FILE [FROM-ADDRESS [XCLIENT ATTRIBUTES]]
#                    a dialogue; each answer is a line `COMMAND CODE TEXT` of the file `dialogue`;
#                    succeeds when the mail was taken
#   answered WHAT PATTERN   the dialogue has such a line

T0=1790000000

grey_setup() {
	mv "$MTA/bin/greylist-check" "$MTA/bin/greylist-check.real"
	cat >"$MTA/bin/greylist-check" <<-TOOL
		#!/bin/sh
		echo "\$\$ \$*" >>$MTA/log/started
		TUBEPOST_NOW=\$(cat $MTA/now) exec $MTA/bin/greylist-check.real "\$@"
	TOOL
	: >"$MTA/log/started"
	chmod 755 "$MTA/bin/greylist-check"
	chown "$MTA_USER" "$MTA/log/started"
	clock 0
}

# Processes that live keep the time they were started with: they are ended, and Postfix starts others.
clock() {
	echo $((T0 + $1)) >"$MTA/now.new" && mv "$MTA/now.new" "$MTA/now"
	grey_end_all
}

grey_end_all() {
	while read -r grey_pid _; do
		case $(readlink "/proc/$grey_pid/exe") in
		"$MTA"/*) kill "$grey_pid" 2>/dev/null ;;
		esac
	done <"$MTA/log/started"
}

grey_started() {
	wc -l <"$MTA/log/started"
}

grey_yaml() {
	{ printf 'state: "%s"\ngreylist:\n' "$STATE" && sed 's/^/  /'; } >"$TUBEPOST_CONFIG"
	grey_end_all
}

talk() {
	perl -MIO::Socket::INET -e '
		my ($port, $from, $to, $file, $address, $xclient) = @ARGV;
		my $s = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port, Timeout => 60,
			$address ? (LocalAddr => $address) : ()) or die "smtp: $!\n";
		$| = 1;
		sub answer {
			my ($what) = @_;
			my $l;
			do { $l = <$s> // do { print "$what closed\n"; exit 1 } } while $l =~ /^\d{3}-/;
			print "$what $l" =~ s/\r?\n/\n/r;
			return $l =~ /^[23]/;
		}
		sub say_to { my ($what, $line) = @_; print $s "$line\r\n"; return answer($what) }
		answer("banner") or exit 1;
		say_to("EHLO", "EHLO client.test") or exit 1;
		if ($xclient) { say_to("XCLIENT", "XCLIENT $xclient") && say_to("EHLO", "EHLO client.test") or exit 1 }
		say_to("MAIL", "MAIL FROM:<$from>") or exit 1;
		my @taken = grep { say_to("RCPT", "RCPT TO:<$_>") } split /,/, $to;
		say_to("QUIT", "QUIT"), exit 1 if !@taken;
		say_to("DATA", "DATA") or exit 1;
		open my $f, "<:raw", $file or die "$file: $!\n";
		while (<$f>) { s/\r?\n?\z/\r\n/; s/^\./../; print $s $_ }
		my $good = say_to("MAILED", ".");
		say_to("QUIT", "QUIT");
		exit !$good;' "$@" >dialogue 2>&1
}

answered() {
	has "$1" dialogue "$2"
}

# What systemd would run for each connection to a unit's socket.
unit_command() { # EXAMPLE.service
	mta_config "$1" "$MTA/unit" && sed -n 's/^ExecStart=//p' "$MTA/unit"
}

# Listens as systemd would for a socket unit with Accept=yes.
unit_listen() { # EXAMPLE.service SOCKET
	# shellcheck disable=SC2046 # words
	systemd-socket-activate --accept --inetd -l "$2" -E "TUBEPOST_CONFIG=$TUBEPOST_CONFIG" \
		perl -e 'my $user = shift; my ($uid, $gid) = (getpwnam $user)[2, 3];
			$( = $gid; $) = "$gid $gid"; $< = $> = $uid; exec @ARGV or exit 127' \
		"$MTA_USER" $(unit_command "$1") >"$MTA/log/systemd" 2>&1 </dev/null &
	UNIT_PID=$!
	on_exit "kill $UNIT_PID"
	wait_until 20 test -S "$2" && chmod 666 "$2"
}
