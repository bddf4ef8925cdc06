#!/bin/sh
# The manual page of detach-upload says what the tool does: its synopsis is that of --help, every option stands in
# page and completions, its examples run.

. "${0%/*}/test-lib.sh"
needs mandoc

page=$SRC/man/detach-upload.1
ok '--help goes to stdout' detach-upload --help
[ ! -s .err ]
result $? 'and nothing to stderr'
cp .out help

sed '/^$/q' help | tr -s ' \n' '  ' | sed 's/^usage: //; s/ *$//' >usage
mandoc -Tascii -Owidth=1000 "$page" | col -b | sed -n '/^SYNOPSIS/,/^DESCRIPTION/{//!p}' |
	tr -s ' \n' '  ' | sed 's/^ //; s/ *$//' >synopsis
same 'the synopsis is that of --help' usage synopsis

for option in $(sed -n 's/^  .*--\([a-z-]*\).*  .*/\1/p' help); do
	has "--$option: in the page" "$page" "^\\.It Fl ([a-z] , )?-$option( |\$)"
	for completion in bash/detach-upload zsh/_detach-upload; do
		has "--$option: in completions/$completion" "$SRC/completions/$completion" "\\-\\-$option([^a-z]|\$)"
	done
	has "--$option: in completions/fish" "$SRC/completions/fish/detach-upload.fish" "-l $option( |\$)"
done
if command -v bash >/dev/null; then
	cat >try <<'EOF'
. "$1"
COMP_WORDS=(detach-upload --signed wr) COMP_CWORD=2
_detach_upload
[[ ${COMPREPLY[*]} == wrap ]] || exit 1
COMP_WORDS=(detach-upload --dr) COMP_CWORD=1
_detach_upload
[[ ${COMPREPLY[*]} == --dry-run ]]
EOF
	ok 'bash completes' bash try "$SRC/completions/bash/detach-upload"
else
	skip 'bash is not installed' 'bash completes'
fi

# Pages of other tools may not be installed here; all else counts.
mandoc -Tlint -W warning "$page" 2>&1 | grep -v 'referenced manual not found\|outdated mandoc.db' >lint
[ ! -s lint ] || cat lint
[ ! -s lint ]
result $? 'mandoc has nothing to say'

# Every setting that an option stands for is in the page's defaults as --help has them.
has 'the default of --over' "$page" '^10M by default|, 10M by default|^\.Ar SIZE ,$'
for word in "$(sed -n 's/^ *--expire .*\[\(.*\)\]$/\1/p' help)" "$(sed -n 's/^ *--deadline .*\[\(.*\)\]$/\1/p' help)"; do
	has "the default $word" "$page" "$word by default"
done

sed -n 's/^\.Dl \$ //p' "$page" >examples
[ "$(wc -l <examples)" -ge 5 ]
result $? 'there are examples'
{
	printf 'Subject: x\nMessage-ID: <a@b>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nHello.\n'
	printf -- '--b\nContent-Type: image/png; name=a.png\n\n'
	head -c 30000000 /dev/zero | tr '\0' 'x'
	printf '\n--b\nContent-Type: application/pdf; name=b.pdf\n\nx\n--b--\n'
} >mail.eml
while read -r example; do
	ok "example: $example" sh -c "$example" </dev/null
done <examples
[ "$(wc -c <sent.eml)" -lt 10000 ]
result $? 'the large mail has become small'
has 'and holds a link' sent.eml 'https://files\.example\.com/'
[ "$(wc -c <fits.eml)" -lt 20971520 ]
result $? 'or fits'
has 'the small file stays there' fits.eml '^Content-Type: application/pdf; name=b.pdf'
has 'and leaves with one of our own' stubs.eml 'b.pdf"'

done_testing
