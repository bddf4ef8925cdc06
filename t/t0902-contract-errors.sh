#!/bin/sh
# The contract of every tool, exit codes and all-or-nothing: whatever is wrong, tools that carry mail
# exit 0 or 75 with all of the output or none, give the mail back under --on-error=pass, and read all
# of stdin; the others say what happened in sysexits.
# shellcheck disable=SC2016,SC2317 # other shells expand what stands in single quotes
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-contract.sh"
needs perl

printf 'detach:\n  over: [1\n' >broken.yaml
printf 'detach:\n  ovr: 1\n' >unknown.yaml
printf 'detach: {over: [1]}\n' >type.yaml
printf 'on_error: bounce\n' >value.yaml
printf 'on_error: pass\n' >pass.yaml
printf 'x\n' >unreadable.yaml
chmod 0 unreadable.yaml
printf '%064d\n' 0 >open.secret
chmod 644 open.secret
printf 'secret_file: %s\n' "$PWD/open.secret" >open-secret.yaml

# A mail that comes in pieces, slowly and without blocking, from a writer that minds EAGAIN.
nonblocking() { # COMMAND...
	perl -e '
		use Fcntl; use Socket;
		socketpair(my $ours, my $its, AF_UNIX, SOCK_STREAM, 0) or die;
		fcntl($its, F_SETFL, O_NONBLOCK) or die;
		my $pid = fork // die;
		if (!$pid) { open STDIN, "<&", $its; open STDOUT, ">&", $its; close $ours; exec @ARGV; exit 127 }
		close $its;
		open my $mail, "<", "mail.eml"; local $/; my $text = <$mail>;
		for my $piece (unpack("(a100)*", $text)) { syswrite $ours, $piece; select undef, undef, undef, 0.002 }
		shutdown $ours, 1;
		select undef, undef, undef, 0.02;
		open my $out, ">", "got"; print {$out} scalar <$ours>; close $out;
		waitpid $pid, 0; exit $? >> 8 | $? & 127' "$@"
}

for t in $TOOLS; do
	# --- configuration ------------------------------------------------------------------------
	config=$(code_of "$t" 78)
	for c in broken:'3:1: did not find expected' unknown:'2:3: unknown key .detach.ovr.' \
		type:'1:16: detach.over: not a single value' \
		value:"1:11: on_error: 'bounce' is not one of defer\\|pass"; do
		fails "$config" "$t: a configuration that is ${c%%:*}" works "$t" -c "${c%%:*}.yaml" <mail.eml
		has 'named with line and column' .err "^$t: ${c%%:*}\\.yaml:${c#*:}"
		one_line 'in one line' "$t"
		nothing 'nothing on stdout' .out
	done
	fails "$config" "$t: a configuration that is missing" works "$t" -c missing.yaml <mail.eml
	has 'named' .err "^$t: missing\\.yaml: No such file"
	fails "$config" "$t: a folder as configuration" works "$t" -c . <mail.eml
	if [ "$(id -u)" -ne 0 ]; then
		fails "$config" "$t: a configuration that may not be read" works "$t" -c unreadable.yaml <mail.eml
	fi
	fails "$(code_of "$t" 73)" "$t: a log that cannot be made" works "$t" --log /nonexistent/log <mail.eml
	has 'named' .err "^$t: log /nonexistent/log: No such file"
	fails "$config" "$t: --log counts when the configuration is broken" \
		works "$t" --log lines -c broken.yaml <mail.eml
	nothing 'nothing on stderr' .err
	has 'the line is in the log' lines "^2[0-9T:-]*Z $t\\[[0-9]+\\]: broken\\.yaml:"
	rm -f lines

	# --- stdout -------------------------------------------------------------------------------
	io=$(code_of "$t" 74)
	# shellcheck disable=SC2016 # the shell inside expands it
	closed='. "$SRC/t/lib-contract.sh"; t=$1; shift; works "$t" "$@" <mail.eml'
	# A predicate or a mail that is at its mail program may print nothing: these print.
	if prints "$t"; then
		fails "$io" "$t: stdout closed" sh -c "$closed >&-" - "$t"
		has 'said' .err "^$t: stdout: cannot write: Bad file descriptor"
		fails "$io" "$t: stdout full" sh -c "$closed >/dev/full" - "$t"
		has 'said' .err "^$t: stdout: cannot write: No space left"
		# shellcheck disable=SC2016
		fails "$io" "$t: stdout a pipe that nobody reads" perl -e '
			pipe my $r, my $w; close $r; open STDOUT, ">&", $w; exec @ARGV' sh -c "$closed" - "$t"
		has 'said' .err "^$t: stdout: cannot write: Broken pipe"
	fi
	fails "$io" "$t --help with stdout full" sh -c "$t --help >/dev/full"
	fails "$io" "$t --version with stdout closed" sh -c "$t --version >&-"

	# --- stdin --------------------------------------------------------------------------------
	reads "$t" || continue
	fails "$io" "$t: stdin closed" works "$t" <&-
	fails "$io" "$t: stdin a folder" works "$t" </
	nothing 'nothing on stdout' .out
	works "$t" <mail.eml >want 2>/dev/null
	ok "$t: stdin and stdout that do not block" nonblocking \
		sh -c "${closed% <mail.eml}" - "$t"
	if [ "$t" = detach-upload ] || [ "$t" = drop-put ]; then
		ok 'all of it comes through' test -s got
	else
		same 'all of it comes through' got want
	fi
	ok "$t: everything closed but stdin" sh -c ". \"\$SRC/t/lib-contract.sh\"
		works $t <mail.eml >&- 2>&-; [ \$? -eq $io ]"
done

# --- tools that carry mail -----------------------------------------------------------------------
for t in $TOOLS; do
	carries "$t" || continue
	passed "$t" >passed
	# The archive keeps a mail of 0 bytes like any other.
	if ! judges "$t" && [ "$t" != archive-put ]; then
		fails 75 "$t: an empty mail" works "$t" </dev/null
		has 'said' .err 'empty message'
		nothing 'nothing on stdout' .out
		fails 75 "$t: an empty mail, passing" works "$t" --on-error=pass </dev/null
		nothing 'nothing on stdout' .out
	fi
	fails 75 "$t: a broken pipe, passing" perl -e \
		'pipe my $r, my $w; close $r; open STDOUT, ">&", $w; exec @ARGV' \
		sh -c "$closed" - "$t" --on-error=pass

	pass() { # WHAT COMMAND... gives the mail back, exit 0, says why
		_pass=$1
		shift
		ok "$t passes the mail: $_pass" "$@" <mail.eml
		cp .err why
		cmp .out passed >/dev/null
		result $? 'unchanged to the byte'
		has 'the reason is told' why "^$t: "
		fails 75 "$t defers it without: $_pass" defer "$@" <mail.eml
		nothing 'nothing on stdout' .out
	}
	defer() { # the same without --on-error
		for _a; do
			shift
			case $_a in --on-e*) ;; pass) ;; *) set -- "$@" "$_a" ;; esac
		done
		"$@"
	}
	pass 'unknown option' "$t" --on-error=pass --bogus
	pass 'unknown option before' "$t" --bogus --on-error=pass
	pass 'two words' "$t" --bogus --on-error pass
	pass 'abbreviated' "$t" --on-err=pass --bogus
	pass 'an operand' "$t" --on-error=pass extra words
	pass 'a missing argument' "$t" --on-error=pass --config
	pass 'a broken configuration' works "$t" --on-error=pass -c broken.yaml
	pass 'an unknown key' works "$t" --on-error=pass -c unknown.yaml
	pass 'a missing configuration' works "$t" --on-error=pass -c missing.yaml
	pass 'a log that cannot be made' works "$t" --on-error=pass --log /nonexistent/log
	fails 75 "$t: pass behind --" "$t" --bogus -- --on-error=pass <mail.eml
	fails 75 "$t: another word than pass" works "$t" --on-error=passs <mail.eml
	has 'is refused' .err "^$t: --on-error: 'passs' is not one of defer\\|pass"
	fails 75 "$t: the last of two counts" works "$t" --on-error=pass --on-error=defer -c missing.yaml <mail.eml
	case $t in
	detach-upload)
		pass 'an uploader that fails' works "$t" --uploader 'cat >/dev/null; exit 1' --on-error=pass
		pass 'an uploader that is missing' works "$t" --uploader /nonexistent/x --on-error=pass
		pass 'an uploader that says nothing' works "$t" --uploader 'cat >/dev/null' --on-error=pass
		pass 'an uploader that reads nothing' works "$t" --uploader 'exit 75' --on-error=pass
		pass 'a secret that all may read' works "$t" -c open-secret.yaml --on-error=pass
		has 'which is said' why 'readable by everybody'
		pass 'an uploader killed' works "$t" --uploader 'kill -9 $$' --on-error=pass
		;;
	link-inject)
		pass 'a missing text' "$t" --text missing.txt --on-error=pass
		;;
	esac
done

ok 'detach-upload passes by configuration' \
	works detach-upload -c pass.yaml --uploader 'exit 1' <mail.eml
same 'unchanged to the byte' .out mail.eml
ok 'link-inject passes by configuration' link-inject -c pass.yaml --text missing.txt <mail.eml
same 'unchanged to the byte' .out mail.eml
ok 'a mail with stubs' works detach-upload <mail.eml
cp .out stubs.eml
ok 'link-inject passes a mail with stubs when its template is missing' \
	link-inject --template missing.txt --on-error=pass <stubs.eml
same 'unchanged to the byte' .out stubs.eml
fails 75 'and defers it without' link-inject --template missing.txt <stubs.eml
fails 75 'the command line wins' link-inject -c pass.yaml --on-error=defer --text missing.txt <mail.eml

done_testing
