#!/bin/sh
# mime-size on mail made to hurt (t/helper/hostile.pl): an answer, with less than 64 MiB beside the mapped
# message. The limit is the system's own (RLIMIT_DATA), which the mapping does not count for.

. "${0%/*}/test-lib.sh"
needs perl

# Sanitizers need more room than that by themselves.
limit=65536
! sanitized || limit=unlimited

weigh() { # CASE N OPTION...
	perl "$SRC/t/helper/hostile.pl" "$1" "$2" >case.eml || return 1
	shift 2
	(ulimit -d "$limit" && exec timeout 20 mime-size "$@" case.eml >got)
}

while read -r name n; do
	ok "$name, $n: listed" weigh "$name" "$n"
	ok "$name, $n: weighed" weigh "$name" "$n" --attachments
done <<'END'
nested 1000
messages 2000
parts 100000
headers 100000
dashes 50000000
dashlines 50000000
same 20000000
reopen 5000000
spaces 20000000
fields 30000000
folded 30000000
junk 30000000
params 10000000
sections 10000000
comments 10000000
quotes 10000000
feeds 20000000
returns 20000000
nuls 20000000
padding 20000000
escapes 20000000
uu 10000000
long 1500
END

weigh parts 100000
test "$(wc -l <got)" -eq 100002
result $? 'a line for each of a hundred thousand parts'
fails 65 'more parts than allowed' weigh parts 500000
has 'is said so' .err '^mime-size: case\.eml: message structure: more than 500000 parts'

# 375,000 parts, a hundred deep: each has a line, and none a path of a hundred numbers.
ok 'a great many parts, deep down' weigh delimiters 3000000
has 'the last level that has a path' got '^1(\.1){31}	multipart/mixed	'
hasnt 'below it, none' got '^1(\.1){32}'
has 'but a number' got '^#375100	text/plain	'
ok 'as objects' weigh delimiters 300000 --json
has 'they have the same' got ',"part":"#37600",'

# A list that would not fit.
long_names() {
	perl -e 'print "Content-Type: multipart/mixed; boundary=b\n\n";
		print "--b\nContent-Type: text/plain; name=", "x" x 100, "\n\nx\n" for 1 .. 300000;
		print "--b--\n"' >case.eml || return 1
	(ulimit -d "$limit" && exec timeout 20 mime-size "$@" case.eml >got)
}
ok 'too much to list is weighed' long_names --attachments
fails 65 'and not listed' long_names
has 'with a word' .err 'list: larger than'

done_testing
