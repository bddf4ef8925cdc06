/*
 * detach-all FOLDER [wrap] <LIST: rewrites each message that LIST names as `detach-upload --over 0`
 * would, with made-up links, in one process. Writes FOLDER/N for the Nth message from which something
 * leaves, prints "N path" for it, and fails when a message fails.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spool.h"
#include "fake-links.h"

static enum tp_status keep(
	const char *folder, unsigned n, const struct tp_spool *result, struct tp_error *err)
{
	char name[4096];
	enum tp_status status;
	int fd;

	snprintf(name, sizeof name, "%s/%u", folder, n);
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0)
		return tp_fail_errno(err, TP_IO, "%s", name);
	status = tp_write_all(fd, result->data, result->len, name, err);
	close(fd);
	return status;
}

static enum tp_status rewrite(
	struct tp_detach *detach, const char *folder, unsigned n, struct tp_error *err)
{
	static const unsigned char secret[TP_SECRET_BYTES] = "seal";
	struct tp_spool result = TP_SPOOL_INIT;
	enum tp_status status;

	fake_links(detach);
	status = tp_detach_restub(detach, secret, &result, err);
	if (!status)
		status = keep(folder, n, &result, err);
	tp_spool_release(&result);
	tp_detach_release(detach);
	return status;
}

static enum tp_status treat(const char *path, const char *folder, unsigned n, bool wrap, bool *left,
	struct tp_error *err)
{
	struct tp_plan_rules rules = {
		.files_max = 200, .wrap_signed = wrap, .foreign_dkim = true
	};
	struct tp_spool mail = TP_SPOOL_INIT;
	struct tp_tree tree = { .parts = NULL };
	struct tp_plan plan = { .reason = "" };
	enum tp_status status = tp_spool_open(&mail, path, err);
	struct tp_detach detach = { .tree = &tree, .plan = &plan };

	if (!status)
		status = tp_tree_scan(&tree, mail.data, mail.len, &tp_tree_default_limits, err);
	if (!status)
		status = tp_plan_make(&tree, mail.data, mail.len, &rules, &plan, err);
	detach.data = mail.data;
	detach.len = mail.len;
	*left = plan.leaving > 0;
	if (!status && plan.leaving)
		status = rewrite(&detach, folder, n, err);
	tp_plan_release(&plan);
	tp_tree_release(&tree);
	tp_spool_release(&mail);
	return status;
}

int main(int argc, char **argv)
{
	char *line = NULL;
	size_t cap = 0;
	unsigned n = 0;
	int failed = 0;

	if (argc < 2)
		return 64;
	for (ssize_t len; (len = getline(&line, &cap, stdin)) > 0;) {
		struct tp_error err = { TP_OK, "" };
		bool left;

		line[len - 1] = '\0';
		if (treat(line, argv[1], ++n, argc > 2, &left, &err)) {
			fprintf(stderr, "%s: %s\n", line, err.text);
			failed = 1;
		} else if (left) {
			printf("%u %s\n", n, line);
		}
	}
	free(line);
	return failed;
}
