#!/bin/sh
# A disc as others read it: xorriso, isoinfo, 7-Zip, bsdtar, sha256sum and a checker of bags find the same
# files under the same names, and every mail is what archive-get gives.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
. "$SRC/t/lib-disc.sh"
needs xorriso isoinfo 7z bsdtar python3 perl

make_archive || exit 99
ok 'a disc is packed' dvd-pack -a A --serial KWRTPM - <ids
cp .out disc.iso
cp .err said
has 'the plan is said at the start' said '^dvd-pack: sectors [0-9]+$'
ok 'its sectors are those of the image' test "$(sed -n 's/^dvd-pack: sectors //p' said)" = "$(sectors_of disc.iso)"
ok 'the image is whole sectors' test $(($(wc -c <disc.iso) % 2048)) -eq 0
ok '--plan says the same' dvd-pack -a A --plan --serial KWRTPM - <ids
cp .out plan
sed 's/^dvd-pack: //' said >said.plan
tr '\t' ' ' <plan >plan.said
same 'in the same words' said.plan plan.said
ok 'and counts all mails' test "$(planned mails)" = "$(wc -l <ids)"

# --- readers -------------------------------------------------------------------------------------
ok 'xorriso reads every block' xorriso -indev disc.iso -check_media what=disc --
cat .out .err >checked
has 'and finds them good' checked '\+ good'
hasnt 'and nothing else' checked '^Media region.*- '
ok '7-Zip tests it' 7z t disc.iso
ok 'isoinfo finds label, Joliet and Rock Ridge' isoinfo -d -i disc.iso
cp .out info
has 'the label is the serial' info '^Volume id: KWRTPM *$'
has 'Joliet' info 'Joliet with UCS level 3'
has 'Rock Ridge' info 'Rock Ridge signatures version 1 found'
isoinfo -R -f -i disc.iso | sort >names.rock
isoinfo -J -f -i disc.iso | sed 's/;1$//' | sort >names.joliet
same 'Joliet and Rock Ridge have the same names' names.rock names.joliet
ok 'bsdtar unpacks it' unpack disc.iso tree
(cd tree && find . -mindepth 1 | sed 's/^\.//' | sort) >names.bsdtar
same 'and has the same names' names.bsdtar names.rock
xorriso -osirrox on -indev disc.iso -extract / xtree >.out 2>.err
chmod -R u+w xtree 2>/dev/null
ok 'xorriso extracts the same' diff -r tree xtree
mkdir ztree
7z x -oztree disc.iso >.out 2>.err
result $? '7-Zip extracts'
chmod -R u+w ztree
ok '  the same' diff -r tree ztree
isoinfo -R -f -i disc.iso | grep '\.eml$' | while read -r path; do
	isoinfo -R -i disc.iso -x "$path" | cmp -s - "tree$path" || echo "$path"
done >unlike
same 'isoinfo, too, each of the mails' unlike /dev/null
isoinfo -l -i disc.iso | awk '/EML/ { print $NF }' | sort | uniq -d >double
same 'plain ISO 9660 names are different, too' double /dev/null

# --- the bag -------------------------------------------------------------------------------------
ok 'sha256sum accepts both manifests' \
	sh -c 'cd tree && sha256sum --strict --quiet -c tagmanifest-sha256.txt manifest-sha256.txt'
ok 'a checker of bags is content' python3 "$SRC/t/helper/check-bag.py" tree
while read -r id; do
	set -- tree/data/*/*/*"_$id"*.eml
	archive-get -a A "$id" >mail && cmp -s mail "$1" || echo "$id"
done <ids >unlike
same 'every mail is what archive-get gives' unlike /dev/null
ok 'and there is no other' test "$(find tree/data -type f | wc -l)" -eq "$(wc -l <ids)"
ok 'the README is there' test -s tree/README.txt
has 'it names the disc' tree/README.txt '^MAIL ARCHIVE, DISC KWRTPM'
ok 'the page is there' test -s tree/index.html
has 'bag-info names the disc' tree/bag-info.txt '^External-Identifier: KWRTPM$'
ls -l --time-style=+%Y-%m-%d tree/data/2005/12 | awk 'NR > 1 { print $6 }' | sort -u >days
echo 2005-12-31 >day
same 'files bear the time of arrival' days day

# --- again ---------------------------------------------------------------------------------------
ok 'made again, on another day, in another zone and order' env TUBEPOST_NOW=2030-01-01T00:00:00Z TZ=Asia/Tokyo \
	sh -c 'umask 077; sort -r ids | dvd-pack -a A --serial KWRTPM'
same 'it is the same to the byte' .out disc.iso
ok 'the ledger has it once' test "$(ledger_count)" -eq 1

# --- the archive's language -----------------------------------------------------------------------
title_in() {
	case $1 in fr) echo 'ARCHIVE DE COURRIER, DISQUE' ;; de) echo 'MAIL-ARCHIV, DISC' ;; es) echo 'ARCHIVO DE CORREO, DISCO' ;; esac
}
for l in fr de es; do
	cp -a A "A.$l"
	rm -rf "A.$l/disc"
	sed -i "s/^#* *language:.*/language: $l/; \$a\\" "A.$l/archive.yaml"
	grep -q "^language: $l" "A.$l/archive.yaml" || echo "language: $l" >>"A.$l/archive.yaml"
	dvd-pack -q -a "A.$l" --serial KWRTPM <ids >$l.iso 2>.err
	result $? "a disc in $l"
	unpack $l.iso tree.$l
	head -n 1 tree.$l/README.txt | grep -q "^$(title_in $l) KWRTPM"
	result $? "$l comes first"
	ok '  English after it, all of it' test "$(tail -c "$(wc -c <tree/README.txt)" tree.$l/README.txt | sha256sum)" = "$(sha256sum <tree/README.txt)"
	ok '  the page speaks it' grep -q "\"language\":\"$l\"" tree.$l/search/about.js
	ok '  the bag is a bag' python3 "$SRC/t/helper/check-bag.py" tree.$l
done

# --- a full folder -------------------------------------------------------------------------------
perl -e 'for (1 .. 2050) { print "From x\@y.example Fri Jul  1 09:30:00 2005\n",
	"Subject: number $_\n\nbody $_\n\n" }' >many
ok 'more mails of a month than a folder holds' dvd-pack -q --mbox many
cp .out many.iso
unpack many.iso many.tree
ok 'are in two' test "$(find many.tree/data/2005/07 -type f | wc -l) $(find many.tree/data/2005/07-002 -type f | wc -l)" = '2000 50'
ok 'the checker is content' python3 "$SRC/t/helper/check-bag.py" many.tree
done_testing
