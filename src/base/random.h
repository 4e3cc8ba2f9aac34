/* Randomness comes through one hook that may fail. Nothing in the core draws any other way; policy
 * takes the drawn number as an argument. */
#ifndef CEPA_BASE_RANDOM_H
#define CEPA_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A source of random bytes, owned by the driver and lent to the core. */
struct cepa_random {
    int (*fill)(void *context, uint8_t *ret_bytes, size_t len); /* 0, or anything else: no bytes */
    void *context;                                              /* passed to fill as it is */
};

/* cepa_random_fill writes `len` random bytes. Returns 0, or CEPA_ERR_RANDOM, and then
 * `ret_bytes` is wiped. */
CEPA_MUST_USE int cepa_random_fill(const struct cepa_random *random, uint8_t *ret_bytes,
                                   size_t len);

#endif
