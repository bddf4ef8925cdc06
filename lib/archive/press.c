/*
 * Compression by zstd: see press.h. Contexts are kept between calls, one of each kind a thread,
 * because making one costs more than compressing a mail. Every frame has zstd's own checksum of its
 * content, and no frame has a window above 8 MiB, so that nothing we read can ask for more.
 */
#include "archive/press.h"

#include <pthread.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WINDOW_LOG_MAX 23

/* The key frees what a thread kept when the thread ends. */
struct kept {
	ZSTD_CCtx *press;
	ZSTD_DCtx *unpress;
};

static __thread struct kept *kept;
static pthread_key_t at_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void free_kept(void *context)
{
	struct kept *own = context;

	ZSTD_freeCCtx(own->press);
	ZSTD_freeDCtx(own->unpress);
	free(own);
}

static void make_key(void)
{
	pthread_key_create(&at_end, free_kept);
}

static struct kept *own(void)
{
	if (kept)
		return kept;
	pthread_once(&once, make_key);
	kept = calloc(1, sizeof *kept);
	pthread_setspecific(at_end, kept);
	return kept;
}

static ZSTD_CCtx *own_press(void)
{
	if (own() && !kept->press)
		kept->press = ZSTD_createCCtx();
	return kept ? kept->press : NULL;
}

static ZSTD_DCtx *own_unpress(void)
{
	if (own() && !kept->unpress)
		kept->unpress = ZSTD_createDCtx();
	return kept ? kept->unpress : NULL;
}

static enum tp_status failed(const char *what, size_t code, struct tp_error *err)
{
	ZSTD_ErrorCode why = ZSTD_getErrorCode(code);

	if (why == ZSTD_error_memory_allocation)
		return tp_fail(err, TP_NOMEM, "%s: out of memory", what);
	return tp_fail(err, TP_INTERNAL, "%s: zstd: %s", what, ZSTD_getErrorString(why));
}

static enum tp_status damaged(size_t code, struct tp_error *err)
{
	ZSTD_ErrorCode why = ZSTD_getErrorCode(code);

	if (why == ZSTD_error_memory_allocation)
		return tp_fail(err, TP_NOMEM, "decompressing: out of memory");
	return tp_fail(err, TP_DATA, "damaged compressed data (%s)", ZSTD_getErrorString(why));
}

/* --- whole frames ----------------------------------------------------------------------------- */

static size_t set_up(ZSTD_CCtx *context, int level)
{
	size_t code = ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);

	if (!ZSTD_isError(code))
		code = ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(code))
		code = ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	return code;
}

enum tp_status tp_press(
	const void *bytes, size_t len, int level, struct tp_buf *out, struct tp_error *err)
{
	ZSTD_CCtx *context = own_press();
	size_t room = ZSTD_compressBound(len), n;
	char *to;

	if (!context)
		return tp_fail(err, TP_NOMEM, "compressing: out of memory");
	/* What cannot be compressed grows a little, and may just pass the buffer's maximum. */
	if (room > out->max - out->len)
		room = out->max - out->len;
	to = tp_buf_reserve(out, room);
	if (!to)
		return tp_buf_status(out, "compressing", err);
	n = set_up(context, level);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(context, to, room, bytes, len);
	if (ZSTD_isError(n) && ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall)
		return tp_fail(err, TP_LIMIT, "compressing: more than %zu bytes", out->max);
	if (ZSTD_isError(n))
		return failed("compressing", n, err);
	tp_buf_grew(out, n);
	return TP_OK;
}

enum tp_status tp_unpress(const void *frame, size_t len, struct tp_buf *out, struct tp_error *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(frame, len);
	ZSTD_DCtx *context = own_unpress();
	char *to;
	size_t n;

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
		ZSTD_findFrameCompressedSize(frame, len) != len)
		return tp_fail(err, TP_DATA, "damaged compressed data (no whole frame)");
	if (size > out->max - out->len)
		return tp_fail(
			err, TP_LIMIT, "decompressing: %llu bytes are more than expected", size);
	to = context ? tp_buf_reserve(out, (size_t)size) : NULL;
	if (!to)
		return tp_fail(err, TP_NOMEM, "decompressing: out of memory");
	n = ZSTD_decompressDCtx(context, to, (size_t)size, frame, len);
	if (ZSTD_isError(n))
		return damaged(n, err);
	tp_buf_grew(out, n);
	return TP_OK;
}

/* --- piece by piece --------------------------------------------------------------------------- */

enum tp_status tp_unpress_stream(
	const void *frame, size_t len, tp_press_sink *sink, void *context, struct tp_error *err)
{
	ZSTD_DCtx *unpress = ZSTD_createDCtx();
	size_t room = ZSTD_DStreamOutSize(), left = 1;
	ZSTD_inBuffer in = { frame, len, 0 };
	enum tp_status status = TP_OK;
	char *out = malloc(room);

	if (!unpress || !out) {
		status = tp_fail(err, TP_NOMEM, "decompressing: out of memory");
		goto out;
	}
	ZSTD_DCtx_setParameter(unpress, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	while (!status && left > 0) {
		ZSTD_outBuffer to = { out, room, 0 };

		left = ZSTD_decompressStream(unpress, &to, &in);
		if (ZSTD_isError(left))
			status = damaged(left, err);
		else if (to.pos > 0)
			status = sink(context, out, to.pos, err);
		else if (left > 0 && in.pos == in.size)
			status = tp_fail(err, TP_DATA, "damaged compressed data (cut short)");
	}
	if (!status && in.pos < in.size)
		status = tp_fail(err, TP_DATA, "damaged compressed data (more than a frame)");
out:
	ZSTD_freeDCtx(unpress);
	free(out);
	return status;
}
