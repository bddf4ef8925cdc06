/*
 * What codec.c asks of each codec; private to lib/mime. `feed` and `finish` decode as codec.h says,
 * `size` is what they would give in all, `is_whole` and `measure` are as in codec.h.
 */
#ifndef TP_MIME_CODECS_H
#define TP_MIME_CODECS_H

#include "mime/codec.h"

size_t tp_base64_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out);
size_t tp_base64_finish(struct tp_decoder *decoder, char *out);
struct tp_measure tp_base64_measure(const char *bytes, size_t len);

size_t tp_qp_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out);
size_t tp_qp_finish(struct tp_decoder *decoder, char *out);
uint64_t tp_qp_size(const char *bytes, size_t len);

/* Nothing is held back by uuencode, so it has no finish. */
size_t tp_uu_feed(struct tp_decoder *decoder, const char *in, size_t len, char *out);
uint64_t tp_uu_size(const char *bytes, size_t len);

bool tp_uu_is_whole(const char *bytes, size_t len);

#endif
