# For the contract tests, which run over every tool there is: which tools, what each is given when it
# shall succeed, and what its exit codes mean. A new tool needs a line in `works`.
# shellcheck shell=sh

# shellcheck disable=SC2034
TOOLS=$(cd "$BIN" && echo *)

# Tools that carry mail: 0 or 75, and --on-error=pass.
carries() {
	case $1 in detach-upload | link-inject | archive-put | greylist-check) true ;; *) false ;; esac
}

# Those that judge the mail and do not hand it on: passing it is a line, and there may be no mail.
judges() {
	case $1 in greylist-check) true ;; *) false ;; esac
}
passed() { # TOOL; what it prints under --on-error=pass
	if judges "$1"; then echo '250 pass: error'; else cat mail.eml; fi
}

# Tools whose work begins with stdin, and those that print when all went well.
reads() {
	case $1 in archive-check | archive-find | archive-get | archive-rm | archive-rotate | dvd-list | dvd-pack) false ;; esac
}
prints() {
	case $1 in archive-rm | archive-rotate) false ;; esac
}

# The exit code of a failure of this kind: what sysexits says, or 75 for those that carry mail.
code_of() { # TOOL SYSEXIT
	if carries "$1"; then echo 75; else echo "$2"; fi
}

# The tool at work: arguments that make it do its whole job on mail.eml, with more behind them.
# The output of a carrier is then not its input.
works() { # TOOL [ARGUMENT...]
	_tool=$1
	shift
	case $_tool in
	detach-upload)
		detach-upload --over 0 --uploader 'cat >/dev/null; echo https://drop.example/1' "$@"
		;;
	link-inject) link-inject --text note.txt "$@" ;;
	# The archive holds mail.eml already (below), so that there is something to find.
	archive-get) archive-get "$(cat id)" "$@" ;;
	archive-rm)
		_gone=$(sed 's/two parts/another/' mail.eml | archive-put 2>/dev/null)
		archive-rm "$_gone" "$@"
		;;
	greylist-check) greylist-check --ip 192.0.2.1 --sender a@example.org --rcpt b@example.org "$@" ;;
	dvd-pack) dvd-pack "$(archive-find --ids --limit 1)" "$@" ;;
	drop-put) drop-put --name x.bin --store "dir:$TRASH/store" "$@" ;;
	*) "$_tool" "$@" ;;
	esac
}

echo 'A note at the foot.' >note.txt
{
	printf 'From: a@example.org\nTo: b@example.org\nSubject: two parts\nMessage-ID: <1@example.org>\n'
	printf 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nA body.\n--b\n'
	printf 'Content-Type: application/pdf; name=a.pdf\nContent-Disposition: attachment; filename=a.pdf\n'
	printf 'Content-Transfer-Encoding: base64\n\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n--b--\n'
} >mail.eml

# One line `TOOL: what: why` and nothing else on stderr.
one_line() { # WHAT TOOL
	[ "$(wc -l <.err)" -eq 1 ] && grep -q "^$2: " .err
	result $? "$1"
}

nothing() { # WHAT FILE
	[ ! -s "$2" ] || { head -n 5 "$2" >.out; false; }
	result $? "$1"
}

if [ -x "$BIN/archive-put" ]; then
	archive-put <mail.eml >id || exit 99
fi
# A disc in its ledger, so that there is something to list; where none can be made, its facts alone.
if [ -x "$BIN/dvd-list" ] &&
	! dvd-pack -q --medium 8MB --serial ABCDEF "$(cat id)" >/dev/null 2>&1; then
	mkdir -p "$TUBEPOST_STATE/archive/disc" || exit 99
	{
		printf '{"number":1,"serial":"ABCDEF","medium":"dvd","sectors":300,"mails":1,"bytes":400,'
		printf '"first_ms":1120210200000,"last_ms":1120210200000,"content":"%064d","image":"%064d",' 1 2
		printf '"made":1120210300,"burnt":0,"verified":0,"shipped":0,"received":0,"lost":0,"left":0}\n'
	} >"$TUBEPOST_STATE/archive/disc/00000001.json"
fi
