/* A program that crashes at one file, for tests: when CRASH_FILE is linked (CRASH_STEP=link) or created (=create), the
   process gets the signal CRASH_SIGNAL. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void look(const char *step, const char *path) {
  const char *file = getenv("CRASH_FILE"), *at = getenv("CRASH_STEP"), *number = getenv("CRASH_SIGNAL");
  if (file && at && number && path && strcmp(step, at) == 0 && strstr(path, file)) {
    kill(getpid(), atoi(number));
    pause();
  }
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  static int (*original)(int, const char *, int, const char *, int);
  if (!original) original = dlsym(RTLD_NEXT, "linkat");
  look("link", old);
  return original(from, old, to, new, flags);
}

#define OPEN(name)                                        \
  int name(const char *path, int flags, ...) {            \
    static int (*original)(const char *, int, ...);       \
    va_list rest;                                         \
    mode_t mode = 0;                                      \
    if (!original) original = dlsym(RTLD_NEXT, #name);    \
    if (flags & O_CREAT) {                                \
      va_start(rest, flags);                              \
      mode = va_arg(rest, mode_t);                        \
      va_end(rest);                                       \
      look("create", path);                               \
    }                                                     \
    return original(path, flags, mode);                   \
  }
OPEN(open)
OPEN(open64)
