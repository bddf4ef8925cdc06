/* The file `rotation`: see rotate_state.h. */
#include "archive/rotate_state.h"

#include <errno.h>
#include <unistd.h>

#include "base/json.h"

#define NAME     "rotation"
#define FILE_MAX ((size_t)1 << 20)

static const char *const words[] = { [TP_OFFER_NONE] = "none",
	[TP_OFFER_OPEN] = "open",
	[TP_OFFER_ACCEPTED] = "accepted",
	[TP_OFFER_REFUSED] = "refused" };

/* --- lists ------------------------------------------------------------------------------------ */

enum tp_status tp_pack_list_add(struct tp_pack_list *list, uint32_t number, struct tp_error *err)
{
	uint32_t *larger = reallocarray(list->numbers, list->count + 1, sizeof *larger);

	if (!larger)
		return tp_fail(err, TP_NOMEM, "packs: out of memory");
	list->numbers = larger;
	list->numbers[list->count++] = number;
	return TP_OK;
}

bool tp_pack_list_has(const struct tp_pack_list *list, uint32_t number)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->numbers[i] == number)
			return true;
	return false;
}

void tp_pack_list_release(struct tp_pack_list *list)
{
	free(list->numbers);
	*list = (struct tp_pack_list){ .numbers = NULL };
}

void tp_rotate_state_release(struct tp_rotate_state *state)
{
	tp_pack_list_release(&state->offered);
	tp_pack_list_release(&state->leaving);
	*state = (struct tp_rotate_state){ .offer = TP_OFFER_NONE };
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool get_number(const struct tp_json *doc, const char *pointer, int64_t *number)
{
	struct tp_buf text = TP_BUF_INIT(64);
	char *end = NULL;
	bool found = tp_json_get(doc, pointer, &text);

	*number = found ? strtoll(tp_buf_str(&text), &end, 10) : 0;
	found = found && end > text.data && !*end;
	tp_buf_release(&text);
	return found;
}

static bool get_offer(const struct tp_json *doc, enum tp_offer *offer)
{
	struct tp_buf text = TP_BUF_INIT(64);
	bool found = false;

	tp_json_get(doc, "/offer", &text);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(words[i], tp_buf_str(&text))) {
			*offer = (enum tp_offer)i;
			found = true;
		}
	tp_buf_release(&text);
	return found;
}

/* A list is read as a whole: asked number by number, one that memory was short for would be its end, and
 * packs would be forgotten. */
static enum tp_status get_list(const struct tp_json *doc, const char *pointer,
	struct tp_pack_list *list, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	enum tp_status status = TP_OK;
	const char *at;

	if (!tp_json_raw(doc, pointer, &text) || *tp_buf_str(&text) != '[')
		status = text.status == TP_NOMEM ? tp_buf_status(&text, "packs", err)
						 : tp_fail(err, TP_DATA, "not what we write");
	at = tp_buf_str(&text) + 1;
	while (!status && *at != ']') {
		char *end;
		long long number = strtoll(at, &end, 10);

		if (end == at || number < 1 || number > TP_ARCHIVE_NUMBER_MAX ||
			(*end != ',' && *end != ']'))
			status = tp_fail(err, TP_DATA, "not what we write");
		else
			status = tp_pack_list_add(list, (uint32_t)number, err);
		at = end + (*end == ',');
	}
	tp_buf_release(&text);
	return status;
}

static enum tp_status get_state(
	const struct tp_json *doc, struct tp_rotate_state *state, struct tp_error *err)
{
	int64_t messages, bytes;
	bool good = get_offer(doc, &state->offer);
	enum tp_status status;

	good = get_number(doc, "/messages", &messages) && good;
	good = get_number(doc, "/bytes", &bytes) && good;
	good = get_number(doc, "/first_ms", &state->first_ms) && good;
	good = get_number(doc, "/last_ms", &state->last_ms) && good;
	good = get_number(doc, "/since", &state->since) && good;
	good = get_number(doc, "/told", &state->told) && good;
	if (!get_number(doc, "/first_told", &state->first_told)) /* before 0.2 there was none */
		state->first_told = state->told;
	if (!good || messages < 0 || bytes < 0)
		return tp_fail(err, TP_DATA, "not what we write");
	state->messages = (uint64_t)messages;
	state->bytes = (uint64_t)bytes;
	status = get_list(doc, "/offered", &state->offered, err);
	return status ? status : get_list(doc, "/leaving", &state->leaving, err);
}

enum tp_status tp_rotate_state_read(
	struct tp_archive *archive, struct tp_rotate_state *state, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	struct tp_json *doc = NULL;
	enum tp_status status = TP_OK;

	*state = (struct tp_rotate_state){ .offer = TP_OFFER_NONE };
	if (faccessat(archive->dir, NAME, F_OK, 0) && errno == ENOENT)
		goto out;
	status = tp_archive_file_read(archive, NAME, &text, err);
	if (!status)
		status = tp_json_parse(tp_buf_str(&text), text.len, &doc, err);
	if (!status)
		status = get_state(doc, state, err);
	if (status == TP_DATA)
		tp_error_prefix(err, "%s/" NAME, archive->path);
out:
	tp_json_free(doc);
	tp_buf_release(&text);
	return status;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_list(struct tp_buf *out, const char *name, const struct tp_pack_list *list)
{
	tp_json_key(out, name);
	tp_buf_addc(out, '[');
	for (size_t i = 0; i < list->count; i++)
		tp_buf_addf(out, i ? ",%u" : "%u", list->numbers[i]);
	tp_buf_addc(out, ']');
}

enum tp_status tp_rotate_state_write(
	struct tp_archive *archive, const struct tp_rotate_state *state, struct tp_error *err)
{
	struct tp_buf text = TP_BUF_INIT(FILE_MAX);
	enum tp_status status;

	tp_buf_addc(&text, '{');
	tp_json_pair(&text, "offer", words[state->offer]);
	put_list(&text, "offered", &state->offered);
	tp_json_pair_int(&text, "messages", (int64_t)state->messages);
	tp_json_pair_int(&text, "bytes", (int64_t)state->bytes);
	tp_json_pair_int(&text, "first_ms", state->first_ms);
	tp_json_pair_int(&text, "last_ms", state->last_ms);
	tp_json_pair_int(&text, "since", state->since);
	tp_json_pair_int(&text, "first_told", state->first_told);
	tp_json_pair_int(&text, "told", state->told);
	put_list(&text, "leaving", &state->leaving);
	tp_buf_adds(&text, "}\n");
	status = tp_archive_file_replace(archive, NAME, &text, err);
	tp_buf_release(&text);
	return status;
}
