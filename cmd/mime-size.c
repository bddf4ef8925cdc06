/*
 * mime-size: weighs a message, part by part, without decoding it. What counts as an attachment is
 * mime/attach.h's to say; the man page repeats it.
 */
#include "base/diag.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/table.h"
#include "base/tool.h"
#include "base/units.h"
#include "mime/attach.h"
#include "mime/codec.h"
#include "mime/header.h"
#include "mime/text.h"

/* A list is kept whole until all is certain; a message of so many parts with such long names that
 * its list is longer than this is refused, though it can still be weighed. */
#define LIST_MAX ((size_t)32 << 20)

static struct {
	bool json, total, attachments, encoded;
	const char *over;
} asked;

/* A message and what is known of it. */
struct weighed {
	const char *file; /* NULL for stdin */
	struct tp_spool spool;
	struct tp_tree tree;
	struct tp_roles roles;
	bool all;        /* measure every part, not only attachments */
	uint64_t *sizes; /* decoded bytes of each part that is no multipart */
	uint64_t weight; /* decoded bytes of all attachments */
	uint32_t attachments;
	double overhead; /* what base64 adds, in per cent of what it carries */
};

struct output {
	struct tp_table table;
	struct tp_buf *text; /* the tool's stdout */
	bool many;           /* more than one message: lines say which */
};

static const char *role_name(uint8_t role)
{
	static const char *const names[] = {
		[TP_ROLE_CONTAINER] = "container",
		[TP_ROLE_BODY] = "body",
		[TP_ROLE_INLINE] = "inline",
		[TP_ROLE_ATTACHMENT] = "attachment",
		[TP_ROLE_INSIDE] = "inside",
	};

	return names[role];
}

static const char *disposition_name(const struct weighed *mail, uint32_t part)
{
	static const char *const names[] = {
		[TP_DISPOSITION_NONE] = NULL,
		[TP_DISPOSITION_INLINE] = "inline",
		[TP_DISPOSITION_ATTACHMENT] = "attachment",
	};

	return names[tp_part_disposition(&mail->tree, mail->spool.data, part)];
}

static const char *encoding_name(uint8_t encoding)
{
	static const char *const names[] = {
		[TP_ENCODING_IDENTITY] = "none",
		[TP_ENCODING_BASE64] = "base64",
		[TP_ENCODING_QP] = "quoted-printable",
		[TP_ENCODING_UU] = "uuencode",
		[TP_ENCODING_UNKNOWN] = "unknown",
	};

	return names[encoding];
}

/* Only attachments are measured when nothing else is asked: counting is most of the work. */
static bool is_measured(const struct weighed *mail, size_t i)
{
	return mail->tree.parts[i].kind != TP_PART_MULTIPART &&
	       (mail->all || mail->roles.role[i] == TP_ROLE_ATTACHMENT);
}

static void measure(void *context, size_t i)
{
	struct weighed *mail = context;

	if (is_measured(mail, i))
		mail->sizes[i] = tp_attach_size(&mail->tree, mail->spool.data, (uint32_t)i);
}

static enum tp_status add_up(struct weighed *mail, struct tp_error *err)
{
	uint64_t carried = 0;
	uint64_t carrying = 0;

	mail->sizes = calloc(mail->tree.count, sizeof *mail->sizes);
	if (!mail->sizes)
		return tp_fail(err, TP_NOMEM, "out of memory");
	tp_parallel(mail->tree.count, mail->spool.len, measure, mail);
	for (uint32_t i = 0; i < mail->tree.count; i++) {
		const struct tp_part *part = &mail->tree.parts[i];
		bool counts = mail->roles.role[i] == TP_ROLE_ATTACHMENT;

		if (!is_measured(mail, i))
			continue;
		mail->attachments += counts;
		mail->weight += counts ? mail->sizes[i] : 0;
		if (part->encoding == TP_ENCODING_BASE64) {
			carried += mail->sizes[i];
			carrying += tp_range_len(part->body);
		}
	}
	if (carried)
		mail->overhead = 100.0 * ((double)carrying / (double)carried - 1.0);
	return TP_OK;
}

/* Errors name the file already. */
static enum tp_status read_mail(struct weighed *mail, struct tp_error *err)
{
	if (mail->file)
		return tp_spool_open(&mail->spool, mail->file, err);
	return tp_spool_read(&mail->spool, 0, err);
}

/* What it fills is given back by release_mail whatever it returns. */
static enum tp_status weigh(struct weighed *mail, struct tp_error *err)
{
	enum tp_status status;

	if (mail->spool.len == 0)
		return tp_fail(err, TP_DATA, "empty message");
	/* The length of the whole asks nothing of the structure. */
	if (asked.encoded && !asked.over)
		return TP_OK;
	status = tp_tree_scan(
		&mail->tree, mail->spool.data, mail->spool.len, &tp_tree_default_limits, err);
	if (!status)
		status = tp_attach_classify(&mail->tree, mail->spool.data, &mail->roles, err);
	if (!status)
		status = add_up(mail, err);
	return status;
}

static void release_mail(struct weighed *mail)
{
	free(mail->sizes);
	tp_roles_release(&mail->roles);
	tp_tree_release(&mail->tree);
	tp_spool_release(&mail->spool);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* What a line about a part says. */
struct line {
	struct tp_buf path;
	struct tp_buf name;
	struct tp_media_type type;
	const char *disposition; /* NULL: none */
	bool has_name;
};

static void add_row(
	struct output *out, const struct weighed *mail, uint32_t part, const struct line *line)
{
	const struct tp_part *p = &mail->tree.parts[part];
	struct tp_table *table = &out->table;

	if (out->many)
		tp_table_cellf(table, "%s", mail->file ? mail->file : "-");
	tp_table_cell(table, line->path.data, line->path.len);
	tp_table_cellf(table, "%s/%s", line->type.type, line->type.subtype);
	tp_table_cellf(table, "%s", line->disposition ? line->disposition : "-");
	tp_table_cell(table, line->name.data, line->name.len);
	tp_table_cellf(table, "%zu", tp_range_len(p->body));
	if (p->kind == TP_PART_MULTIPART)
		tp_table_cell(table, NULL, 0);
	else
		tp_table_cellf(table, "%ju", (uintmax_t)mail->sizes[part]);
	tp_table_cellf(table, "%s", role_name(mail->roles.role[part]));
}

static void begin_object(struct output *out, const struct weighed *mail)
{
	tp_buf_addc(out->text, '{');
	if (mail->file)
		tp_json_pair(out->text, "file", mail->file);
}

static void add_object(
	struct output *out, const struct weighed *mail, uint32_t part, const struct line *line)
{
	const struct tp_part *p = &mail->tree.parts[part];

	begin_object(out, mail);
	tp_json_pair(out->text, "part", tp_buf_str(&line->path));
	tp_json_key(out->text, "type");
	tp_buf_addf(out->text, "\"%s/%s\"", line->type.type, line->type.subtype);
	tp_json_pair(out->text, "disposition", line->disposition);
	tp_json_key(out->text, "filename");
	if (line->has_name)
		tp_json_string(out->text, tp_buf_str(&line->name), line->name.len);
	else
		tp_buf_adds(out->text, "null");
	tp_json_pair(out->text, "encoding", encoding_name(p->encoding));
	tp_json_pair_int(out->text, "encoded", (int64_t)tp_range_len(p->body));
	if (p->kind != TP_PART_MULTIPART)
		tp_json_pair_int(out->text, "decoded", (int64_t)mail->sizes[part]);
	tp_json_pair(out->text, "role", role_name(mail->roles.role[part]));
	tp_buf_adds(out->text, "}\n");
}

static enum tp_status add_part(struct output *out, const struct weighed *mail, uint32_t part,
	struct line *line, struct tp_error *err)
{
	enum tp_status status;

	tp_buf_clear(&line->path);
	tp_buf_clear(&line->name);
	tp_tree_name(&mail->tree, part, &line->path);
	status = tp_buf_status(&line->path, "path", err);
	if (status)
		return status;
	tp_part_media_type(&mail->tree, mail->spool.data, part, &line->type);
	line->disposition = disposition_name(mail, part);
	status = tp_part_filename(&mail->tree, mail->spool.data, part, &line->name, err);
	line->has_name = status == TP_OK;
	if (status == TP_LIMIT) {
		/* Nobody can mean a name that long; the part is weighed all the same. */
		tp_buf_clear(&line->name);
		tp_buf_adds(&line->name, "(name too long)");
	} else if (status && status != TP_NOTHING) {
		return status;
	}
	if (asked.json)
		add_object(out, mail, part, line);
	else
		add_row(out, mail, part, line);
	return tp_buf_status(asked.json ? out->text : &out->table.cells, "list", err);
}

static void add_total(struct output *out, const struct weighed *mail)
{
	struct tp_table *table = &out->table;

	if (asked.json) {
		begin_object(out, mail);
		tp_json_pair_int(out->text, "parts", mail->tree.count);
		tp_json_pair_int(out->text, "encoded", (int64_t)mail->spool.len);
		tp_json_pair_int(out->text, "attachments", mail->attachments);
		tp_json_pair_int(out->text, "attachment_bytes", (int64_t)mail->weight);
		tp_json_key(out->text, "base64_overhead_percent");
		tp_buf_addf(out->text, "%.1f}\n", mail->overhead);
		return;
	}
	if (out->many)
		tp_table_cellf(table, "%s", mail->file ? mail->file : "-");
	tp_table_cellf(table, "total");
	tp_table_cellf(
		table, "%u attachment%s", mail->attachments, mail->attachments == 1 ? "" : "s");
	tp_table_cell(table, NULL, 0);
	tp_table_cellf(table, "base64 overhead %.1f %%", mail->overhead);
	tp_table_cellf(table, "%zu", mail->spool.len);
	tp_table_cellf(table, "%ju", (uintmax_t)mail->weight);
	tp_table_cellf(table, "attachment");
}

static enum tp_status add_list(struct output *out, const struct weighed *mail, struct tp_error *err)
{
	struct line line = { TP_BUF_INIT(1u << 20), TP_BUF_INIT(1u << 20), { "", "" }, NULL,
		false };
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; !status && i < mail->tree.count && !asked.total; i++)
		status = add_part(out, mail, i, &line, err);
	if (!status)
		add_total(out, mail);
	tp_buf_release(&line.path);
	tp_buf_release(&line.name);
	return status;
}

static enum tp_status add_number(struct output *out, const struct weighed *mail)
{
	uint64_t number = asked.encoded ? mail->spool.len : mail->weight;

	if (asked.json) {
		begin_object(out, mail);
		tp_json_pair_int(
			out->text, asked.encoded ? "encoded" : "attachment_bytes", (int64_t)number);
		tp_buf_adds(out->text, "}\n");
	} else {
		tp_buf_addf(out->text, "%ju", (uintmax_t)number);
		if (out->many)
			tp_buf_addf(out->text, "\t%s", mail->file ? mail->file : "-");
		tp_buf_addc(out->text, '\n');
	}
	return TP_OK;
}

/* --- the tool --------------------------------------------------------------------------------- */

/* The predicate is silent unless something to print is asked for as well. */
static bool prints(void)
{
	return !asked.over || asked.json || asked.total || asked.attachments || asked.encoded;
}

static enum tp_status weigh_one(
	struct output *out, const char *file, uint64_t over, bool *is_over, struct tp_error *err)
{
	bool list = !asked.attachments && !asked.encoded;
	struct weighed mail = { .file = file, .spool = TP_SPOOL_INIT, .all = list && prints() };
	enum tp_status status = read_mail(&mail, err);

	if (!status) {
		status = weigh(&mail, err);
		if (!status && prints())
			status = list ? add_list(out, &mail, err) : add_number(out, &mail);
		if (status && (file || out->many))
			tp_error_prefix(err, "%s", file ? file : "stdin");
	}
	*is_over = *is_over || mail.weight > over;
	release_mail(&mail);
	return status;
}

/* What is wrong with one message of many is said and does not keep the others from their lines: mail
 * comes and goes in the folders that people weigh. The first failure is the exit code. */
static enum tp_status weigh_all(
	struct tp_run *tool, struct output *out, uint64_t over, bool *is_over, struct tp_error *err)
{
	enum tp_status status = TP_OK, first = TP_OK;

	for (int i = 0; i < (tool->argc ? tool->argc : 1); i++) {
		const char *file = tool->argc && strcmp(tool->argv[i], "-") ? tool->argv[i] : NULL;

		status = weigh_one(out, file, over, is_over, err);
		if (status && (!out->many || status == TP_NOMEM || out->table.cells.status ||
				      out->text->status))
			return status;
		if (status)
			tp_say_error(err);
		first = first ? first : status;
	}
	tool->exit_code = tp_status_exit_code(first);
	return TP_OK;
}

static enum tp_status run(struct tp_run *tool, struct tp_error *err)
{
	struct output out = { .text = &tool->text, .many = tool->argc > 1 };
	enum tp_status status = TP_OK;
	uint64_t over = 0;
	bool is_over = false;

	if (asked.total + asked.attachments + asked.encoded > 1)
		return tp_fail(
			err, TP_USAGE, "--total, --attachments and --encoded exclude each other");
	if (asked.over)
		status = tp_size_parse(asked.over, &over, err);
	if (status)
		return tp_error_prefix(err, "--over");
	tp_table_init(&out.table, out.many ? "lllllrrl" : "llllrrl");
	out.table.cells.max = LIST_MAX;
	tool->text.max = LIST_MAX;
	status = weigh_all(tool, &out, over, &is_over, err);
	if (!status && out.table.count)
		status = tp_table_print(&out.table, tp_stdout_is_terminal(), out.text, err);
	tp_table_release(&out.table);
	if (!status && !tool->exit_code && asked.over && !is_over)
		tool->exit_code = tp_status_exit_code(TP_NOTHING);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_option options[] = {
		{ 'j', "json", NULL, NULL, &asked.json, NULL, NULL,
			"print one JSON object a line" },
		{ 't', "total", NULL, NULL, &asked.total, NULL, NULL, "print the last line only" },
		{ 'a', "attachments", NULL, NULL, &asked.attachments, NULL, NULL,
			"print the weight of the attachments, in decoded bytes" },
		{ 'e', "encoded", NULL, NULL, &asked.encoded, NULL, NULL,
			"print the length of the whole message, in bytes as sent" },
		{ 'o', "over", "SIZE", NULL, NULL, &asked.over, NULL,
			"exit 0 when the attachments weigh more than SIZE, else 1" },
		{ 0 },
	};
	static const struct tp_tool tool = {
		.name = "mime-size",
		.summary = "weigh the parts of mail messages",
		.operands = "[FILE...]",
		.max_operands = -1,
		.options = options,
		.run = run,
	};

	return tp_tool_main(&tool, argc, argv);
}
