/* YAML as a tree of nodes, by libyaml: see yaml.h. */
#include <yaml.h>

#include "base/yaml.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/library.h"

#define LIBRARY   "libyaml-0.so.2"
#define FILE_MAX  (1u << 20)
#define DEPTH_MAX 32

/* Opened by the first text: a tool without a configuration needs none of it. */
static struct {
	__typeof__(&yaml_parser_initialize) parser_initialize;
	__typeof__(&yaml_parser_set_input_string) parser_set_input_string;
	__typeof__(&yaml_parser_parse) parser_parse;
	__typeof__(&yaml_parser_delete) parser_delete;
	__typeof__(&yaml_event_delete) event_delete;
	bool ready;
} yaml;

static enum tp_status open_library(struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "yaml_parser_initialize", &yaml.parser_initialize },
		{ "yaml_parser_set_input_string", &yaml.parser_set_input_string },
		{ "yaml_parser_parse", &yaml.parser_parse },
		{ "yaml_parser_delete", &yaml.parser_delete },
		{ "yaml_event_delete", &yaml.event_delete },
	};
	enum tp_status status = TP_OK;

	if (!yaml.ready)
		status = tp_library_open(
			LIBRARY, "reading YAML needs libyaml", all, sizeof all / sizeof *all, err);
	yaml.ready = !status;
	return status;
}

/* The containers that are open while events arrive; [0] is a sequence that gets the root. */
struct builder {
	const char *name, *text;
	size_t len;
	struct tp_yaml *open[DEPTH_MAX + 2];
	char *key[DEPTH_MAX + 2]; /* key read, value still to come */
	int key_line[DEPTH_MAX + 2], key_column[DEPTH_MAX + 2];
	int depth;
};

__attribute__((format(printf, 5, 0))) static enum tp_status fail_at(struct tp_error *err,
	const char *path, int line, int column, const char *format, va_list args)
{
	char text[TP_ERROR_TEXT_MAX];

	vsnprintf(text, sizeof text, format, args);
	return tp_fail(err, TP_CONFIG, "%s:%d:%d: %s", path, line, column, text);
}

enum tp_status tp_yaml_fail(
	struct tp_error *err, const char *path, const struct tp_yaml *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_at(err, path, node->line, node->column, format, args);
	va_end(args);
	return TP_CONFIG;
}

enum tp_status tp_yaml_fail_key(
	struct tp_error *err, const char *path, const struct tp_yaml *node, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_at(err, path, node->key_line, node->key_column, format, args);
	va_end(args);
	return TP_CONFIG;
}

static void free_items(struct tp_yaml *node)
{
	for (size_t i = 0; i < node->count; i++) {
		tp_yaml_free(node->items[i]);
		if (node->keys)
			free(node->keys[i]);
	}
	free(node->items);
	free(node->keys);
}

void tp_yaml_free(struct tp_yaml *node)
{
	if (!node)
		return;
	free_items(node);
	free(node->text);
	free(node);
}

const struct tp_yaml *tp_yaml_get(const struct tp_yaml *mapping, const char *key)
{
	if (!mapping || mapping->kind != TP_YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (!strcmp(mapping->keys[i], key))
			return mapping->items[i];
	return NULL;
}

static struct tp_yaml *new_node(enum tp_yaml_kind kind, const yaml_event_t *event)
{
	struct tp_yaml *node = calloc(1, sizeof *node);

	if (!node)
		return NULL;
	node->kind = kind;
	node->line = (int)event->start_mark.line + 1;
	node->column = (int)event->start_mark.column + 1;
	return node;
}

/* Puts `node` (owned from here on, also on failure) into the open container. */
static enum tp_status add_item(struct builder *b, struct tp_yaml *node, struct tp_error *err)
{
	struct tp_yaml *into = b->open[b->depth];
	struct tp_yaml **items;
	char **keys;

	if (!node)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
	items = reallocarray(into->items, into->count + 1, sizeof *items);
	if (!items)
		goto nomem;
	into->items = items;
	if (into->kind == TP_YAML_MAPPING) {
		keys = reallocarray(into->keys, into->count + 1, sizeof *keys);
		if (!keys)
			goto nomem;
		into->keys = keys;
		into->keys[into->count] = b->key[b->depth];
		b->key[b->depth] = NULL;
		node->key_line = b->key_line[b->depth];
		node->key_column = b->key_column[b->depth];
	}
	into->items[into->count++] = node;
	return TP_OK;
nomem:
	tp_yaml_free(node);
	return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
}

static enum tp_status take_scalar(
	struct builder *b, const yaml_event_t *event, struct tp_error *err)
{
	struct tp_yaml *into = b->open[b->depth], *node;
	const char *text = (const char *)event->data.scalar.value;
	bool empty = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		     (!*text || !strcmp(text, "~") || !strcmp(text, "null"));

	node = new_node(TP_YAML_SCALAR, event);
	if (!node)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
	if (strlen(text) != event->data.scalar.length) {
		enum tp_status status = tp_yaml_fail(err, b->name, node, "NUL in a value");

		tp_yaml_free(node);
		return status;
	}
	node->text = empty ? NULL : strdup(text);
	if (!empty && !node->text) {
		tp_yaml_free(node);
		return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
	}
	if (into->kind != TP_YAML_MAPPING || b->key[b->depth])
		return add_item(b, node, err);
	if (empty || tp_yaml_get(into, text)) {
		enum tp_status status = tp_yaml_fail(err, b->name, node,
			empty ? "an empty key" : "'%s' stands here twice", text);

		tp_yaml_free(node);
		return status;
	}
	b->key[b->depth] = node->text;
	b->key_line[b->depth] = node->line;
	b->key_column[b->depth] = node->column;
	node->text = NULL;
	tp_yaml_free(node);
	return TP_OK;
}

static enum tp_status open_container(
	struct builder *b, enum tp_yaml_kind kind, const yaml_event_t *event, struct tp_error *err)
{
	struct tp_yaml *into = b->open[b->depth], *node = new_node(kind, event);
	enum tp_status status;

	if (!node)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
	if (into->kind == TP_YAML_MAPPING && !b->key[b->depth])
		status = tp_yaml_fail(err, b->name, node, "a key must be a word");
	else if (b->depth >= DEPTH_MAX)
		status = tp_yaml_fail(err, b->name, node, "more than %d levels", DEPTH_MAX);
	else
		status = TP_OK;
	if (status) {
		tp_yaml_free(node);
		return status;
	}
	status = add_item(b, node, err);
	if (!status)
		b->open[++b->depth] = node;
	return status;
}

static enum tp_status refuse(
	struct builder *b, const yaml_event_t *event, const char *what, struct tp_error *err)
{
	return tp_fail(err, TP_CONFIG, "%s:%d:%d: %s", b->name, (int)event->start_mark.line + 1,
		(int)event->start_mark.column + 1, what);
}

static enum tp_status take_event(struct builder *b, const yaml_event_t *event, struct tp_error *err)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		if (event->data.scalar.anchor || event->data.scalar.tag)
			return refuse(b, event, "anchors and tags are not read here", err);
		return take_scalar(b, event, err);
	case YAML_SEQUENCE_START_EVENT:
		if (event->data.sequence_start.anchor || event->data.sequence_start.tag)
			return refuse(b, event, "anchors and tags are not read here", err);
		return open_container(b, TP_YAML_SEQUENCE, event, err);
	case YAML_MAPPING_START_EVENT:
		if (event->data.mapping_start.anchor || event->data.mapping_start.tag)
			return refuse(b, event, "anchors and tags are not read here", err);
		return open_container(b, TP_YAML_MAPPING, event, err);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return TP_OK;
	case YAML_ALIAS_EVENT:
		return refuse(b, event, "aliases are not read here", err);
	default:
		return TP_OK;
	}
}

/* Why the parser gave up. Where its input is no text (bad UTF-8) it says an offset only. */
static enum tp_status parser_failed(
	const yaml_parser_t *parser, const struct builder *b, struct tp_error *err)
{
	size_t line = parser->problem_mark.line + 1, column = parser->problem_mark.column + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", b->name);
	if (parser->error == YAML_READER_ERROR) {
		line = column = 1;
		for (size_t i = 0; i < parser->problem_offset && i < b->len; i++) {
			bool new_line = b->text[i] == '\n';

			/* Columns count characters, so the inner bytes of one do not. */
			column = new_line ? 1 : column + ((b->text[i] & 0xc0) != 0x80);
			line += new_line;
		}
	}
	return tp_fail(err, TP_CONFIG, "%s:%zu:%zu: %s", b->name, line, column,
		parser->problem ? parser->problem : "not YAML");
}

static enum tp_status read_events(yaml_parser_t *parser, struct builder *b, struct tp_error *err)
{
	enum tp_status status = TP_OK;
	yaml_event_type_t type = YAML_NO_EVENT;
	yaml_event_t event;

	while (!status && type != YAML_STREAM_END_EVENT) {
		if (!yaml.parser_parse(parser, &event))
			return parser_failed(parser, b, err);
		type = event.type;
		if (type == YAML_DOCUMENT_START_EVENT && b->open[0]->count)
			status = refuse(b, &event, "a second document", err);
		else
			status = take_event(b, &event, err);
		yaml.event_delete(&event);
	}
	return status;
}

/* Takes the root out of the builder's container; an empty document is an empty mapping. */
static struct tp_yaml *take_root(struct tp_yaml *top)
{
	struct tp_yaml *root = top->count ? top->items[0] : NULL;

	if (root) {
		top->count = 0;
	} else {
		root = calloc(1, sizeof *root);
		if (root)
			root->line = root->column = 1;
	}
	if (root && root->kind == TP_YAML_SCALAR && !root->text)
		root->kind = TP_YAML_MAPPING;
	return root;
}

enum tp_status tp_yaml_parse(
	const char *name, const char *text, size_t len, struct tp_yaml **root, struct tp_error *err)
{
	struct tp_yaml top = { .kind = TP_YAML_SEQUENCE };
	struct builder b = { .name = name, .text = text, .len = len, .open = { &top } };
	enum tp_status status = TP_OK;
	yaml_parser_t parser;

	*root = NULL;
	if (len) {
		status = open_library(err);
		if (status)
			return status;
		if (!yaml.parser_initialize(&parser))
			return tp_fail(err, TP_NOMEM, "%s: out of memory", name);
		yaml.parser_set_input_string(&parser, (const unsigned char *)text, len);
		status = read_events(&parser, &b, err);
		yaml.parser_delete(&parser);
	}
	if (!status) {
		*root = take_root(&top);
		if (!*root)
			status = tp_fail(err, TP_NOMEM, "%s: out of memory", name);
	}
	for (int i = 0; i <= DEPTH_MAX + 1; i++)
		free(b.key[i]);
	free_items(&top);
	return status;
}

enum tp_status tp_yaml_load(const char *path, struct tp_yaml **root, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	enum tp_status status = tp_file_read(path, &text, err);

	*root = NULL;
	if (!status)
		status = tp_yaml_parse(path, tp_buf_str(&text), text.len, root, err);
	tp_buf_release(&text);
	return status;
}
