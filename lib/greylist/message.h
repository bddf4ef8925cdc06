/*
 * Facts from a message's own header, for a filter that runs after the mail was received: what the
 * Received field of our own host says of the client, what Return-Path says of the sender, what
 * Received-SPF (RFC 7208 9.1) and Authentication-Results (RFC 8601) of a trusted server say of SPF.
 * A fact that is known already stays as it is.
 *
 * What may be believed. The first Received field counts, if our own host wrote it (`by`); when it was
 * handed over by one of our relays, or by loopback as content filters do, the next one does, and so
 * on: this very machine is never the client. A name with sendmail's `(may be forged)` behind it is a
 * reverse name only. Everything under that field is the sender's, up to the next Received at least,
 * so: Return-Path counts above it; SPF results count above the Received field that follows it, and
 * only with an authserv-id (the `receiver=` or the host in the comment of a Received-SPF) that is in
 * `trust`.
 *
 * A sender may write fields in our name, and the border server must remove them (RFC 8601 5). Two
 * things hold without that: the first result counts, ours being on top; and the first Received-SPF
 * that is not about a relay of ours ends the search even when it is not believed, for then our server
 * writes no name of its own, and what lies below bears it for a purpose. Nothing here fails on what a
 * sender wrote: what cannot be read is not there.
 */
#ifndef TP_GREYLIST_MESSAGE_H
#define TP_GREYLIST_MESSAGE_H

#include "base/strings.h"
#include "greylist/facts.h"

struct tp_message_trust {
	const struct tp_strings *hosts;  /* names of ours; empty: gethostname(), where one of both
					    may lack its domain */
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
	bool forged; /* its server says that the name does not lead back */
};
void tp_received_read(const char *value, size_t len, struct tp_received *received);

#endif
