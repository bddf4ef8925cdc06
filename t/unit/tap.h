/* TAP for unit tests in C: `ok(condition, "what holds", ...)`, and `return done_testing();`. */
#ifndef TP_T_TAP_H
#define TP_T_TAP_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool ok(bool passed, const char *format, ...)
{
	va_list args;

	printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
	tap_failed += !passed;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	return passed;
}

__attribute__((unused)) static void skip(const char *what, const char *why)
{
	const char *list = getenv("TUBEPOST_SKIPS");
	FILE *file = list ? fopen(list, "a") : NULL;

	printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
	if (file) {
		fprintf(file, "%s: %s: %s\n", program_invocation_short_name, what, why);
		fclose(file);
	}
}

__attribute__((unused)) static int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

#endif
