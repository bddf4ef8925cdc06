/* The file `rotation`: what the rotation remembers. Private to rotate*.c. */
#ifndef TP_ARCHIVE_ROTATE_STATE_H
#define TP_ARCHIVE_ROTATE_STATE_H

#include "archive/rotate.h"

/* Numbers of packs, the oldest first. */
struct tp_pack_list {
	uint32_t *numbers;
	size_t count;
};

enum tp_status tp_pack_list_add(struct tp_pack_list *list, uint32_t number, struct tp_error *err);
bool tp_pack_list_has(const struct tp_pack_list *list, uint32_t number);
void tp_pack_list_release(struct tp_pack_list *list);

struct tp_rotate_state {
	enum tp_offer offer;
	struct tp_pack_list offered; /* the packs that it is about */
	uint64_t messages, bytes;
	int64_t first_ms, last_ms;
	int64_t since;               /* seconds: when it was made */
	int64_t first_told, told;    /* when it was told first and last; 0: not yet */
	struct tp_pack_list leaving; /* packs of the cellar that are being erased */
};

/* A missing file is the state of a new archive. TP_DATA: damaged. The caller releases *state in any
 * case. */
enum tp_status tp_rotate_state_read(
	struct tp_archive *archive, struct tp_rotate_state *state, struct tp_error *err);
enum tp_status tp_rotate_state_write(
	struct tp_archive *archive, const struct tp_rotate_state *state, struct tp_error *err);

void tp_rotate_state_release(struct tp_rotate_state *state);

/* Erases the packs of state->leaving, all of them in the cellar, with the attachments that nobody else
 * uses. Under seal.lock, in two steps. The first writes an event for each pack, its kind, and why it goes,
 * with which the note begins; and the list: from there on it is certain. The second, also for a list that
 * was read from the file, erases, and empties the list. */
enum tp_status tp_rotate_decide(struct tp_archive *archive, struct tp_rotate_state *state,
	const char *event, const char *why, const char *actor, struct tp_error *err);
enum tp_status tp_rotate_erase_on(
	struct tp_archive *archive, struct tp_rotate_state *state, struct tp_error *err);

#endif
