#!/bin/sh
# The part tree beside GMime's, on every message of both corpora and on our own small ones: structure,
# types, offsets of bodies, decoded sizes. Where the two differ, the difference is written down here,
# line by line ("-" GMime, "+" ours), with the reason why ours is right.

. "${0%/*}/test-lib.sh"
needs perl xargs

# The dumps of all the messages whose names come on stdin, and how they differ.
compare() { # PREFIX NAME
	LC_ALL=C sort -z >"$2.names" &&
	xargs -0 "$HELPERS/tree-gmime" <"$2.names" >"$2.gmime" 2>"$2.err" &&
	xargs -0 "$HELPERS/tree-dump" <"$2.names" >"$2.ours" &&
	perl "$SRC/t/helper/tree-differ.pl" "$1" "$2.gmime" "$2.ours" >"$2.differ"
}

# The differences expected, comments taken off.
expect() {
	grep -v '^#' >"$1.expect"
}

unpack() { # NAME
	mkdir "$1" && zstd -dcq "$SHARED/corpora/$1.tar.zst" >"$1.tar" && tar -C "$1" -xf "$1.tar"
}

# --- our own -----------------------------------------------------------------------------------------

find "$SRC/t/corpus" -name '*.eml' -print0 >own.list
ok 'our own messages are compared' compare "$SRC/t/corpus/" own <own.list
expect own <<'END'
# Base64 goes on behind padding: pieces encoded one by one and put end to end are met, and stopping there
# would cut a file short. RFC 2045 6.8 only says that padding "may be taken" as the end of data.
== broken/base64-concatenated.eml
-0 1 application/octet-stream 259 286 5
+0 1 application/octet-stream 259 286 13
== broken/base64-garbage.eml
-0 1 application/octet-stream 260 310 13
+0 1 application/octet-stream 260 310 23
# What two or three digits hold is kept, padded or not (RFC 2045 6.8, RFC 4648 3.2).
== broken/base64-unpadded.eml
-0 1 application/octet-stream 261 269 3
+0 1 application/octet-stream 261 269 5
# RFC 2046 5.1.1: a boundary has at least one character. Any line of two dashes would be a delimiter.
== broken/empty-boundary.eml
-1 1 text/plain 233 237 4
# A delimiter begins a part, even one whose header is cut short (RFC 2046 5.1.1).
== broken/empty-parts.eml
+1 3 text/plain - - 0
# The line ending before a delimiter belongs to it, whatever ends the delimiter's own line
# (RFC 2046 5.1.1); GMime takes off as many bytes as the latter has.
== broken/mixed-endings.eml
-1 1 text/plain 226 230 4
-1 2 text/plain 236 240 4
+1 1 text/plain 226 229 3
+1 2 text/plain 236 241 5
# Without a header all is body (RFC 5322 2.1); GMime gives no message at all.
== broken/no-header.eml
+0 1 text/plain 0 44 44
# RFC 5322 3.6 allows one; the first is what most programs look at, and what ours look at everywhere.
== broken/two-content-types.eml
-0 1 multipart/mixed - - -
-1 1 text/plain 253 254 1
+0 1 text/plain 248 261 13
END
same 'and differ in nothing but what is known' own.expect own.differ

# --- the corpora -------------------------------------------------------------------------------------

if [ ! -d "$SHARED/corpora" ]; then
	skip 'no ../shared/corpora' 'real mail'
	done_testing
fi
needs zstd tar

ok 'the torture tests are unpacked' unpack mimekit
find mimekit -type f \( -name '*.eml' -o -name '*.txt' -o -name '*.msg' \) -print0 >mimekit.list
ok 'and compared' compare mimekit/ mimekit <mimekit.list
sed 's,mimekit/mimekit/,mimekit/,' mimekit.differ >differ && mv differ mimekit.differ
expect mimekit <<'END'
# These are no messages: without a header all is body (RFC 5322 2.1); GMime gives nothing.
== mimekit/encoders/wikipedia.txt
+0 1 text/plain 0 381 381
== mimekit/mbox/unmunged.mbox.txt
+0 1 text/plain 0 504 504
== mimekit/tnef/triples/message.txt
+0 1 text/plain 0 19 19
# Prose where base64 should be: its last quantum has two digits more (RFC 2045 6.8).
== mimekit/partial/rfc2046.eml
-0 1 audio/basic 239 342 51
+0 1 audio/basic 239 342 53
END
for f in expect differ; do
	perl -0777 -ne 'print map { "== $_" } sort grep { length } split /^== /m' mimekit.$f >sorted &&
	mv sorted mimekit.$f
done
same 'they differ in nothing but what is known' mimekit.expect mimekit.differ

ok 'six thousand real messages are unpacked' unpack spamassassin
find spamassassin -type f -print0 >spamassassin.list
ok 'and compared' compare spamassassin/ spamassassin <spamassassin.list
test "$(grep -c '^== ' spamassassin.ours)" -eq 6046
result $? 'all 6,046 of them'
sed 's,== spamassassin/,== ,; s,/\([0-9]*\)\.[0-9a-f]*\.txt$,/\1,' spamassassin.differ >differ &&
	mv differ spamassassin.differ
expect spamassassin <<'END'
# RFC 2045 6.7 rule 5: a = that ends a line is a soft line break. GMime reads a rule made of = in pairs,
# so that it depends on their number whether the last one is.
== hard-ham-1/00005
-0 1 text/plain 1082 20396 19308
+0 1 text/plain 1082 20396 19292
# RFC 2045 6.8: the last three digits, without padding, hold two bytes: the end marker of a JPEG.
== spam-1/00256
-1 2 image/jpeg 2277 61133 43536
+1 2 image/jpeg 2277 61133 43537
== spam-1/00330
-1 2 image/jpeg 1814 60670 43536
+1 2 image/jpeg 1814 60670 43537
# A mailing list put its footer behind the padding (see base64-concatenated above).
== spam-2/00588
-0 1 text/html 2219 5713 2296
+0 1 text/html 2219 5713 2479
# Rules made of =, as above.
== spam-2/00673
-1 1 text/plain 1251 2638 1375
+1 1 text/plain 1251 2638 1229
== spam-2/00734
-2 1 text/plain 1495 3164 1669
+2 1 text/plain 1495 3164 1666
# A footer again.
== spam-2/00853
-0 1 text/plain 1784 2472 221
+0 1 text/plain 1784 2472 404
== spam-2/00960
-0 1 text/html 2766 8474 3935
+0 1 text/html 2766 8474 4118
# Rules of =.
== spam-2/01041
-2 1 text/plain 1309 3941 2632
+2 1 text/plain 1309 3941 2628
== spam-2/01304
-1 1 text/html 2078 32574 28894
+1 1 text/html 2078 32574 28892
# A footer again.
== spam-2/01309
-0 1 text/html 2470 4988 1616
+0 1 text/html 2470 4988 1760
END
same 'they differ in eleven sizes, all known, and in no structure' spamassassin.expect \
	spamassassin.differ

done_testing
