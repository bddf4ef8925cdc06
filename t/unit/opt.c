/* base/opt: all the ways to write an option, all the ways to get one wrong, and --help. */
#include "base/opt.h"
#include "tap.h"

static struct {
	bool flag;
	const char *name;
	struct tp_strings list;
} got;

static const struct tp_option options[] = {
	{ 'n', "name", "NAME", NULL, NULL, &got.name, NULL, "a name" },
	{ 'f', "flag", NULL, NULL, &got.flag, NULL, NULL, "a flag" },
	{ 'l', "list", "ITEM", NULL, NULL, NULL, &got.list, "a list" },
	{ 0, "over", "SIZE", "detach.over", NULL, NULL, NULL, "a size" },
	{ 0, "keyring", "R", NULL, NULL, &got.name, NULL, "a prefix of one" },
	{ 0, "keyhole", "H", NULL, NULL, &got.name, NULL, "and of another" },
	{ 0, "key", "K", NULL, NULL, &got.name, NULL, "and itself" },
	{ .name = NULL },
};

static struct tp_tool tool = { .name = "tool",
	.summary = "does it",
	.operands = "[FILE...]",
	.max_operands = 2,
	.options = options };

static struct tp_error err;
static struct tp_opt_common common;
static struct tp_opt_line line;

/* Parses words parted by commas; empty words stay. */
static enum tp_status parse(const char *words)
{
	static char copy[400], *argv[40];
	int argc = 0;

	tp_opt_release(&line);
	snprintf(copy, sizeof copy, "tool,%s", words);
	for (char *at = copy; at; argc++) {
		argv[argc] = at;
		at = strchr(at, ',');
		if (at)
			*at++ = '\0';
	}
	if (!*words)
		argc = 1;
	argv[argc] = NULL;
	err.text[0] = '\0';
	return tp_opt_parse(&tool, argc, argv, &line, &common, &err);
}

static enum tp_status apply(const char *words)
{
	struct tp_conf *conf = NULL;
	enum tp_status status = parse(words);

	got.flag = false;
	got.name = NULL;
	tp_strings_release(&got.list);
	if (!status)
		status = tp_conf_load("/dev/null", &conf, &err);
	if (!status)
		status = tp_opt_apply(&line, conf, &err);
	tp_conf_free(conf);
	return status;
}

static bool name_is(const char *want)
{
	return got.name && !strcmp(got.name, want);
}

static void refused(const char *words, const char *sentence)
{
	enum tp_status status = apply(words);

	ok(status == TP_USAGE && !strcmp(err.text, sentence), "'%s': %s (%s)", words, sentence,
		err.text);
}

static void test_ways(void)
{
	ok(!apply("") && !got.name && line.operand_count == 0, "nothing at all");
	ok(!apply("--name,x") && name_is("x"), "--name x");
	ok(!apply("--name=x") && name_is("x"), "--name=x");
	ok(!apply("--name=") && name_is(""), "--name= (empty)");
	ok(!apply("--name=a=b") && name_is("a=b"), "--name=a=b");
	ok(!apply("-n,x") && name_is("x"), "-n x");
	ok(!apply("-nx") && name_is("x"), "-nx");
	ok(!apply("-n,-x") && name_is("-x"), "-n -x takes what follows");
	ok(!apply("--name,--flag") && name_is("--flag") && !got.flag, "--name --flag, too");
	ok(!apply("--name,-") && name_is("-") && line.operand_count == 0, "--name -");
	ok(!apply("-fn,x") && name_is("x") && got.flag, "-fn x");
	ok(!apply("-fnx") && name_is("x") && got.flag, "-fnx");
	ok(!apply("--na=x,--fl") && name_is("x") && got.flag, "abbreviated");
	ok(!apply("--key=x") && name_is("x"), "a whole name that others begin with");
	ok(!apply("-l,a,--list=b,-lc") && got.list.count == 3 && !strcmp(got.list.list[2], "c"),
		"a list adds up");
	ok(!apply("--name=a,--name=b") && name_is("b"), "the last of two wins");
	ok(!apply("a,-f,b") && got.flag && line.operand_count == 2 &&
			!strcmp(line.operands[0], "a") && !strcmp(line.operands[1], "b"),
		"options between operands");
	ok(!apply("--,-f,--flag") && !got.flag && line.operand_count == 2 &&
			!strcmp(line.operands[0], "-f"),
		"-- ends options");
	ok(!apply("-,--,--") && line.operand_count == 2 && !strcmp(line.operands[0], "-") &&
			!strcmp(line.operands[1], "--"),
		"- is an operand, the second -- as well");
	ok(!apply(",") && line.operand_count == 2 && !*line.operands[0], "empty operands");
}

static void test_common(void)
{
	ok(!apply("-qvhc,F,--log=L,--version") && common.quiet && common.verbose && common.help &&
			common.version && !strcmp(common.config, "F") && !strcmp(common.log, "L"),
		"what all tools have");
	refused("--on-error=pass", "unknown option '--on-error' (see --help)");
	tool.carries_mail = true;
	ok(!apply("--on-error=pass") && !strcmp(common.on_error, "pass"), "--on-error with mail");
	ok(!apply("--on-e,pass") && !strcmp(common.on_error, "pass"), "abbreviated");
	ok(parse("--bogus,--on-error=pass,x,y,z") == TP_USAGE && common.on_error &&
			!strcmp(common.on_error, "pass") &&
			!strcmp(err.text, "unknown option '--bogus' (see --help)"),
		"and behind a mistake, which is the one told");
	ok(parse("--on-error=pass,x,y,z") == TP_USAGE && common.on_error,
		"and with too many words");
	ok(parse("-n,x,--,--on-error=pass") == TP_OK && !common.on_error, "not behind --");
	tool.carries_mail = false;
}

static void test_mistakes(void)
{
	refused("--bogus", "unknown option '--bogus' (see --help)");
	refused("--bogus=x", "unknown option '--bogus' (see --help)");
	refused("--=x", "unknown option '--' (see --help)");
	refused("-x", "unknown option '-x' (see --help)");
	refused("-fx", "unknown option '-x' (see --help)");
	refused("--names=x", "unknown option '--names' (see --help)");
	refused("--ke=x", "option '--ke' may mean --keyring or --keyhole");
	refused("--ver", "option '--ver' may mean --verbose or --version");
	refused("--name", "option '--name' needs NAME");
	refused("-n", "option '-n' needs NAME");
	refused("--flag=yes", "option '--flag' takes no argument");
	refused("--flag=", "option '--flag' takes no argument");
	refused("a,b,c", "unexpected argument 'c'");
	refused("a,b,--,-f", "unexpected argument '-f'");
	refused("--over=much", "--over: 'much' is not a size (such as 10M or 4.7GB)");
	refused("--over=", "--over: '' is not a size (such as 10M or 4.7GB)");
	tool.max_operands = -1;
	ok(!apply("a,b,c,d"), "any number where any is meant");
	tool.max_operands = 0;
	refused("a", "unexpected argument 'a'");
	tool.max_operands = 2;
}

static void test_help(void)
{
	struct tp_buf out = TP_BUF_INIT(65536);
	size_t widest = 0;

	ok(tp_opt_synopsis(&tool, &out) && !strncmp(out.data, "tool [--name NAME] [--flag] ", 28) &&
			strstr(out.data, " [--version] [FILE...]\n"),
		"the synopsis");
	tp_buf_clear(&out);
	ok(tp_opt_help(&tool, &out) && !strncmp(out.data, "usage: tool [--name NAME]", 25),
		"--help");
	for (const char *at = out.data, *end; (end = strchr(at, '\n')); at = end + 1) {
		if ((size_t)(end - at) > widest)
			widest = (size_t)(end - at);
		if (at == end)
			break;
	}
	ok(widest > 60 && widest <= 79, "its synopsis is at most 79 columns wide (%zu)", widest);
	ok(strstr(out.data, "  -n, --name NAME              a name\n"), "an option's line");
	ok(strstr(out.data, "      --over SIZE              a size [10M]\n"), "with its default");
	for (const struct tp_option *o = options; o->name; o++) {
		char word[40];

		snprintf(word, sizeof word, "--%s", o->name);
		ok(strstr(out.data, word), "%s is there", word);
	}
	tp_buf_release(&out);
}

int main(void)
{
	test_ways();
	test_common();
	test_mistakes();
	test_help();
	tp_opt_release(&line);
	tp_strings_release(&got.list);
	return done_testing();
}
