/* The message as one run of bytes: see spool.h. */
#include "base/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parallel.h"

#define MEMORY_MAX   (1u << 20)
#define FILLED_MAX   ((size_t)1 << 28)
#define FILLED_PIECE ((size_t)4 << 20)

static void fill_piece(void *context, size_t i)
{
	const struct tp_spool *spool = context;
	size_t at = i * FILLED_PIECE, left = spool->map_len - at;

	madvise((char *)spool->map + at, left < FILLED_PIECE ? left : FILLED_PIECE,
		MADV_POPULATE_READ);
}

/* Tables filled at once cost a third of faults taken one by one; but a file larger than memory would
 * be read twice. What cannot be filled (an old kernel, a file cut short) is left to faults. */
static void fill_tables(struct tp_spool *spool)
{
	if (spool->map_len < FILLED_MAX)
		tp_parallel((spool->map_len + FILLED_PIECE - 1) / FILLED_PIECE, spool->map_len,
			fill_piece, spool);
}

/* Maps [offset, size) of the file; page-aligned below, shown from `offset`. */
static enum tp_status map_file(
	struct tp_spool *spool, int fd, size_t offset, size_t size, struct tp_error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), start = offset & ~(page - 1);
	void *map = mmap(NULL, size - start, PROT_READ, MAP_PRIVATE, fd, (off_t)start);

	if (map == MAP_FAILED)
		return tp_fail_errno(err, TP_IO, "cannot map the message");
	spool->map = map;
	spool->map_len = size - start;
	spool->data = (char *)map + (offset - start);
	spool->len = size - offset;
	fill_tables(spool);
	return TP_OK;
}

enum tp_status tp_spooler_add(
	struct tp_spooler *spooler, const void *bytes, size_t len, struct tp_error *err)
{
	enum tp_status status;

	if (len == 0)
		return TP_OK;
	if (spooler->fd < 0 && len <= MEMORY_MAX - spooler->len) {
		if (!spooler->heap)
			spooler->heap = malloc(MEMORY_MAX);
		if (!spooler->heap)
			return tp_fail(err, TP_NOMEM, "out of memory");
		memcpy(spooler->heap + spooler->len, bytes, len);
		spooler->len += len;
		return TP_OK;
	}
	if (spooler->fd < 0) {
		status = tp_tmpfile(&spooler->fd, err);
		if (status)
			return status;
		status = tp_write_all(
			spooler->fd, spooler->heap, spooler->len, "temporary file", err);
		if (status)
			return status;
		free(spooler->heap);
		spooler->heap = NULL;
	}
	status = tp_write_all(spooler->fd, bytes, len, "temporary file", err);
	if (!status)
		spooler->len += len;
	return status;
}

enum tp_status tp_spooler_finish(
	struct tp_spooler *spooler, struct tp_spool *spool, struct tp_error *err)
{
	enum tp_status status = TP_OK;

	*spool = (struct tp_spool)TP_SPOOL_INIT;
	if (spooler->fd >= 0) {
		status = map_file(spool, spooler->fd, 0, spooler->len, err);
	} else if (spooler->heap) {
		spool->heap = spooler->heap;
		spool->data = spooler->heap;
		spool->len = spooler->len;
		spooler->heap = NULL;
	}
	tp_spooler_release(spooler);
	return status;
}

void tp_spooler_release(struct tp_spooler *spooler)
{
	free(spooler->heap);
	if (spooler->fd >= 0)
		close(spooler->fd);
	*spooler = (struct tp_spooler)TP_SPOOLER_INIT;
}

static enum tp_status read_pipe(struct tp_spool *spool, int fd, struct tp_error *err)
{
	struct tp_spooler spooler = TP_SPOOLER_INIT;
	enum tp_status status = TP_OK;
	char chunk[65536]; /* on the stack: reading goes on when memory has ended */
	ssize_t n = 1;

	while (!status && n > 0) {
		n = tp_read(fd, chunk, sizeof chunk);
		if (n > 0)
			status = tp_spooler_add(&spooler, chunk, (size_t)n, err);
		else if (n < 0)
			status = tp_fail_errno(err, TP_IO, "cannot read the message");
	}
	/* The writer must never meet a closed pipe: what cannot be kept is still read. */
	while (status && n > 0)
		n = tp_read(fd, chunk, sizeof chunk);
	if (!status)
		return tp_spooler_finish(&spooler, spool, err);
	tp_spooler_release(&spooler);
	return status;
}

enum tp_status tp_spool_read(struct tp_spool *spool, int fd, struct tp_error *err)
{
	struct stat st;
	off_t at;

	*spool = (struct tp_spool)TP_SPOOL_INIT;
	if (fstat(fd, &st))
		return tp_fail_errno(err, TP_IO, "cannot read the message");
	at = lseek(fd, 0, SEEK_CUR);
	if (!S_ISREG(st.st_mode) || at < 0 || st.st_size == 0)
		return read_pipe(spool, fd, err);
	if (at >= st.st_size)
		return TP_OK;
	/* Some file systems cannot map. */
	if (map_file(spool, fd, (size_t)at, (size_t)st.st_size, err))
		return read_pipe(spool, fd, err);
	lseek(fd, 0, SEEK_END); /* as if it had been read */
	return TP_OK;
}

/* True when a blank line ends before `len`; looked for from *from on, which moves along. */
static bool has_header_end(const char *data, size_t len, size_t *from)
{
	const char *lf;

	while ((lf = memchr(data + *from, '\n', len - *from))) {
		size_t begin = *from, end = (size_t)(lf - data);

		*from = end + 1;
		if (end == begin || (end == begin + 1 && data[begin] == '\r'))
			return true;
	}
	return false;
}

enum tp_status tp_spool_read_header(
	struct tp_spool *spool, int fd, size_t most, struct tp_error *err)
{
	size_t room = 0, line = 0;
	bool ended = false;
	char rest[65536]; /* on the stack, as in read_pipe() */
	ssize_t n = 1;
	enum tp_status status = TP_OK;
	char *heap;

	*spool = (struct tp_spool)TP_SPOOL_INIT;
	while (!status && !ended && n > 0 && spool->len < most) {
		if (spool->len == room) {
			room = room ? room * 2 : sizeof rest;
			room = room < most ? room : most;
			heap = realloc(spool->heap, room);
			if (!heap) {
				status = tp_fail(err, TP_NOMEM, "out of memory");
				break;
			}
			spool->data = spool->heap = heap;
		}
		n = tp_read(fd, spool->heap + spool->len, room - spool->len);
		spool->len += n > 0 ? (size_t)n : 0;
		ended = has_header_end(spool->data, spool->len, &line);
	}
	while (n > 0)
		n = tp_read(fd, rest, sizeof rest);
	if (n < 0 && !status)
		status = tp_fail_errno(err, TP_IO, "cannot read the message");
	if (status)
		tp_spool_release(spool);
	return status;
}

enum tp_status tp_spool_open(struct tp_spool *spool, const char *path, struct tp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum tp_status status;

	*spool = (struct tp_spool)TP_SPOOL_INIT;
	if (fd < 0)
		return tp_fail_errno(err, TP_NOINPUT, "%s", path);
	status = tp_spool_read(spool, fd, err);
	if (status)
		tp_error_prefix(err, "%s", path);
	close(fd);
	return status;
}

void tp_spool_forget(const struct tp_spool *spool)
{
	if (spool->map)
		madvise(spool->map, spool->map_len, MADV_DONTNEED);
}

void tp_spool_release(struct tp_spool *spool)
{
	if (spool->map)
		munmap(spool->map, spool->map_len);
	free(spool->heap);
	*spool = (struct tp_spool)TP_SPOOL_INIT;
}
