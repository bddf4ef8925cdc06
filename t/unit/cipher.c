/* base/cipher: a vector of NIST's, what is sealed opens, and nothing else does. */
#include "base/cipher.h"
#include "base/hex.h"
#include "tap.h"

#include <string.h>

static unsigned char key[TP_CIPHER_KEY], other[TP_CIPHER_KEY];
static struct tp_error err;

static bool opens(const unsigned char *with, const void *about, size_t about_len,
	const struct tp_buf *sealed, const char *plain, size_t len)
{
	struct tp_buf out = TP_BUF_INIT(1 << 22);
	enum tp_status status;
	bool same;

	tp_buf_adds(&out, "before");
	status = tp_cipher_open(with, about, about_len, sealed->data, sealed->len, &out, &err);
	same = !status && out.len == 6 + len && !memcmp(out.data + 6, plain, len);
	/* Refused, nothing of it may be seen. */
	if (status)
		same = status != TP_DATA || out.len != 6 || strcmp(out.data, "before");
	tp_buf_release(&out);
	return same;
}

/* Test case 15 of "The Galois/Counter Mode of Operation" (McGrew, Viega), which NIST adopted. */
static void test_vector(void)
{
	static const char vector_key[] = "feffe9928665731c6d6a8f9467308308"
					 "feffe9928665731c6d6a8f9467308308";
	static const char sealed_hex[] =
		"cafebabefacedbaddecaf888"
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
		"b094dac5d93471bdec1a502270e3cc6c";
	static const char plain_hex[] =
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
	unsigned char with[TP_CIPHER_KEY], bytes[92], plain[64];
	struct tp_buf sealed = { (char *)bytes, sizeof bytes, 0, sizeof bytes, TP_OK };

	ok(tp_unhex(vector_key, with, sizeof with) && tp_unhex(sealed_hex, bytes, sizeof bytes) &&
			tp_unhex(plain_hex, plain, sizeof plain) &&
			opens(with, "", 0, &sealed, (char *)plain, sizeof plain),
		"a known piece opens");
}

static void test_size(size_t len)
{
	struct tp_buf sealed = TP_BUF_INIT(1 << 22), again = TP_BUF_INIT(1 << 22);
	char *plain = malloc(len + 1);

	memset(plain, 'x', len);
	ok(!tp_cipher_seal(key, "piece 1", 7, plain, len, &sealed, &err) &&
			sealed.len == len + TP_CIPHER_EXTRA &&
			opens(key, "piece 1", 7, &sealed, plain, len),
		"%zu bytes are sealed and opened", len);
	ok(!opens(other, "piece 1", 7, &sealed, plain, len), "not with another key");
	ok(!opens(key, "piece 2", 7, &sealed, plain, len), "not in another's place");
	ok(!opens(key, "piece 1", 6, &sealed, plain, len), "nor in one that begins like it");
	ok(!tp_cipher_seal(key, "piece 1", 7, plain, len, &again, &err) &&
			memcmp(sealed.data, again.data, sealed.len) != 0,
		"sealed twice it differs");
	tp_buf_release(&sealed);
	tp_buf_release(&again);
	free(plain);
}

static void test_damage(void)
{
	static const char plain[] = "what was said in court";
	struct tp_buf sealed = TP_BUF_INIT(1 << 20);
	bool refused = true;
	size_t whole;

	tp_cipher_seal(key, "here", 4, plain, sizeof plain, &sealed, &err);
	whole = sealed.len;
	for (size_t bit = 0; bit < 8 * whole; bit++) {
		sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
		refused = refused && !opens(key, "here", 4, &sealed, plain, sizeof plain);
		sealed.data[bit / 8] = (char)(sealed.data[bit / 8] ^ 1 << bit % 8);
	}
	ok(refused, "no flipped bit passes");
	for (sealed.len = 0, refused = true; sealed.len < whole; sealed.len++)
		refused = refused && !opens(key, "here", 4, &sealed, plain, sizeof plain);
	ok(refused, "no piece cut short passes");
	ok(opens(key, "here", 4, &sealed, plain, sizeof plain), "the piece itself does");
	tp_buf_release(&sealed);
}

static void test_limit(void)
{
	struct tp_buf out = TP_BUF_INIT(TP_CIPHER_EXTRA + 9);

	ok(tp_cipher_seal(key, "", 0, "0123456789", 10, &out, &err) == TP_LIMIT && out.len == 0,
		"a piece that has no room is a limit");
	tp_buf_release(&out);
}

int main(void)
{
	memset(key, 1, sizeof key);
	memset(other, 2, sizeof other);
	test_vector();
	test_size(0);
	test_size(1);
	test_size(16);
	test_size(1000003);
	test_damage();
	test_limit();
	return done_testing();
}
