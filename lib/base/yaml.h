/*
 * YAML as a tree of nodes that know their line and column. The only module that knows libyaml.
 * Small on purpose: scalars are texts, anchors, aliases and tags are refused, a key may stand only
 * once in a mapping, at most 1 MiB and 32 levels. All places are line and column, from 1.
 */
#ifndef TP_BASE_YAML_H
#define TP_BASE_YAML_H

#include <stddef.h>

#include "base/error.h"

enum tp_yaml_kind { TP_YAML_SCALAR, TP_YAML_SEQUENCE, TP_YAML_MAPPING };

struct tp_yaml {
	enum tp_yaml_kind kind;
	int line, column; /* from 1; a mapping's item has its key's place in key_* */
	int key_line, key_column;
	char *text;  /* scalar: its value; NULL for none (`key:`, `key: ~`, `key: null`) */
	char **keys; /* mapping: key of each item */
	struct tp_yaml **items; /* sequence, mapping */
	size_t count;
};

/* Errors name file, line and column: `FILE:3:7: ...` (TP_CONFIG). An empty document gives an empty
 * mapping. The caller frees the tree. */
enum tp_status tp_yaml_load(const char *path, struct tp_yaml **root, struct tp_error *err);
enum tp_status tp_yaml_parse(const char *name, const char *text, size_t len, struct tp_yaml **root,
	struct tp_error *err);
void tp_yaml_free(struct tp_yaml *node);

/* The item under `key` of a mapping, or NULL. Borrowed. */
const struct tp_yaml *tp_yaml_get(const struct tp_yaml *mapping, const char *key);

/* `FILE:LINE:COLUMN: ` + the sentence, the place being the node's; returns TP_CONFIG. */
enum tp_status tp_yaml_fail(struct tp_error *err, const char *path, const struct tp_yaml *node,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The same with the place of the node's key. */
enum tp_status tp_yaml_fail_key(struct tp_error *err, const char *path, const struct tp_yaml *node,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
