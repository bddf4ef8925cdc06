/*
 * The files of the archive's folder `disc`, by the discs that they are of. The ledger alone does not say
 * which numbers are taken: a disc whose facts were lost may have mails that nothing else knows.
 */
#ifndef TP_DISC_FILES_H
#define TP_DISC_FILES_H

#include "archive/archive.h"

enum tp_disc_file {
	TP_DISC_FACTS = 1,    /* NNNNNNNN.json: ledger_file.h */
	TP_DISC_CONTENTS = 2, /* NNNNNNNN.tpd: contents.h */
	TP_DISC_INDEX = 4,    /* NNNNNNNN.tpx: what left for it, archive/segment.h */
};

struct tp_disc_files {
	uint32_t number;
	unsigned has; /* set of enum tp_disc_file */
};

/* All of them, by number; the caller frees the list. No folder is no files. */
enum tp_status tp_disc_files(struct tp_archive *archive, struct tp_disc_files **list, size_t *count,
	struct tp_error *err);

/* The name of one of them, relative to the archive. */
void tp_disc_file_name(enum tp_disc_file file, uint32_t number, char name[TP_ARCHIVE_NAME]);

#endif
