/*
 * Putting a message together from its skeleton and the contents of its holes: see split.h. Bytes flow
 * through; nothing is kept but a quantum of base64 and a piece of output.
 */
#include "archive/split.h"

#define ROOM ((size_t)64 * 1024)

struct tp_joiner {
	const struct tp_split *split;
	tp_blob_reader *blobs;
	void *blobs_context;
	tp_press_sink *sink;
	void *sink_context;
	uint64_t at; /* skeleton bytes taken */
	size_t next; /* hole */
	/* the hole being filled */
	const struct tp_hole *hole;
	uint64_t given; /* decoded bytes */
	uint32_t column;
	unsigned char carry[3];
	unsigned carried;
	size_t out_len;
	char out[ROOM + 16]; /* a line ending may stand behind the room */
};

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static char pairs[4096][2]; /* the two digits of twelve bits */

__attribute__((constructor)) static void fill_pairs(void)
{
	for (unsigned i = 0; i < 4096; i++) {
		pairs[i][0] = digits[i >> 6];
		pairs[i][1] = digits[i & 63];
	}
}

/* --- one hole --------------------------------------------------------------------------------- */

static enum tp_status flush(struct tp_joiner *joiner, struct tp_error *err)
{
	size_t len = joiner->out_len;

	joiner->out_len = 0;
	return len ? joiner->sink(joiner->sink_context, joiner->out, len, err) : TP_OK;
}

static void put_eol(struct tp_joiner *joiner)
{
	if (joiner->hole->crlf)
		joiner->out[joiner->out_len++] = '\r';
	joiner->out[joiner->out_len++] = '\n';
	joiner->column = 0;
}

static inline void put_quantum(char *out, const unsigned char *in)
{
	uint32_t bits = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];

	memcpy(out, pairs[bits >> 12], 2);
	memcpy(out + 2, pairs[bits & 4095], 2);
}

/* Makes room for a quantum: a line ending where one is due, and output flushed. */
static enum tp_status prepare(struct tp_joiner *joiner, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (ROOM - joiner->out_len < 16)
		status = flush(joiner, err);
	if (!status && joiner->hole->width && joiner->column == joiner->hole->width)
		put_eol(joiner);
	return status;
}

/* Writes whole quanta: as many as stand in bytes[0, len), in the line and in the output. */
static enum tp_status put_run(struct tp_joiner *joiner, const unsigned char *bytes, size_t len,
	size_t *taken, struct tp_error *err)
{
	enum tp_status status = prepare(joiner, err);
	size_t quanta = len / 3, room = (ROOM - joiner->out_len) / 4;
	char *out = joiner->out + joiner->out_len;

	if (quanta > room)
		quanta = room;
	if (joiner->hole->width && quanta > (joiner->hole->width - joiner->column) / 4)
		quanta = (joiner->hole->width - joiner->column) / 4;
	for (size_t i = 0; !status && i < quanta; i++)
		put_quantum(out + 4 * i, bytes + 3 * i);
	joiner->out_len += 4 * quanta;
	if (joiner->hole->width)
		joiner->column += (uint32_t)(4 * quanta);
	*taken = 3 * quanta;
	return status;
}

/* The blob's bytes come here in pieces of any size. */
static enum tp_status fill(void *context, const char *bytes, size_t len, struct tp_error *err)
{
	struct tp_joiner *joiner = context;
	const unsigned char *in = (const unsigned char *)bytes;
	enum tp_status status = TP_OK;
	size_t n;

	if (len > joiner->hole->size_bytes - joiner->given)
		return tp_fail(err, TP_DATA, "an attachment is longer than it should be");
	joiner->given += len;
	while (!status && joiner->carried && len > 0) {
		joiner->carry[joiner->carried++] = *in++;
		len--;
		if (joiner->carried == 3) {
			status = put_run(joiner, joiner->carry, 3, &n, err);
			joiner->carried = 0;
		}
	}
	for (; !status && len >= 3; in += n, len -= n)
		status = put_run(joiner, in, len, &n, err);
	for (; !status && len > 0; len--)
		joiner->carry[joiner->carried++] = *in++;
	return status;
}

static enum tp_status finish_hole(struct tp_joiner *joiner, struct tp_error *err)
{
	unsigned char quantum[3] = { 0 };
	enum tp_status status;
	char *out;

	if (joiner->given != joiner->hole->size_bytes)
		return tp_fail(err, TP_DATA, "an attachment is shorter than it should be");
	status = joiner->carried ? prepare(joiner, err) : TP_OK;
	if (!status && joiner->carried) {
		memcpy(quantum, joiner->carry, joiner->carried);
		out = joiner->out + joiner->out_len;
		put_quantum(out, quantum);
		out[3] = '=';
		if (joiner->carried == 1)
			out[2] = '=';
		joiner->out_len += 4;
	}
	if (!status && joiner->hole->final_eol)
		put_eol(joiner);
	return status ? status : flush(joiner, err);
}

static enum tp_status fill_hole(struct tp_joiner *joiner, struct tp_error *err)
{
	enum tp_status status;

	joiner->hole = &joiner->split->holes[joiner->next++];
	joiner->given = 0;
	joiner->column = 0;
	joiner->carried = 0;
	status = joiner->blobs(joiner->blobs_context, joiner->hole->sha256, fill, joiner, err);
	return status ? status : finish_hole(joiner, err);
}

/* --- the message ------------------------------------------------------------------------------ */

enum tp_status tp_joiner_new(const struct tp_split *split, tp_blob_reader *blobs,
	void *blobs_context, tp_press_sink *sink, void *sink_context, struct tp_joiner **out,
	struct tp_error *err)
{
	struct tp_joiner *joiner = malloc(sizeof *joiner);

	*out = joiner;
	if (!joiner)
		return tp_fail(err, TP_NOMEM, "joining: out of memory");
	memset(joiner, 0, offsetof(struct tp_joiner, out));
	joiner->split = split;
	joiner->blobs = blobs;
	joiner->blobs_context = blobs_context;
	joiner->sink = sink;
	joiner->sink_context = sink_context;
	return TP_OK;
}

/* Fills the holes that are due where the skeleton has got to. */
static enum tp_status fill_due(struct tp_joiner *joiner, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	while (!status && joiner->next < joiner->split->count &&
		joiner->split->holes[joiner->next].at == joiner->at)
		status = fill_hole(joiner, err);
	return status;
}

enum tp_status tp_joiner_add(
	struct tp_joiner *joiner, const char *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	if (len > joiner->split->skeleton_bytes - joiner->at)
		return tp_fail(err, TP_DATA, "a message's skeleton is longer than it should be");
	while (!status && len > 0) {
		size_t n = len;

		status = fill_due(joiner, err);
		if (joiner->next < joiner->split->count &&
			joiner->split->holes[joiner->next].at - joiner->at < n)
			n = (size_t)(joiner->split->holes[joiner->next].at - joiner->at);
		if (!status)
			status = joiner->sink(joiner->sink_context, bytes, n, err);
		joiner->at += n;
		bytes += n;
		len -= n;
	}
	return status;
}

enum tp_status tp_joiner_end(struct tp_joiner *joiner, struct tp_error *err)
{
	enum tp_status status;

	if (joiner->at != joiner->split->skeleton_bytes)
		return tp_fail(err, TP_DATA, "a message's skeleton is shorter than it should be");
	status = fill_due(joiner, err);
	if (!status && joiner->next < joiner->split->count)
		status = tp_fail(err, TP_DATA, "list of attachments: damaged");
	return status;
}

void tp_joiner_free(struct tp_joiner *joiner)
{
	free(joiner);
}
