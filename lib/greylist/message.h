/*
 * Facts from a message's own header, for a filter that runs after the mail was received: what the
 * Received field of our own host says of the client, what Return-Path says of the sender, what
 * Received-SPF (RFC 7208 9.1) and Authentication-Results (RFC 8601) of a trusted server say of SPF.
 * A fact that is known already stays as it is.
 *
 * What may be believed. The first Received field counts, if our own host wrote it (`by`); when it was
 * handed over by one of our relays, the next one does, and so on. Everything under that field is the
 * sender's, up to the next Received at least, so: Return-Path counts above it; SPF results count
 * above the Received field that follows it, by their first field alone, and only with an
 * authserv-id (the `receiver=` or the host in the comment of a Received-SPF) that is in `trust`; the
 * border server must remove forged ones, RFC 8601 5 says so, and puts its own above them. A
 * Received-SPF that names another client address is passed over. Nothing here fails on what a
 * sender wrote: what cannot be read is not there.
 */
#ifndef TP_GREYLIST_MESSAGE_H
#define TP_GREYLIST_MESSAGE_H

#include "base/strings.h"
#include "greylist/facts.h"

struct tp_message_trust {
	const struct tp_strings *hosts;  /* names of ours; empty: gethostname() */
	const struct tp_strings *relays; /* addresses and networks of ours */
	const struct tp_strings *trust;  /* authserv-ids */
};

/* Reads the header of the message data[0, len). TP_NOMEM; TP_CONFIG when a relay is no address. */
enum tp_status tp_facts_from_message(struct tp_facts *facts, const char *data, size_t len,
	const struct tp_message_trust *trust, struct tp_error *err);

/* What a Received field says, for tests: the value unfolded. Ranges are of the text; empty when it
 * does not say. */
struct tp_received {
	const char *by, *helo, *name, *ip;
	size_t by_len, helo_len, name_len, ip_len;
};
void tp_received_read(const char *value, size_t len, struct tp_received *received);

#endif
