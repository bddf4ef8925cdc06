/*
 * mime/attach: what each part of each mail in t/corpus/detach is, and what may not be touched.
 *
 * A part is a letter (C container, B text, I inline, A attachment, . inside an attached message)
 * and, when it may not leave, a letter for the reason: s signed, e encrypted, r report, p partial,
 * c calendar, h shown by the HTML, x external.
 */
#include "mime/attach.h"

#include "base/spool.h"
#include "tap.h"

static const char role_letters[] = { [TP_ROLE_CONTAINER] = 'C',
	[TP_ROLE_BODY] = 'B',
	[TP_ROLE_INLINE] = 'I',
	[TP_ROLE_ATTACHMENT] = 'A',
	[TP_ROLE_INSIDE] = '.' };
static const char hold_letters[TP_HOLD_COUNT] = { [TP_HOLD_SIGNED] = 's',
	[TP_HOLD_ENCRYPTED] = 'e',
	[TP_HOLD_REPORT] = 'r',
	[TP_HOLD_PARTIAL] = 'p',
	[TP_HOLD_CALENDAR] = 'c',
	[TP_HOLD_SHOWN] = 'h',
	[TP_HOLD_EXTERNAL] = 'x' };

static const struct {
	const char *file;
	const char *parts;
	enum tp_hold message;
	uint64_t weight;
} expected[] = {
	{ "mixed", "C B A A", TP_HOLD_NONE, 17 },
	{ "alternative", "C C B B B A", TP_HOLD_NONE, 9 },
	{ "apple", "C B C B A B", TP_HOLD_NONE, 9 },
	{ "related", "C B Ih A Ih", TP_HOLD_NONE, 9 },
	{ "outlook-cid", "C B Ih A", TP_HOLD_NONE, 9 },
	{ "utf16", "C B Ih", TP_HOLD_NONE, 0 },
	{ "signed", "C Cs Cs Bs As Is A", TP_HOLD_NONE, 18 },
	{ "encrypted", "Ce Ie Ae", TP_HOLD_NONE, 27 },
	{ "pkcs7", "Ae", TP_HOLD_NONE, 3 },
	{ "pkcs7-by-name", "Ae", TP_HOLD_NONE, 3 },
	{ "p7m-attached", "C B A", TP_HOLD_NONE, 3 },
	{ "inline-pgp", "C B A", TP_HOLD_PGP_INLINE, 9 },
	{ "quoted-pgp", "C B A", TP_HOLD_NONE, 9 },
	{ "report", "Cr Br Ir Ar .r .r .r", TP_HOLD_NONE, 0 },
	{ "partial", "Ap", TP_HOLD_NONE, 27 },
	{ "calendar", "C C B Ic Ac A", TP_HOLD_NONE, 24 },
	{ "one-click", "C B A", TP_HOLD_ONE_CLICK, 9 },
	{ "dkim", "C B A", TP_HOLD_DKIM, 9 },
	{ "digest", "C B C I . I . . .", TP_HOLD_NONE, 0 },
	{ "forwarded", "C B A . . .", TP_HOLD_NONE, 0 },
	{ "forwarded-encoded", "C B A", TP_HOLD_NONE, 15 },
	{ "root-file", "A", TP_HOLD_NONE, 9 },
	{ "root-message", "A .", TP_HOLD_NONE, 0 },
	{ "root-text", "B", TP_HOLD_NONE, 0 },
	{ "tnef", "C B A", TP_HOLD_NONE, 4 },
	{ "external", "C B Ix A", TP_HOLD_NONE, 9 },
	{ "names", "C B A A A A A A A A A B", TP_HOLD_NONE, 72 },
	{ "named-text", "C B A A", TP_HOLD_NONE, 13 },
	{ "empty-file", "C B A A", TP_HOLD_NONE, 0 },
};

static void describe(const struct tp_tree *tree, const struct tp_roles *roles, struct tp_buf *out)
{
	for (uint32_t i = 0; i < tree->count; i++) {
		if (i)
			tp_buf_addc(out, ' ');
		tp_buf_addc(out, role_letters[roles->role[i]]);
		if (roles->hold[i])
			tp_buf_addc(out, hold_letters[roles->hold[i]]);
	}
}

static void test_mail(size_t n)
{
	struct tp_buf path = TP_BUF_INIT(4096), got = TP_BUF_INIT(4096);
	const char *source = getenv("SRC");
	struct tp_spool mail = TP_SPOOL_INIT;
	struct tp_error err = { TP_OK, "" };
	struct tp_roles roles;
	struct tp_tree tree;

	tp_buf_addf(&path, "%s/t/corpus/detach/%s.eml", source ? source : ".", expected[n].file);
	if (!ok(!tp_spool_open(&mail, tp_buf_str(&path), &err) &&
			    !tp_tree_scan(
				    &tree, mail.data, mail.len, &tp_tree_default_limits, &err) &&
			    !tp_attach_classify(&tree, mail.data, &roles, &err),
		    "%s can be read %s", expected[n].file, err.text))
		return;
	describe(&tree, &roles, &got);
	if (!ok(!strcmp(tp_buf_str(&got), expected[n].parts), "%s: its parts", expected[n].file))
		printf("# %s, wanted %s\n", tp_buf_str(&got), expected[n].parts);
	if (!ok(roles.message == expected[n].message, "%s: as a whole", expected[n].file))
		printf("# %s\n", tp_hold_reason(roles.message));
	if (expected[n].weight &&
		!ok(tp_attach_weight(&tree, mail.data, &roles) == expected[n].weight, "%s: weight",
			expected[n].file))
		printf("# %llu\n", (unsigned long long)tp_attach_weight(&tree, mail.data, &roles));
	tp_roles_release(&roles);
	tp_tree_release(&tree);
	tp_spool_release(&mail);
	tp_buf_release(&path);
	tp_buf_release(&got);
}

int main(void)
{
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		test_mail(i);
	for (int i = 1; i < TP_HOLD_COUNT; i++)
		ok(*tp_hold_reason((enum tp_hold)i), "a reason in words: %s",
			tp_hold_reason((enum tp_hold)i));
	return done_testing();
}
