#!/bin/sh
# The contract of every tool, "Options": --help, --version, every way to get an option wrong.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"

for t in $TOOLS; do
	usage=$(code_of "$t" 64)

	ok "$t --help" "$t" --help
	cp .out help
	nothing 'says nothing on stderr' .err
	has 'begins with the usage' help "^usage: $t( |\$)"
	sed '/^$/q' help | grep -E '.{80,}' >wide
	nothing 'which fits in 79 columns' wide
	for o in config log quiet verbose help version; do
		has "has --$o" help "^usage|--$o( |\$)"
	done
	ok "$t -h" "$t" -h
	same 'is the same' .out help
	ok "$t --help takes no account of stdin" "$t" --help <&-
	ok "$t --version" "$t" --version
	has 'says tool and version' .out "^$t \\(tubepost\\) [0-9]+\\.[0-9]+\\.[0-9]+\$"
	nothing 'and nothing on stderr' .err
	ok "$t --vers, abbreviated" "$t" --vers

	fails "$usage" "$t --bogus" "$t" --bogus <mail.eml
	has 'names it' .err "^$t: unknown option '--bogus' \\(see --help\\)\$"
	one_line 'in one line' "$t"
	nothing 'with an empty stdout' .out
	fails "$usage" "$t -?" "$t" '-?' <mail.eml
	has 'names it' .err "^$t: unknown option '-\\?'"
	fails "$usage" "$t --ver" "$t" --ver <mail.eml
	has 'may mean two' .err 'may mean --verbose or --version'
	fails "$usage" "$t --help=x" "$t" --help=x <mail.eml
	has 'takes no argument' .err "option '--help' takes no argument"
	fails "$usage" "$t --config" "$t" --config <mail.eml
	has 'needs one' .err "option '--config' needs FILE"
	fails "$usage" "$t with an escape in an option" "$t" "$(printf -- '--a\033[31mb\nc')" <mail.eml
	one_line 'scrubbed into one line' "$t"
	hasnt 'without the escape' .err "$(printf '\033')"

	if grep -q '^ .*\[FILE' help; then
		fails "$(code_of "$t" 66)" "$t -- ends options" "$t" -- --help <mail.eml
		has 'what follows is a file' .err "^$t: --help: No such file"
		ok "$t - is stdin" "$t" - <mail.eml
		"$t" <mail.eml >plain
		"$t" - <mail.eml >dash
		same 'and the same' plain dash
	elif ! grep -qE '^ .*(QUERY|ID)' help; then
		fails "$usage" "$t -- ends options" works "$t" -- --help <mail.eml
		has 'what follows is too much' .err "unexpected argument '--help'"
	fi
	ok "$t works" works "$t" <mail.eml
	ok "$t works when quiet" works "$t" -q <mail.eml
	nothing 'and says nothing' .err
	ok "$t works when verbose" works "$t" --verbose <mail.eml

	# Every option whose argument has a form refuses another form, and says which option it was.
	sed -n 's/^.*--\([a-z-]*\) \([A-Za-z|]*\)  .*/\1 \2/p' help |
		grep -E ' (SIZE|DURATION|N|[a-z]+\|[a-z|]+)$' >forms
	while read -r o form; do
		for bad in bogus '' -1 99999999999999999999 '1 x'; do
			fails "$usage" "$t --$o='$bad' ($form)" works "$t" "--$o=$bad" <mail.eml
			has 'names the option' .err "^$t: --$o: '$bad' is "
			one_line 'in one line' "$t"
			nothing 'with an empty stdout' .out
		done
	done <forms
done

done_testing
