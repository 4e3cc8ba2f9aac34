/* The panic hook and the kernel's randomness. */
#include "native/host.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/assert.h"

_Noreturn void cepa_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "cepa: internal error at %s:%d: %s\n", file, line, what);
    abort();
}

static int kernel_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(ret_bytes, len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return -1;
        }
        ret_bytes += got;
        len -= (size_t)got;
    }
    return 0;
}

const struct cepa_random *cepa_native_random(void)
{
    static const struct cepa_random kernel_random = {kernel_fill, NULL};
    return &kernel_random;
}

int cepa_native_init(void)
{
    return sodium_init() < 0 ? CEPA_ERR_RANDOM : 0;
}
