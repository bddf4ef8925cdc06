/*
 * Any bytes as a mail whose header tells facts: reading ends, what is taken can be a key, and the same
 * header behind one that our own server wrote changes nothing of what that says.
 */
#include "fuzz.h"

#include "greylist/key.h"
#include "greylist/message.h"

static const char ours[] = "Return-Path: <s@x.example>\n"
			   "Authentication-Results: mx.ours; spf=fail smtp.mailfrom=x.example\n"
			   "Received: from h.example (n.example [192.0.2.1]) by mx.ours\n";

static void check_keys(const struct tp_facts *facts)
{
	struct tp_buf key = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_key_origin(facts, 24, 64, &key, NULL);

	MUST(status == TP_OK || status == TP_NOTHING);
	MUST(status == TP_OK || !facts->has_ip);
	tp_buf_addc(&key, '\t');
	MUST(tp_key_sender(tp_buf_str(&facts->sender), &key));
	for (size_t i = 0; i < key.len; i++)
		MUST((unsigned char)key.data[i] > 0x20 || key.data[i] == '\t');
	MUST(key.len <= 2 * (TP_KEY_PART_MAX + 64));
	tp_buf_release(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct tp_strings hosts = TP_STRINGS_INIT, relays = TP_STRINGS_INIT;
	struct tp_message_trust trust = { &hosts, &relays, &hosts };
	struct tp_buf behind = TP_BUF_INIT(1 << 24);
	struct tp_facts facts;

	if (!hosts.count) {
		tp_strings_add(&hosts, "mx.ours", NULL);
		tp_strings_add(&relays, "10.0.0.0/8", NULL);
	}
	tp_facts_init(&facts);
	MUST(!tp_facts_from_message(&facts, (const char *)data, len, &trust, NULL));
	check_keys(&facts);
	tp_facts_clear(&facts);
	tp_buf_adds(&behind, ours);
	tp_buf_add(&behind, data, len);
	MUST(!tp_buf_status(&behind, "mail", NULL));
	MUST(!tp_facts_from_message(&facts, behind.data, behind.len, &trust, NULL));
	/* A line that begins with a blank continues our Received field. */
	if (len && data[0] != ' ' && data[0] != '\t') {
		MUST(!strcmp(tp_buf_str(&facts.ip), "192.0.2.1"));
		MUST(!strcmp(tp_buf_str(&facts.sender), "s@x.example"));
		MUST(!strcmp(tp_buf_str(&facts.name), "n.example"));
		MUST(facts.spf == TP_SPF_FAIL);
	}
	check_keys(&facts);
	tp_facts_release(&facts);
	tp_buf_release(&behind);
	return 0;
}
