/* The settings of an archive: see settings.h. One table of keys, each with the function that takes it. */
#include "archive/settings.h"

#include <strings.h>
#include <unistd.h>

#include "base/pattern.h"
#include "base/units.h"
#include "base/yaml.h"

#define GB UINT64_C(1000000000)

const char tp_archive_settings_text[] =
	"# Settings of this archive: see tubepost-archive(5).\n"
	"#size: armoire            # stored bytes: tiroir (2GB), malle (5GB), armoire (10GB), or a "
	"size;\n"
	"                          # without this line nothing is ever erased for room\n"
	"#disc: 4.7GB              # what fits on one disc\n"
	"#subscribe: yes           # offer discs before the oldest mail is erased\n"
	"#answer: 14d              # what was offered is not erased before, unless it is refused\n"
	"#after: verified          # the cellar lets go when the disc is burnt, verified or "
	"received\n"
	"#language: en             # of notices: en, fr, de, es\n"
	"#contact: you@example.org # who gets notices\n"
	"#sender: archive@example.org\n"
	"#skip:                    # what --skip-spam leaves out\n"
	"#  - 'X-Spam-Flag: ^yes'\n"
	"#journal: 32MiB           # a journal this large is sealed\n"
	"#key_file: /etc/tubepost/archive.key # only before the first mail: it encrypts all of "
	"it\n";

/* One value being read. */
struct reading {
	const char *path;
	struct tp_archive_settings *settings;
};

typedef enum tp_status take(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err);

static enum tp_status take_size(
	const char *path, const struct tp_yaml *node, uint64_t *size, struct tp_error *err)
{
	struct tp_error why;

	if (tp_size_parse(node->text, size, &why))
		return tp_yaml_fail(err, path, node, "%s", why.text);
	return TP_OK;
}

static enum tp_status take_quota(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} drawers[] = { { "tiroir", 2 * GB }, { "malle", 5 * GB }, { "armoire", 10 * GB } };

	/* Who says how much is kept says that what goes beyond may go; no mail is erased by default. */
	reading->settings->may_erase = true;
	for (size_t i = 0; i < 3; i++)
		if (!strcasecmp(node->text, drawers[i].name)) {
			reading->settings->size_bytes = drawers[i].bytes;
			return TP_OK;
		}
	return take_size(reading->path, node, &reading->settings->size_bytes, err);
}

/* A disc smaller than this could not hold its own description. */
static enum tp_status take_disc(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	enum tp_status status = take_size(reading->path, node, &reading->settings->disc_bytes, err);

	if (!status && reading->settings->disc_bytes < 1024 * 1024)
		status = tp_yaml_fail(err, reading->path, node, "a disc holds at least 1 MiB");
	return status;
}

static enum tp_status take_journal(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	enum tp_status status =
		take_size(reading->path, node, &reading->settings->journal_bytes, err);

	if (!status && reading->settings->journal_bytes < 4096)
		status = tp_yaml_fail(err, reading->path, node, "a journal has at least 4 KiB");
	return status;
}

static enum tp_status take_subscribe(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	static const char *const words[] = { "no", "yes", "false", "true", "off", "on" };

	for (int i = 0; i < 6; i++)
		if (!strcasecmp(node->text, words[i])) {
			reading->settings->subscribe = i % 2;
			return TP_OK;
		}
	return tp_yaml_fail(err, reading->path, node, "'%s' is neither yes nor no", node->text);
}

static enum tp_status take_answer(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	struct tp_error why;

	if (tp_duration_parse(node->text, &reading->settings->answer_seconds, &why))
		return tp_yaml_fail(err, reading->path, node, "%s", why.text);
	return TP_OK;
}

static enum tp_status replace(char **text, const char *by, struct tp_error *err)
{
	free(*text);
	*text = strdup(by);
	return *text ? TP_OK : tp_fail(err, TP_NOMEM, "archive.yaml: out of memory");
}

static enum tp_status take_word(const struct reading *reading, const struct tp_yaml *node,
	const char *const words[], const char *list, char **word, struct tp_error *err)
{
	for (; *words; words++)
		if (!strcmp(node->text, *words))
			return replace(word, *words, err);
	return tp_yaml_fail(err, reading->path, node, "'%s' is not one of %s", node->text, list);
}

static enum tp_status take_after(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	static const char *const words[] = { "burnt", "verified", "received", NULL };

	return take_word(
		reading, node, words, "burnt|verified|received", &reading->settings->after, err);
}

static enum tp_status take_language(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	static const char *const words[] = { "en", "fr", "de", "es", NULL };

	return take_word(reading, node, words, "en|fr|de|es", &reading->settings->language, err);
}

/* Addresses stand in the header of notices as they are, so nothing may end a line there. */
static enum tp_status take_address(const struct reading *reading, const struct tp_yaml *node,
	char **address, struct tp_error *err)
{
	const char *at = strrchr(node->text, '@');

	for (const char *c = node->text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			return tp_yaml_fail(
				err, reading->path, node, "a control character in an address");
	if (!at || at == node->text || !at[1])
		return tp_yaml_fail(
			err, reading->path, node, "'%s' is no mail address", node->text);
	return replace(address, node->text, err);
}

static enum tp_status take_contact(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	return take_address(reading, node, &reading->settings->contact, err);
}

static enum tp_status take_sender(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	return take_address(reading, node, &reading->settings->sender, err);
}

/* A key beside what it locks would be a key in the lock. */
static enum tp_status take_key_file(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	const char *slash = strrchr(reading->path, '/');
	struct tp_buf folder = TP_BUF_INIT(65536);
	char *here, *there;
	bool inside;

	if (*node->text != '/')
		return tp_yaml_fail(
			err, reading->path, node, "'%s' is not an absolute path", node->text);
	tp_buf_add(&folder, reading->path, slash ? (size_t)(slash - reading->path) + 1 : 0);
	tp_buf_addc(&folder, '.');
	here = realpath(tp_buf_str(&folder), NULL);
	there = realpath(node->text, NULL);
	tp_buf_release(&folder);
	inside = here && there && !strncmp(there, here, strlen(here)) &&
		 (there[strlen(here)] == '/' || here[strlen(here) - 1] == '/');
	free(here);
	free(there);
	if (inside)
		return tp_yaml_fail(err, reading->path, node, "the key is kept inside the archive");
	return replace(&reading->settings->key_file, node->text, err);
}

/* `Header: pattern`, in one text. */
static enum tp_status take_rule(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	struct tp_pattern *pattern = NULL;
	struct tp_error why;
	const char *colon;

	if (node->kind != TP_YAML_SCALAR || !node->text)
		return tp_yaml_fail(err, reading->path, node, "not a rule `Header: pattern`");
	for (colon = node->text; *colon > ' ' && *colon < 127 && *colon != ':'; colon++)
		;
	if (*colon != ':' || colon == node->text)
		return tp_yaml_fail(err, reading->path, node, "not a rule `Header: pattern`");
	switch (tp_pattern_regex(colon + 1 + strspn(colon + 1, " \t"), &pattern, &why)) {
	case TP_OK:
		break;
	case TP_NOMEM:
		return tp_fail(err, TP_NOMEM, "%s", why.text);
	default:
		return tp_yaml_fail(err, reading->path, node, "%s", why.text);
	}
	tp_pattern_free(pattern);
	return tp_strings_add(&reading->settings->skip, node->text, err);
}

static enum tp_status take_skip(
	const struct reading *reading, const struct tp_yaml *node, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < node->count; i++)
		status = take_rule(reading, node->items[i], err);
	return status;
}

static const struct {
	const char *name;
	enum tp_yaml_kind kind;
	take *take;
} keys[] = {
	{ "size", TP_YAML_SCALAR, take_quota },
	{ "disc", TP_YAML_SCALAR, take_disc },
	{ "subscribe", TP_YAML_SCALAR, take_subscribe },
	{ "answer", TP_YAML_SCALAR, take_answer },
	{ "after", TP_YAML_SCALAR, take_after },
	{ "language", TP_YAML_SCALAR, take_language },
	{ "contact", TP_YAML_SCALAR, take_contact },
	{ "sender", TP_YAML_SCALAR, take_sender },
	{ "skip", TP_YAML_SEQUENCE, take_skip },
	{ "journal", TP_YAML_SCALAR, take_journal },
	{ "key_file", TP_YAML_SCALAR, take_key_file },
};

static enum tp_status take_item(const struct reading *reading, const char *key,
	const struct tp_yaml *node, struct tp_error *err)
{
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (strcmp(keys[i].name, key))
			continue;
		if (node->kind != keys[i].kind)
			return tp_yaml_fail(err, reading->path, node, "%s: not a %s", key,
				keys[i].kind == TP_YAML_SEQUENCE ? "list" : "single value");
		if (node->kind == TP_YAML_SCALAR && !node->text)
			return tp_yaml_fail(err, reading->path, node, "%s: has no value", key);
		return keys[i].take(reading, node, err);
	}
	return tp_yaml_fail_key(err, reading->path, node, "unknown key '%s'", key);
}

static enum tp_status set_defaults(struct tp_archive_settings *settings, struct tp_error *err)
{
	enum tp_status status;

	*settings = (struct tp_archive_settings){
		.size_bytes = 10 * GB,
		.disc_bytes = 47 * GB / 10,
		.subscribe = true,
		.answer_seconds = 14 * 86400,
		.journal_bytes = UINT64_C(32) << 20,
	};
	status = replace(&settings->after, "verified", err);
	if (!status)
		status = replace(&settings->language, "en", err);
	return status;
}

static enum tp_status read_file(
	const char *path, struct tp_archive_settings *settings, struct tp_error *err)
{
	struct reading reading = { .path = path, .settings = settings };
	struct tp_yaml *root = NULL;
	enum tp_status status = tp_yaml_load(path, &root, err);

	if (status == TP_NOINPUT || status == TP_LIMIT)
		err->status = status = TP_CONFIG;
	if (!status && root->kind != TP_YAML_MAPPING)
		status = tp_yaml_fail(err, path, root, "not a mapping of settings");
	for (size_t i = 0; !status && i < root->count; i++)
		status = take_item(&reading, root->keys[i], root->items[i], err);
	tp_yaml_free(root);
	return status;
}

enum tp_status tp_archive_settings_read(
	const char *folder, struct tp_archive_settings *settings, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	struct tp_error unused;
	enum tp_status status = set_defaults(settings, err);

	if (!err)
		err = &unused;
	tp_buf_addf(&path, "%s/archive.yaml", folder);
	if (!status)
		status = tp_buf_status(&path, "archive.yaml", err);
	if (!status && access(path.data, F_OK) == 0)
		status = read_file(path.data, settings, err);
	tp_buf_release(&path);
	if (status)
		tp_archive_settings_release(settings);
	return status;
}

void tp_archive_settings_release(struct tp_archive_settings *settings)
{
	free(settings->after);
	free(settings->language);
	free(settings->contact);
	free(settings->sender);
	free(settings->key_file);
	tp_strings_release(&settings->skip);
	memset(settings, 0, sizeof *settings);
}
