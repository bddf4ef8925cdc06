#!/bin/sh
# Before anyone turns it on: attempts are recorded, and a policy is run over the record.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-grey.sh"

# --- recording ------------------------------------------------------------------------------------
at 0 --record log --ip 192.0.2.1 --sender 'a b@x.example' --rcpt c@d.example --rcpt e@d.example --spf fail
says 'recording lets all pass' '250 pass: recorded'
ask 300 client_address=192.0.2.1 sender='a b@x.example' recipient=c@d.example -- --record log --doubt listed
answers 'in a policy service, too' dunno
[ ! -e state ]
result $? 'and remembers nothing'
[ "$(wc -l <log)" -eq 2 ]
result $? 'a line an attempt'
has 'with its time' log "^time=$T0	"
has 'and its facts' log 'client_address=192\.0\.2\.1	.*recipient=c@d\.example	recipient=e@d\.example'
at 0 --record /nonexistent/log --ip 192.0.2.1
says 'a record that cannot be written stops nobody' '250 pass: not-recorded'
[ "$(stat -c %a log)" = 600 ]
result $? 'nobody else may read it'

# --- replaying ------------------------------------------------------------------------------------
ok 'replayed' greylist-check --replay log
cat >want <<'END'
2026-09-21T14:13:20Z	firsttry	192.0.2.1	a b@x.example	2
attempts	2
pass	1
firsttry	1
early	0
late	0
delayed mails	2
came back	1
did not	1
mean wait, seconds	300
END
same 'tells what would have waited' .out want
[ ! -e state ]
result $? 'with a state of its own'
printf 'greylist: {open: 10m}\n' >slow.yaml
ok 'with other settings' greylist-check -c slow.yaml --replay - <log
has 'it is another story' .out '^2026-09-21T14:18:20Z	early	'
cat >log2 <<'END'
# Times may be written for people.
time=2026-09-21T10:00:00Z	client_address=192.0.2.1	sender=a@x.example	recipient=c@d.example	spf=softfail
time=2026-09-21T10:05:00Z	client_address=192.0.2.1	sender=a@x.example	recipient=c@d.example	spf=softfail
time=2026-09-21T10:06:00Z	client_address=192.0.2.9	sender=b@x.example	recipient=c@d.example	spf=pass
END
ok 'dates' greylist-check --replay log2
has 'are read' .out '^mean wait, seconds	300$'
[ "$(ls "${TMPDIR:-/tmp}" | grep -c '^greylist-')" -eq 0 ] || [ -n "$(pgrep greylist-check)" ]
result $? 'nothing is left behind'
echo 'client_address=192.0.2.1' >bad
fails 65 'an attempt without a time' greylist-check --replay bad
has 'is named' .err '^greylist-check: bad: line 1: no time=$'
printf '# x\ntime=1\tnonsense\n' >bad
fails 65 'what is no attempt' greylist-check --replay bad
has 'is named' .err '^greylist-check: bad: line 2: '
fails 66 'no record' greylist-check --replay missing
fails 64 'two things at once' greylist-check --replay log --dump
{ cat log; printf 'time=%s\tclient_address=192.0.2.1\tsender=half@x.ex' $((T0 + 400)); } >growing
ok 'a record that somebody is writing' greylist-check --replay growing
has 'its last line is left out' .err '^greylist-check: growing: line 3: cut short, and left out$'
same 'and all others count' .out want
ok 'an empty record' greylist-check --replay /dev/null
has 'holds nothing' .out '^attempts	0$'

done_testing
