# For the tests of drop-put: servers that do what no real one can be made to do (t/helper/misbehave.pl).
# shellcheck shell=sh

server() { # NAME, script on stdin: starts it, its URL in $url
	mkdir "$1"
	cat >"$1/script"
	perl "$SRC/t/helper/misbehave.pl" "$1" 2>"$1/err" &
	on_exit "kill $!"
	tries=0
	until [ -s "$1/port" ] || [ $tries -gt 200 ]; do tries=$((tries + 1)); sleep 0.02; done
	url=http://127.0.0.1:$(cat "$1/port")
}
requests() { # NAME: method and path of each that came
	sed -n 's/^[0-9][0-9]* \([A-Z]* .*\)/\1/p' "$1/log"
}
