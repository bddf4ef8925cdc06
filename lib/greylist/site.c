/* What the site wants for a recipient: see site.h. */
#include "greylist/site.h"

#include <errno.h>
#include <strings.h>

#include "base/units.h"
#include "base/yaml.h"
#include "greylist/key.h"

struct row {
	char *name; /* as tp_key_address writes it */
	struct tp_wish wish;
};

struct tp_site {
	struct tp_wish general;
	struct row *rows; /* sorted by name */
	size_t count;
	const char *file; /* borrowed, for sentences */
};

/* --- reading --------------------------------------------------------------------------------- */

static bool read_bool(const char *text, bool *value)
{
	*value = !strcasecmp(text, "yes") || !strcasecmp(text, "true") || !strcasecmp(text, "on");
	return *value || !strcasecmp(text, "no") || !strcasecmp(text, "false") ||
	       !strcasecmp(text, "off");
}

static enum tp_status read_threshold(const char *text, int64_t *number, struct tp_error *err)
{
	char *end;

	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno || end == text || *end || *number < 0 || *number > INT32_MAX)
		return tp_fail(err, TP_USAGE, "'%s' is not a whole number", text);
	return TP_OK;
}

static enum tp_status read_wish(
	const char *key, const char *text, struct tp_wish *wish, struct tp_error *err)
{
	if (!strcmp(key, "open"))
		return tp_duration_parse(text, &wish->window.open, err);
	if (!strcmp(key, "close"))
		return tp_duration_parse(text, &wish->window.close, err);
	if (!strcmp(key, "threshold"))
		return read_threshold(text, &wish->threshold, err);
	if (strcmp(key, "always") && strcmp(key, "off"))
		return tp_fail(err, TP_USAGE,
			"unknown key '%s' (always, off, threshold, open, close)", key);
	if (!read_bool(text, strcmp(key, "off") ? &wish->always : &wish->off))
		return tp_fail(err, TP_USAGE, "'%s' is neither yes nor no", text);
	return TP_OK;
}

static enum tp_status check_window(const struct tp_window *window, struct tp_error *err)
{
	if (window->close < window->open)
		return tp_fail(err, TP_CONFIG,
			"greylist.close: the window closes (%lld s) before it opens (%lld s)",
			(long long)window->close, (long long)window->open);
	if (window->keep_waiting <= window->close)
		return tp_fail(err, TP_CONFIG,
			"greylist.keep_waiting: a first try is forgotten (%lld s) before its "
			"window "
			"closes (%lld s)",
			(long long)window->keep_waiting, (long long)window->close);
	return TP_OK;
}

static enum tp_status read_row(const struct tp_site *site, struct row *row,
	const struct tp_yaml *node, struct tp_error *err)
{
	struct tp_error why;

	if (node->kind != TP_YAML_MAPPING)
		return tp_yaml_fail(err, site->file, node, "not a mapping");
	row->wish = site->general;
	for (size_t i = 0; i < node->count; i++) {
		const struct tp_yaml *item = node->items[i];

		if (item->kind != TP_YAML_SCALAR || !item->text)
			return tp_yaml_fail(
				err, site->file, item, "%s: not a single value", node->keys[i]);
		if (read_wish(node->keys[i], item->text, &row->wish, &why))
			return tp_yaml_fail(err, site->file, item, "%s", why.text);
	}
	if (check_window(&row->wish.window, &why))
		return tp_yaml_fail_key(err, site->file, node, "%s", why.text);
	return TP_OK;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static enum tp_status read_rows(
	struct tp_site *site, const struct tp_yaml *map, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	site->rows = calloc(map->count + 1, sizeof *site->rows);
	if (!site->rows)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (size_t i = 0; !status && i < map->count; i++) {
		struct tp_buf name = TP_BUF_INIT(1 << 16);
		const char *key = map->keys[i];

		tp_key_address(key + (*key == '@'), &name);
		status = tp_buf_status(&name, "greylist.rcpts", err);
		if (!status && !(site->rows[i].name = tp_buf_detach(&name)))
			status = tp_fail(err, TP_NOMEM, "out of memory");
		tp_buf_release(&name);
		if (!status) {
			site->count++;
			status = read_row(site, &site->rows[i], map->items[i], err);
		}
	}
	if (!status)
		qsort(site->rows, site->count, sizeof *site->rows, by_name);
	return status;
}

static enum tp_status read_general(
	struct tp_wish *wish, const struct tp_conf *conf, struct tp_error *err)
{
	*wish = (struct tp_wish){ .always = tp_conf_bool(conf, "greylist.always"),
		.threshold = tp_conf_int(conf, "greylist.threshold"),
		.window = { .open = tp_conf_seconds(conf, "greylist.open"),
			.close = tp_conf_seconds(conf, "greylist.close"),
			.keep = tp_conf_seconds(conf, "greylist.keep"),
			.keep_waiting = tp_conf_seconds(conf, "greylist.keep_waiting") } };
	return check_window(&wish->window, err);
}

enum tp_status tp_site_new(const struct tp_conf *conf, struct tp_site **out, struct tp_error *err)
{
	const struct tp_yaml *map = tp_conf_map(conf, "greylist.rcpts");
	struct tp_site *site = calloc(1, sizeof *site);
	enum tp_status status;

	*out = NULL;
	if (!site)
		return tp_fail(err, TP_NOMEM, "out of memory");
	site->file = tp_conf_file(conf);
	status = read_general(&site->general, conf, err);
	if (!status && map)
		status = read_rows(site, map, err);
	if (status)
		tp_site_free(site);
	else
		*out = site;
	return status;
}

void tp_site_free(struct tp_site *site)
{
	if (!site)
		return;
	for (size_t i = 0; i < site->count; i++)
		free(site->rows[i].name);
	free(site->rows);
	free(site);
}

/* --- asking ---------------------------------------------------------------------------------- */

static const struct row *row_of(const struct tp_site *site, const char *name)
{
	struct row wanted = { .name = (char *)name };

	return bsearch(&wanted, site->rows, site->count, sizeof *site->rows, by_name);
}

static const struct row *nearest(const struct tp_site *site, struct tp_buf *rcpt)
{
	const struct row *row = row_of(site, tp_buf_str(rcpt));
	char *at = strrchr(rcpt->data, '@');

	if (row || !at)
		return row;
	row = row_of(site, at + 1);
	/* `.example.org` is for example.org itself, too: a dot takes the place of the `@`. */
	*at = '.';
	for (; !row && at; at = strchr(at + 1, '.'))
		row = row_of(site, at);
	return row;
}

const struct tp_wish *tp_site_wish(const struct tp_site *site, const char *rcpt)
{
	struct tp_buf text = TP_BUF_INIT(1 << 16);
	const struct row *row = NULL;

	if (site->count && *rcpt && tp_key_address(rcpt, &text))
		row = nearest(site, &text);
	tp_buf_release(&text);
	return row ? &row->wish : &site->general;
}
