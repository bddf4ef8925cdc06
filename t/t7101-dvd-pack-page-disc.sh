#!/bin/sh
# The page of a real disc, out of its image, in a real browser: mails with hostile subjects and senders, at
# several widths, by keyboard alone, as a screen reader is told, in light and in dark.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
. "$SRC/t/lib-page.sh"
needs perl python3 chromium bsdtar
PAGE=tree/index.html

n=0
odd_subjects >subjects
cat >>subjects <<'XXX'
<img src=x onerror=notOurs=1>"><svg onload=notOurs=2>
</script><script>notOurs=3</script>
\u003cscript\u003enotOurs=4\u003c/script\u003e
${notOurs=5}{{notOurs=6}}"+(notOurs=7)+"
=?utf-8?q?=E2=80=AEgpj=2Eexe?=
=?utf-8?q?=E2=80=A8notOurs=3D8//?=
=?utf-8?b?16nXnNeV150=?= and back
javascript:notOurs=9
XXX
while IFS= read -r subject; do
	n=$((n + 1))
	printf 'From: "<b onclick=notOurs=10>%d" <a@b.example>\nTo: </td><script>notOurs=11</script> <c@d.example>\nSubject: %s\n\nbody %d\n' \
		$n "$subject" $n >mail
	put_dated mail "2005-12-31T23:59:$(printf %02d $n)Z" >>ids || exit 99
done <subjects
for m in $(seq 60); do
	make_mail "$m" >mail
	put_dated mail "2005-07-01T08:00:$(printf %02d $((m - 1)))Z" >>ids || exit 99
done
total=$((n + 60))
ok 'a disc of hostile mails' dvd-pack -q -a A --serial KWRTPM - <ids
mv .out disc.iso
unpack disc.iso tree

# --- hostile mails ---------------------------------------------------------------------------------
browse open 'eval ours window.notOurs === undefined' 'eval count document.getElementById("count").textContent' \
	'eval links [...document.querySelectorAll("#rows .subject a")].every(a => a.protocol === "file:" && /\/data\/[0-9]{4}\/[0-9]{2}\/[^\/]*\.eml$/.test(a.pathname))' \
	'eval alien document.querySelectorAll("#rows script, #rows img, #rows svg, #rows b, #rows [onclick], #rows [onload], #rows [onerror]").length' \
	'eval apart [...document.querySelectorAll("#rows .from, #rows .to, #rows .subject")].every(n => n.querySelector("bdi[dir=auto]"))' \
	'eval wide document.documentElement.scrollWidth <= window.innerWidth' \
	'eval long Math.max(...[...document.querySelectorAll("#rows .subject")].map(n => n.textContent.length))' \
	'eval clipped [...document.querySelectorAll("#rows .date, #rows .size")].filter(n => n.scrollWidth > n.clientWidth).length'
is 'none of them runs' ours true
is 'all are counted' count "\"$total mails\""
is 'every link leads to a mail on the disc' links true
is 'nothing became markup' alien 0
is 'what senders wrote keeps its direction to itself' apart true
is 'ten thousand characters are as many as the index keeps' long 4096
is 'and push nothing out of the window' wide true
is 'dates and sizes are read whole' clipped 0
hasnt 'no request leaves, nothing complains' answers '^(network|trouble)'
python3 -c '
import email, email.policy, json, os, sys
paths = [os.path.join(d, f) for d, _, fs in os.walk("tree/data/2005/12") for f in fs]
for path in sorted(paths):
    body = open(path, "rb").read().split(b"\n\n", 1)[1].split()[-1].decode()
    name = os.path.relpath(path, "tree")
    print("eval path%s [...document.querySelectorAll(\"#rows .subject a\")].some(a => a.getAttribute(\"href\") === %s && a.closest(\"tr\").querySelector(\".from\").textContent.endsWith(%s))"
          % (body, json.dumps(name), json.dumps(">" + body)))' >script
browse open "$(cat script)"
ok 'each stands beside its own file' test "$(grep -c '^path.*true$' answers)" -eq "$n"

# --- a click ---------------------------------------------------------------------------------------
# Chromium would show an empty page. It asks for the disc, once; in a dialog that no test can answer, so
# what it would give is made of the form's own file.
FOLDER='(path => { const inside = (name, rest) => ({ name, getDirectoryHandle: async n => { if (rest[0] !== n) throw Error(n); return inside(n, rest.slice(1)); },
	getFileHandle: async n => { if (rest.length > 1 || rest[0] !== n) throw Error(n); return { getFile: async () => document.getElementById("file").files[0] }; } });
	window.showDirectoryPicker = async () => { window.asked = (window.asked || 0) + 1; return path.startsWith("data/") ? inside("DISC", path.split("/")) : inside("data", path.split("/")); }; return 1; })'
FOLDER=$(printf '%s' "$FOLDER" | tr '\n\t' '  ')
path=$(cd tree && echo data/2005/12/20051231-235905_*)
LINK="document.querySelector('#rows a[href=\"$path\"]')"
printf 'From: a@b.example\nSubject: chosen\n\nbody 5\n' >chosen.eml
for root in "$path" "${path#data/}"; do
	browse open 'file #file chosen.eml' 'wait !document.getElementById("mail").hidden' \
		'eval away (document.getElementById("mail").hidden = true, 1)' "eval folder $FOLDER('$root')" \
		"eval click ($LINK.click(), 1)" 'eval focus document.activeElement.id' 'eval asked window.asked === undefined' \
		'eval help document.getElementById("readhelp").textContent.startsWith("This browser shows no mail by itself.")' \
		'key Enter' 'wait !document.getElementById("mail").hidden' 'eval shown document.querySelector("#mail h3").textContent' \
		'eval again (document.getElementById("mail").hidden = true, 1)' "eval click2 ($LINK.click(), 1)" \
		'wait !document.getElementById("mail").hidden' 'eval once window.asked' \
		'eval other (document.querySelector("#rows tr:first-child a").click(), 1)' 'wait !document.getElementById("trouble").hidden' \
		'eval why document.getElementById("trouble").textContent' 'eval here location.pathname.endsWith("index.html")'
	is 'a click leads to the button that asks for the disc' focus '"pick"'
	is 'and nobody is asked before' asked true
	is 'which says why' help true
	is 'then the mail is shown' shown '"chosen"'
	is 'and the next at once' once 1
	has 'what is not there is named' answers '^why	"This is not on the disc that was chosen: data/2005/12/'
	is 'and the page stays' here true
done

# --- widths ----------------------------------------------------------------------------------------
for width in 320 390 700 840 1280 1920; do
	browse "size $width 900" open 'eval wide document.documentElement.scrollWidth <= window.innerWidth' \
		'eval clipped [...document.querySelectorAll("#rows .date, #rows .size")].filter(n => n.scrollWidth > n.clientWidth).length' \
		'eval roles [...document.querySelectorAll("#table, #table *")].filter(n => ["TABLE", "THEAD", "TBODY", "TR", "TH", "TD"].includes(n.tagName) && !n.getAttribute("role")).length' \
		'eval small [...document.querySelectorAll("button, input, #rows a")].filter(n => n.offsetParent && n.getBoundingClientRect().height < 22).length'
	grep -qx 'wide	true' answers && grep -qx 'clipped	0' answers && grep -qx 'roles	0' answers && grep -qx 'small	0' answers
	result $? "$width pixels: nothing sticks out or is cut, rows stay rows, everything can be hit" || sed 's/^/# /' answers
done

# --- keyboard --------------------------------------------------------------------------------------
# What has the focus: id, name or text.
AT='(e => e.id || e.name || e.dataset.sort || e.dataset.go || e.className || e.textContent.slice(0, 20))(document.activeElement)'
set -- open
for i in $(seq 16); do set -- "$@" 'key Tab' "eval at$i $AT"; done
browse "$@"
cut -f2 answers | tr -d '"' | paste -sd' ' >order
echo 'skip q main Clear from to subject since since since since until until until until date' >want
same 'Tab goes the way that is read' order want
browse open 'key Tab' 'key Enter' "eval skipped $AT" 'key Tab' "eval next $AT" 'eval focus getComputedStyle(document.activeElement).outlineStyle'
is 'one step skips the form' skipped '"results"'
is 'to the table' next '"date"'
is 'and one sees where one is' focus '"solid"'
browse open 'eval focus (document.querySelector("[data-sort=size]").focus(), 1)' 'key Enter' \
	'wait document.querySelector("th.size").getAttribute("aria-sort") !== "none"' "eval at $AT" \
	'eval said document.getElementById("count").getAttribute("role")' \
	'eval more document.querySelector("td.more button").getAttribute("aria-label").startsWith("Details: ")'
is 'the count is said aloud' said '"status"'
is 'a button of three dots says of which mail' more true

# --- what a screen reader is told, and what eyes can tell --------------------------------------------
CONTRAST='(() => {
	const lum = c => { const v = c.map(x => (x /= 255) <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
		return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
	const rgb = s => s.match(/[0-9.]+/g).map(Number);
	const ground = n => { for (; n; n = n.parentElement) { const c = rgb(getComputedStyle(n).backgroundColor); if (c.length < 4 || c[3] === 1) return c.slice(0, 3); } return [255, 255, 255]; };
	const ratio = (a, b) => { const l = [lum(a), lum(b)].sort((x, y) => y - x); return (l[0] + 0.05) / (l[1] + 0.05); };
	const bad = [];
	document.querySelectorAll("body *").forEach(n => {
		const style = getComputedStyle(n);
		if (!n.offsetParent || n.disabled || style.clipPath !== "none") return;
		if ([...n.childNodes].some(c => c.nodeType === 3 && c.data.trim()) && ratio(rgb(style.color).slice(0, 3), ground(n)) < 4.5)
			bad.push(n.tagName + "." + n.className);
		if ((n.tagName === "INPUT" && ratio(rgb(style.borderTopColor).slice(0, 3), ground(n.parentElement)) < 3))
			bad.push("border of " + n.name);
	});
	return bad.length ? bad : document.querySelectorAll("#rows tr").length;
})()'
CONTRAST=$(printf '%s' "$CONTRAST" | tr '\n\t' '  ')
browse open 'eval details (document.querySelector("td.more button").click(), 1)' "eval light $CONTRAST" dark "eval dark $CONTRAST" \
	'eval dark_is getComputedStyle(document.body).backgroundColor !== "rgb(253, 252, 250)"'
is 'text has a contrast of 4.5, borders of fields 3' light 51
is 'and in the dark' dark 51
is 'which is dark' dark_is true
browse open 'eval headings [...document.querySelectorAll("h1, h2")].map(n => n.tagName).join(" ")' \
	'eval marks [...document.querySelectorAll("header, main, footer, nav, [role=search]")].map(n => n.tagName).join(" ")' \
	'eval lang document.documentElement.lang' \
	'eval named [...document.querySelectorAll("section, nav, table")].every(n => n.getAttribute("aria-label") || document.getElementById(n.getAttribute("aria-labelledby")) || n.caption)'
is 'headings' headings '"H1 H2"'
is 'landmarks' marks '"HEADER MAIN FORM NAV FOOTER"'
is 'each with a name' named true
is 'the language' lang '"en"'
done_testing
