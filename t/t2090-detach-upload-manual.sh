#!/bin/sh
# detach-upload(1) names the defaults of --help, and its examples do what they say.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-manual.sh"
needs perl

page=$SRC/man/detach-upload.1
ok '--help' detach-upload --help
cp .out help

# Every setting that an option stands for is in the page's defaults as --help has them.
has 'the default of --over' "$page" '^10M by default|, 10M by default|^\.Ar SIZE ,$'
for word in "$(sed -n 's/^ *--expire .*\[\(.*\)\]$/\1/p' help)" "$(sed -n 's/^ *--deadline .*\[\(.*\)\]$/\1/p' help)"; do
	has "the default $word" "$page" "$word by default"
done

commands_of "$page" >examples
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
