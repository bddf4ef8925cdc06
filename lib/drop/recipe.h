/*
 * Recipes: HTTP services described in YAML, tubepost-recipe(5). Loading checks everything that can
 * be checked without the service: keys, values, templates, and that each variable is known where it
 * is used. A mistake is TP_CONFIG with file, line and column.
 */
#ifndef TP_DROP_RECIPE_H
#define TP_DROP_RECIPE_H

#include "base/conf.h"
#include "base/yaml.h"
#include "drop/vars.h"

#define TP_RECIPE_CODES 16

/* What a step's body is made of. */
enum tp_recipe_body {
	TP_BODY_NONE,
	TP_BODY_FILE,
	TP_BODY_TEXT,
	TP_BODY_JSON,
	TP_BODY_FORM,
	TP_BODY_MULTIPART
};

struct tp_recipe_step {
	const struct tp_yaml *node;
	const char *name, *method, *url;
	const char *when, *unless;            /* templates or NULL */
	const struct tp_yaml *headers, *take; /* mappings or NULL */
	const char *user, *password;          /* basic authentication, or NULL */
	enum tp_recipe_body kind;
	const struct tp_yaml *body; /* text: a scalar; form, multipart: a mapping */
	uint64_t chunk;             /* the file in slices of this size; 0: whole */
	uint64_t over, upto;        /* only for files of such a size; upto 0: any */
	int success[TP_RECIPE_CODES], on[TP_RECIPE_CODES]; /* end with 0; on: after these only */
	bool again;
};

struct tp_recipe_steps {
	struct tp_recipe_step *list;
	size_t count;
};

struct tp_recipe {
	char *path;
	struct tp_yaml *root;
	const struct tp_yaml *settings; /* mapping or NULL */
	struct tp_recipe_steps put, undo, send;
	const char *url, *delete_url, *expires; /* templates of the result; NULL: none */
	uint64_t most_bytes;                    /* 0: no limit */
	int64_t most_seconds;
};

enum tp_status tp_recipe_load(const char *path, struct tp_recipe **recipe, struct tp_error *err);
/* The same from what was read already; `root` is taken over in any case. */
enum tp_status tp_recipe_new(
	const char *path, struct tp_yaml *root, struct tp_recipe **recipe, struct tp_error *err);
void tp_recipe_free(struct tp_recipe *recipe);

/* Appends the path of NAME.yaml: from `recipe_path`, the installed recipes, or the build tree's.
 * TP_CONFIG when there is none, or the name is not made of a-z, 0-9 and dashes. */
enum tp_status tp_recipe_find(
	const struct tp_conf *conf, const char *name, struct tp_buf *path, struct tp_error *err);

/* Finds and loads the recipe, and checks what stands under recipes.NAME in the configuration: keys
 * that are no settings of it are TP_CONFIG, with file, line and column. */
enum tp_status tp_recipe_open(const struct tp_conf *conf, const char *name,
	struct tp_recipe **recipe, struct tp_error *err);

/* Sets a variable for each setting: from recipes.NAME in the configuration, the environment
 * (secrets) or its default. TP_CONFIG when a required one is missing. */
enum tp_status tp_recipe_settings(const struct tp_recipe *recipe, const struct tp_conf *conf,
	const char *name, struct tp_vars *vars, struct tp_error *err);

#endif
