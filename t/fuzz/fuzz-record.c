/*
 * Records and lists of holes from any bytes: what decodes encodes to the same bytes, and identifies
 * itself the same way; what does not is TP_DATA. And any message can be described, in bounds.
 */
#include "fuzz.h"

#include "archive/record.h"
#include "archive/split.h"
#include "base/utf8.h"

static void check_record(const uint8_t *bytes, size_t len)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_buf again = TP_BUF_INIT((size_t)1 << 26);
	enum tp_status status = tp_record_decode(bytes, len, &record, NULL);
	char id[TP_ID_LEN + 1];

	MUST(status == TP_OK || status == TP_DATA);
	if (status == TP_OK) {
		MUST(tp_record_encode(&record, &again));
		MUST(again.len == len && !memcmp(again.data, bytes, len));
		MUST(tp_id_normalize(record.id, id) && !strcmp(id, record.id));
	}
	tp_record_release(&record);
	tp_buf_release(&again);
}

static void check_split(const uint8_t *bytes, size_t len)
{
	struct tp_split split;
	struct tp_buf again = TP_BUF_INIT((size_t)1 << 26);
	enum tp_status status = tp_split_decode(bytes, len, &split, NULL);
	uint64_t before = 0;

	MUST(status == TP_OK || status == TP_DATA);
	for (size_t i = 0; i < split.count; i++) {
		MUST(split.holes[i].at >= before && split.holes[i].at <= split.skeleton_bytes);
		MUST(split.holes[i].range.begin < split.holes[i].range.end);
		MUST(!i || split.holes[i].range.begin >= split.holes[i - 1].range.end);
		before = split.holes[i].at;
	}
	if (status == TP_OK) {
		MUST(tp_split_encode(&split, &again));
		MUST(again.len == len && !memcmp(again.data, bytes, len));
	}
	tp_split_release(&split);
	tp_buf_release(&again);
}

static void check_describe(const char *bytes, size_t len)
{
	struct tp_record record = TP_RECORD_INIT;
	struct tp_buf out = TP_BUF_INIT((size_t)1 << 26);

	MUST(tp_record_describe(&record, bytes, len, NULL) == TP_OK);
	MUST(strlen(record.from) <= 4096 && tp_utf8_valid(record.from, strlen(record.from)));
	MUST(strlen(record.subject) <= 4096);
	MUST(tp_utf8_valid(record.subject, strlen(record.subject)));
	MUST(strlen(record.to) <= 65536 && tp_utf8_valid(record.to, strlen(record.to)));
	MUST(record.sender && record.size_bytes == len);
	MUST(tp_record_identify(&record, NULL) == TP_OK);
	MUST(tp_record_encode(&record, &out));
	check_record((const uint8_t *)out.data, out.len);
	tp_record_release(&record);
	tp_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	char *text = malloc(len ? len : 1); /* with nothing behind it that may be read */

	MUST(text);
	memcpy(text, bytes, len);
	check_record((const uint8_t *)text, len);
	check_split((const uint8_t *)text, len);
	check_describe(text, len);
	free(text);
	return 0;
}
