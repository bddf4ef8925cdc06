#!/bin/sh
# A mail from the archive sent again, to those who got it, by the sendmail of a real Exim: the script
# that archive-get(1) names.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-mta.sh"

needs archive-put archive-rotate perl
mta_need exim4
EXIM=$(mta_program exim4)
chmod 755 "$TRASH"
mkdir exim exim/spool exim/log exim/box
chown -R Debian-exim:Debian-exim exim
cat >exim.conf <<END
exim_path = $EXIM
spool_directory = $TRASH/exim/spool
log_file_path = $TRASH/exim/log/%slog
primary_hostname = exim.test
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment =
disable_ipv6
qualify_domain = exim.test
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  directory = $TRASH/exim/box
  maildir_format
  create_directory
  return_path_add
  envelope_to_add
  user = Debian-exim
END
chmod 644 exim.conf
cat >sendmail <<END
#!/bin/sh
exec $EXIM -C $TRASH/exim.conf -odi "\$@"
END
chmod 755 sendmail
PATH=$TRASH:$PATH

# The example of the manual, word for word.
perl -ne 'print if s!^/usr/local/libexec/tubepost/(send-again ID)$!$1!' "$SRC/man/archive-get.1" >line
sed '/^PATH=/d' "$SRC/share/examples/send-again" >send-again && chmod 755 send-again
ok 'the manual has the line' test -s line

again() { # ID
	sed "s/ID/$1/g" line >command
	TUBEPOST_STATE=$TRASH sh ./command
}
box() {
	cat exim/box/new/* 2>/dev/null
}

printf 'From: Zoe <zoe@sender.test>\nTo: list@list.test\nSubject: =?utf-8?q?=C3=A9t=C3=A9?=\nMessage-ID: <1@sender.test>\nDate: Fri, 01 Jul 2005 09:30:00 +0000\n\n.\nFrom the archive\n..\n' >mail
id=$(archive-put -a archive --sender zoe@sender.test --rcpt alice@one.test --rcpt bob@two.test <mail)
ok 'sent again' again "$id"
box >got
has 'from the sender' got '^Return-path: <zoe@sender.test>'
has 'to one' got '^Envelope-to: (alice@one.test|.*, alice@one.test)'
has 'and to the other' got '^Envelope-to: (.*, )?bob@two.test'
hasnt 'and to nobody else' got '^Envelope-to: .*list'
perl -ne '$in ||= /^From: Zoe/; print if $in' exim/box/new/* | head -n "$(wc -l <mail)" >same
same 'as it was, dots and all' mail same

rm -f exim/box/new/*
id=$(archive-put -a archive --sender '' --rcpt alice@one.test <mail)
ok 'a bounce, sent again' again "$id"
box >got
has 'has no sender' got '^Return-path: <>'

rm -f exim/box/new/*
id=$(archive-put -a archive --sender -bd --rcpt -oX12 --rcpt alice@one.test <mail)
again "$id" >.out 2>.err
box >got
has 'addresses that look like options are addresses' got '^Envelope-to: .*-oX12@exim.test|^Envelope-to: -oX12'

done_testing
