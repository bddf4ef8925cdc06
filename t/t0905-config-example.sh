#!/bin/sh
# tubepost.yaml(5) is true: it lists the keys of lib/base/schema.c with their words and defaults and
# no others, its example loads, and its DIAGNOSTICS are what the tools say.

. "${0%/*}/test-lib.sh"

page=$SRC/man/tubepost.yaml.5
needs perl

# KEY|TYPE|DEFAULT, as the code has it: TYPE is the page's word for it, or the words of a choice.
perl -0777 -ne '
	my %types = (STRING => "text", SIZE => "size", DURATION => "duration", INTEGER => "number",
		BOOL => "boolean", LIST => "list", MAP => "map");
	while (/\{\s*"([^"]+)",\s*TP_CONF_(\w+),\s*(NULL|"[^"]*"),\s*(NULL|"[^"]*"),/g) {
		my ($key, $type, $default, $words) = ($1, $2, $3, $4);
		s/^NULL$//, s/^"|"$//g for $default, $words;
		print join("|", $key, $type eq "WORD" ? $words : $types{$type}, $default), "\n";
	}' "$SRC/lib/base/schema.c" | sort >schema

# The same, as the page has it.
perl -ne '
	next unless /^\.It Ic ([a-z_0-9.]+) (?:Ar (\w+)|Cm (.+?))(?: Pq Cm (\S+))?$/;
	my ($key, $type, $words, $default) = ($1, $2, $3, $4 // "");
	$words =~ s/ //g unless $type;
	$type //= $words;
	print join("|", $key, $type, $default), "\n"' "$page" | sort >listed

ok 'there are keys to compare' test "$(wc -l <schema)" -gt 30
diff schema listed >difference
sed 's/^/# /' difference
same 'every key, its type and its default stand in the page, and no others' difference /dev/null

# The example.
perl -ne '
	$in = 1, next if /^\.Sh EXAMPLES/;
	$in = 0 if /^\.Sh / && !/EXAMPLES/;
	next unless $in;
	$shown = 1, next if /^\.Bd -literal/;
	$shown = 0, next if /^\.Ed/;
	s/\\&//, s/\\e/\\/g, print if $shown' "$page" >config.yaml
ok 'the page has an example' test "$(wc -l <config.yaml)" -gt 20
printf 'Subject: a\n\nb\n' >mail
for tool in mime-size detach-upload link-inject; do
	ok "$tool loads the example" "$tool" --config config.yaml --log=stderr <mail
done
sed 's/^#\([a-z]\)/\1/; s/^\( *\)#\([a-z]\)/\1\2/' config.yaml >all.yaml
sed '/^  store: \(webdav\|s3\|recipe\)/d; /^recipe_path/d' all.yaml >commented.yaml
ok 'the keys in its comments are keys' mime-size --config commented.yaml --log=stderr mail

# Errors, word for word: each is provoked by a file made for it.
says() { # SENTENCE FILE-CONTENT
	printf '%b' "$2" >config.yaml
	fails 78 "refused: $1" mime-size --config config.yaml mail
	mv .err said
	printf 'mime-size: %s\n' "$1" >expected
	same "said: $1" said expected
	ok "shown in the page: $1" grep -Fq "$1" "$page"
}
says "config.yaml:2:3: unknown key 'detach.ovr'" 'detach:\n  ovr: 10M\n'
says "config.yaml:2:9: detach.over: 'ten' is not a size (such as 10M or 4.7GB)" 'detach:\n  over: ten\n'
says "config.yaml:1:11: on_error: 'drop' is not one of defer|pass" 'on_error: drop\n'
says 'config.yaml:1:9: detach: not a mapping' 'detach: 3\n'

# A secret that others may read.
printf '%064d\n' 0 >secret
chmod 644 secret
printf 'secret_file: secret\nstate: state\ndrop:\n  store: dir:drop\n' >config.yaml
{
	printf 'Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n'
	head -c 3000 /dev/zero | base64
} >heavy
fails 75 'a secret that everybody may read is refused' \
	detach-upload --config config.yaml --over 1K <heavy
mv .err said
printf 'detach-upload: %s\n' 'secret file secret: readable by everybody (chmod o-r)' >expected
same 'and the sentence is that of the page' said expected
ok 'which shows it' grep -Fq 'secret file PATH: readable by everybody (chmod o-r)' "$page"

done_testing
