/* drop/sigv4: the values of Amazon's documentation ("Authenticating Requests: Using the
 * Authorization Header", "... Using Query Parameters"). */
#include "drop/sigv4.h"
#include "tap.h"

#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WHEN  1369353600 /* 2013-05-24T00:00:00Z */

static struct tp_error err;
static const struct tp_sigv4 keys = { "AKIAIOSFODNN7EXAMPLE",
	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, "us-east-1", "s3" };

/* `query` and `header`: NULL-terminated lists. */
static void check(const char *what, const char *method, const char *path, const char *const *query,
	const char *const *header, const char *payload, const char *names, const char *signature)
{
	struct tp_strings queries = TP_STRINGS_INIT, headers = TP_STRINGS_INIT;
	struct tp_sigv4_request request = { method, "examplebucket.s3.amazonaws.com", path,
		&queries, payload };
	char wanted[1000];

	for (; query && *query; query++)
		tp_strings_add(&queries, *query, &err);
	for (; header && *header; header++)
		tp_strings_add(&headers, *header, &err);
	tp_sigv4_sign(&keys, &request, WHEN, &headers, &err);
	snprintf(wanted, sizeof wanted,
		"Authorization: AWS4-HMAC-SHA256 "
		"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/"
		"s3/aws4_request,SignedHeaders=%s,Signature=%s",
		names, signature);
	if (!ok(!strcmp(headers.list[headers.count - 1], wanted), "%s", what))
		printf("# %s\n", headers.list[headers.count - 1]);
	tp_strings_release(&queries);
	tp_strings_release(&headers);
}

static void test_headers(void)
{
	const char *range[] = { "Range: bytes=0-9", NULL };
	const char *put[] = { "Date: Fri, 24 May 2013 00:00:00 GMT",
		"X-Amz-Storage-Class:   REDUCED_REDUNDANCY ", NULL };
	const char *lifecycle[] = { "lifecycle=", NULL };
	const char *list[] = { "prefix=J", "max-keys=2", NULL };
	const char *plain = "host;x-amz-content-sha256;x-amz-date";

	check("GET an object", "GET", "/test.txt", NULL, range, EMPTY,
		"host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
	check("PUT an object", "PUT", "/test%24file.text", NULL, put,
		"44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
		"date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
	check("a name without value in the query", "GET", "/", lifecycle, NULL, EMPTY, plain,
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	check("a query out of order", "GET", "/", list, NULL, EMPTY, plain,
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void test_link(void)
{
	struct tp_sigv4_request request = { "GET", "examplebucket.s3.amazonaws.com", "/test.txt",
		NULL, EMPTY };
	struct tp_buf query = TP_BUF_INIT(10000);

	ok(!tp_sigv4_presign(&keys, &request, WHEN, 86400, &query, &err) &&
			!strcmp(tp_buf_str(&query),
				"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential="
				"AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
				"&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"
				"&X-Amz-SignedHeaders=host&X-Amz-Signature="
				"aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"),
		"a link");
	tp_buf_release(&query);
}

static void test_order(void)
{
	struct tp_strings query = TP_STRINGS_INIT;
	struct tp_buf out = TP_BUF_INIT(1000);

	tp_strings_add(&query, "a=2", &err);
	tp_strings_add(&query, "a-b=1", &err);
	tp_strings_add(&query, "a=1", &err);
	tp_strings_add(&query, "A=9", &err);
	ok(tp_sigv4_query(&query, &out) && !strcmp(tp_buf_str(&out), "A=9&a=1&a=2&a-b=1"),
		"sorted by name, then by value");
	tp_buf_release(&out);
	tp_strings_release(&query);
}

int main(void)
{
	test_headers();
	test_link();
	test_order();
	return done_testing();
}
