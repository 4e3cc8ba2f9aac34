/* Constant-time building blocks: compare, select, wipe. Their running time and memory accesses
 * depend on lengths only. Masks are all zeros or all ones. */
#ifndef CEPA_BASE_CT_H
#define CEPA_BASE_CT_H

#include <stddef.h>
#include <stdint.h>

/* cepa_ct_barrier hides a value from the optimiser, which could otherwise see that a mask has only
 * two values and turn it into a branch. */
static inline uint32_t cepa_ct_barrier(uint32_t value)
{
    __asm__("" : "+r"(value));
    return value;
}

/* cepa_ct_mask_if_zero gives all ones if `value` is 0, else 0. */
static inline uint32_t cepa_ct_mask_if_zero(uint32_t value)
{
    value = cepa_ct_barrier(value);
    return cepa_ct_barrier((uint32_t)0 - ((~value & (value - 1)) >> 31));
}

/* cepa_ct_mask_if_equal gives all ones if `a` equals `b`, else 0. */
static inline uint32_t cepa_ct_mask_if_equal(uint32_t a, uint32_t b)
{
    return cepa_ct_mask_if_zero(a ^ b);
}

/* cepa_ct_select gives `a` if `mask` is all ones, `b` if it is 0. */
static inline uint32_t cepa_ct_select(uint32_t mask, uint32_t a, uint32_t b)
{
    return b ^ (cepa_ct_barrier(mask) & (a ^ b));
}

/* cepa_ct_compare gives all ones if the `len` bytes at `a` and `b` are equal, else 0. */
uint32_t cepa_ct_compare(const void *a, const void *b, size_t len);

/* cepa_ct_copy copies `len` bytes from `source` to `ret_bytes` if `mask` is all ones, and leaves
 * them as they are if it is 0; it reads and writes the same either way. */
void cepa_ct_copy(void *ret_bytes, const void *source, size_t len, uint32_t mask);

/* cepa_wipe overwrites `len` bytes with zeros; the compiler cannot leave it out. */
void cepa_wipe(void *bytes, size_t len);

#endif
