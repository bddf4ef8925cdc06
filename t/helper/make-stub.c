/*
 * make-stub SECRET-HEX URL NAME TYPE SIZE EXPIRES [crlf]: prints the stub that detach-upload would
 * leave, as a whole part, for tests of what reads it.
 */
#include <stdio.h>

#include "base/hex.h"
#include "mime/stub.h"

int main(int argc, char **argv)
{
	struct tp_buf fields = TP_BUF_INIT(1 << 20), body = TP_BUF_INIT(1 << 20);
	const char *eol = argc > 7 ? "\r\n" : "\n";
	struct tp_link link = TP_LINK_INIT;
	unsigned char secret[TP_STUB_SECRET_LEN];
	struct tp_error err;
	int code = 0;

	if (argc < 7 || !tp_unhex(argv[1], secret, sizeof secret))
		return 64;
	link.url = argv[2];
	link.name = argv[3];
	link.type = argv[4];
	link.size_bytes = strtoull(argv[5], NULL, 10);
	link.expires = strtoll(argv[6], NULL, 10);
	memset(link.sha256, 'a', 64);
	if (tp_stub_render(&link, secret, eol, &fields, &body, &err)) {
		fprintf(stderr, "make-stub: %s\n", err.text);
		code = 1;
	} else {
		printf("%s%s%s", tp_buf_str(&fields), eol, tp_buf_str(&body));
	}
	tp_buf_release(&fields);
	tp_buf_release(&body);
	return code;
}
