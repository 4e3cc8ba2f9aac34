/* X25519: Diffie-Hellman on Curve25519. @[RFC7748 5] @[SPEC 3.6]
 *
 * Everything here takes the same instructions whatever the scalar and whatever the point, a point
 * of low order included, so that a hop which answers such a point with an error spends exactly the
 * time of a hop that accepts. Scalars are clamped and the high bit of a point is ignored, as the
 * RFC demands; points that are not reduced are taken modulo 2^255 - 19. */
#ifndef CEPA_CRYPTO_X25519_H
#define CEPA_CRYPTO_X25519_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CEPA_X25519_LEN = 32, CEPA_X25519_BATCH_MAX = 16, CEPA_X25519_AGREE_MAX = 8 };

/* cepa_x25519 multiplies `point` by the clamped `scalar` and writes the u-coordinate. All three are
 * 32 bytes, little-endian; `ret` may be either input. Returns 0, or CEPA_ERR_LOW_ORDER_POINT if
 * `point` is one of the seven encodings (high bit aside) of a point of low order; `ret` is then all
 * zeros, as the RFC's function would give, and not left untouched. `cpu` is a mask of CEPA_CPU_*
 * and does not change results. @[RFC7748 5] @[RFC7748 6.1] */
CEPA_MUST_USE int cepa_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                              uint32_t cpu);

/* cepa_x25519_base multiplies the base point 9 by the clamped `scalar`, which gives the public key
 * of the secret key `scalar`. Both are 32 bytes; `ret` may be `scalar`. @[RFC7748 6.1] */
void cepa_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu);

/* cepa_x25519_check tells whether `point` may be multiplied: 0, or CEPA_ERR_LOW_ORDER_POINT as
 * cepa_x25519 would give. Constant-time. */
CEPA_MUST_USE int cepa_x25519_check(const uint8_t point[32]);

/* cepa_x25519_batch is cepa_x25519 for `count` scalars and as many points, at most
 * CEPA_X25519_BATCH_MAX, with which wide vectors need far less time for each. All three are `count`
 * times 32 bytes, one after another; `ret` may be either input. Returns 0, or
 * CEPA_ERR_LOW_ORDER_POINT if any point is of low order; the results of those points are then all
 * zeros, the others are right. The time depends on `count` only. */
CEPA_MUST_USE int cepa_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                                    size_t count, uint32_t cpu);

/* cepa_x25519_agree makes `count` ephemeral public keys, at most CEPA_X25519_AGREE_MAX, and what
 * each of them shares with a public key of somebody: `ret_publics` gets the base point and
 * `ret_secrets` the i-th point of `points` times the i-th of `scalars`. All are `count` times 32
 * bytes and none overlaps another. Errors and time are those of cepa_x25519_batch. */
CEPA_MUST_USE int cepa_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets,
                                    const uint8_t *scalars, const uint8_t *points, size_t count,
                                    uint32_t cpu);

#endif
