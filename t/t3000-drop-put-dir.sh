#!/bin/sh
# drop-put into a folder: layout, modes, expiry, keys, equal contents, errors.
# shellcheck disable=SC2034 # for test-lib.sh
OWN_MOUNTS=yes
. "${0%/*}/test-lib.sh"
export TRASH

path_of() { # URL on a line of FILE -> path, percent-decoded
	perl -ne 's{^file://}{} or next; s/%([0-9A-F]{2})/chr hex $1/ge; print' "$1"
}
mode() { stat -c %a "$1"; }
put() { drop-put --store "dir:$TRASH/root" "$@"; }
count() { find "$@" | wc -l; }

head -c 300000 /dev/urandom >file

# --- the plain way --------------------------------------------------------------------------------
ok 'a file is stored' put --name 'Résumé (1).pdf' <file
cp .out url
has 'the link is a file URL' url '^file:///.*/t/[a-z2-7]{26}/R%C3%A9sum%C3%A9%20%281%29.pdf$'
same 'with the same bytes' "$(path_of url)" file
ok 'a pipe is stored' sh -c 'cat file | drop-put --store "dir:$TRASH/root" -n a'
same 'with the same bytes' "$(path_of .out)" file
ok 'an empty file, too' put -n empty </dev/null
[ -f "$(path_of .out)" ] && [ ! -s "$(path_of .out)" ]
result $? 'and it is empty'
[ "$(count root/blob -type f -size +1k)" -eq 1 ]
result $? 'equal contents are stored once'
dd if=/dev/zero bs=1M count=3 of=three 2>/dev/null
ok 'stdin that was read before counts from where it is' \
	sh -c '(dd bs=1M count=1 of=/dev/null 2>/dev/null; drop-put --store "dir:$TRASH/root" -n z) <three'
[ "$(stat -c %s "$(path_of .out)")" -eq 2097152 ]
result $? 'and no more than that is stored'

# --- modes ----------------------------------------------------------------------------------------
ok 'under a closed umask' sh -c 'umask 077; drop-put --store "dir:$TRASH/new/root" -n a <file'
f=$(path_of .out)
[ "$(mode "$f") $(mode "${f%/*}") $(mode new/root/t) $(mode new/root/blob) $(mode new/root)" = \
	'644 755 711 700 755' ]
result $? 'a web server can read files, and nobody can list tokens'
ok 'under an open one' sh -c 'umask 0; drop-put --store "dir:$TRASH/open/root" -n a <file'
f=$(path_of .out)
[ "$(mode "$f") $(mode "${f%/*}") $(mode open/root/t) $(mode open/root/tmp)" = '644 755 711 700' ]
result $? 'the same modes'

# --- links ----------------------------------------------------------------------------------------
ok 'a published folder' put -n 'a b' --base-url https://files.example.org/x/ <file
has 'gives its own links' .out '^https://files\.example\.org/x/[a-z2-7]{26}/a%20b$'
ok 'as JSON' put -n 'a "b"' --json --expire 2d <file
has 'with everything' .out '^\{"url":"file:.*","delete_url":null,"expires":[0-9]+,"size":300000,"sha256":"'"$(sha256sum <file | cut -c1-64)"'","name":"a _b_","note":null\}$'
ok 'without any configuration' drop-put -n a <file
has 'the drop is in the state folder' .out "^file://$TRASH/state/drop/t/"
ok 'a name with folders' put -n '../../etc/pass|wd' <file
has 'becomes a plain one' .out '/t/[a-z2-7]{26}/pass_wd$'

# --- what the uploader's environment says ---------------------------------------------------------
ok 'everything from the environment' env TUBEPOST_NAME=e.txt TUBEPOST_TYPE=text/plain TUBEPOST_SIZE=300000 \
	TUBEPOST_SHA256="$(sha256sum <file | cut -c1-64)" TUBEPOST_EXPIRES=4102444800 TUBEPOST_KEY=k \
	TUBEPOST_SENDER=a@b TUBEPOST_RECIPIENTS=c@d TUBEPOST_NOW=4102000000 \
	drop-put --store "dir:$TRASH/root" --json <file
has 'name and expiry' .out '"expires":4102444800.*"name":"e.txt"'
fails 65 'a size that is not what came' env TUBEPOST_SIZE=1 drop-put --store "dir:$TRASH/root" -n a <file
has 'says both' .err '^drop-put: stdin: 300000 bytes came, 1 were announced$'
fails 64 'no name' put <file
fails 64 'no media type' put -n a --type nonsense <file
fails 64 'an expiry in the past' env TUBEPOST_EXPIRES=5 drop-put --store "dir:$TRASH/root" -n a <file
fails 64 'a life beyond the limit' put -n a --expire 61d <file
has 'says the limit' .err 'drop\.max_expire'
printf 'drop:\n  max_expire: 90d\n' >long.yaml
ok 'the limit can be moved' put -c long.yaml -n a --expire 61d <file
fails 64 'a digest that is none' put -n a --sha256 abc <file

# --- expiry and keys ------------------------------------------------------------------------------
TUBEPOST_NOW=1700000000 put -n a --key one --expire 10d <file >first
f=$(path_of first)
[ "$(stat -c %Y "${f%/*}")" -eq 1700864000 ]
result $? 'the folder of a link carries its expiry'
TUBEPOST_NOW=1700000500 put -n a --key one --expire 10d <file >second
same 'the same key gives the same link' first second
[ "$(stat -c %Y "${f%/*}")" -eq 1700864500 ]
result $? 'and makes it live longer'
TUBEPOST_NOW=1700000900 put -n a --key one --expire 1d --json <file >shorter
has 'never shorter' shorter '"expires":1700864500'
put -n a --key two <file >other
! cmp -s first other
result $? 'another key, another link'
put -n b --key one <file >other
! cmp -s first other
result $? 'another name, too'
echo other | put -n a --key one >other
! cmp -s first other
result $? 'another content, too'
TUBEPOST_NOW=1700864501 put -n a --key one --expire 10d <file >third
! cmp -s first third
result $? 'a link that has expired is never given again'
[ -f "$f" ] && [ -f "$(path_of third)" ]
result $? 'but a new one'
TUBEPOST_NOW=1700865000 put -n a --key one --expire 10d <file >fourth
same 'which then stays' third fourth

# The commands of drop-put(1).
find root/t -mindepth 1 -maxdepth 1 -type d ! -newermt now -exec rm -r {} +
[ ! -e "$f" ]
result $? 'an expired link is swept'
ok 'a living one is not' test -f "$(put -n live --key l <file | perl -pe 's{^file://}{}')"
rm -rf root/t/*
find root/blob -type f -links 1 -delete
[ "$(count root/blob -type f)" -eq 0 ]
result $? 'contents without links are swept'
ok 'and stored again when needed' put -n a --key one <file
same 'whole' "$(path_of .out)" file
[ -z "$(ls root/tmp)" ]
result $? 'nothing stays in tmp'

# --- at the same time -----------------------------------------------------------------------------
head -c 2000000 /dev/urandom >big
( while [ ! -e stop ]; do find many/blob -type f -links 1 -delete 2>/dev/null; done ) &
sweeper=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	drop-put --store "dir:$TRASH/many" -n big <big >"u$i" 2>"e$i" &
	puts="$puts $!"
done
for i in 1 2 3 4 5 6; do
	drop-put --store "dir:$TRASH/many" -n big --key same <big >"k$i" 2>"l$i" &
	puts="$puts $!"
done
bad=0
for pid in $puts; do wait "$pid" || bad=$((bad + 1)); done
touch stop
wait $sweeper
cat e* l* >.err
[ $bad -eq 0 ]
result $? 'eighteen uploads at once, beside a sweeper'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cmp -s "$(path_of "u$i")" big || bad=$((bad + 1)); done
for i in 2 3 4 5 6; do cmp -s "k$i" k1 || bad=$((bad + 1)); done
cmp -s "$(path_of k1)" big || bad=$((bad + 1))
[ $bad -eq 0 ]
result $? 'all links hold the file, and one key gave one link'
[ "$(count many/t -mindepth 1 -maxdepth 1)" -eq 13 ] && [ "$(count many/blob -type f)" -eq 1 ] &&
	[ "$(stat -c %h many/blob/*/*)" -eq 14 ] && [ -z "$(ls many/tmp)" ]
result $? 'one content, thirteen links, nothing left over'

# --- errors ---------------------------------------------------------------------------------------
: >plain
fails 73 'a root that is a file' drop-put --store "dir:$TRASH/plain" -n a <file
has 'says so' .err "^drop-put: .*$TRASH/plain.*(Not a directory|not a (folder|directory)|exists)"
fails 78 'no folder' drop-put --store dir: -n a <file
fails 78 'no store' drop-put --store ftp://x -n a <file
has 'says what is one' .err 'dir:PATH'
mkdir closed && chmod 755 "$TRASH" && chmod 555 closed && cp "$BIN/drop-put" here
as_nobody=
[ "$(id -u)" -ne 0 ] || as_nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
fails 77 'a folder that may not be written' env TUBEPOST_STATE=/nonexistent \
	$as_nobody ./here --store "dir:$TRASH/closed/root" -n a </dev/null
has 'says so' .err 'Permission denied$'
fails 75 'a file size limit' sh -c 'ulimit -f 100; exec drop-put --store "dir:$TRASH/limit" -n a <big'
[ "$(count limit -type f)" -eq 0 ]
result $? 'leaves nothing'
fails 74 'a full stdout' sh -c 'drop-put --store "dir:$TRASH/root" -n a <file >/dev/full'
(put -n a <file 2>.err; echo $? >code) | sh -c 'exec <&-; until [ -s code ]; do sleep 0.05; done'
[ "$(cat code)" -eq 74 ]
result $? 'stdout closed early'
mkdir full
if mount -t tmpfs -o size=1m tmpfs full 2>/dev/null; then
	on_exit "umount '$TRASH/full'"
	fails 75 'a full disk' drop-put --store "dir:$TRASH/full" -n a <big
	has 'says so' .err 'No space left on device$'
	[ "$(count full -type f)" -eq 0 ]
	result $? 'and leaves nothing'
	ok 'a smaller file fits' drop-put --store "dir:$TRASH/full" -n a <file
else
	skip 'no tmpfs can be mounted' 'a full disk'
fi

# --- what is loaded -------------------------------------------------------------------------------
# A folder needs no network: four files of a mail are four processes, and libcurl takes longer than they.
loads() { LD_DEBUG=libs LD_DEBUG_OUTPUT=$TRASH/loads.$1 drop-put --store "$2" -n a <file; }
ok 'a folder' loads folder "dir:$TRASH/root"
cat loads.folder.* >folder
ok 'the loader tells what it does' grep -q 'libc\.so' folder
hasnt 'does not open libcurl' folder 'libcurl|libssl'
export TUBEPOST_DEADLINE=1
fails 75 'a service that is not there' loads service webdav+http://127.0.0.1:1/
unset TUBEPOST_DEADLINE
cat loads.service.* >service
has 'opens it' service 'libcurl'

done_testing
