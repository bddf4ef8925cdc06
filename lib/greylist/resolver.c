/*
 * Questions through c-ares: see resolver.h. What is asked for by ares_query() is not looked for in
 * search domains or in /etc/hosts. Within the deadline a server has a quarter of it for a first
 * try and half of it for a second: a datagram that was lost costs no answer.
 */
#ifdef HAVE_CARES
#define CARES_NO_DEPRECATED /* newer releases prefer calls that older ones lack */
#include <ares.h>
#endif

#include "greylist/resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/ip.h"
#include "base/library.h"

#define LIBRARY      "libcares.so.2"
#define DEFAULT_PORT 53
#define TRIES        2

/* --- servers --- */

static bool read_port(const char *text, uint16_t *port)
{
	unsigned long value = 0;
	const char *c = text;

	for (; *c >= '0' && *c <= '9' && value <= UINT16_MAX; c++)
		value = value * 10 + (unsigned long)(*c - '0');
	*port = (uint16_t)value;
	return c > text && !*c && value > 0 && value <= UINT16_MAX;
}

enum tp_status tp_resolver_server_parse(
	const char *text, struct tp_resolver_server *server, struct tp_error *err)
{
	const char *begin = text, *end = text + strlen(text), *port = NULL;

	server->port = DEFAULT_PORT;
	if (*text == '[') {
		begin = text + 1;
		end = strchr(text, ']');
		if (end)
			port = end + 1;
	} else if (strchr(text, ':') && strchr(text, ':') == strrchr(text, ':')) {
		port = end = strchr(text, ':'); /* two colons are IPv6 */
	}
	if (!end || !tp_ip_parse(begin, (size_t)(end - begin), &server->address) ||
		(port && *port && (*port != ':' || !read_port(port + 1, &server->port))))
		return tp_fail(err, TP_CONFIG,
			"DNS server '%s': that is no ADDRESS, ADDRESS:PORT or [IPV6]:PORT", text);
	return TP_OK;
}

#ifdef HAVE_CARES

/* --- the library --- */

/* Typed after the library's own declarations, so that a changed signature is an error of the
 * compiler. */
static struct {
	__typeof__(&ares_library_init) library_init;
	__typeof__(&ares_init_options) init_options;
	__typeof__(&ares_set_servers_ports) set_servers_ports;
	__typeof__(&ares_query) query;
	__typeof__(&ares_parse_a_reply) parse_a_reply;
	__typeof__(&ares_getsock) getsock;
	__typeof__(&ares_timeout) timeout;
	__typeof__(&ares_process_fd) process_fd;
	__typeof__(&ares_cancel) cancel;
	__typeof__(&ares_destroy) destroy;
	__typeof__(&ares_strerror) strerror;
	bool ready;
} ares;

static enum tp_status open_library(struct tp_error *err)
{
	static const struct tp_symbol all[] = {
		{ "ares_library_init", &ares.library_init },
		{ "ares_init_options", &ares.init_options },
		{ "ares_set_servers_ports", &ares.set_servers_ports },
		{ "ares_query", &ares.query },
		{ "ares_parse_a_reply", &ares.parse_a_reply },
		{ "ares_getsock", &ares.getsock },
		{ "ares_timeout", &ares.timeout },
		{ "ares_process_fd", &ares.process_fd },
		{ "ares_cancel", &ares.cancel },
		{ "ares_destroy", &ares.destroy },
		{ "ares_strerror", &ares.strerror },
	};

	if (ares.ready)
		return TP_OK;
	if (tp_library_open(LIBRARY, "DNS lists need c-ares", all, sizeof all / sizeof *all, err))
		return err->status = TP_UNAVAILABLE;
	if (ares.library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		return tp_fail(err, TP_UNAVAILABLE, "c-ares cannot start");
	ares.ready = true;
	return TP_OK;
}

/* --- a resolver --- */

struct tp_resolver {
	ares_channel channel;
	int64_t deadline_ms;
	size_t open; /* questions without an outcome */
	bool nomem;
};

/* What comes back to the callback of one question. */
struct question {
	struct tp_resolver *resolver;
	struct tp_lookup *lookup;
};

static enum tp_status set_servers(struct tp_resolver *resolver,
	const struct tp_resolver_server *servers, size_t count, struct tp_error *err)
{
	struct ares_addr_port_node *nodes = calloc(count, sizeof *nodes);
	enum tp_status status = TP_OK;

	if (!nodes)
		return tp_fail(err, TP_NOMEM, "DNS servers: out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct in6_addr *address = &servers[i].address;

		nodes[i].next = i + 1 < count ? &nodes[i + 1] : NULL;
		nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
		if (tp_ip_is_v4(address)) {
			nodes[i].family = AF_INET;
			memcpy(&nodes[i].addr.addr4, address->s6_addr + 12, 4);
		} else {
			nodes[i].family = AF_INET6;
			memcpy(&nodes[i].addr.addr6, address, sizeof *address);
		}
	}
	if (ares.set_servers_ports(resolver->channel, nodes) != ARES_SUCCESS)
		status = tp_fail(err, TP_UNAVAILABLE, "c-ares does not take the DNS servers");
	free(nodes);
	return status;
}

enum tp_status tp_resolver_open(const struct tp_resolver_server *servers, size_t count,
	int64_t deadline_ms, struct tp_resolver **resolver, struct tp_error *err)
{
	struct ares_options options = { .tries = TRIES, .lookups = (char[]){ "b" } };
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_DOMAINS;
	struct tp_resolver *r;
	enum tp_status status = open_library(err);
	int code;

	if (status)
		return status;
	options.timeout = (int)(deadline_ms < 4        ? 1
				: deadline_ms > 240000 ? 60000
						       : deadline_ms / 4);
	r = calloc(1, sizeof *r);
	if (!r)
		return tp_fail(err, TP_NOMEM, "DNS questions: out of memory");
	r->deadline_ms = deadline_ms;
	code = ares.init_options(&r->channel, &options, mask);
	if (code != ARES_SUCCESS) {
		free(r);
		return tp_fail(err, code == ARES_ENOMEM ? TP_NOMEM : TP_UNAVAILABLE,
			"c-ares cannot start: %s", ares.strerror(code));
	}
	if (count)
		status = set_servers(r, servers, count, err);
	if (status) {
		tp_resolver_close(r);
		return status;
	}
	*resolver = r;
	return TP_OK;
}

void tp_resolver_close(struct tp_resolver *resolver)
{
	if (!resolver)
		return;
	ares.destroy(resolver->channel);
	free(resolver);
}

bool tp_resolver_is_built(void)
{
	return true;
}

/* --- questions --- */

static void take_addresses(struct tp_lookup *lookup, unsigned char *reply, int len)
{
	struct ares_addrttl found[TP_LOOKUP_ANSWERS_MAX];
	int count = TP_LOOKUP_ANSWERS_MAX;

	switch (ares.parse_a_reply(reply, len, NULL, found, &count)) {
	case ARES_SUCCESS:
		break;
	case ARES_ENODATA:
		count = 0;
		break;
	default:
		return;
	}
	for (int i = 0; i < count; i++)
		lookup->answers[i] = ntohl(found[i].ipaddr.s_addr);
	lookup->answer_count = (size_t)count;
	lookup->outcome = count ? TP_LOOKUP_FOUND : TP_LOOKUP_NONE;
}

static void answered(void *context, int code, int timeouts, unsigned char *reply, int len)
{
	struct question *question = context;

	question->resolver->open--;
	if (code == ARES_SUCCESS)
		take_addresses(question->lookup, reply, len);
	else if (code == ARES_ENOTFOUND || code == ARES_ENODATA)
		question->lookup->outcome = TP_LOOKUP_NONE;
	else if (code == ARES_ENOMEM)
		question->resolver->nomem = true;
}

/* Waits for one event or c-ares' next time-out, `left_ms` at most, and lets it work. */
static void step(struct tp_resolver *resolver, int64_t left_ms)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd polled[ARES_GETSOCK_MAXNUM];
	struct timeval most = { .tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000 }, room;
	const struct timeval *wait = ares.timeout(resolver->channel, &most, &room);
	/* Bit i: wants to read, bit i + 16: to write. The library's macros shift into the sign. */
	unsigned mask = (unsigned)ares.getsock(resolver->channel, sockets, ARES_GETSOCK_MAXNUM);
	int count = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		int events = (mask >> i & 1 ? POLLIN : 0) | (mask >> (i + 16) & 1 ? POLLOUT : 0);

		if (events)
			polled[count++] =
				(struct pollfd){ .fd = sockets[i], .events = (short)events };
	}
	if (poll(polled, (nfds_t)count,
		    (int)(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000)) <= 0) {
		ares.process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
		return;
	}
	for (int i = 0; i < count; i++)
		ares.process_fd(resolver->channel,
			polled[i].revents & ~POLLOUT ? polled[i].fd : ARES_SOCKET_BAD,
			polled[i].revents & POLLOUT ? polled[i].fd : ARES_SOCKET_BAD);
}

enum tp_status tp_resolver_ask(
	struct tp_resolver *resolver, struct tp_lookup *lookups, size_t count, struct tp_error *err)
{
	int64_t end = tp_monotonic_ms() + resolver->deadline_ms, left;
	struct question *questions = calloc(count, sizeof *questions);

	if (!questions)
		return tp_fail(err, TP_NOMEM, "DNS questions: out of memory");
	resolver->open = count;
	resolver->nomem = false;
	for (size_t i = 0; i < count; i++) {
		lookups[i].outcome = TP_LOOKUP_SILENT;
		lookups[i].answer_count = 0;
		questions[i] = (struct question){ resolver, &lookups[i] };
		ares.query(resolver->channel, lookups[i].name, 1 /* IN */, 1 /* A */, answered,
			&questions[i]);
	}
	while (resolver->open && (left = end - tp_monotonic_ms()) > 0)
		step(resolver, left);
	ares.cancel(resolver->channel); /* nothing is called back after this */
	free(questions);
	return resolver->nomem ? tp_fail(err, TP_NOMEM, "DNS questions: out of memory") : TP_OK;
}

#else

bool tp_resolver_is_built(void)
{
	return false;
}

enum tp_status tp_resolver_open(const struct tp_resolver_server *servers, size_t count,
	int64_t deadline_ms, struct tp_resolver **resolver, struct tp_error *err)
{
	return tp_fail(err, TP_UNAVAILABLE, "this build has no c-ares and asks no DNS lists");
}

void tp_resolver_close(struct tp_resolver *resolver)
{
}

enum tp_status tp_resolver_ask(
	struct tp_resolver *resolver, struct tp_lookup *lookups, size_t count, struct tp_error *err)
{
	return tp_fail(err, TP_INTERNAL, "a resolver that was never opened");
}

#endif
