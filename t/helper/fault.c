/*
 * Makes the Nth call of a chosen kind fail, in the process it is preloaded into (LD_PRELOAD):
 *
 *   TUBEPOST_FAULT=class:N[:errno]   N = 0 makes none fail
 *   TUBEPOST_FAULT_COUNT=FILE        gets the number of calls met, when the process ends by itself
 *   TUBEPOST_FAULT_FIRED=FILE        is made when the fault fired
 *   TUBEPOST_FAULT_IN=NAME           only in programs of this name (default: all)
 *
 * Classes: alloc (calls from the program's own text: what libraries do with memory is their affair),
 * io (opening, reading, writing, syncing, naming, closing, mapping), kill (the same calls: SIGKILL in
 * place of the call), killafter (SIGKILL behind it). errno is a number; by default each call fails
 * with what it fails with in life. A close that fails has closed, as in Linux.
 *
 * A shared object of its own, without our library.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum class { NONE, ALLOC, IO, KILL, KILL_AFTER };

static struct {
	enum class class;
	long wanted, met;
	int code;
	uintptr_t text_begin, text_end;
} fault;

extern char *program_invocation_short_name;

/* The executable is the first object; its loaded segments are its text. */
static int find_text(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		fault.text_begin = info->dlpi_addr + segment->p_vaddr;
		fault.text_end = fault.text_begin + segment->p_memsz;
	}
	return 1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *said = getenv("TUBEPOST_FAULT"), *only = getenv("TUBEPOST_FAULT_IN");
	static const char *const names[] = { "none", "alloc", "io", "kill", "killafter" };
	char name[16];

	if (!said || (only && strcmp(only, program_invocation_short_name)))
		return;
	if (sscanf(said, "%15[a-z]:%ld:%d", name, &fault.wanted, &fault.code) < 2)
		return;
	dl_iterate_phdr(find_text, NULL);
	for (int i = ALLOC; i <= KILL_AFTER; i++)
		if (!strcmp(name, names[i]))
			fault.class = (enum class)i;
}

/* Straight to the kernel: nothing here may be counted or fail. */
static void write_file(const char *path, const char *text, size_t len)
{
	static int (*real_open)(const char *, int, ...);
	static ssize_t (*real_write)(int, const void *, size_t);
	static int (*real_close)(int);
	int fd;

	real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
	real_write = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
	real_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
	fd = real_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && real_write(fd, text, len) == (ssize_t)len)
		real_close(fd);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("TUBEPOST_FAULT_COUNT");
	char text[32];

	if (fault.class != NONE && path)
		write_file(path, text, (size_t)snprintf(text, sizeof text, "%ld\n", fault.met));
}

static void note_fired(void)
{
	const char *path = getenv("TUBEPOST_FAULT_FIRED");

	if (path)
		write_file(path, "x\n", 2);
}

static bool fires(enum class class)
{
	if (__atomic_add_fetch(&fault.met, 1, __ATOMIC_RELAXED) != fault.wanted)
		return false;
	note_fired();
	if (class == KILL)
		raise(SIGKILL);
	return true;
}

/* --- memory ----------------------------------------------------------------------------------- */

static bool memory_fails(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	if (fault.class != ALLOC || at < fault.text_begin || at >= fault.text_end || !fires(ALLOC))
		return false;
	errno = ENOMEM;
	return true;
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

void *malloc(size_t size)
{
	return memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return memory_fails(__builtin_return_address(0)) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	return memory_fails(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	if (memory_fails(__builtin_return_address(0)))
		return NULL;
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, bytes);
}

char *strdup(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *strndup(const char *text, size_t most)
{
	size_t len = strnlen(text, most);
	char *copy = memory_fails(__builtin_return_address(0)) ? NULL : __libc_malloc(len + 1);

	if (copy) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	return copy;
}

int vasprintf(char **out, const char *format, va_list args)
{
	static int (*real)(char **, const char *, va_list);

	if (memory_fails(__builtin_return_address(0))) {
		*out = NULL;
		return -1;
	}
	if (!real)
		real = (int (*)(char **, const char *, va_list))dlsym(RTLD_NEXT, "vasprintf");
	return real(out, format, args);
}

int asprintf(char **out, const char *format, ...)
{
	static int (*real)(char **, const char *, va_list);
	va_list args;
	int n;

	if (memory_fails(__builtin_return_address(0))) {
		*out = NULL;
		return -1;
	}
	if (!real)
		real = (int (*)(char **, const char *, va_list))dlsym(RTLD_NEXT, "vasprintf");
	va_start(args, format);
	n = real(out, format, args);
	va_end(args);
	return n;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool file_fails(int code)
{
	if (fault.class != IO || !fires(IO))
		return false;
	errno = fault.code ? fault.code : code;
	return true;
}

/* Before a call, and behind it. */
static bool before(int code)
{
	if (fault.class == KILL)
		fires(KILL);
	return file_fails(code);
}

static void behind(void)
{
	if (fault.class == KILL_AFTER && fires(KILL_AFTER))
		raise(SIGKILL);
}

/* Defines `type name(parameters)` that fails with `code`, returning `failed`. */
#define WRAP(type, name, parameters, arguments, code, failed)                                      \
	type name parameters                                                                       \
	{                                                                                          \
		static type(*real) parameters;                                                     \
		type result;                                                                       \
                                                                                                   \
		if (before(code))                                                                  \
			return failed;                                                             \
		if (!real)                                                                         \
			real = (type(*) parameters)dlsym(RTLD_NEXT, #name);                        \
		result = real arguments;                                                           \
		behind();                                                                          \
		return result;                                                                     \
	}

/* open and openat: the mode is there only with some flags. */
#define WRAP_OPEN(name, parameters, arguments)                                                     \
	int name parameters                                                                        \
	{                                                                                          \
		static int(*real) parameters;                                                      \
		mode_t mode = 0;                                                                   \
		va_list list;                                                                      \
		int result;                                                                        \
                                                                                                   \
		va_start(list, flags);                                                             \
		if (flags & (O_CREAT | O_TMPFILE))                                                 \
			mode = va_arg(list, mode_t);                                               \
		va_end(list);                                                                      \
		if (before(EMFILE))                                                                \
			return -1;                                                                 \
		if (!real)                                                                         \
			real = (int(*) parameters)dlsym(RTLD_NEXT, #name);                         \
		result = real arguments;                                                           \
		behind();                                                                          \
		return result;                                                                     \
	}

#undef open64
#undef openat64
WRAP_OPEN(open, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(open64, (const char *path, int flags, ...), (path, flags, mode))
WRAP_OPEN(openat, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
WRAP_OPEN(openat64, (int folder, const char *path, int flags, ...), (folder, path, flags, mode))
WRAP(int, mkostemp64, (char *name, int flags), (name, flags), ENOSPC, -1)
WRAP(int, mkostemp, (char *name, int flags), (name, flags), ENOSPC, -1)
WRAP(ssize_t, read, (int fd, void *bytes, size_t len), (fd, bytes, len), EIO, -1)
WRAP(ssize_t, pread64, (int fd, void *bytes, size_t len, off_t at), (fd, bytes, len, at), EIO, -1)
WRAP(ssize_t, write, (int fd, const void *bytes, size_t len), (fd, bytes, len), ENOSPC, -1)
WRAP(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off_t at), (fd, bytes, len, at),
	ENOSPC, -1)
WRAP(ssize_t, writev, (int fd, const struct iovec *vector, int count), (fd, vector, count), ENOSPC,
	-1)
WRAP(ssize_t, copy_file_range,
	(int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags),
	(in, in_at, out, out_at, len, flags), ENOSPC, -1)
WRAP(int, fsync, (int fd), (fd), EIO, -1)
WRAP(int, fdatasync, (int fd), (fd), EIO, -1)
WRAP(int, ftruncate64, (int fd, off_t size), (fd, size), ENOSPC, -1)
WRAP(int, rename, (const char *from, const char *to), (from, to), ENOSPC, -1)
WRAP(int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), ENOSPC, -1)
WRAP(int, renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
	(a, from, b, to, flags), ENOSPC, -1)
WRAP(int, link, (const char *from, const char *to), (from, to), ENOSPC, -1)
WRAP(int, linkat, (int a, const char *from, int b, const char *to, int flags),
	(a, from, b, to, flags), ENOSPC, -1)
WRAP(int, mkdir, (const char *path, mode_t mode), (path, mode), ENOSPC, -1)
WRAP(int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), ENOSPC, -1)
WRAP(int, unlink, (const char *path), (path), EIO, -1)
WRAP(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), EIO, -1)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), EIO, -1)
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times), EIO, -1)
WRAP(int, utimensat, (int folder, const char *path, const struct timespec times[2], int flags),
	(folder, path, times, flags), EIO, -1)
WRAP(int, pipe2, (int fds[2], int flags), (fds, flags), EMFILE, -1)
WRAP(off64_t, lseek64, (int fd, off64_t at, int whence), (fd, at, whence), EIO, -1)
WRAP(void *, mmap64, (void *at, size_t len, int prot, int flags, int fd, off_t offset),
	(at, len, prot, flags, fd, offset), ENOMEM, MAP_FAILED)

int close(int fd)
{
	static int (*real)(int);
	bool failed = before(EIO);
	int code = errno, result;

	if (!real)
		real = (int (*)(int))dlsym(RTLD_NEXT, "close");
	result = real(fd);
	behind();
	errno = failed ? code : errno;
	return failed ? -1 : result;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
	const posix_spawnattr_t *attributes, char *const argv[], char *const env[])
{
	static int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *,
		const posix_spawnattr_t *, char *const[], char *const[]);
	int result;

	if (before(EAGAIN))
		return errno;
	if (!real)
		real = (int (*)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			const posix_spawnattr_t *, char *const[], char *const[]))dlsym(RTLD_NEXT,
			"posix_spawn");
	result = real(pid, path, actions, attributes, argv, env);
	behind();
	return result;
}
