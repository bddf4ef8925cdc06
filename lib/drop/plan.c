/* Which attachments leave: see plan.h. */
#include "drop/plan.h"

#include "base/array.h"
#include "base/parallel.h"
#include "mime/codec.h"
#include "mime/header.h"

#define STUB_ESTIMATE 1500 /* bytes that a stub takes in the place of what left */

/* --- rules ------------------------------------------------------------------------------------ */

static enum tp_status compile(
	const struct tp_strings *texts, struct tp_pattern ***patterns, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (texts->count == 0)
		return TP_OK;
	*patterns = calloc(texts->count + 1, sizeof **patterns);
	if (!*patterns)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < texts->count; i++)
		status = tp_pattern_new(texts->list[i], &(*patterns)[i], err);
	return status;
}

enum tp_status tp_plan_rules_read(
	const struct tp_conf *conf, struct tp_plan_rules *rules, struct tp_error *err)
{
	enum tp_status status;

	*rules = (struct tp_plan_rules){
		.over = tp_conf_size(conf, "detach.over"),
		.has_fit = tp_conf_is_set(conf, "detach.fit"),
		.fit = tp_conf_size(conf, "detach.fit"),
		.part_over = tp_conf_size(conf, "detach.part_over"),
		.wrap_signed = !strcmp(tp_conf_str(conf, "detach.signed"), "wrap"),
		.foreign_dkim = !strcmp(tp_conf_str(conf, "detach.foreign_dkim"), "detach"),
	};
	if (rules->has_fit && !tp_conf_is_set(conf, "detach.over"))
		rules->over = 0; /* --fit alone looks at the mail's size only */
	rules->files_max = (uint64_t)tp_conf_int(conf, "detach.max_files");
	if (tp_conf_int(conf, "detach.max_files") < 1)
		return tp_conf_fail(conf, "detach.max_files", err, "must be at least 1");
	status = compile(tp_conf_list(conf, "detach.only"), &rules->only, err);
	if (!status)
		status = compile(tp_conf_list(conf, "detach.except"), &rules->except, err);
	return status;
}

static void free_patterns(struct tp_pattern **patterns)
{
	for (size_t i = 0; patterns && patterns[i]; i++)
		tp_pattern_free(patterns[i]);
	free(patterns);
}

void tp_plan_rules_release(struct tp_plan_rules *rules)
{
	free_patterns(rules->only);
	free_patterns(rules->except);
	*rules = (struct tp_plan_rules){ .over = 0 };
}

static bool matches(struct tp_pattern **patterns, const struct tp_plan_item *item)
{
	for (size_t i = 0; patterns && patterns[i]; i++)
		if (tp_pattern_match(patterns[i], item->name, strlen(item->name)) ||
			tp_pattern_match(patterns[i], item->type, strlen(item->type)))
			return true;
	return false;
}

/* --- the list of parts ------------------------------------------------------------------------ */

struct planning {
	const struct tp_tree *tree;
	const char *data;
	size_t len;
	const struct tp_plan_rules *rules;
	struct tp_roles roles;
	struct tp_plan *plan;
	size_t cap;
};

static enum tp_status add_item(
	struct planning *p, uint32_t part, bool wrapped, struct tp_error *err)
{
	struct tp_plan *plan = p->plan;
	struct tp_plan_item *item,
		*items = tp_array_room(plan->items, plan->count, &p->cap, 16, sizeof *items);
	struct tp_media_type type;
	int n;

	if (!items)
		return tp_fail(err, TP_NOMEM, "out of memory");
	plan->items = items;
	item = &plan->items[plan->count];
	*item = (struct tp_plan_item){ .part = part, .reason = "", .role = p->roles.role[part] };
	tp_part_media_type(p->tree, p->data, part, &type);
	n = wrapped ? asprintf(&item->type, "message/rfc822")
		    : asprintf(&item->type, "%s/%s", type.type, type.subtype);
	if (n < 0) {
		item->type = NULL;
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	plan->count++;
	return TP_OK;
}

static void measure(void *context, size_t i)
{
	const struct planning *p = context;
	struct tp_plan_item *item = &p->plan->items[i];
	const struct tp_part *part = &p->tree->parts[item->part];
	struct tp_measure found = { part->body.end - part->header.begin, true };

	if (item->role != TP_ROLE_CONTAINER)
		found = tp_codec_measure(p->data, part->body, (enum tp_encoding)part->encoding);
	item->size_bytes = found.size_bytes;
	item->whole = found.whole;
}

static bool is_signed_container(const struct planning *p, uint32_t part)
{
	uint32_t parent = p->tree->parts[part].parent;

	return p->tree->parts[part].kind == TP_PART_MULTIPART &&
	       p->roles.role[part] == TP_ROLE_CONTAINER && p->roles.hold[part] == TP_HOLD_SIGNED &&
	       (parent == TP_PART_NONE || p->roles.hold[parent] == TP_HOLD_NONE);
}

/* Every leaf and whole message; of signed parts that leave whole, the part itself. */
static enum tp_status list_parts(struct planning *p, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < p->tree->count;) {
		enum tp_role role = p->roles.role[i];

		if (p->rules->wrap_signed && is_signed_container(p, i)) {
			status = add_item(p, i, true, err);
			i = tp_tree_subtree_end(p->tree, i);
		} else if (role == TP_ROLE_CONTAINER || role == TP_ROLE_INSIDE) {
			i++;
		} else {
			status = add_item(p, i, false, err);
			i++;
		}
	}
	return status;
}

static const char too_many[] = "more attachments than detach.max_files";

/* --- decisions -------------------------------------------------------------------------------- */

/* The reason that holds whatever the part is, or "". */
static const char *reason_of_message(const struct planning *p)
{
	if (p->roles.message && !(p->roles.message == TP_HOLD_DKIM && p->rules->foreign_dkim))
		return tp_hold_reason(p->roles.message);
	return "";
}

/* What the part is, apart from its name. */
static const char *reason_of_kind(const struct planning *p, const struct tp_plan_item *item)
{
	bool wrapped = item->role == TP_ROLE_CONTAINER;

	if (item->role == TP_ROLE_BODY)
		return "text of the mail";
	if (p->roles.hold[item->part] && !wrapped)
		return tp_hold_reason(p->roles.hold[item->part]);
	if (item->role == TP_ROLE_INLINE)
		return "belongs to the mail's form";
	if (item->size_bytes == 0)
		return "empty";
	if (item->size_bytes > TP_PLAN_FILE_MAX)
		return "larger than 2 GiB";
	if (p->rules->part_over && item->size_bytes <= p->rules->part_over)
		return "not above --part-over";
	if (p->plan->weight_bytes <= p->rules->over)
		return "weight not above --over";
	if (p->rules->has_fit && p->len <= p->rules->fit)
		return "the mail fits";
	return "";
}

static const char *reason_of_name(const struct planning *p, const struct tp_plan_item *item)
{
	if (p->rules->only && !matches(p->rules->only, item))
		return "not named by --only";
	if (matches(p->rules->except, item))
		return "named by --except";
	return "";
}

/* What leaves is what decoding gives. When that is not all that stands in the mail (a list's footer
 * below base64, text around a uuencoded file), nobody could bring the rest back. */
static const char *reason_of_encoding(const struct planning *p, const struct tp_plan_item *item)
{
	if (item->whole)
		return "";
	return p->tree->parts[item->part].encoding == TP_ENCODING_UNKNOWN
		       ? "its encoding is not known"
		       : "decoding it would lose something";
}

/* Names are read last and only where they count: they may cost the opening of GMime, and a mail
 * that passes should cost one parse and one copy. */
static enum tp_status judge(struct planning *p, struct tp_plan_item *item, struct tp_error *err)
{
	bool is_message = item->role == TP_ROLE_CONTAINER || !strncmp(item->type, "message/", 8);
	enum tp_status status = TP_OK;

	item->reason = reason_of_message(p);
	if (!*item->reason)
		item->reason = reason_of_kind(p, item);
	if (!*item->reason || p->rules->name_all)
		status = tp_plan_name(
			p->tree, p->data, item->part, is_message, item->type, &item->name, err);
	if (!status && !*item->reason)
		item->reason = reason_of_name(p, item);
	if (!status && !*item->reason)
		item->reason = reason_of_encoding(p, item);
	if (!status && !*item->reason)
		item->decision = item->role == TP_ROLE_CONTAINER ? TP_WRAPPED : TP_LEAVES;
	return status;
}

static int by_encoded_size(const void *a, const void *b, void *tree)
{
	const struct tp_part *parts = ((const struct tp_tree *)tree)->parts;
	const struct tp_plan_item *x = *(struct tp_plan_item *const *)a;
	const struct tp_plan_item *y = *(struct tp_plan_item *const *)b;
	size_t m = tp_range_len(parts[x->part].body), n = tp_range_len(parts[y->part].body);

	if (m != n)
		return m > n ? -1 : 1;
	return x->part < y->part ? -1 : 1;
}

/* Of those that may leave, keeps the ones that the mail is small enough to carry. */
static enum tp_status keep_what_fits(struct planning *p, struct tp_error *err)
{
	struct tp_plan_item **order = calloc(p->plan->count + 1, sizeof *order);
	uint64_t size = p->len;
	size_t n = 0;

	if (!order)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; i < p->plan->count; i++)
		if (p->plan->items[i].decision != TP_STAYS)
			order[n++] = &p->plan->items[i];
	qsort_r(order, n, sizeof *order, by_encoded_size, (void *)p->tree);
	for (size_t i = 0; i < n; i++) {
		uint64_t encoded = tp_range_len(p->tree->parts[order[i]->part].body);

		if (size <= p->rules->fit) {
			order[i]->decision = TP_STAYS;
			order[i]->reason = "the mail fits without it";
		} else if (encoded > STUB_ESTIMATE) {
			size -= encoded - STUB_ESTIMATE;
		} else {
			order[i]->decision = TP_STAYS;
			order[i]->reason = "smaller than its link";
		}
	}
	free(order);
	return TP_OK;
}

/* What an item adds to the weight: its size, or that of the attachments inside a signed part. */
static uint64_t weight_of(const struct planning *p, const struct tp_plan_item *item)
{
	uint64_t weight = 0;
	uint32_t end;

	if (item->role != TP_ROLE_CONTAINER)
		return item->role == TP_ROLE_ATTACHMENT ? item->size_bytes : 0;
	end = tp_tree_subtree_end(p->tree, item->part);
	for (uint32_t i = item->part; i < end; i++)
		if (p->roles.role[i] == TP_ROLE_ATTACHMENT)
			weight += tp_attach_size(p->tree, p->data, i);
	return weight;
}

static void count_leaving(struct tp_plan *plan)
{
	plan->leaving = 0;
	for (size_t i = 0; i < plan->count; i++)
		plan->leaving += plan->items[i].decision != TP_STAYS;
}

/* A hundred thousand attachments are an attack or a mistake, not a hundred thousand uploads. */
static void keep_crowds(struct planning *p)
{
	struct tp_plan *plan = p->plan;

	if (plan->leaving <= p->rules->files_max)
		return;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->items[i].decision == TP_STAYS)
			continue;
		plan->items[i].decision = TP_STAYS;
		plan->items[i].reason = too_many;
	}
	plan->leaving = 0;
	plan->reason = too_many;
}

static enum tp_status decide(struct planning *p, struct tp_error *err)
{
	struct tp_plan *plan = p->plan;
	enum tp_status status = TP_OK;

	for (size_t i = 0; i < plan->count; i++)
		plan->weight_bytes += weight_of(p, &plan->items[i]);
	for (size_t i = 0; !status && i < plan->count; i++)
		status = judge(p, &plan->items[i], err);
	if (!status && p->rules->has_fit)
		status = keep_what_fits(p, err);
	count_leaving(plan);
	keep_crowds(p);
	return status;
}

static const char *overall_reason(const struct planning *p)
{
	if (p->plan->leaving || *p->plan->reason)
		return p->plan->reason;
	if (*reason_of_message(p))
		return reason_of_message(p);
	if (p->plan->weight_bytes <= p->rules->over)
		return "weight not above --over";
	return "every attachment has a reason to stay";
}

enum tp_status tp_plan_make(const struct tp_tree *tree, const char *data, size_t len,
	const struct tp_plan_rules *rules, struct tp_plan *plan, struct tp_error *err)
{
	struct planning p = {
		.tree = tree, .data = data, .len = len, .rules = rules, .plan = plan
	};
	enum tp_status status = tp_attach_classify(tree, data, &p.roles, err);

	*plan = (struct tp_plan){ .reason = "" };
	if (status)
		return status;
	status = list_parts(&p, err);
	if (!status) {
		tp_parallel(plan->count, len, measure, &p);
		status = decide(&p, err);
	}
	if (!status)
		plan->reason = overall_reason(&p);
	tp_roles_release(&p.roles);
	if (status)
		tp_plan_release(plan);
	return status;
}

void tp_plan_release(struct tp_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->items[i].name);
		free(plan->items[i].type);
	}
	free(plan->items);
	*plan = (struct tp_plan){ .reason = "" };
}
