/* base/secret: made once however many begin at once, kept, refused when it is no secret any more.
 */
#include "base/secret.h"
#include "base/hex.h"
#include "tap.h"
#include "trash.h"

#include <sys/wait.h>

static struct tp_error err;

static enum tp_status load(const char *text, unsigned char secret[TP_SECRET_BYTES])
{
	struct tp_conf *conf;
	enum tp_status status;

	trash_file("c.yaml", text, 0644);
	status = tp_conf_load("c.yaml", &conf, &err);
	if (!status)
		status = tp_secret_load(conf, secret, &err);
	tp_conf_free(conf);
	return status;
}

#define PROCESSES 20

/* All wait for the same pipe to close, then begin. */
static void test_race(void)
{
	unsigned char secrets[PROCESSES][TP_SECRET_BYTES];
	int start[2], answers[2], same = 0;
	char byte;

	if (pipe(start) || pipe(answers))
		exit(99);
	trash_file("c.yaml", "state: race/deep\n", 0644);
	for (int i = 0; i < PROCESSES; i++) {
		unsigned char secret[TP_SECRET_BYTES];
		struct tp_conf *conf;

		if (fork())
			continue;
		close(start[1]);
		if (tp_conf_load("c.yaml", &conf, &err) || read(start[0], &byte, 1) != 0 ||
			tp_secret_load(conf, secret, &err) ||
			write(answers[1], secret, sizeof secret) != sizeof secret)
			_exit(1);
		_exit(0);
	}
	close(start[1]);
	close(answers[1]);
	for (int i = 0; i < PROCESSES; i++)
		same += read(answers[0], secrets[i], TP_SECRET_BYTES) == TP_SECRET_BYTES &&
			!memcmp(secrets[i], secrets[0], TP_SECRET_BYTES);
	while (wait(NULL) > 0)
		;
	ok(same == PROCESSES, "%d of %d processes that begin at once get the same secret", same,
		PROCESSES);
	ok(trash_count("race/deep") == 1, "and leave one file");
}

int main(void)
{
	unsigned char one[TP_SECRET_BYTES], two[TP_SECRET_BYTES];
	char hex[2 * TP_SECRET_BYTES + 1], key[100], conf[300];
	struct stat st;

	trash_make();
	umask(0);
	unsetenv("TUBEPOST_SECRET");
	test_race();
	ok(!load("state: s\n", one) && !stat("s/secret", &st) && (st.st_mode & 07777) == 0600 &&
			st.st_size == 2 * TP_SECRET_BYTES + 1,
		"made on first use, for its owner alone");
	ok(!load("state: s\n", two) && !memcmp(one, two, sizeof one), "the same the next time");
	ok(!load("state: other\n", two) && memcmp(one, two, sizeof one), "another elsewhere");
	chmod("s/secret", 0644);
	ok(load("state: s\n", two) == TP_CONFIG && strstr(err.text, "readable by everybody"),
		"refused when everybody may read it: %s", err.text);
	trash_file("s/secret", "short\n", 0600);
	ok(load("state: s\n", two) == TP_CONFIG && strstr(err.text, "64 hexadecimal"),
		"refused when it is none: %s", err.text);
	trash_file("s/secret", "", 0600);
	ok(load("state: s\n", two) == TP_CONFIG, "an empty one is not made again: %s", err.text);
	trash_file("file", "x", 0600);
	ok(load("state: file\n", two) != TP_OK, "a state folder that is a file: %s", err.text);

	tp_hex(one, sizeof one, hex);
	snprintf(key, sizeof key, "%s\r\n", hex);
	trash_file("key", key, 0640);
	snprintf(conf, sizeof conf, "state: none\nsecret_file: key\n");
	ok(!load(conf, two) && !memcmp(one, two, sizeof one) && stat("none", &st),
		"secret_file is read, and nothing is made");
	ok(load("secret_file: gone\n", two) == TP_CONFIG && strstr(err.text, "gone"),
		"a secret_file that is missing is not made: %s", err.text);
	hex[0] = hex[0] == '0' ? '1' : '0';
	setenv("TUBEPOST_SECRET", hex, 1);
	ok(!load(conf, two) && memcmp(one, two, sizeof one), "the environment comes first");
	setenv("TUBEPOST_SECRET", "zz", 1);
	ok(load(conf, two) == TP_CONFIG && !strstr(err.text, "zz"),
		"a bad one there is not shown: %s", err.text);
	return done_testing();
}
