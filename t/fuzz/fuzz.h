/*
 * What fuzz targets share. A target is t/fuzz/fuzz-NAME.c with LLVMFuzzerTestOneInput; its seeds
 * are t/fuzz/seeds/NAME/ and t/corpus/, its dictionary t/fuzz/NAME.dict or else mime.dict. `make
 * fuzz` runs it with libFuzzer; `make check` replays the seeds (t/t0900-fuzz-seeds.sh) with
 * whatever compiler there is.
 */
#ifndef TP_T_FUZZ_H
#define TP_T_FUZZ_H

#include "base/banned.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* An invariant: unlike assert it holds in every build. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
