/* Doing what a recipe says: its steps one after the other, values taken from the answers. */
#ifndef TP_DROP_RECIPE_RUN_H
#define TP_DROP_RECIPE_RUN_H

#include "drop/http.h"
#include "drop/item.h"
#include "drop/recipe.h"

struct tp_recipe_run {
	const char *name; /* the recipe's, for messages */
	const struct tp_recipe *recipe;
	const struct tp_drop_item *item; /* NULL: the steps have no file */
	struct tp_http *http;
	struct tp_vars vars;
	struct tp_http_answer answer; /* of the last step */
};

/* All the steps that apply. Errors name the recipe and the step: "recipe wesend: log in: ...". */
enum tp_status tp_recipe_run(
	struct tp_recipe_run *run, const struct tp_recipe_steps *steps, struct tp_error *err);

/* The same for cleaning up behind a failure: every step is tried, failures do not count. */
void tp_recipe_undo(struct tp_recipe_run *run, const struct tp_recipe_steps *steps);

/* Builds the body and its Content-Type for a step (recipe_body.c). `head` and `tail` take the bytes
 * around the file and must live as long as *body. *has_body is false for a step without one. */
enum tp_status tp_recipe_body(struct tp_recipe_run *run, const struct tp_recipe_step *step,
	uint64_t offset, struct tp_strings *headers, struct tp_buf *head, struct tp_buf *tail,
	struct tp_http_body *body, bool *has_body, bool *secret, struct tp_error *err);

#endif
