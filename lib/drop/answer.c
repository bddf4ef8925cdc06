/* What is said about answers, and small things on URLs: the part of http.h that needs no curl. */
#include "drop/http.h"

#include <strings.h>

#include "mime/codec.h"

void tp_http_answer_release(struct tp_http_answer *answer)
{
	tp_buf_release(&answer->headers);
	tp_buf_release(&answer->body);
	answer->code = 0;
}

static enum tp_status status_of_code(int code)
{
	switch (code) {
	case 401:
	case 403:
	case 407:
		return TP_DENIED;
	case 408:
	case 425:
	case 429:
		return TP_TEMPORARY;
	case 507: /* insufficient storage: room can be made */
	default:
		return code >= 500 ? TP_TEMPORARY : TP_UNAVAILABLE;
	}
}

enum tp_status tp_http_expect(const struct tp_http_request *request,
	const struct tp_http_answer *answer, struct tp_error *err)
{
	struct tp_buf host = TP_BUF_INIT(4096);

	if (answer->code >= 200 && answer->code <= 299)
		return TP_OK;
	tp_http_host(request->url, &host);
	tp_fail(err, status_of_code(answer->code), "%s: %s answered %d", request->what,
		tp_buf_str(&host), answer->code);
	tp_buf_release(&host);
	return status_of_code(answer->code);
}

bool tp_http_header(const struct tp_http_answer *answer, const char *name, struct tp_buf *out)
{
	const char *line = tp_buf_str(&answer->headers), *value = NULL, *end;
	size_t len = strlen(name);

	for (; *line; line = *end ? end + 1 : end) {
		end = strchrnul(line, '\n');
		if (!strncasecmp(line, name, len) && line[len] == ':')
			value = line + len + 1;
	}
	if (!value)
		return false;
	value += strspn(value, " \t");
	end = value + strcspn(value, "\r\n");
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return tp_buf_add(out, value, (size_t)(end - value));
}

bool tp_http_host(const char *url, struct tp_buf *out)
{
	const char *host = strstr(url, "://"), *at;
	size_t len;

	if (!host)
		return false;
	host += 3;
	len = strcspn(host, "/?#");
	at = memrchr(host, '@', len); /* never the user and password before the host */
	if (at) {
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	return len && tp_buf_add(out, host, len);
}

enum tp_status tp_http_basic(
	const char *user, const char *password, struct tp_buf *out, struct tp_error *err)
{
	struct tp_buf pair = TP_BUF_INIT(1 << 16);
	enum tp_status status;

	if (strchr(user, ':'))
		return tp_fail(err, TP_CONFIG, "a user name for HTTP cannot hold a colon");
	tp_buf_addf(&pair, "%s:%s", user, password);
	status = tp_buf_status(&pair, "HTTP user and password", err);
	tp_buf_adds(out, "Basic ");
	tp_codec_base64_encode(tp_buf_str(&pair), pair.len, "", out);
	tp_buf_release(&pair);
	return status ? status : tp_buf_status(out, "HTTP user and password", err);
}
