/*
 * The built-in templates: share/templates/links.*, made part of the program by the Makefile, so
 * that the tool works where nothing is installed.
 */
#include "mime/template.h"

static const struct {
	const char *lang;
	const char *type;
	const char *text;
} builtin[] = {
#include "templates.inc"
};

const char *tp_template_builtin(const char *lang, bool html)
{
	for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
		if (!strcmp(builtin[i].lang, lang) &&
			!strcmp(builtin[i].type, html ? "html" : "txt"))
			return builtin[i].text;
	return NULL;
}
