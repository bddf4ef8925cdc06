# For the tests of link-inject: outcomes that are kept in out and err for several looks at them.
# shellcheck shell=sh

works() { # WHAT COMMAND...
	_what=$1
	shift
	"$@" >out 2>err
	result $? "$_what: exit 0"
}
defers() { # WHAT COMMAND...
	_what=$1
	shift
	"$@" >out 2>err
	[ $? -eq 75 ] && [ ! -s out ]
	result $? "$_what: exit 75, nothing written"
}
