#!/bin/sh
# ./configure finds the paths that the manual names, whatever the prefix: settings are in /etc.

. "${0%/*}/test-lib.sh"

needs autoconf
mkdir -p source/lib/mime
cp "$SRC/configure.ac" "$SRC/Makefile" source
: >source/lib/mime/tree.h
cd source || exit 99
ok 'configure.ac becomes ./configure' autoconf

makes() { # WHAT, ARGUMENTS, expected lines on stdin
	cat >expected
	# shellcheck disable=SC2086 # several arguments
	ok "configure $2" ./configure $2
	grep -E '^(PREFIX|[a-z]+dir|DEVELOPER|SANITIZE) ' config.mak >made
	same "$1" made expected
}

makes 'the default is /usr/local, and /etc' '' <<'END'
PREFIX := /usr/local
bindir := /usr/local/bin
libexecdir := /usr/local/libexec
datadir := /usr/local/share
mandir := /usr/local/share/man
sysconfdir := /etc
END
makes 'a prefix moves everything but /etc' '--prefix=/usr' <<'END'
PREFIX := /usr
bindir := /usr/bin
libexecdir := /usr/libexec
datadir := /usr/share
mandir := /usr/share/man
sysconfdir := /etc
END
makes 'each folder can be named, and the optional parts switched on' \
	'--prefix=/opt/x --sysconfdir=/opt/etc --bindir=/b --enable-developer --enable-sanitize=address' <<'END'
PREFIX := /opt/x
bindir := /b
libexecdir := /opt/x/libexec
datadir := /opt/x/share
mandir := /opt/x/share/man
sysconfdir := /opt/etc
DEVELOPER := 1
SANITIZE := address
END

done_testing
