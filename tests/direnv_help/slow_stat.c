/* A file system on the network, preloaded: each look at a file takes 0.5 ms
   longer, which is what a server in the same building costs. How many there
   were is written to $LOOKS, if it is set, at the end. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
static long looks;
static void wait_for_server(void) {
    __atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
    usleep(500);
}
__attribute__((destructor)) static void tell(void) {
    const char *file = getenv("LOOKS");
    FILE *out = file ? fopen(file, "w") : NULL;
    if (out) {
        fprintf(out, "%ld\n", looks);
        fclose(out);
    }
}
#define SLOW(name, parameters, arguments) \
    int name parameters { \
        int (*next) parameters = dlsym(RTLD_NEXT, #name); \
        wait_for_server(); \
        return next arguments; \
    }
SLOW(stat, (const char *p, struct stat *s), (p, s))
SLOW(lstat, (const char *p, struct stat *s), (p, s))
SLOW(stat64, (const char *p, struct stat64 *s), (p, s))
SLOW(lstat64, (const char *p, struct stat64 *s), (p, s))
SLOW(fstatat, (int d, const char *p, struct stat *s, int f), (d, p, s, f))
SLOW(fstatat64, (int d, const char *p, struct stat64 *s, int f), (d, p, s, f))
SLOW(statx, (int d, const char *p, int f, unsigned m, struct statx *s), (d, p, f, m, s))
