/* Variables and templates of recipes: see vars.h. */
#include "drop/vars.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "drop/disposition.h"
#include "mime/codec.h"

#define VALUE_MAX (8 << 20)
#define NAME_MAX_ 64

/* --- variables -------------------------------------------------------------------------------- */

const struct tp_var *tp_vars_get(const struct tp_vars *vars, const char *name)
{
	for (size_t i = 0; i < vars->count; i++)
		if (!strcmp(vars->list[i].name, name))
			return &vars->list[i];
	return NULL;
}

static void wipe(char *value)
{
	if (value)
		explicit_bzero(value, strlen(value));
	free(value);
}

static struct tp_var *add_var(struct tp_vars *vars, const char *name)
{
	struct tp_var *grown = reallocarray(vars->list, vars->count + 1, sizeof *grown);

	if (!grown)
		return NULL;
	vars->list = grown;
	grown += vars->count;
	*grown = (struct tp_var){ .name = strdup(name) };
	if (!grown->name)
		return NULL;
	vars->count++;
	return grown;
}

enum tp_status tp_vars_set(struct tp_vars *vars, const char *name, const char *value, bool secret,
	struct tp_error *err)
{
	struct tp_var *var = (struct tp_var *)tp_vars_get(vars, name);
	char *copy = strdup(value ? value : "");

	if (!var)
		var = add_var(vars, name);
	if (!var || !copy) {
		wipe(copy);
		return tp_fail(err, TP_NOMEM, "recipe variable %s: out of memory", name);
	}
	wipe(var->value);
	var->value = copy;
	var->secret = secret;
	return TP_OK;
}

enum tp_status tp_vars_set_int(
	struct tp_vars *vars, const char *name, int64_t value, struct tp_error *err)
{
	char text[32];

	snprintf(text, sizeof text, "%lld", (long long)value);
	return tp_vars_set(vars, name, text, false, err);
}

void tp_vars_release(struct tp_vars *vars)
{
	for (size_t i = 0; i < vars->count; i++) {
		free(vars->list[i].name);
		wipe(vars->list[i].value);
	}
	free(vars->list);
	*vars = (struct tp_vars){ .now = vars->now };
}

/* --- filters ---------------------------------------------------------------------------------- */

enum shape { SHAPE_TEXT, SHAPE_PATH, SHAPE_NUMBER, SHAPE_JSON };

static bool as_int(const char *value, int64_t *number)
{
	char *end;

	*number = strtoll(value, &end, 10);
	return *value && !*end && *number > INT64_MIN / 4 && *number < INT64_MAX / 4;
}

static bool filter_time(const char *filter, int64_t when, int64_t now, struct tp_buf *out)
{
	int64_t year, life = when > now ? when - now : 0;
	int month, day;

	if (!strcmp(filter, "unix"))
		return tp_buf_addf(out, "%lld", (long long)when);
	if (!strcmp(filter, "seconds"))
		return tp_buf_addf(out, "%lld", (long long)life);
	if (!strcmp(filter, "days"))
		return tp_buf_addf(out, "%lld", (long long)((life + 86399) / 86400));
	if (!strcmp(filter, "rfc3339"))
		return tp_date_rfc3339(when, out);
	tp_civil_from_days((when + 86399) / 86400, &year, &month, &day);
	return tp_buf_addf(out, "%04lld-%02d-%02d", (long long)year, month, day);
}

/* A number as JSON has it, without exponent: -?(0|[1-9][0-9]*)(.[0-9]+)? */
static bool is_number(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = strspn(text, "0123456789");
	if (!digits || (*text == '0' && digits > 1))
		return false;
	text += digits;
	if (*text == '.') {
		digits = strspn(text + 1, "0123456789");
		if (!digits)
			return false;
		text += digits + 1;
	}
	return !*text;
}

/* The comma that ends this item; one inside of quotes belongs to an address. */
static const char *item_end(const char *at)
{
	bool quoted = false;

	for (; *at && (quoted || *at != ','); at++) {
		if (quoted && *at == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	return at;
}

static bool filter_list(const char *value, struct tp_buf *out)
{
	const char *end;
	bool first = true;

	tp_buf_addc(out, '[');
	for (; *value; value = *end ? end + 1 : end) {
		value += strspn(value, " \t");
		end = item_end(value);
		if (end == value)
			continue;
		if (!first)
			tp_buf_addc(out, ',');
		tp_json_string(out, value, (size_t)(end - value));
		first = false;
	}
	return tp_buf_addc(out, ']');
}

static bool filter_json(const char *value, struct tp_buf *out)
{
	struct tp_json *doc;

	if (tp_json_parse(value, strlen(value), &doc, NULL))
		return false;
	tp_json_free(doc);
	return tp_buf_adds(out, value);
}

static const char *const time_filters[] = { "unix", "seconds", "days", "date", "rfc3339", NULL };
static const char *const other_filters[] = { "number", "list", "json", "path", "base64", "first",
	"disposition", "encode", "encodepath", NULL };

static bool is_one_of(const char *name, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(name, *list))
			return true;
	return false;
}

/* False when the value does not fit the filter. */
static bool apply(const struct tp_vars *vars, const char *value, const char *filter,
	enum shape *shape, struct tp_buf *out)
{
	int64_t when;

	*shape = SHAPE_TEXT;
	if (!*filter)
		return tp_buf_adds(out, value);
	if (is_one_of(filter, time_filters)) {
		if (strcmp(filter, "date") != 0 && strcmp(filter, "rfc3339") != 0)
			*shape = SHAPE_NUMBER;
		return as_int(value, &when) && filter_time(filter, when, vars->now, out);
	}
	if (!strcmp(filter, "number")) {
		*shape = SHAPE_NUMBER;
		return is_number(value) && tp_buf_adds(out, value);
	}
	if (!strcmp(filter, "path")) {
		*shape = SHAPE_PATH;
		return tp_buf_adds(out, value);
	}
	if (!strcmp(filter, "list") || !strcmp(filter, "json")) {
		*shape = SHAPE_JSON;
		return *filter == 'l' ? filter_list(value, out) : filter_json(value, out);
	}
	if (!strcmp(filter, "base64"))
		return tp_codec_base64_encode(value, strlen(value), "", out);
	if (!strncmp(filter, "encode", 6))
		return tp_percent_encode(value, strlen(value), filter[6] ? "/" : "", out);
	if (!strcmp(filter, "disposition"))
		return tp_drop_disposition(value, out);
	return tp_buf_add(out, value, (size_t)(item_end(value) - value));
}

/* --- places ----------------------------------------------------------------------------------- */

bool tp_is_url(const char *text)
{
	if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
		return false;
	for (; *text; text++)
		if ((unsigned char)*text <= 0x20 || (unsigned char)*text >= 0x7f ||
			strchr("\"<>\\^`{|}", *text))
			return false;
	return true;
}

static bool put_in_json(
	const struct tp_buf *value, enum shape shape, bool quoted, struct tp_buf *out)
{
	const char *text = tp_buf_str(value);
	struct tp_buf literal = TP_BUF_INIT(6 * (size_t)VALUE_MAX);
	bool good;

	if (shape == SHAPE_NUMBER || (shape == SHAPE_JSON && !quoted))
		return tp_buf_adds(out, text);
	if (!quoted)
		return tp_json_string(out, text, value->len);
	good = tp_json_string(&literal, text, value->len) &&
	       tp_buf_add(out, literal.data + 1, literal.len - 2);
	tp_buf_release(&literal);
	return good;
}

/* --- templates -------------------------------------------------------------------------------- */

/* One `${name:filter}` taken apart. */
struct reference {
	char name[NAME_MAX_], filter[NAME_MAX_];
	const char *end; /* behind the brace */
};

static bool cut(const char *begin, const char *end, char out[NAME_MAX_])
{
	size_t len = (size_t)(end - begin);

	if (len >= NAME_MAX_)
		return false;
	memcpy(out, begin, len);
	out[len] = '\0';
	return true;
}

/* `at` stands on the dollar. */
static enum tp_status read_reference(
	const char *at, struct reference *reference, struct tp_error *err)
{
	const char *name = at + 2, *end = at[1] == '{' ? strchr(name, '}') : NULL, *colon;

	if (!end)
		return tp_fail(err, TP_CONFIG, "a $ without {name}; a dollar is written $$");
	colon = memchr(name, ':', (size_t)(end - name));
	if (!cut(name, colon ? colon : end, reference->name) ||
		!cut(colon ? colon + 1 : end, end, reference->filter))
		return tp_fail(err, TP_CONFIG, "a variable's name is too long");
	if (colon && !is_one_of(reference->filter, time_filters) &&
		!is_one_of(reference->filter, other_filters))
		return tp_fail(err, TP_CONFIG, "${%s}: no such filter: %s", reference->name,
			reference->filter);
	reference->end = end + 1;
	return TP_OK;
}

static enum tp_status put(const struct tp_vars *vars, const struct tp_var *var,
	const struct reference *reference, enum tp_place place, bool quoted, bool first,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(VALUE_MAX);
	enum shape shape;
	bool good = apply(vars, var->value, reference->filter, &shape, &value);

	if (!good)
		; /* the value does not fit its filter */
	else if (place == TP_PLACE_JSON)
		good = put_in_json(&value, shape, quoted, out);
	else if (place == TP_PLACE_URL && first)
		good = tp_is_url(tp_buf_str(&value)) && tp_buf_adds(out, tp_buf_str(&value));
	else if (place == TP_PLACE_TEXT)
		good = tp_buf_add(out, tp_buf_str(&value), value.len);
	else
		good = tp_percent_encode(
			tp_buf_str(&value), value.len, shape == SHAPE_PATH ? "/" : "", out);
	tp_buf_release(&value);
	if (!good && !out->status)
		return tp_fail(err, TP_UNAVAILABLE, "${%s%s%s}: its value does not fit here",
			reference->name, *reference->filter ? ":" : "", reference->filter);
	return TP_OK;
}

enum tp_status tp_template_expand(const struct tp_vars *vars, const char *text, enum tp_place place,
	struct tp_buf *out, bool *secret, struct tp_error *err)
{
	struct reference reference;
	const struct tp_var *var;
	enum tp_status status = TP_OK;
	bool quoted = false; /* inside a JSON string */
	const char *at = text;

	while (!status && *at) {
		if (*at == '$' && at[1] != '$') {
			status = read_reference(at, &reference, err);
			if (status)
				break;
			var = tp_vars_get(vars, reference.name);
			if (!var)
				return tp_fail(
					err, TP_CONFIG, "${%s}: no such variable", reference.name);
			status = put(vars, var, &reference, place, quoted, at == text, out, err);
			if (secret)
				*secret = *secret || var->secret;
			at = reference.end;
			continue;
		}
		if (*at == '"')
			quoted = !quoted;
		else if (*at == '\\' && quoted && at[1] && at[1] != '$')
			tp_buf_addc(out, *at++);
		at += *at == '$';
		tp_buf_addc(out, *at++);
	}
	return status ? status : tp_buf_status(out, "recipe", err);
}

enum tp_status tp_template_check(
	const struct tp_vars *known, const char *text, struct tp_error *err)
{
	struct reference reference;
	enum tp_status status;

	while ((text = strchr(text, '$'))) {
		if (text[1] == '$') {
			text += 2;
			continue;
		}
		status = read_reference(text, &reference, err);
		if (status)
			return status;
		if (!tp_vars_get(known, reference.name))
			return tp_fail(
				err, TP_CONFIG, "${%s}: no such variable here", reference.name);
		text = reference.end;
	}
	return TP_OK;
}
