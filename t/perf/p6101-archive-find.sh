#!/bin/sh
# archive-find, whole process, first page: archives of growing size, everyday questions and the worst
# that we could think of; then beside notmuch, mu and mairix on real mail. FIND_SIZES sets the sizes.
# What must hold: sender + subject + dates within 10 ms at a million mails and 30 ms at ten (95 of a
# hundred questions), the worst question within 100 and 500 ms.
. "${0%/*}/perf-lib.sh"

head_line() {
	printf '  %-34s %4s %9s %9s %9s %9s\n' '' n median p95 longest 'peak MiB'
}
latency() { "$BUILD/t/latency" "$@"; }

# Questions that a person asks who remembers a mail: part of the sender, a word of the subject, about
# when. The mails are taken from all over the archive.
questions() { # ARCHIVE FILE
	perl -e '
		use POSIX "strftime"; srand 7; my ($archive) = @ARGV;
		for (1 .. 100) {
			my $at = 1072915200 + rand(10 * 365.25 * 86400);
			my $until = strftime("%Y-%m-%d", gmtime $at);
			open my $find, "-|", "archive-find", "-a", $archive, "--json", "--limit", 1,
				"until:$until" or die;
			my $mail = <$find>; close $find;
			my ($from) = ($mail // "") =~ /"from":"([^"]*)"/ or next;
			my ($subject) = $mail =~ /"subject":"([^"]*)"/;
			my ($word) = sort { length $b <=> length $a } split " ", $subject;
			my $part = substr($from, rand(length($from) / 2), 4 + rand 8);
			my $span = (3, 30, 180, 730)[rand 4] * 86400;
			my $since = strftime("%Y-%m-%d", gmtime($at - $span * rand));
			my $end = strftime("%Y-%m-%d", gmtime($at + $span * rand));
			print join("\t", "from:$part", "subject:" . substr($word, 0, 4 + rand 6),
				"since:$since", "until:$end"), "\n";
		}' "$1" | grep -av '[^ -~	]' >"$2"
}

printf 'zqzq\nfrom:e\tsubject:e\tto:e\tzqzq\nsubject:facture\tsubject:invoice\nfrom:gmail.com\tfrom:yahoo.fr\nfrom:gmail.com\tsubject:facturation\tto:zq\ne\na\te\ti\to\tzq\n' >worst
printf 'e\n' >letter
printf -- '--count\te\n' >count
printf -- '--page\t5000\n' >deep
printf -- '-e\tsubject=^Facture .*#1234\n' >regex

for n in ${FIND_SIZES:-100000 1000000 10000000}; do
	a=$WORK/$n
	title "archive-find: $n mails"
	"$BUILD/t/archive-generate" "$a" "$n" || exit 1
	echo "  index: $(du -sm "$a/index" | cut -f 1) MB, $(ls "$a/index" | wc -l) segments"
	archive-find -a "$a" zqzq >/dev/null # from the disk into memory
	questions "$a" everyday
	head_line
	latency 'sender + subject + dates' everyday archive-find -a "$a"
	latency 'the newest' /dev/stdin archive-find -a "$a" <letter
	while read -r line; do
		printf '%s\n' "$line" >one
		latency "$(printf %s "$line" | tr '\t' ' ')" one archive-find -a "$a"
	done <worst
	latency 'all of the last seven' worst archive-find -a "$a"
	latency '--count e' count archive-find -a "$a"
	latency '--page 5000' deep archive-find -a "$a"
	latency 'regular expression, all mails' regex archive-find -a "$a"
	rm -rf "$a"
done

# --- beside the peers --------------------------------------------------------------------------------

corpus=$SRC/../shared/corpora/spamassassin.tar.zst
[ -e "$corpus" ] || { echo '  (no corpus: no peers)'; exit 0; }
mkdir -p mail/new mail/cur mail/tmp
tar --zstd -xf "$corpus"
i=0
find spamassassin -type f | sort | while read -r f; do
	i=$((i + 1))
	mv "$f" "mail/cur/1000000$i.x:2,S"
done
title "first page on $(find mail -type f | wc -l) real mails, sender + subject"
archive-put -a "$WORK/real" --maildir mail >/dev/null || exit 1
archive-rotate -a "$WORK/real" --seal --all >/dev/null 2>&1
archive-find -a "$WORK/real" >/dev/null
printf 'from:yahoo\tsubject:re\nfrom:ibm\tsubject:linux\nfrom:mason\tsubject:alsa\nfrom:news\tsubject:free\n' >asked
head_line
latency archive-find asked archive-find -a "$WORK/real"
if ! missing notmuch; then
	printf '[database]\npath=%s\n[new]\ntags=\n[search]\nexclude_tags=\n' "$WORK/mail" >nmrc
	NOTMUCH_CONFIG=$WORK/nmrc notmuch new >/dev/null 2>&1
	export NOTMUCH_CONFIG="$WORK/nmrc"
	latency 'notmuch search' asked notmuch search --limit=20
fi
if ! missing mu; then
	mu init --muhome="$WORK/mu" --maildir="$WORK/mail" >/dev/null 2>&1
	mu index --muhome="$WORK/mu" >/dev/null 2>&1
	latency 'mu find' asked mu find --muhome="$WORK/mu" --maxnum=20
fi
if ! missing mairix; then
	printf 'base=%s\nmaildir=mail\nmfolder=found\nmformat=raw\ndatabase=%s/mairix.db\n' "$WORK" "$WORK" >mxrc
	mairix -f mxrc >/dev/null 2>&1
	sed 's/from:/f:/; s/subject:/s:/' asked >mxasked
	latency 'mairix (whole words)' mxasked mairix -f mxrc -r
	sed 's/from:\([^\t]*\)/f:\1=/; s/subject:\(.*\)/s:\1=/' asked >mxpart
	latency 'mairix (parts of words)' mxpart mairix -f mxrc -r
fi
