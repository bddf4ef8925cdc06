#!/bin/sh
# archive-find: substrings of any length, blind to case and accents, in sender, recipients and
# subject, whatever the header's character set; sizes, regular expressions, and words of a query.
. "${0%/*}/test-lib.sh"

needs archive-put archive-rotate
A=$TRASH/archive
export TUBEPOST_NOW=1120262481 # 2005-07-02 00:01:21

put() { # NAME SENDER RCPT, mail on stdin
	archive-put -a "$A" --sender "$2" --rcpt "$3" --received "2005-06-$4 10:00" >"$1.id"
}
# What is found, as names, newest first.
finds() { # WANT WHAT ARGUMENTS...
	_want=$1 _what=$2
	shift 2
	archive-find -a "$A" --ids "$@" >.ids 2>.err
	_code=$?
	for _id in $(cat .ids); do
		for _f in *.id; do
			[ "$(cat "$_f")" = "$_id" ] && printf '%s ' "${_f%.id}"
		done
	done >.names
	printf '%s' "${_want:+$_want }" >.want
	if [ -n "$_want" ]; then [ "$_code" -eq 0 ]; else [ "$_code" -eq 1 ]; fi &&
		cmp .want .names >.out 2>&1
	_code=$?
	[ $_code -eq 0 ] || echo "# wanted '$_want', found '$(cat .names)'"
	result $_code "$_what"
}

printf 'From: =?utf-8?Q?=C3=89lo=C3=AFse_Dupont?= <e.dupont@belga.com>\nTo: Bob <bob@example.org>\nSubject: =?utf-8?B?UsOpdW5pb24gZGUgbCfDiXTDqQ==?=\n\nx\n' |
	put ete bounce+17@list.example carol@hidden.example 01
printf 'From: "Smith, John" <john@example.com>\nTo: undisclosed-recipients:;\nCc: =?iso-8859-1?Q?M=FCller?= <mueller@example.de>\nSubject: =?iso-8859-1?Q?Stra=DFe_und_?= =?iso-8859-1?Q?Ma=DFe?=\n\ny\n' |
	put strasse john@example.com dave@other.example 02
printf 'From: =?koi8-r?B?6dfBziDQxdTSz9c=?= <ivan@example.ru>\nTo: x@example.org\nSubject: =?windows-1251?B?z/Do4uXy?=\n\nz\n' |
	put privet ivan@example.ru x@example.org 03
printf 'From: =?iso-2022-jp?B?GyRCOzNFRBsoQg==?= <yamada@example.jp>\nTo: x@example.org\nSubject: =?shift_jis?B?k/qWe4zq?= =?euc-jp?B?pcal87W6?=\n\nz\n' |
	put nihon yamada@example.jp x@example.org 04
printf 'From: a@b.example\nTo: x@example.org\nSubject: =?gb2312?B?1tDOxA==?= and =?big5?B?pKSk5Q==?= and =?utf-16be?B?AFgAWQ==?=\n\nz\n' |
	put zhong a@b.example x@example.org 05
printf 'From: raw@example.org\nTo: x@example.org\nSubject: caf\351 cr\350me\n\nz\n' | put raw raw@example.org x@example.org 06
printf 'From: c\305\223ur@example.org\nTo: x@example.org\nSubject: l\342\200\231\305\223uvre\n folded   over\n\tlines\n\nz\n' |
	put oeuvre coeur@example.org x@example.org 07
{
	printf 'From: big@example.org\nTo: x@example.org\nSubject: 50%% off [list] a.b*c\n\n'
	head -c 20000 /dev/zero | tr '\0' 'x'
} | put big big@example.org x@example.org 08
printf 'Received: nothing else\n\nz\n' | put none nobody@nowhere.example last@example.org 09

all='none big oeuvre raw zhong nihon privet strasse ete'
finds "$all" 'nothing asked: everything, the newest first'

# --- substrings ------------------------------------------------------------------------------------
finds ete 'a word of a subject' --subject réunion
finds ete 'part of a word' --subject union
finds ete 'across words' --subject 'on de l'
finds 'oeuvre strasse ete' 'one letter' subject:d from:o
finds 'big raw' 'one letter, somewhere' subject:f from:r --regex 'subject=^[^l]'
finds '' 'what is nowhere' zzz
finds ete 'the whole' --subject "Réunion de l'Été"
finds '' 'more than the whole' --subject "Réunion de l'Étéx"
finds big 'characters that mean something elsewhere' --subject '% off [list] a.b*'

# --- case and accents ------------------------------------------------------------------------------
finds ete 'without accents' subject:ete
finds ete 'in capitals' 'subject:ÉTÉ'
finds ete 'with accents apart' --subject "$(printf 'e\314\201te')"
finds ete 'with other accents' subject:Êtë
finds ete 'names' from:eloise
finds strasse 'sharp s' subject:STRASSE
finds strasse 'as written' subject:straße
finds strasse 'two encoded words are one text' --subject 'strasse und masse'
finds oeuvre 'ligatures' subject:oeuvre from:coeur
finds oeuvre 'quotes' --subject "l'oeu"
finds oeuvre 'folded lines, runs of white space' --subject 'oeuvre folded over lines'
finds raw 'raw Latin-1' --subject 'cafe creme'

# --- character sets --------------------------------------------------------------------------------
finds privet 'KOI8-R, other case' from:ПЕТРОВ
finds privet 'windows-1251' subject:привет
finds nihon 'ISO-2022-JP' from:山田
finds nihon 'Shift_JIS and EUC-JP joined' --subject 日本語
finds zhong 'GB2312 and Big5' --subject '中文 and 中文'

# --- recipients ------------------------------------------------------------------------------------
finds ete 'To' to:bob
finds strasse 'Cc' to:muller
finds strasse 'the address beside the name' to:mueller@example.de
finds ete 'the envelope' to:carol@hidden
finds '' 'the recipient is no sender' from:carol@hidden
finds ete 'the envelope sender' from:bounce+17
finds none 'a mail without header' to:last@example from:nobody
finds '' 'nothing goes over from one address to the next' 'to:orgcarol'

# --- several ---------------------------------------------------------------------------------------
finds ete 'all must be there' from:belga subject:ete to:bob to:carol
finds '' 'and one is not' from:belga subject:ete to:dave
finds ete 'options and words alike' --from belga --from dupont -s reunion bob
finds 'strasse' 'a bare word is anywhere' und
finds "$all" 'what is nothing without its accent is everywhere' --subject "$(printf '\314\201')"

# --- sizes -----------------------------------------------------------------------------------------
finds big 'larger' larger:10k
finds 'none oeuvre raw zhong nihon privet strasse ete' 'smaller' --smaller 10K
size=$(archive-find -a "$A" --json subject:off | sed 's/.*"size":\([0-9]*\).*/\1/')
finds '' 'larger than itself' --larger "$size" subject:off
finds big 'larger than one byte less' --larger $((size - 1)) subject:off
finds '' 'smaller than itself' --smaller "$size" subject:off

# --- regular expressions ---------------------------------------------------------------------------
finds ete 'a regular expression sees what was written' --regex 'subject=^Réunion .* l.Été$'
finds '' 'case and accents too' --regex 'subject=reunion'
finds ete 'unless told not to' --regex 'subject=(?i)RÉUNION'
finds strasse 'in the recipients' -e 'to=^Müller|, Müller|Müller <'
finds ete 'in the envelope' -e 'to=^carol@'
finds ete 'in the sender' -e 'from=\bDupont\b'
finds 'ete' 'two of them' -e 'from=Dupont' -e 'to=carol'
fails 64 'one that is none' archive-find -a "$A" -e 'subject=('
has 'is shown where it breaks off' .err 'archive-find: .*character 2'
fails 64 'an unknown field' archive-find -a "$A" -e 'body=x'
fails 64 'no field' archive-find -a "$A" -e 'x'

# --- journals that were sealed, and an index that is missing ------------------------------------------
rm -rf "$A/index"
finds ete 'without an index' subject:ete
ok 'sealed' archive-rotate -a "$A" --seal --all
[ -e "$A/index/00000001.tpx" ]
result $? 'there is an index segment'
finds "$all" 'everything is found in the pack'
finds ete 'by its subject, too' subject:ete
finds strasse 'and by its envelope' to:dave@other
printf 'junk' >"$A/index/00000001.tpx"
finds ete 'a damaged index is made again' subject:ete
cmp -s .err /dev/null
result $? 'without a word'
[ "$(wc -c <"$A/index/00000001.tpx")" -gt 100 ]
result $? 'on the disk'
rm "$A/index/00000001.tpx"
finds ete 'a missing one, too' subject:ete

done_testing
