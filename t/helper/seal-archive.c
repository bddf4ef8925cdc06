/* Seals an archive's journals: seal-archive ARCHIVE [LEVEL [full]]. A low level makes tests quick;
 * `full` leaves those that are not full. Exit 75 when somebody else is sealing. */
#include <stdio.h>

#include "archive/seal.h"

int main(int argc, char **argv)
{
	struct tp_archive *archive;
	struct tp_seal_report report = { 0 };
	struct tp_error err = { 0 };
	enum tp_status status;

	if (argc < 2)
		return 64;
	status = tp_archive_open(NULL, argv[1], false, &archive, &err);
	if (!status) {
		status = tp_seal(archive, argc<4, argc> 2 ? (int)strtol(argv[2], NULL, 10) : 0,
			&report, &err);
		tp_archive_close(archive);
	}
	printf("%u packs, %ju messages\n", report.packs, (uintmax_t)report.messages);
	if (status == TP_NOTHING)
		return 75;
	if (status)
		fprintf(stderr, "seal-archive: %s\n", err.text);
	return tp_status_exit_code(status);
}
