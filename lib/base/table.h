/*
 * Lists for people and for programs from the same rows: aligned columns on a terminal, cells parted
 * by one tab when piped. Cells are scrubbed (base/utf8.h), so a sender cannot draw on the terminal
 * nor forge a column.
 */
#ifndef TP_BASE_TABLE_H
#define TP_BASE_TABLE_H

#include "base/buf.h"

#define TP_TABLE_COLUMNS_MAX 12

struct tp_table {
	unsigned columns;
	const char *align;   /* a letter a column: 'l' left, 'r' right (numbers) */
	struct tp_buf cells; /* NUL-terminated, row by row; grows with the list */
	size_t count;
};

/* `align` has a letter for each column, TP_TABLE_COLUMNS_MAX at most, and is borrowed. */
void tp_table_init(struct tp_table *table, const char *align);
/* Adds the next cell of the row; a row is full when it has all its columns. NULL: empty. */
bool tp_table_cell(struct tp_table *table, const char *text, size_t len);
bool tp_table_cellf(struct tp_table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends the list, aligned or with tabs. */
enum tp_status tp_table_print(
	const struct tp_table *table, bool aligned, struct tp_buf *out, struct tp_error *err);
void tp_table_release(struct tp_table *table);

#endif
