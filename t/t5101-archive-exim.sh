#!/bin/sh
# The archive behind a real Exim, as tubepost-recipes(7) shows it: every mail, in and out, is kept
# once, with the bytes that are delivered and with its envelope; whatever becomes of the archive,
# mail flows, and its copy waits in the queue. What was found is sent again by the same Exim.
# shellcheck disable=SC2034 # for test-lib.sh
OWN_MOUNTS=yes
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"
. "$SRC/t/lib-keep.sh"

mta_need exim4 perl
EXIM_EXAMPLE=archive-exim.conf
keep_setup
small_disk || small_disk_why='no file system can be mounted here'
ok 'exim starts' exim_start
test "$failed" -eq 0 || done_testing

to() {
	smtp_send "$SMTP_PORT" zoe@sender.test "$1" "$2"
}
queue_is() {
	test "$(exim_queue)" -eq "$1"
}

# --- in and out ----------------------------------------------------------------------------------

mail_to_keep in.eml inward
ok 'a mail for one is taken' to ann@local.test in.eml
exim_run
ok 'it is delivered' has_mail ann
ok 'it is kept' keeps 1
ok 'with the bytes that were delivered' kept_is_delivered ann
ok 'which are those that were sent' is_sent_mail "$(mail_file ann)" in.eml
id=$(kept_id inward)
ok 'its envelope is kept' envelope_is "$id" 'zoe@sender.test ann@local.test'
has 'Exim has logged its id' "$CONF_DIR/log/mainlog" "T=archive.* $id|$id.*T=archive|$id"
ok 'the queue is empty' queue_is 0

mail_to_keep out.eml outward
ok 'a mail that leaves is taken' to far@relay.test out.eml
exim_run
exim_run
ok 'it has left' has_mail relay
ok 'it is kept, and once' keeps 2
keeper archive-get "$(kept_id outward)" >kept
ok 'with the bytes that have left' is_sent_mail "$(mail_file relay)" kept
ok 'its envelope is kept' envelope_is "$(kept_id outward)" 'zoe@sender.test far@relay.test'

smtp_send "$SMTP_PORT" '' ann@local.test in.eml
mail_to_keep bounce.eml bounce
smtp_send "$SMTP_PORT" '' bob@local.test bounce.eml
exim_run
ok 'the sender of a bounce is nobody' envelope_is "$(kept_id bounce)" '<> bob@local.test'

# --- many recipients -----------------------------------------------------------------------------

mail_to_keep several.eml several
ok 'a mail for four, one of them an alias of two' to bob@local.test,team@local.test,far@relay.test,cat@local.test several.eml
exim_run
exim_run
ok 'is one delivery in the archive, with the envelope as it came' \
	envelope_is "$(kept_id several)" 'zoe@sender.test bob@local.test cat@local.test far@relay.test team@local.test'
ok 'and reached all' test "$(mail_count ann) $(mail_count bob) $(mail_count cat) $(mail_count dan) $(mail_count relay)" = '3 2 1 1 2'
ok 'the queue is empty' queue_is 0

# --- the archive fails ---------------------------------------------------------------------------

fails_and_recovers() { # WHAT
	mail_to_keep wait.eml "waiting-$1"
	before=$(mail_count cat)
	to cat@local.test wait.eml
	exim_run
	ok "$1: the mail is delivered" has_mail cat $((before + 1))
	ok "$1: the copy waits in the queue" queue_is 1
	exim_run
	ok "$1: tried again, it waits on" queue_is 1
	has "$1: as the log says" "$CONF_DIR/log/mainlog" 'T=archive defer'
	recover
	exim_run
	ok "$1: all well again, the queue is empty" queue_is 0
	ok "$1: the mail is kept, once" envelope_is "$(kept_id "waiting-$1")" 'zoe@sender.test cat@local.test'
	ok "$1: and was delivered once" has_mail cat $((before + 1))
	ok "$1: and is whole" test "$(sha256sum <"$(newest cat)")" = \
		"$(keeper archive-get "$(kept_id "waiting-$1")" | sha256sum)"
}
newest() {
	find "$MTA/mail/$1/new" -type f -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2-
}

each_harm
hasnt 'no copy was given up' "$CONF_DIR/log/mainlog" ' \*\* '
ok 'nothing bounced' has_mail bounces 0

# --- many at once --------------------------------------------------------------------------------

had=$(kept_count)
ok 'a burst of 48 mails is taken' burst "$SMTP_PORT" 48 ann@local.test bob@local.test,cat@local.test dan@local.test
runners=
for runner in 1 2 3 4
do
	exim_run &
	runners="$runners $!"
done
for runner in $runners
do
	wait "$runner"
done
exim_run
ok 'its queue is empty' queue_is 0
ok 'all are kept' keeps $((had + 48))
box_empty relay
ok 'with the bytes that were delivered' subset_is_kept ann bob cat dan
ok 'archive-check has nothing to say' keeper archive-check

# --- sent again ----------------------------------------------------------------------------------

recipe_block() { # NAME: the script as the page has it, with this Exim for sendmail
	sed "s|@BINDIR@|$MTA/bin|" "$SRC/share/examples/$1" >"$MTA/libexec/$1" && chmod 755 "$MTA/libexec/$1"
}
printf '#!/bin/sh\nexec %s -C %s "$@"\n' "$EXIM" "$CONF_DIR/exim.conf" >"$MTA/bin/sendmail"
chmod 755 "$MTA/bin/sendmail"
recipe_block send-again
for word in several bounce
do
	id=$(kept_id "$word")
	keeper archive-get "$id" >original
	keeper archive-get --envelope "$id" >envelope
	for box in ann bob cat dan relay
	do
		box_empty "$box"
	done
	had=$(kept_count)
	ok "send-again hands the mail to exim ($word)" env PATH="$MTA/bin:$PATH" "$MTA/libexec/send-again" "$id"
	exim_run
	exim_run
	ok 'it arrives, below a line or two of its way, with the original bytes' is_sent_mail "$(mail_file bob | head -n 1)" original
	has 'from the original sender' "$CONF_DIR/log/mainlog" "<= $(head -n 1 envelope) "
	ok 'and is kept once more' keeps $((had + 1))
done
# --- a night that fills a disc -------------------------------------------------------------------

# The line of /etc/cron.d, with this Exim for sendmail: over its size, the archive moves mail to the
# cellar, which can fill a disc of 1.5 MB; the notice reaches the contact.
printf 'size: 1K\ndisc: 1500kB\ncontact: bob@local.test\nsender: archive@local.test\n' >"$ARCHIVE/archive.yaml"
keeper archive-rotate --seal --all >/dev/null
mail_to_keep last.eml last
to cat@local.test last.eml
exim_run
keeper archive-rotate --seal --all >/dev/null
sed -n '/^# recipe: archive-cron/,/^# end/s/^30 3 [*] [*] [*]  @USER@  //p' "$SRC/share/examples/archive.cron" >night
ok 'the first line of the nights is there' grep -q 'archive-rotate --notice' night
box_empty bob
ok 'it runs' env PATH="$MTA/bin:$PATH" sh night
exim_run
ok 'the notice arrives' has_mail bob
has 'from the archive' "$(mail_file bob)" '^From: .*archive@local\.test'
has 'about a disc' "$(mail_file bob)" '^Subject: .*disc'
ok 'the next night has none' env PATH="$MTA/bin:$PATH" sh night
exim_run
ok 'which is silent' has_mail bob
ok 'the mail of the cellar is found' test "$(keeper archive-find --tier cellar --count)" -gt 20

fails 1 'an id that is not there sends nothing' env PATH="$MTA/bin:$PATH" "$MTA/libexec/send-again" 0000000000000000
ok 'nothing at all' queue_is 0

done_testing
