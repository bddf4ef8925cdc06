/* greylist/white and greylist/wordset: what an entry means, files that change under us, large lists. */
#include "greylist/white.h"

#include <sys/stat.h>
#include <time.h>

#include "greylist/facts.h"
#include "tap.h"
#include "trash.h"

static struct tp_error err;
static const struct tp_strings none = TP_STRINGS_INIT;

static bool has_ip(const struct tp_white *white, const char *ip)
{
	struct tp_facts facts;
	bool has;

	tp_facts_init(&facts);
	has = !tp_facts_set_ip(&facts, ip, strlen(ip), &err) &&
	      tp_white_has_ip(white, &facts.address);
	tp_facts_release(&facts);
	return has;
}

static struct tp_white *list_of(int clients, ...)
{
	static struct tp_strings entries;
	struct tp_white *white = NULL;
	const char *entry;
	va_list args;

	tp_strings_release(&entries);
	va_start(args, clients);
	while ((entry = va_arg(args, const char *)))
		tp_strings_add(&entries, entry, &err);
	va_end(args);
	if (tp_white_new(&entries, &none, clients, &white, &err))
		printf("# %s\n", err.text);
	return white;
}

static void test_entries(void)
{
	struct tp_white *white =
		list_of(true, "192.0.2.7", "198.51.100.0/25", "2001:db8::/33", "News@Example.org",
			"plain.example", ".below.example", "postmaster@", "@at.example", NULL);

	ok(has_ip(white, "192.0.2.7") && !has_ip(white, "192.0.2.8"), "one client");
	ok(has_ip(white, "198.51.100.127") && !has_ip(white, "198.51.100.128"), "a network");
	ok(has_ip(white, "2001:db8:7fff::1") && !has_ip(white, "2001:db8:8000::1"), "of IPv6");
	ok(has_ip(white, "::ffff:192.0.2.7") && has_ip(white, "::ffff:c633:6401"),
		"IPv4 in IPv6's form is IPv4");
	ok(tp_white_has_address(white, "nEWS@example.ORG") &&
			!tp_white_has_address(white, "new@example.org"),
		"an address, in any case");
	ok(tp_white_has_address(white, "x@plain.example") &&
			!tp_white_has_address(white, "x@sub.plain.example"),
		"a domain is itself");
	ok(tp_white_has_domain(white, "Plain.example.") && !tp_white_has_domain(white, "example"),
		"asked alone, too");
	ok(tp_white_has_domain(white, "below.example") &&
			tp_white_has_domain(white, "a.b.below.example") &&
			!tp_white_has_domain(white, "notbelow.example"),
		"a dot means all under it");
	ok(tp_white_has_address(white, "postmaster@any.example") &&
			!tp_white_has_address(white, "xpostmaster@any.example"),
		"a local part anywhere");
	ok(tp_white_has_address(white, "x@at.example"), "an @ before a domain");
	ok(!tp_white_has_address(white, "") && !tp_white_has_address(white, "@") &&
			!tp_white_has_domain(white, "") && !tp_white_has_domain(white, "."),
		"nothing is on no list");
	tp_white_free(white);
	white = list_of(true, "0.0.0.0/0", NULL);
	ok(has_ip(white, "203.0.113.1") && !has_ip(white, "2001:db8::1"), "all of IPv4");
	tp_white_free(white);
	ok(!list_of(true, "192.0.2.0/33", NULL) && err.status == TP_CONFIG, "no network");
	ok(!list_of(true, "a b", NULL) && !list_of(true, "", NULL) && !list_of(true, "@", NULL),
		"nor is any text an entry");
	ok(!list_of(false, "192.0.2.0/24", NULL), "nor is a network a recipient");
	white = list_of(true, "10.1.2", NULL);
	ok(has_ip(white, "10.1.2.255") && !has_ip(white, "10.1.3.0"),
		"three numbers are a network");
	tp_white_free(white);
	ok(!list_of(true, "300.1.1.1", NULL) && strstr(err.text, "no IP address") &&
			!list_of(true, "10.1", NULL) && !list_of(true, "10", NULL) &&
			!list_of(true, "10.1.2.", NULL) && !list_of(true, "10.300.2", NULL) &&
			!list_of(true, "10.1..2", NULL) && !list_of(true, ".10.1", NULL) &&
			!list_of(false, "10.1.2", NULL) && !list_of(false, "300.1.1.1", NULL),
		"other numbers are no domain");
}

static void test_families(void)
{
	struct tp_white *white = list_of(true, "::/0", NULL);

	ok(has_ip(white, "2001:db8::1") && !has_ip(white, "192.0.2.1"), "all of IPv6 is no IPv4");
	tp_white_free(white);
	white = list_of(true, "0.0.0.0/0", NULL);
	ok(!has_ip(white, "2001:db8::1") && has_ip(white, "192.0.2.1"), "all of IPv4 is no IPv6");
	tp_white_free(white);
	white = list_of(true, "::ffff:192.0.2.0/120", NULL);
	ok(has_ip(white, "192.0.2.9") && !has_ip(white, "192.0.3.9"),
		"a network of IPv4 in IPv6's form");
	tp_white_free(white);
	ok(!list_of(true, "::ffff:192.0.2.0/24", NULL), "not one that would be all of IPv4");
}

static void append(const char *text)
{
	FILE *file = fopen("list", "a");

	if (!file || fputs(text, file) < 0 || fclose(file))
		exit(99);
}

static void test_files(void)
{
	struct tp_strings files = TP_STRINGS_INIT;
	struct tp_white *white = NULL;

	tp_strings_add(&files, "list", &err);
	ok(!tp_white_new(&none, &files, true, &white, &err),
		"a file that is not there stops nobody");
	append("# ours\n\n  192.0.2.1   # a printer\r\nnonsense here\nexample.org\n192.0.2.1");
	ok(!tp_white_refresh(white, &err) && has_ip(white, "192.0.2.1") &&
			tp_white_has_domain(white, "example.org"),
		"comments, blanks, a line that is none");
	append("00\n");
	ok(!tp_white_refresh(white, &err) && has_ip(white, "192.0.2.100"),
		"a half-written line counts when it is whole");
	ok(!unlink("list") && !tp_white_refresh(white, &err) && has_ip(white, "192.0.2.1") &&
			!tp_white_refresh(white, &err) && has_ip(white, "192.0.2.1"),
		"a list that is gone for a moment holds whom it held");
	append("192.0.2.200\n");
	ok(!tp_white_refresh(white, &err) && has_ip(white, "192.0.2.200") &&
			!has_ip(white, "192.0.2.1"),
		"there again, it is read");
	ok(!truncate("list", 0) && !tp_white_refresh(white, &err) && !has_ip(white, "192.0.2.200"),
		"an empty one holds nobody");
	tp_white_free(white);
	tp_strings_release(&files);
}

static void test_half_line(void)
{
	struct tp_strings files = TP_STRINGS_INIT;
	struct tp_white *white = NULL;

	trash_file("list", "192.0.2.1\n192.0.2.2", 0600);
	tp_strings_add(&files, "list", &err);
	ok(!tp_white_new(&none, &files, true, &white, &err) && has_ip(white, "192.0.2.1") &&
			!has_ip(white, "192.0.2.2"),
		"a last line without its end does not count");
	tp_white_free(white);
	tp_strings_release(&files);
}

static void test_large(void)
{
	struct tp_wordset set = TP_WORDSET_INIT;
	int missing = 0, wrong = 0;
	char word[32];

	for (int i = 0; i < 200000; i++) {
		snprintf(word, sizeof word, "word %d", i % 100000);
		if (tp_wordset_add(&set, word, strlen(word), &err))
			exit(99);
	}
	for (int i = 0; i < 200000; i++) {
		snprintf(word, sizeof word, "word %d", i);
		if (i < 100000)
			missing += !tp_wordset_has(&set, word, strlen(word));
		else
			wrong += tp_wordset_has(&set, word, strlen(word));
	}
	ok(set.count == 100000 && !missing && !wrong, "a hundred thousand words, each once");
	ok(tp_wordset_add(&set, word, 70000, &err) == TP_LIMIT, "none too long");
	tp_wordset_release(&set);
	ok(!tp_wordset_has(&set, "x", 1), "none afterwards");
}

int main(void)
{
	trash_make();
	test_entries();
	test_families();
	test_files();
	test_half_line();
	test_large();
	return done_testing();
}
