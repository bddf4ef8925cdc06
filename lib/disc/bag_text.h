/* The texts of a bag: README.txt and bag-info.txt. Private to lib/disc. */
#ifndef TP_DISC_BAG_TEXT_H
#define TP_DISC_BAG_TEXT_H

#include "disc/bag.h"

/* What is told of the mails. */
struct tp_bag_facts {
	uint64_t mails, bytes;
	int64_t first_ms, last_ms; /* least and greatest arrival */
};

/* Appends README.txt: in the disc's language, then in English; lines end as Windows wants them, which
 * everybody else can read, too. */
bool tp_bag_readme(
	const struct tp_bag_about *about, const struct tp_bag_facts *facts, struct tp_buf *out);

bool tp_bag_info(
	const struct tp_bag_about *about, const struct tp_bag_facts *facts, struct tp_buf *out);

#endif
