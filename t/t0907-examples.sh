#!/bin/sh
# What the manual tells people to type works. Every command after a `$ ` in a page, and every line
# of the README that begins with one of our tools, is run on a real mail in a folder of its own and
# must exit 0. Standard input is the mail where a command names none, files that it reads are made
# for it, /srv is a folder of the test; what needs a service or another program is named, not run.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-manual.sh"

needs perl bash base64

# A mail of 11 MiB: text, HTML, a PDF with an accent in its name, a signature delimiter.
{
	printf 'From: Zo\303\253 <zoe@example.org>\nTo: Bob <bob@example.net>\nSubject: the report\n'
	printf 'Content-Language: fr\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=m\n\n'
	printf -- '--m\nContent-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain'
	printf '; charset=utf-8\n\nVoil\303\240.\n-- \nZ\n--a\nContent-Type: text/html; charset=utf-8\n\n'
	printf '<html><body><p>Voil\303\240.</p></body></html>\n--a--\n'
	printf -- '--m\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n'
	printf "Content-Disposition: attachment; filename*=utf-8''r%%C3%%A9sum%%C3%%A9.pdf\n\n"
	head -c 11M /dev/zero | base64
	printf -- '--m--\n'
} >sample

# An archive in the state folder with what the examples look for: mails of July 2005 from Belga, and a
# large one. Each page finds it whole, for one of them erases what it finds.
fill_archive() {
	for i in $(seq 45); do
		printf 'From: Jean Dupont <dupont@belga.com>\nTo: zoe@example.org\nSubject: facturation #1%05d\n\nx\n' \
			"$i" | archive-put --received '2005-07-10 9:30' --sender dupont@belga.com \
			--rcpt zoe@example.org >/dev/null || exit 99
	done
	archive-put --sender zoe@example.org --rcpt bob@example.net <"$TRASH/sample" >/dev/null || exit 99
}

# And a Maildir at home.
mkdir -p Maildir/new Maildir/cur && cp sample Maildir/cur/1120176000.M1.host:2,S

readme_commands() {
	perl -ne 'print if /^(mime-size|detach-upload|link-inject|drop-put|archive-[a-z]+)\b/' "$SRC/README.md"
}

# The files that a command reads and that are not there yet, by what their names look like.
make_inputs() { # COMMAND
	mkdir -p new cur
	[ -e new/1 ] || { cp "$TRASH/sample" new/1 && cp "$TRASH/sample" cur/2; }
	printf '%s\n' "$1" | perl -ne '
		s/>>?\s*[\w.\/-]+//g;
		print "$_\n" for grep { /^(mail|message|detached|[\w\/-]+\.[a-z]{3,5})$/ } split /[\s<=;|&()"]+/' |
		while read -r file; do
			[ ! -e "$file" ] && [ "${file#/}" = "$file" ] || continue
			mkdir -p "$(dirname "$file")"
			case $file in
			mail | message | detached | *.eml) cp "$TRASH/sample" "$file" ;;
			*.json | *.jsonl | *.ndjson)
				printf '{"name":"a.pdf","url":"https://drop.example.org/x/a.pdf","size":5}\n'
				;;
			*.html) printf '<p>Example Ltd</p>\n' ;;
			*) printf 'Example Ltd\n' ;;
			esac >.new
			[ -e "$file" ] || mv .new "$file"
		done
	rm -f .new
}

why_not() { # COMMAND
	case $1 in
	*s3://* | *webdav+* | *recipe:*) echo 'needs a service' ;;
	*sendmail* | *scp* | *apt* | *formail* | *procmail*) echo 'needs another program' ;;
	*--uploader* | *--divert*) echo 'needs a program of the reader' ;;
	*/etc/*) echo 'needs a file of the machine' ;;
	esac
}

ran=0
run_all() { # TITLE, commands on stdin
	title=$1
	mkdir -p "$TRASH/$title"
	fill_archive
	while read -r command; do
		why=$(why_not "$command")
		if [ -n "$why" ]; then
			echo "# not run ($why): $title: $command"
			continue
		fi
		cd "$TRASH/$title" || exit 99
		make_inputs "$command"
		printf '%s\n' "$command" | sed "s|/srv/|$TRASH/$title/srv/|g" >.command
		ran=$((ran + 1))
		ok "$title: $command" bash -o pipefail .command <"$TRASH/sample"
	done
	cd "$TRASH" || exit 99
}

for page in "$SRC"/man/*.[157]; do
	commands_of "$page" >commands
	run_all "${page##*/}" <commands
done
readme_commands >commands
run_all README <commands
ok 'there were commands to run' test "$ran" -ge 8

# The script of tubepost-recipes(7) that puts a file between the filters.
perl -ne '
	$near = 1, next if /^\.\\" block: filtered$/;
	$in = 1, $near = 0, next if $near && /^\.Bd -literal/;
	$in = 0 if /^\.Ed/;
	s/\\e/\\/g, print if $in' "$SRC/man/tubepost-recipes.7" >filtered
chmod +x filtered
ok 'the script of tubepost-recipes(7) runs' ./filtered tee result <sample
has 'and gives a mail with a link' result 'file://.*sum.*\.pdf'
ok 'that is small' test "$(wc -c <result)" -lt 10000
printf 'drop:\n  store: dir:/dev/null/nowhere\n' >broken.yaml
rm result
TUBEPOST_CONFIG=broken.yaml fails 75 'with the store down it defers' ./filtered tee result <sample
ok 'and its command has seen nothing' test ! -e result

done_testing
