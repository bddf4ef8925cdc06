/*
 * The event log: one JSON object a line, each with the SHA-256 of the line before (RFC 8785 is not
 * needed: the bytes of the line are hashed as they stand). Appended under a lock and fsynced.
 * Puts are not written here: a message's record says who put it and when, and packs are chained.
 */
#ifndef TP_ARCHIVE_EVENTS_H
#define TP_ARCHIVE_EVENTS_H

#include "archive/archive.h"

/* Appends {"time","actor","event","id","note","before"}; actor NULL: "uid N"; id, note may be NULL.
 * Events: get, resend, erase, rotate, offer, accept, refuse; of discs made, burnt, verified, shipped,
 * received, lost, and release: a pack whose mails are on discs has left. */
enum tp_status tp_event_add(struct tp_archive *archive, const char *actor, const char *event,
	const char *id, const char *note, struct tp_error *err);

/* Gives every line (without its line end) in order; TP_DATA with the line's number where the chain
 * is broken, after the lines before it were given. */
typedef enum tp_status tp_event_each(
	void *context, const char *line, size_t len, struct tp_error *err);
enum tp_status tp_events_walk(
	struct tp_archive *archive, tp_event_each *each, void *context, struct tp_error *err);

/* True when the event says that a pack left for good, to a disc or erased for room: it has no id, its note
 * names "pack NNNNNNNN", and it is not one that says that a pack came or moved (seal, rotate). Whoever
 * lets a pack leave writes such an event first, or archive-check would miss the pack. */
bool tp_event_is_leaving(const char *line, size_t len, uint32_t *pack);

/* Gives each pack of which an event says so, in the log's order; one may come twice. The chain is not
 * looked at. */
typedef enum tp_status tp_event_left(void *context, uint32_t pack, struct tp_error *err);
enum tp_status tp_events_left(
	struct tp_archive *archive, tp_event_left *each, void *context, struct tp_error *err);

/* True when the last 4 MiB of the log say that this message was erased: then `time` and `actor` are
 * those of the last such event. False says nothing. The chain is not looked at. */
bool tp_event_find_erasure(
	struct tp_archive *archive, const char *id, struct tp_buf *time, struct tp_buf *actor);

/* Prints the log to stdout: a line an event, in columns (time, actor, event, id, note) as base/table.h has
 * them, or as it stands when `json`. `out` is an empty buffer of the caller's.
 * TP_NOTHING: it has no events. TP_DATA: its chain is broken; what stands before was printed. */
enum tp_status tp_events_print(
	struct tp_archive *archive, bool json, struct tp_buf *out, struct tp_error *err);

#endif
