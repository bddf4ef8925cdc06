#!/bin/sh
# A delivery that is in a pack already is answered for only when it comes back from there; when it does
# not, the mail is stored again, and the next put finds that one.
. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-archive.sh"
needs perl

make_file attached >attached
for n in 1 2 3; do make_mail $n >mail$n; done
make_mail 4 attached >mail4
for n in 1 2 3 4; do put_at $n mail$n >id$n; done
"$HELPERS/seal-archive" A 1 >/dev/null
mv A whole

gives() { # ID FILE
	archive-get -a A "$(cat "$1")" >back && cmp back "$2"
}

fresh
for n in 1 4; do
	put_at $n mail$n >again
	same "mail $n: what is whole is known" id$n again
done
ok 'and nothing is stored' test -z "$(find A/journal -type f -size +32c)"

flip A/pack/00000001.tpp 300 # in the one block
fails 65 '(the block is damaged)' archive-get -a A "$(cat id1)"
put_at 1 mail1 >new 2>said
result $? 'the damaged one is put again'
has 'which is said' said "$(cat id1): was stored already and is damaged"
ok 'under an id of its own' test "$(cat new)" != "$(cat id1)"
ok 'that gives it' gives new mail1
put_at 1 mail1 >new2
same 'the next put finds that one' new new2
ok '(it is sealed)' archive-rotate -a A --seal --all
put_at 1 mail1 >new2
same 'in its pack, too' new new2
ok 'and gives it' gives new mail1
fails 65 'the damaged one is still told' archive-check -a A
has 'by its id' .out "$(cat id1)"

# An import: arrivals are those of its container, and it may run again and again.
fresh
flip A/pack/00000001.tpp 300
printf 'mail2\0mail3\0' >names
touch -d 2005-07-01T08:00:02Z mail2 mail3
archive-put -a A --sender bounce2@from.example --rcpt rcpt2@to.example --files0-from names >first
archive-put -a A --sender bounce2@from.example --rcpt rcpt2@to.example --files0-from names >second
has 'an import stores what does not come back' first '^2 stored'
has 'once' second '^0 stored, 2 known'

# The attachment's own file.
fresh
blob=$(find A/blob -name '*.tpb')
flip "$blob" 1000
put_at 4 mail4 >new
result $? 'a damaged attachment'
ok 'costs an id of its own, too' test "$(cat new)" != "$(cat id4)"
ok 'that gives the mail' gives new mail4
done_testing
