/* base/table: the same rows for people and for programs, whatever a sender put into a cell. */
#include "base/table.h"
#include "tap.h"

#include <locale.h>

static struct tp_error err;

static void cell(struct tp_table *table, const char *text)
{
	tp_table_cell(table, text, text ? strlen(text) : 0);
}

static void print_is(const struct tp_table *table, bool aligned, const char *want, const char *what)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);

	ok(!tp_table_print(table, aligned, &out, &err) && !strcmp(tp_buf_str(&out), want), "%s",
		what);
	tp_buf_release(&out);
}

int main(void)
{
	struct tp_buf small = TP_BUF_INIT(10);
	struct tp_table table;

	setlocale(LC_CTYPE, "C.UTF-8");
	tp_table_init(&table, "lrl");
	print_is(&table, true, "", "no rows, nothing");
	cell(&table, "part");
	cell(&table, "bytes");
	cell(&table, "name");
	cell(&table, "1.2");
	tp_table_cellf(&table, "%d", 1234567);
	cell(&table, "\xc3\xa9t\xc3\xa9");
	cell(&table, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	cell(&table, NULL);
	cell(&table, "");
	print_is(&table, false,
		"part\tbytes\tname\n1.2\t1234567\t\xc3\xa9t\xc3\xa9\n"
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\t\t\n",
		"tabs for programs");
	print_is(&table, true,
		"part      bytes  name\n1.2     1234567  \xc3\xa9t\xc3\xa9\n"
		"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e           \n",
		"columns for people, wide letters counted as two");
	ok(tp_table_print(&table, false, &small, &err) == TP_LIMIT, "a buffer too small: %s",
		err.text);
	tp_buf_release(&small);
	tp_table_release(&table);

	tp_table_init(&table, "lr");
	tp_table_cell(&table, "a\tb\nc\0d", 7);
	cell(&table, "\033[2J");
	print_is(&table, false,
		"a b c\xef\xbf\xbd"
		"d\t\xef\xbf\xbd[2J\n",
		"no cell makes a column, a line or an escape");
	cell(&table, "x");
	cell(&table, "1");
	print_is(&table, true,
		"a b c\xef\xbf\xbd"
		"d  \xef\xbf\xbd[2J\nx           1\n",
		"numbers stand on the right");
	tp_table_release(&table);
	return done_testing();
}
