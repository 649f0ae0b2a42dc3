/* Record flushes and renames in the file that FLUSHES names, one in a line, for tests. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void record(const char *call, const char *path) {
  char line[8192];
  int file = open(getenv("FLUSHES"), O_WRONLY | O_APPEND | O_CREAT, 0644);
  int length = snprintf(line, sizeof line, "%s %s\n", call, path);
  if (file >= 0) {
    if (write(file, line, length) < 0) abort();
    close(file);
  }
}

static void record_handle(const char *call, int handle) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", handle);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  record(call, path);
}

int syncfs(int handle) {
  record_handle("syncfs", handle);
  return ((int (*)(int))dlsym(RTLD_NEXT, "syncfs"))(handle);
}

int fsync(int handle) {
  record_handle("fsync", handle);
  return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(handle);
}

int rename(const char *from, const char *to) {
  record("rename", to);
  return ((int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename"))(from, to);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned int flags) {
  record("renameat2", to);
  return ((int (*)(int, const char *, int, const char *, unsigned int))dlsym(RTLD_NEXT, "renameat2"))(
      from_folder, from, to_folder, to, flags);
}
