/*
 * The policy protocol on any bytes: the first byte chooses the form. What is read from memory is
 * read from a descriptor, too, with the same outcome; what was read is written and read again, to
 * the same facts; nothing that counts holds a line end.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "greylist/policy.h"

static bool same(const struct tp_buf *a, const struct tp_buf *b)
{
	return a->len == b->len && !memcmp(tp_buf_str(a), tp_buf_str(b), a->len);
}

static void check_facts(const struct tp_facts *facts)
{
	size_t count = 0;

	for (const char *r = NULL; (r = tp_facts_next_rcpt(facts, r)); count++)
		MUST(*r && !strchr(r, '\n') && strlen(r) <= TP_FACT_MAX);
	MUST(count == facts->rcpt_count);
	MUST(!memchr(tp_buf_str(&facts->sender), '\n', facts->sender.len));
	MUST(facts->sender.len <= TP_FACT_MAX && facts->helo.len <= TP_FACT_MAX);
	MUST(facts->has_sender || !facts->sender.len);
	MUST(facts->has_ip == (facts->ip.len > 0));
}

/* The reverse name is left out: each reading takes a final dot away. */
static void check_round(const struct tp_facts *facts)
{
	struct tp_buf text = TP_BUF_INIT((size_t)32 << 20);
	struct tp_facts again;
	struct tp_error err;

	tp_facts_init(&again);
	MUST(!tp_policy_write(facts, &text, &err));
	if (text.len <= TP_POLICY_REQUEST_MAX) {
		MUST(!tp_policy_parse(TP_POLICY_LOOP, text.data, text.len - 1, &again, &err));
		MUST(same(&facts->ip, &again.ip) && same(&facts->sender, &again.sender));
		MUST(same(&facts->helo, &again.helo) && same(&facts->rcpts, &again.rcpts));
		MUST(same(&facts->spf_domain, &again.spf_domain) && facts->spf == again.spf);
		MUST(same(&facts->doubts.text, &again.doubts.text));
		MUST(tp_doubts_sum(&facts->doubts) == tp_doubts_sum(&again.doubts));
		MUST(facts->authenticated == again.authenticated && facts->always == again.always);
		MUST(facts->has_ip == again.has_ip && facts->has_sender == again.has_sender);
	}
	tp_buf_release(&text);
	tp_facts_release(&again);
}

/* All requests of a connection; each is a success or ends it. */
static enum tp_status read_all(enum tp_policy_form form, const uint8_t *bytes, size_t len,
	struct tp_facts *facts, size_t *count)
{
	int fd = memfd_create("policy", MFD_CLOEXEC);
	struct tp_policy policy;
	struct tp_error err;
	enum tp_status status;

	MUST(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0);
	tp_policy_init(&policy, form, fd, -1);
	for (*count = 0; !(status = tp_policy_read(&policy, facts, &err)); ++*count)
		check_facts(facts);
	if (status != TP_NOTHING)
		MUST(err.status == status && err.text[0]);
	tp_policy_release(&policy);
	close(fd);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum tp_policy_form form = size && data[0] % 2 ? TP_POLICY_SINGLE : TP_POLICY_LOOP;
	const char *text = (const char *)data + (size > 0);
	size_t len = size - (size > 0), count;
	struct tp_facts facts;
	struct tp_error err;
	enum tp_status status, from_fd;

	tp_facts_init(&facts);
	from_fd = read_all(form, (const uint8_t *)text, len, &facts, &count);
	MUST(form == TP_POLICY_LOOP || count <= 1);
	status = tp_policy_parse(form, text, len, &facts, &err);
	if (!status) {
		check_facts(&facts);
		check_round(&facts);
		MUST(form == TP_POLICY_SINGLE ? from_fd == TP_NOTHING && count == 1 : count == 0);
	}
	tp_facts_release(&facts);
	return 0;
}
