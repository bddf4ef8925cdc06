# For tests of discs: an archive to pack, and ways to look at an image.
# shellcheck shell=sh

# put_dated FILE DATE: puts the mail, prints its id.
put_dated() {
	archive-put -a A --sender bounce@from.example --rcpt rcpt@to.example --received "$2" <"$1"
}

# What people write into subjects, a line each, as in the header.
odd_subjects() {
	printf '%s\n' 'a/b\c:d*e?f"g<h>i|j' '../../etc/passwd' '<script>alert(1)</script>' \
		'=?utf-8?q?=F0=9F=98=80_=F0=9F=92=BE?=' '=?utf-8?q?=C3=89t=C3=A9_=C3=A0_Li=C3=A8ge?=' \
		'=?utf-8?b?0JfQtNGA0LDQstGB0YLQstGD0LnRgtC1?=' '=?utf-8?q?a=00b=07c=1B[31m?=' \
		'.' '-' 'con' '   '
	perl -e 'print "x" x 10000, "\n"'
	echo
}

# Makes archive A with 30 mails of four months and those with odd subjects, ids in `ids`, oldest first;
# some are sealed, some in a journal.
make_archive() {
	make_file attached >attached
	for _n in $(seq 30); do
		if [ $((_n % 7)) -eq 0 ]; then make_mail "$_n" attached; else make_mail "$_n"; fi >mail
		put_dated mail "2005-0$((_n % 4 + 3))-$(printf %02d $((_n % 28 + 1)))T08:00:$(printf %02d "$_n")Z" || return 1
	done >unsorted
	archive-rotate -a A --seal --all || return 1
	_n=0
	odd_subjects | while IFS= read -r _s; do
		_n=$((_n + 1))
		printf 'From: a@b.example\nSubject: %s\n\nodd %d\n' "$_s" "$_n" >mail
		put_dated mail "2005-12-31T23:59:$(printf %02d $_n)Z" || exit 1
	done >>unsorted
	printf 'no header' >mail
	put_dated mail 2006-01-01T00:00:00Z >>unsorted
	sort unsorted >ids
}

# The whole tree of an image, by bsdtar, in a folder.
unpack() { # IMAGE FOLDER
	rm -rf "$2"
	mkdir -p "$2"
	bsdtar -C "$2" -xf "$1"
	chmod -R u+w "$2"
}

sectors_of() { # IMAGE
	echo $(($(wc -c <"$1") / 2048))
}

# A value of the plan in `plan`.
planned() { # NAME [COLUMN]
	awk -F'\t' -v name="$1" -v column="${2:-2}" '$1 == name { print $column; exit }' plan
}

# Discs of which the ledger knows.
ledger_count() {
	find A/disc -name '*.json' 2>/dev/null | wc -l
}

# Makes archive A with a pack of three mails in the cellar, `ids`, of which disc ABCDEF is made, `image.iso`,
# and a younger pack that stays.
make_disc_of_three() {
	for _n in 1 2 3; do
		make_mail $_n >mail
		put_at $_n mail >>ids
	done
	archive-rotate -a A --seal --all
	make_mail 4 >mail
	put_at 4 mail >young
	archive-rotate -a A --seal --all
	echo 'size: 1kB' >A/archive.yaml
	archive-rotate -a A --quiet >/dev/null
	dvd-pack -q -a A --serial ABCDEF --medium 8MB - <ids >image.iso && [ -e A/cellar/00000001.tpp ]
}
