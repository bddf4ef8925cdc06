#!/bin/sh
# tubepost-recipes(7) is true: its recipes are those of share/examples, which the chain tests run
# with the real mail programs, word for word as a reader of the page sees them; its nginx block
# publishes a folder store as files to save and nothing else; its cron lines remove what has expired
# and nothing else.

. "${0%/*}/test-lib.sh"

needs mandoc perl
page=$SRC/man/tubepost-recipes.7

# The values that the head of the page promises.
put_values() {
	sed -e 's|@SMTP@|smtp|g' -e 's|@SUBMISSION@|submission|g' -e 's|@TLS@|encrypt|g' -e 's|@FILTER_USER@|tubepost|g' -e 's|@USER@|tubepost|g' \
		-e 's|@LIBEXEC@|/usr/local/libexec/tubepost|g' -e 's|@DELIVER@|/usr/local/bin/deliver|g' \
		-e 's|@BINDIR@|/usr/local/bin|g' -e 's|@EXIM_USER@|Debian-exim|g' \
		-e 's|@SOCKET@|/run/tubepost/greylist-request|g'
}

# The rendered page without indentation and without the blanks that align columns.
squeeze() {
	sed 's/^[ 	]*//; s/[ 	][ 	]*/ /g; s/ $//' "$@" | grep -v '^$'
}
mandoc -Tascii -O width=200 "$page" | perl -pe 's/.\x08//g' >rendered
squeeze rendered >seen

# The lines of one literal block of the source, unescaped. MARK is the comment before it.
block() { # MARK
	perl -ne '
		BEGIN { $mark = shift }
		$near = 1, next if /^\.\\" \Q$mark\E$/;
		$in = 1, $near = 0, next if $near && /^\.Bd -literal/;
		$in = 0 if /^\.Ed/;
		s/\\&//, s/\\e/\\/g, print if $in' "$1" "$page"
}

sed -n 's/^# recipe: //p' "$SRC"/share/examples/* | sort >names
sed -n 's/^\.\\" recipe: //p' "$page" | sort >shown
ok 'there are recipes' test "$(wc -l <names)" -ge 8
same 'every recipe of share/examples stands in the page, and no others' shown names
while read -r name; do
	sed -n "/^# recipe: $name\$/,/^# end/{/^# /!p;}" "$SRC"/share/examples/* | put_values >ours
	block "recipe: $name" >theirs
	same "recipe $name, word for word" theirs ours
	squeeze ours >words
	ok "recipe $name, as it is read" perl -0777 -e '
		my ($words, $seen) = map { open my $f, "<", $_ or die; scalar <$f> } @ARGV;
		exit(length $words > 10 && index($seen, $words) < 0)' words seen
done <names

# The README's blocks without a language are pasted, too.
perl -ne '
	if (/^```(\w*)/) {
		$shown = !$open && $1 eq "";
		$open = !$open;
	} elsif ($shown) {
		print;
	}' "$SRC/README.md" >pasted
squeeze pasted >pasted-words
sed -n '/^# recipe: /,/^# end/{/^# /!p;}' "$SRC"/share/examples/* | put_values >all
squeeze all | sort -u >all-words
sort -u pasted-words | comm -23 - all-words >strange
ok 'the README has lines to paste' test "$(wc -l <pasted-words)" -gt 10
same 'and each stands in a recipe' strange /dev/null

# --- a folder store -------------------------------------------------------------------------------

printf 'drop:\n  store: dir:%s/srv/drop\nstate: %s/state\n' "$TRASH" "$TRASH" >config.yaml
put() { # NAME NOW EXPIRE
	TUBEPOST_NOW=$2 drop-put --config config.yaml --name "$1" --expire "$3" <"$1"
}
printf '<script>alert(1)</script>' >page.html
printf 'old' >old.txt
printf 'young' >young.txt
put page.html '' 30d >url
put old.txt 2005-07-01T00:00:00Z 1d >old-url
put young.txt 2005-07-01T00:00:00Z 1d >young-old-url
put young.txt '' 1d >young-url
path_of() { sed "s|^file://||" "$1"; }

block 'block: cron' | sed "s|/srv/drop|$TRASH/srv/drop|g" >cron
ok 'the cron lines are three' test "$(grep -c '^find ' cron)" -eq 3
ok 'they run' sh -e cron
ok 'an expired link is gone' test ! -e "$(path_of old-url)"
ok 'so is an expired link to content that others use' test ! -e "$(path_of young-old-url)"
same 'a link that works goes on working' "$(path_of young-url)" young.txt
same 'and the other' "$(path_of url)" page.html
find srv/drop/blob -type f | wc -l >blobs
echo 2 >expected
same 'content without links is gone' blobs expected

if command -v nginx >/dev/null 2>&1 && command -v curl >/dev/null 2>&1; then
	port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
		LocalAddr => "127.0.0.1", LocalPort => 0)->sockport')
	chmod 755 "$TRASH"
	{
		printf 'pid %s/pid;\nerror_log stderr;\nevents { }\nhttp {\naccess_log off;\n' "$TRASH"
		for kind in client_body proxy fastcgi uwsgi scgi; do
			printf '%s_temp_path %s/tmp-%s;\n' $kind "$TRASH" $kind
		done
		printf 'server {\nlisten 127.0.0.1:%s;\n' "$port"
		block 'block: nginx' | sed "s|/srv/drop|$TRASH/srv/drop|g"
		printf '}\n}\n'
	} >nginx.conf
	ok 'nginx takes the block' nginx -t -q -c "$TRASH/nginx.conf" -e stderr
	nginx -c "$TRASH/nginx.conf" -e stderr -g 'daemon off;' >nginx.log 2>&1 &
	on_exit "kill $!"
	base=http://127.0.0.1:$port/drop
	token=$(path_of url | sed 's|.*/t/||')
	ok 'a link works' curl -sS --retry 20 --retry-connrefused --retry-delay 0 -D head -o got \
		"$base/$token"
	same 'with the same bytes' got page.html
	has 'as a download' head '^Content-Disposition: attachment'
	has 'that no browser looks into' head '^X-Content-Type-Options: nosniff'
	has 'and of no type that runs' head '^Content-Type: application/octet-stream'
	for hidden in / "/${token%/*}/" /../blob/ /../tmp/; do
		curl -sS --path-as-is -o got -w '%{http_code}\n' "$base$hidden" >code
		hasnt "nothing is listed or read at $hidden" code '^2'
	done
else
	skip 'nginx or curl is not installed' 'the nginx block'
fi

done_testing
