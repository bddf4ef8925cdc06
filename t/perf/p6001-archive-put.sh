#!/bin/sh
# archive-put, one mail a process and in bulk, on real mail, beside notmuch insert and the indexers.
# What must hold: one mail a process, fsynced, at least five times the rate of notmuch insert; bulk,
# fsynced at the end of each batch, at least 8,000 mails a second.
. "${0%/*}/perf-lib.sh"

corpus="$SRC/../shared/corpora/spamassassin.tar.zst"
[ -f "$corpus" ] || { echo "  (the corpus is not there)"; exit 0; }
mkdir mail && tar --zstd -xf "$corpus" -C mail
find mail -type f -print0 >names
n=$(tr -cd '\0' <names | wc -c)
kib=$(xargs -0 cat <names | wc -c | awk '{ printf "%d", $1 / 1024 }')
export TUBEPOST_STATE="$WORK/state" NOTMUCH_CONFIG="$WORK/notmuch.conf" MAIRIXRC="$WORK/mairixrc"

title "archive-put: one mail a process, each another one, into an archive that has the $n others"
archive-put -a one --files0-from names >/dev/null
set -- archive-put archive-put -a one --rcpt another
if ! missing notmuch; then
	mkdir -p notmuch/new notmuch/cur notmuch/tmp notmuch/mail
	cp -r mail/. notmuch/mail
	printf '[database]\npath=%s\n[user]\nname=x\nprimary_email=x@example.org\n' "$WORK/notmuch" >notmuch.conf
	notmuch new >/dev/null 2>&1
	set -- "$@" :: 'notmuch insert' notmuch insert
fi
printf 'int main(void) { return 0; }' >empty.c && ${CC:-cc} -O2 -o empty empty.c
perl -e '
	use Time::HiRes "time"; open my $names, "<", "names"; local $/ = "\0";
	my @files = map { chomp; $_ } <$names>; @files = map { $files[$_ * @files / 300] } 0 .. 299;
	my @commands = ([]); $_ eq "::" ? push @commands, [] : push @{$commands[-1]}, $_ for @ARGV;
	my @ms;
	for my $file (@files) { for my $c (0 .. $#commands) { # in turn, so that a drifting machine is fair
		my (undef, @command) = @{$commands[$c]}; my $begin = time;
		my $pid = fork // die;
		if (!$pid) { open STDIN, "<", $file; open STDOUT, ">", "/dev/null"; exec @command; exit 99 }
		waitpid $pid, 0; die "@command: $?\n" if $?;
		push @{$ms[$c]}, 1e3 * (time - $begin);
	} }
	printf "  %-20s %9s %9s %9s %9s\n", "", "median ms", "p95 ms", "mean ms", "ratio";
	for my $c (0 .. $#commands) {
		my @s = sort { $a <=> $b } @{$ms[$c]}; my $mean = eval(join "+", @s) / @s;
		$first //= $mean;
		printf "  %-20s %9.2f %9.2f %9.2f %9.2f\n", $commands[$c][0], $s[@s / 2], $s[@s * .95], $mean,
			$mean / $first;
	}' "$@" :: 'an empty C program' ./empty

title "archive-put: $n mails, $kib KiB, in one process, a sync a batch"
cat >bulk <<'X'
#!/bin/sh
rm -rf bulk-archive && exec archive-put -a bulk-archive --files0-from names
X
cat >bulk-notmuch <<'X'
#!/bin/sh
rm -rf notmuch && mkdir notmuch && cp -r mail notmuch && exec notmuch new
X
cat >bulk-mairix <<'X'
#!/bin/sh
rm -f mairix.db && exec mairix -F -f mairixrc 2>/dev/null
X
cat >bulk-mu <<'X'
#!/bin/sh
rm -rf mu && mu init --muhome=mu --maildir=maildir >/dev/null 2>&1 && exec mu index --muhome=mu
X
chmod +x bulk bulk-*
mkdir -p maildir/new maildir/cur maildir/tmp
i=0
find mail -type f | while read -r f; do
	i=$((i + 1))
	ln "$f" "maildir/cur/$i:2,"
done
printf 'base=%s\nmaildir=maildir\nmfolder=out\ndatabase=%s/mairix.db\n' "$WORK" "$WORK" >mairixrc
set -- 'archive-put' ./bulk
missing notmuch || set -- "$@" :: 'notmuch new' ./bulk-notmuch
missing mairix || set -- "$@" :: 'mairix (index only)' ./bulk-mairix
missing mu || set -- "$@" :: 'mu index' ./bulk-mu
measure -n 3 "$@"
for i in 1 2 3 4 5; do ./bulk; done | sed 's/^/  /'
archive-rotate -a bulk-archive --seal --all
for kind in pack blob index; do
	find "bulk-archive/$kind" -type f -exec cat {} + | wc -c |
		awk -v kind=$kind -v kib="$kib" '{ printf "  sealed, %s: %.3f of the mail\n", kind, $1 / 1024 / kib }'
done
