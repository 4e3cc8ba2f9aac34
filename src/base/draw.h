/* Uniform draws from the hook of randomness. */
#ifndef CEPA_BASE_DRAW_H
#define CEPA_BASE_DRAW_H

#include <stdint.h>

#include "base/endian.h"
#include "base/error.h"
#include "base/random.h"

/* cepa_draw_u64 gives 64 random bits. Returns 0 or CEPA_ERR_RANDOM. */
CEPA_MUST_USE static inline int cepa_draw_u64(uint64_t *ret_bits, const struct cepa_random *random)
{
    uint8_t bytes[8];
    int error = cepa_random_fill(random, bytes, sizeof bytes);
    if (error == 0) {
        *ret_bits = cepa_be64_load(bytes);
    }
    return error;
}

/* cepa_draw_scale gives bits * bound / 2^64, rounded down: uniform below `bound` if the bits are,
 * to within bound / 2^64. */
static inline uint64_t cepa_draw_scale(uint64_t bits, uint64_t bound)
{
    uint64_t bits_high = bits >> 32;
    uint64_t bits_low = bits & UINT32_MAX;
    uint64_t bound_high = bound >> 32;
    uint64_t bound_low = bound & UINT32_MAX;
    uint64_t middle = bits_high * bound_low + (bits_low * bound_low >> 32);
    uint64_t other = bits_low * bound_high + (middle & UINT32_MAX);
    return bits_high * bound_high + (middle >> 32) + (other >> 32);
}

#endif
