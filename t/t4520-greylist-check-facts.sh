#!/bin/sh
# What is believed, and what is not: names and SPF results that a sender could have made, Received
# fields as mail servers write them and as senders want them read.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"
needs perl
# shellcheck disable=SC2016 # perl's dollars

first='421 throttle: firsttry'
echo 'greylist: {always: yes, white: [.bank.example]}' >white.yaml
echo 'greylist: {always: yes, hosts: [mx.us.test], trust: [mx.us.test]}' >ours.yaml

# --- names ----------------------------------------------------------------------------------------
ask 0 client_address=192.0.2.7 client_name=unknown reverse_client_name=mail.bank.example sender=a@x recipient=b@y -- -c white.yaml
answers 'an unverified name is on no white list' '450 4.7.1 throttle: firsttry'
ask 0 client_address=192.0.2.8 client_name=mail.bank.example reverse_client_name=mail.bank.example sender=a@x recipient=b@y -- -c white.yaml
answers 'a verified one is' dunno
echo 'greylist: {rules: {dyn: {reverse: "/[.]dyn[.]/"}, ours: {name: "/[.]dyn[.]/", weight: -1}}}' >rule.yaml
ask 0 client_address=192.0.2.7 client_name=unknown reverse_client_name=a.dyn.example sender=a@x recipient=b@y -- -c rule.yaml
answers 'it may speak against the client' '450 4.7.1 throttle: firsttry'
ask 0 client_address=192.0.2.9 client_name=a.dyn.example sender=a@x recipient=b@y -- -c rule.yaml
answers 'as the verified one does, which may speak for it, too' dunno
echo 'greylist: {rules: {friend: {reverse: a, weight: -1}}}' >rule.yaml
fails 75 'a rule that lets an unverified name pass' greylist-check -c rule.yaml --ip 192.0.2.1 </dev/null
has 'is refused' .err "'reverse' is not verified"

# --- SPF results ----------------------------------------------------------------------------------
OURS='Received: from h (unknown [192.0.2.7]) by mx.us.test (Postfix)'
# The verdict on a header, explained.
reads() { # CONFIG LINES...
	_conf=$1
	shift
	printf '%s\n' "$@" '' >mail
	TUBEPOST_NOW=$T0 greylist-check -c "$_conf" --sender a@spam.test --rcpt b@y --state "state-$$" --explain <mail >.said 2>.err
	code=$?
	said=$(head -n 1 .said)
	rm -f "state-$$"*
}
reads ours.yaml 'Authentication-Results: mx.us.test; spf=pass smtp.mailfrom="gmail.test"@spam.test' "$OURS"
has 'a local part is no origin' .said '^key	spf:spam\.test '
reads ours.yaml 'Received-SPF: pass (mx.us.test: x) client-ip=192.0.2.7; envelope-from="\"x\"@spam.test"' "$OURS"
has 'nor are escapes' .said '^key	spf:spam\.test '
echo 'greylist: {hosts: [mx.us.test], trust: [mx.us.test]}' >spf.yaml
reads spf.yaml 'Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=192.0.2.7; helo=h; envelope-from="\" receiver=x \"@spam.test"; receiver=mx.us.test' "$OURS" \
	'Received-SPF: pass (mx.us.test: x) receiver=mx.us.test'
says 'a sender cannot hide that SPF failed' "$first"
reads ours.yaml 'Received-SPF: Fail (mailfrom) client-ip=192.0.2.7; receiver=<UNKNOWN>' "$OURS" \
	'Received-SPF: pass (mx.us.test: x) receiver=mx.us.test'
has 'nor pass below what our server wrote without its name' .said '^spf	unknown$'

# --- Received -------------------------------------------------------------------------------------
echo 'greylist: {always: yes, hosts: [mx.us.test], white: [.bank.example]}' >names.yaml
reads names.yaml 'Received: from h (mail.bank.example [192.0.2.7] (may be forged)) by mx.us.test (8.17.1/8.17.1) with ESMTP id 1'
says 'a name that may be forged' "$first"
reads names.yaml 'Received: from h (mail.bank.example [192.0.2.7]) by mx.us.test (8.17.1/8.17.1) with ESMTP id 1'
says 'and one that leads back' '250 pass: white'
echo 'greylist: {always: yes}' >stock.yaml
host=$(hostname)
reads stock.yaml "Received: from h (h.spam.test [192.0.2.7]) by ${host%%.*}.us.test (Postfix)"
says 'our own host, with a domain that the system does not know' "$first"
reads stock.yaml "Received: from h (h.spam.test [192.0.2.7]) by other-$host (Postfix)"
says 'another host' '250 pass: no-client'
for helo in 'a;b' 'a(b' '"a b"' 'x (y [198.51.100.1])' "x (y [198.51.100.1]) by $host"; do
	reads stock.yaml "Received: from $helo (h.spam.test [192.0.2.7]) by $host (Postfix)"
	says "HELO $helo" "$first"
	has 'hides no client' .said '^client	192\.0\.2\.7$'
done
reads stock.yaml "Received: from localhost (localhost [127.0.0.1]) by $host (Postfix)" \
	"Received: from $host ([127.0.0.1]) by localhost ($host [127.0.0.1]) (amavisd-new, port 10024) with ESMTP" \
	"Received: from h (h.spam.test [192.0.2.7]) by $host (Postfix)"
has 'behind a content filter' .said '^client	192\.0\.2\.7$'
reads stock.yaml "Received: from localhost (localhost [127.0.0.1]) by $host (Postfix)"
says 'this host is no client' '250 pass: no-client'

# --- how much of the mail is read -----------------------------------------------------------------
# The folder for temporary files is none, so a byte that is written there is an error.
big() { # WHAT: 64 MiB behind or instead of a header
	"$1" | {
		TMPDIR=/nowhere TUBEPOST_NOW=$T0 greylist-check -c stock.yaml --rcpt b@y >.said 2>.err
		echo $? >code
	}
	code=$(cat code)
	said=$(head -n 1 .said)
}
long_body() {
	printf '%s\n\n' "Received: from h (h.spam.test [203.0.113.7]) by $host" && head -c 64M /dev/zero && : >written
}
big long_body
says 'of a long mail the header counts' "$first"
ok 'all of it is read: its writer was not cut off' test -e written
no_header() {
	printf '%s\n' "Received: from h (h.spam.test [203.0.114.7]) by $host" && head -c 64M /dev/zero && : >written-too
}
big no_header
says 'a header without end' "$first"
ok 'is read to the end, too' test -e written-too
long_header() {
	printf 'X-%s: y\n' $(seq 200000)
	printf '%s\n\n' "Received: from h (h.spam.test [203.0.115.7]) by $host"
}
big long_header
says 'what stands below a MiB of header does not count' '250 pass: no-client'
{ printf 'Received: from h (h [203.0.116.7]) by %s\r\n\r\nx\r\n' "$host"; head -c 1M /dev/zero; } >mail
TMPDIR=/nowhere TUBEPOST_NOW=$T0 greylist-check -c stock.yaml <mail >.said 2>.err
code=$?
said=$(head -n 1 .said)
says 'a file is read like a pipe' "$first"

# --- what the pages tell people to paste ----------------------------------------------------------
# The lines of one literal block, unescaped.
block() { # PAGE NAME
	perl -ne '
		BEGIN { $mark = shift }
		$near = 1, next if /^\.\\" recipe: \Q$mark\E$/;
		$in = 1, $near = 0, next if $near && /^\.Bd -literal/;
		$in = 0 if /^\.Ed/;
		print if $in' "$2" "$SRC/man/$1"
}
for name in postfix-greylist-master postfix-greylist-main; do
	block tubepost-recipes.7 $name >recipe
	block greylist-check.1 $name >shown
	ok "there is a recipe $name" test -s recipe
	same 'and the page of greylist-check has it word for word' shown recipe
done
sed -n '/^# recipe: greylist-yaml$/,/^# end/{/^# /!p;}' "$SRC/share/examples/greylist.yaml" >sample
perl -0777 -e '
	my ($sample, $page) = map { open my $f, "<", $_ or die; scalar <$f> } @ARGV;
	exit(length $sample < 100 || index($page, "\n$sample\n") < 0)' sample "$SRC/man/tubepost.yaml.5"
result $? 'the example of tubepost.yaml(5) has the sample of the recipes'

# Its lists are not asked here.
sed '/dnsbl:/d; /spamhaus/d' sample >sample.yaml
attempt() { # WHAT LINE ATTRIBUTES...
	_what=$1 _line=$2
	shift 2
	n=$((n + 1))
	ask 0 "client_address=10.77.$n.1" sender=a@x.example recipient=b@y.example "$@" -- -c sample.yaml
	answers "$_what" "$_line"
}
n=0
wait='450 4.7.1 throttle: firsttry'
attempt 'the sample: a good client' dunno client_name=mx.good.example reverse_client_name=mx.good.example helo_name=mx.good.example
attempt 'a dynamic name' "$wait" client_name=c-7.Dyn.isp.example reverse_client_name=c-7.Dyn.isp.example helo_name=mail.isp.example
attempt 'one that leads nowhere' "$wait" client_name=unknown reverse_client_name=pool-7.isp.example helo_name=mail.isp.example
attempt 'a HELO made of the address' "$wait" client_name=a.isp.example helo_name=10-77-3-1.isp.example
attempt 'a literal' "$wait" client_name=a.isp.example 'helo_name=[10.77.4.1]'
attempt 'no name at all' dunno client_name=unknown helo_name=mail.isp.example
attempt 'nor a HELO' "$wait" client_name=unknown helo_name=friend
ask 0 client_address=10.77.99.1 client_name=unknown helo_name=friend sender=a@x.example recipient=Postmaster@y.example -- -c sample.yaml
answers 'nobody waits for the postmaster' dunno

# --- ${run} of Exim before 4.96: the line is expanded, then split -----------------------------------
old_run() { # SENDER RCPT-LOCAL-PART
	TUBEPOST_NOW=$T0 perl -0777 -e '
		my ($file, $sender, $local) = @ARGV;
		my %v = (sender_host_address => "192.0.2.77", sender_address => $sender, domain => "y.example",
			local_part => $local, sender_helo_name => "", sender_host_name => "", spf_result => "",
			acl_m_doubt => "dnslists:a list=2");
		open my $f, "<", $file or die;
		my ($line) = <$f> =~ /\$\{run\{(.*?)\}\{\$value\}/s or die;
		$line =~ s/\\\n\s*//g;
		my $one = sub { my $text = shift; $text =~ s/\$(\w+)/$v{$1} \/\/ die $1/ge; $text };
		$line =~ s/\$\{sg\{([^{}]*)\}\{\\\\s\}\{_\}\}/$one->($1) =~ s|\s|_|gr/ge;
		$line = $one->($line);
		my ($tool, @rest) = split " ", $line;
		exec "greylist-check", grep { !/^--log/ } @rest' "$SRC/share/examples/exim-greylist.conf" "$@" </dev/null >.said 2>.err
	code=$?
	said=$(head -n 1 .said)
}
old_run '"a b --authenticated c"@x.example' b
says 'Exim before 4.96: blanks in a quoted local part' "$first"
old_run '' '"x --spf pass"'
says 'and the null sender' "$first"

done_testing
