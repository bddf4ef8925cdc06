/*
 * The stub: what stands in a mail where an attachment was, and the contract between the filter
 * that detaches (detach-upload writes stubs) and the one that makes them readable (link-inject).
 *
 * A stub is a message/external-body part with access-type=URL (RFC 2046 5.2.3, RFC 2017), so any
 * program that knows the type can fetch the file without us. Its phantom header carries what the
 * attachment was (type, name, Content-ID, SHA-256) and a seal: an HMAC-SHA256 with the site's
 * secret over everything a reader is told. Without the seal a hostile sender could write stubs of
 * his own and have his links presented in the site's words.
 *
 * Reading a stub and proving it are two steps, so that a mail without stubs never costs the
 * loading of a secret, and so that the caller decides what an unsealed external-body is to him.
 */
#ifndef TP_MIME_STUB_H
#define TP_MIME_STUB_H

#include <stdint.h>

#include "mime/edit.h"
#include "mime/tree.h"

#define TP_STUB_SECRET_LEN 32

/* In the outer header of a stub that stayed in a mail when its link was shown: one block is enough.
 * Not sealed: all that a forger gets by it is that a link is not shown. */
#define TP_STUB_SHOWN "X-Tubepost-Shown"
#define TP_STUB_MARK  TP_STUB_SHOWN ": yes"

/* One file that left the mail. Strings are owned, UTF-8, NULL when not known. */
struct tp_link {
	char *name;       /* the file's name, as the sender gave it (hostile) */
	char *type;       /* "application/pdf" */
	char *url;        /* percent-encoded, without white space */
	char *delete_url; /* known to the uploader only: never written into a mail */
	char *content_id; /* with its angle brackets; NULL: tp_stub_render makes one up */
	uint64_t size_bytes;
	int64_t expires; /* seconds since 1970, 0: does not expire */
	char sha256[65]; /* lower-case hex, "" when not known */
	char seal[65];   /* as found by tp_stub_parse; "": the stub carries none */
};

#define TP_LINK_INIT                                                                               \
	{                                                                                          \
		NULL, NULL, NULL, NULL, NULL, 0, 0, "", ""                                         \
	}

void tp_link_release(struct tp_link *link);

/* True when `url` has a scheme and nothing that runs when clicked (javascript:, data:, vbscript:).
 * With `web_only`, only http, https and ftp. */
bool tp_link_url_is_safe(const char *url, bool web_only);

/* Appends the stub of `link`, lines ended by `eol` and never longer than 77 characters unless a
 * single word is. *fields gets the outer header fields (Content-Type, Content-Transfer-Encoding),
 * *body the phantom header with its closing blank line. A whole part is fields + eol + body; a
 * message that is itself the attachment keeps its other fields. All of it is ASCII.
 * TP_DATA when the link has no URL or one that tp_link_url_is_safe refuses. */
enum tp_status tp_stub_render(const struct tp_link *link,
	const unsigned char secret[TP_STUB_SECRET_LEN], const char *eol, struct tp_buf *fields,
	struct tp_buf *body, struct tp_error *err);

/* Reads part `part` as a stub. TP_NOTHING when it is no message/external-body with access-type=URL
 * and a URL; then *link is empty. On TP_OK the caller owns *link; link->seal says whether the part
 * claims to be ours, which is not proven before tp_stub_verify. Lenient about everything else:
 * a missing name, size or date is just not known. */
enum tp_status tp_stub_parse(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_link *link, struct tp_error *err);

/* TP_OK when link->seal is the seal of the link's fields under `secret`, TP_NOTHING when it is not:
 * another site's stub, a forgery, or ours, altered. None of them may make a mail wait. */
enum tp_status tp_stub_verify(const struct tp_link *link,
	const unsigned char secret[TP_STUB_SECRET_LEN], struct tp_error *err);

/* Asks for TP_STUB_MARK, ended by `eol`, in front of the stub's Content-Type. */
enum tp_status tp_stub_mark(const struct tp_tree *tree, const char *data, uint32_t part,
	const char *eol, struct tp_edits *edits, struct tp_error *err);

#endif
