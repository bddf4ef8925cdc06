/*
 * Runs a fuzz target on the files named, one after another: what `make check` does with the seeds,
 * and how an input that the fuzzer found is looked at. Says how many there were.
 */
#include "fuzz.h"

#include "base/spool.h"

int main(int argc, char **argv)
{
	struct tp_spool spool;
	struct tp_error err;

	for (int i = 1; i < argc; i++) {
		if (tp_spool_open(&spool, argv[i], &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 66;
		}
		LLVMFuzzerTestOneInput((const uint8_t *)spool.data, spool.len);
		tp_spool_release(&spool);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
