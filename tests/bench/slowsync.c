/* Preloaded, it lengthens every flush by SLOWSYNC_US microseconds: test disks flush for nothing, real ones do not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

typedef int flush_t(int);

static int slowly(const char *name, int file)
{
    const char *given = getenv("SLOWSYNC_US");
    long microseconds = given ? atol(given) : 0;
    int result = ((flush_t *)dlsym(RTLD_NEXT, name))(file);
    if (microseconds > 0) {
        struct timespec pause = {microseconds / 1000000, microseconds % 1000000 * 1000};
        nanosleep(&pause, NULL);
    }
    return result;
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
