/* File systems that fail, for tests. The file that FAULT names says which calls fail, and how, in five lines:
   the calls (such as “open,write”), a POSIX regular expression for paths, what happens (the number of an error, “kill”
   or “stop”), the number of matching calls that still pass, and “once” or “stay”. Without the file, nothing fails.
   The first fault creates a file beside it, “<name>.hit”, with the call and its path. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define ORIGINAL(NAME) \
  static __typeof__(&NAME) original; \
  if (!original) original = (__typeof__(&NAME))dlsym(RTLD_NEXT, #NAME)

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char known[4096];
static regex_t pattern;
static int passed;

/* The functions below must not call what this library replaces. */

static long load(const char *name, char *text, long size) {
  long handle = syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0);
  if (handle < 0) return -1;
  long length = syscall(SYS_read, handle, text, size - 1);
  syscall(SYS_close, handle);
  text[length < 0 ? 0 : length] = 0;
  return length;
}

static int note(const char *control, const char *call, const char *path) {
  char name[PATH_MAX], line[2 * PATH_MAX];
  snprintf(name, sizeof name, "%s.hit", control);
  long handle = syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (handle < 0) return 0;
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  syscall(SYS_write, handle, line, length);
  syscall(SYS_close, handle);
  return 1;
}

static int has_hit(const char *control) {
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%s.hit", control);
  return syscall(SYS_faccessat, AT_FDCWD, name, F_OK) == 0;
}

static char *next_line(char **rest) {
  char *line = *rest, *end = line ? strchr(line, '\n') : NULL;
  if (end) *end = 0;
  *rest = end ? end + 1 : NULL;
  return line ? line : "";
}

static int is_listed(const char *calls, const char *call) {
  const char *found = strstr(calls, call);
  size_t length = strlen(call);
  return found && (found == calls || found[-1] == ',') && (found[length] == ',' || found[length] == 0);
}

/* Return the error with which a call fails, or 0. */
static int failure(const char *call, const char *path) {
  const char *control = getenv("FAULT");
  char text[4096], copy[4096];
  int kept = errno, error = 0;
  if (!control || load(control, text, sizeof text) < 0) {
    errno = kept;
    return 0;
  }
  strcpy(copy, text);
  char *rest = copy;
  const char *calls = next_line(&rest), *paths = next_line(&rest), *what = next_line(&rest);
  int passing = atoi(next_line(&rest));
  int stays = strcmp(next_line(&rest), "stay") == 0;
  pthread_mutex_lock(&mutex);
  if (strcmp(known, text) != 0) {
    if (known[0]) regfree(&pattern);
    strcpy(known, text);
    passed = 0;
    if (regcomp(&pattern, paths, REG_EXTENDED | REG_NOSUB) != 0) abort();
  }
  if (is_listed(calls, call) && regexec(&pattern, path, 0, NULL, 0) == 0) {
    if (has_hit(control)) {
      error = stays ? atoi(what) : 0;
    } else if (passed++ >= passing && note(control, call, path)) {
      error = atoi(what);
      if (error == 0) syscall(SYS_kill, getpid(), strcmp(what, "kill") == 0 ? SIGKILL : SIGSTOP);
    }
  }
  pthread_mutex_unlock(&mutex);
  errno = error ? error : kept;
  return error;
}

static const char *of_handle(int handle, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  long length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

static const char *complete(int folder, const char *name, char *path) {
  if (!name) return "";
  if (name[0] == '/') return name;
  char base[PATH_MAX];
  if (folder == AT_FDCWD) {
    if (syscall(SYS_getcwd, base, sizeof base) < 0) base[0] = 0;
  } else {
    of_handle(folder, base);
  }
  snprintf(path, PATH_MAX, "%.2000s/%.2000s", base, name);
  return path;
}

static int fails(const char *call, int folder, const char *name) {
  char path[PATH_MAX];
  return getenv("FAULT") && failure(call, complete(folder, name, path));
}

static int fails_on(const char *call, int handle) {
  char path[PATH_MAX];
  return getenv("FAULT") && failure(call, of_handle(handle, path));
}

#define OPENING(flags) ((flags) & (O_WRONLY | O_RDWR | O_CREAT) ? "open" : "read")
#define MODE(flags, before) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, before); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

#define OPEN(NAME) \
  int NAME(const char *path, int flags, ...) { \
    MODE(flags, flags) \
    ORIGINAL(NAME); \
    return fails(OPENING(flags), AT_FDCWD, path) ? -1 : original(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(NAME) \
  int NAME(int folder, const char *path, int flags, ...) { \
    MODE(flags, flags) \
    ORIGINAL(NAME); \
    return fails(OPENING(flags), folder, path) ? -1 : original(folder, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

#define CALL(CALL, TYPE, NAME, PARAMETERS, ARGUMENTS, CONDITION) \
  TYPE NAME PARAMETERS { \
    ORIGINAL(NAME); \
    return CONDITION ? -1 : original ARGUMENTS; \
  }
#define HANDLE(WHAT, TYPE, NAME, PARAMETERS, ARGUMENTS) CALL(WHAT, TYPE, NAME, PARAMETERS, ARGUMENTS, fails_on(WHAT, handle))
#define PATH(WHAT, NAME, PARAMETERS, ARGUMENTS, FOLDER, PATH) \
  CALL(WHAT, int, NAME, PARAMETERS, ARGUMENTS, fails(WHAT, FOLDER, PATH))

HANDLE("read", ssize_t, read, (int handle, void *bytes, size_t length), (handle, bytes, length))
HANDLE("write", ssize_t, write, (int handle, const void *bytes, size_t length), (handle, bytes, length))
HANDLE("write", ssize_t, writev, (int handle, const struct iovec *parts, int count), (handle, parts, count))
HANDLE("write", ssize_t, pwrite, (int handle, const void *b, size_t l, off_t at), (handle, b, l, at))
HANDLE("write", ssize_t, pwrite64, (int handle, const void *b, size_t l, off64_t at), (handle, b, l, at))
HANDLE("write", ssize_t, copy_file_range, (int from, off64_t *a, int handle, off64_t *b, size_t l, unsigned f), (from, a, handle, b, l, f))
HANDLE("write", ssize_t, sendfile, (int handle, int from, off_t *at, size_t length), (handle, from, at, length))
HANDLE("write", ssize_t, sendfile64, (int handle, int from, off64_t *at, size_t length), (handle, from, at, length))
HANDLE("flush", int, fsync, (int handle), (handle))
HANDLE("flush", int, fdatasync, (int handle), (handle))
HANDLE("flush", int, syncfs, (int handle), (handle))
PATH("mkdir", mkdir, (const char *path, mode_t mode), (path, mode), AT_FDCWD, path)
PATH("mkdir", mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode), folder, path)
PATH("link", link, (const char *from, const char *to), (from, to), AT_FDCWD, to)
PATH("link", linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), b, to)
PATH("link", symlink, (const char *from, const char *to), (from, to), AT_FDCWD, to)
PATH("link", symlinkat, (const char *from, int folder, const char *to), (from, folder, to), folder, to)
PATH("rename", rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
PATH("rename", renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), b, to)
PATH("rename", renameat2, (int a, const char *from, int b, const char *to, unsigned flags), (a, from, b, to, flags), b, to)
PATH("unlink", unlink, (const char *path), (path), AT_FDCWD, path)
PATH("unlink", unlinkat, (int folder, const char *path, int flags), (folder, path, flags), folder, path)
PATH("unlink", rmdir, (const char *path), (path), AT_FDCWD, path)
