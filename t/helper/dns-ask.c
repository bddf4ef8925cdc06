/*
 * Asks DNS lists about addresses, for tests of lib/greylist/dns:
 *
 *   dns-ask [-b LIST]... [-w LIST]... [-s SERVER]... [-d DEADLINE_MS] [-m MEMO] [-n NOW] ADDRESS...
 *
 * Prints `ADDRESS WEIGHT REASON` for each reason, and after each address `ADDRESS done`. MEMO is a
 * file where findings are kept between runs, `NAME\tVALUE\tUNTIL` a line.
 */
#include <getopt.h>

#include "base/clock.h"
#include "base/diag.h"
#include "greylist/dns.h"

struct memo {
	const char *path;
	int64_t now;
};

static bool memo_get(void *context, const char *name, int64_t *value)
{
	const struct memo *memo = context;
	FILE *file = fopen(memo->path, "r");
	char *line = NULL;
	size_t cap = 0, len = strlen(name);
	long long found, until;
	bool known = false;

	while (file && getline(&line, &cap, file) > 0)
		if (!strncmp(line, name, len) &&
			sscanf(line + len, "\t%lld\t%lld", &found, &until) == 2 &&
			until > memo->now) {
			*value = found;
			known = true;
		}
	free(line);
	if (file)
		fclose(file);
	return known;
}

static void memo_put(void *context, const char *name, int64_t value, int64_t until)
{
	const struct memo *memo = context;
	FILE *file = fopen(memo->path, "a");

	if (file) {
		fprintf(file, "%s\t%lld\t%lld\n", name, (long long)value, (long long)until);
		fclose(file);
	}
}

static enum tp_status about(
	struct tp_dns *dns, const char *address, int64_t now, struct tp_error *err)
{
	struct tp_doubts doubts = TP_DOUBTS_INIT;
	struct tp_facts facts;
	enum tp_status status;

	tp_facts_init(&facts);
	status = tp_facts_set_ip(&facts, address, strlen(address), err);
	if (!status)
		status = tp_dns_ask(dns, &facts, now, &doubts, err);
	for (size_t i = 0; !status && i < doubts.count; i++)
		printf("%s %d %s\n", address, doubts.list[i].weight, tp_doubts_reason(&doubts, i));
	if (!status)
		printf("%s done\n", address);
	fflush(stdout);
	tp_facts_release(&facts);
	tp_doubts_release(&doubts);
	return status;
}

int main(int argc, char **argv)
{
	struct tp_strings block = TP_STRINGS_INIT, welcome = TP_STRINGS_INIT,
			  servers = TP_STRINGS_INIT;
	struct memo memo = { NULL, tp_now() };
	struct tp_dns_settings settings = {
		.blocklists = &block, .welcome = &welcome, .servers = &servers, .deadline_ms = 5000
	};
	struct tp_dns *dns = NULL;
	struct tp_error err;
	enum tp_status status = TP_OK;
	int option;

	tp_diag_init("dns-ask", false);
	while (!status && (option = getopt(argc, argv, "b:w:s:d:m:n:")) != -1) {
		if (option == 'd')
			settings.deadline_ms = strtol(optarg, NULL, 10);
		else if (option == 'n')
			memo.now = strtol(optarg, NULL, 10);
		else if (option == 'm')
			memo.path = optarg;
		else
			status = tp_strings_add(option == 'b'   ? &block
						: option == 'w' ? &welcome
								: &servers,
				optarg, &err);
	}
	if (memo.path)
		settings.memo = (struct tp_dns_memo){ &memo, memo_get, memo_put };
	if (!status)
		status = tp_dns_open(&settings, &dns, &err);
	for (int i = optind; !status && i < argc; i++)
		status = about(dns, argv[i], memo.now, &err);
	if (status)
		tp_say_error(&err);
	tp_dns_close(dns);
	tp_strings_release(&block);
	tp_strings_release(&welcome);
	tp_strings_release(&servers);
	return tp_status_exit_code(status);
}
