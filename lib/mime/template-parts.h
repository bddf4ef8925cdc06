/* What the three files of the template module share: compiler and renderer (template.c), contexts
 * of HTML (template-context.c), values (template-value.c). Private to them. */
#ifndef TP_MIME_TEMPLATE_PARTS_H
#define TP_MIME_TEMPLATE_PARTS_H

#include "mime/template.h"

/* How a value is written where it stands. */
enum tp_context {
	TP_CONTEXT_PLAIN,    /* text template: scrubbed */
	TP_CONTEXT_HTML,     /* HTML text or quoted attribute: entities */
	TP_CONTEXT_URL,      /* a whole URL attribute: checked, then entities */
	TP_CONTEXT_URL_PART, /* inside a URL attribute: percent-encoded */
	TP_CONTEXT_REFUSED,  /* a place where no escaping is safe */
};

/* Follows the markup of a template's literal text, to tell where each value stands. */
struct tp_context_scan {
	int state;
	char name[16]; /* of the tag or attribute being read, lower case, cut */
	size_t name_len;
	char raw[16]; /* the element whose content is not markup, "" outside */
	char quote;
	bool url;     /* the attribute is a URL */
	bool code;    /* the attribute is a style or a script */
	bool started; /* the attribute's value has begun */
	bool closing;
};

void tp_context_feed(struct tp_context_scan *scan, const char *text, size_t len);
/* Where a value would stand now. */
enum tp_context tp_context_here(struct tp_context_scan *scan);

enum tp_value_id {
	TP_VALUE_NONE,
	TP_VALUE_LINKS,
	TP_VALUE_NAME,
	TP_VALUE_SIZE,
	TP_VALUE_SIZE_BYTES,
	TP_VALUE_URL,
	TP_VALUE_TYPE,
	TP_VALUE_SHA256,
	TP_VALUE_EXPIRES,
	TP_VALUE_EXPIRES_ISO,
	TP_VALUE_NUMBER,
	TP_VALUE_COUNT,
	TP_VALUE_ONE,
	TP_VALUE_MANY,
	TP_VALUE_TOTAL,
	TP_VALUE_TOTAL_BYTES,
	TP_VALUE_EXPIRES_ALL,
	TP_VALUE_LANG,
	TP_VALUE_FROM_NAME,
	TP_VALUE_FROM_ADDRESS,
	TP_VALUE_HEADER, /* its name stands in the template */
};

/* The value that a name means; TP_VALUE_NONE for an unknown one. */
enum tp_value_id tp_value_find(const char *name, size_t len);
bool tp_value_is_of_link(enum tp_value_id id);

/* Appends the raw value (UTF-8, as sent). `link` is the index of the link spoken of; `name` the
 * name in the template, for header values. */
enum tp_status tp_value_get(enum tp_value_id id, const char *name, size_t name_len,
	const struct tp_template_facts *facts, size_t link, struct tp_buf *out,
	struct tp_error *err);

/* Appends a raw value as the context wants it. */
bool tp_value_write(enum tp_context context, const char *value, size_t len, struct tp_buf *out);

#endif
