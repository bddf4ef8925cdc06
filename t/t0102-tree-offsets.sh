#!/bin/sh
# Byte ranges of every part beside MimeKit's offset files: equal, all of them, with LF and with CRLF. What is
# compared, and the one thing that does not mean the same (the line ending between two messages of an
# mbox file), stands in t/helper/mbox-offsets.pl.

. "${0%/*}/test-lib.sh"
needs perl
[ -d "$SHARED/corpora" ] || skip_all 'no ../shared/corpora'
needs zstd tar
perl -MJSON::PP -e 1 2>/dev/null || skip_all 'perl has no JSON::PP'

zstd -dcq "$SHARED/corpora/mimekit.tar.zst" >mimekit.tar && tar -xf mimekit.tar || exit 99
mbox=$(find . -type d -name mbox)

offsets() { # OFFSETS MBOX LENGTH-OF-LINE-ENDING
	perl "$SRC/t/helper/mbox-offsets.pl" "$HELPERS/tree-dump" "$@" >offsets.out
}

ok 'content-length.mbox, LF' offsets "$mbox/content-length.unix-offsets.json" \
	"$mbox/content-length.mbox.txt" 1
has 'all its parts' offsets.out '^29 messages, 105 parts'
perl -pe 's/\r?\n/\r\n/' <"$mbox/content-length.mbox.txt" >dos.mbox
ok 'content-length.mbox, CRLF' offsets "$mbox/content-length.dos-offsets.json" dos.mbox 2
ok 'issue1189.mbox, LF' offsets "$mbox/issue1189.unix-offsets.json" "$mbox/issue1189.mbox.txt" 1
perl -pe 's/\r?\n/\r\n/' <"$mbox/issue1189.mbox.txt" >dos.mbox
ok 'issue1189.mbox, CRLF' offsets "$mbox/issue1189.dos-offsets.json" dos.mbox 2

# The comparison itself can fail.
perl -pe 's/"headersEndOffset": 657/"headersEndOffset": 656/' \
	<"$mbox/content-length.unix-offsets.json" >wrong.json
fails 1 'one byte off is seen' offsets wrong.json "$mbox/content-length.mbox.txt" 1

done_testing
