/*
 * Asks a policy service as Postfix does and tells how fast it answers: for t/perf.
 *
 *   policy-client [-n DECISIONS] [-j CONNECTIONS] [-s FIRST] NAME unix:PATH | COMMAND...
 *
 * Each connection (a process of its own) asks about DECISIONS / CONNECTIONS attempts, each with a
 * sender of its own, numbered from FIRST on, and waits for an answer before it asks again. COMMAND is
 * started once a connection with the connection as stdin and stdout, as spawn(8) does. Prints name,
 * decisions, decisions a second, median and 99th percentile in microseconds; then a line for each
 * different answer with its count.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX  60 /* what is told apart of an answer */
#define ANSWERS_MAX 20

struct decision {
	float us;
	char answer[ANSWER_MAX];
};

static struct decision *decisions; /* shared with the children */

static void die(const char *what)
{
	fprintf(stderr, "policy-client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int connect_to(char **service)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int pair[2];

	if (!strncmp(service[0], "unix:", 5)) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		snprintf(address.sun_path, sizeof address.sun_path, "%s", service[0] + 5);
		if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
			die(service[0]);
		return fd;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		die("socketpair");
	if (fork() == 0) {
		if (dup2(pair[1], 0) < 0 || dup2(pair[1], 1) < 0)
			_exit(126);
		execvp(service[0], service);
		_exit(127);
	}
	close(pair[1]);
	return pair[0];
}

static void ask(int fd, long number, struct decision *decision)
{
	char text[1024];
	int len = snprintf(text, sizeof text,
		"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
		"helo_name=mx%ld.sender.test\nqueue_id=\nsender=s%ld@sender.test\n"
		"recipient=box@local.test\nrecipient_count=0\nclient_address=198.51.%ld.%ld\n"
		"client_name=unknown\nreverse_client_name=unknown\ninstance=%ld.1\n"
		"sasl_method=\nsasl_username=\nsasl_sender=\nsize=0\nclient_port=1234\n\n",
		number, number, number / 250 % 250, number % 250 + 1, number);
	double begin = now_us();
	size_t have = 0;
	ssize_t n;

	if (write(fd, text, (size_t)len) != len)
		die("asking");
	do {
		n = read(fd, text + have, sizeof text - 1 - have);
		if (n <= 0)
			die("no answer");
		have += (size_t)n;
	} while (have < 2 || memcmp(text + have - 2, "\n\n", 2));
	text[have - 2] = '\0';
	decision->us = (float)(now_us() - begin);
	snprintf(decision->answer, sizeof decision->answer, "%.*s", ANSWER_MAX - 1,
		!strncmp(text, "action=", 7) ? text + 7 : text);
}

static void run_connection(char **service, long first, long from, long to)
{
	int fd = connect_to(service);

	for (long i = from; i < to; i++)
		ask(fd, first + i, &decisions[i]);
	close(fd);
	while (wait(NULL) > 0)
		;
}

static int by_time(const void *a, const void *b)
{
	float x = ((const struct decision *)a)->us, y = ((const struct decision *)b)->us;

	return x < y ? -1 : x > y;
}

static void tell_answers(long count)
{
	const char *known[ANSWERS_MAX];
	long counts[ANSWERS_MAX] = { 0 };
	int n = 0;

	for (long i = 0; i < count; i++) {
		int k = 0;

		while (k < n && strcmp(known[k], decisions[i].answer))
			k++;
		if (k == n && n < ANSWERS_MAX)
			known[n++] = decisions[i].answer;
		if (k < n)
			counts[k]++;
	}
	for (int k = 0; k < n; k++)
		printf("      %8ld x %s\n", counts[k], known[k]);
}

int main(int argc, char **argv)
{
	long count = 10000, connections = 1, first = 0;
	int option, status;
	double begin;

	while ((option = getopt(argc, argv, "+n:j:s:")) != -1) {
		long value = strtol(optarg ? optarg : "", NULL, 10);

		if (option == 'n')
			count = value;
		else if (option == 'j')
			connections = value;
		else if (option == 's')
			first = value;
		else
			return 2;
	}
	if (argc - optind < 2 || count < 1 || connections < 1) {
		fprintf(stderr,
			"usage: policy-client [-n N] [-j N] [-s N] NAME unix:PATH | COMMAND...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	decisions = mmap(NULL, (size_t)count * sizeof *decisions, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (decisions == MAP_FAILED)
		die("memory");
	begin = now_us();
	for (long c = 0; c < connections; c++)
		if (fork() == 0) {
			run_connection(argv + optind + 1, first, count * c / connections,
				count * (c + 1) / connections);
			_exit(0);
		}
	while (wait(&status) > 0)
		if (status) {
			fprintf(stderr, "policy-client: %s: a connection failed\n", argv[optind]);
			return 1;
		}
	begin = now_us() - begin;
	qsort(decisions, (size_t)count, sizeof *decisions, by_time);
	printf("  %-34s %8ld %10.0f %9.0f %9.0f\n", argv[optind], count,
		(double)count * 1e6 / begin, (double)decisions[count / 2].us,
		(double)decisions[count * 99 / 100].us);
	tell_answers(count);
	return 0;
}
