/* Finding and loading recipes, and what the configuration gives them: see recipe.h. */
#include <libgen.h>
#include <unistd.h>

#include "drop/recipe.h"

enum tp_status tp_recipe_load(const char *path, struct tp_recipe **recipe, struct tp_error *err)
{
	struct tp_yaml *root = NULL;
	enum tp_status status = tp_yaml_load(path, &root, err);

	*recipe = NULL;
	return status ? status : tp_recipe_new(path, root, recipe, err);
}

static bool is_name(const char *name)
{
	return *name && strlen(name) < 200 &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")];
}

/* True when FOLDER/NAME.yaml can be read; *path holds it then. */
static bool try_folder(const char *folder, size_t len, const char *name, struct tp_buf *path)
{
	tp_buf_clear(path);
	tp_buf_addf(path, "%.*s/%s.yaml", (int)len, folder, name);
	return !path->status && !access(tp_buf_str(path), R_OK);
}

/* BUILD/bin/drop-put finds the recipes of its own tree by the link that make puts into BUILD; an
 * installed program, beside which no libtubepost.a stands, does not look there. */
static bool try_build_tree(const char *name, struct tp_buf *path)
{
	char program[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	const char *folder;

	if (n <= 0 || (size_t)n >= sizeof program - 1)
		return false;
	program[n] = '\0';
	folder = dirname(dirname(program)); /* BUILD */
	tp_buf_clear(path);
	tp_buf_addf(path, "%s/libtubepost.a", folder);
	if (path->status || access(tp_buf_str(path), F_OK))
		return false;
	tp_buf_clear(path);
	tp_buf_addf(path, "%s/share/recipes/%s.yaml", folder, name);
	return !path->status && !access(tp_buf_str(path), R_OK);
}

enum tp_status tp_recipe_find(
	const struct tp_conf *conf, const char *name, struct tp_buf *path, struct tp_error *err)
{
	const char *folders = tp_conf_str(conf, "recipe_path"), *end;
	static const char installed[] = TP_DATADIR "/recipes";

	if (!is_name(name))
		return tp_fail(err, TP_CONFIG,
			"store recipe:%s: a recipe's name has only a-z, 0-9 and dashes", name);
	for (; folders && *folders; folders = *end ? end + 1 : end) {
		end = strchrnul(folders, ':');
		if (try_folder(folders, (size_t)(end - folders), name, path))
			return TP_OK;
	}
	if (try_folder(installed, sizeof installed - 1, name, path) || try_build_tree(name, path))
		return TP_OK;
	return tp_fail(err, TP_CONFIG,
		"store recipe:%s: no %s.yaml in recipe_path nor in " TP_DATADIR "/recipes", name,
		name);
}

static bool says_yes(const struct tp_yaml *setting, const char *key)
{
	const struct tp_yaml *node = tp_yaml_get(setting, key);

	return node && node->text && !strcmp(node->text, "yes");
}

/* What may stand under recipes.NAME: the settings, the secret ones as names of files. */
static enum tp_status check_keys(const struct tp_conf *conf, const char *name,
	const struct tp_yaml *settings, struct tp_error *err)
{
	struct tp_strings known = TP_STRINGS_INIT;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && settings && i < settings->count; i++)
		status = tp_strings_addf(&known, err, "%s%s", settings->keys[i],
			says_yes(settings->items[i], "secret") ? "_file" : "");
	if (!status)
		status = tp_conf_map_check(conf, "recipes", name, &known, err);
	tp_strings_release(&known);
	return status;
}

enum tp_status tp_recipe_open(const struct tp_conf *conf, const char *name,
	struct tp_recipe **recipe, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(65536);
	enum tp_status status = tp_recipe_find(conf, name, &path, err);

	*recipe = NULL;
	if (!status)
		status = tp_recipe_load(tp_buf_str(&path), recipe, err);
	tp_buf_release(&path);
	if (!status)
		status = check_keys(conf, name, (*recipe)->settings, err);
	if (status) {
		tp_recipe_free(*recipe);
		*recipe = NULL;
	}
	return status;
}

/* "NAME.KEY" inside the map `recipes`. */
static enum tp_status read_setting(const struct tp_conf *conf, const char *path,
	const struct tp_yaml *setting, struct tp_buf *value, struct tp_error *err)
{
	const struct tp_yaml *fallback = tp_yaml_get(setting, "default");
	const char *text;

	if (says_yes(setting, "secret"))
		return tp_conf_map_secret(conf, "recipes", path, value, err);
	text = tp_conf_map_get(conf, "recipes", path);
	if (!text && fallback)
		text = fallback->text;
	if (!text)
		return TP_NOTHING;
	tp_buf_adds(value, text);
	return tp_buf_status(value, path, err);
}

static enum tp_status take_setting(const struct tp_conf *conf, const char *recipe, const char *key,
	const struct tp_yaml *setting, struct tp_vars *vars, struct tp_error *err)
{
	struct tp_buf value = TP_BUF_INIT(65536), path = TP_BUF_INIT(4096);
	bool secret = says_yes(setting, "secret");
	enum tp_status status;

	tp_buf_addf(&path, "%s.%s", recipe, key);
	status = tp_buf_status(&path, "recipe setting", err);
	if (!status)
		status = read_setting(conf, tp_buf_str(&path), setting, &value, err);
	if (status == TP_NOTHING && says_yes(setting, "required"))
		status = tp_fail(err, TP_CONFIG, "store recipe:%s: recipes.%s%s is not set", recipe,
			tp_buf_str(&path), secret ? "_file" : "");
	if (!status || status == TP_NOTHING)
		status = tp_vars_set(vars, key, tp_buf_str(&value), secret, err);
	if (secret && value.data)
		explicit_bzero(value.data, value.len);
	tp_buf_release(&value);
	tp_buf_release(&path);
	return status;
}

enum tp_status tp_recipe_settings(const struct tp_recipe *recipe, const struct tp_conf *conf,
	const char *name, struct tp_vars *vars, struct tp_error *err)
{
	const struct tp_yaml *settings = recipe->settings;
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && settings && i < settings->count; i++)
		status = take_setting(conf, name, settings->keys[i], settings->items[i], vars, err);
	return status;
}
