# A one-host Ceph with its S3 gateway, all of it in one folder, on free ports of the loopback
# interface, objects in memory. Sourced by tests after test-lib.sh.
#
#   ceph_start DIR      sets CEPH_PORT; stops everything when the test ends; fails when it cannot
#
# User with access key TESTKEY and secret key TESTSECRET. Takes about 12 s.

ceph_missing() {
	for _p in ceph-mon ceph-mgr ceph-osd radosgw radosgw-admin ceph-authtool monmaptool; do
		command -v "$_p" >/dev/null 2>&1 || { echo "$_p"; return 0; }
	done
	return 1
}

# N free ports, each once.
ceph_free_ports() {
	perl -MIO::Socket::INET -e '
		my @s = map { IO::Socket::INET->new(LocalAddr => "127.0.0.1", Listen => 1) } 1 .. shift;
		print join(" ", map { $_->sockport } @s), "\n"' "$1"
}

ceph_conf() { # DIR FSID PORT_V2 PORT_V1 PORT_S3
	cat <<C
[global]
fsid = $2
mon host = [v2:127.0.0.1:$3,v1:127.0.0.1:$4]
keyring = $1/keyring
auth allow insecure global id reclaim = true
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon data avail crit = 1
run dir = $1/run
admin socket = $1/run/\$cluster-\$name.asok
log file = $1/\$name.log
public addr = 127.0.0.1
cluster addr = 127.0.0.1
[mon.a]
mon data = $1/mon
[osd.0]
osd data = $1/osd
osd objectstore = memstore
memstore device bytes = 2147483648
[mgr.x]
mgr data = $1/mgr
[client.rgw.s3]
rgw frontends = beast endpoint=127.0.0.1:$5
rgw data = $1/rgw
rgw dns name = 127.0.0.1
rgw lc debug interval = 3600
C
}

ceph_keys() { # DIR
	ceph-authtool --create-keyring "$1/keyring" --gen-key -n mon. --cap mon 'allow *' &&
	ceph-authtool "$1/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' \
		--cap mgr 'allow *' &&
	ceph-authtool "$1/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' \
		--cap mgr 'allow profile osd' &&
	ceph-authtool "$1/keyring" --gen-key -n mgr.x --cap mon 'allow profile mgr' --cap osd 'allow *' &&
	ceph-authtool "$1/keyring" --gen-key -n client.rgw.s3 --cap mon 'allow rwx' --cap osd 'allow rwx'
}

ceph_daemons() { # DIR FSID PORT_V2 PORT_V1
	monmaptool --create --fsid "$2" --addv a "[v2:127.0.0.1:$3,v1:127.0.0.1:$4]" "$1/monmap" &&
	ceph-mon -i a --mkfs --monmap "$1/monmap" --keyring "$1/keyring" &&
	ceph-mon -i a --pid-file "$1/run/mon.pid" &&
	timeout 60 ceph osd create &&
	ceph-osd -i 0 --mkfs &&
	ceph-mgr -i x --pid-file "$1/run/mgr.pid" &&
	ceph-osd -i 0 --pid-file "$1/run/osd.pid" &&
	timeout 60 radosgw-admin user create --uid=tubepost --display-name=tubepost \
		--access-key=TESTKEY --secret=TESTSECRET &&
	radosgw -n client.rgw.s3 --pid-file "$1/run/rgw.pid"
}

ceph_start() { # DIR
	mkdir -p "$1/mon" "$1/osd" "$1/mgr" "$1/rgw" "$1/run" || return 1
	on_exit "for f in '$1'/run/*.pid; do kill -9 \$(cat \"\$f\"); done"
	_fsid=$(cat /proc/sys/kernel/random/uuid)
	# shellcheck disable=SC2046
	set -- "$1" $(ceph_free_ports 3)
	CEPH_PORT=$4
	ceph_conf "$1" "$_fsid" "$2" "$3" "$4" >"$1/ceph.conf"
	CEPH_CONF=$1/ceph.conf
	export CEPH_CONF
	{ ceph_keys "$1" && ceph_daemons "$1" "$_fsid" "$2" "$3"; } >"$1/start.log" 2>&1 || return 1
	_tries=0
	until curl -s -o /dev/null "http://127.0.0.1:$CEPH_PORT/"; do
		_tries=$((_tries + 1))
		[ $_tries -lt 300 ] || return 1
		sleep 0.1
	done
}
