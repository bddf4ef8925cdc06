#!/bin/sh
# dvd-list verify of what is not the disc, or not all of it: each gets an answer of its own, and none of it is
# recorded. What stands behind the image does no harm.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs perl xorriso

for n in $(seq 30); do
	make_mail "$n" >mail
	put_at "$n" mail
done >ids
archive-rotate -a A --seal --all
dvd-pack -q -a A --serial ABCDEF --medium 8MB - <ids >image.iso || exit 99
head -n 5 ids | dvd-pack -q -a A --serial BCDEFG --medium 8MB - >other.iso || exit 99
bytes=$(wc -c <image.iso)
verify() { dvd-list -a A verify ABCDEF "$@"; }
state() { dvd-list -a A ABCDEF | cut -f2; }
says() { # CODE WHAT PATTERN DISC
	fails "$1" "$2" verify "$4"
	cp .err said
	cp .out faults
	has '  and why' said "^dvd-list: $3"
	ok '  in a line' test "$(wc -l <said)" -eq 1
	ok '  nothing is recorded' test "$(state)" = made
}
number() { # in `said`, before PATTERN
	sed -n "s/.*[ ;]\([0-9]*\) $1.*/\1/p" said
}

# --- cut short -------------------------------------------------------------------------------------
for cut in 1 2048 32768 100000 $((bytes - 40000)) $((bytes - 2048)) $((bytes - 1)) $bytes; do
	head -c $((bytes - cut)) image.iso >short.iso
	says 65 "a disc that is $cut bytes too short" 'disc ABCDEF: short.iso ends too early; [0-9]+ of [0-9]+ pieces differ' short.iso
	missing=$(((bytes + 32767) / 32768 - (bytes - cut) / 32768))
	ok '  as many as are missing' test "$(number of)" -eq $missing
done
ok 'and of an empty one, every mail is named' test "$(cut -f2 faults | grep -vx -e - | sort -u | wc -l)" -eq 30
ok '  as the line says' test "$(number mails)" -eq 30

# --- a flipped bit -----------------------------------------------------------------------------------
dvd-list -a A --json mails ABCDEF >mails.json
sectors() { # of mail N
	sed -n "$1s/.*\"sector\":\([0-9]*\),.*/\1/p" mails.json
}
for n in 1 15 30; do
	cp image.iso bad.iso
	flip bad.iso $(($(sectors $n) * 2048 + 100))
	says 65 "a flipped bit in mail $n" 'disc ABCDEF: bad.iso is not as it was made; 1 of [0-9]+ pieces differ, with [0-9]+ mails$' bad.iso
	sed -n "${n}p" ids >id
	ok '  which is named' grep -qF -f id faults
	ok '  all that are named stand there' test "$(cut -f1 faults | sort -u | wc -l)" -eq 1
	ok '  as many as the line says' test "$(number mails)" -eq "$(wc -l <faults)"
done
cp image.iso bad.iso
flip bad.iso 32800
says 65 'a flipped bit before the mails' 'disc ABCDEF: bad.iso is not as it was made; 1 of [0-9]+ pieces differ, with 0 mails$' bad.iso
has '  is a place without mail' faults '^16-31	-	-$'
cp image.iso bad.iso
flip bad.iso $((bytes - 1))
says 65 'a flipped bit in the last byte' 'disc ABCDEF: bad.iso is not as it was made; 1 of ' bad.iso

# --- more than the image -----------------------------------------------------------------------------
cp -a A saved
for behind in 1 2048 307200 3000000; do
	{ cat image.iso; head -c $behind /dev/urandom; } >long.iso
	dvd-list -a A burnt ABCDEF
	ok "$behind bytes behind the image" verify long.iso
	ok '  it is verified' test "$(state)" = verified
	rm -rf A
	cp -a saved A
done
# As xorriso burns without -nopad: 300 kB of zeros.
: >drive
xorriso -as cdrecord -v padsize=150s dev=stdio:drive image.iso >.out 2>.err
ok 'burnt with padding' test "$(wc -c <drive)" -ge $((bytes + 307200))
dvd-list -a A burnt ABCDEF
ok '  it is compared' verify drive
ok '  and verified' test "$(state)" = verified
rm -rf A
mv saved A

# --- another disc --------------------------------------------------------------------------------------
says 65 'a disc of another serial' 'disc ABCDEF: other.iso is disc BCDEFG$' other.iso
ok '  is not compared any further' test ! -s faults
fails 65 'from stdin' sh -c 'dvd-list -a A verify ABCDEF - <other.iso'
has '  as well' .err 'disc ABCDEF: - is disc BCDEFG$'
fails 65 'as JSON' dvd-list -a A --json verify ABCDEF other.iso
ok '  as well' test ! -s .out
xorriso -outdev foreign.iso -volid FOREIGN_DISC -map ids /ids >.out 2>.err
says 65 'a disc of somebody else' 'disc ABCDEF: foreign.iso .*; [0-9]+ of [0-9]+ pieces differ' foreign.iso
head -c 3000000 /dev/urandom >noise
says 65 'no disc at all' 'disc ABCDEF: noise is not as it was made; [0-9]+ of [0-9]+ pieces differ, with 30 mails' noise
# A label that a scratch made into that of another, with the rest as it was: the label is believed.
cp image.iso relabelled.iso
printf BCDEFG | dd of=relabelled.iso bs=1 seek=$((16 * 2048 + 40)) conv=notrunc status=none
says 65 'another label' 'disc ABCDEF: relabelled.iso is disc BCDEFG$' relabelled.iso
printf ABCDEFGH | dd of=relabelled.iso bs=1 seek=$((16 * 2048 + 40)) conv=notrunc status=none
says 65 'a label that is no serial' 'disc ABCDEF: relabelled.iso is not as it was made; 1 of ' relabelled.iso

# --- what cannot be read -------------------------------------------------------------------------------
says 66 'a device that is not there' 'nowhere: No such file' nowhere
mkdir folder
says 74 'a folder' 'folder: cannot read: Is a directory' folder
# The memory of a process is such a file: it can be opened, and there is nothing where discs are.
if dd if=/proc/self/mem of=/dev/null count=1 2>&1 | grep -q 'Input/output error'; then
	says 74 'a device of which nothing can be read' 'disc ABCDEF: /proc/self/mem: nothing of it can be read' /proc/self/mem
else
	skip 'no file here fails as a drive does' 'a device of which nothing can be read'
fi
says 65 'a device that ends at once' 'disc ABCDEF: /dev/null ends too early' /dev/null
fails 74 'stdin closed' sh -c 'dvd-list -a A verify ABCDEF - <&-'
ok '  nothing is recorded' test "$(state)" = made
if [ "$(id -u)" -eq 0 ]; then
	touch closed && chmod 000 closed && chmod 711 .
	mkdir bin && cp "$BIN/dvd-list" bin
	chmod -R a+rX A bin
	if perl -e '$) = "65534 65534"; $> = 65534; exit !-x "bin/dvd-list"'; then
		fails 77 'a device that is not for us' perl -e '$( = $) = "65534 65534"; $< = $> = 65534; exec @ARGV or exit 127' \
			bin/dvd-list -a A verify ABCDEF closed
		has '  and why' .err 'closed: Permission denied'
	else
		skip 'folders above are closed to other users' 'a device that is not for us'
	fi
fi

# A drive that cannot read some sectors: the Nth call fails with EIO, for those that read the disc.
if sanitized; then
	skip 'sanitizers and LD_PRELOAD do not go together' 'sectors that cannot be read'
else
	dvd-list -a A burnt ABCDEF
	cp -a A made
	n=0
	unread=0
	wrong=0
	while n=$((n + 1)); [ $n -le 200 ]; do
		rm -rf A fired
		cp -a made A
		env LD_PRELOAD="$HELPERS/fault.so" TUBEPOST_FAULT=io:$n:5 TUBEPOST_FAULT_IN=dvd-list \
			TUBEPOST_FAULT_FIRED="$TRASH/fired" dvd-list -a A verify ABCDEF image.iso >faults 2>said
		code=$?
		[ -e fired ] || break
		grep -q '; 1 of [0-9]* pieces differ, 1 of which cannot be read, with [0-9]* mails$' said || continue
		unread=$((unread + 1))
		[ $code -eq 65 ] && [ -s faults ] && [ "$(state)" = bad ] || wrong=$((wrong + 1))
	done
	[ $unread -eq $(((bytes + 32767) / 32768)) ] && [ $wrong -eq 0 ] && [ "$(dvd-list -a A ABCDEF | cut -f2)" = verified ]
	result $? "each piece that cannot be read is told ($unread)"
fi
done_testing
