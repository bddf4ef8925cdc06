/* drop/plan: which attachments leave, which stay, why, and under what names. */
#include "drop/plan.h"

#include "base/spool.h"
#include "tap.h"

static struct tp_spool mail;
static struct tp_tree tree;

static bool load(const char *name)
{
	const char *source = getenv("SRC");
	struct tp_buf path = TP_BUF_INIT(4096);
	struct tp_error err = { TP_OK, "" };
	bool loaded;

	tp_tree_release(&tree);
	tp_spool_release(&mail);
	tp_buf_addf(&path, "%s/t/corpus/detach/%s.eml", source ? source : ".", name);
	loaded = !tp_spool_open(&mail, tp_buf_str(&path), &err) &&
		 !tp_tree_scan(&tree, mail.data, mail.len, &tp_tree_default_limits, &err);
	tp_buf_release(&path);
	if (!loaded)
		printf("# %s\n", err.text);
	return loaded;
}

/* The rules as the configuration gives them, options set by "key=value" (NULL-terminated). */
static void read_rules(const char *const *settings, struct tp_plan_rules *rules)
{
	struct tp_conf *conf = NULL;
	struct tp_error err = { TP_OK, "" };
	enum tp_status status = tp_conf_load("/dev/null", &conf, &err);

	for (; !status && *settings; settings += 2)
		status = tp_conf_set(conf, settings[0], settings[1], "test", &err);
	if (!status)
		status = tp_plan_rules_read(conf, rules, &err);
	if (status)
		printf("# %s\n", err.text);
	tp_conf_free(conf);
}

static const char *const words[] = { "stays", "leaves", "wrapped" };

static void decides(const char *file, const char *const *settings, const char *want)
{
	struct tp_buf got = TP_BUF_INIT(1 << 16);
	struct tp_error err = { TP_OK, "" };
	struct tp_plan_rules rules = { 0 };
	struct tp_plan plan;

	read_rules(settings, &rules);
	if (!load(file) || tp_plan_make(&tree, mail.data, mail.len, &rules, &plan, &err)) {
		ok(false, "%s: planned %s", file, err.text);
		return;
	}
	for (size_t i = 0; i < plan.count; i++)
		if (plan.items[i].role != TP_ROLE_BODY)
			tp_buf_addf(&got, "%s%s%s%s", got.len ? "; " : "",
				words[plan.items[i].decision], *plan.items[i].reason ? ": " : "",
				plan.items[i].reason);
	if (!ok(!strcmp(tp_buf_str(&got), want), "%s %s %s: %s", file,
		    settings[0] ? settings[0] : "", settings[0] ? settings[1] : "", want))
		printf("# %s\n", tp_buf_str(&got));
	tp_plan_release(&plan);
	tp_plan_rules_release(&rules);
	tp_buf_release(&got);
}

#define DECIDES(file, want, ...)                                                                   \
	decides(file, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL }, want)

static void test_holds(void)
{
	DECIDES("mixed", "stays: weight not above --over; stays: weight not above --over");
	DECIDES("mixed", "leaves; leaves", "detach.over", "0");
	DECIDES("mixed", "leaves; leaves", "detach.over", "16");
	DECIDES("mixed", "stays: weight not above --over; stays: weight not above --over",
		"detach.over", "17");
	DECIDES("signed", "stays: inside a signed part; stays: inside a signed part; leaves",
		"detach.over", "0");
	DECIDES("signed", "wrapped; leaves", "detach.over", "0", "detach.signed", "wrap");
	DECIDES("encrypted", "stays: encrypted; stays: encrypted", "detach.over", "0");
	DECIDES("encrypted", "stays: encrypted; stays: encrypted", "detach.over", "0",
		"detach.signed", "wrap");
	DECIDES("pkcs7", "stays: encrypted", "detach.over", "0");
	DECIDES("pkcs7-by-name", "stays: encrypted", "detach.over", "0");
	DECIDES("p7m-attached", "leaves", "detach.over", "0");
	DECIDES("inline-pgp", "stays: OpenPGP block in the text", "detach.over", "0");
	DECIDES("quoted-pgp", "leaves", "detach.over", "0");
	DECIDES("report", "stays: part of a delivery report; stays: part of a delivery report",
		"detach.over", "0");
	DECIDES("partial", "stays: fragment of a message", "detach.over", "0");
	DECIDES("calendar", "stays: calendar data; stays: calendar data; leaves", "detach.over",
		"0");
	DECIDES("one-click", "stays: list mail with one-click unsubscribe", "detach.over", "0");
	DECIDES("one-click", "stays: list mail with one-click unsubscribe", "detach.over", "0",
		"detach.foreign_dkim", "detach");
	DECIDES("dkim", "stays: signed by DKIM already", "detach.over", "0");
	DECIDES("dkim", "leaves", "detach.over", "0", "detach.foreign_dkim", "detach");
	DECIDES("related", "stays: shown inside the text; leaves; stays: shown inside the text",
		"detach.over", "0");
	DECIDES("outlook-cid", "stays: shown inside the text; leaves", "detach.over", "0");
	DECIDES("external", "stays: a reference to content elsewhere; leaves", "detach.over", "0");
	DECIDES("digest", "stays: belongs to the mail's form; stays: belongs to the mail's form",
		"detach.over", "0");
	DECIDES("forwarded", "leaves", "detach.over", "0");
	DECIDES("root-message", "leaves", "detach.over", "0");
	DECIDES("tnef", "leaves", "detach.over", "0");
	DECIDES("empty-file", "stays: empty; stays: empty", "detach.over", "0");
}

static void test_choices(void)
{
	DECIDES("mixed", "leaves; stays: not above --part-over", "detach.over", "0",
		"detach.part_over", "8");
	DECIDES("mixed", "leaves; stays: not named by --only", "detach.over", "0", "detach.only",
		"*.PDF");
	DECIDES("mixed", "leaves; leaves", "detach.over", "0", "detach.only", "*.pdf",
		"detach.only", "image/*");
	DECIDES("mixed", "stays: not named by --only; leaves", "detach.over", "0", "detach.only",
		"/^image\\//");
	DECIDES("mixed", "stays: named by --except; leaves", "detach.over", "0", "detach.except",
		"/^rep.*\\.pdf$/");
	DECIDES("mixed",
		"stays: more attachments than detach.max_files; "
		"stays: more attachments than detach.max_files",
		"detach.over", "0", "detach.max_files", "1");
	DECIDES("mixed", "leaves; leaves", "detach.over", "0", "detach.max_files", "2");
	DECIDES("mixed", "stays: the mail fits; stays: the mail fits", "detach.fit", "10k");
	DECIDES("mixed", "stays: smaller than its link; stays: smaller than its link", "detach.fit",
		"10");
}

static void test_names(void)
{
	static const char *const want[] = { "part-1.txt", "été 2026.png", "été.png", "passwd", NULL,
		"invoicefdp.exe", NULL, NULL, "part-9.png", "part-10.png" };
	struct tp_error err = { TP_OK, "" };
	struct tp_plan_rules rules = { .files_max = 200, .name_all = true };
	struct tp_plan plan = { .reason = "" };

	if (!ok(load("names") && !tp_plan_make(&tree, mail.data, mail.len, &rules, &plan, &err),
		    "names are read %s", err.text))
		return;
	for (size_t i = 0; i < plan.count; i++) {
		const char *name = plan.items[i].name;

		printf("# %s\n", name);
		if (i < sizeof want / sizeof *want && want[i])
			ok(!strcmp(name, want[i]), "%s", want[i]);
		ok(*name && name[0] != '.' && !strpbrk(name, "/\\\r\n\x1b") &&
				!strstr(name, "\xe2\x80\xae") && strcasecmp(name, "con.png"),
			"safe: %s", name);
	}
	tp_plan_release(&plan);
	load("forwarded");
	ok(!tp_plan_make(&tree, mail.data, mail.len, &rules, &plan, &err) && plan.count == 2 &&
			!strcmp(plan.items[1].name, "Quarterly_ a_b.eml"),
		"a message is named by its subject");
	tp_plan_release(&plan);
	rules.name_all = false;
	rules.over = 1 << 20;
	load("names");
	ok(!tp_plan_make(&tree, mail.data, mail.len, &rules, &plan, &err) && !plan.items[1].name,
		"names are not read where nobody asks");
	tp_plan_release(&plan);
}

int main(void)
{
	test_holds();
	test_choices();
	test_names();
	tp_tree_release(&tree);
	tp_spool_release(&mail);
	return done_testing();
}
