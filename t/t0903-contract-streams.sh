#!/bin/sh
# The contract of every tool, stdin and stderr: all of a mail is always read, whatever is wrong; when
# stdout and stderr are one pipe nothing is on it but the output; what the caller left behind (limits,
# ignored signals, languages) changes nothing; no escape reaches a terminal or a log.
# shellcheck disable=SC2016,SC2317 # other shells expand what stands in single quotes
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
needs perl

printf 'detach:\n  over: [1\n' >broken.yaml

# Five megabytes into the command; fails when the writer meets a closed pipe. The command's own exit
# code goes into `code`.
feed() { # COMMAND...
	perl -e '
		$SIG{PIPE} = "IGNORE";
		my $pid = open(my $to, "|-", @ARGV) or die;
		my $piece = "X: " . "x" x 70 . "\n";
		for (1 .. 70000) { syswrite($to, $piece) == length $piece or exit 1 }
		close $to;
		open my $code, ">", "code"; print $code $? >> 8, "\n"; close $code' "$@"
}

for t in $TOOLS; do
	carries "$t" || continue
	while read -r what arguments; do
		# shellcheck disable=SC2086 # words
		ok "$t reads all of stdin: $what" feed "$t" $arguments
		[ "$(cat code)" -eq 75 ]
		result $? 'and exits 75'
	done <<-END
		usage --bogus
		operand extra
		configuration -c broken.yaml
		missing -c missing.yaml
		log --log /nonexistent/log
		value --on-error=x
	END
	ok "$t reads all of stdin: no temporary folder" env TMPDIR=/nonexistent perl -e \
		'exec @ARGV' sh -c 'head -c 5000000 /dev/zero | { '"$t"' >out 2>err; echo $? >code; cat | wc -c >left; }'
	if [ "$t" = greylist-check ]; then # reads the header and writes nothing
		[ "$(cat code) $(cat left)" = '0 0' ] && grep -q '^250 pass' out
		result $? 'and decides all the same'
	else
		[ "$(cat code) $(cat left)" = '75 0' ] && [ ! -s out ] && grep -q '/nonexistent' err
		result $? 'and exits 75, with the reason'
	fi
	ok "$t reads all of stdin: stdout closed" feed sh -c "$t >&-"
	[ "$(cat code)" -eq 75 ]
	result $? 'and exits 75'
	# 2 kB are fewer than the spool needs.
	ok "$t reads all of stdin: files may not grow" sh -c \
		'head -c 5000000 /dev/zero | { (ulimit -f 4; exec '"$t"' >out 2>err); echo $? >code; cat | wc -c >left; }'
	if [ "$t" = greylist-check ]; then
		[ "$(cat code) $(cat left)" = '0 0' ] && grep -q '^250 pass' out
		result $? 'and decides all the same'
	else
		[ "$(cat code) $(cat left)" = '75 0' ] && [ ! -s out ] && grep -q 'File too large' err
		result $? 'and exits 75, with the reason'
	fi
done

# --- one pipe for both ---------------------------------------------------------------------------
for t in $TOOLS; do
	carries "$t" || continue
	works "$t" -v <mail.eml 2>/dev/null >want
	# shellcheck disable=SC2016
	for extra in '' -v -q --log=stderr '-v --log=stderr'; do
		# shellcheck disable=SC2086
		{ works "$t" $extra <mail.eml 2>&1; echo $? >code; } | cat >got
		{ grep -v '^ *boundary\|^--' got >got.rest; grep -v '^ *boundary\|^--' want >want.rest; }
		[ "$(cat code)" -eq 0 ] && [ "$(wc -c <got)" -eq "$(wc -c <want)" ]
		result $? "$t 2>&1 $extra: the mail and nothing else"
	done
	for extra in --bogus '-c broken.yaml' '--log /nonexistent/log' '-c missing.yaml --log=stderr'; do
		# shellcheck disable=SC2086
		{ works "$t" $extra <mail.eml 2>&1; echo $? >code; } | cat >got
		[ "$(cat code)" -eq 75 ] && [ ! -s got ]
		result $? "$t $extra 2>&1: nothing at all"
	done
	{ works "$t" --log lines -v <mail.eml 2>&1; } | cat >got
	[ "$(wc -c <got)" -eq "$(wc -c <want)" ]
	result $? "$t --log FILE 2>&1: the mail and nothing else"
	{ works "$t" --log lines --bogus <mail.eml 2>&1; } | cat >got
	[ ! -s got ] && grep -q "$t\[[0-9]*\]: unknown option" lines
	result $? 'and what went wrong is in the log'
	[ "$(stat -c %a lines)" = 640 ]
	result $? 'which not everybody may read'
	rm lines
done
{ detach-upload --over 0 --uploader 'echo from the uploader >&2; exit 1' --on-error=pass <mail.eml 2>&1
	echo $? >code; } | cat >got
[ "$(cat code)" -eq 0 ]
result $? 'an uploader that complains'
same 'does not write into the mail' got mail.eml
# Reports for people: cron mails both together.
for t in archive-check archive-rm dvd-list; do
	{ "$t" --archive /nonexistent 0zzzzzzzzzzzzzzz </dev/null 2>&1; echo $? >code; } | cat >got
	[ "$(cat code)" -ne 0 ] && grep -q "^$t: " got
	result $? "$t 2>&1: says what is wrong there"
done
# What libraries say when they give up (GLib at the end of memory) goes to descriptor 2 directly.
{ detach-upload --over 0 --uploader 'kill -ABRT $PPID; cat >/dev/null' <mail.eml 2>&1; echo $? >code; } | cat >got
[ "$(cat code)" -eq 75 ]
result $? 'a tool that is aborted defers the mail'
nothing 'and nothing is on the pipe' got

# --- what the caller left behind -----------------------------------------------------------------
for t in $TOOLS; do
	for s in CHLD PIPE XFSZ TERM; do
		ok "$t with SIG$s ignored" perl -e '$SIG{shift()} = "IGNORE"; exec @ARGV' "$s" \
			sh -c '. "$SRC/t/lib-contract.sh"; works "$1" <mail.eml' - "$t"
	done
	ok "$t in an empty environment" env -i PATH="$PATH" TUBEPOST_STATE="$TRASH/state" \
		TUBEPOST_CONFIG=/dev/null SRC="$SRC" BIN="$BIN" TRASH="$TRASH" \
		sh -c '. "$SRC/t/lib-contract.sh"; works "$1" <mail.eml' - "$t"
	ok "$t in a language that is not installed" env LC_ALL=xx_YY.UTF-8 \
		sh -c '. "$SRC/t/lib-contract.sh"; works "$1" <mail.eml' - "$t"
	ok "$t where the working folder is gone" sh -c '. "$SRC/t/lib-contract.sh"
		mkdir gone; mail=$PWD/mail.eml; note=$PWD/note.txt; cd gone && rmdir ../gone
		case $1 in archive-*) works archive-find ;; dvd-*) works dvd-list ;; link-inject) link-inject --text "$note" <"$mail" ;; *) works "$1" <"$mail" ;; esac' - "$t"
done

ok 'detach-upload alone with SIGCHLD ignored' perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' \
	detach-upload --over 0 --uploader 'cat >/dev/null; echo https://drop.example/1' <mail.eml
has 'sees that its uploader ended well' .out 'message/external-body'
fails 75 'and that it did not' perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' \
	detach-upload --over 0 --uploader 'cat >/dev/null; echo https://drop.example/1; exit 1' --deadline 5s <mail.eml
hasnt 'at once' .err deadline

# Turkish: `i` and `I` are not one letter there.
if command -v localedef >/dev/null && mkdir locales &&
	localedef -i tr_TR -f ISO-8859-9 locales/tr_TR.ISO-8859-9 2>/dev/null; then
	{
		printf 'From: a@example.org\nMIME-VERSION: 1.0\nCONTENT-TYPE: multipart/RELATED; boundary=b\n\n'
		printf -- '--b\nContent-Type: text/HTML\n\n<IMG SRC="CID:I@I">\n--b\nContent-Type: IMAGE/GIF\n'
		printf 'CONTENT-ID: <I@I>\nCONTENT-DISPOSITION: INLINE; FILENAME=i.GIF\n\nGIF89a\n--b--\n'
	} >turkish.eml
	detach-upload --over 0 --only '*.gif' --dry-run <turkish.eml >want
	LOCPATH=$PWD/locales LC_ALL=tr_TR.ISO-8859-9 \
		detach-upload --over 0 --only '*.gif' --dry-run <turkish.eml >got
	same 'a mail is read the same way in Turkish' got want
	has 'with the image left where it is shown' want 'IMAGE/GIF|image/gif'
else
	skip 'localedef cannot make tr_TR here' 'a mail is read the same way in Turkish'
fi

# --- escapes -------------------------------------------------------------------------------------
bad=$(printf 'x\033[31m\nFrom: forged\302\2331m\342\200\256\377')
for t in $TOOLS; do
	fails "$(code_of "$t" 78)" "$t: a configuration with a hostile name" works "$t" -c "$bad" <mail.eml
	one_line 'is told in one line' "$t"
	LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2\x9b|\xe2\x80\xae|\xff' .err
	[ $? -eq 1 ]
	result $? 'without what a terminal would obey'
done

done_testing
