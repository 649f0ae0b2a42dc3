/* A file system without locks, for tests: every lock fails with the error in NOLOCK_ERRNO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>

static int refused(void) {
  errno = atoi(getenv("NOLOCK_ERRNO"));
  return -1;
}

static int is_lock(int command) {
  return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

int flock(int handle, int operation) { return refused(); }

int lockf(int handle, int command, off_t length) { return refused(); }

#define PASS_ON(NAME)                                                  \
  int NAME(int handle, int command, ...) {                             \
    static int (*original)(int, int, ...);                             \
    va_list rest;                                                      \
    va_start(rest, command);                                           \
    void *argument = va_arg(rest, void *);                             \
    va_end(rest);                                                      \
    if (!original) original = dlsym(RTLD_NEXT, #NAME);                 \
    return is_lock(command) ? refused() : original(handle, command, argument); \
  }

PASS_ON(fcntl)
PASS_ON(fcntl64)
