/* Constant-time compare, copy and wipe over byte strings. */
#include "base/ct.h"

#include <string.h>

uint32_t cepa_ct_compare(const void *a, const void *b, size_t len)
{
    const uint8_t *x = a;
    const uint8_t *y = b;
    uint32_t difference = 0;
    for (size_t i = 0; i < len; i++) {
        difference |= (uint32_t)(x[i] ^ y[i]);
    }
    return cepa_ct_mask_if_zero(difference);
}

void cepa_ct_copy(void *ret_bytes, const void *source, size_t len, uint32_t mask)
{
    uint8_t *to = ret_bytes;
    const uint8_t *from = source;
    uint8_t take = (uint8_t)cepa_ct_barrier(mask);
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)(to[i] ^ (take & (to[i] ^ from[i])));
    }
}

void cepa_wipe(void *bytes, size_t len)
{
    memset(bytes, 0, len);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}
