/* The plan as --dry-run shows it: see plan.h. */
#include "drop/plan.h"

#include "base/json.h"
#include "base/table.h"

static const char *const words[] = { "stays", "leaves", "wrapped" };

enum tp_status tp_plan_print(const struct tp_plan *plan, const struct tp_tree *tree, bool aligned,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);
	struct tp_table table;
	enum tp_status status;

	tp_table_init(&table, "lllrll");
	for (size_t i = 0; i < plan->count; i++) {
		const struct tp_plan_item *item = &plan->items[i];

		tp_buf_clear(&path);
		tp_tree_name(tree, item->part, &path);
		tp_table_cell(&table, tp_buf_str(&path), path.len);
		tp_table_cellf(&table, "%s", words[item->decision]);
		tp_table_cellf(&table, "%s", *item->reason ? item->reason : "-");
		tp_table_cellf(&table, "%llu", (unsigned long long)item->size_bytes);
		tp_table_cellf(&table, "%s", item->type);
		tp_table_cellf(&table, "%s", item->name ? item->name : "");
	}
	status = tp_table_print(&table, aligned, out, err);
	tp_table_release(&table);
	tp_buf_release(&path);
	return status;
}

enum tp_status tp_plan_print_json(const struct tp_plan *plan, const struct tp_tree *tree,
	struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf path = TP_BUF_INIT(1u << 16);

	for (size_t i = 0; i < plan->count; i++) {
		const struct tp_plan_item *item = &plan->items[i];

		tp_buf_clear(&path);
		tp_tree_name(tree, item->part, &path);
		tp_buf_addc(out, '{');
		tp_json_pair(out, "part", tp_buf_str(&path));
		tp_json_pair(out, "decision", words[item->decision]);
		tp_json_pair(out, "reason", *item->reason ? item->reason : NULL);
		tp_json_pair_int(out, "size", (int64_t)item->size_bytes);
		tp_json_pair(out, "type", item->type);
		tp_json_pair(out, "name", item->name);
		tp_buf_adds(out, "}\n");
	}
	tp_buf_release(&path);
	return tp_buf_status(out, "list of decisions", err);
}
