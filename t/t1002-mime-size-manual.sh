#!/bin/sh
# The examples of mime-size(1) run, and find what they say.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-manual.sh"
needs perl

C=$SRC/t/corpus
cp "$C/plain/attachment.eml" mail.eml
mkdir new cur
cp "$C/plain/attachment.eml" new/1
cp "$C/plain/text.eml" "$C/plain/scan.eml" cur
commands_of "$SRC/man/mime-size.1" >examples
while read -r example; do
	ok "example: $example" sh -c "$example" </dev/null
done <examples
[ "$(wc -l <examples)" -ge 4 ]
result $? 'there are examples'
sh -c "$(sed -n '/sort/p' examples)" >got
has 'the heaviest is found' got '^784	(new/1|cur/scan.eml)$'

done_testing
