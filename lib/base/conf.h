/*
 * Settings: one set of keys, known in one table (base/schema.c), with their types, defaults and
 * meaning. A value comes from the default, then the configuration file, then the command line, and
 * is checked the same way whichever it came from, so no tool ever meets a bad one.
 *
 * The file: --config, else $TUBEPOST_CONFIG, else ~/.config/tubepost/config.yaml, else
 * /etc/tubepost/config.yaml; without any, the defaults. Keys are written here as paths
 * (`drop.s3.region`). Asking for a key that is not in the table is a mistake of ours and aborts.
 */
#ifndef TP_BASE_CONF_H
#define TP_BASE_CONF_H

#include <stdint.h>

#include "base/buf.h"
#include "base/strings.h"

enum tp_conf_type {
	TP_CONF_STRING,
	TP_CONF_SIZE,     /* bytes */
	TP_CONF_DURATION, /* seconds */
	TP_CONF_INTEGER,
	TP_CONF_BOOL, /* yes, no, true, false, on, off */
	TP_CONF_WORD, /* one of `words` */
	TP_CONF_LIST, /* of strings; on the command line each use adds one */
	TP_CONF_MAP,  /* of strings to strings or maps, free keys: recipes */
};

struct tp_conf_key {
	const char *path;
	enum tp_conf_type type;
	const char *fallback; /* the default as it would be written; NULL: not set */
	const char *words;    /* TP_CONF_WORD: `a|b|c` */
	const char *help;     /* one sentence, for tubepost.yaml(5) and --help */
};

extern const struct tp_conf_key tp_conf_schema[]; /* ends with a NULL path */

struct tp_conf;
struct tp_yaml;

/* Loads the file at `path`, or looks for one when it is NULL. An unknown key, a wrong type or a bad
 * value gives TP_CONFIG with file, line and column. The caller frees *conf. */
enum tp_status tp_conf_load(const char *path, struct tp_conf **conf, struct tp_error *err);
void tp_conf_free(struct tp_conf *conf);

/* Sets a value from the command line; `origin` ("--over") begins the sentence when it is bad.
 * TP_USAGE. A list's first such use drops what the file said. */
enum tp_status tp_conf_set(struct tp_conf *conf, const char *key, const char *value,
	const char *origin, struct tp_error *err);

/* For values that only their user can judge. The sentence names the key as it was given:
 * `--jobs: WHY` (TP_USAGE), or `FILE:LINE:COLUMN: detach.jobs: WHY` (TP_CONFIG). */
enum tp_status tp_conf_fail(const struct tp_conf *conf, const char *key, struct tp_error *err,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The file that was read, or NULL. */
const char *tp_conf_file(const struct tp_conf *conf);

bool tp_conf_is_set(const struct tp_conf *conf, const char *key);
/* TP_CONF_STRING and TP_CONF_WORD: the text, NULL when not set and without default. Borrowed. */
const char *tp_conf_str(const struct tp_conf *conf, const char *key);
uint64_t tp_conf_size(const struct tp_conf *conf, const char *key); /* 0 when not set */
int64_t tp_conf_seconds(const struct tp_conf *conf, const char *key);
int64_t tp_conf_int(const struct tp_conf *conf, const char *key);
bool tp_conf_bool(const struct tp_conf *conf, const char *key);
const struct tp_strings *tp_conf_list(const struct tp_conf *conf, const char *key); /* never NULL */

/* TP_CONF_MAP: the text under `map`.`name` (name may hold dots), or NULL. Borrowed. */
const char *tp_conf_map_get(const struct tp_conf *conf, const char *map, const char *name);

/* Every key under `map`.`name` must be one of `known` and have a single value, else TP_CONFIG with
 * file, line and column. For whoever knows what may stand there: the schema does not. */
enum tp_status tp_conf_map_check(const struct tp_conf *conf, const char *map, const char *name,
	const struct tp_strings *known, struct tp_error *err);

/* TP_CONF_MAP: the whole mapping (base/yaml.h), for keys that are names; NULL when not set. Borrowed. */
const struct tp_yaml *tp_conf_map(const struct tp_conf *conf, const char *key);

/* A secret: $TUBEPOST_<KEY> (the path in capitals, dots as `_`), else the content of the file that
 * `<key>_file` names. TP_NOTHING when neither is there; a secret file that others may read is
 * TP_CONFIG. */
enum tp_status tp_conf_secret(
	const struct tp_conf *conf, const char *key, struct tp_buf *out, struct tp_error *err);
/* The same for `name` inside a map (recipes.wesend.password). */
enum tp_status tp_conf_map_secret(const struct tp_conf *conf, const char *map, const char *name,
	struct tp_buf *out, struct tp_error *err);

/* The state folder: `state`, else $TUBEPOST_STATE, else /var/lib/tubepost for root, else
 * ~/.local/state/tubepost. Appends "/NAME" when name is not NULL. Makes nothing. */
enum tp_status tp_conf_state_path(
	const struct tp_conf *conf, const char *name, struct tp_buf *out, struct tp_error *err);

#endif
