/* The settings of DNS lists, read and checked: see dns.h. Nobody is asked here. */
#include "greylist/dns_parts.h"

#define ZONES_MAX 100

static size_t count_of(const struct tp_strings *strings)
{
	return strings ? strings->count : 0;
}

static enum tp_status read_lists(
	struct tp_dns *dns, const struct tp_strings *texts, bool welcome, struct tp_error *err)
{
	for (size_t i = 0; i < count_of(texts); i++) {
		enum tp_status status = tp_dns_list_parse(
			texts->list[i], welcome, &dns->lists[dns->list_count++], err);

		if (status)
			return status;
	}
	return TP_OK;
}

static enum tp_status read_servers(
	struct tp_dns *dns, const struct tp_strings *texts, struct tp_error *err)
{
	for (size_t i = 0; i < count_of(texts); i++) {
		enum tp_status status =
			tp_resolver_server_parse(texts->list[i], &dns->servers[i], err);

		if (status)
			return status;
		dns->server_count++;
	}
	return TP_OK;
}

static void find_zones(struct tp_dns *dns)
{
	for (size_t i = 0; i < dns->list_count; i++) {
		size_t z = 0;

		while (z < dns->zone_count && strcmp(dns->zones[z].name, dns->lists[i].zone))
			z++;
		if (z == dns->zone_count)
			dns->zones[dns->zone_count++].name = dns->lists[i].zone;
		dns->zone_of[i] = z;
	}
}

static enum tp_status make_room(
	struct tp_dns *dns, size_t lists, size_t servers, struct tp_error *err)
{
	if (lists > ZONES_MAX || servers > ZONES_MAX)
		return tp_fail(err, TP_CONFIG, "DNS lists: more than %d", ZONES_MAX);
	dns->lists = calloc(lists, sizeof *dns->lists);
	dns->zone_of = calloc(lists, sizeof *dns->zone_of);
	dns->zones = calloc(lists, sizeof *dns->zones);
	dns->lookups = calloc(lists * QUESTIONS, sizeof *dns->lookups);
	dns->servers = calloc(servers + 1, sizeof *dns->servers);
	if (!dns->lists || !dns->zone_of || !dns->zones || !dns->lookups || !dns->servers)
		return tp_fail(err, TP_NOMEM, "DNS lists: out of memory");
	return TP_OK;
}

enum tp_status tp_dns_open(
	const struct tp_dns_settings *settings, struct tp_dns **dns, struct tp_error *err)
{
	size_t lists = count_of(settings->blocklists) + count_of(settings->welcome);
	enum tp_status status;
	struct tp_dns *d;

	*dns = NULL;
	if (!lists)
		return TP_OK;
	if (!tp_resolver_is_built())
		return tp_fail(
			err, TP_CONFIG, "DNS lists: this build has no c-ares and cannot ask them");
	d = calloc(1, sizeof *d);
	if (!d)
		return tp_fail(err, TP_NOMEM, "DNS lists: out of memory");
	d->memo = settings->memo;
	d->deadline_ms = settings->deadline_ms > 0 ? settings->deadline_ms : 1;
	tp_buf_init(&d->names, (size_t)ZONES_MAX * QUESTIONS * 256);
	status = make_room(d, lists, count_of(settings->servers), err);
	if (!status)
		status = read_lists(d, settings->blocklists, false, err);
	if (!status)
		status = read_lists(d, settings->welcome, true, err);
	if (!status)
		status = read_servers(d, settings->servers, err);
	if (status) {
		tp_dns_close(d);
		return status;
	}
	find_zones(d);
	*dns = d;
	return TP_OK;
}

void tp_dns_close(struct tp_dns *dns)
{
	if (!dns)
		return;
	tp_resolver_close(dns->resolver);
	for (size_t i = 0; i < dns->list_count; i++)
		tp_dns_list_release(&dns->lists[i]);
	tp_buf_release(&dns->names);
	tp_dns_found_release(&dns->found);
	tp_dns_cache_release(&dns->cache);
	free(dns->lists);
	free(dns->zone_of);
	free(dns->zones);
	free(dns->lookups);
	free(dns->servers);
	free(dns);
}
