/* Lists for people and for programs: see table.h. */
#include "base/table.h"

#include "base/utf8.h"

void tp_table_init(struct tp_table *table, const char *align)
{
	if (!*align || strlen(align) > TP_TABLE_COLUMNS_MAX) /* our own mistake */
		abort();
	*table = (struct tp_table){ (unsigned)strlen(align), align, TP_BUF_INIT(1u << 30), 0 };
}

bool tp_table_cell(struct tp_table *table, const char *text, size_t len)
{
	if (text)
		tp_text_scrub(text, len, &table->cells);
	table->count++;
	return tp_buf_addc(&table->cells, '\0');
}

bool tp_table_cellf(struct tp_table *table, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	bool done;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0) {
		table->cells.status = TP_NOMEM;
		return false;
	}
	done = tp_table_cell(table, text, (size_t)n);
	free(text);
	return done;
}

static void measure(const struct tp_table *table, size_t widths[TP_TABLE_COLUMNS_MAX])
{
	const char *at = tp_buf_str(&table->cells);

	for (size_t i = 0; i < table->count; i++, at += strlen(at) + 1) {
		size_t width = tp_utf8_columns(at, strlen(at));

		if (width > widths[i % table->columns])
			widths[i % table->columns] = width;
	}
}

static void pad(struct tp_buf *out, size_t width)
{
	while (width-- > 0 && tp_buf_addc(out, ' '))
		;
}

enum tp_status tp_table_print(
	const struct tp_table *table, bool aligned, struct tp_buf *out, struct tp_error *err)
{
	size_t widths[TP_TABLE_COLUMNS_MAX] = { 0 };
	const char *at = tp_buf_str(&table->cells);

	if (table->cells.status)
		return tp_buf_status(&table->cells, "list", err);
	if (aligned)
		measure(table, widths);
	for (size_t i = 0; i < table->count; i++, at += strlen(at) + 1) {
		unsigned column = (unsigned)(i % table->columns);
		bool last = column + 1 == table->columns;
		size_t width = tp_utf8_columns(at, strlen(at));
		size_t gap = widths[column] > width ? widths[column] - width : 0;

		if (table->align[column] == 'r')
			pad(out, gap);
		tp_buf_adds(out, at);
		if (table->align[column] != 'r' && !last)
			pad(out, gap);
		tp_buf_adds(out, last ? "\n" : aligned ? "  " : "\t");
	}
	return tp_buf_status(out, "list", err);
}

void tp_table_release(struct tp_table *table)
{
	tp_buf_release(&table->cells);
	table->count = 0;
}
