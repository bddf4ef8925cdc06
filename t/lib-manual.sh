# For the tests of the manual: what a page tells people to type.
# shellcheck shell=sh

# Commands of a page, one a line: `.Dl $ COMMAND`, and `$ COMMAND` in literal blocks with the lines
# that a backslash, a pipe sign or && continues.
commands_of() { # PAGE
	perl -ne '
		s/^\.\\".*//;
		s/^\.Dl \$ /\$ /;
		s/\\&//g;
		s/\\\(dq/"/g;
		s/\\e/\\/g;
		s/\\-/-/g;
		if ($more || s/^\$ //) {
			$more = s/\\\n$/ / || s/(\||&&)\n$/$1 /;
			print;
		}' "$1"
}
