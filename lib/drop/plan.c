/* Which attachments leave: see plan.h. */
#include "drop/plan.h"

#include "base/table.h"
#include "base/utf8.h"
#include "mime/header.h"
#include "mime/text.h"

#define NAME_MAX_BYTES 180
#define STUB_ESTIMATE  1500 /* bytes that a stub takes in the place of what left */

/* --- rules -------------------------------------------------------------------------------------
 */

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

/* --- names and types ---------------------------------------------------------------------------
 */

/* The extension for a part that has no name of its own. */
static const char *extension_of(const char *type)
{
	static const char *const known[][2] = {
		{ "image/jpeg", "jpg" },
		{ "image/png", "png" },
		{ "image/gif", "gif" },
		{ "image/tiff", "tif" },
		{ "image/webp", "webp" },
		{ "image/heic", "heic" },
		{ "application/pdf", "pdf" },
		{ "application/zip", "zip" },
		{ "application/gzip", "gz" },
		{ "application/msword", "doc" },
		{ "application/vnd.ms-excel", "xls" },
		{ "application/ms-tnef", "dat" },
		{ "message/rfc822", "eml" },
		{ "message/global", "eml" },
		{ "text/plain", "txt" },
		{ "text/html", "html" },
		{ "text/csv", "csv" },
		{ "audio/mpeg", "mp3" },
		{ "video/mp4", "mp4" },
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(known[i][0], type))
			return known[i][1];
	return "bin";
}

/* An attached message is named by its subject, like mail programs do. */
static enum tp_status message_subject(const struct tp_tree *tree, const char *data, uint32_t part,
	struct tp_buf *out, struct tp_error *err)
{
	uint32_t message = tree->parts[part].kind == TP_PART_MESSAGE ? part + 1 : part;
	enum tp_status status;
	struct tp_field field;
	size_t cut;

	if (message >= tree->count ||
		!tp_header_find(data, tree->parts[message].header, "Subject", &field))
		return TP_NOTHING;
	status = tp_text_decode(data, field.value, out, err);
	if (status || out->len == 0)
		return status ? status : TP_NOTHING;
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '/' || out->data[i] == '\\')
			out->data[i] = '_';
	for (cut = out->len < 100 ? out->len : 100; cut > 0 && (out->data[cut] & 0xc0) == 0x80;)
		cut--;
	tp_buf_truncate(out, cut);
	return tp_buf_adds(out, ".eml") ? TP_OK : TP_NOMEM;
}

static enum tp_status name_of(const struct tp_tree *tree, const char *data, uint32_t part,
	bool is_message, const char *type, char **name, struct tp_error *err)
{
	struct tp_buf raw = TP_BUF_INIT(TP_TEXT_VALUE_MAX * 4), fallback = TP_BUF_INIT(1u << 16);
	struct tp_buf safe = TP_BUF_INIT(4096);
	enum tp_status status = tp_part_filename(tree, data, part, &raw, err);

	if (status == TP_NOTHING && is_message) {
		tp_buf_clear(&raw);
		status = message_subject(tree, data, part, &raw, err);
	}
	/* No name, or one longer than any program would read: the part's number names it. */
	if (status == TP_NOTHING || status == TP_LIMIT) {
		tp_buf_clear(&raw);
		status = TP_OK;
	}
	if (status)
		goto out;
	tp_buf_adds(&fallback, "part-");
	tp_tree_path(tree, part, &fallback);
	tp_buf_truncate(&fallback, 64);
	tp_buf_addf(&fallback, ".%s", extension_of(type));
	tp_name_safe(tp_buf_str(&raw), raw.len, tp_buf_str(&fallback), NAME_MAX_BYTES, &safe);
	status = tp_buf_status(&safe, "file name", err);
	*name = tp_buf_detach(&safe);
	if (!status && !*name)
		status = tp_fail(err, TP_NOMEM, "out of memory");
out:
	tp_buf_release(&raw);
	tp_buf_release(&fallback);
	tp_buf_release(&safe);
	return status;
}

/* --- the list of parts -------------------------------------------------------------------------
 */

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
	size_t cap = p->cap ? p->cap * 2 : 16;
	struct tp_plan_item *grown, *item;
	struct tp_media_type type;
	enum tp_status status;
	int n;

	if (plan->count == p->cap) {
		grown = reallocarray(plan->items, cap, sizeof *grown);
		if (!grown)
			return tp_fail(err, TP_NOMEM, "out of memory");
		plan->items = grown;
		p->cap = cap;
	}
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
	if (wrapped)
		item->size_bytes =
			p->tree->parts[part].body.end - p->tree->parts[part].header.begin;
	else
		item->size_bytes = tp_attach_size(p->tree, p->data, part);
	status = name_of(p->tree, p->data, part, wrapped || !strncmp(item->type, "message/", 8),
		item->type, &item->name, err);
	return status;
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

/* --- decisions ---------------------------------------------------------------------------------
 */

static const char *reason_to_stay(const struct planning *p, const struct tp_plan_item *item)
{
	const struct tp_plan_rules *rules = p->rules;
	bool wrapped = item->role == TP_ROLE_CONTAINER;

	if (p->roles.message && !(p->roles.message == TP_HOLD_DKIM && rules->foreign_dkim))
		return tp_hold_reason(p->roles.message);
	if (item->role == TP_ROLE_BODY)
		return "text of the mail";
	if (p->roles.hold[item->part] && !wrapped)
		return tp_hold_reason(p->roles.hold[item->part]);
	if (item->role == TP_ROLE_INLINE)
		return "belongs to the mail's form";
	if (item->size_bytes > TP_PLAN_FILE_MAX)
		return "larger than 2 GiB";
	if (rules->part_over && item->size_bytes <= rules->part_over)
		return "not above --part-over";
	if (rules->only && !matches(rules->only, item))
		return "not named by --only";
	if (matches(rules->except, item))
		return "named by --except";
	return "";
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
	uint32_t end = tp_tree_subtree_end(p->tree, item->part);
	uint64_t weight = 0;

	if (item->role == TP_ROLE_ATTACHMENT)
		return item->size_bytes;
	for (uint32_t i = item->part; item->role == TP_ROLE_CONTAINER && i < end; i++)
		if (p->roles.role[i] == TP_ROLE_ATTACHMENT)
			weight += tp_attach_size(p->tree, p->data, i);
	return weight;
}

static enum tp_status decide(struct planning *p, struct tp_error *err)
{
	struct tp_plan *plan = p->plan;
	enum tp_status status = TP_OK;

	for (size_t i = 0; i < plan->count; i++)
		plan->weight_bytes += weight_of(p, &plan->items[i]);
	for (size_t i = 0; i < plan->count; i++) {
		struct tp_plan_item *item = &plan->items[i];

		item->reason = reason_to_stay(p, item);
		if (!*item->reason && plan->weight_bytes <= p->rules->over)
			item->reason = "weight not above --over";
		if (!*item->reason && p->rules->has_fit && p->len <= p->rules->fit)
			item->reason = "the mail fits";
		if (!*item->reason)
			item->decision = item->role == TP_ROLE_CONTAINER ? TP_WRAPPED : TP_LEAVES;
	}
	if (p->rules->has_fit)
		status = keep_what_fits(p, err);
	for (size_t i = 0; i < plan->count; i++)
		plan->leaving += plan->items[i].decision != TP_STAYS;
	return status;
}

static const char *overall_reason(const struct planning *p)
{
	if (p->plan->leaving)
		return "";
	if (p->roles.message)
		return tp_hold_reason(p->roles.message);
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
	if (!status)
		status = decide(&p, err);
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

enum tp_status tp_plan_print(const struct tp_plan *plan, const struct tp_tree *tree, bool aligned,
	struct tp_buf *out, struct tp_error *err)
{
	static const char *const words[] = { "stays", "leaves", "wrapped" };
	struct tp_buf path = TP_BUF_INIT(1u << 16);
	struct tp_table table;
	enum tp_status status;

	tp_table_init(&table, "lllrll");
	for (size_t i = 0; i < plan->count; i++) {
		const struct tp_plan_item *item = &plan->items[i];

		tp_buf_clear(&path);
		tp_tree_path(tree, item->part, &path);
		tp_table_cell(&table, tp_buf_str(&path), path.len);
		tp_table_cellf(&table, "%s", words[item->decision]);
		tp_table_cellf(&table, "%s", *item->reason ? item->reason : "-");
		tp_table_cellf(&table, "%llu", (unsigned long long)item->size_bytes);
		tp_table_cellf(&table, "%s", item->type);
		tp_table_cellf(&table, "%s", item->name);
	}
	status = tp_table_print(&table, aligned, out, err);
	tp_table_release(&table);
	tp_buf_release(&path);
	return status;
}
