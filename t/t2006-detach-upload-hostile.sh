#!/bin/sh
# Mail made to hurt: classification, plan, names, search for references, rewriting. Time grows with the size and no
# faster; memory beside the mapped spool (and the spool of the result) stays under 64 MiB. No mail is refused.

. "${0%/*}/test-lib.sh"
needs perl

echo 'A: b' >tiny
printf '#!/bin/sh\necho https://drop.example/x\n' >up
chmod +x up

# Sets ms and mib of the tool on a mail.
measure() {
	rm -rf state
	"$HELPERS/measure" -n 1 -i "$1" detach detach-upload --over 0 --signed wrap --log log --uploader "$TRASH/up" >row 2>.err || return 1
	set -- $(tail -n 1 row)
	ms=${3%.*} mib=${4%.*} # time of the processor: the machine has other work
}
measure tiny || cat row .err
base=$mib

grows_linearly() { # PROGRAM CASE N LIMIT-MS
	perl "$SRC/t/helper/$1" "$2" "$3" >case.eml && measure case.eml || return 1
	small=$ms
	[ "$small" -ge 30 ] || small=30
	perl "$SRC/t/helper/$1" "$2" $(($3 * 2)) >case.eml && measure case.eml || return 1
	size=$(($(wc -c <case.eml) / 1048576))
	echo "size $3: $small ms; twice that: $ms ms, $((mib - base - size)) MiB beside the mail"
	[ "$ms" -le $((small * 3)) ] && [ "$ms" -le "$4" ] || return 1
	# a sanitizer's own memory is no measure; the result may be as large as the mail
	sanitized || [ $((mib - base - 2 * size)) -le 64 ]
}

while read -r program name half limit; do
	ok "$name, size $((half * 2)): linear, and small" grows_linearly "$program.pl" "$name" "$half" "$limit"
done <<'EOF'
hostile-files files 50000 3000
hostile-files deep 50000 3000
hostile-files charsets 50000 3000
hostile-files name 10000000 3000
hostile-files sections 5000000 3000
hostile-files words 5000000 3000
hostile-files escapes 5000000 3000
hostile-files id 10000000 3000
hostile-files cids 10000000 3000
hostile-files samecid 10000000 3000
hostile-files endless 10000000 3000
hostile-files entities 10000000 3000
hostile-files nearly 10000000 3000
hostile-files shown 5000000 3000
hostile-files armor 10000000 3000
hostile-files branches 5000000 3000
hostile-files recipients 5000000 3000
hostile-files address 5000000 3000
hostile-files messageid 10000000 3000
hostile-files fields 10000000 3000
hostile-files subject 5000000 3000
hostile-files signed 5000000 3000
hostile-files signeddeep 10000000 3000
hostile nested 1000 3000
hostile messages 1000 3000
hostile parts 50000 3000
hostile headers 50000 3000
hostile dashes 12000000 6000
hostile dashline 12000000 6000
hostile fields 15000000 6000
hostile folded 15000000 6000
hostile params 5000000 4000
hostile comments 5000000 4000
hostile nuls 5000000 4000
EOF

# A hundred thousand parts a thousand levels down: the list of decisions grows with the mail, not with
# its square.
perl -e 'print "Content-Type: multipart/mixed; boundary=b0\n\n";
	print "--b$_\nContent-Type: multipart/mixed; boundary=b", $_ + 1, "\n\n" for 0 .. 998;
	print "--b999\nContent-Type: image/png\n\nx\n" for 1 .. 100000' >case.eml
ok 'decisions deep down' detach-upload --dry-run --over 0 <case.eml
mv .out list
ok 'a line for each' test "$(wc -l <list)" -eq 100000
ok 'short ones' test "$(wc -c <list)" -lt 10000000
has 'with its number' list '^#101000	stays	more attachments than detach\.max_files	2	image/png	part-101000.png$'
ok 'as objects' detach-upload --dry-run --json --over 0 <case.eml
has 'alike' .out '^\{"part":"#101000",'

# What is beyond the tree's own limits is no mail that people write: it passes.
perl "$SRC/t/helper/hostile.pl" parts 600000 >case.eml
ok 'more parts than the limit' detach-upload --over 0 --uploader ./up --log log <case.eml
same 'pass unchanged' case.eml .out
has 'and the log says so' log 'passed unchanged: message structure: more than'

done_testing
