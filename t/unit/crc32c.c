/* base/crc32c: the published vectors; fast and plain agree at every length and alignment. */
#include "base/crc32c.h"
#include "tap.h"

#include <string.h>

/* RFC 3720 B.4, in the order of bytes of a number. */
static void test_vectors(void)
{
	unsigned char bytes[32];

	ok(tp_crc32c(0, "123456789", 9) == 0xe3069283, "the check value");
	memset(bytes, 0, 32);
	ok(tp_crc32c(0, bytes, 32) == 0x8a9136aa, "32 zeros");
	memset(bytes, 0xff, 32);
	ok(tp_crc32c(0, bytes, 32) == 0x62a8ab43, "32 times ff");
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	ok(tp_crc32c(0, bytes, 32) == 0x46dd794e, "00 to 1f");
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)(31 - i);
	ok(tp_crc32c(0, bytes, 32) == 0x113fdb5c, "1f to 00");
	ok(tp_crc32c(0, "", 0) == 0 && tp_crc32c(7, "", 0) == 7, "nothing changes nothing");
}

int main(void)
{
	enum { LEN = 40000 };
	unsigned char *bytes = malloc(LEN);
	uint32_t state = 1;
	bool equal = true, joined = true, seen = true;

	test_vectors();
	for (int i = 0; i < LEN; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(state >> 24);
	}
	for (size_t len = 0; len < LEN - 8; len += len < 300 ? 1 : 997)
		for (size_t at = 0; at < 8; at++)
			equal = equal && tp_crc32c(5, bytes + at, len) ==
						 tp_crc32c_plain(5, bytes + at, len);
	ok(equal, "fast and plain agree");
	for (size_t cut = 0; cut < LEN; cut += 1237)
		joined = joined && tp_crc32c(tp_crc32c(0, bytes, cut), bytes + cut, LEN - cut) ==
					   tp_crc32c(0, bytes, LEN);
	ok(joined, "of two pieces it is that of both");
	for (size_t at = 0; at < LEN; at += 101) {
		uint32_t before = tp_crc32c(0, bytes, LEN);

		bytes[at] ^= 16;
		seen = seen && tp_crc32c(0, bytes, LEN) != before;
		bytes[at] ^= 16;
	}
	ok(seen, "a flipped bit shows");
	free(bytes);
	return done_testing();
}
