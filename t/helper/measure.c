/*
 * Times whole processes in turn and prints them side by side, for t/perf. Runs of the commands are
 * interleaved (A B C A B C ...), so that a machine whose speed drifts is fair to all.
 *
 *   measure -n RUNS [-i INPUT] [-p PREPARATION] NAME COMMAND... [:: NAME COMMAND...]...
 *
 * Prints a row a command: name, median wall ms, median user + system ms, peak MiB, and the first
 * command's wall time against this one's ("ratio" above 1: the first is that many times faster).
 * Each gets INPUT (default /dev/null) on stdin and /dev/null as stdout. PREPARATION is run by sh before
 * every run and not timed: what a run before left behind is taken away by it. A command that fails
 * ends the measurement: a time of something that did not happen is no time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define RUNS_MAX     1001

struct command {
	const char *name;
	char **argv;
	double wall[RUNS_MAX], cpu[RUNS_MAX];
	long peak_kib;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void run_child(char **argv, const char *input)
{
	int in = open(input, O_RDONLY), out = open("/dev/null", O_WRONLY);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0)
		_exit(126);
	close(in);
	close(out);
	execvp(argv[0], argv);
	_exit(127);
}

static void prepare(const char *preparation)
{
	if (preparation && system(preparation) != 0) {
		fprintf(stderr, "measure: %s: failed\n", preparation);
		exit(1);
	}
}

static void run_once(struct command *c, const char *input, int run)
{
	double start = now_ms();
	struct rusage usage;
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		run_child(c->argv, input);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) {
		fprintf(stderr, "measure: %s: %s\n", c->name, strerror(errno));
		exit(1);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "measure: %s: failed (status %d)\n", c->name, status);
		exit(1);
	}
	if (run < 0)
		return;
	c->wall[run] = now_ms() - start;
	c->cpu[run] = ms_of(usage.ru_utime) + ms_of(usage.ru_stime);
	if (usage.ru_maxrss > c->peak_kib)
		c->peak_kib = usage.ru_maxrss;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, int n)
{
	qsort(values, (size_t)n, sizeof *values, compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static int split(int argc, char **argv, struct command *commands)
{
	int count = 0;

	for (int i = 0; i < argc; i++) {
		if (i == 0 || !strcmp(argv[i - 1], "::")) {
			if (i > 0)
				argv[i - 1] = NULL;
			if (count == COMMANDS_MAX || i + 1 >= argc)
				return 0;
			commands[count].name = argv[i];
			commands[count++].argv = argv + i + 1;
		}
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct command commands[COMMANDS_MAX];
	const char *input = "/dev/null", *preparation = NULL;
	int option, runs = 5, count;
	double first = 0;

	while ((option = getopt(argc, argv, "+n:i:p:")) != -1) {
		if (option == 'n')
			runs = (int)strtol(optarg, NULL, 10);
		else if (option == 'i')
			input = optarg;
		else if (option == 'p')
			preparation = optarg;
		else
			return 2;
	}
	count = split(argc - optind, argv + optind, commands);
	if (count == 0 || runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: measure [-n RUNS] [-i INPUT] NAME COMMAND... [:: ...]\n");
		return 2;
	}
	for (int run = -1; run < runs; run++)
		for (int i = 0; i < count; i++) {
			prepare(preparation);
			run_once(&commands[i], input, run);
		}
	printf("  %-34s %10s %10s %9s %7s\n", "", "wall ms", "cpu ms", "peak MiB", "ratio");
	for (int i = 0; i < count; i++) {
		double wall = median(commands[i].wall, runs), cpu = median(commands[i].cpu, runs);

		first = i ? first : wall;
		printf("  %-34s %10.2f %10.2f %9.1f %7.2f\n", commands[i].name, wall, cpu,
			(double)commands[i].peak_kib / 1024, wall / first);
	}
	return 0;
}
