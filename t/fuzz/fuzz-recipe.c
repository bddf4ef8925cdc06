/*
 * Recipes of any bytes, and their templates filled in with hostile values: what stands in a URL stays
 * one, and what stands in JSON stays JSON wherever it was.
 */
#include "fuzz.h"

#include "base/json.h"
#include "drop/recipe.h"

static const char hostile[] = "\"\\ \n\r\t&=/?#%$${x}<>\xc3\xa9\x7f,[]{}";

static void expand_all(const struct tp_vars *vars, const char *text)
{
	struct tp_buf out = TP_BUF_INIT(1 << 22), url = TP_BUF_INIT(1 << 22);
	struct tp_json *doc = NULL;
	struct tp_error err;

	tp_template_expand(vars, text, TP_PLACE_TEXT, &out, NULL, &err);
	tp_buf_clear(&out);
	/* A whole string made of variables alone. */
	if (!tp_template_expand(vars, "[\"${name}\", ${name}]", TP_PLACE_JSON, &out, NULL, &err)) {
		MUST(!tp_json_parse(tp_buf_str(&out), out.len, &doc, &err));
		tp_json_free(doc);
	}
	/* What a variable adds to a URL is never more than a piece of its path. */
	if (!tp_template_expand(vars, "https://h/${name}", TP_PLACE_URL, &url, NULL, &err))
		MUST(tp_is_url(tp_buf_str(&url)) && !strpbrk(tp_buf_str(&url) + 10, "/?#&"));
	tp_buf_clear(&url);
	tp_template_expand(vars, text, TP_PLACE_URL, &url, NULL, &err);
	tp_buf_release(&out);
	tp_buf_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tp_vars vars = { .now = 1000 };
	struct tp_recipe *recipe = NULL;
	struct tp_yaml *root = NULL;
	struct tp_error err;

	if (tp_yaml_parse("fuzz", (const char *)data, size, &root, &err))
		return 0;
	if (!tp_recipe_new("fuzz", root, &recipe, &err)) {
		tp_vars_set(&vars, "name", hostile, false, &err);
		tp_vars_set(&vars, "expires", "87401", false, &err);
		for (size_t i = 0; i < recipe->put.count; i++)
			expand_all(&vars, recipe->put.list[i].url);
		if (recipe->url)
			expand_all(&vars, recipe->url);
	}
	tp_recipe_free(recipe);
	tp_vars_release(&vars);
	return 0;
}
