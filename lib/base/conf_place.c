/*
 * What the configuration names but does not hold: secrets, which stand in files or in the
 * environment, and the state folder. See conf.h.
 */
#include "base/conf.h"

#include <ctype.h>
#include <unistd.h>

#include "base/file.h"

/* $TUBEPOST_DROP_S3_SECRET_KEY for drop.s3.secret_key: *value is NULL when not set or empty. */
static enum tp_status secret_from_environment(
	const char *first, const char *second, const char **value, struct tp_error *err)
{
	struct tp_buf name = TP_BUF_INIT(4096);
	enum tp_status status;

	tp_buf_addf(&name, "TUBEPOST_%s%s%s", first, second ? "_" : "", second ? second : "");
	for (size_t i = 0; i < name.len; i++)
		name.data[i] = isalnum((unsigned char)name.data[i])
				       ? (char)toupper((unsigned char)name.data[i])
				       : '_';
	status = tp_buf_status(&name, "configuration key", err);
	*value = status ? NULL : getenv(tp_buf_str(&name));
	if (*value && !**value)
		*value = NULL;
	tp_buf_release(&name);
	return status;
}

static enum tp_status take_secret(
	const char *value, const char *file, struct tp_buf *out, struct tp_error *err)
{
	if (value)
		return tp_buf_adds(out, value) ? TP_OK : tp_buf_status(out, "secret", err);
	if (file)
		return tp_file_read_secret(file, out, err);
	return TP_NOTHING;
}

enum tp_status tp_conf_secret(
	const struct tp_conf *conf, const char *key, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf file_key = TP_BUF_INIT(4096);
	enum tp_status status;
	const char *value;

	if (!tp_buf_addf(&file_key, "%s_file", key))
		return tp_buf_status(&file_key, "configuration key", err);
	status = secret_from_environment(key, NULL, &value, err);
	if (!status)
		status = take_secret(value, tp_conf_str(conf, file_key.data), out, err);
	tp_buf_release(&file_key);
	return status;
}

enum tp_status tp_conf_map_secret(const struct tp_conf *conf, const char *map, const char *name,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf file_key = TP_BUF_INIT(4096);
	enum tp_status status;
	const char *value;

	if (!tp_buf_addf(&file_key, "%s_file", name))
		return tp_buf_status(&file_key, "configuration key", err);
	status = secret_from_environment(map, name, &value, err);
	if (!status)
		status = take_secret(value, tp_conf_map_get(conf, map, file_key.data), out, err);
	tp_buf_release(&file_key);
	return status;
}

enum tp_status tp_conf_state_path(
	const struct tp_conf *conf, const char *name, struct tp_buf *out, struct tp_error *err)
{
	const char *set = tp_conf_str(conf, "state"), *home = getenv("HOME");

	if (!set || !*set)
		set = getenv("TUBEPOST_STATE");
	if (set && *set)
		tp_buf_adds(out, set);
	else if (geteuid() == 0)
		tp_buf_adds(out, "/var/lib/tubepost");
	else if (home && *home)
		tp_buf_addf(out, "%s/.local/state/tubepost", home);
	else
		return tp_fail(err, TP_CONFIG, "no folder for state: set `state` or $HOME");
	if (name)
		tp_buf_addf(out, "/%s", name);
	return tp_buf_status(out, "state folder", err);
}
