/* The page's files that are the same on every disc, made part of the program. Private to page*.c. */
#ifndef TP_DISC_PAGE_FILES_H
#define TP_DISC_PAGE_FILES_H

#include <stddef.h>

struct tp_page_file {
	const char *path; /* on the disc */
	const char *text;
};

#define TP_PAGE_FILES 5
extern const struct tp_page_file tp_page_fixed[TP_PAGE_FILES];

#endif
