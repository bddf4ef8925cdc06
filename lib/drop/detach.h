/*
 * Detaching: the attachments that a plan lets go are uploaded, and stubs (mime/stub.h) take their
 * places. Uploading and rewriting are two steps; nothing is written anywhere in the mail before
 * every upload has its link.
 *
 * Each file has a key, an HMAC with the site's secret over its content, the message and the
 * destination. The ledger answers a key with the link it has, so a mail that is delivered again
 * (mail programs run a filter at each attempt) is not uploaded again, even when the first run was
 * killed half way or both run at once.
 */
#ifndef TP_DROP_DETACH_H
#define TP_DROP_DETACH_H

#include "base/conf.h"
#include "base/secret.h"
#include "base/spool.h"
#include "drop/plan.h"
#include "mime/stub.h"

struct tp_detach {
	/* given by the caller, borrowed */
	const struct tp_conf *conf;
	const char *data;
	size_t len;
	const struct tp_tree *tree;
	const struct tp_plan *plan;
	int64_t until_ms; /* tp_monotonic_ms() when all uploads must be done */
	/* filled by tp_detach_envelope, owned; NULL when not known */
	char *sender;
	char *recipients; /* separated by commas */
	/* the outcome: a link for each item that leaves, in the plan's order */
	struct tp_link *links;
	size_t link_count;
};

/* Fills sender and recipients: `sender` and `rcpts` as the caller was told, and where these are
 * NULL or empty, what From, To and Cc say. Gives them back with tp_detach_release. */
enum tp_status tp_detach_envelope(struct tp_detach *detach, const char *sender,
	const struct tp_strings *rcpts, struct tp_error *err);

/* Uploads what leaves; equal files once. TP_TEMPORARY when an upload failed or took too long (what
 * was uploaded by then is in the ledger), TP_CONFIG when it never can. detach->links is filled on
 * success only. */
enum tp_status tp_detach_upload(struct tp_detach *detach, struct tp_error *err);

/* Renders the mail with stubs into *result and proves it (mime/rewrite.h). */
enum tp_status tp_detach_rewrite(
	const struct tp_detach *detach, struct tp_spool *result, struct tp_error *err);

/* The same with a secret that the caller has: no configuration and no state are touched. Only data,
 * len, tree, plan and links of *detach are read. */
enum tp_status tp_detach_restub(const struct tp_detach *detach,
	const unsigned char secret[TP_SECRET_BYTES], struct tp_spool *result, struct tp_error *err);

/* True when the service could send all of the mail: one text of each kind, and everything else
 * leaves. The reason why not goes to the log. */
bool tp_detach_may_divert(const struct tp_detach *detach);

/* Hands the mail to the service itself, once for each envelope: runs the `send` step of the recipe
 * that `drop.store` names with {"sender", "recipients": [], "subject", "text", "html", "links":
 * [{"name", "type", "url", "size", "expires", "sha256"}]}. */
enum tp_status tp_detach_divert(const struct tp_detach *detach, struct tp_error *err);

void tp_detach_release(struct tp_detach *detach);

#endif
