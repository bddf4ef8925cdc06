/* Reading recipes: see recipe.h. */
#include "drop/recipe.h"

#include "base/pattern.h"
#include "base/units.h"

/* What may stand where. */
static const char *const root_keys[] = { "about", "settings", "limits", "put", "undo", "send",
	"result", NULL };
static const char *const setting_keys[] = { "about", "required", "secret", "default", NULL };
static const char *const limit_keys[] = { "size", "expire", NULL };
static const char *const result_keys[] = { "url", "delete_url", "expires", NULL };
static const char *const step_keys[] = { "name", "method", "url", "headers", "basic", "body",
	"text", "json", "form", "multipart", "chunk", "over", "upto", "when", "unless", "on",
	"success", "again", "take", NULL };
static const char *const basic_keys[] = { "user", "password", NULL };
static const char *const take_keys[] = { "json", "header", "regex", "optional", NULL };

/* Variables that are there from the beginning. */
static const char *const put_variables[] = { "name", "type", "size", "sha256", "expires", "sender",
	"recipients", "key", "token", NULL };
static const char *const send_variables[] = { "sender", "recipients", "subject", "text", "html",
	"links", "token", "key", NULL };

struct reader {
	struct tp_recipe *recipe;
	struct tp_vars known; /* values do not matter */
	struct tp_error *err;
};

static enum tp_status bad(struct reader *reader, const struct tp_yaml *node, const char *why)
{
	return tp_yaml_fail(reader->err, reader->recipe->path, node, "%s", why);
}

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

static enum tp_status expect_mapping(struct reader *reader, const struct tp_yaml *node,
	const char *what, const char *const *keys)
{
	if (node->kind != TP_YAML_MAPPING)
		return tp_yaml_fail(
			reader->err, reader->recipe->path, node, "%s: not a mapping", what);
	for (size_t i = 0; keys && i < node->count; i++)
		if (!is_one_of(node->keys[i], keys))
			return tp_yaml_fail_key(reader->err, reader->recipe->path, node->items[i],
				"%s: unknown key '%s'", what, node->keys[i]);
	return TP_OK;
}

/* The text under `key`, or NULL. */
static enum tp_status get_text(
	struct reader *reader, const struct tp_yaml *mapping, const char *key, const char **text)
{
	const struct tp_yaml *node = tp_yaml_get(mapping, key);

	*text = NULL;
	if (!node)
		return TP_OK;
	if (node->kind != TP_YAML_SCALAR || !node->text)
		return tp_yaml_fail(reader->err, reader->recipe->path, node, "%s: not a text", key);
	*text = node->text;
	return TP_OK;
}

static enum tp_status check_template(struct reader *reader, const struct tp_yaml *node)
{
	enum tp_status status;
	struct tp_error why;

	if (node->kind != TP_YAML_SCALAR)
		return bad(reader, node, "not a text");
	status = node->text ? tp_template_check(&reader->known, node->text, &why) : TP_OK;
	return status ? bad(reader, node, why.text) : TP_OK;
}

static enum tp_status get_template(
	struct reader *reader, const struct tp_yaml *mapping, const char *key, const char **text)
{
	enum tp_status status = get_text(reader, mapping, key, text);

	if (!status && *text)
		status = check_template(reader, tp_yaml_get(mapping, key));
	return status;
}

static enum tp_status get_bool(
	struct reader *reader, const struct tp_yaml *mapping, const char *key, bool *value)
{
	const char *text;
	enum tp_status status = get_text(reader, mapping, key, &text);

	if (status || !text)
		return status;
	if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
		return bad(reader, tp_yaml_get(mapping, key), "neither yes nor no");
	*value = *text == 'y';
	return TP_OK;
}

static enum tp_status get_size(
	struct reader *reader, const struct tp_yaml *mapping, const char *key, uint64_t *value)
{
	struct tp_error why;
	const char *text;
	enum tp_status status = get_text(reader, mapping, key, &text);

	if (!status && text && tp_size_parse(text, value, &why))
		return bad(reader, tp_yaml_get(mapping, key), why.text);
	return status;
}

/* Templates as the values of a mapping. */
static enum tp_status get_templates(struct reader *reader, const struct tp_yaml *step,
	const char *key, const struct tp_yaml **mapping)
{
	enum tp_status status = TP_OK;

	*mapping = tp_yaml_get(step, key);
	if (!*mapping)
		return TP_OK;
	status = expect_mapping(reader, *mapping, key, NULL);
	for (size_t i = 0; !status && i < (*mapping)->count; i++)
		status = check_template(reader, (*mapping)->items[i]);
	return status;
}

static enum tp_status get_codes(struct reader *reader, const struct tp_yaml *step, const char *key,
	int codes[TP_RECIPE_CODES])
{
	const struct tp_yaml *node = tp_yaml_get(step, key), *item;
	size_t count;
	char *end;
	long code;

	if (!node)
		return TP_OK;
	count = node->kind == TP_YAML_SEQUENCE ? node->count : 1;
	if (node->kind == TP_YAML_MAPPING || count >= TP_RECIPE_CODES)
		return bad(reader, node, "not a list of status codes");
	for (size_t i = 0; i < count; i++) {
		item = node->kind == TP_YAML_SEQUENCE ? node->items[i] : node;
		code = item->text ? strtol(item->text, &end, 10) : 0;
		if (code < 100 || code > 599 || *end)
			return bad(reader, item, "not a status code");
		codes[i] = (int)code;
	}
	return TP_OK;
}

/* --- steps ------------------------------------------------------------------------------------ */

static enum tp_status read_basic(
	struct reader *reader, const struct tp_yaml *node, struct tp_recipe_step *step)
{
	const struct tp_yaml *basic = tp_yaml_get(node, "basic");
	enum tp_status status;

	if (!basic)
		return TP_OK;
	status = expect_mapping(reader, basic, "basic", basic_keys);
	if (!status)
		status = get_template(reader, basic, "user", &step->user);
	if (!status)
		status = get_template(reader, basic, "password", &step->password);
	if (!status && (!step->user || !step->password))
		status = bad(reader, basic, "basic: needs user and password");
	return status;
}

/* Exactly one of them, or none. */
static enum tp_status read_body(
	struct reader *reader, const struct tp_yaml *node, struct tp_recipe_step *step)
{
	static const struct {
		const char *key;
		enum tp_recipe_body kind;
	} kinds[] = { { "body", TP_BODY_FILE }, { "text", TP_BODY_TEXT }, { "json", TP_BODY_JSON },
		{ "form", TP_BODY_FORM }, { "multipart", TP_BODY_MULTIPART } };
	const struct tp_yaml *mapping;
	const char *text;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (!tp_yaml_get(node, kinds[i].key))
			continue;
		if (step->body)
			return bad(reader, tp_yaml_get(node, kinds[i].key),
				"a step has one body: body, text, json, form or multipart");
		step->body = tp_yaml_get(node, kinds[i].key);
		step->kind = kinds[i].kind;
	}
	if (step->kind == TP_BODY_FORM || step->kind == TP_BODY_MULTIPART)
		return get_templates(
			reader, node, step->kind == TP_BODY_FORM ? "form" : "multipart", &mapping);
	if (step->kind == TP_BODY_TEXT || step->kind == TP_BODY_JSON)
		return get_template(
			reader, node, step->kind == TP_BODY_TEXT ? "text" : "json", &text);
	if (step->kind == TP_BODY_FILE && (!step->body->text || strcmp(step->body->text, "file")))
		return bad(reader, step->body, "body: can only be `file`");
	return TP_OK;
}

/* Where an extracted value comes from, and that later steps may use it. */
static enum tp_status read_take(struct reader *reader, const char *name, const struct tp_yaml *node)
{
	enum tp_status status = expect_mapping(reader, node, "take", take_keys);
	const char *json, *header, *regex;
	struct tp_pattern *pattern = NULL;
	struct tp_error why;
	bool optional;

	if (!status)
		status = get_text(reader, node, "json", &json);
	if (!status)
		status = get_text(reader, node, "header", &header);
	if (!status)
		status = get_text(reader, node, "regex", &regex);
	if (!status)
		status = get_bool(reader, node, "optional", &optional);
	if (status)
		return status;
	if ((json && (header || regex)) || (!json && !header && !regex))
		return bad(reader, node, "take: needs json, or header, or regex, or the last two");
	if (json && *json && *json != '/')
		return bad(reader, tp_yaml_get(node, "json"), "json: a pointer begins with /");
	if (regex && tp_pattern_regex(regex, &pattern, &why))
		return bad(reader, tp_yaml_get(node, "regex"), why.text);
	tp_pattern_free(pattern);
	return tp_vars_set(&reader->known, name, "", false, reader->err);
}

static enum tp_status read_takes(
	struct reader *reader, const struct tp_yaml *node, struct tp_recipe_step *step)
{
	enum tp_status status = TP_OK;

	step->take = tp_yaml_get(node, "take");
	if (step->take)
		status = expect_mapping(reader, step->take, "take", NULL);
	for (size_t i = 0; !status && step->take && i < step->take->count; i++)
		status = read_take(reader, step->take->keys[i], step->take->items[i]);
	return status;
}

/* The methods that may be repeated without harm (RFC 9110 9.2.2, RFC 4918). MOVE is not one. */
static bool is_idempotent(const char *method)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "MKCOL",
		"PROPFIND", NULL };

	return is_one_of(method, methods);
}

static bool is_method(const char *method)
{
	return *method && strlen(method) < 32 &&
	       !method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static enum tp_status read_conditions(struct reader *reader, const struct tp_yaml *node,
	struct tp_recipe_step *step, size_t number)
{
	enum tp_status status = get_template(reader, node, "when", &step->when);

	if (!status)
		status = get_template(reader, node, "unless", &step->unless);
	if (!status)
		status = get_size(reader, node, "over", &step->over);
	if (!status)
		status = get_size(reader, node, "upto", &step->upto);
	if (!status)
		status = get_codes(reader, node, "on", step->on);
	if (!status && step->on[0] && !number)
		status = bad(reader, tp_yaml_get(node, "on"), "on: there is no step before");
	if (!status)
		status = get_codes(reader, node, "success", step->success);
	return status;
}

static enum tp_status read_request(
	struct reader *reader, const struct tp_yaml *node, struct tp_recipe_step *step)
{
	enum tp_status status = get_text(reader, node, "name", &step->name);

	if (!status)
		status = get_text(reader, node, "method", &step->method);
	if (!status && step->method && !is_method(step->method))
		status = bad(reader, tp_yaml_get(node, "method"), "not a method");
	if (!status && (!step->name || !step->method || !tp_yaml_get(node, "url")))
		status = bad(reader, node, "a step needs name, method and url");
	if (!status)
		status = get_size(reader, node, "chunk", &step->chunk);
	if (!status && step->chunk) {
		status = tp_vars_set(&reader->known, "chunk", "", false, reader->err);
		if (!status)
			status = tp_vars_set(&reader->known, "offset", "", false, reader->err);
	}
	if (!status)
		status = get_template(reader, node, "url", &step->url);
	if (!status)
		status = get_templates(reader, node, "headers", &step->headers);
	if (!status)
		status = read_basic(reader, node, step);
	if (!status)
		status = read_body(reader, node, step);
	if (!status && step->chunk && step->kind != TP_BODY_FILE)
		status = bad(reader, node, "chunk: only with `body: file`");
	return status;
}

static enum tp_status read_step(struct reader *reader, const struct tp_yaml *node,
	struct tp_recipe_step *step, size_t number)
{
	enum tp_status status = expect_mapping(reader, node, "step", step_keys);

	step->node = node;
	if (!status)
		status = read_request(reader, node, step);
	if (!status)
		status = read_conditions(reader, node, step, number);
	if (!status) {
		step->again = is_idempotent(step->method);
		status = get_bool(reader, node, "again", &step->again);
	}
	return status ? status : read_takes(reader, node, step);
}

static enum tp_status read_steps(
	struct reader *reader, const char *key, struct tp_recipe_steps *steps)
{
	const struct tp_yaml *node = tp_yaml_get(reader->recipe->root, key);
	enum tp_status status = TP_OK;

	if (!node)
		return TP_OK;
	if (node->kind != TP_YAML_SEQUENCE)
		return tp_yaml_fail(
			reader->err, reader->recipe->path, node, "%s: not a list of steps", key);
	steps->list = calloc(node->count + 1, sizeof *steps->list);
	if (!steps->list)
		return tp_fail(reader->err, TP_NOMEM, "reading a recipe: out of memory");
	for (; !status && steps->count < node->count; steps->count++)
		status = read_step(reader, node->items[steps->count], &steps->list[steps->count],
			steps->count);
	return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

static enum tp_status know(struct reader *reader, const char *const *names)
{
	enum tp_status status = TP_OK;

	for (; !status && *names; names++)
		status = tp_vars_set(&reader->known, *names, "", false, reader->err);
	return status;
}

static enum tp_status read_settings(struct reader *reader)
{
	const struct tp_yaml *settings = tp_yaml_get(reader->recipe->root, "settings");
	enum tp_status status;
	bool flag;

	if (!settings)
		return TP_OK;
	reader->recipe->settings = settings;
	status = expect_mapping(reader, settings, "settings", NULL);
	for (size_t i = 0; !status && i < settings->count; i++) {
		status = expect_mapping(reader, settings->items[i], "setting", setting_keys);
		if (!status)
			status = get_bool(reader, settings->items[i], "secret", &flag);
		if (!status)
			status = get_bool(reader, settings->items[i], "required", &flag);
		if (!status && (is_one_of(settings->keys[i], put_variables) ||
				       is_one_of(settings->keys[i], send_variables)))
			status =
				bad(reader, settings->items[i], "a setting with a variable's name");
		if (!status)
			status = tp_vars_set(
				&reader->known, settings->keys[i], "", false, reader->err);
	}
	return status;
}

static enum tp_status read_limits(struct reader *reader)
{
	const struct tp_yaml *limits = tp_yaml_get(reader->recipe->root, "limits");
	enum tp_status status;
	struct tp_error why;
	const char *text;

	if (!limits)
		return TP_OK;
	status = expect_mapping(reader, limits, "limits", limit_keys);
	if (!status)
		status = get_size(reader, limits, "size", &reader->recipe->most_bytes);
	if (!status)
		status = get_text(reader, limits, "expire", &text);
	if (!status && text && tp_duration_parse(text, &reader->recipe->most_seconds, &why))
		status = bad(reader, tp_yaml_get(limits, "expire"), why.text);
	return status;
}

static enum tp_status read_result(struct reader *reader)
{
	const struct tp_yaml *result = tp_yaml_get(reader->recipe->root, "result");
	struct tp_recipe *recipe = reader->recipe;
	enum tp_status status;

	if (!result)
		return bad(reader, recipe->root, "put: without a result");
	status = expect_mapping(reader, result, "result", result_keys);
	if (!status)
		status = get_template(reader, result, "url", &recipe->url);
	if (!status && !recipe->url)
		status = bad(reader, result, "result: needs url");
	if (!status)
		status = get_template(reader, result, "delete_url", &recipe->delete_url);
	if (!status)
		status = get_template(reader, result, "expires", &recipe->expires);
	return status;
}

static enum tp_status read_put(struct reader *reader)
{
	enum tp_status status = know(reader, put_variables);

	if (!status)
		status = read_settings(reader);
	if (!status)
		status = read_steps(reader, "put", &reader->recipe->put);
	if (!status && reader->recipe->put.count)
		status = read_result(reader);
	return status ? status : read_steps(reader, "undo", &reader->recipe->undo);
}

static enum tp_status read_send(struct reader *reader)
{
	enum tp_status status;

	tp_vars_release(&reader->known);
	status = know(reader, send_variables);
	if (!status)
		status = read_settings(reader);
	return status ? status : read_steps(reader, "send", &reader->recipe->send);
}

enum tp_status tp_recipe_new(
	const char *path, struct tp_yaml *root, struct tp_recipe **out, struct tp_error *err)
{
	struct tp_recipe *recipe = calloc(1, sizeof *recipe);
	struct reader reader = { .recipe = recipe, .err = err };
	enum tp_status status;

	*out = NULL;
	if (!recipe || !(recipe->path = strdup(path))) {
		tp_yaml_free(root);
		free(recipe);
		return tp_fail(err, TP_NOMEM, "reading a recipe: out of memory");
	}
	recipe->root = root;
	status = expect_mapping(&reader, root, "recipe", root_keys);
	if (!status)
		status = read_limits(&reader);
	if (!status)
		status = read_put(&reader);
	if (!status)
		status = read_send(&reader);
	if (!status && !recipe->put.count && !recipe->send.count)
		status = bad(&reader, recipe->root, "neither put nor send steps");
	tp_vars_release(&reader.known);
	if (status)
		tp_recipe_free(recipe);
	else
		*out = recipe;
	return status;
}

void tp_recipe_free(struct tp_recipe *recipe)
{
	if (!recipe)
		return;
	tp_yaml_free(recipe->root);
	free(recipe->put.list);
	free(recipe->undo.list);
	free(recipe->send.list);
	free(recipe->path);
	free(recipe);
}
