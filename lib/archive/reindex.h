/* A pack's index segment, made from the pack. */
#ifndef TP_ARCHIVE_REINDEX_H
#define TP_ARCHIVE_REINDEX_H

#include "archive/pack.h"
#include "archive/segment.h"

/* Fills a builder with what the pack knows. */
enum tp_status tp_reindex_fill(
	struct tp_pack *pack, struct tp_segment_builder *builder, struct tp_error *err);

/* Writes the segment of pack `number`; an older one is overwritten first. Under the shared lock or
 * seal.lock. */
enum tp_status tp_reindex(struct tp_archive *archive, uint32_t number, struct tp_error *err);

#endif
