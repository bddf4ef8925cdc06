/* Any bytes folded: valid UTF-8 comes out, folding it again changes nothing, a piece of the input
 * folds to a piece of the output, and the vectorised search finds what memmem finds. */
#include "base/fold.h"
#include "base/utf8.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tp_buf whole = TP_BUF_INIT(1u << 26), again = TP_BUF_INIT(1u << 26);
	struct tp_buf piece = TP_BUF_INIT(1u << 26);
	const char *text = (const char *)data;
	size_t begin = size ? data[0] % size : 0, len = size ? data[size - 1] % (size - begin) : 0;
	const char *found;

	/* Pieces of whole characters. */
	while (begin && (data[begin] & 0xc0) == 0x80)
		begin--;
	while (begin + len < size && (data[begin + len] & 0xc0) == 0x80)
		len++;
	MUST(tp_fold(text, size, &whole) && tp_fold(text + begin, len, &piece));
	MUST(tp_fold(tp_buf_str(&whole), whole.len, &again));
	MUST(tp_utf8_valid(tp_buf_str(&whole), whole.len) && whole.len == again.len);
	MUST(!memcmp(tp_buf_str(&whole), tp_buf_str(&again), whole.len));
	MUST(!memchr(tp_buf_str(&whole), '\n', whole.len));
	MUST(!memchr(tp_buf_str(&whole), '\t', whole.len));
	found = memmem(tp_buf_str(&whole), whole.len, tp_buf_str(&piece), piece.len);
	MUST(found || !tp_utf8_valid(text, size));
	MUST(tp_fold_find(tp_buf_str(&whole), whole.len, tp_buf_str(&piece), piece.len) ==
		(found ? (size_t)(found - tp_buf_str(&whole)) : SIZE_MAX));
	tp_buf_release(&whole);
	tp_buf_release(&again);
	tp_buf_release(&piece);
	return 0;
}
