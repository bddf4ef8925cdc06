#!/bin/sh
# archive-put by many at once: two hundred processes, equal deliveries among them, imports beside
# single mails. Everything that was acknowledged is there, once.
. "${0%/*}/test-lib.sh"
needs perl flock

# Runs a script N times at once: all wait for a lock that is let go when the last was started.
at_once() { # COUNT SCRIPT (with $n)
	exec 9>gate
	flock 9
	i=0
	while [ $i -lt "$1" ]; do
		n=$i flock -s gate sh -c "$2" 9>&- &
		i=$((i + 1))
	done
	exec 9>&-
	wait
}

mail() { printf 'From: s%s@example.org\nSubject: number %s\n\ntext %s\n' "$1" "$1" "$1"; }
i=0
while [ $i -lt 200 ]; do
	mail $i >mail.$i
	i=$((i + 1))
done

# shellcheck disable=SC2016
at_once 200 'archive-put -a box <mail.$n >id.$n 2>err.$n || echo "$n: $?" >>failed'
ok 'two hundred processes put at once, into a new archive' [ ! -e failed ]
[ "$(cat id.* | sort -u | wc -l)" -eq 200 ]
result $? 'two hundred ids'
printf '%s\0' mail.* >names
ok 'all of them' archive-put -a box --files0-from names
has 'are there' .out '^0 stored, 200 known'
echo "# $(find box/journal -name '*.tpj' -size +0 | wc -l) journals"

# shellcheck disable=SC2016
at_once 60 'archive-put -a same <mail.1 >same.$n 2>>same.err'
[ "$(cat same.[0-9]* | sort -u | wc -l)" -eq 1 ] && [ "$(cat same.[0-9]* | wc -l)" -eq 60 ]
result $? 'one mail put by sixty at once has one id'
[ "$(cat same/journal/*.tpj | grep -ao TPJr | wc -l)" -eq 1 ]
result $? 'and stands there once'

# Imports hold many deliveries at a time; none may wait for another for ever.
# shellcheck disable=SC2016
at_once 6 'archive-put -a twins --files0-from names >twins.$n 2>>twins.err'
[ "$(cat twins.[0-9] | grep -c '0 not readable')" -eq 6 ]
result $? 'six imports of the same mails at once come to their ends'
cat twins.[0-9] | sed 's/ stored.*//' | awk '{ n += $1 } END { exit n != 200 }'
result $? 'and store each mail once between them'

# Restarted ones: a kill in the middle leaves nothing to the others but their work.
# shellcheck disable=SC2016
at_once 40 'archive-put -a killed <mail.$n >kid.$n 2>/dev/null & p=$!
	perl -e "select undef, undef, undef, rand .006"; [ $((n % 2)) = 1 ] || kill -9 $p; wait $p' 2>/dev/null
i=0
bad=0
while [ $i -lt 40 ]; do
	[ ! -s kid.$i ] || [ "$(archive-put -a killed <mail.$i)" = "$(cat kid.$i)" ] || bad=$((bad + 1))
	i=$((i + 1))
done
[ $bad -eq 0 ]
result $? "half of forty are killed: what was acknowledged ($(cat kid.* | wc -l)) is there"

done_testing
