/*
 * The state as text, for backups and for several MX hosts that do not share a disk: what one dumps
 * another merges, as often as wanted and in any direction, and both know the same afterwards.
 *
 * The first line is `tubepost-greylist 1`. Then a line an entry, its cells parted by tabs:
 * kind (k key, o origin, l learned), first, last, late, passed, count, until, word, text. Times are
 * Unix seconds. The text holds no tab and no line end (greylist/key.h). Findings about DNS lists are
 * a host's own and are left out.
 */
#ifndef TP_GREYLIST_EXCHANGE_H
#define TP_GREYLIST_EXCHANGE_H

#include "greylist/state.h"

/* Hands the text to `write` in pieces of some 64 KiB. */
typedef enum tp_status tp_exchange_write(
	void *context, const char *bytes, size_t len, struct tp_error *err);
enum tp_status tp_state_dump(struct tp_state *state, int64_t now, tp_exchange_write *write,
	void *context, struct tp_error *err);

/* Merges the text data[0, len), `name` being what to call it. All of it is read first: TP_DATA with the
 * line that is none, and nothing is merged. Written in small transactions, so that decisions go on
 * beside it; a second merge of the same text changes nothing. */
enum tp_status tp_state_merge(struct tp_state *state, const char *name, const char *data,
	size_t len, int64_t now, int64_t *merged, struct tp_error *err);

#endif
