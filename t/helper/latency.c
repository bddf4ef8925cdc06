/*
 * Runs a command once for each line of a file, the line's words (parted by tabs) added to it, and
 * prints how long whole processes took: for t/perf, where what counts is not one question but what
 * most of many take.
 *
 *   latency NAME FILE COMMAND...
 *
 * Prints name, lines, median, 95th percentile and longest wall time in ms, and peak MiB. Each line is
 * run three times in turn with the others and its median counts, so that a machine that is busy for a
 * moment does not. Exit codes up to 4 are answers:
 * each program says "nothing" in its own way.
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

#define LINES_MAX 1000
#define WORDS_MAX 64
#define ROUNDS    3

static double times[LINES_MAX][ROUNDS], medians[LINES_MAX];
static char *lines[LINES_MAX];
static long peak_kib;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void run_child(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(126);
	close(null);
	execvp(argv[0], argv);
	_exit(127);
}

static double run_once(const char *name, char **argv)
{
	double start = now_ms();
	struct rusage usage;
	int status;
	pid_t pid = vfork();

	if (pid == 0)
		run_child(argv);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || !WIFEXITED(status) ||
		WEXITSTATUS(status) > 4) {
		fprintf(stderr, "latency: %s: failed\n", name);
		exit(1);
	}
	peak_kib = usage.ru_maxrss > peak_kib ? usage.ru_maxrss : peak_kib;
	return now_ms() - start;
}

static int read_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t cap = 0;
	int count = 0;
	ssize_t n;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (count < LINES_MAX && (n = getline(&lines[count], &cap, file)) > 0) {
		if (lines[count][n - 1] == '\n')
			lines[count][n - 1] = '\0';
		count++;
		cap = 0;
	}
	fclose(file);
	return count;
}

static void split(char **argv, int argc, char *line)
{
	for (char *word = line; word && argc < WORDS_MAX - 1; argc++) {
		argv[argc] = word;
		word = strchr(word, '\t');
		if (word)
			*word++ = '\0';
	}
	argv[argc] = NULL;
}

int main(int argc, char **argv)
{
	char *command[WORDS_MAX];
	int count;

	if (argc < 4 || argc - 3 > WORDS_MAX - 2) {
		fprintf(stderr, "usage: latency NAME FILE COMMAND...\n");
		return 2;
	}
	count = read_lines(argv[2]);
	for (int i = 3; i < argc; i++)
		command[i - 3] = argv[i];
	for (int round = 0; round < ROUNDS; round++)
		for (int i = 0; i < count; i++) {
			char *line = strdup(lines[i]);

			split(command, argc - 3, line);
			times[i][round] = run_once(argv[1], command);
			free(line);
		}
	for (int i = 0; i < count; i++) {
		qsort(times[i], ROUNDS, sizeof **times, compare);
		medians[i] = times[i][ROUNDS / 2];
	}
	qsort(medians, (size_t)count, sizeof *medians, compare);
	if (count)
		printf("  %-34s %4d %9.2f %9.2f %9.2f %9.1f\n", argv[1], count, medians[count / 2],
			medians[(count * 95 + 99) / 100 - 1], medians[count - 1],
			(double)peak_kib / 1024);
	return 0;
}
