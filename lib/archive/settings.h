/*
 * archive.yaml: the settings that belong to an archive and not to who looks at it. Private to
 * lib/archive; tubepost-archive(5) tells users.
 *
 * Read as strictly as the configuration: an unknown key, a wrong type or a bad value is TP_CONFIG with
 * file, line and column.
 */
#ifndef TP_ARCHIVE_SETTINGS_H
#define TP_ARCHIVE_SETTINGS_H

#include "archive/archive.h"

/* What a new archive's file says: every key with its default, in comments. */
extern const char tp_archive_settings_text[];

/* Reads FOLDER/archive.yaml; all defaults when there is none. */
enum tp_status tp_archive_settings_read(
	const char *folder, struct tp_archive_settings *settings, struct tp_error *err);
void tp_archive_settings_release(struct tp_archive_settings *settings);

#endif
