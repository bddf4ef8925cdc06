/* Which mail is spam by its own header: what `archive-put --skip-spam` leaves out. */
#ifndef TP_ARCHIVE_SPAM_H
#define TP_ARCHIVE_SPAM_H

#include <stddef.h>

#include "base/strings.h"

struct tp_spam_rules;

/* Rules are `Header: pattern` (PCRE2, on the field's decoded text). Without any: X-Spam-Flag and
 * X-Spam-Status that begin with "yes". TP_CONFIG. */
enum tp_status tp_spam_rules_new(
	const struct tp_strings *rules, struct tp_spam_rules **compiled, struct tp_error *err);
void tp_spam_rules_free(struct tp_spam_rules *rules);

/* The header of the first rule that the message meets, borrowed from the rules; NULL: none. */
const char *tp_spam_why(const struct tp_spam_rules *rules, const char *data, size_t len);

#endif
