#!/bin/sh
# A mail whose store is a server that answers 500, hangs, closes half way or says no: it is put off,
# whole, in time and with a sentence that names the server; and once the server is well, it leaves with
# one upload of what was not there yet.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-detach.sh"
. "$SRC/t/lib-misbehave.sh"
export TRASH
needs perl

printf 'SESAME\n' >password
chmod 600 password
make_mail 300000 200000 >mail
cat >stores.yaml <<C
drop:
  tries: 2
  webdav:
    user: gate
    password_file: $TRASH/password
detach:
  deadline: 20s
C
unset TUBEPOST_NOW
send() { # FOLDER OPTIONS...
	folder=$1
	shift
	detach-upload -c stores.yaml --over 0 --store "webdav+$url/$folder" "$@" <mail
}
put_off() { # WHAT FOLDER SENTENCE OPTIONS...
	what=$1 folder=$2 sentence=$3
	shift 3
	fails 75 "$what: put off" send "$folder" "$@"
	cp .err err
	ok "$what: nothing comes out" is_empty .out
	has "$what: said" err "^detach-upload: uploading part [23]: .*$sentence"
	hasnt "$what: without the secret" err 'SESAME'
	ok "$what: nor the files' names" sh -c '! grep -q "f[12]\.bin" err'
}
# Each folder is well again after the harm that TIMES says, the second file's sooner than the first's.
server moods <<'S'
PUT /sick/* 3 answer 500
PUT /half/* 4 half
PUT /shut/* 4 close
PUT /full/* 2 answer 507
PUT /no/* 2 answer 403
PUT /hang/* 2 hang
MKCOL * * answer 201
PUT * * answer 201
MOVE * * answer 201
HEAD * * answer 404
DELETE * * answer 204
S
put_off 'a server that answers 500' sick '127\.0\.0\.1:[0-9]+ answered 500' --jobs 1
put_off 'a server that closes half way' half '127\.0\.0\.1:[0-9]+' --jobs 1
put_off 'a server that closes at once' shut '127\.0\.0\.1:[0-9]+' --jobs 1
put_off 'a full server' full 'answered 507' --jobs 1
put_off 'a store without permission' no 'answered 403' --jobs 1
start=$(date +%s)
put_off 'a server that hangs' hang '127\.0\.0\.1:[0-9]+: .*timed out' --deadline 2s
ok 'a server that hangs: in time' test $(($(date +%s) - start)) -le 15
rm -rf state

# Well again.
: >moods/log
ok 'the server is well' send well
mv .out out
mv moods/log first
[ "$(grep -c 'MOVE /well/' first)" -eq 2 ]
result $? 'two uploads'
: >moods/log
ok 'the mail comes again' send well
same 'with the same links' .out out
ok 'and nothing was asked of the server' is_empty moods/log
ok 'the stubs become links' link-inject -c stores.yaml <out
has 'of that server' .out "^  $url/well/[a-z2-7]{26}/f1\\.bin\$"

# What was uploaded before another file failed is not uploaded again.
server second <<'S'
PUT /one/* 1 answer 201
PUT /one/* 2 answer 500
MKCOL * * answer 201
PUT * * answer 201
MOVE * * answer 201
HEAD * * answer 404
DELETE * * answer 204
S
fails 75 'one of two goes up' send one --jobs 1
ok 'then both are there' send one --jobs 1
[ "$(requests second | grep -c '^MOVE /one/')" -eq 2 ]
result $? 'by one upload each'

done_testing
