/* Arithmetic modulo p = 2^255 - 19 on five 64-bit limbs of radix 2^51, for the parts of X25519 that
 * stand alone: the division at the end, and multiples of the base point where there are no vectors.
 * Constant time: no branch, no address and no division depends on a value.
 *
 * Bounds. Every function takes limbs below 2^54 and gives limbs below 2^51 + 2^18. A factor that is
 * doubled or taken 19 times is below 2^59. A product column has 5 products, of which at most 4
 * count 19 times: it is below 77 * 2^108 < 2^115 - 2^110, and what it gives to the next column
 * below 2^64 - 2^59. The last column has none that count 19 times, so it is below 5 * 2^108 and
 * gives the first 19 * 5 * 2^57 < 2^64 - 2^59. So limbs are below 2^64 after the first round; after
 * the second they are below 2^51 + 2^13, and the first one, which gets 19 times as much, below 2^51
 * + 2^18. */
#ifndef CEPA_CRYPTO_X86_FIELD51_H
#define CEPA_CRYPTO_X86_FIELD51_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

__extension__ typedef unsigned __int128 field51_wide;

#define FIELD51_MASK (((uint64_t)1 << 51) - 1)

/* A field element: the sum of limb[i] * 2^(51 i). */
struct field51 {
    uint64_t limb[5];
};

static inline uint64_t field51_load64(const uint8_t bytes[8])
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* field51_from_bytes takes 32 little-endian bytes without their high bit; limbs are below 2^51. */
static inline void field51_from_bytes(struct field51 *ret, const uint8_t bytes[32])
{
    ret->limb[0] = field51_load64(bytes) & FIELD51_MASK;
    ret->limb[1] = (field51_load64(bytes + 6) >> 3) & FIELD51_MASK;
    ret->limb[2] = (field51_load64(bytes + 12) >> 6) & FIELD51_MASK;
    ret->limb[3] = (field51_load64(bytes + 19) >> 1) & FIELD51_MASK;
    ret->limb[4] = (field51_load64(bytes + 24) >> 12) & FIELD51_MASK;
}

/* field51_carry brings five product columns down to limbs in two rounds that go over all columns
 * at once: waiting for each limb's carry in turn would take longer than the products. */
static inline void field51_carry(struct field51 *ret, field51_wide t0, field51_wide t1,
                                 field51_wide t2, field51_wide t3, field51_wide t4)
{
    uint64_t r0 = ((uint64_t)t0 & FIELD51_MASK) + 19 * (uint64_t)(t4 >> 51);
    uint64_t r1 = ((uint64_t)t1 & FIELD51_MASK) + (uint64_t)(t0 >> 51);
    uint64_t r2 = ((uint64_t)t2 & FIELD51_MASK) + (uint64_t)(t1 >> 51);
    uint64_t r3 = ((uint64_t)t3 & FIELD51_MASK) + (uint64_t)(t2 >> 51);
    uint64_t r4 = ((uint64_t)t4 & FIELD51_MASK) + (uint64_t)(t3 >> 51);
    ret->limb[0] = (r0 & FIELD51_MASK) + 19 * (r4 >> 51);
    ret->limb[1] = (r1 & FIELD51_MASK) + (r0 >> 51);
    ret->limb[2] = (r2 & FIELD51_MASK) + (r1 >> 51);
    ret->limb[3] = (r3 & FIELD51_MASK) + (r2 >> 51);
    ret->limb[4] = (r4 & FIELD51_MASK) + (r3 >> 51);
}

static inline void field51_mul(struct field51 *ret, const struct field51 *a,
                               const struct field51 *b)
{
    uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    uint64_t b0 = b->limb[0], b1 = b->limb[1], b2 = b->limb[2], b3 = b->limb[3], b4 = b->limb[4];
    uint64_t c1 = 19 * b1, c2 = 19 * b2, c3 = 19 * b3, c4 = 19 * b4;
    field51_wide t0 = (field51_wide)a0 * b0 + (field51_wide)a1 * c4 + (field51_wide)a2 * c3 +
                      (field51_wide)a3 * c2 + (field51_wide)a4 * c1;
    field51_wide t1 = (field51_wide)a0 * b1 + (field51_wide)a1 * b0 + (field51_wide)a2 * c4 +
                      (field51_wide)a3 * c3 + (field51_wide)a4 * c2;
    field51_wide t2 = (field51_wide)a0 * b2 + (field51_wide)a1 * b1 + (field51_wide)a2 * b0 +
                      (field51_wide)a3 * c4 + (field51_wide)a4 * c3;
    field51_wide t3 = (field51_wide)a0 * b3 + (field51_wide)a1 * b2 + (field51_wide)a2 * b1 +
                      (field51_wide)a3 * b0 + (field51_wide)a4 * c4;
    field51_wide t4 = (field51_wide)a0 * b4 + (field51_wide)a1 * b3 + (field51_wide)a2 * b2 +
                      (field51_wide)a3 * b1 + (field51_wide)a4 * b0;
    field51_carry(ret, t0, t1, t2, t3, t4);
}

static inline void field51_square(struct field51 *ret, const struct field51 *a)
{
    uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3], a4 = a->limb[4];
    uint64_t d0 = 2 * a0, d1 = 2 * a1, d2 = 2 * a2, d3 = 2 * a3, c3 = 19 * a3, c4 = 19 * a4;
    field51_wide t0 = (field51_wide)a0 * a0 + (field51_wide)d1 * c4 + (field51_wide)d2 * c3;
    field51_wide t1 = (field51_wide)d0 * a1 + (field51_wide)d2 * c4 + (field51_wide)a3 * c3;
    field51_wide t2 = (field51_wide)d0 * a2 + (field51_wide)a1 * a1 + (field51_wide)d3 * c4;
    field51_wide t3 = (field51_wide)d0 * a3 + (field51_wide)d1 * a2 + (field51_wide)a4 * c4;
    field51_wide t4 = (field51_wide)d0 * a4 + (field51_wide)d1 * a3 + (field51_wide)a2 * a2;
    field51_carry(ret, t0, t1, t2, t3, t4);
}

/* cepa_field51_invert writes the inverse, or 0 for 0; limbs are below 2^51. */
void cepa_field51_invert(struct field51 *ret, const struct field51 *z);

/* field51_to_bytes writes the one representative below p. */
static inline void field51_to_bytes(uint8_t ret_bytes[32], const struct field51 *a)
{
    uint64_t t[5];
    memcpy(t, a->limb, sizeof t);
    /* Twice around: afterwards the value is below 2^255 and each limb below 2^51. */
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < 4; i++) {
            t[i + 1] += t[i] >> 51;
            t[i] &= FIELD51_MASK;
        }
        t[0] += 19 * (t[4] >> 51);
        t[4] &= FIELD51_MASK;
    }
    /* The value is at least p exactly if adding 19 carries out of bit 255. */
    uint64_t quotient = (t[0] + 19) >> 51;
    for (size_t i = 1; i < 5; i++) {
        quotient = (t[i] + quotient) >> 51;
    }
    t[0] += 19 * quotient;
    for (size_t i = 0; i < 4; i++) {
        t[i + 1] += t[i] >> 51;
        t[i] &= FIELD51_MASK;
    }
    t[4] &= FIELD51_MASK;
    const uint64_t words[4] = {t[0] | t[1] << 51, t[1] >> 13 | t[2] << 38, t[2] >> 26 | t[3] << 25,
                               t[3] >> 39 | t[4] << 12};
    memcpy(ret_bytes, words, sizeof words);
}

#endif
