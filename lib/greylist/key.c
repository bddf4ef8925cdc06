/* Keys: see key.h. */
#include "greylist/key.h"

#include "base/digest.h"
#include "base/hex.h"
#include "base/ip.h"

#define KEPT_OF_LONG 120 /* bytes of a long part that stay readable */

static char lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

const char *tp_domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : "";
}

static bool add_byte(struct tp_buf *out, char byte)
{
	unsigned char value = (unsigned char)byte;

	if (value > 0x20 && value != 0x7f && value != '%')
		return tp_buf_addc(out, lower(byte));
	return tp_buf_addf(out, "%%%02x", value);
}

/* Cuts what was added since `begin` when it is too long. */
static bool shorten(struct tp_buf *out, size_t begin)
{
	unsigned char digest[TP_SHA256_BYTES];
	char hex[TP_SHA256_HEX];

	if (out->len - begin <= TP_KEY_PART_MAX)
		return true;
	if (tp_sha256(out->data + begin, out->len - begin, digest, NULL))
		return false;
	tp_buf_truncate(out, begin + KEPT_OF_LONG);
	tp_hex(digest, sizeof digest, hex);
	return tp_buf_addf(out, "%%#%s", hex);
}

bool tp_key_address(const char *address, struct tp_buf *out)
{
	size_t begin = out->len, len = strlen(address);

	if (len && address[len - 1] == '.')
		len--;
	if (!tp_buf_reserve(out, len + 1))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!add_byte(out, address[i]))
			return false;
	return shorten(out, begin);
}

bool tp_key_sender(const char *sender, struct tp_buf *out)
{
	const char *at = strrchr(sender, '@');
	size_t begin = out->len, local = at ? (size_t)(at - sender) : strlen(sender);

	if (!*sender)
		return tp_buf_adds(out, "<>");
	for (size_t i = 0; i < local; i++) {
		if (sender[i] == '+' && i > 0)
			break;
		if (!is_digit(sender[i])) {
			if (!add_byte(out, sender[i]))
				return false;
		} else if (i == 0 || !is_digit(sender[i - 1])) {
			if (!tp_buf_addc(out, '#'))
				return false;
		}
	}
	return at ? tp_key_address(at, out) && shorten(out, begin) : shorten(out, begin);
}

static const char *spf_domain(const struct tp_facts *facts)
{
	const char *domain;

	if (facts->spf != TP_SPF_PASS)
		return "";
	if (facts->spf_domain.len)
		return facts->spf_domain.data;
	domain = facts->has_sender ? tp_domain_of(tp_buf_str(&facts->sender)) : "";
	if (!*domain && facts->has_sender && facts->sender.len == 0)
		domain = tp_buf_str(&facts->helo);
	return domain;
}

enum tp_status tp_key_origin(const struct tp_facts *facts, int ipv4_bits, int ipv6_bits,
	struct tp_buf *out, struct tp_error *err)
{
	const char *domain = spf_domain(facts);

	if (!*domain)
		return tp_key_network(facts, ipv4_bits, ipv6_bits, out, err);
	tp_buf_adds(out, "spf:");
	tp_key_address(domain, out);
	return tp_buf_status(out, "key", err);
}

enum tp_status tp_key_network(const struct tp_facts *facts, int ipv4_bits, int ipv6_bits,
	struct tp_buf *out, struct tp_error *err)
{
	struct in6_addr network = facts->address;
	bool four = tp_ip_is_v4(&network);
	char text[TP_IP_TEXT_MAX];

	if (!facts->has_ip)
		return TP_NOTHING;
	tp_ip_mask(&network, four ? TP_IP_V4_BITS + ipv4_bits : ipv6_bits);
	tp_buf_addf(out, "%s/%d", tp_ip_text(&network, text), four ? ipv4_bits : ipv6_bits);
	return tp_buf_status(out, "key", err);
}
