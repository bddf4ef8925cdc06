/* base/digest, base/hex: the published vectors (FIPS 180-2, RFC 4231), in one piece and in many. */
#include <openssl/evp.h>

#include "base/digest.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "tap.h"

static struct tp_error err;

static const struct {
	const char *text, *hex;
} vectors[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static const struct {
	const char *key, *text, *hex;
} macs[] = {
	{ "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b",
		"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ "Jefe", "what do ya want for nothing?",
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
};

static void test_hashes(void)
{
	unsigned char digest[TP_SHA256_BYTES];
	struct tp_sha256 *sha = NULL;
	char hex[TP_SHA256_HEX];

	ok(!tp_sha256_new(&sha, &err), "a digest to be computed");
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
		const char *text = vectors[i].text;
		bool good = true;

		good = !tp_sha256(text, strlen(text), digest, &err);
		tp_hex(digest, sizeof digest, hex);
		ok(good && !strcmp(hex, vectors[i].hex), "SHA-256 of %zu bytes", strlen(text));
		for (const char *at = text; *at; at++)
			good = good && !tp_sha256_add(sha, at, 1, &err);
		good = good && !tp_sha256_add(sha, NULL, 0, &err) &&
		       !tp_sha256_end(sha, digest, &err);
		tp_hex(digest, sizeof digest, hex);
		ok(good && !strcmp(hex, vectors[i].hex), "byte by byte, the object used again");
	}
	tp_sha256_free(sha);
	tp_sha256_free(NULL);
	for (size_t i = 0; i < sizeof macs / sizeof *macs; i++) {
		bool good = !tp_hmac_sha256(macs[i].key, strlen(macs[i].key), macs[i].text,
			strlen(macs[i].text), digest, &err);

		tp_hex(digest, sizeof digest, hex);
		ok(good && !strcmp(hex, macs[i].hex), "HMAC-SHA-256, case %zu", i + 1);
	}
}

/* Every length around the blocks, in two pieces cut anywhere, beside OpenSSL; the compression function in
 * C beside the processor's. */
static void test_lengths(void)
{
	unsigned char bytes[1000], ours[TP_SHA256_BYTES], theirs[TP_SHA256_BYTES];
	uint32_t fast[8], plain[8];
	struct tp_sha256 *sha = NULL;
	unsigned bad = 0;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(i * i * 31 >> 3);
	tp_sha256_new(&sha, &err);
	for (size_t len = 0; len < 300; len++) {
		EVP_Digest(bytes, len, theirs, NULL, EVP_sha256(), NULL);
		for (size_t cut = 0; cut <= len; cut++) {
			tp_sha256_add(sha, bytes, cut, &err);
			tp_sha256_add(sha, bytes + cut, len - cut, &err);
			tp_sha256_end(sha, ours, &err);
			bad += memcmp(ours, theirs, sizeof ours) != 0;
		}
		EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, bytes, len, bytes, 1000 - len, theirs,
			sizeof theirs, NULL);
		tp_hmac_sha256(bytes, len, bytes, 1000 - len, ours, &err);
		bad += memcmp(ours, theirs, sizeof ours) != 0;
	}
	ok(!bad, "300 lengths, cut everywhere, and keys of each length, as OpenSSL has them");
	memcpy(fast, tp_sha256_begin, sizeof fast);
	memcpy(plain, tp_sha256_begin, sizeof plain);
	for (size_t at = 0; at < 64; at++) {
		tp_sha256_blocks(fast, bytes + at, 14);
		tp_sha256_blocks_plain(plain, bytes + at, 14);
		bad += memcmp(fast, plain, sizeof fast) != 0;
	}
	ok(!bad, "with the processor's instructions and without, from any address");
	tp_sha256_free(sha);
}

static void test_hex(void)
{
	unsigned char all[256], back[256];
	char hex[513];

	for (int i = 0; i < 256; i++)
		all[i] = (unsigned char)i;
	tp_hex(all, sizeof all, hex);
	ok(strlen(hex) == 512 && !strncmp(hex, "000102", 6) && !strcmp(hex + 508, "feff"),
		"all bytes as digits");
	ok(tp_unhex(hex, back, sizeof back) && !memcmp(all, back, sizeof all), "and back");
	ok(tp_unhex("aBfF", back, 2) && back[0] == 0xab && back[1] == 0xff, "capitals, too");
	ok(!tp_unhex("abf", back, 2) && !tp_unhex("abffa", back, 2) && !tp_unhex("", back, 1) &&
			!tp_unhex("abfg", back, 2) && !tp_unhex(" abf", back, 2) &&
			!tp_unhex("0xab", back, 2),
		"anything else is refused");
	ok(tp_unhex("", back, 0), "nothing is nothing");
}

/* Two at once, of lengths on both sides of a block's end and far from one another. */
static void test_two(void)
{
	static const size_t lens[] = { 0, 1, 55, 56, 63, 64, 65, 119, 128, 500, 1000 };
	unsigned char bytes[2][1000], both[2][TP_SHA256_BYTES], alone[TP_SHA256_BYTES];
	unsigned bad = 0, done = 0;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i / 1000][i % 1000] = (unsigned char)(i * 7 + i / 251);
	for (size_t a = 0; a < sizeof lens / sizeof *lens; a++)
		for (size_t b = 0; b < sizeof lens / sizeof *lens; b++, done++) {
			const size_t len[2] = { lens[a], lens[b] };

			tp_sha256_two((const void *const[2]){ bytes[0], bytes[1] }, len, both);
			for (int k = 0; k < 2; k++) {
				tp_sha256(bytes[k], len[k], alone, NULL);
				bad += memcmp(alone, both[k], sizeof alone) != 0;
			}
		}
	ok(done == 121 && !bad, "SHA-256 of two texts at once: %u of %u differ", bad, 2 * done);
}

int main(void)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };

	test_hashes();
	test_lengths();
	test_two();
	test_hex();
	ok(!tp_random(a, sizeof a, &err) && !tp_random(b, sizeof b, &err) && memcmp(a, b, sizeof a),
		"random bytes differ");
	ok(!tp_random(a, 0, &err), "none are asked for");
	memcpy(b, a, sizeof a);
	ok(tp_digest_equal(a, b, sizeof a), "equal");
	b[63] ^= 1;
	ok(!tp_digest_equal(a, b, sizeof a) && tp_digest_equal(a, b, 63), "not equal in one bit");
	return done_testing();
}
