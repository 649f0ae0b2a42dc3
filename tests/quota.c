/* A disk quota that is used up, for tests: no file below QUOTA_FOLDER can be written, although it can be created. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_full(int handle) {
  const char *folder = getenv("QUOTA_FOLDER");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (!folder || length < 0) return 0;
  path[length] = 0;
  if (strncmp(path, folder, strlen(folder)) != 0) return 0;
  errno = EDQUOT;
  return 1;
}

ssize_t write(int handle, const void *bytes, size_t length) {
  static ssize_t (*original)(int, const void *, size_t);
  if (!original) original = dlsym(RTLD_NEXT, "write");
  return is_full(handle) ? -1 : original(handle, bytes, length);
}

ssize_t writev(int handle, const struct iovec *parts, int count) {
  static ssize_t (*original)(int, const struct iovec *, int);
  if (!original) original = dlsym(RTLD_NEXT, "writev");
  return is_full(handle) ? -1 : original(handle, parts, count);
}
