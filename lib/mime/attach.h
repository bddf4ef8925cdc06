/*
 * What is an attachment, and what must never be touched.
 *
 * An attachment is a part that a person sees as a file beside the text:
 *  - a leaf whose Content-Disposition is `attachment`, or that has a filename; or
 *  - a leaf that is no text (a picture, a PDF, a winmail.dat); or
 *  - a message/rfc822, as one whole: its own parts are not looked at;
 * but not
 *  - the text of the mail: text parts without a filename, the text that a multipart/related begins
 *    with, and every leaf of a multipart/alternative that is not marked as an attachment;
 *  - a part that the HTML of the mail shows by `cid:`, or that stands with a Content-Location in a
 *    multipart/related;
 *  - what is there for programs: signatures, delivery status, an invitation without a filename;
 *  - the messages of a multipart/digest.
 * A message whose only content is a file (a scanner's mail) is itself the attachment.
 *
 * Held parts keep their role, so that weights are right, and say why they may not leave.
 */
#ifndef TP_MIME_ATTACH_H
#define TP_MIME_ATTACH_H

#include "mime/tree.h"

enum tp_role {
	TP_ROLE_CONTAINER,  /* multipart, or a message whose parts are looked at */
	TP_ROLE_BODY,       /* text of the mail */
	TP_ROLE_INLINE,     /* shown by the text, or machinery of the mail */
	TP_ROLE_ATTACHMENT, /* counts in the weight */
	TP_ROLE_INSIDE,     /* within an attached message: counted with it */
};

enum tp_hold {
	TP_HOLD_NONE,
	/* of a part */
	TP_HOLD_SIGNED,    /* inside multipart/signed (RFC 1847) */
	TP_HOLD_ENCRYPTED, /* inside multipart/encrypted, or application/pkcs7-mime (RFC 8551) */
	TP_HOLD_REPORT,    /* inside multipart/report (RFC 6522) */
	TP_HOLD_PARTIAL,   /* message/partial (RFC 2046 5.2.2) */
	TP_HOLD_CALENDAR,  /* text/calendar (RFC 5546) */
	TP_HOLD_SHOWN,     /* referenced by cid: (RFC 2392) */
	TP_HOLD_EXTERNAL,  /* a message/external-body: already elsewhere */
	/* of the whole message */
	TP_HOLD_PGP_INLINE, /* an OpenPGP block in the text (RFC 9580 6) */
	TP_HOLD_ONE_CLICK,  /* List-Unsubscribe-Post (RFC 8058) needs its DKIM signature */
	TP_HOLD_DKIM,       /* signed already by somebody (RFC 6376) */
	TP_HOLD_COUNT,
};

struct tp_roles {
	uint8_t *role;        /* enum tp_role of each part of the tree; owned */
	uint8_t *hold;        /* enum tp_hold of each; owned with role */
	enum tp_hold message; /* hold on the message as a whole */
};

/* Why, for people: "inside a signed part". Never NULL; "" for TP_HOLD_NONE. */
const char *tp_hold_reason(enum tp_hold hold);

/* Looks at every part. Linear in the message; contents are decoded only for HTML bodies (cid:) and
 * text bodies (OpenPGP blocks). TP_NOMEM. The caller gives *roles back with tp_roles_release. */
enum tp_status tp_attach_classify(
	const struct tp_tree *tree, const char *data, struct tp_roles *roles, struct tp_error *err);
void tp_roles_release(struct tp_roles *roles);

/* Decoded bytes of one attachment: of a leaf its decoded content, of an attached message its bytes.
 */
uint64_t tp_attach_size(const struct tp_tree *tree, const char *data, uint32_t part);

/* Decoded bytes of all attachments. */
uint64_t tp_attach_weight(
	const struct tp_tree *tree, const char *data, const struct tp_roles *roles);

#endif
