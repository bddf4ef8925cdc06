#!/bin/sh
# The manual page of mime-size says what the tool does: its synopsis is that of --help, every option stands
# in page and completions, its examples run.

. "${0%/*}/test-lib.sh"

page=$SRC/man/mime-size.1
C=$SRC/t/corpus

ok '--help goes to stdout' mime-size --help
[ ! -s .err ]
result $? 'and nothing to stderr'
cp .out help

# Usage lines end at the first empty one; the page's options are its `.Op Fl -NAME Ar ARG` lines.
sed '/^$/q' help | tr -s ' \n' '  ' | sed 's/^usage: //; s/ *$//' >usage
{
	printf mime-size
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page" |
		sed -n 's/^\.Op Fl -\([a-z-]*\) Ar \(.*\)/ [--\1 \2]/p
			s/^\.Op Fl -\([a-z-]*\)$/ [--\1]/p
			s/^\.Op Ar \(.*\)/ [\1]/p' | tr -d '\n'
	echo
} >synopsis
printf '%s\n' "$(cat usage)" >usage.line
same 'the synopsis is that of --help' usage.line synopsis

for option in $(sed -n 's/^  .*--\([a-z-]*\).*  .*/\1/p' help); do
	has "--$option: in the page" "$page" "^\\.It Fl ([a-z] , )?-$option( |\$)"
	for completion in bash/mime-size zsh/_mime-size; do
		has "--$option: in completions/$completion" "$SRC/completions/$completion" "\\-\\-$option([^a-z]|\$)"
	done
	has "--$option: in completions/fish" "$SRC/completions/fish/mime-size.fish" "-l $option( |\$)"
done

if command -v mandoc >/dev/null; then
	# Pages of other tools may not be installed here; all else counts.
	mandoc -Tlint "$page" 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db' >lint
	[ ! -s lint ] || cat lint
	[ ! -s lint ]
	result $? 'mandoc has nothing to say'
else
	skip 'mandoc is not installed' 'mandoc has nothing to say'
fi

cp "$C/plain/attachment.eml" mail.eml
mkdir new cur
cp "$C/plain/attachment.eml" new/1
cp "$C/plain/text.eml" "$C/plain/scan.eml" cur
sed -n 's/^\.Dl \$ //p' "$page" >examples
while read -r example; do
	ok "example: $example" sh -c "$example" </dev/null
done <examples
[ "$(wc -l <examples)" -ge 4 ]
result $? 'there are examples'
sh -c "$(sed -n '/sort/p' examples)" >got
has 'the heaviest is found' got '^784	(new/1|cur/scan.eml)$'

done_testing
