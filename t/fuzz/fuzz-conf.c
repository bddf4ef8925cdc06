/*
 * Configurations of any bytes: what is refused is refused as configuration, with its place, and what
 * is taken has a value of its type under every key there is.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/conf.h"

static const char *const sections[] = { "a", "wesend", "b.c", "" };

/* A file without a name, that its path can be opened by. */
static bool keep(const uint8_t *data, size_t size, char path[64], int *fd)
{
	*fd = memfd_create("conf", MFD_CLOEXEC);
	if (*fd < 0 || write(*fd, data, size) != (ssize_t)size)
		return false;
	snprintf(path, 64, "/proc/self/fd/%d", *fd);
	return true;
}

static void ask_all(struct tp_conf *conf)
{
	static char login[] = "login";
	static char *words[] = { login, NULL };
	const struct tp_strings known = { words, 1, 1 };
	struct tp_error err;

	for (const struct tp_conf_key *key = tp_conf_schema; key->path; key++) {
		if (key->type == TP_CONF_LIST) {
			const struct tp_strings *list = tp_conf_list(conf, key->path);

			for (size_t i = 0; i < list->count; i++)
				MUST(list->list[i]);
		} else if (key->type == TP_CONF_MAP) {
			for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
				tp_conf_map_get(conf, key->path, sections[i]);
				tp_conf_map_check(conf, key->path, sections[i], &known, &err);
			}
		} else if (tp_conf_is_set(conf, key->path)) {
			MUST(tp_conf_str(conf, key->path));
		}
		MUST(tp_conf_int(conf, key->path) >= 0 || key->type == TP_CONF_SIZE);
		if (key->type == TP_CONF_WORD && tp_conf_str(conf, key->path))
			MUST(strstr(key->words, tp_conf_str(conf, key->path)));
		MUST(tp_conf_fail(conf, key->path, &err, "x") == TP_CONFIG &&
			strstr(err.text, ": x"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tp_conf *conf = NULL;
	struct tp_error err = { TP_OK, "" };
	char path[64];
	int fd;

	if (keep(data, size, path, &fd)) {
		enum tp_status status = tp_conf_load(path, &conf, &err);

		MUST(!status == (conf != NULL));
		if (status)
			MUST(status == TP_CONFIG && !strncmp(err.text, path, strlen(path)));
		else
			ask_all(conf);
	}
	tp_conf_free(conf);
	if (fd >= 0)
		close(fd);
	return 0;
}
