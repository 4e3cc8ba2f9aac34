/* Precomputed multiples of the base point B of edwards25519, which is the point 9 of Curve25519.
 * @[RFC7748 4.1] */
#ifndef CEPA_CRYPTO_X86_X25519_BASE_TABLE_H
#define CEPA_CRYPTO_X86_X25519_BASE_TABLE_H

#include <stdint.h>

/* A point (x, y) as the addition formula wants it: limb[k] holds the k-th limbs, of radix 2^51, of
 * y - x, y + x and 2 d x y, each below 2^51. */
struct x25519_base_entry {
    uint64_t limb[5][3];
};

/* Entry [i][j] is (j + 1) 2^(32 i) B. */
extern const struct x25519_base_entry cepa_x25519_base_table[8][8];

#endif
