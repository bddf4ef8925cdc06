#!/bin/sh
# Recipes: the ones that ship, against a server that plays the service; secrets; mistakes in recipes.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-misbehave.sh"
export TRASH
needs perl

body_of() { # SERVER PATTERN: the body of the last such request
	n=$(grep -E "^[0-9]+ $2" "$1/log" | tail -n 1 | cut -d' ' -f1)
	cat "$1/body.$n"
}
head -c 1500000 /dev/urandom >file
printf 'KEY-SESAME-1\n' >key
printf 'PASS"SESAME\\2\n' >password
printf 'LINK-SESAME-3\n' >links
chmod 600 key password links
NOW=1790000000
export TUBEPOST_NOW=$NOW

# --- the WeSend kind ------------------------------------------------------------------------------
server wesend <<'S'
POST /api/v1/session * answer 200
  = {"token":"TOKEN-SESAME-4"}
GET /api/v1/accounts/new* * answer 404
GET /api/v1/accounts/sick* * answer 500
GET /api/v1/accounts/* * answer 200
  = {"id":7}
POST /api/v1/accounts * answer 201
  = {"id":42}
POST /api/v1/files 1 answer 503
POST /api/v1/files * answer 201
  = {"url":"http://127.0.0.1:%PORT%/d/%N%","delete_url":"http://127.0.0.1:%PORT%/x/%N%","expires_at":"2026-10-01T00:00:00Z"}
POST /api/v1/messages * answer 202
S
cat >wesend.yaml <<C
drop:
  tries: 2
  store: recipe:wesend
recipes:
  wesend:
    endpoint: $url
    login: gate
    api_key_file: $TRASH/key
    password_file: $TRASH/password
C
export TUBEPOST_CONFIG="$TRASH/wesend.yaml" TUBEPOST_SENDER=new+me@example.org TUBEPOST_RECIPIENTS='a@x,b@y'
ok 'a file goes up' drop-put -v --log "$TRASH/log" --name 'Été "1".pdf' --type application/pdf --json <file
has 'and has its link' .out "\"url\":\"$url/d/[0-9]+\",\"delete_url\":\"$url/x/[0-9]+\",\"expires\":1790812800,"
requests wesend >list
cat >want <<'W'
POST /api/v1/session
GET /api/v1/accounts/new%2Bme%40example.org
POST /api/v1/accounts
POST /api/v1/files
POST /api/v1/files
W
same 'an unknown sender gets an account, a 503 another try' list want
body_of wesend 'POST /api/v1/session' >got
printf '{"login": "gate", "password": "PASS\\"SESAME\\\\2"}' >want
same 'login and password are JSON' got want
body_of wesend 'POST /api/v1/accounts' >got
printf '{"email": "new+me@example.org", "notify": false}' >want
same 'the account has the address' got want
body_of wesend 'POST /api/v1/files' | tr -d '\r' >got
has 'the file has its account' got '^42$'
has 'its life' got '^30$'
has 'and its name' got 'name="file"; filename="Été _1_\.pdf"'
perl -0777 -ne '/Content-Type: application\/pdf\r\n\r\n(.*)\r\n--tubepost-[0-9a-f]+--\r\n$/s and print $1' \
	"wesend/body.$(grep -E '^[0-9]+ POST /api/v1/files' wesend/log | tail -n 1 | cut -d' ' -f1)" >sent
same 'the bytes are whole' sent file
has 'requests carry key and session' wesend/log '^  X-Api-Key: KEY-SESAME-1'
has 'as they should' wesend/log '^  Authorization: Bearer TOKEN-SESAME-4'
hasnt 'the log holds no secret' log 'SESAME'
has 'but the retry' log '503'
: >wesend/log
ok 'a known sender' env TUBEPOST_SENDER=old@example.org drop-put --name a --expire 60d --json <file
hasnt 'makes no account' wesend/log 'POST /api/v1/accounts'
has 'a shorter life than asked is said' .out '"note":"[^"]'
: >wesend/log
ok 'no sender' env TUBEPOST_SENDER= drop-put --name a <file
hasnt 'asks for none' wesend/log 'accounts'
fails 75 'a service that fails' env TUBEPOST_SENDER=sick@x drop-put --name a <file
has 'names the step' .err '^drop-put: recipe wesend: look the sender up: .*answered 500$'
sed 's/tries: 2/max_expire: 90d/' wesend.yaml >long.yaml
: >wesend/log
ok 'a life beyond what the service gives' drop-put -c long.yaml --name a --expire 90d --json <file
body_of wesend 'POST /api/v1/files' | tr -d '\r' >got
has 'is cut' got '^60$'

# Secrets are nowhere to be seen while it works.
server slow <<'S'
POST /api/v1/session * hang
S
sed "s|endpoint: .*|endpoint: $url|; s|tries: 2|deadline: 20s|" wesend.yaml >slow.yaml
drop-put -v -c slow.yaml --name a <file >.out 2>slow.err &
pid=$!
tries=0
until [ -s slow/log ] || [ $tries -gt 200 ]; do tries=$((tries + 1)); sleep 0.02; done
tr '\0' '\n' </proc/$pid/cmdline >cmdline
tr '\0' '\n' </proc/$pid/environ >environ
ls -l /proc/$pid/fd >fds
kill $pid
wait $pid 2>/dev/null
has 'it is at work' cmdline '^drop-put$'
cat cmdline environ fds slow.err >seen
hasnt 'no secret in arguments, environment, names or messages' seen 'SESAME'

# --- sending --------------------------------------------------------------------------------------
cat >mail.json <<'J'
{"sender":"a@b","recipients":["x@y","\"q,r\"@z"],"subject":"É \"q\"\n","text":"1\n2","html":"<p>",
"links":[{"url":"https://x/","size":3}]}
J
: >wesend/log
ok 'a mail is sent' drop-put --send --key k <mail.json
[ ! -s .out ]
result $? 'without a word'
body_of wesend 'POST /api/v1/messages' >got
perl -MJSON::PP -e '
	local $/; open F, "got"; my $sent = decode_json(<F>); open G, "mail.json"; my $mail = decode_json(<G>);
	my $json = JSON::PP->new->canonical;
	$mail->{to} = delete $mail->{recipients}; $mail->{from} = delete $mail->{sender};
	exit($json->encode($sent) ne $json->encode($mail))' 2>.err
result $? 'as it was given'
sed -n 's/^  Idempotency-Key: //p' wesend/log >id1
: >wesend/log
drop-put --send --key k <mail.json
sed -n 's/^  Idempotency-Key: //p' wesend/log >id2
same 'the same key sends under the same name' id1 id2
fails 65 'no recipients' sh -c 'echo "{}" | drop-put --send'
fails 65 'no JSON' sh -c 'echo "{" | drop-put --send'
fails 78 'a store that cannot send' drop-put --send -s dir:x <mail.json
fails 78 'a recipe that cannot send' drop-put --send -s recipe:transfer-sh <mail.json

# --- transfer.sh ----------------------------------------------------------------------------------
server transfer <<'S'
PUT /login.txt * answer 401
PUT /odd.txt * answer 200
  = javascript:alert(1)
PUT /* * answer 200
  X-Url-Delete: http://127.0.0.1:%PORT%/abc/name/del
  = http://127.0.0.1:%PORT%/abc/name
S
printf 'recipes:\n  transfer-sh:\n    endpoint: %s\n' "$url" >transfer.yaml
cp transfer.yaml login.yaml
printf '    login: gate\n    password_file: %s/password\n' "$TRASH" >>login.yaml
put() { drop-put -c transfer.yaml -s recipe:transfer-sh "$@"; }
ok 'a file goes up' put --name 'a é#?.txt' --json --expire 90m <file
has 'and has its links' .out "\"url\":\"$url/abc/name\",\"delete_url\":\"$url/abc/name/del\""
has 'under its name' transfer/log 'PUT /a%20%C3%A9%23_.txt'
has 'for its life' transfer/log '^  Max-Days: 1$'
hasnt 'without a header that has no value' transfer/log 'Max-Downloads|Authorization'
ok 'with a login' drop-put -c login.yaml -s recipe:transfer-sh --name b <file
has 'as it should be' transfer/log "^  Authorization: Basic $(printf 'gate:PASS"SESAME\\2' | base64)"
fails 77 'refused' put --name login.txt <file
fails 69 'an answer without a link' put --name odd.txt <file
has 'names what is missing' .err 'upload: the answer holds no url$'

# --- Nextcloud ------------------------------------------------------------------------------------
server cloud <<'S'
MKCOL /remote.php/dav/files/gate/Mail%20out * answer 405
MKCOL * * answer 201
PUT * * answer 201
MOVE * * answer 201
POST /ocs/* 2 answer 200
  = {"ocs":{"data":{"id":"17","url":"https://cloud.example.org/s/abc"}}}
POST /ocs/* * answer 403
DELETE * * answer 204
S
cat >cloud.yaml <<C
recipes:
  nextcloud:
    endpoint: $url
    user: gate
    folder: Mail out
    password_file: $TRASH/password
    link_password_file: $TRASH/links
C
put() { drop-put -c cloud.yaml -s recipe:nextcloud "$@"; }
ok 'a file goes up' put --name 'a é.txt' --json --expire 10d <file
has 'and is shared' .out '"url":"https://cloud\.example\.org/s/abc","delete_url":"http://.*/shares/17"'
requests cloud >list
has 'in a place of its own' list '^PUT /remote\.php/dav/files/gate/Mail%20out/[a-z2-7]{26}/a%20%C3%A9\.txt$'
body_of cloud 'POST /ocs' >got
has 'with its path' got '^path=%2FMail%20out%2F[a-z2-7]{26}%2Fa%20%C3%A9\.txt&shareType=3&permissions=1'
has 'the day after its end, and its password' got '&expireDate=2026-10-02&password=LINK-SESAME-3$'
head -c 70000000 /dev/zero >large
: >cloud/log
ok 'a large file goes up in slices' put --name large <large
requests cloud | sed 's/[a-z2-7]\{26\}/T/' >list
cat >want <<'W'
MKCOL /remote.php/dav/files/gate/Mail%20out
MKCOL /remote.php/dav/files/gate/Mail%20out/T
MKCOL /remote.php/dav/uploads/gate/tubepost-T
PUT /remote.php/dav/uploads/gate/tubepost-T/00001
PUT /remote.php/dav/uploads/gate/tubepost-T/00002
PUT /remote.php/dav/uploads/gate/tubepost-T/00003
MOVE /remote.php/dav/uploads/gate/tubepost-T/.file
POST /ocs/v2.php/apps/files_sharing/api/v1/shares
W
same 'in this order' list want
for i in 1 2 3; do cat "cloud/body.$(grep -E "PUT .*0000$i" cloud/log | cut -d' ' -f1)"; done >joined
same 'that join to the file' joined large
[ "$(grep -c "^  Destination: $url/remote.php/dav/files/gate/Mail%20out/[a-z2-7]*/large" cloud/log)" -eq 5 ] &&
	[ "$(grep -c '^  OC-Total-Length: 70000000' cloud/log)" -eq 5 ]
result $? 'every request says where to and how much'
: >cloud/log
fails 77 'a share that is refused' put --name b <file
has 'says so' .err 'recipe nextcloud: share the file: .*answered 403$'
has 'and the file is removed' cloud/log 'DELETE /remote\.php/dav/files/gate/Mail%20out/[a-z2-7]*$'

# --- settings -------------------------------------------------------------------------------------
fails 78 'an unknown recipe' drop-put -s recipe:nothing --name a <file
has 'says where it was looked for' .err 'no nothing\.yaml in recipe_path'
fails 78 'a name that leaves the folder' drop-put -s recipe:../x --name a <file
fails 78 'settings are missing' drop-put -c /dev/null -s recipe:wesend --name a <file
has 'says which' .err 'recipes\.wesend\.endpoint is not set$'
sed '/password/d' wesend.yaml >incomplete.yaml
fails 78 'a secret is missing' drop-put -c incomplete.yaml --name a <file
has 'says which' .err 'recipes\.wesend\.password_file is not set$'
ok 'a secret from the environment' env TUBEPOST_RECIPES_WESEND_PASSWORD=x drop-put -c incomplete.yaml --name a <file
sed 's|endpoint: .*|endpoint: ftp://x|' wesend.yaml >ftp.yaml
fails 69 'an endpoint that is no URL' drop-put -c ftp.yaml --name a <file
has 'says where' .err 'log in: \$\{endpoint\}: its value does not fit here$'

# What stands under recipes.NAME is known by the recipe alone.
wrong_setting() { # WHAT PATTERN, of a configuration made from wesend.yaml by the sed script SCRIPT
	sed "$3" wesend.yaml >wrong.yaml
	fails 78 "$1: refused" drop-put -c wrong.yaml --name a <file
	has "$1: said, with its place" .err "^drop-put: wrong\.yaml:$2\$"
	fails 75 "$1: by detach-upload too, before there is a heavy mail" detach-upload -c wrong.yaml <light
	has "$1: with the same words" .err "^detach-upload: wrong\.yaml:$2\$"
}
printf 'Subject: light\n\nbody\n' >light
: >wesend/log
wrong_setting 'an unknown setting' "7:5: unknown key 'recipes\.wesend\.logn'" 's/login:/logn:/'
wrong_setting 'a secret in the configuration' "9:5: unknown key 'recipes\.wesend\.password'" \
	's/password_file:.*/password: sesame/'
wrong_setting 'a setting with two values' '7:12: recipes\.wesend\.login: not a single value' \
	's/login:.*/login: [a, b]/'
wrong_setting 'no settings at all' '5:11: recipes\.wesend: not a mapping' '/^    /d; s/wesend:$/wesend: 3/'
ok 'none of them asked the service' test ! -s wesend/log
sed 's/^  wesend:/  other: { anything: goes }\n&/' wesend.yaml >beside.yaml
ok 'settings of a recipe that is not used are not its business' detach-upload -c beside.yaml <light

# --- recipes of one's own -------------------------------------------------------------------------
server own <<'S'
POST /json * answer 200
  = {"u":"http://127.0.0.1:%PORT%/a b"}
POST /evil * answer 200
  = {"u":"http://127.0.0.1:%PORT%/ok","t":"a\r\nX-Evil: yes"}
* * * answer 200
  = {"u":"http://127.0.0.1:%PORT%/ok","t":"1"}
S
mkdir recipes
printf 'recipe_path: /nowhere:%s/recipes\n' "$TRASH" >own.yaml
own() { # recipe on stdin
	sed "s|@|$url|" >recipes/own.yaml
	drop-put -c own.yaml -s recipe:own --name 'a"b' "$@" <file
}
recipe() { # NAME WHAT CODE PATTERN, recipe on stdin
	sed "s|@|$url|" >recipes/own.yaml
	fails "$2" "$1" drop-put -c own.yaml -s recipe:own --name a <file
	has 'said' .err "$3"
}
recipe 'an unknown key' 78 'recipes/own\.yaml:2:1: recipe: unknown key .pot.$' <<'R'
about: x
pot: []
R
recipe 'a key of a step' 78 'own\.yaml:2:29: step: unknown key .urn.$' <<'R'
put:
  - { name: a, method: GET, urn: x }
R
recipe 'an unknown variable' 78 'own\.yaml:2:[0-9]+: \$\{nmae\}: no such variable here$' <<'R'
put:
  - { name: a, method: GET, url: "@/${nmae}" }
R
recipe 'a variable before it is taken' 78 '\$\{u\}: no such variable here$' <<'R'
put:
  - { name: a, method: GET, url: "@/${u}" }
  - { name: b, method: GET, url: "@/", take: { u: { json: /u } } }
R
recipe 'an unknown filter' 78 'no such filter: upper$' <<'R'
put:
  - { name: a, method: GET, url: "@/${name:upper}" }
R
recipe 'a lonely dollar' 78 'a \$ without' <<'R'
put:
  - { name: a, method: GET, url: "@/$name" }
R
recipe 'no result' 78 'put: without a result' <<'R'
put:
  - { name: a, method: GET, url: "@/" }
R
recipe 'two bodies' 78 'a step has one body' <<'R'
put:
  - { name: a, method: PUT, url: "@/", body: file, text: x }
result: { url: "@/" }
R
recipe 'a regular expression' 78 'own\.yaml:2:[0-9]+: .*\(' <<'R'
put:
  - { name: a, method: GET, url: "@/", take: { u: { regex: '(' } } }
result: { url: "@/" }
R
recipe 'JSON that is none' 78 'what the recipe builds is not JSON$' <<'R'
put:
  - { name: a, method: POST, url: "@/x", json: '{"a": ${name}' }
result: { url: "@/" }
R
recipe 'a link with a space' 69 'result url: .*(does not fit|not come out as a URL)' <<'R'
put:
  - { name: a, method: POST, url: "@/json", json: '{}', take: { u: { json: /u } } }
result: { url: "${u}" }
R
recipe 'a line end from the service' 78 'control characters' <<'R'
put:
  - { name: a, method: POST, url: "@/evil", json: '{}', take: { t: { json: /t } } }
  - { name: b, method: GET, url: "@/", headers: { X-T: "${t}" } }
result: { url: "@/" }
R
ok 'names are escaped where they stand' own <<'R'
put:
  - name: a
    method: POST
    url: "@/${name}?q=${name}"
    headers: { X-Name: "${name:base64}", X-Price: "$$5" }
    json: '{"in": "x${name}x", "out": ${name}, "n": ${size:number}, "to": ${recipients:list}}'
    take: { u: { json: /u }, t: { json: /t } }
  - { name: b, method: POST, url: "@/second", form: { f: "${name}&${t}&=" } }
result: { url: "${u}" }
R
has 'in URLs' own/log 'POST /a_b\?q=a_b$'
body_of own 'POST /a_b' >got
printf '{"in": "xa_bx", "out": "a_b", "n": 1500000, "to": ["a@x","b@y"]}' >want
same 'in JSON' got want
has 'in headers' own/log '^  X-Price: \$5'
body_of own 'POST /second' >got
has 'in forms' got '^f=a_b%261%26%3D$'
server elsewhere <<'S'
* * * answer 200
S
server home <<S
POST /session * answer 307
  Location: $url/session
S
printf 'recipes:\n  own:\n    secret_file: %s/key\n' "$TRASH" >>own.yaml
fails 69 'a body with secrets does not follow to another host' own <<'R'
settings: { secret: { secret: yes } }
put:
  - { name: a, method: POST, url: "@/session", json: '{"k": ${secret}}' }
result: { url: "@/" }
R
has 'said' .err 'must not see the secrets'
[ ! -e elsewhere/log ]
result $? 'nothing was asked there'

done_testing
