/*
 * link-inject: stubs of detached attachments become text that people read. Any other text can take
 * the same way. The message comes out unchanged when there is nothing to say.
 */
#include <strings.h>

#include "base/diag.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/tool.h"
#include "mime/body.h"
#include "mime/header.h"
#include "mime/body.h"
#include "mime/inject.h"
#include "mime/links.h"
#include "mime/rewrite.h"
#include "mime/template.h"

#define FILE_MAX  ((size_t)16 * 1024 * 1024)
#define LINES_MAX 100 /* of the log, about stubs that stay */

static const char *links_file, *text_file, *html_file;
static bool keep_stubs;

static const struct tp_option options[] = {
	{ 0, "position", "head|foot", "inject.position", NULL, NULL, NULL,
		"put the text at the head or the foot of the mail" },
	{ 0, "template", "FILE", "inject.template", NULL, NULL, NULL,
		"template of the block of links in plain text" },
	{ 0, "html-template", "FILE", "inject.html_template", NULL, NULL, NULL,
		"template of the block of links in HTML" },
	{ 0, "lang", "en|fr|de|es|auto", "inject.lang", NULL, NULL, NULL,
		"language of the built-in templates, of sizes and of dates" },
	{ 0, "links", "FILE", NULL, NULL, &links_file, NULL,
		"show these links, a JSON object a line, instead of the stubs" },
	{ 0, "text", "FILE", NULL, NULL, &text_file, NULL,
		"inject this text, a template, instead of links" },
	{ 0, "html", "FILE", NULL, NULL, &html_file, NULL,
		"HTML version of --text; without it the text is made HTML" },
	{ 0, "trust", "own|any", "inject.trust", NULL, NULL, NULL,
		"make links of our own sealed stubs only, or of any external body" },
	{ 0, "keep-stubs", NULL, NULL, &keep_stubs, NULL, NULL,
		"leave the stubs in the mail, too" },
	{ 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL },
};

struct work {
	struct tp_run *run;
	const char *data;
	size_t len;
	struct tp_tree tree;
	struct tp_links links;
	bool *stubs;  /* a flag for each part: shown as a link */
	size_t left;  /* external bodies that stay */
	bool misfits; /* some of them carry a seal that is not ours */
	bool has_secret;
	unsigned char secret[TP_SECRET_BYTES]; /* loaded by the first sealed stub */
	const char *lang;
	struct tp_buf text;
	struct tp_buf html;
};

/* --- links ------------------------------------------------------------------------------------ */

static void log_left(struct work *work, uint32_t part, const char *why)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);

	if (work->left++ >= LINES_MAX) {
		if (work->left == LINES_MAX + 1)
			tp_notice("(and perhaps more)");
		return;
	}
	tp_tree_name(&work->tree, part, &path);
	tp_notice("part %.100s: external body left as it is: %s", tp_buf_str(&path), why);
	tp_buf_release(&path);
}

/* Whether the link of a stub may be shown: TP_NOTHING when the part stays what it is. */
static enum tp_status judge(
	struct work *work, uint32_t part, const struct tp_link *link, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (!strcmp(tp_conf_str(work->run->conf, "inject.trust"), "any")) {
		if (tp_link_url_is_safe(link->url, true))
			return TP_OK;
		log_left(work, part, "its URL is not for the web");
		return TP_NOTHING;
	}
	if (!link->seal[0]) {
		log_left(work, part, "it does not carry our seal");
		return TP_NOTHING;
	}
	if (!work->has_secret)
		status = tp_secret_load(work->run->conf, work->secret, err);
	if (!status) {
		work->has_secret = true;
		status = tp_stub_verify(link, work->secret, err);
	}
	if (status == TP_NOTHING) {
		work->misfits = true;
		log_left(work, part, "its seal is of another secret, or it was altered");
	}
	return status;
}

static enum tp_status collect_stub(struct work *work, uint32_t part, struct tp_error *err)
{
	struct tp_link link;
	struct tp_field field;
	enum tp_status status;

	status = tp_stub_parse(&work->tree, work->data, part, &link, err);
	if (status == TP_LIMIT) { /* none of ours: we write short ones */
		log_left(work, part, "a value in it is too long to be read");
		status = TP_NOTHING;
	}
	if (status)
		return status;
	status = judge(work, part, &link, err);
	if (!status &&
		tp_header_find(work->data, work->tree.parts[part].header, TP_STUB_SHOWN, &field)) {
		log_left(work, part, "its link is shown already");
		status = TP_NOTHING;
	}
	if (status) {
		tp_link_release(&link);
		return status;
	}
	if (!work->stubs)
		work->stubs = calloc(work->tree.count, sizeof *work->stubs);
	if (!work->stubs) {
		tp_link_release(&link);
		return tp_fail(err, TP_NOMEM, "stubs: out of memory");
	}
	work->stubs[part] = true;
	return tp_links_add(&work->links, &link, err);
}

static enum tp_status collect_stubs(struct work *work, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (uint32_t i = 0; i < work->tree.count && (!status || status == TP_NOTHING);) {
		if (tp_part_is_sealed(&work->tree, work->data, i)) {
			i = tp_tree_subtree_end(&work->tree, i);
			continue;
		}
		if (work->tree.parts[i].kind == TP_PART_LEAF)
			status = collect_stub(work, i, err);
		i++;
	}
	/* Mostly another site's, but two machines of ours without a common secret look the same. */
	if (work->misfits)
		tp_warn("stubs with a seal that is not ours are left: see secret_file, if they "
			"should be");
	return status == TP_NOTHING ? TP_OK : status;
}

static enum tp_status read_links(struct work *work, struct tp_error *err)
{
	struct tp_buf file = TP_BUF_INIT(FILE_MAX);
	enum tp_status status = tp_file_read(links_file, &file, err);

	if (!status)
		status = tp_links_read(tp_buf_str(&file), file.len, links_file, &work->links, err);
	tp_buf_release(&file);
	return status;
}

/* --- texts ------------------------------------------------------------------------------------ */

/* A language that we write, named by the first subtag of the part's Content-Language. */
static const char *part_language(const struct work *work, uint32_t part)
{
	static const char *const ours[] = { "en", "fr", "de", "es" };
	struct tp_buf value = TP_BUF_INIT(4096);
	struct tp_field field;
	const char *found = NULL;
	size_t len;

	if (tp_header_find(work->data, work->tree.parts[part].header, "Content-Language", &field))
		tp_header_unfold(work->data, field.value, &value);
	len = strcspn(tp_buf_str(&value), "-_, \t(;");
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (len == 2 && !strncasecmp(value.data, ours[i], 2))
			found = ours[i];
	tp_buf_release(&value);
	return found;
}

/* The message's language, else that of its first text: programs that build mails write the field
 * (RFC 3282) at either place, some move it from the first to the second. */
static enum tp_status mail_language(struct work *work, struct tp_error *err)
{
	struct tp_bodies bodies = TP_BODIES_INIT;
	enum tp_status status;

	work->lang = part_language(work, 0);
	if (work->lang)
		return TP_OK;
	status = tp_bodies_find(&work->tree, work->data, work->stubs, &bodies, err);
	if (!status && bodies.count)
		work->lang = part_language(work, bodies.parts[0]);
	tp_bodies_release(&bodies);
	return status;
}

static enum tp_status choose_language(struct work *work, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	work->lang = tp_conf_str(work->run->conf, "inject.lang");
	if (!strcmp(work->lang, "auto"))
		status = mail_language(work, err);
	if (!work->lang)
		work->lang = tp_conf_str(work->run->conf, "inject.default_lang");
	return status;
}

static enum tp_status fill(const struct work *work, const char *name, const char *template,
	size_t len, bool html, struct tp_buf *out, struct tp_error *err)
{
	struct tp_template_facts facts = { work->links.list, work->links.count, work->lang,
		&work->tree, work->data };
	struct tp_template *compiled;
	enum tp_status status;

	status = tp_template_compile(name, template, len, html, &compiled, err);
	if (!status)
		status = tp_template_render(compiled, &facts, out, err);
	tp_template_free(compiled);
	return status;
}

static enum tp_status fill_file(const struct work *work, const char *path, bool html,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf file = TP_BUF_INIT(FILE_MAX);
	enum tp_status status = tp_file_read(path, &file, err);

	if (!status)
		status = fill(work, path, tp_buf_str(&file), file.len, html, out, err);
	tp_buf_release(&file);
	return status;
}

/* Both texts. HTML comes from its own file, else from the text's file when that is the user's. */
static enum tp_status make_texts(struct work *work, struct tp_error *err)
{
	const struct tp_conf *conf = work->run->conf;
	const char *text = text_file ? text_file : tp_conf_str(conf, "inject.template");
	const char *html = text_file ? html_file : tp_conf_str(conf, "inject.html_template");
	const char *built_in;
	enum tp_status status = choose_language(work, err);

	if (status)
		return status;
	if (text) {
		status = fill_file(work, text, false, &work->text, err);
	} else {
		built_in = tp_template_builtin(work->lang, false);
		status = fill(work, "built-in template", built_in, strlen(built_in), false,
			&work->text, err);
	}
	if (status)
		return status;
	if (html)
		return fill_file(work, html, true, &work->html, err);
	if (text) {
		tp_template_text_to_html(tp_buf_str(&work->text), work->text.len, &work->html);
		return tp_buf_status(&work->html, "HTML version of the text", err);
	}
	built_in = tp_template_builtin(work->lang, true);
	return fill(work, "built-in template", built_in, strlen(built_in), true, &work->html, err);
}

/* --- the message ------------------------------------------------------------------------------ */

/* Carries the edits out, proves the result, writes it. */
static enum tp_status write_edited(const struct work *work, struct tp_edits *edits,
	const struct tp_intent *intent, struct tp_error *err)
{
	struct tp_spool result = TP_SPOOL_INIT;
	enum tp_status status;

	status = tp_rewrite(&work->tree, work->data, work->len, edits, intent, &result, err);
	if (!status)
		status = tp_stdout_write(result.data, result.len, err);
	tp_spool_release(&result);
	return status;
}

static void log_way(enum tp_inject_way way, size_t links)
{
	static const char *const ways[] = {
		[TP_INJECT_INSIDE] = "in its text",
		[TP_INJECT_ADDED] = "in a part of its own: the mail has no text to change",
		[TP_INJECT_WRAPPED] = "beside the mail: it has no text that may be changed",
		[TP_INJECT_REPLACED] = "as its text: nothing else is left",
		[TP_INJECT_NOWHERE] = "nowhere: the mail is signed, encrypted or a report",
	};

	if (text_file)
		tp_notice("text injected %s", ways[way]);
	else
		tp_notice("%zu link%s injected %s", links, links == 1 ? "" : "s", ways[way]);
}

/* Edits the mail and writes it, if the result is what was meant: TP_INTERNAL when it is not. */
static enum tp_status try_inject(
	struct work *work, bool beside, bool *removed, struct tp_error *err)
{
	struct tp_edits edits = TP_EDITS_INIT;
	struct tp_intent intent = TP_INTENT_INIT;
	struct tp_inject what = {
		.text = tp_buf_str(&work->text),
		.text_len = work->text.len,
		.html = tp_buf_str(&work->html),
		.html_len = work->html.len,
		.foot = !strcmp(tp_conf_str(work->run->conf, "inject.position"), "foot"),
		.wrap_sealed = work->links.count > 0,
		.beside = beside,
		.kept = keep_stubs ? work->stubs : NULL,
		.removed = removed,
	};
	enum tp_inject_way way;
	enum tp_status status;

	status = tp_inject(&work->tree, work->data, work->len, &what, &edits, &intent, &way, err);
	if (!status)
		status = write_edited(work, &edits, &intent, err);
	if (!status)
		log_way(way, work->links.count);
	tp_edits_release(&edits);
	tp_intent_release(&intent);
	return status;
}

/* A mail can be so broken that an edit changes how the rest of it is read (multiparts in multiparts
 * with one boundary). Then the less is touched the better: first the bodies are left alone, then
 * the stubs, too. */
static enum tp_status inject(struct work *work, struct tp_error *err)
{
	bool *removed = keep_stubs ? NULL : work->stubs;
	enum tp_status status = try_inject(work, false, removed, err);

	if (status == TP_INTERNAL) {
		tp_notice("%s; trying a part of its own", err->text);
		status = try_inject(work, true, removed, err);
	}
	if (status == TP_INTERNAL && removed) {
		tp_notice("%s; trying to keep the stubs", err->text);
		status = try_inject(work, true, NULL, err);
	}
	return status;
}

static enum tp_status work_on(struct work *work, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (html_file && !text_file)
		return tp_fail(err, TP_USAGE, "--html goes with --text");
	if (links_file && text_file)
		return tp_fail(err, TP_USAGE, "--links and --text exclude one another");
	if (links_file)
		status = read_links(work, err);
	else if (!text_file)
		status = collect_stubs(work, err);
	if (status)
		return status;
	if (!text_file && !work->links.count)
		return tp_stdout_write(work->data, work->len, err);
	status = make_texts(work, err);
	if (!status && !work->text.len)
		return tp_stdout_write(work->data, work->len, err);
	return status ? status : inject(work, err);
}

static enum tp_status run_link_inject(struct tp_run *run, struct tp_error *err)
{
	struct work work = { .run = run, .data = run->message.data, .len = run->message.len };
	enum tp_status status;

	tp_buf_init(&work.text, TP_TEMPLATE_OUTPUT_MAX);
	tp_buf_init(&work.html, TP_TEMPLATE_OUTPUT_MAX);
	status = tp_tree_scan(&work.tree, work.data, work.len, &tp_tree_default_limits, err);
	if (status == TP_LIMIT) {
		/* No mail that people write: making it wait would only make it come back. */
		tp_warn("passed unchanged: %s", err->text);
		return tp_stdout_write(work.data, work.len, err);
	}
	if (status)
		return status;
	status = work_on(&work, err);
	explicit_bzero(work.secret, sizeof work.secret);
	tp_links_release(&work.links);
	free(work.stubs);
	tp_buf_release(&work.text);
	tp_buf_release(&work.html);
	tp_tree_release(&work.tree);
	return status;
}

int main(int argc, char **argv)
{
	static const struct tp_tool tool = {
		.name = "link-inject",
		.summary =
			"turn the stubs of detached attachments, or any text, into text of a mail",
		.operands = "",
		.max_operands = 0,
		.carries_mail = true,
		.options = options,
		.run = run_link_inject,
	};

	return tp_tool_main(&tool, argc, argv);
}
