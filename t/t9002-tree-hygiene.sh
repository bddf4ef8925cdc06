#!/bin/sh
# The tree keeps its own rules: walls around libraries, arrows that point down, what each tool loads,
# headers that stand alone, and the small things (banned calls, blanks at line ends, notes to self).
# shellcheck disable=SC2016 # awk and perl expand what stands in single quotes
. "${0%/*}/test-lib.sh"
link_tree

none() { # WHAT; what was found is in `found`
	head -n 20 "$TRASH/found" >.out
	: >.err
	[ ! -s "$TRASH/found" ]
	result $? "$1"
}
if [ -e "$SRC/.git" ]; then
	git -C "$SRC" ls-files --cached --others --exclude-standard >"$TRASH/all"
else
	(cd "$SRC" && find . -type f -not -path './build*' | sed 's|^\./||') >"$TRASH/all"
fi
grep -E '\.[ch]$' "$TRASH/all" >"$TRASH/c"
grep -E '^(lib|cmd)/' "$TRASH/c" >"$TRASH/ours"
# What a mail looks like is its own affair.
grep -vE '^t/(corpus|fuzz)/.*\.(eml|mbox|seed|dict)|^t/corpus/|^t/fuzz/[a-z-]+/|\.gz$|^COPYING$' "$TRASH/all" >"$TRASH/text"
in_files() { # LIST COMMAND...
	_list=$1
	shift
	tr '\n' '\0' <"$TRASH/$_list" | xargs -0 "$@"
}
code() { # LIST: file:line:text without comments and strings
	in_files "$1" perl -ne '
		$in = 0 if $. == 1;
		my $line = $_;
		$line =~ s{"(?:[^"\\]|\\.)*"}{""}g;
		$line =~ s{/\*.*?\*/}{}g;
		if ($in) { if ($line =~ s{^.*?\*/}{}) { $in = 0 } else { $line = "\n" } }
		$in = 1 if $line =~ s{/\*.*}{};
		print "$ARGV:$.:$line" if $line =~ /\S/;
		close ARGV if eof'
}
needs perl

# --- calls ---------------------------------------------------------------------------------------
code ours | grep -E '\b(strcpy|strcat|strncpy|strncat|v?sprintf|strtok|atoi|atol|atoll|atof|gets|gmtime|localtime|ctime|asctime|tmpnam|tempnam|mktemp|alloca|system|popen|scanf|setenv|putenv|rand|srand)[[:space:]]*\(' >found
none 'no banned call'
code ours | grep -E '\bgoto +[a-z_]+' | grep -vE 'goto (out|bad|nomem|next|fail|done|failed|refused);' >found
none 'goto leads to few places'
code ours | grep -E '\b(printf|puts|putchar|fputs|fprintf|perror|exit|abort|syslog|vsyslog)[[:space:]]*\(' |
	grep -vE '^lib/base/(diag|conf|table|tool)\.c:' >found
none 'libraries do not print and do not exit'
code ours | grep -E '\btp_say_error\(|\btp_tool_main\(' | grep -vE '^(cmd|lib/base)/' >found
none 'only tools have a last word'
in_files c grep -nE '\b(TO''DO|FIX''ME|XX''X|HA''CK)\b' >found
none 'no note to self in the code'
in_files text grep -nE '[[:blank:]]+$' | grep -vE '\.patch:' >found
none 'no blank at the end of a line'
in_files c grep -lE '^ {8,}[^ \\]' >found
none 'tabs, not blanks, at the beginning of lines'
in_files c awk 'length($0) > 0 { line = $0; gsub(/\t/, "        ", line)
	if (length(line) > 110) print FILENAME ":" FNR ": " length(line) " columns" }' >found
none 'no line much longer than 100 columns'
in_files c awk 'FNR == 1 && !/^\/\*/ { print FILENAME }' >found
none 'every C file opens by saying what it is'
grep -E '\.sh$|^bootstrap$|^\.ci/run$' "$TRASH/text" | while read -r f; do
	sed -n '1,3p' "$f" | grep -qE '^# .' || echo "$f"
done >found
none 'every script, too'
in_files ours awk 'FNR == 1 { if (n > 750) print file ": " n; file = FILENAME } { n = FNR }
	END { if (n > 750) print file ": " n }' >found
none 'no file of more than 750 lines'
in_files text grep -lE "$(printf '\r')\$" | grep -vE '^t/' >found
none 'no carriage returns'

# --- headers -------------------------------------------------------------------------------------
grep '\.h$' "$TRASH/ours" | while read -r h; do
	guard=TP_$(echo "${h#lib/}" | tr 'a-z/.-' 'A-Z___')
	grep -q "^#ifndef $guard\$" "$h" && grep -q "^#define $guard\$" "$h" || echo "$h: $guard"
done >found
none 'every header is guarded by its own name'
echo '#define TP_VERSION "0"' >"$TRASH/version.h"
PKG=$(pkg-config --cflags gmime-3.0 libcrypto yaml-0.1 libpcre2-8 sqlite3 jansson libcurl 2>/dev/null)
grep '\.h$' "$TRASH/ours" | grep -v 'template-builtin' | while read -r h; do
	# shellcheck disable=SC2086 # words
	echo "#include \"${h#lib/}\"" | ${CC:-cc} -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Ilib $PKG \
		-fsyntax-only -x c - 2>"$TRASH/why" || { echo "$h"; head -n 3 "$TRASH/why"; }
done >found
none 'every header stands alone'

# --- walls and arrows ----------------------------------------------------------------------------
wall() { # HEADER-PATTERN FILES-PATTERN WHAT
	in_files ours grep -nE "^#[[:space:]]*include[[:space:]]*<($1)" | grep -vE "^($2):" >found
	none "$3"
}
wall 'gmime/|glib' 'lib/mime/gmime\.h' 'GMime stays in lib/mime/gmime.h'
wall 'curl/' 'lib/drop/curl\.h' 'curl stays in lib/drop/curl.h'
wall 'openssl/' 'lib/(base/(digest|cipher)|disc/sign)\.c' 'OpenSSL stays in lib/base/digest.c, cipher.c and lib/disc/sign.c'
wall 'yaml\.h' 'lib/base/yaml\.c' 'libyaml stays in lib/base/yaml.c'
wall 'sqlite3' 'lib/base/db\.c' 'SQLite stays in lib/base/db.c'
wall 'pcre2' 'lib/base/pattern\.c' 'PCRE2 stays in lib/base/pattern.c'
wall 'jansson' 'lib/base/json\.c' 'Jansson stays in lib/base/json.c'
wall 'zstd|zdict' 'lib/archive/press\.c' 'zstd stays in lib/archive/press.c'
wall 'ares' 'lib/greylist/resolver\.c' 'c-ares stays in lib/greylist/resolver.c'
wall 'libisofs' 'lib/disc/image_(tree|stream|iso)\.[ch]' 'libisofs stays in lib/disc/image_tree.c and image_stream.c'
wall 'utf8proc' 'lib/base/fold\.c' 'utf8proc stays in lib/base/fold.c'

arrow() { # ROOM ALLOWED
	grep "^$1/" "$TRASH/ours" >"$TRASH/room"
	in_files room grep -nE '^#[[:space:]]*include[[:space:]]*"' |
		grep -vE "include[[:space:]]*\"($2)/" | grep -vE 'include "[a-z-]+\.inc"' >found
	none "$1 looks at $2 only"
}
arrow lib/base 'base'
arrow lib/mime 'base|mime'
arrow lib/drop 'base|mime|drop'
[ ! -d lib/greylist ] || arrow lib/greylist 'base|mime|greylist'
[ ! -d lib/archive ] || arrow lib/archive 'base|mime|archive'
[ ! -d lib/disc ] || arrow lib/disc 'base|mime|archive|disc'

# --- what a tool loads ---------------------------------------------------------------------------
loads() { # TOOL: the libraries it names itself, and those that come with them
	ldd "$BIN/$1" | awk '{ print $1 }'
}
refuses() { # TOOL LIBRARIES
	if [ -x "$BIN/$1" ]; then
		loads "$1" | grep -E "^lib($2)\\b" >found
		none "$1 does not load $2"
	fi
}
if command -v ldd >/dev/null && command -v readelf >/dev/null; then
	refuses mime-size 'curl|crypto|ssl|sqlite3'
	refuses detach-upload 'curl|ssl'
	refuses drop-put 'curl|crypto|ssl|sqlite3'
	refuses link-inject 'curl|ssl|sqlite3'
	for t in "$BIN"/*; do
		case $t in */dvd-*) ;; *) refuses "${t##*/}" isofs ;; esac
		readelf -d "$t" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
			grep -vE '^lib(c|m|crypto|yaml-0|pcre2-8|sqlite3|jansson|zstd|utf8proc|isofs|cares|asan|ubsan|pthread|gcc_s)\.so' >found
		none "${t##*/} needs no library that we do not know"
	done
else
	skip 'readelf is not installed' 'what a tool loads'
fi

# --- scripts -------------------------------------------------------------------------------------
grep -E '^t/.*\.sh$' "$TRASH/all" | while read -r f; do
	head -n 1 "$f" | grep -qE '^#!/bin/sh$|^#' || echo "$f: first line"
	case ${f#t/} in
	t[0-9]*)
		echo "$f" | grep -qE '^t/t[0-9]{4}-[a-z0-9-]+\.sh$' || echo "$f: its name"
		[ -x "$f" ] || echo "$f: not executable"
		grep -q '^done_testing' "$f" || echo "$f: no done_testing"
		grep -q 'test-lib.sh' "$f" || echo "$f: no test-lib.sh"
		;;
	esac
done >found
none 'every test is named and ends as tests do'
sed -n 's|^t/t\([0-9]*\)-.*|\1|p' "$TRASH/all" | sort | uniq -d >found
none 'no two tests have one number'
if command -v shellcheck >/dev/null; then
	grep -E '^(t/.*\.sh|t/run-tests|bootstrap|\.ci/run|share/demo|share/examples/(postfix-filter|archive-mail|archive-backup|send-again))$' "$TRASH/all" | tr '\n' '\0' |
		xargs -0 shellcheck -x -P "$SRC/t" -e SC2148,SC1090,SC1091,SC2034,SC3045 -S error 2>&1 |
		grep -E '^In|SC[0-9]' >found
	none 'shellcheck finds no error'
else
	skip 'shellcheck is not installed' 'shellcheck finds no error'
fi

done_testing
