#!/bin/sh
# mime-size: what it prints for people, for programs and as JSON, and what it says yes and no to.

. "${0%/*}/test-lib.sh"

C=$SRC/t/corpus
tab=$(printf '\t')

ok 'a mail is weighed' mime-size "$C/plain/attachment.eml"
cat >expect <<'END'
0|multipart/mixed|-||1355||container
1|text/plain|-||19|19|body
2|application/pdf|attachment|report.pdf|1061|784|attachment
total|1 attachment||base64 overhead 35.3 %|1583|784|attachment
END
tr '\t' '|' <.out >got
same 'a line a part, a total' expect got
test "$(sed -n 's/^total.*%|\([0-9]*\)|.*/\1/p' got)" -eq "$(wc -c <"$C/plain/attachment.eml")"
result $? 'the total is the length of the message'

ok 'stdin is the same' sh -c 'mime-size <"$1"' sh "$C/plain/attachment.eml"
tr '\t' '|' <.out >got.stdin
same 'to the byte' got got.stdin
ok 'and so is a pipe' sh -c 'cat "$1" | mime-size -' sh "$C/plain/attachment.eml"
tr '\t' '|' <.out >got.pipe
same 'to the byte, too' got got.pipe

# --- numbers -----------------------------------------------------------------------------------------

prints() { # WANT WHAT COMMAND...
	printf '%s\n' "$1" >expect
	what=$2
	shift 2
	"$@" >got 2>.err
	code=$?
	[ $code -eq 0 ] && cmp expect got >.out
	result $? "$what"
}

size=$(wc -c <"$C/plain/attachment.eml")
prints 784 '--attachments: the weight alone' mime-size --attachments "$C/plain/attachment.eml"
prints "$((size))" '--encoded: the length of the whole' mime-size --encoded "$C/plain/attachment.eml"
prints "total${tab}1 attachment${tab}${tab}base64 overhead 35.3 %${tab}$((size))${tab}784${tab}attachment" \
	'--total: the last line' mime-size --total "$C/plain/attachment.eml"
prints 0 'a text has no attachment' mime-size -a "$C/plain/text.eml"
prints "784${tab}$C/plain/attachment.eml
0${tab}-" 'several messages: each says which' \
	sh -c 'mime-size -a "$1" - <"$2"' sh "$C/plain/attachment.eml" "$C/plain/text.eml"

# --- the predicate -----------------------------------------------------------------------------------

ok 'over: yes' mime-size --over 783 "$C/plain/attachment.eml"
fails 1 'over: no' mime-size --over 784 "$C/plain/attachment.eml"
[ ! -s .out ] && [ ! -s .err ]
result $? 'without a word'
ok 'over, with units' mime-size --over 0.7K "$C/plain/attachment.eml"
fails 1 'nothing is more than nothing' mime-size --over 0 "$C/plain/text.eml"
fails 1 'the answer is no, and the number is printed' mime-size --over 1M -a "$C/plain/attachment.eml"
has 'as asked' .out '^784$'
ok 'one of several suffices' mime-size --over 1 "$C/plain/text.eml" "$C/plain/attachment.eml"

# --- JSON --------------------------------------------------------------------------------------------

ok 'JSON' mime-size --json "$C/plain/forwarded.eml"
cp .out json
has 'a part has its type, disposition, name and encoding' json \
	'"part":"2","type":"message/rfc822","disposition":"attachment","filename":"forwarded.eml","encoding":"none","encoded":[0-9]+,"decoded":[0-9]+,"role":"attachment"'
has 'what has no name has null' json '"part":"1","type":"text/plain","disposition":null,"filename":null'
has 'parts of an attached message are inside' json '"part":"2.2".*"decoded":200,"role":"inside"'
has 'its multipart is 2.0' json '"part":"2.0","type":"multipart/mixed".*"role":"inside"'
has 'the totals come last' json '"parts":6,"encoded":[0-9]+,"attachments":1,"attachment_bytes":[0-9]+,"base64_overhead_percent":[0-9.]+\}$'
has 'and say which file' json '^\{"file":".*forwarded.eml",'
if command -v python3 >/dev/null; then
	ok 'every line is JSON' python3 -c 'import json, sys; [json.loads(line) for line in open("json")]'
else
	skip 'python3 is not installed' 'every line is JSON'
fi

# --- names -------------------------------------------------------------------------------------------

name_is() { # FILE NAME
	mime-size "$C/charset/$1.eml" | head -n 1 | cut -f 4 >got && printf '%s\n' "$2" >expect &&
	cmp expect got
}
ok 'a name in RFC 2231' name_is name-2231 'résumé €.pdf'
ok 'in continuations' name_is name-2231-split 'résumé.pdf'
ok 'as encoded word' name_is name-2047 'résumé.pdf'
ok 'raw UTF-8' name_is name-raw-utf8 'résumé.pdf'
ok 'raw Latin-1' name_is name-raw-latin1 'résumé.pdf'
ok 'without quotes' name_is name-spaces 'my old report (final).doc'
ok 'the better of two' name_is name-fallback 'résumé.pdf'

mime-size "$C/charset/name-newline.eml" >got
test "$(wc -l <got)" -eq 2
result $? 'a name with a line ending draws no line'
LC_ALL=C tr -d '\t\n' <got | LC_ALL=C grep -q '[[:cntrl:]]'
test $? -eq 1
result $? 'nor anything else that controls a terminal'
mime-size "$C/charset/name-rtl.eml" | grep -q "$(printf '\342\200\256')"
test $? -eq 1
result $? 'nor turns the reading direction'

# --- what is an attachment -----------------------------------------------------------------------------

roles_are() { # FILE "ROLE ROLE..."
	mime-size "$C/$1.eml" | sed '$d' | awk -F '\t' '{ printf "%s%s", (NR > 1 ? " " : ""), $7 }' >got &&
	printf '%s' "$2" >expect && cmp expect got
}
ok 'a picture in the text is none' roles_are plain/related \
	'container container body inline attachment'
ok 'branches of an alternative are none' roles_are plain/alternative 'container body body'
ok 'a lone file is one' roles_are plain/scan 'attachment'
ok 'messages of a digest are none' roles_are plain/digest \
	'container inline inside inline inside'
ok 'a multipart without boundary is none' roles_are broken/no-boundary 'inline'

# --- trouble -----------------------------------------------------------------------------------------

fails 65 'an empty message' mime-size /dev/null
has 'is said to be one' .err '^mime-size: /dev/null: empty message$'
fails 66 'a file of several that is not there' mime-size -a "$C/plain/text.eml" absent "$C/plain/attachment.eml" /dev/null
mv .out list
has 'is said' .err '^mime-size: absent: No such file or directory$'
has 'as is what else is wrong' .err '^mime-size: /dev/null: empty message$'
ok 'in a line each' test "$(wc -l <.err)" -eq 2
mime-size -a "$C/plain/text.eml" "$C/plain/attachment.eml" >want
same 'and does not keep the others from theirs' list want
fails 66 'nor is it no' mime-size --over 1G absent "$C/plain/text.eml"
fails 66 'nor yes' mime-size --over 1 absent "$C/plain/attachment.eml"
fails 66 'a file that is not there' mime-size nowhere.eml
has 'is named' .err '^mime-size: .*nowhere.eml'
fails 64 'a size that is none' mime-size --over lots "$C/plain/text.eml"
has 'is quoted' .err '^mime-size: --over: .*lots'
fails 64 'two numbers at once' mime-size -a -e "$C/plain/text.eml"
fails 64 'an option that is none' mime-size --heavy
if [ -e /dev/full ]; then
	fails 74 'a full disk' sh -c 'mime-size "$1" >/dev/full' sh "$C/plain/text.eml"
else
	skip 'no /dev/full' 'a full disk'
fi

# --- every message of ours ---------------------------------------------------------------------------

weigh_all() {
	find "$C" -name '*.eml' >names && while read -r f; do
		mime-size "$f" >got && mime-size --json "$f" >json &&
		[ "$(wc -l <got)" -eq "$(wc -l <json)" ] || { echo "$f"; return 1; }
	done <names
}
ok 'every small mail is weighed' weigh_all

done_testing
