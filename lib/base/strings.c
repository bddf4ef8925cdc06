/* Lists of strings: see strings.h. */
#include "base/strings.h"

#include "base/array.h"

static enum tp_status adopt(struct tp_strings *strings, char *string, struct tp_error *err)
{
	char **list;

	if (!string)
		return tp_fail(err, TP_NOMEM, "out of memory");
	/* With the NULL behind them. */
	list = tp_array_room(strings->list, strings->count + 1, &strings->cap, 8, sizeof *list);
	if (!list) {
		free(string);
		return tp_fail(err, TP_NOMEM, "out of memory");
	}
	strings->list = list;
	strings->list[strings->count++] = string;
	strings->list[strings->count] = NULL;
	return TP_OK;
}

enum tp_status tp_strings_add(struct tp_strings *strings, const char *string, struct tp_error *err)
{
	return adopt(strings, strdup(string), err);
}

enum tp_status tp_strings_addf(
	struct tp_strings *strings, struct tp_error *err, const char *format, ...)
{
	va_list args;
	char *string;
	int n;

	va_start(args, format);
	n = vasprintf(&string, format, args);
	va_end(args);
	return adopt(strings, n < 0 ? NULL : string, err);
}

bool tp_strings_has(const struct tp_strings *strings, const char *string)
{
	for (size_t i = 0; i < strings->count; i++)
		if (!strcmp(strings->list[i], string))
			return true;
	return false;
}

void tp_strings_release(struct tp_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->list[i]);
	free(strings->list);
	*strings = (struct tp_strings)TP_STRINGS_INIT;
}
