/* A file system without hard links, for tests: every link fails with the error in NOLINK_ERRNO. */
#include <errno.h>
#include <stdlib.h>

static int refused(void) {
  errno = atoi(getenv("NOLINK_ERRNO"));
  return -1;
}

int link(const char *source, const char *target) { return refused(); }

int linkat(int from, const char *source, int to, const char *target, int flags) { return refused(); }
