#!/bin/sh
# link-inject: templates, languages, lists of links, and what it says about mistakes in them.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-inject.sh"

decoded() { link-inject "$@" <in >out 2>err && sed '1,/^$/d' out | perl -MMIME::QuotedPrint -0pe '$_ = decode_qp($_)' >text; }
needs perl

printf 'From: Zo\303\251 <z@example.org>\nSubject: Essai\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nx\n' >in
cat >links <<'EOM'
{"url":"https://example.org/a","name":"Été.pdf","size":24600000,"type":"application/pdf","expires":"2026-12-20T12:00:00Z"}

{"url":"https://example.org/b","size":1500,"expires":1798761600,"sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
EOM
head -1 links >link

# --- languages ----------------------------------------------------------------------------------
N=$(printf '\302\240')
works 'English' link-inject --links links --lang en <in
has 'text' out '^This message had 2 large attachments \(24.6 MB in all\)\. Download them here:$'
has 'a name' out '^\* Été.pdf \(24.6 MB\), until 20 December 2026$'
has 'a link without a name' out '^\* unnamed file \(1.5 kB\), until 1 January 2027$'
works 'French' link-inject --links links --lang fr <in
has 'the first of a month, a no-break space before a colon' out "^\* fichier sans nom \(1,5${N}ko\), jusqu'au 1er${N}janvier 2027$"
has 'a colon' out "^Elles sont à télécharger ici$N:$"
works 'German' link-inject --links link --lang=de <in
has 'text' out "^Der Link ist bis zum 20.${N}Dezember 2026 gültig\.$"
works 'Spanish' link-inject --links link --lang es <in
has 'text' out "^El enlace está disponible hasta el 20${N}de diciembre de 2026\.$"
works 'auto, nothing said' link-inject --links link <in
has 'is English' out '^This message'
for h in fr 'FR-ca, en' 'fr;q=1'; do
	{ echo "Content-Language: $h"; cat in; } >in.lang
	works "auto, Content-Language: $h" link-inject --links link <in.lang
	has 'is French' out '^Ce message'
done
printf 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Language: es\n\nx\n--b--\n' >in.part
works 'auto, Content-Language of the text' link-inject --links link <in.part
has 'is Spanish' out '^Este mensaje'
{ echo "Content-Language: de"; cat in.part; } >in.both
works 'auto, Content-Language of both' link-inject --links link <in.both
has 'is that of the message' out '^Diese Nachricht'
{ echo "Content-Language: ja"; cat in; } >in.lang
printf 'inject:\n  default_lang: de\n' >conf
works 'auto, a language that we do not write' link-inject -c conf --links link <in.lang
has 'is the default of the configuration' out '^Diese Nachricht'
works 'in New Zealand it is tomorrow' env TZ=NZST-12 link-inject --links link <in
has 'days are the site s own' out 'until 21 December 2026'
printf 'Content-Type: text/plain\n\nx\n' >ascii
sed 's/Été/Ete/' link >link.ascii
works 'English in an ASCII mail' link-inject --links link.ascii --lang en <ascii
has 'needs no other charset' out '^Content-Type: text/plain$'

# --- templates ----------------------------------------------------------------------------------
printf '{{#links}}\n[{{name}}] {{url}}\n{{/links}}\n' >t.txt
printf '{{#links}}<a href="{{url}}">{{name}}</a>{{/links}}\n' >t.html
sed 's|text/plain|text/html|' in >in.html
works '--template' link-inject --template t.txt --links link <in
has 'is used in text' out '^\[Été.pdf\] https://example.org/a$'
works '--template alone' link-inject --template t.txt --links link <in.html
has 'is used in HTML, too' out '<p>\[Été.pdf\] <a href="https://example.org/a">'
works '--html-template' link-inject --template t.txt --html-template t.html --links link <in.html
has 'is used in HTML' out '<a href="https://example.org/a">Été.pdf</a>'
printf 'inject:\n  template: %s/t.txt\n' "$TRASH" >conf
works 'a template by configuration' link-inject -c conf --links link <in
has 'is used' out '^\[Été.pdf\]'
printf 'Zo\303\251 signs: {{from.name}} <{{from.address}}>, {{header.Subject}}\n' >sign.txt
works '--text with values of the header' link-inject --text sign.txt <in
has 'filled in' out '^Zoé signs: Zoé <z@example.org>, Essai$'
works 'its HTML version' link-inject --text sign.txt <in.html
has 'made from the text, escaped' out '<p>Zoé signs: Zoé &lt;z@example.org&gt;, Essai</p>'
: >empty
works 'an empty text' link-inject --text empty <in
same 'changes nothing' out in
works 'an empty list' link-inject --links empty <in
same 'changes nothing' out in

# --- mistakes -----------------------------------------------------------------------------------
printf 'x\n {{nam}}\n' >bad.txt
defers 'a mistake in a template' link-inject --template bad.txt --links link <in
has 'with file, line, column' err '^link-inject: bad.txt:2:2: there is no value "nam"$'
works 'the same, passing' link-inject --on-error pass --template bad.txt --links link <in
same 'the mail as it was' out in
printf '<a href={{count}}>' >bad.html
defers 'an unsafe place in HTML' link-inject --html-template bad.html --links link <in
defers 'a template that is not there' link-inject --template nowhere --links link <in
has 'is named' err 'nowhere'
defers 'links that are not there' link-inject --links nowhere <in
for l in '{"name":"x"}' '{"url":"javascript:alert(1)"}' '{"url":"https://x/","size":"big"}' \
	'{"url":"https://x/","expires":"soon"}' '{"url":"https://x/","sha256":"0"}' '[]' '{' 'x'; do
	printf '%s\n' '{"url":"https://x/"}' "$l" >bad
	defers "a bad link: $l" link-inject --links bad <in
	has 'by its line' err '^link-inject: bad:2: '
done

# --- the contract -------------------------------------------------------------------------------
defers 'empty stdin' link-inject </dev/null
defers 'an unknown option' link-inject --nonsense <in
defers 'a bad word' link-inject --position middle <in
defers 'an operand' link-inject file <in
defers '--text and --links' link-inject --text sign.txt --links link <in
defers '--html without --text' link-inject --html t.html <in
link-inject --links link <in >/dev/full 2>err
[ $? -eq 75 ]
result $? 'a full disk: exit 75'
works '--help' link-inject --help
has 'shows every option' out 'keep-stubs'
result "$([ ! -s err ]; echo $?)" 'and nothing on stderr'

done_testing
