/* base/yaml: the tree with its places, and every refusal with the right line and column. */
#include "base/yaml.h"
#include "tap.h"
#include "trash.h"

#include <stdint.h>

static struct tp_error err;

static void refused(const char *text, const char *sentence)
{
	struct tp_yaml *root = (struct tp_yaml *)&err;
	enum tp_status status = tp_yaml_parse("f", text, strlen(text), &root, &err);

	ok(status == TP_CONFIG && !root && !strncmp(err.text, sentence, strlen(sentence)),
		"refused: %s (%s)", sentence, err.text);
	ok(!strchr(err.text, '\n'), "in one line");
}

static void test_tree(void)
{
	static const char text[] = "# comment\n"
				   "a: 1\n"
				   "b:\n"
				   "  c: \"two words\"\n"
				   "  d: [x, 'y', ~, null, \"~\"]\n"
				   "\xc3\xa9t\xc3\xa9: !\n" /* replaced below */
				   "e:\n";
	struct tp_yaml *root = NULL;
	const struct tp_yaml *b, *d, *e;
	char copy[sizeof text];

	memcpy(copy, text, sizeof text);
	*strchr(copy, '!') = '2';
	ok(!tp_yaml_parse("f", copy, strlen(copy), &root, &err), "a document (%s)", err.text);
	ok(root && root->kind == TP_YAML_MAPPING && root->count == 4, "a mapping of four");
	b = tp_yaml_get(root, "b");
	d = tp_yaml_get(b, "d");
	e = tp_yaml_get(root, "e");
	ok(b && b->line == 4 && b->column == 3 && b->key_line == 3 && b->key_column == 1,
		"a mapping's place, and its key's");
	ok(d && d->kind == TP_YAML_SEQUENCE && d->count == 5 && d->line == 5 && d->column == 6 &&
			d->key_line == 5 && d->key_column == 3,
		"a sequence's place");
	ok(d && !strcmp(d->items[0]->text, "x") && !strcmp(d->items[1]->text, "y") &&
			!d->items[2]->text && !d->items[3]->text && !strcmp(d->items[4]->text, "~"),
		"its items; ~ and null are none, in quotes they are texts");
	ok(tp_yaml_get(root, "\xc3\xa9t\xc3\xa9") &&
			tp_yaml_get(root, "\xc3\xa9t\xc3\xa9")->column == 6,
		"columns count characters");
	ok(e && e->kind == TP_YAML_SCALAR && !e->text, "an empty value");
	ok(!tp_yaml_get(root, "c") && !tp_yaml_get(NULL, "a") && !tp_yaml_get(e, "a"),
		"what is not there is not found");
	ok(tp_yaml_fail(&err, "f", d, "%s", "no") == TP_CONFIG && !strcmp(err.text, "f:5:6: no"),
		"a failure at a node");
	ok(tp_yaml_fail_key(&err, "f", b, "no") == TP_CONFIG && !strcmp(err.text, "f:3:1: no"),
		"a failure at its key");
	tp_yaml_free(root);
}

static void test_empty(void)
{
	static const char *const empty[] = { "", "\n", "# only a comment\n", "---\n", "--- ~\n",
		"---\n...\n", "{}" };

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
		struct tp_yaml *root = NULL;

		ok(!tp_yaml_parse("f", empty[i], strlen(empty[i]), &root, &err) && root &&
				root->kind == TP_YAML_MAPPING && root->count == 0,
			"empty document %zu is an empty mapping", i);
		tp_yaml_free(root);
	}
	tp_yaml_free(NULL);
}

/* `levels` sequences in one another below a mapping. */
static enum tp_status nested(int levels, struct tp_yaml **root)
{
	char text[200];
	int at = snprintf(text, sizeof text, "a: ");

	for (int i = 0; i < 2 * levels; i++)
		text[at++] = i < levels ? '[' : ']';
	return tp_yaml_parse("f", text, (size_t)at, root, &err);
}

static void test_limits(void)
{
	struct tp_yaml *root = NULL;
	FILE *file;

	ok(!nested(31, &root), "32 levels");
	tp_yaml_free(root);
	ok(nested(32, &root) == TP_CONFIG && !strcmp(err.text, "f:1:35: more than 32 levels"),
		"not 33: %s", err.text);
	ok(nested(90, &root) == TP_CONFIG, "nor 91");

	trash_file("small", "a: 1\n", 0644);
	ok(!tp_yaml_load("small", &root, &err) && root->count == 1, "a file");
	tp_yaml_free(root);
	ok(tp_yaml_load("absent", &root, &err) == TP_NOINPUT && !root, "a missing file");
	file = fopen("large", "w");
	for (int i = 0; file && i < 1 << 17; i++)
		fprintf(file, "# 456789\n");
	ok(file && !fclose(file) && tp_yaml_load("large", &root, &err) == TP_LIMIT,
		"a file of more than a megabyte: %s", err.text);
}

static void test_nul(void)
{
	struct tp_yaml *root;

	ok(tp_yaml_parse("f", "a: \"x\\0y\"", 9, &root, &err) == TP_CONFIG &&
			!strcmp(err.text, "f:1:4: NUL in a value"),
		"an escaped NUL: %s", err.text);
	ok(tp_yaml_parse("f", "a: x\0y", 6, &root, &err) == TP_CONFIG && !root, "a raw NUL: %s",
		err.text);
}

/* Whatever the bytes: a tree or a sentence, never a crash (sanitizers look on). */
static void test_any_bytes(void)
{
	static const char alphabet[] = "ab:: \n\n- [{]},&*!|>'\"#%@`?~\t\xc3\xa9\x80-0...";
	uint64_t state = 7;
	int trees = 0, wrong = 0;

	for (int round = 0; round < 50000; round++) {
		struct tp_yaml *root = NULL;
		char text[40];
		size_t len = 0;

		while (len < sizeof text) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			text[len++] = alphabet[(state >> 33) % (sizeof alphabet - 1)];
		}
		if (tp_yaml_parse("f", text, (size_t)(state >> 40) % sizeof text, &root, &err))
			wrong += root != NULL || strncmp(err.text, "f:", 2);
		else
			trees += root != NULL;
		tp_yaml_free(root);
	}
	ok(wrong == 0 && trees > 100, "50000 documents of noise: %d trees, the rest refused",
		trees);
}

int main(void)
{
	trash_make();
	test_tree();
	test_empty();
	refused("a: 1\nb: 2\na: 3\n", "f:3:1: 'a' stands here twice");
	refused("a: &x 1\n", "f:1:4: anchors and tags");
	refused("a: &x [1]\n", "f:1:4: anchors and tags");
	refused("a: &x {b: 1}\n", "f:1:4: anchors and tags");
	refused("a: !!int 1\n", "f:1:4: anchors and tags");
	refused("a: ! 1\n", "f:1:4: anchors and tags");
	refused("a: *x\n", "f:1:4: aliases");
	refused("a: 1\n---\nb: 2\n", "f:2:1: a second document");
	refused("? [a]\n: 1\n", "f:1:3: a key must be a word");
	refused("? {a: b}\n: 1\n", "f:1:3: a key must be a word");
	refused("a:\n  ?\n  : 1\n", "f:");
	refused("{~: 1}\n", "f:1:2: an empty key");
	refused("a: 1\n b: 2\n", "f:2:3: mapping values are not allowed");
	refused("a: [1, 2\nb: 3\n", "f:");
	refused("a: 'x\n", "f:");
	refused("a: \"\\q\"\n", "f:1:5: found unknown escape");
	refused("a:\n\tb: 1\n", "f:2:1: found character that cannot start any token");
	refused("a: 1\n\xc3\xa9: x\xff\n", "f:2:5: invalid leading UTF-8 octet");
	refused("a: 1\nb: \x01\n", "f:2:4: control characters are not allowed");
	refused("a: 1\nb: \xed\xa0\x80\n", "f:2:4: ");
	test_limits();
	test_nul();
	test_any_bytes();
	return done_testing();
}
