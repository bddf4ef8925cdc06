/* Events of discs: see check_told.h. Their notes begin with "disc SERIAL"; those of packs that left, with "on
 * disc SERIAL, SERIAL: pack". */
#include "disc/check_told.h"

#include <stdlib.h>
#include <string.h>

#include "archive/events.h"
#include "base/array.h"
#include "base/json.h"
#include "disc/ledger_file.h"

struct reading {
	struct tp_told *told;
	struct tp_buf event, note;
};

static struct tp_told_disc *find(const struct tp_told *told, const char *serial)
{
	for (size_t i = 0; i < told->count; i++)
		if (!strcmp(told->discs[i].serial, serial))
			return &told->discs[i];
	return NULL;
}

/* NULL: no memory. */
static struct tp_told_disc *find_or_add(struct tp_told *told, const char *serial)
{
	struct tp_told_disc *disc = find(told, serial), *list;

	if (disc)
		return disc;
	list = tp_array_room(told->discs, told->count, &told->cap, 16, sizeof *list);
	if (!list)
		return NULL;
	told->discs = list;
	disc = &told->discs[told->count++];
	*disc = (struct tp_told_disc){ .left = false };
	memcpy(disc->serial, serial, sizeof disc->serial);
	return disc;
}

/* The serials at `text`, with ", " between them. */
static enum tp_status take_serials(
	struct tp_told *told, const char *text, bool left, struct tp_error *err)
{
	char word[TP_SERIAL_LEN + 1] = "", serial[TP_SERIAL_LEN + 1];

	while (strlen(text) >= TP_SERIAL_LEN) {
		struct tp_told_disc *disc;

		memcpy(word, text, TP_SERIAL_LEN);
		if (!tp_serial_normalize(word, serial))
			break;
		disc = find_or_add(told, serial);
		if (!disc)
			return tp_fail(err, TP_NOMEM, "disc: out of memory");
		disc->left = disc->left || left;
		text += TP_SERIAL_LEN;
		if (strncmp(text, ", ", 2))
			break;
		text += 2;
	}
	return TP_OK;
}

static enum tp_status take_event(struct reading *r, struct tp_error *err)
{
	static const char of_pack[] = "on disc ", of_disc[] = "disc ";
	const char *event = tp_buf_str(&r->event), *note = tp_buf_str(&r->note);

	if (!strcmp(event, "release") && !strncmp(note, of_pack, sizeof of_pack - 1))
		return take_serials(r->told, note + sizeof of_pack - 1, true, err);
	if (strcmp(event, "made") && !strncmp(note, of_disc, sizeof of_disc - 1))
		return take_serials(r->told, note + sizeof of_disc - 1, false, err);
	return TP_OK;
}

static enum tp_status take_line(void *context, const char *line, size_t len, struct tp_error *err)
{
	static const char no_id[] = "\"id\":null", disc[] = "disc ";
	struct reading *r = context;
	struct tp_json *doc;

	if (!memmem(line, len, no_id, sizeof no_id - 1) ||
		!memmem(line, len, disc, sizeof disc - 1) || tp_json_parse(line, len, &doc, NULL))
		return TP_OK;
	tp_buf_clear(&r->event);
	tp_buf_clear(&r->note);
	tp_json_get(doc, "/event", &r->event);
	tp_json_get(doc, "/note", &r->note);
	tp_json_free(doc);
	return take_event(r, err);
}

enum tp_status tp_told_read(struct tp_archive *archive, struct tp_told *told, struct tp_error *err)
{
	struct reading r = { told, TP_BUF_INIT(1u << 20), TP_BUF_INIT(1u << 20) };
	struct tp_error why;
	enum tp_status status = tp_events_walk(archive, take_line, &r, &why);

	tp_buf_release(&r.event);
	tp_buf_release(&r.note);
	if (!status || status == TP_NOINPUT || tp_ledger_is_damage(status))
		return TP_OK;
	return tp_fail(err, status, "%s", why.text);
}

void tp_told_release(struct tp_told *told)
{
	free(told->discs);
	*told = (struct tp_told){ .discs = NULL };
}

bool tp_told_has_left(const struct tp_told *told, const char *serial)
{
	const struct tp_told_disc *disc = find(told, serial);

	return disc && disc->left;
}

void tp_told_found(struct tp_told *told, const char *serial)
{
	struct tp_told_disc *disc = find(told, serial);

	if (disc)
		disc->found = true;
}

void tp_told_unknown(const struct tp_told *told, tp_told_each *each, void *context)
{
	for (size_t i = 0; i < told->count; i++)
		if (!told->discs[i].found)
			each(context, told->discs[i].serial);
}
