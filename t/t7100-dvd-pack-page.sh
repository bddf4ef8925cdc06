#!/bin/sh
# The page that searches a disc, in a real browser, from file://: what is found, that nothing a mail says
# becomes markup, order, pages, languages, keyboard, reading a mail; and what it does when data is missing.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-page.sh"
needs perl python3 chromium
PAGE=disc/index.html
ROWS='[...document.querySelectorAll("#rows tr .subject")].map(n => n.textContent).join("|")'
COUNT='document.getElementById("count").textContent'

# Mails of every kind that matters; then many plain ones, in two shards.
perl -e '
	my $t = 1120176000000;
	sub mail { my ($sender, $from, $to, $rcpts, $subject) = @_;
		my @g = gmtime(($t += 60000) / 1000); my $n = ++$count;
		printf "%d\t%d\t%s\t%s\t%s\t%s\t%s\tdata/%04d/%02d/mail-%d.eml\n", $t, 1000 * $n, $sender, $from, $to, $rcpts,
			$subject, $g[5] + 1900, $g[4] + 1, $n }
	mail("plain\@many.example", "Plain $_ <plain\@many.example>", "All <all\@many.example>", "", "plain number $_") for 1 .. 60000;
	my $x = q{<script>window.notOurs=1</script><img src=x onerror="window.notOurs=2">};
	mail("evil\@example.org", "\"$x\" <evil\@example.org>", "$x", "$x", "$x needle-markup");
	mail("", "</title></script>\"\x27\\x5c}]);notOurs=3;//", "\\x00\\x08\\x0a\\x0dnext\\x1b[31m\\xe2\\x80\\xa8x\\xc2\\x85", "", "\\xe2\\x80\\xaetxt.exe\\xff\\xfe needle-control \\x5cu003cb\\x5c");
	mail("b\@example.org", "H\xc3\xa9l\xc3\xa8ne \xc5\x92uvre <helene\@example.org>", "Stra\xc3\x9fe <s\@example.org>", "hidden\@example.org", "\xc3\x89t\xc3\xa9 \xc3\xa0 la r\xc3\xa9union");
	mail("c\@example.org", "", "", "only\@envelope.example", "");
	mail("d\@example.org", "Zo\xc3\xab <d\@example.org>", "x\@example.org", "", "\xf0\x9f\x8e\x89 emoji " . ("long " x 2000));
	mail("e\@example.org", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d <e\@example.org>", "\xd0\x98\xd0\xb2\xd0\xb0\xd0\xbd <i\@example.org>", "", "\xe2\x80\x9cquoted\xe2\x80\x9d \xe2\x80\x94 \xef\xac\x81ne \xd0\x9c\xd0\xbe\xd1\x81\xd0\xba\xd0\xb2\xd0\xb0 \xce\x9f\xce\x94\xce\x9f\xce\xa3");
' >list
ok 'the page is written' "$HELPERS/make-page" disc ABCDEF fr <list
find disc -type f | wc -l >files
sectors=$(find disc -type f -exec stat -c %s {} + | awk '{ n += int(($1 + 2047) / 2048) } END { print n }')
[ "$(cut -f2 .out)" -eq "$(cat files)" ] && [ "$(cut -f1 .out)" -ge "$sectors" ] && [ "$(cut -f1 .out)" -le $((sectors + 3)) ]
result $? 'and as large as it reckoned'
"$HELPERS/make-page" again ABCDEF fr <list >/dev/null
ok 'twice the same' diff -r disc again
[ -f disc/search/mails-002.js ] && [ ! -e disc/search/mails-003.js ]
result $? 'in two shards'
LC_ALL=C grep -rlP '[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xa8|\xc2\x85' disc/search/mails-*.js >found
nothing_found() { [ ! -s found ]; }
nothing_found
result $? 'no control character is left in the data'

# --- what is shown ---------------------------------------------------------------------------------
browse open "eval count $COUNT" 'eval title document.title' 'eval lang document.documentElement.lang' \
	'eval rows document.querySelectorAll("#rows tr").length' \
	'eval loaded tubepost.loaded()' \
	'eval markup [window.notOurs === undefined, document.querySelectorAll("main img, main script, td b").length]' \
	'eval first document.querySelector("#rows .subject").textContent' \
	'eval href document.querySelector("#rows .subject a").getAttribute("href")'
is 'all of them' count "\"$(printf '60\342\200\257006') messages\""
is 'the disc in the title' title '"Archive de courrier ABCDEF"'
is 'in the language of the archive' lang '"fr"'
is 'the first page' rows 50
is 'for which one list was read' loaded 1
is 'nothing became markup' markup '[true, 0]'
is 'newest first, read whole' first '"“quoted” — ﬁne Москва ΟΔΟΣ"'
is 'and links to its file' href '"data/2005/08/mail-60006.eml"'
hasnt 'no request leaves, nothing complains' answers '^(network|trouble)'

# --- finding ---------------------------------------------------------------------------------------
find_one() { # WHAT QUERY SUBJECT-BEGINNING
	browse "open $2" "eval rows $ROWS" "eval over window.notOurs === undefined"
	is "$1" rows "$3"
	is '... harmlessly' over true
}
find_one 'without accents' 'q=ete%20reunion' '"Été à la réunion"'
find_one 'without capitals, with ligatures' 'from=OEUVRE' '"Été à la réunion"'
find_one 'sharp s' 'to=STRASSE' '"Été à la réunion"'
find_one 'an envelope recipient' 'to=hidden%40example' '"Été à la réunion"'
find_one 'an envelope sender' 'from=b%40example.org' '"Été à la réunion"'
find_one 'no header at all' 'to=only%40envelope' '"(sans objet)"'
find_one 'typographic signs, as typed or not' 'subject=%E2%80%9Equoted%E2%80%9D%20-%20fine' '"“quoted” — ﬁne Москва ΟΔΟΣ"'
find_one 'another script' 'subject=москва' '"“quoted” — ﬁne Москва ΟΔΟΣ"'
find_one 'a final sigma' 'subject=οδος' '"“quoted” — ﬁne Москва ΟΔΟΣ"'
find_one 'words kept together' 'subject=%22number%2059999%22' '"plain number 59999"'
browse 'open q=from%3Azoe%20subject%3Aemoji' "eval rows $ROWS.length"
has 'fields named in the one field; a long subject' answers '^rows	10008$'
find_one 'markup' 'q=needle-markup' '"<script>window.notOurs=1</script><img src=x onerror=\"window.notOurs=2\"> needle-markup"'
find_one 'control characters' 'q=needle-control' '"‮txt.exe�� needle-control \\u003cb\\"'
browse 'open q=nowhere-at-all' "eval count $COUNT" 'eval table document.getElementById("table").hidden'
is 'nothing is found' count '"Aucun message"'
is 'and no table shown' table true
browse 'open since=2005-07-02&until=2005-07-02' "eval count $COUNT"
is 'a day' count "\"$(printf '1\342\200\257440 messages sur 60\342\200\257006')\""
browse 'open q=plain&since=2005-07-02&until=2005-07-02&sort=date' 'eval first document.querySelector("#rows time").dateTime'
is 'begins with its first minute' first '"2005-07-02T00:00:00.000Z"'
browse 'open since=2005-07-03&until=2005-07-02' 'eval why document.getElementById("trouble").textContent'
is 'dates the wrong way round' why '"Le premier jour est après le dernier."'

# --- folding: what archive-find finds, the page finds ------------------------------------------------
# Every character below U+3000 that both know, but for Cherokee, whose small letters fold to capitals there.
python3 -c '
import unicodedata
for c in range(0x21, 0x3000):
    if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co", "Cc", "Cf") and not 0x13a0 <= c <= 0x13ff:
        print("a" + chr(c) + "B")
' >characters
"$HELPERS/fold-lines" <characters >folded
python3 -c '
import json
print("eval js [" + ",".join("tubepost.fold(" + json.dumps(line.rstrip("\n")) + ")" for line in open("characters", encoding="utf-8")) + "].join(\"\\n\")")
' >script
browse open "$(cat script)"
python3 -c '
import json
line = [l for l in open("answers", encoding="utf-8") if l.startswith("js\t")][0]
print(json.loads(line[3:]))' >js-folded
paste characters folded js-folded | awk -F '\t' '$2 != $3' >differ
[ "$(wc -l <js-folded)" -eq "$(wc -l <characters)" ] && [ "$(wc -l <differ)" -eq 0 ] || sed -n '1,40s/^/#   /p' differ
[ "$(wc -l <differ)" -eq 0 ]
result $? "the page folds $(wc -l <characters) characters as archive-find does"

# --- order, pages, keyboard ------------------------------------------------------------------------
browse 'open sort=-size' 'eval first document.querySelector("#rows .subject").textContent' \
	'eval sorted document.querySelector("th.size").getAttribute("aria-sort")' \
	'eval click (document.querySelector("[data-sort=from]").click(), 1)' \
	'wait document.querySelector("th.from").getAttribute("aria-sort") === "ascending"' \
	'eval hash location.hash'
is 'the largest first' first '"“quoted” — ﬁne Москва ΟΔΟΣ"'
is 'which is told' sorted '"descending"'
is 'the address keeps the order' hash '"#sort=from"'
browse 'open page=2' 'eval first document.querySelector("#rows .subject").textContent' \
	'eval place document.getElementById("place").textContent' \
	'eval go (document.querySelector("[data-go=last]").click(), 1)' \
	'wait document.querySelector("#rows .subject").textContent === "plain number 6"' \
	'eval focus document.activeElement.id' 'eval rows document.querySelectorAll("#rows tr").length' \
	'eval off document.querySelector("[data-go=next]").disabled'
is 'the second page' first '"plain number 59956"'
is 'is told of' place "\"$(printf 'Page 2 sur 1\342\200\257201')\""
is 'the last one takes the focus' focus '"results"'
is 'and has the rest' rows 6
is 'nothing comes after it' off true
browse open 'eval focus (document.getElementById("q").focus(), 1)' 'type ÉTÉ Réunion' 'key Enter' \
	"wait document.querySelectorAll('#rows tr').length === 1" "eval rows $ROWS" 'eval hash decodeURIComponent(location.hash)' \
	'eval more (document.querySelector("td.more button").focus(), 1)' 'key Space' \
	'wait document.querySelector("tr.details")' \
	'eval details document.querySelector("tr.details").textContent.includes("hidden@example.org")' \
	'eval expanded document.querySelector("td.more button").getAttribute("aria-expanded")' \
	'eval english (document.querySelector("#languages [lang=en]").click(), document.documentElement.lang)' \
	'eval button document.querySelector("form .main").textContent' \
	'eval unnamed [...document.querySelectorAll("input, button")].filter(n => !(n.labels && n.labels.length) && !n.textContent && !n.getAttribute("aria-label")).length'
is 'by keyboard' rows '"Été à la réunion"'
is 'the address keeps it' hash '"#q=ÉTÉ+Réunion"'
is 'details by keyboard, with the envelope' details true
is 'which is told' expanded '"true"'
is 'in English' english '"en"'
is 'all of it' button '"Search"'
is 'every control has a name' unnamed 0

# --- reading a mail in the page --------------------------------------------------------------------
cat >mail.eml <<'EOF'
From: =?utf-8?Q?H=C3=A9l=C3=A8ne?= <helene@example.org>
To: bob@example.org
Subject: =?utf-8?B?w6l0w6k=?= <b>plain</b>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="x"

--x
Content-Type: multipart/alternative; boundary="y"

--y
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Voil=E0 le texte <script>window.notOurs=4</script>
--y
Content-Type: text/html; charset=utf-8

<p>not shown</p><script>window.notOurs=5</script>
--y--
--x
Content-Type: application/pdf; name="a.pdf"
Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.pdf
Content-Transfer-Encoding: base64

QUJD
--x--
EOF
browse open 'file #file mail.eml' 'wait !document.getElementById("mail").hidden' \
	'eval title document.querySelector("#mail h3").textContent' 'eval text document.querySelector("#mail pre").textContent' \
	'eval from document.querySelector("#mail dd").textContent' 'eval focus document.activeElement.id' \
	'eval file [document.querySelector("#mail li a").download, document.querySelector("#mail li").textContent]' \
	'eval over window.notOurs === undefined'
is 'its subject' title '"été <b>plain</b>"'
is 'its text, and not the HTML beside it' text '"Voilà le texte <script>window.notOurs=4</script>"'
is 'its sender' from '"Hélène <helene@example.org>"'
is 'takes the focus' focus '"mail"'
is 'its file is there to be saved' file '["résumé.pdf", "résumé.pdf (3 octets)"]'
is 'and nothing was run' over true

# --- damage ----------------------------------------------------------------------------------------
: >disc/search/mails-001.js
browse 'open subject=number' 'eval why document.getElementById("trouble").textContent' 'eval rows document.querySelectorAll("#rows tr").length'
has 'a list that cannot be read is named' answers 'why	"Une partie de la liste est illisible sur le disque : search/mails-001.js\.'
is 'what the others have is found' rows 50
rm disc/search/about.js
browse open 'eval why document.getElementById("trouble").textContent'
has 'the list of lists, too' answers 'why	"The list of this disc \(search/about.js\) cannot be read'
printf '' | "$HELPERS/make-page" empty ABCDEF en >/dev/null
cp -r empty disc2 && rm -rf disc && mv disc2 disc
browse open "eval count $COUNT" 'eval languages document.getElementById("languages").hidden'
is 'a disc without mails' count '"No mails"'
is 'English alone has no other language to offer' languages true

done_testing
