/*
 * The text bodies of a mail: the parts that a mail program shows as the message itself, and so the
 * places where text can be injected.
 *
 * Both branches of a multipart/alternative count; of a multipart/related its root; of any other
 * multipart the first child that has a body. Attachments are no bodies. Nothing inside
 * multipart/signed, multipart/encrypted, multipart/report, a message/ part or inline PGP is: a byte
 * changed there breaks what somebody proved, or what a machine reads.
 */
#ifndef TP_MIME_BODY_H
#define TP_MIME_BODY_H

#include "mime/tree.h"

struct tp_bodies {
	uint32_t *parts; /* indices, in order; owned */
	size_t count;
	bool sealed; /* some part was passed over because it is signed, encrypted, a report */
};

#define TP_BODIES_INIT                                                                             \
	{                                                                                          \
		NULL, 0, false                                                                     \
	}

/* Finds the bodies. `gone` (may be NULL) holds a flag for each part: those set are not looked at.
 * An empty list is no error. TP_NOMEM. */
enum tp_status tp_bodies_find(const struct tp_tree *tree, const char *data, const bool *gone,
	struct tp_bodies *bodies, struct tp_error *err);
/* True when what is below part `part` must keep its bytes: signed, encrypted, a report. */
bool tp_part_is_sealed(const struct tp_tree *tree, const char *data, uint32_t part);

void tp_bodies_release(struct tp_bodies *bodies);

#endif
