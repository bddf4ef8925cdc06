#!/bin/sh
# The contract with an uploader, kept and broken: what it is told, what it may answer, and how it may fail.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"

make_mail 3000 2000 >mail
make_mail 3000 >one

# What it gets.
cat >look <<'EOF'
#!/bin/sh
env | grep '^TUBEPOST_' | sort >"$HOME/environment"
head -c 5 >/dev/null
cat >"$HOME/rest"
tr '\0' ' ' </proc/$$/cmdline >"$HOME/cmdline"
ls -l /proc/$$/fd >"$HOME/fds"
perl -e 'seek(STDIN, 0, 0) or exit 1; local $/; $_ = <STDIN>; print length' >"$HOME/seeked" || exit 1
echo https://drop.example/x
EOF
chmod +x look
content 1 3000 >content
sum=$(sha256sum <content | cut -d' ' -f1)
TUBEPOST_NAME=stale ok 'it is run' detach-upload --over 0 --uploader ./look --expire 1d <one
has 'ACTION' environment '^TUBEPOST_ACTION=upload$'
has 'NAME, ours and not an older one' environment '^TUBEPOST_NAME=f1.bin$'
has 'TYPE' environment '^TUBEPOST_TYPE=application/octet-stream$'
has 'SIZE' environment '^TUBEPOST_SIZE=3000$'
has 'SHA256' environment "^TUBEPOST_SHA256=$sum\$"
has 'EXPIRES' environment "^TUBEPOST_EXPIRES=$(date -d 2026-11-22T09:30:00Z +%s)\$"
has 'SENDER, from the header' environment '^TUBEPOST_SENDER=ada@example.org$'
has 'RECIPIENTS, from the header' environment '^TUBEPOST_RECIPIENTS=bob@example.net,carol@example.net$'
has 'KEY' environment '^TUBEPOST_KEY=[0-9a-f]{64}$'
has 'DEADLINE' environment '^TUBEPOST_DEADLINE=[0-9]+$'
ok 'the bytes can be read again' test "$(cat seeked)" -eq 3000
ok 'and are the bytes' test "$(sha256sum <content)" = "$sum  -"
hasnt 'nothing of the mail is in its arguments' cmdline 'f1|ada|bob|Hello|content'
hasnt 'no file of ours is open' fds 'ledger|secret|mail|one$'
ok 'sender and recipients of the envelope win' detach-upload --over 0 --uploader ./look \
	--sender a@b --rcpt c@d --rcpt e@f --expire 2d <one
has 'SENDER' environment '^TUBEPOST_SENDER=a@b$'
has 'RECIPIENTS' environment '^TUBEPOST_RECIPIENTS=c@d,e@f$'
awk 'BEGIN { printf "To: "; for (i = 0; i < 6000; i++) printf "recipient%05d@example.org,\n ", i; print "x@y" }' </dev/null >crowd
cat one >>crowd
ok 'six thousand recipients do not stop the mail' detach-upload --over 0 --uploader ./look <crowd
ok 'a field that long is not read' grep -q '^TUBEPOST_RECIPIENTS=$' environment
# shellcheck disable=SC2046 # words
ok 'nor do six thousand of the envelope' env TUBEPOST_STATE="$TRASH/crowd.state" detach-upload --over 0 --uploader ./look \
	$(seq -f '--rcpt=recipient%05g@example.org' 0 5999) <one
ok 'it is told those that fit' test "$(grep -c '^TUBEPOST_RECIPIENTS=recipient00000@' environment)" -eq 1

# What it may answer.
answers() { # DESCRIPTION SHELL-COMMAND
	rm -rf state
	ok "$1" detach-upload --over 0 --uploader "$2" <one
}
answers 'a URL' 'echo https://x/y'
cp .out out
has 'is in the stub' out '^ URL="https://x/y"'
answers 'white space around it' 'printf "\n  https://x/y\r\n\n"'
answers 'JSON' 'echo "{\"url\":\"https://x/z\",\"delete_url\":\"https://secret/delete\",\"expires\":1795300000}"'
cp .out out
has 'the URL' out 'URL="https://x/z"'
hasnt 'the URL that deletes stays with us' out 'secret'
has 'the time it said' out '^ expiration="Sat, 21 Nov 2026 22:26:40 \+0000"'
answers 'JSON with a date' 'echo "{\"url\":\"https://x/z\",\"expires\":\"2026-11-25T00:00:00Z\"}"'
has 'the date' .out '^ expiration="Wed, 25 Nov 2026 00:00:00 \+0000"'
answers 'a link that never expires' 'echo "{\"url\":\"https://x/z\",\"expires\":null}"'
hasnt 'says nothing of a day' .out '^ expiration='
answers 'stdin left unread' 'exec <&-; echo https://x/y'
answers 'a megabyte on stderr' 'yes complaint | head -c 1000000 >&2; echo https://x/y'
answers 'a child left behind that holds the pipes' 'sleep 300 & echo $! >"$HOME/sleeper"; echo https://x/y'
kill "$(cat sleeper)"
rm -rf state
# stdout and stderr are one, as under Exim
detach-upload --over 0 --uploader 'echo not-in-the-mail >&2; echo https://x/y' <one >both 2>&1
hasnt 'its complaints are never in the mail' both 'not-in-the-mail'
has 'and the mail is' both '^epilogue'

# How it may fail: 75, and nothing comes out.
refused() { # DESCRIPTION SHELL-COMMAND REASON
	rm -rf state
	fails 75 "$1" detach-upload --over 0 --uploader "$2" <one
	cp .err err
	ok 'nothing comes out' is_empty .out
	has "$1: said" err "$3"
}
refused 'it exits 1' 'echo why it failed >&2; exit 1' '^detach-upload: uploading part 2: the uploader failed \(exit 1\): why it failed$'
refused 'it is not there' "$TRASH/nowhere" 'exit 127'
refused 'it is killed' 'kill -9 $$' 'killed by signal 9'
refused 'it prints nothing' ':' 'no usable URL'
refused 'it prints garbage' 'echo done' 'no usable URL'
refused 'it prints two lines' 'echo uploading; echo https://x/y' 'no usable URL'
refused 'it prints a script' 'echo "javascript:alert(1)"' 'no usable URL'
refused 'it prints a script in JSON' 'echo "{\"url\":\"JavaScript:alert(1)\"}"' 'no usable URL'
refused 'it prints data' 'echo "data:text/html,x"' 'no usable URL'
refused 'it prints a NUL' 'printf "https://x/y\0z\n"' 'no usable URL'
refused 'it prints bad JSON' 'echo "{\"url\":"' 'bad JSON'
refused 'it prints JSON without a URL' 'echo "{}"' 'no usable URL'
refused 'it prints a time that is none' 'echo "{\"url\":\"https://x/y\",\"expires\":\"soon\"}"' 'expires'
refused 'it prints an endless URL' 'printf https://x/; yes | tr -d "\n" | head -c 9000' 'no usable URL'
refused 'it prints a megabyte' 'yes https://x/y | head -c 1000000' 'no usable URL'
rm -rf state
fails 75 'it prints a URL and fails all the same' detach-upload --over 0 --uploader 'echo https://x/y; exit 3' <one
: >calls
ok 'and its URL is not kept' detach one out --over 0
ok 'but asked for again' calls 1

ok '--on-error=pass gives the mail back' detach-upload --over 0 --on-error=pass --uploader false <mail
same 'unchanged' mail .out
has 'and says so' .err 'passed on unchanged'

# The deadline ends it, and all that it started.
cat >hang <<'EOF'
#!/bin/sh
sh -c 'echo $$ >"$HOME/grandchild"; exec sleep 600' &
echo $$ >"$HOME/child"
sleep 600
EOF
chmod +x hang
gone() {
	for i in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$1" 2>/dev/null || return 0
		grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null && return 0
		sleep 0.1
	done
	return 1
}
rm -rf state
fails 75 'it hangs' detach-upload --over 0 --deadline 1s --uploader ./hang <one
has 'and is ended by the deadline' .err 'not done within the deadline'
ok 'with its children' gone "$(cat grandchild)"
rm -rf state
fails 75 'it never stops talking' detach-upload --over 0 --deadline 1s --uploader 'for i in 1 2 3 4; do yes & done; wait' <one
has 'and is ended, too' .err 'deadline'
rm -rf state
fails 75 'nor complaining' detach-upload --over 0 --deadline 1s --uploader 'exec yes >&2' <one
rm -rf state child grandchild
detach-upload --over 0 --uploader ./hang <one >out 2>err &
pid=$!
for i in $(seq 100); do [ -s grandchild ] && [ -s child ] && break; sleep 0.05; done
kill -TERM $pid
wait $pid 2>/dev/null
ok 'ended by a signal, we are' test $? -eq 143
ok 'and so is it' gone "$(cat child)"
ok 'and what it started' gone "$(cat grandchild)"

# Several at once: each waits until the other has begun.
cat >meet <<'EOF'
#!/bin/sh
: >"$HOME/began.$TUBEPOST_NAME"
for i in $(seq 200); do
	[ -e "$HOME/began.f1.bin" ] && [ -e "$HOME/began.f2.bin" ] && { echo "https://x/$TUBEPOST_NAME"; exit; }
	sleep 0.05
done
exit 1
EOF
chmod +x meet
rm -rf state
ok '--jobs 2 runs two at once' detach-upload --over 0 --jobs 2 --uploader ./meet <mail
cp .out out
has 'and each link is in its place' out 'f1.bin'
ok 'in order' test "$(grep -n 'x/f1.bin' out | cut -d: -f1)" -lt "$(grep -n 'x/f2.bin' out | cut -d: -f1)"
cat >alone <<'EOF'
#!/bin/sh
mkdir "$HOME/busy" || exit 1
sleep 0.05
rmdir "$HOME/busy"
echo "https://x/$TUBEPOST_NAME"
EOF
chmod +x alone
rm -rf state
ok '--jobs 1 runs one after the other' detach-upload --over 0 --jobs 1 --uploader ./alone <mail
fails 75 '--jobs 0' detach-upload --jobs 0 <mail
has 'named as it was given' .err '^detach-upload: --jobs: must be from 1 to 64$'
fails 75 '--jobs 65' detach-upload --jobs 65 <mail
printf 'detach:\n  jobs: 0\n' >jobs.yaml
fails 75 'none in the configuration' detach-upload -c jobs.yaml <mail
has 'named with its place' .err '^detach-upload: jobs\.yaml:2:9: detach\.jobs: must be from 1 to 64$'
fails 75 '--deadline 0' detach-upload --deadline 0 <mail

done_testing
