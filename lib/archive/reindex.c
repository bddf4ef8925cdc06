/* Index segments from packs: see reindex.h. */
#include "archive/reindex.h"

enum tp_status tp_reindex_fill(
	struct tp_pack *pack, struct tp_segment_builder *builder, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	for (size_t i = 0; !status && i < tp_pack_count(pack); i++) {
		struct tp_record record = TP_RECORD_INIT;

		status = tp_pack_record(pack, i, &record, NULL, err);
		if (!status || status == TP_NOTHING)
			status =
				tp_segment_builder_add(builder, &record, status == TP_NOTHING, err);
		tp_record_release(&record);
	}
	return status;
}

enum tp_status tp_reindex(struct tp_archive *archive, uint32_t number, struct tp_error *err)
{
	struct tp_segment_builder *builder = NULL;
	struct tp_pack *pack = NULL;
	enum tp_status status = tp_pack_open(archive, number, &pack, err);

	if (!status)
		status = tp_segment_builder_new(&builder, err);
	if (!status)
		status = tp_reindex_fill(pack, builder, err);
	if (!status)
		status = tp_segment_drop(archive, TP_SEGMENT_PACK, number, err);
	if (!status)
		status = tp_segment_builder_write(builder, archive, number, err);
	tp_segment_builder_free(builder);
	tp_pack_close(pack);
	return status;
}
