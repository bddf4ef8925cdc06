/*
 * The page's files that are the same on every disc: share/disc, made part of the program by the
 * Makefile, so that a disc can be made where nothing is installed.
 */
#include "disc/page_files.h"

#include "page-files.inc"

const struct tp_page_file tp_page_fixed[TP_PAGE_FILES] = {
	{ "index.html", index_html },
	{ "search/page.css", page_css },
	{ "search/words.js", words_js },
	{ "search/mail.js", mail_js },
	{ "search/page.js", page_js },
};
