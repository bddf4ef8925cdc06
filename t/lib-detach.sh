# Sourced by the tests of detach-upload: mails of known weight, and uploaders that leave traces.

# make_mail SIZE...: a mail with a text and attachments f1.bin, f2.bin... of that many decoded bytes.
make_mail() {
	printf 'From: Ada <ada@example.org>\nTo: bob@example.net, Carol <carol@example.net>\n'
	printf 'Subject: files\nMessage-ID: <%s@example.org>\nMIME-Version: 1.0\n' "$(echo "$*" | tr ' ' .)"
	printf 'Content-Type: multipart/mixed; boundary="b1"\n\npreamble\n--b1\n\nHello.\n'
	_n=0
	for _size; do
		_n=$((_n + 1))
		printf -- '--b1\nContent-Type: application/octet-stream; name="f%d.bin"\n' $_n
		printf 'Content-Disposition: attachment; filename="f%d.bin"\n' $_n
		printf 'Content-Transfer-Encoding: base64\n\n'
		content $_n "$_size" | base64
	done
	printf -- '--b1--\nepilogue\n'
}

# content N SIZE: the bytes of attachment N.
content() {
	yes "content $1" | head -c "$2"
}

# An uploader that keeps what it gets by its digest, in `files`, and names itself in `calls`.
mkdir files
: >calls
cat >up <<'EOF'
#!/bin/sh
cat >"$HOME/files/$TUBEPOST_SHA256" || exit 1
echo "$TUBEPOST_NAME $TUBEPOST_SHA256 $TUBEPOST_KEY" >>"$HOME/calls"
echo "https://drop.example/$TUBEPOST_SHA256"
EOF
chmod +x up
export TUBEPOST_NOW=2026-11-21T09:30:00Z

detach() { # IN OUT OPTIONS...
	_in=$1 _out=$2
	shift 2
	detach-upload --uploader "$TRASH/up" "$@" <"$_in" >"$_out"
}

calls() { # N: exactly so many uploads were made
	_made=$(wc -l <calls)
	[ "$_made" -eq "$1" ] || { echo "$_made uploads"; return 1; }
}

is_empty() {
	[ ! -s "$1" ]
}

# The input goes through unchanged and nothing is uploaded; the last word is the description.
unchanged() { # DESCRIPTION IN OPTIONS...
	_what=$1 _mail=$2
	shift 2
	: >calls
	_detach_unchanged() { detach "$_mail" out "$@" && cmp "$_mail" out && calls 0; }
	ok "$_what" _detach_unchanged "$@"
}

# So many parts leave.
leaves() { # DESCRIPTION N IN OPTIONS...
	_what=$1 _want=$2 _mail=$3
	shift 3
	rm -rf state
	: >calls
	_detach_leaves() { detach "$_mail" out "$@" && calls "$_want" && [ "$(grep -c '^Content-Type: message/external-body' out)" -eq "$_want" ]; }
	ok "$_what" _detach_leaves "$@"
}
