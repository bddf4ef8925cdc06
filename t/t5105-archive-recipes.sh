#!/bin/sh
# What share/examples and tubepost-recipes(7) say of an archive's life is true: archive.yaml has every
# setting, importing years of mail, a key, readers of the group, the nights, a copy made while mail
# comes in.
. "${0%/*}/test-lib.sh"
needs perl
examples=$SRC/share/examples
recipe() { # EXAMPLE NAME: the lines of a recipe
	sed -n "/^# recipe: $2\$/,/^# end/{/^# /!p;}" "$examples/$1"
}
page_block() { # NAME: a block of the page
	perl -ne '
		BEGIN { $name = shift }
		$near = 1, next if /^\.\\" block: \Q$name\E$/;
		$in = 1, $near = 0, next if $near && /^\.Bd -literal/;
		$in = 0 if /^\.Ed/;
		s/^\$ //, s/\\&//g, s/\\e/\\/g, print if $in' "$1" "$SRC/man/tubepost-recipes.7"
}
mail() { # N
	printf 'Return-Path: <sender%s@example.org>\nDelivered-To: ann@example.org\nSubject: mail %s\n\nbody %s\n' "$1" "$1" "$1"
}

# --- archive.yaml --------------------------------------------------------------------------------

perl -ne 'print "$1\n" if /^\t\{ "(\w+)", TP_YAML_/' "$SRC/lib/archive/settings.c" | sort >known
sed -n 's/^#\{0,1\}\([a-z_]*\):.*/\1/p' "$examples/archive.yaml" | sort >shown
ok 'there are settings' test "$(wc -l <known)" -ge 10
same 'archive.yaml shows each, and no other' shown known
mkdir A
cp "$examples/archive.yaml" A
mail 1 >mail1
ok 'it is taken as it is' archive-put -a A <mail1
sed 's/^size: .*/sizes: malle/' "$examples/archive.yaml" >A/archive.yaml
fails 75 'a key that is not known is not' archive-put -a A <mail1
has 'which says where' .err 'archive\.yaml:6:1: '
for drawer in tiroir=1.86 malle=4.66 armoire=9.31; do
	sed "s/^size: .*/size: ${drawer%=*}/" "$examples/archive.yaml" >A/archive.yaml
	ok "size: ${drawer%=*}" archive-rotate -a A --dry-run
	has "is ${drawer#*=} GiB" .out "^online.* of ${drawer#*=} GiB"
done
cp "$examples/archive.yaml" A
for spam in 'X-Spam-Flag: YES' 'X-Spam-Status: Yes, score=9' 'X-Spam-Level: *********' 'X-Rspamd-Action: reject'; do
	{ printf '%s\n' "$spam" && mail 2; } >spam
	ok "left out: $spam" archive-put -a A --skip-spam <spam
	echo - >expected
	same 'with a dash for its id' .out expected
done
{ printf 'X-Spam-Level: ***\n' && mail 2; } >ham
ok 'a mail with less of it' archive-put -a A --skip-spam <ham
hasnt 'is kept' .out '^-'

# --- a key ---------------------------------------------------------------------------------------

mkdir keys
page_block key | sed "s|/etc/tubepost|$TRASH/keys|g; s|/var/lib/tubepost/archive|$TRASH/E|g; s|-o [a-z]* -g [a-z]*||; s|^# ||; /chown/d" >make-key
ok 'the page has commands for a key' test "$(wc -l <make-key)" -ge 3
ok 'they run' sh -e make-key
ok 'nobody else can read it' test "$(stat -c %a keys/archive.key)" = 400
ok 'a mail is put' archive-put -a E <mail1
ok 'and nothing of it is in clear' sh -c '! grep -rq "sender1@example\|mail 1" E'
ok 'the tools find it' archive-find -a E --count subject:'mail 1'
mv keys/archive.key keys/elsewhere
fails 78 'without the key, archive-find says so' archive-find -a E
has 'in words' .err 'encrypted: no key'
fails 75 'and mail waits' archive-put -a E <ham
mv keys/elsewhere keys/archive.key
ok 'with it, all is there' archive-check -a E

# --- importing -----------------------------------------------------------------------------------

mkdir -p Maildir/new Maildir/cur Maildir/tmp Maildir/.2004/cur Maildir/.2004/new Maildir/.2004/tmp
for n in 11 12 13; do mail $n >"Maildir/cur/11201760$n.M$n.host:2,S"; done
mail 14 >Maildir/.2004/cur/1088640000.M14.host:2,S
{ printf 'From sender15@example.org Thu Jul  1 08:00:00 2004\n' && mail 15 && echo; } >old.mbox
mkdir -p mh/1998
mail 16 >"mh/1998/1"
page_block import | sed "s|/home/ann/Maildir|$TRASH/Maildir|; s|/var/mail/old.mbox|$TRASH/old.mbox|; s|/srv/mh|$TRASH/mh|" >import
ok 'the page has three ways to import' test "$(grep -c archive-put import)" -eq 3
TUBEPOST_STATE=$TRASH/state
ok 'they run' bash -e -o pipefail import
ok 'all is kept' test "$(archive-find --count)" -eq 6
ok 'a second time' bash -e -o pipefail import
ok 'nothing is stored twice' test "$(archive-find --count)" -eq 6
archive-find --ids subject:'mail 14' >id
archive-find --json subject:'mail 14' >found
has 'arrival is the time in the name of the file' found '"arrival":"2004-07-01T00:00:00'
archive-find --json subject:'mail 15' >found
has 'or of the line before the mail' found '"arrival":"2004-07-01T08:00:00'
has 'the envelope is that of the header' found '"sender":"sender15@example.org","recipients":\["ann@example.org"\]'
chmod 000 Maildir/cur/*12.M12*
if [ "$(id -u)" -ne 0 ]; then
	fails 66 'a mail that cannot be read is named' archive-put -a I --maildir Maildir
	has 'by its file' .err 'M12'
fi
chmod 600 Maildir/cur/*

# --- readers of the group ------------------------------------------------------------------------

if [ "$(id -u)" -eq 0 ]; then
	chmod 711 "$TRASH"
	mkdir bin && cp "$BIN"/archive-* bin
	somebody() { # UID TOOL ARGUMENT...: in the group 1
		tool=$2
		uid=$1
		shift 2
		perl -e '$( = $) = "1 1"; $< = $> = shift; exec @ARGV or exit 127' "$uid" "$TRASH/bin/$tool" "$@"
	}
	reader() { somebody 2 "$@"; }
	above=$TRASH
	while [ "$above" != / ] && [ -n "$above" ]; do
		case $(stat -c %A "$above") in ?????????[xt]) ;; *) above=closed; break ;; esac
		above=${above%/*}
	done
	if [ "$above" != closed ]; then
		chown -R 1:1 A
		ok 'a pack is made' somebody 1 archive-rotate -a "$TRASH/A" --all
		somebody 1 archive-put -a "$TRASH/A" --sender a@example.org <mail1 >id
		ok 'a user of the group finds' reader archive-find -a "$TRASH/A" --count
		id=$(archive-find -a A --ids --limit 1)
		ok 'and reads what is in a journal' reader archive-get -a "$TRASH/A" "$id"
		ok 'and what is in a pack' reader archive-get -a "$TRASH/A" "$(archive-find -a A --ids --reverse --limit 1)"
		ok 'and may check it all' reader archive-check -a "$TRASH/A"
		fails 77 'and cannot erase' reader archive-rm -a "$TRASH/A" "$id"
		fails 75 'nor put' reader archive-put -a "$TRASH/A" <mail1
		chmod 700 A
		fails 77 'who is not of the group reads nothing' reader archive-find -a "$TRASH/A"
		chown -R 0:0 A
		chmod 750 A
	else
		skip 'folders above are closed to other users' 'readers of the group'
	fi
else
	skip 'needs root to be somebody else' 'readers of the group'
fi

# --- nights --------------------------------------------------------------------------------------

recipe archive.cron archive-cron >cron
ok 'the nights have three lines' test "$(wc -l <cron)" -eq 3
has 'each has its time and its user' cron '^[0-9]+ [0-9]+ (\*|1) \* \*  @USER@  '
sed 's/^[^@]*@USER@ *//' cron >nights
while read -r line; do
	printf '%s\n' "$line" >night
	sh night >said 2>&1
	same "says nothing when all is well: $line" said /dev/null
done <nights
hasnt 'no percent sign, which cron would make a line end of' cron '%'
cp -r state/archive damaged
for f in damaged/journal/*.tpj; do
	perl -e 'open F, "+<", $ARGV[0] or die; seek F, -20, 2; read F, $_, 1; seek F, -20, 2; print F chr(ord() ^ 1)' "$f"
done
sed -n 3p nights | sed "s/archive-check/& -a damaged/" >night
sh night >said 2>&1
has 'and names what is damaged' said 'journal/.*01'

# --- a copy --------------------------------------------------------------------------------------

if command -v rsync >/dev/null && command -v flock >/dev/null; then
	sed "s|@BINDIR@|$BIN|" "$examples/archive-backup" >backup
	chmod +x backup
	mkdir live copy
	printf 'journal: 64KiB\n' >live/archive.yaml
	# Mail comes in while it is copied, with attachments, and journals fill up and are sealed.
	seq 1 400 | perl -MMIME::Base64 -ne '
		chomp;
		open my $f, ">", "in.$_" or die; srand $_;
		print $f "Subject: live $_\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n",
			encode_base64(join "", map { chr rand 256 } 1 .. 3000)'
	archive-put -a live <in.1 >acknowledged
	(
		n=1
		while [ ! -e enough ] && [ $n -lt 400 ]; do
			n=$((n + 1))
			archive-put -a live <in.$n >>acknowledged || exit
		done
	) 2>put.err &
	putter=$!
	ok 'copied while mail comes in' ./backup live copy
	: >before
	for round in 1 2 3; do
		cp acknowledged before
		ok "again ($round)" ./backup live copy
		ok 'the copy is whole' archive-check -a copy
		archive-find -a copy --ids --tier all | sort >have
		sort before | comm -23 - have >missing
		same 'and has every mail that was acknowledged before' missing /dev/null
		archive-get -a copy --mbox - <before >restored 2>err
		ok 'each comes back' test "$(grep -c '^Subject: live ' restored)" -eq "$(wc -l <before)"
	done
	: >enough
	wait "$putter"
	ok 'no put was disturbed' test ! -s put.err
	archive-find -a live --ids --limit 1 | archive-rm -a live -
	archive-rotate -a live --all >/dev/null
	ok 'after an erasure' ./backup live copy
	archive-find -a live --ids >ours
	archive-find -a copy --ids >theirs
	same 'the copy has what the archive has' theirs ours
	ok 'and is whole' archive-check -a copy

	# A copy that is full when the pack comes keeps the journal that the pack is to replace.
	mkdir room full
	perl -e 'srand 7; print "Subject: large\n\n"; print map({ chr 33 + rand 90 } 1 .. 70), "\n" for 1 .. 3000' >large
	archive-put -a room <large >large.id
	ok 'a large mail is copied' ./backup room full
	archive-rotate -a room --all >/dev/null
	(ulimit -f 100 && ./backup room full) >.out 2>.err
	[ $? -ne 0 ]
	result $? 'no room for its pack: that is told'
	archive-get -a full "$(cat large.id)" >back 2>.err
	same 'and the mail is still there' back large
	ok 'with room' ./backup room full
	archive-get -a full "$(cat large.id)" >back
	same 'it is there, too' back large
	ok 'all is well' archive-check -a full
	ls room/journal >ours && ls full/journal >theirs
	same 'what its pack has replaced is gone' theirs ours

	# A pack that is missing here stays there.
	mv room/pack/00000001.tpp away
	fails 65 'a pack is missing' ./backup room full
	archive-get -a full "$(cat large.id)" >back
	same 'in the archive, not in the copy' back large
	mv away room/pack/00000001.tpp
	ok 'until it is back' ./backup room full
	mkdir unmounted
	fails 66 'a folder that is no archive' ./backup unmounted copy
	ok 'does not empty the copy' archive-check -a copy
else
	skip 'rsync or flock is not installed' 'a copy'
fi

done_testing
