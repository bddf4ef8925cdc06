/*
 * The plan: which attachments leave a mail, which stay, and why, before anything is uploaded.
 *
 * Weight is the sum of the decoded bytes of all attachments (mime/attach.h). Above `over` all that
 * may leave do; with `fit` the fewest leave, largest first, until the encoded mail is small enough.
 */
#ifndef TP_DROP_PLAN_H
#define TP_DROP_PLAN_H

#include "base/conf.h"
#include "base/pattern.h"
#include "mime/attach.h"
#include "mime/tree.h"

/* The largest file that leaves a mail: 2 GiB, what the services this was made for take. */
#define TP_PLAN_FILE_MAX ((uint64_t)2 << 30)

struct tp_plan_rules {
	uint64_t over; /* bytes of attachments */
	bool has_fit;
	uint64_t fit;                       /* bytes of the encoded mail */
	uint64_t part_over;                 /* bytes; 0: any */
	struct tp_pattern **only, **except; /* on names and types; NULL-terminated, NULL: none */
	bool wrap_signed;
	bool foreign_dkim;  /* mail signed by DKIM already may be touched */
	uint64_t files_max; /* when more would leave, all stay */
	bool name_all;      /* read the names of parts that stay too, to show them */
};

/* Reads detach.* of the configuration. The caller releases *rules in any case. */
enum tp_status tp_plan_rules_read(
	const struct tp_conf *conf, struct tp_plan_rules *rules, struct tp_error *err);
void tp_plan_rules_release(struct tp_plan_rules *rules);

enum tp_decision {
	TP_STAYS,   /* `reason` says why */
	TP_LEAVES,  /* as a file of its own */
	TP_WRAPPED, /* a signed part that leaves whole, as a message/rfc822 file */
};

struct tp_plan_item {
	uint32_t part;
	enum tp_decision decision;
	const char *reason; /* static text; "" for those that leave */
	enum tp_role role;
	uint64_t size_bytes; /* decoded */
	bool whole;          /* decoding loses nothing (mime/codec.h) */
	char *name;          /* safe (tp_name_safe), never empty; owned. NULL when it stays and
			      * nobody asked (tp_plan_rules.name_all) */
	char *type;          /* "image/png"; owned */
};

struct tp_plan {
	struct tp_plan_item *items; /* every leaf and every whole message, in the mail's order */
	size_t count;
	size_t leaving;
	uint64_t weight_bytes;
	const char *reason; /* why nothing leaves; "" when something does */
};

/* The name that the part's file gets, safe (tp_name_safe) and never empty; the caller frees *name.
 * `is_message`: without a name its subject serves; `type` gives the extension of a made-up name. */
enum tp_status tp_plan_name(const struct tp_tree *tree, const char *data, uint32_t part,
	bool is_message, const char *type, char **name, struct tp_error *err);

/* Decides. The caller releases *plan on success. A damaged or odd mail is no error. */
enum tp_status tp_plan_make(const struct tp_tree *tree, const char *data, size_t len,
	const struct tp_plan_rules *rules, struct tp_plan *plan, struct tp_error *err);
void tp_plan_release(struct tp_plan *plan);

/* The list that --dry-run prints: part, decision, reason, size, type, name. In JSON one object a
 * line, with these names; `reason` is null for what leaves. */
enum tp_status tp_plan_print(const struct tp_plan *plan, const struct tp_tree *tree, bool aligned,
	struct tp_buf *out, struct tp_error *err);
enum tp_status tp_plan_print_json(const struct tp_plan *plan, const struct tp_tree *tree,
	struct tp_buf *out, struct tp_error *err);

#endif
