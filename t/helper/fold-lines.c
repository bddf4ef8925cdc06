/* Folds each line of stdin (base/fold.h): what the page of a disc is compared with. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fold.h"

int main(void)
{
	struct tp_buf out = TP_BUF_INIT(1 << 20);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		tp_buf_clear(&out);
		if (!tp_fold(line, strcspn(line, "\n"), &out))
			return 1;
		puts(tp_buf_str(&out));
	}
	tp_buf_release(&out);
	free(line);
	return 0;
}
