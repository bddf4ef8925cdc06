/* Doing what a recipe says: see recipe_run.h. */
#include "drop/recipe_run.h"

#include "base/json.h"
#include "base/pattern.h"

#define VALUE_MAX (8 << 20)
#define UNDO_MS   5000

static bool has_code(const int *codes, int code)
{
	for (; *codes; codes++)
		if (*codes == code)
			return true;
	return false;
}

/* --- one request ------------------------------------------------------------------------------ */

/* A header whose value comes out empty is left out. */
static enum tp_status build_headers(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	struct tp_strings *headers, bool *secret, struct tp_error *err)
{
	const struct tp_yaml *list = step->headers;
	struct tp_buf value = TP_BUF_INIT(65536);
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && list && i < list->count; i++) {
		const char *text = list->items[i]->text;

		tp_buf_clear(&value);
		status = tp_template_expand(
			&run->vars, text ? text : "", TP_PLACE_TEXT, &value, secret, err);
		if (!status && value.len)
			status = tp_strings_addf(
				headers, err, "%s: %s", list->keys[i], tp_buf_str(&value));
	}
	tp_buf_release(&value);
	return status;
}

static enum tp_status build_basic(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	struct tp_strings *headers, struct tp_error *err)
{
	struct tp_buf user = TP_BUF_INIT(65536), password = TP_BUF_INIT(65536);
	struct tp_buf value = TP_BUF_INIT(1 << 18);
	enum tp_status status = TP_OK;

	if (!step->user)
		return TP_OK;
	status = tp_template_expand(&run->vars, step->user, TP_PLACE_TEXT, &user, NULL, err);
	if (!status)
		status = tp_template_expand(
			&run->vars, step->password, TP_PLACE_TEXT, &password, NULL, err);
	if (!status)
		status = tp_http_basic(tp_buf_str(&user), tp_buf_str(&password), &value, err);
	if (!status)
		status = tp_strings_addf(headers, err, "Authorization: %s", tp_buf_str(&value));
	if (password.data)
		explicit_bzero(password.data, password.len);
	tp_buf_release(&user);
	tp_buf_release(&password);
	tp_buf_release(&value);
	return status;
}

static enum tp_status ask(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	uint64_t offset, const char *what, struct tp_error *err)
{
	struct tp_buf url = TP_BUF_INIT(1 << 20), head = TP_BUF_INIT(4 * (size_t)VALUE_MAX);
	struct tp_buf tail = TP_BUF_INIT(4 * (size_t)VALUE_MAX);
	struct tp_strings headers = TP_STRINGS_INIT;
	struct tp_http_body body;
	struct tp_http_request request = {
		.what = what, .method = step->method, .headers = &headers, .again = step->again
	};
	bool has_body = false;
	enum tp_status status =
		tp_template_expand(&run->vars, step->url, TP_PLACE_URL, &url, NULL, err);

	if (!status && !tp_is_url(tp_buf_str(&url)))
		status = tp_fail(err, TP_CONFIG, "its url does not come out as one");
	if (!status)
		status = build_headers(run, step, &headers, NULL, err);
	if (!status)
		status = build_basic(run, step, &headers, err);
	if (!status)
		status = tp_recipe_body(run, step, offset, &headers, &head, &tail, &body, &has_body,
			&request.secret_body, err);
	if (status) {
		tp_error_prefix(err, "%s", what);
	} else {
		request.url = tp_buf_str(&url);
		request.body = has_body ? &body : NULL;
		status = tp_http_send(run->http, &request, &run->answer, err);
	}
	tp_buf_release(&url);
	tp_buf_release(&head);
	tp_buf_release(&tail);
	tp_strings_release(&headers);
	return status;
}

/* --- what came back --------------------------------------------------------------------------- */

static bool find_json(const struct tp_recipe_run *run, const char *pointer, struct tp_buf *value)
{
	struct tp_json *doc;
	bool found;

	if (tp_json_parse(tp_buf_str(&run->answer.body), run->answer.body.len, &doc, NULL))
		return false;
	found = tp_json_get(doc, pointer, value);
	tp_json_free(doc);
	return found;
}

/* The first group, or the whole match of an expression without one. */
static bool find_regex(const char *text, size_t len, const char *regex, struct tp_buf *value)
{
	struct tp_pattern *pattern;
	size_t begin, end;
	bool found;

	if (tp_pattern_regex(regex, &pattern, NULL))
		return false;
	found = tp_pattern_capture(pattern, text, len, 1, &begin, &end) ||
		tp_pattern_capture(pattern, text, len, 0, &begin, &end);
	if (found)
		tp_buf_add(value, text + begin, end - begin);
	tp_pattern_free(pattern);
	return found;
}

static bool find_value(
	const struct tp_recipe_run *run, const struct tp_yaml *take, struct tp_buf *value)
{
	const struct tp_yaml *json = tp_yaml_get(take, "json"),
			     *header = tp_yaml_get(take, "header");
	const struct tp_yaml *regex = tp_yaml_get(take, "regex");
	struct tp_buf line = TP_BUF_INIT(1 << 20);
	bool found;

	if (json)
		return find_json(run, json->text ? json->text : "", value);
	if (!header)
		return find_regex(
			tp_buf_str(&run->answer.body), run->answer.body.len, regex->text, value);
	if (!regex)
		return tp_http_header(&run->answer, header->text, value);
	found = tp_http_header(&run->answer, header->text, &line) &&
		find_regex(tp_buf_str(&line), line.len, regex->text, value);
	tp_buf_release(&line);
	return found;
}

static bool is_optional(const struct tp_yaml *take)
{
	const struct tp_yaml *node = tp_yaml_get(take, "optional");

	return node && node->text && !strcmp(node->text, "yes");
}

/* What was taken may be a key to something: it is treated as a secret. */
static enum tp_status take_values(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	const char *what, struct tp_error *err)
{
	const struct tp_yaml *take = step->take;
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && take && i < take->count; i++) {
		bool found;

		tp_buf_clear(&value);
		found = find_value(run, take->items[i], &value) && !value.status &&
			strlen(tp_buf_str(&value)) == value.len;
		if (found)
			status = tp_vars_set(
				&run->vars, take->keys[i], tp_buf_str(&value), true, err);
		else if (!is_optional(take->items[i]))
			status = tp_fail(err, TP_UNAVAILABLE, "%s: the answer holds no %s", what,
				take->keys[i]);
	}
	tp_buf_release(&value);
	return status;
}

static enum tp_status expect(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	const char *what, struct tp_error *err)
{
	struct tp_http_request request = { .what = what, .url = "http://the service/" };
	enum tp_status status;

	if (step->success[0] && has_code(step->success, run->answer.code))
		return TP_OK;
	status = tp_http_expect(&request, &run->answer, err);
	if (!status && step->success[0])
		status = tp_fail(err, TP_UNAVAILABLE,
			"%s: the service answered %d, not as expected", what, run->answer.code);
	return status;
}

/* --- steps ------------------------------------------------------------------------------------ */

/* Whether a step right behind is there for this code. */
static bool is_awaited(const struct tp_recipe_steps *steps, size_t at, int code)
{
	for (at++; at < steps->count && steps->list[at].on[0]; at++)
		if (has_code(steps->list[at].on, code))
			return true;
	return false;
}

static enum tp_status is_filled(
	struct tp_recipe_run *run, const char *text, bool *filled, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status =
		tp_template_expand(&run->vars, text, TP_PLACE_TEXT, &value, NULL, err);

	*filled = value.len > 0;
	tp_buf_release(&value);
	return status;
}

static enum tp_status applies(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	bool *does, struct tp_error *err)
{
	uint64_t size = run->item ? run->item->size_bytes : 0;
	enum tp_status status = TP_OK;
	bool filled;

	*does = (!step->on[0] || has_code(step->on, run->answer.code)) &&
		(!step->over || size > step->over) && (!step->upto || size <= step->upto);
	if (*does && step->when) {
		status = is_filled(run, step->when, &filled, err);
		*does = filled;
	}
	if (!status && *does && step->unless) {
		status = is_filled(run, step->unless, &filled, err);
		*does = !filled;
	}
	return status;
}

static enum tp_status set_slice(
	struct tp_recipe_run *run, unsigned number, uint64_t offset, struct tp_error *err)
{
	char text[16];
	enum tp_status status;

	snprintf(text, sizeof text, "%05u", number);
	status = tp_vars_set(&run->vars, "chunk", text, false, err);
	return status ? status : tp_vars_set_int(&run->vars, "offset", (int64_t)offset, err);
}

/* Once, or for every slice of the file. */
static enum tp_status run_step(struct tp_recipe_run *run, const struct tp_recipe_steps *steps,
	size_t at, const char *what, struct tp_error *err)
{
	const struct tp_recipe_step *step = &steps->list[at];
	uint64_t size = run->item && step->chunk ? run->item->size_bytes : 0, offset = 0;
	enum tp_status status = TP_OK;
	unsigned number = 1;

	do {
		if (step->chunk)
			status = set_slice(run, number++, offset, err);
		if (!status)
			status = ask(run, step, offset, what, err);
		if (!status && is_awaited(steps, at, run->answer.code))
			return TP_OK;
		if (!status)
			status = expect(run, step, what, err);
		if (!status)
			status = take_values(run, step, what, err);
		offset += step->chunk;
	} while (!status && offset < size);
	return status;
}

static enum tp_status run_at(struct tp_recipe_run *run, const struct tp_recipe_steps *steps,
	size_t at, struct tp_error *err)
{
	struct tp_buf what = TP_BUF_INIT(4096);
	enum tp_status status;
	bool does;

	tp_buf_addf(&what, "recipe %s: %s", run->name, steps->list[at].name);
	status = tp_buf_status(&what, "a step's name", err);
	if (!status)
		status = applies(run, &steps->list[at], &does, err);
	if (!status && does)
		status = run_step(run, steps, at, tp_buf_str(&what), err);
	tp_buf_release(&what);
	return status;
}

/* Steps may not run: what they would have taken is then empty. */
static enum tp_status clear_takes(
	struct tp_recipe_run *run, const struct tp_recipe_steps *steps, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; i < steps->count; i++) {
		const struct tp_yaml *take = steps->list[i].take;

		for (size_t j = 0; !status && take && j < take->count; j++)
			status = tp_vars_set(&run->vars, take->keys[j], "", true, err);
	}
	return status;
}

enum tp_status tp_recipe_run(
	struct tp_recipe_run *run, const struct tp_recipe_steps *steps, struct tp_error *err)
{
	enum tp_status status = clear_takes(run, steps, err);

	run->answer.code = 0;
	for (size_t i = 0; !status && i < steps->count; i++)
		status = run_at(run, steps, i, err);
	return status;
}

void tp_recipe_undo(struct tp_recipe_run *run, const struct tp_recipe_steps *steps)
{
	if (steps->count)
		tp_http_grace(run->http, UNDO_MS);
	for (size_t i = 0; i < steps->count; i++)
		run_at(run, steps, i, NULL);
}
