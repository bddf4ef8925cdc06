#!/bin/sh
# The manual pages of drop-put and of recipes say what is: keys, variables, filters; their examples run.

. "${0%/*}/test-lib.sh"
. "$SRC/t/lib-manual.sh"
needs perl

page=$SRC/man/drop-put.1
recipe=$SRC/man/tubepost-recipe.5

# Keys, variables and filters that the code knows are those that the page names.
words() { # ARRAY FILE: the strings of a C array
	perl -0777 -ne "/$1\\[\\] = \\{(.*?)\\}/s and print map { \"\$_\\n\" } \$1 =~ /\"(.*?)\"/g" "$2"
}
for key in $(words root_keys "$SRC/lib/drop/recipe.c") $(words step_keys "$SRC/lib/drop/recipe.c") \
	$(words setting_keys "$SRC/lib/drop/recipe.c") $(words take_keys "$SRC/lib/drop/recipe.c") \
	$(words put_variables "$SRC/lib/drop/recipe.c") $(words send_variables "$SRC/lib/drop/recipe.c") \
	$(words time_filters "$SRC/lib/drop/vars.c") $(words other_filters "$SRC/lib/drop/vars.c"); do
	keys=$((${keys:-0} + 1))
	grep -qE "^\\.(It )?(Cm|.* Cm|.*,) ?$key( |\$)|^\\.It Cm .*\\b$key\\b" "$recipe" || unknown="$unknown $key"
done
[ -z "${unknown:-}" ] && [ "$keys" -gt 50 ] || echo "# not in the page:$unknown"
[ -z "${unknown:-}" ]
result $? "tubepost-recipe(5) names all $keys keys, variables and filters"

printf 'a report\n' >report.pdf
commands_of "$page" | sed "s|/tmp/drop|$TRASH/drop|" >examples
while read -r example; do
	ok "example: $example" sh -c "$example"
	cp .out "printed.$((n = ${n:-0} + 1))"
done <examples
has 'the first gives a link' printed.1 '^file://.*/report\.pdf$'
same 'the same twice gives one link' printed.3 printed.4
has 'the last is JSON' printed.5 '^\{"url":"file:.*"name":"now\.txt"'

# The example of tubepost-recipe(5): the recipe and its configuration are read, the server is not there.
literal() { # NUMBER: that literal display of the EXAMPLES
	perl -ne '
		$in = 1, next if /^\.Sh EXAMPLES/;
		$in = 0 if /^\.Sh / && !/EXAMPLES/;
		next unless $in;
		$shown++, $on = 1, next if /^\.Bd -literal/;
		$on = 0, next if /^\.Ed/;
		print if $on && $shown == '"$1" "$recipe"
}
mkdir recipes
literal 1 >recipes/ours.yaml
literal 2 | sed "s|/etc/tubepost|$TRASH|; s|https://files.example.org|http://127.0.0.1:1|
	s|^drop:|&\n  tries: 1|" >config.yaml
mkdir -p recipes && echo k >ours.key && chmod 600 ours.key
fails 75 'the example of tubepost-recipe(5) is a recipe' drop-put -c config.yaml --name a <report.pdf
has 'that would go to its server' .err '^drop-put: recipe ours: upload: 127\.0\.0\.1:1: '

# Everything that ships can be loaded.
for file in "$SRC"/share/recipes/*.yaml; do
	name=${file##*/}
	name=${name%.yaml}
	fails 78 "$name: its settings are asked for" drop-put -s "recipe:$name" --name a <report.pdf
	has 'and nothing else' .err "recipes\\.$name\\.endpoint is not set"
done

done_testing
