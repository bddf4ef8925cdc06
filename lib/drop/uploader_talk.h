/* The words between us and an uploader; uploader.c runs it. */
#ifndef TP_DROP_UPLOADER_TALK_H
#define TP_DROP_UPLOADER_TALK_H

#include "drop/uploader.h"

/* The longest answer, in bytes. */
#define TP_UPLOAD_SAID_MAX 65536

/* Fills *env with our own environment and what uploader.h says an uploader reads. */
enum tp_status tp_upload_environment(const struct tp_uploader *how, const struct tp_upload *upload,
	struct tp_strings *env, struct tp_error *err);

/* Reads upload->said, of a program that ended well, into upload->result. TP_TEMPORARY when there is
 * no URL that a mail can show; the result is empty then. */
enum tp_status tp_upload_answer(struct tp_upload *upload, struct tp_error *err);

#endif
