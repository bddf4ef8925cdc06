/* Settings from defaults, file and command line: see conf.h. */
#include "base/conf.h"

#include <errno.h>
#include <limits.h>
#include <strings.h>
#include <unistd.h>

#include "base/units.h"
#include "base/yaml.h"

struct value {
	char *text;
	int64_t number; /* size, duration, integer, bool */
	struct tp_strings list;
	const struct tp_yaml *node; /* where the file says it */
	char *option;               /* the one that set it on the command line, or NULL */
	bool set;
};

struct tp_conf {
	struct tp_yaml *root;
	char *file;
	struct value values[]; /* beside tp_conf_schema */
};

static size_t key_count(void)
{
	size_t n = 0;

	while (tp_conf_schema[n].path)
		n++;
	return n;
}

static int find_key(const char *path, size_t len)
{
	for (int i = 0; tp_conf_schema[i].path; i++)
		if (strlen(tp_conf_schema[i].path) == len &&
			!memcmp(tp_conf_schema[i].path, path, len))
			return i;
	return -1;
}

static bool is_section(const char *path)
{
	size_t len = strlen(path);

	for (int i = 0; tp_conf_schema[i].path; i++)
		if (!strncmp(tp_conf_schema[i].path, path, len) &&
			tp_conf_schema[i].path[len] == '.')
			return true;
	return false;
}

static bool word_is_allowed(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; *at; at += strcspn(at, "|"), at += *at == '|')
		if (strcspn(at, "|") == len && !memcmp(at, word, len))
			return true;
	return false;
}

static bool parse_bool(const char *text, int64_t *number)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (int i = 0; i < 6; i++)
		if (!strcasecmp(text, words[i])) {
			*number = i % 2;
			return true;
		}
	return false;
}

/* Checks `text` against the key's type and reads its number. The sentence has no place yet. */
static enum tp_status read_number(
	const struct tp_conf_key *key, const char *text, int64_t *number, struct tp_error *err)
{
	uint64_t size;
	char *end;

	switch (key->type) {
	case TP_CONF_SIZE:
		if (tp_size_parse(text, &size, err))
			return TP_USAGE;
		*number = (int64_t)size;
		return TP_OK;
	case TP_CONF_DURATION:
		return tp_duration_parse(text, number, err);
	case TP_CONF_INTEGER:
		errno = 0;
		*number = strtoll(text, &end, 10);
		if (errno || end == text || *end || *number < 0 || *number > INT_MAX)
			return tp_fail(err, TP_USAGE, "'%s' is not a whole number", text);
		return TP_OK;
	case TP_CONF_BOOL:
		if (!parse_bool(text, number))
			return tp_fail(err, TP_USAGE, "'%s' is neither yes nor no", text);
		return TP_OK;
	case TP_CONF_WORD:
		if (!word_is_allowed(key->words, text))
			return tp_fail(err, TP_USAGE, "'%s' is not one of %s", text, key->words);
		return TP_OK;
	default:
		return TP_OK;
	}
}

static enum tp_status set_scalar(
	struct value *value, const struct tp_conf_key *key, const char *text, struct tp_error *err)
{
	enum tp_status status = read_number(key, text, &value->number, err);
	char *copy;

	if (status)
		return status;
	copy = strdup(text);
	if (!copy)
		return tp_fail(err, TP_NOMEM, "out of memory");
	free(value->text);
	value->text = copy;
	value->set = true;
	return TP_OK;
}

/* --- the file --------------------------------------------------------------------------------- */

static enum tp_status take_list(
	struct tp_conf *conf, int i, const struct tp_yaml *node, struct tp_error *err)
{
	struct value *value = &conf->values[i];
	enum tp_status status = TP_OK;

	if (node->kind == TP_YAML_SCALAR && node->text)
		status = tp_strings_add(&value->list, node->text, err);
	else if (node->kind != TP_YAML_SEQUENCE)
		return tp_yaml_fail(
			err, conf->file, node, "%s: not a list", tp_conf_schema[i].path);
	for (size_t j = 0; !status && j < node->count; j++) {
		const struct tp_yaml *item = node->items[j];

		if (item->kind != TP_YAML_SCALAR || !item->text)
			return tp_yaml_fail(
				err, conf->file, item, "%s: not a text", tp_conf_schema[i].path);
		status = tp_strings_add(&value->list, item->text, err);
	}
	value->set = true;
	return status;
}

static enum tp_status take_value(
	struct tp_conf *conf, int i, const struct tp_yaml *node, struct tp_error *err)
{
	const struct tp_conf_key *key = &tp_conf_schema[i];
	struct tp_error why;

	conf->values[i].node = node;
	if (key->type == TP_CONF_LIST)
		return take_list(conf, i, node, err);
	if (key->type == TP_CONF_MAP) {
		if (node->kind != TP_YAML_MAPPING)
			return tp_yaml_fail(err, conf->file, node, "%s: not a mapping", key->path);
		conf->values[i].set = true;
		return TP_OK;
	}
	if (node->kind != TP_YAML_SCALAR)
		return tp_yaml_fail(err, conf->file, node, "%s: not a single value", key->path);
	if (!node->text)
		return tp_yaml_fail(err, conf->file, node, "%s: has no value", key->path);
	switch (set_scalar(&conf->values[i], key, node->text, &why)) {
	case TP_OK:
		return TP_OK;
	case TP_NOMEM:
		return tp_fail(err, TP_NOMEM, "%s: out of memory", conf->file);
	default:
		return tp_yaml_fail(err, conf->file, node, "%s: %s", key->path, why.text);
	}
}

/* Sections are at most two deep in the schema, so this recursion is, too. */
static enum tp_status take_section(struct tp_conf *conf, const struct tp_yaml *section,
	const char *prefix, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(1u << 20);
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < section->count; i++) {
		const struct tp_yaml *node = section->items[i];
		int key;

		tp_buf_clear(&path);
		tp_buf_addf(&path, "%s%s%s", prefix, *prefix ? "." : "", section->keys[i]);
		status = tp_buf_status(&path, conf->file, err);
		if (status)
			break;
		/* A path written as one key could say a thing twice. */
		key = strchr(section->keys[i], '.') ? -1 : find_key(path.data, path.len);
		if (key >= 0)
			status = take_value(conf, key, node, err);
		else if (is_section(path.data) && node->kind == TP_YAML_MAPPING)
			status = take_section(conf, node, path.data, err);
		else if (!is_section(path.data))
			status = tp_yaml_fail_key(
				err, conf->file, node, "unknown key '%s'", path.data);
		else if (node->kind != TP_YAML_SCALAR || node->text) /* an empty one is fine */
			status =
				tp_yaml_fail(err, conf->file, node, "%s: not a mapping", path.data);
	}
	tp_buf_release(&path);
	return status;
}

/* Appends the file to read, nothing when there is none: an explicit one must exist, the usual
 * places need not. A home that we may not look into is nobody's (mail programs keep root's $HOME
 * when they change the user); the system's own folder must not be passed over like that. */
static void choose_file(const char *path, struct tp_buf *name)
{
	const char *from = getenv("TUBEPOST_CONFIG"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (!path && from && *from)
		path = from;
	if (path) {
		tp_buf_adds(name, path);
		return;
	}
	if (xdg && *xdg)
		tp_buf_addf(name, "%s/tubepost/config.yaml", xdg);
	else if (home && *home)
		tp_buf_addf(name, "%s/.config/tubepost/config.yaml", home);
	if (name->len > 0 && access(name->data, F_OK) == 0)
		return;
	tp_buf_truncate(name, 0);
	if (access(TP_SYSCONFDIR "/config.yaml", F_OK) == 0 ||
		(errno != ENOENT && errno != ENOTDIR))
		tp_buf_adds(name, TP_SYSCONFDIR "/config.yaml");
}

static enum tp_status find_file(struct tp_conf *conf, const char *path, struct tp_error *err)
{
	struct tp_buf name = TP_BUF_INIT(1u << 20);
	enum tp_status status;

	choose_file(path, &name);
	status = tp_buf_status(&name, "configuration file", err);
	if (!status && (name.len > 0 || path)) {
		conf->file = tp_buf_detach(&name);
		if (!conf->file)
			status = tp_fail(err, TP_NOMEM, "out of memory");
	}
	tp_buf_release(&name);
	return status;
}

static enum tp_status load_file(struct tp_conf *conf, struct tp_error *err)
{
	enum tp_status status = tp_yaml_load(conf->file, &conf->root, err);

	/* Whatever is wrong with it, it is the configuration that is. */
	if (status && status != TP_NOMEM)
		err->status = status = TP_CONFIG;
	if (status)
		return status;
	if (conf->root->kind != TP_YAML_MAPPING)
		return tp_yaml_fail(err, conf->file, conf->root, "not a mapping of settings");
	return take_section(conf, conf->root, "", err);
}

enum tp_status tp_conf_load(const char *path, struct tp_conf **out, struct tp_error *err)
{
	struct tp_conf *conf = calloc(1, sizeof *conf + key_count() * sizeof *conf->values);
	struct tp_error unused;
	enum tp_status status = TP_OK;

	if (!err)
		err = &unused;
	*out = NULL;
	if (!conf)
		return tp_fail(err, TP_NOMEM, "out of memory");
	for (int i = 0; !status && tp_conf_schema[i].path; i++)
		if (tp_conf_schema[i].fallback) {
			status = set_scalar(&conf->values[i], &tp_conf_schema[i],
				tp_conf_schema[i].fallback, err);
			conf->values[i].set = false;
		}
	if (!status)
		status = find_file(conf, path, err);
	if (!status && conf->file)
		status = load_file(conf, err);
	if (status)
		tp_conf_free(conf);
	else
		*out = conf;
	return status;
}

void tp_conf_free(struct tp_conf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < key_count(); i++) {
		free(conf->values[i].text);
		free(conf->values[i].option);
		tp_strings_release(&conf->values[i].list);
	}
	tp_yaml_free(conf->root);
	free(conf->file);
	free(conf);
}

/* --- the command line, and asking ------------------------------------------------------------- */

static struct value *value_of(const struct tp_conf *conf, const char *key)
{
	int i = find_key(key, strlen(key));

	if (i < 0) /* our own mistake: the core tells which */
		abort();
	return (struct value *)&conf->values[i];
}

enum tp_status tp_conf_set(struct tp_conf *conf, const char *key, const char *text,
	const char *origin, struct tp_error *err)
{
	struct value *value = value_of(conf, key);
	const struct tp_conf_key *row = &tp_conf_schema[value - conf->values];
	enum tp_status status;
	char *option = strdup(origin);

	if (!option)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", origin);
	if (row->type == TP_CONF_LIST) {
		if (!value->option)
			tp_strings_release(&value->list);
		value->set = true;
		status = tp_strings_add(&value->list, text, err);
	} else {
		status = set_scalar(value, row, text, err);
	}
	free(value->option);
	value->option = option;
	if (status)
		tp_error_prefix(err, "%s", origin);
	return status;
}

enum tp_status tp_conf_fail(
	const struct tp_conf *conf, const char *key, struct tp_error *err, const char *format, ...)
{
	const struct value *value = value_of(conf, key);
	enum tp_status status;
	char *why;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&why, format, args);
	va_end(args);
	if (n < 0)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", key);
	if (value->option)
		status = tp_fail(err, TP_USAGE, "%s: %s", value->option, why);
	else if (value->node)
		status = tp_yaml_fail(err, conf->file, value->node, "%s: %s", key, why);
	else
		status = tp_fail(err, TP_CONFIG, "%s: %s", key, why);
	free(why);
	return status;
}

const char *tp_conf_file(const struct tp_conf *conf)
{
	return conf->file;
}

bool tp_conf_is_set(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->set;
}

const char *tp_conf_str(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->text;
}

uint64_t tp_conf_size(const struct tp_conf *conf, const char *key)
{
	return (uint64_t)value_of(conf, key)->number;
}

int64_t tp_conf_seconds(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->number;
}

int64_t tp_conf_int(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->number;
}

bool tp_conf_bool(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->number != 0;
}

const struct tp_strings *tp_conf_list(const struct tp_conf *conf, const char *key)
{
	return &value_of(conf, key)->list;
}

static const struct tp_yaml *item_of(const struct tp_yaml *node, const char *key, size_t len)
{
	for (size_t i = 0; node->kind == TP_YAML_MAPPING && i < node->count; i++)
		if (!strncmp(node->keys[i], key, len) && !node->keys[i][len])
			return node->items[i];
	return NULL;
}

const char *tp_conf_map_get(const struct tp_conf *conf, const char *map, const char *name)
{
	const struct tp_yaml *node = value_of(conf, map)->node;

	while (node && *name) {
		size_t len = strcspn(name, ".");

		node = item_of(node, name, len);
		name += len;
		name += *name == '.';
	}
	return node && node->kind == TP_YAML_SCALAR ? node->text : NULL;
}

const struct tp_yaml *tp_conf_map(const struct tp_conf *conf, const char *key)
{
	return value_of(conf, key)->node;
}

enum tp_status tp_conf_map_check(const struct tp_conf *conf, const char *map, const char *name,
	const struct tp_strings *known, struct tp_error *err)
{
	const struct tp_yaml *root = value_of(conf, map)->node, *node;

	node = root ? item_of(root, name, strlen(name)) : NULL;
	if (!node || (node->kind == TP_YAML_SCALAR && !node->text)) /* an empty one is fine */
		return TP_OK;
	if (node->kind != TP_YAML_MAPPING)
		return tp_yaml_fail(err, conf->file, node, "%s.%s: not a mapping", map, name);
	for (size_t i = 0; i < node->count; i++) {
		if (!tp_strings_has(known, node->keys[i]))
			return tp_yaml_fail_key(err, conf->file, node->items[i],
				"unknown key '%s.%s.%s'", map, name, node->keys[i]);
		if (node->items[i]->kind != TP_YAML_SCALAR)
			return tp_yaml_fail(err, conf->file, node->items[i],
				"%s.%s.%s: not a single value", map, name, node->keys[i]);
	}
	return TP_OK;
}
