#!/bin/sh
# Every tool is whole: cmd/x.c, man/x.1, completions for bash, zsh and fish, a test of its own. What
# --help says stands in all of them, in the same words, and nothing else does.
. "${0%/*}/test-lib.sh"

# The usage as one line: `tool [--x ARG] [FILE...]`.
usage_of() { # TOOL
	"$1" --help | sed '/^$/q' | tr -s ' \n' '  ' | sed 's/^usage: //; s/ *$//'
}

# The SYNOPSIS as mandoc shows it, as one line in the words of --help.
synopsis_of() { # PAGE
	mandoc -Tascii -O width=1000 "$1" | col -b |
		sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | sed '1d;$d' |
		tr -s ' \n' '  ' | sed 's/^ *//; s/ *$//'
}

# What a shell offers after `TOOL --`, one option a line.
bash_offers() { # TOOL
	bash -c '. "$1"; . "completions/bash/$2"
		COMP_WORDS=("$2" --) COMP_CWORD=1 COMP_LINE="$2 --" COMP_POINT=${#COMP_LINE}
		"_${2//-/_}" "$2" -- "$2"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$BASH_COMPLETION" "$1" | sed 's/^--//' | sort
}
fish_offers() { # TOOL
	HOME=$TRASH fish --no-config -c "source completions/fish/$1.fish; complete -C '$1 --'" |
		sed 's/^--//; s/[=[:blank:]].*//' | sort
}
BASH_COMPLETION=/usr/share/bash-completion/bash_completion

link_tree
for c in cmd/*.c; do
	t=${c#cmd/}
	t=${t%.c}
	ok "$t is built" test -x "$BIN/$t"
	for f in man/$t.1 completions/bash/$t completions/zsh/_$t completions/fish/$t.fish; do
		[ -s "$f" ]
		result $? "$f is there"
	done
	set -- t/t[0-9]*-"$t"-*.sh
	[ -x "$1" ]
	result $? "$t has a test of its own"
	ok "$t --help" "$t" --help
	cp .out "$TRASH/help"

	if [ -s "man/$t.1" ] && command -v mandoc >/dev/null && command -v col >/dev/null; then
		usage_of "$t" >"$TRASH/usage"
		synopsis_of "man/$t.1" >"$TRASH/synopsis"
		same "$t: the SYNOPSIS is the usage of --help" "$TRASH/usage" "$TRASH/synopsis"
		for s in NAME SYNOPSIS DESCRIPTION 'EXIT STATUS' ENVIRONMENT FILES EXAMPLES; do
			has "$t: a section $s" "man/$t.1" "^\\.Sh $s\$"
		done
	elif [ -s "man/$t.1" ]; then
		skip 'mandoc or col is not installed' "$t: the SYNOPSIS"
	fi

	# Every option in every place; and no option there that the tool does not know.
	sed -n 's/^  .*--\([a-z][a-z0-9-]*\).*  .*/\1/p' "$TRASH/help" | sort -u >"$TRASH/options"
	while read -r o; do
		[ ! -s "man/$t.1" ] || has "--$o in man/$t.1" "man/$t.1" \
			"^\\.It Fl ([a-zA-Z0-9] *, Fl |[a-zA-Z0-9] , )?-$o( |\$)"
		for f in completions/bash/$t completions/zsh/_$t; do
			[ ! -s "$f" ] || has "--$o in $f" "$f" "\\-\\-$o([^a-z-]|\$)"
		done
		f=completions/fish/$t.fish
		[ ! -s "$f" ] || has "--$o in $f" "$f" "(-l|--long-option) '?$o'?( |\$)"
	done <"$TRASH/options"
	for f in completions/bash/$t completions/zsh/_$t; do
		[ -s "$f" ] || continue
		grep -v '^[[:blank:]]*#' "$f" | grep -oE -e '(^|[^a-z-])--[a-z][a-z0-9-]+' | sed 's/.*--//' | sort -u |
			comm -23 - "$TRASH/options" >"$TRASH/unknown"
		same "$f: no option that $t does not know" "$TRASH/unknown" /dev/null
	done
	[ ! -s "man/$t.1" ] || {
		sed -nE 's/^\.It Fl ([a-zA-Z0-9] *, *(Fl )?)?-([a-z][a-z0-9-]*).*/\3/p' "man/$t.1" | sort -u |
			comm -23 - "$TRASH/options" >"$TRASH/unknown"
		same "man/$t.1: no option that $t does not know" "$TRASH/unknown" /dev/null
	}
	if [ -s "completions/bash/$t" ]; then
		ok "completions/bash/$t parses" bash -n "completions/bash/$t"
		if [ -e "$BASH_COMPLETION" ]; then
			bash_offers "$t" >"$TRASH/offered" 2>&1
			same "bash offers the options of $t" "$TRASH/offered" "$TRASH/options"
		else
			skip 'bash-completion is not installed' "bash offers the options of $t"
		fi
	fi
	if [ -s "completions/zsh/_$t" ]; then
		has "completions/zsh/_$t says what it completes" "completions/zsh/_$t" "^#compdef $t\$"
		if command -v zsh >/dev/null; then
			ok "completions/zsh/_$t parses" zsh -n "completions/zsh/_$t"
		else
			skip 'zsh is not installed' "completions/zsh/_$t parses"
		fi
	fi
	if [ -s "completions/fish/$t.fish" ]; then
		if command -v fish >/dev/null; then
			ok "completions/fish/$t.fish parses" fish -n "completions/fish/$t.fish"
			fish_offers "$t" >"$TRASH/offered" 2>&1
			same "fish offers the options of $t" "$TRASH/offered" "$TRASH/options"
		else
			skip 'fish is not installed' "completions/fish/$t.fish parses"
		fi
	fi
done

# No page or completion of a tool that is gone.
for f in completions/bash/* completions/zsh/* completions/fish/*; do
	t=${f##*/}
	t=${t#_}
	[ -e "cmd/${t%.fish}.c" ]
	result $? "$f belongs to a tool"
done
for f in man/*.[157]; do
	if command -v mandoc >/dev/null; then
		# Pages that are not installed yet are no fault of this one.
		mandoc -Tlint -W warning "$f" 2>&1 |
			grep -v 'referenced manual not found\|outdated mandoc.db' >"$TRASH/lint"
		same "$f: mandoc has nothing to say" "$TRASH/lint" /dev/null
	else
		skip 'mandoc is not installed' "$f: mandoc has nothing to say"
	fi
done

# The keys of the configuration, and no others, stand in their page.
if [ -s man/tubepost.yaml.5 ]; then
	sed -n 's/^	{ "\([a-z0-9_.]*\)", TP_CONF_.*/\1/p' lib/base/schema.c | sort >"$TRASH/keys"
	sed -n 's/^\.It Ic \([a-z0-9_.]*\).*/\1/p' man/tubepost.yaml.5 | sort >"$TRASH/listed"
	same 'tubepost.yaml(5) lists the keys of lib/base/schema.c' "$TRASH/keys" "$TRASH/listed"
	ok 'which are many' test "$(wc -l <"$TRASH/keys")" -gt 30
fi

done_testing
