/*
 * The recipe store: recipe:NAME, any HTTP service that a YAML file describes; and the diverted
 * mode's sending of a whole mail through one.
 */
#include "base/clock.h"
#include "base/json.h"
#include "drop/recipe_run.h"
#include "drop/store_kind.h"

#define SLACK_SECONDS 60 /* a service's clock, or its rounding */
#define VALUE_MAX     (8 << 20)

struct recipe_store {
	const struct tp_conf *conf;
	char *name;
	struct tp_recipe *recipe;
	struct tp_http *http;
};

static void recipe_close(void *state)
{
	struct recipe_store *store = state;

	tp_http_close(store->http);
	tp_recipe_free(store->recipe);
	free(store->name);
	free(store);
}

static enum tp_status recipe_open(
	const struct tp_conf *conf, const char *where, void **state, struct tp_error *err)
{
	struct recipe_store *store = calloc(1, sizeof *store);
	enum tp_status status;

	if (!store || !(store->name = strdup(where + strlen("recipe:")))) {
		free(store);
		return tp_fail(err, TP_NOMEM, "opening the store: out of memory");
	}
	store->conf = conf;
	status = tp_recipe_open(conf, store->name, &store->recipe, err);
	if (!status)
		status = tp_http_open(conf, &store->http, err);
	if (status)
		recipe_close(store);
	else
		*state = store;
	return status;
}

static void end_run(struct tp_recipe_run *run)
{
	tp_vars_release(&run->vars);
	tp_http_answer_release(&run->answer);
}

static enum tp_status begin_run(struct recipe_store *store, const struct tp_drop_item *item,
	const char *key, struct tp_recipe_run *run, struct tp_error *err)
{
	struct tp_drop_item nothing = { .name = "", .type = "", .key = key };
	char token[TP_TOKEN_SIZE];
	enum tp_status status;

	*run = (struct tp_recipe_run){ .name = store->name,
		.recipe = store->recipe,
		.item = item,
		.http = store->http,
		.answer = TP_HTTP_ANSWER_INIT };
	run->vars.now = tp_now();
	status = tp_recipe_settings(store->recipe, store->conf, store->name, &run->vars, err);
	if (!status)
		status = tp_drop_token(store->conf, item ? item : &nothing, 0, token, err);
	if (!status)
		status = tp_vars_set(&run->vars, "token", token, false, err);
	if (!status)
		status = tp_vars_set(&run->vars, "key", key, false, err);
	return status;
}

/* --- putting ---------------------------------------------------------------------------------- */

static enum tp_status set_item(struct tp_recipe_run *run, int64_t expires, struct tp_error *err)
{
	const struct tp_drop_item *item = run->item;
	const struct {
		const char *name, *value;
	} texts[] = { { "name", item->name }, { "type", item->type }, { "sha256", item->sha256 },
		{ "sender", item->sender }, { "recipients", item->recipients } };
	enum tp_status status = tp_vars_set_int(&run->vars, "size", (int64_t)item->size_bytes, err);

	if (!status)
		status = tp_vars_set_int(&run->vars, "expires", expires, err);
	for (size_t i = 0; !status && i < sizeof texts / sizeof *texts; i++)
		status = tp_vars_set(&run->vars, texts[i].name, texts[i].value, false, err);
	return status;
}

/* A template of the result; NULL in *value when it comes out empty. */
static enum tp_status make_url(struct tp_recipe_run *run, const char *text, const char *what,
	char **value, struct tp_error *err)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	enum tp_status status = tp_template_expand(&run->vars, text, TP_PLACE_URL, &out, NULL, err);

	if (!status && !tp_is_url(tp_buf_str(&out)))
		status = tp_fail(err, TP_UNAVAILABLE, "it does not come out as a URL");
	if (status)
		tp_error_prefix(err, "recipe %s: %s", run->name, what);
	else if (!(*value = tp_buf_detach(&out)))
		status = tp_fail(err, TP_NOMEM, "recipe %s: out of memory", run->name);
	tp_buf_release(&out);
	return status;
}

static bool read_time(const char *text, int64_t *when)
{
	char *end;

	*when = strtoll(text, &end, 10);
	if (*text && !*end)
		return *when > 0;
	return !tp_date_parse(text, when, NULL);
}

/* What the service says, else what was asked of it. */
static enum tp_status read_expiry(struct tp_recipe_run *run, int64_t asked,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(65536);
	enum tp_status status = TP_OK;
	int64_t said;

	result->expires = asked;
	if (run->recipe->expires)
		status = tp_template_expand(
			&run->vars, run->recipe->expires, TP_PLACE_TEXT, &text, NULL, err);
	if (!status && text.len && read_time(tp_buf_str(&text), &said))
		result->expires = said;
	tp_buf_release(&text);
	if (!status && result->expires < run->item->expires - SLACK_SECONDS)
		result->note = strdup("the service keeps the file for less time than asked");
	return status;
}

static enum tp_status make_result(struct tp_recipe_run *run, int64_t asked,
	struct tp_drop_result *result, struct tp_error *err)
{
	const struct tp_recipe *recipe = run->recipe;
	struct tp_buf text = TP_BUF_INIT(1 << 20);
	enum tp_status status = make_url(run, recipe->url, "result url", &result->url, err);

	if (!status)
		status = read_expiry(run, asked, result, err);
	/* A service need not say how to delete: that is no failure of the upload. */
	if (!status && recipe->delete_url &&
		!tp_template_expand(
			&run->vars, recipe->delete_url, TP_PLACE_URL, &text, NULL, NULL) &&
		tp_is_url(tp_buf_str(&text)))
		result->delete_url = tp_buf_detach(&text);
	tp_buf_release(&text);
	return status;
}

static enum tp_status put_item(
	struct tp_recipe_run *run, struct tp_drop_result *result, struct tp_error *err)
{
	const struct tp_recipe *recipe = run->recipe;
	int64_t asked = run->item->expires;
	enum tp_status status;

	if (recipe->most_seconds && asked > run->vars.now + recipe->most_seconds)
		asked = run->vars.now + recipe->most_seconds;
	status = set_item(run, asked, err);
	if (status)
		return status;
	status = tp_recipe_run(run, &recipe->put, err);
	if (!status)
		status = make_result(run, asked, result, err);
	if (status)
		tp_recipe_undo(run, &recipe->undo);
	return status;
}

static enum tp_status recipe_put(void *state, const struct tp_drop_item *item,
	struct tp_drop_result *result, struct tp_error *err)
{
	struct recipe_store *store = state;
	struct tp_recipe_run run;
	enum tp_status status;

	if (!store->recipe->put.count)
		return tp_fail(err, TP_CONFIG, "recipe %s: cannot store files", store->name);
	if (store->recipe->most_bytes && item->size_bytes > store->recipe->most_bytes)
		return tp_fail(err, TP_LIMIT, "recipe %s: the service takes files up to %llu bytes",
			store->name, (unsigned long long)store->recipe->most_bytes);
	status = begin_run(store, item, item->key, &run, err);
	if (!status)
		status = put_item(&run, result, err);
	end_run(&run);
	return status;
}

/* --- sending ---------------------------------------------------------------------------------- */

static enum tp_status set_from(struct tp_recipe_run *run, const struct tp_json *mail,
	const char *name, bool raw, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX);
	char pointer[64];
	enum tp_status status;

	snprintf(pointer, sizeof pointer, "/%s", name);
	if (raw ? !tp_json_raw(mail, pointer, &value) : !tp_json_get(mail, pointer, &value))
		tp_buf_adds(&value, raw ? "[]" : "");
	status = tp_buf_status(&value, name, err);
	if (!status)
		status = tp_vars_set(&run->vars, name, tp_buf_str(&value), false, err);
	tp_buf_release(&value);
	return status;
}

static enum tp_status set_recipients(
	struct tp_recipe_run *run, const struct tp_json *mail, struct tp_error *err)
{
	struct tp_buf all = TP_BUF_INIT(VALUE_MAX);
	enum tp_status status;
	char pointer[64];

	for (size_t i = 0;; i++) {
		size_t before = all.len;

		if (i)
			tp_buf_addc(&all, ',');
		snprintf(pointer, sizeof pointer, "/recipients/%zu", i);
		if (!tp_json_get(mail, pointer, &all)) {
			tp_buf_truncate(&all, before);
			break;
		}
	}
	status = tp_buf_status(&all, "recipients", err);
	if (!status && !all.len)
		status = tp_fail(err, TP_DATA, "stdin: the mail has no recipients");
	if (!status)
		status = tp_vars_set(&run->vars, "recipients", tp_buf_str(&all), false, err);
	tp_buf_release(&all);
	return status;
}

static enum tp_status set_mail(
	struct tp_recipe_run *run, const struct tp_json *mail, struct tp_error *err)
{
	static const char *const texts[] = { "sender", "subject", "text", "html" };
	enum tp_status status = set_recipients(run, mail, err);

	for (size_t i = 0; !status && i < sizeof texts / sizeof *texts; i++)
		status = set_from(run, mail, texts[i], false, err);
	return status ? status : set_from(run, mail, "links", true, err);
}

static enum tp_status recipe_send(
	void *state, const char *key, const char *json, size_t len, struct tp_error *err)
{
	struct recipe_store *store = state;
	struct tp_json *mail = NULL;
	struct tp_recipe_run run;
	enum tp_status status;

	if (!store->recipe->send.count)
		return tp_fail(err, TP_CONFIG, "recipe %s: has no send steps", store->name);
	status = tp_json_parse(json, len, &mail, err);
	if (status)
		return tp_error_prefix(err, "stdin");
	status = begin_run(store, NULL, key, &run, err);
	if (!status)
		status = set_mail(&run, mail, err);
	if (!status)
		status = tp_recipe_run(&run, &store->recipe->send, err);
	tp_json_free(mail);
	end_run(&run);
	return status;
}

const struct tp_store_kind tp_store_recipe = { "recipe:", recipe_open, recipe_put, recipe_send,
	recipe_close };
