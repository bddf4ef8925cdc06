# For the tests of the archive with real mail programs, after lib-mta.sh: an archive that belongs to
# $MTA_USER, the mail to keep, and words to compare what was delivered with what is kept.
# shellcheck shell=sh

ARCHIVE=

keep_setup() {
	mta_setup
	ARCHIVE=$MTA/archive
	cp "$BIN"/archive-* "$MTA/bin" &&
	mta_config archive-mail "$MTA/libexec/archive-mail" && chmod 755 "$MTA/libexec/archive-mail" &&
	printf 'archive:\n  path: "%s"\n' "$ARCHIVE" >>"$TUBEPOST_CONFIG" &&
	archive_up || {
		echo 'not ok - the archive has no place'
		exit 99
	}
}

# keeper TOOL ARGUMENT...: one of the archive's tools, as the user the archive belongs to.
keeper() {
	keeper_tool=$1
	shift
	as_mta_user env TMPDIR="$MTA/tmp" "$MTA/bin/$keeper_tool" "$@"
}

# The archive's folder is the user's, or it is root's and may only be read.
archive_up() {
	mkdir -p "$ARCHIVE" && chmod 750 "$ARCHIVE" && chown -R "$MTA_USER:$MTA_GROUP" "$ARCHIVE"
}

archive_down() {
	chown -R root:root "$ARCHIVE" && chmod -R go=rX "$ARCHIVE"
}

# The archive gets a small disk of its own where this machine allows it: then it can be full.
small_disk() {
	mount -t tmpfs -o size=16m tubepost "$ARCHIVE" 2>/dev/null || return 1
	on_exit "umount -l '$ARCHIVE'"
	archive_up
}

disk_full() {
	! dd if=/dev/zero of="$ARCHIVE/filler" bs=64k 2>/dev/null
}

disk_free() {
	rm "$ARCHIVE/filler"
}

# The archive suffers in each way, one at a time: the script's fails_and_recovers WHAT sees how mail fares,
# and calls recover in between.
each_harm() {
	archive_down
	recover() { archive_up; }
	fails_and_recovers readonly
	for harm in missing killed fails
	do
		spoil "$MTA/bin/archive-put" "$harm"
		recover() { mend "$MTA/bin/archive-put"; }
		fails_and_recovers "put-$harm"
	done
	for harm in missing killed
	do
		spoil "$MTA/libexec/archive-mail" "$harm"
		recover() { mend "$MTA/libexec/archive-mail"; }
		fails_and_recovers "script-$harm"
	done
	if test -z "${small_disk_why-}"
	then
		disk_full
		recover() { disk_free; }
		fails_and_recovers full
	else
		skip "$small_disk_why" 'a full disk'
	fi
}

# How many mails are kept; 0 where there is no archive yet.
kept_count() {
	keeper archive-find --tier all --count 2>/dev/null || :
}

keeps() { # N
	test "$(kept_count)" -eq "$1"
}

# The id of the oldest mail with this text in its subject.
kept_id() { # TEXT
	keeper archive-find --ids --limit 1 --reverse "subject:$1"
}

envelope_is() { # ID, SENDER AND RECIPIENTS in alphabetical order, a word each
	keeper archive-get --envelope "$1" >sender-first
	{ head -n 1 sender-first; tail -n +2 sender-first | sort; } | tr '\n' ' ' >envelope
	test "$(cat envelope)" = "$2 " || {
		echo "# the envelope is $(cat envelope)"
		return 1
	}
}

# delivered BOX...: each mail of these boxes in a file of its own in delivered/, without what virtual(8)
# puts above it.
delivered() {
	rm -rf delivered && mkdir delivered || return 1
	for box
	do
		for delivered_file in "$MTA/mail/$box/new"/*
		do
			perl -pe '
				next if $below;
				if (/^(Return-Path|X-Original-To|Delivered-To): /) { $_ = "" } else { $below = 1 }
				' "$delivered_file" >"delivered/$box.${delivered_file##*/}" || return 1
		done
	done
}

# Each mail of these boxes is kept, byte for byte; kept_is_delivered: and no other is.
subset_is_kept() {
	delivered "$@" || return 1
	sha256sum delivered/* | cut -d ' ' -f 1 | sort -u >in-boxes
	keeper archive-find --ids >ids && keeper archive-get --details - <ids >details || return 1
	cut -f 7 details | sort >in-archive
	test -s in-boxes && comm -23 in-boxes in-archive >not-kept && ! test -s not-kept
}

kept_is_delivered() {
	subset_is_kept "$@" && cmp in-boxes in-archive
}

# mail_to_keep FILE WORD: a mail with what lesser archives change: dots and "From " at line ends,
# blanks at their ends, 8-bit text in an odd charset, a folded header, base64 in lines of 60 digits.
mail_to_keep() {
	perl -MMIME::Base64 -e '
		my ($out, $word) = @ARGV;
		open my $m, ">:raw", $out or die "$out: $!\n";
		print $m "From: Zo\xe9 <zoe\@sender.test>\nTo: =?iso-8859-1?Q?Andr=E9?= <ann\@local.test>,\n\tbob\@local.test\n",
			"Subject: =?utf-8?B?", encode_base64("\xc3\x89t\xc3\xa9 $word", ""), "?=\nDate: Fri, 01 Jul 2005 10:00:00 +0200\nMessage-ID: <$word\@sender.test>\nX-Odd:  two  blanks \n",
			"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n",
			"--b\nContent-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n",
			"From here\n>From there\n.\n..dots\nblanks at the end  \n\xe9t\xe9 $word\n\n",
			"--b\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n";
		my $e = encode_base64(join("", map { chr(($_ * 7919 + length $word) % 251) } 1 .. 30000), "");
		print $m "$_\n" for unpack "(A60)*", $e;
		print $m "--b--\n\n\n"' "$@"
}

# burst PORT N TO...: N mails, eight connections at a time, each word of TO a recipient list in turn.
burst() {
	burst_port=$1 burst_count=$2
	shift 2
	n=0
	while test "$n" -lt "$burst_count"
	do
		burst_jobs=
		for job in 1 2 3 4 5 6 7 8
		do
			n=$((n + 1))
			mail_to_keep "burst.$job" "burst-$n-end"
			smtp_send "$burst_port" "sender$n@sender.test" "$1" "burst.$job" &
			burst_jobs="$burst_jobs $!"
			set -- "$@" "$1"
			shift
		done
		for job in $burst_jobs
		do
			wait "$job" || return 1
		done
	done
}
