/* X25519 by the Montgomery ladder, four field elements in the lanes of one vector.
 *
 * The state of the ladder is [x2, z2, x3, z3]: two points whose difference is the input. A step
 * doubles one of them and adds the two. That takes ten multiplications in three layers, no more
 * than four in each, so it is three vector multiplications:
 *
 *     A = x2 + z2, B = x2 - z2, C = x3 + z3, D = x3 - z3
 *     [P^2, Q^2, C B, D A]            where P, Q are A, B or, if the points swap, C, D
 *     E = P^2 - Q^2, F = C B + D A, G = C B - D A
 *     [P^2 Q^2, 121666 E, F^2, G^2]   to the second of which Q^2 is added
 *     [P^2 Q^2, E (Q^2 + 121666 E), F^2, x1 G^2]
 *
 * Swapping the points only swaps C B with D A, and G may have either sign, so the swap is a choice
 * of P and Q: a permutation of lanes with an index computed from the scalar, which takes the same
 * time for every index. No branch and no address depends on the scalar; the only branch is the
 * loop's. @[RFC7748 5] */
#include "crypto/x86/x25519_ifma.h"

#include <stddef.h>

#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/field51.h"

#include "crypto/x86/field_ifma.h"

/* Lanes that an operation with a mask touches. */
enum { LANE_0 = 1, LANE_1 = 2, LANES_1_2_3 = 14 };

/* 19 times each lane, by shifts: the multiplication of 64-bit lanes is slow on some processors. */
IFMA_INLINE ifma_word times_19(ifma_word a)
{
    return (a << 4) + (a + a) + a;
}

/* Adds both parts of a product to the sums of its column. */
IFMA_INLINE void add_product(ifma_word *high, ifma_word *low, ifma_word a, ifma_word b)
{
    *high = ifma_high(*high, a, b);
    *low = ifma_low(*low, a, b);
}

/* A loose product from the sums of the high and low parts of products of limbs i and j, i + j = 0
 * to 8. */
IFMA_INLINE struct ifma_element fold(const ifma_word h[9], const ifma_word l[9])
{
    return (struct ifma_element){
        .l0 = l[0] + times_19(l[5] + h[4] + h[4]),
        .l1 = l[1] + (h[0] + h[0]) + times_19(l[6] + h[5] + h[5]),
        .l2 = l[2] + (h[1] + h[1]) + times_19(l[7] + h[6] + h[6]),
        .l3 = l[3] + (h[2] + h[2]) + times_19(l[8] + h[7] + h[7]),
        .l4 = l[4] + (h[3] + h[3]) + times_19(h[8] + h[8]),
    };
}

/* The loose product of tight factors. One ladder has little else to do meanwhile, so the sums are
 * many and short; those that come back times 19 are started first. */
IFMA_INLINE struct ifma_element multiply(struct ifma_element a, struct ifma_element b)
{
    const ifma_word zero = {0};
    ifma_word h[9] = {zero, zero, zero, zero, zero, zero, zero, zero, zero};
    ifma_word l[9] = {zero, zero, zero, zero, zero, zero, zero, zero, zero};
    add_product(&h[8], &l[8], a.l4, b.l4);
    add_product(&h[7], &l[7], a.l3, b.l4);
    add_product(&h[6], &l[6], a.l2, b.l4);
    add_product(&h[5], &l[5], a.l1, b.l4);
    add_product(&h[4], &l[4], a.l0, b.l4);
    add_product(&h[7], &l[7], a.l4, b.l3);
    add_product(&h[6], &l[6], a.l3, b.l3);
    add_product(&h[5], &l[5], a.l2, b.l3);
    add_product(&h[4], &l[4], a.l1, b.l3);
    add_product(&h[3], &l[3], a.l0, b.l3);
    add_product(&h[6], &l[6], a.l4, b.l2);
    add_product(&h[5], &l[5], a.l3, b.l2);
    add_product(&h[4], &l[4], a.l2, b.l2);
    add_product(&h[3], &l[3], a.l1, b.l2);
    add_product(&h[2], &l[2], a.l0, b.l2);
    add_product(&h[5], &l[5], a.l4, b.l1);
    add_product(&h[4], &l[4], a.l3, b.l1);
    add_product(&h[3], &l[3], a.l2, b.l1);
    add_product(&h[2], &l[2], a.l1, b.l1);
    add_product(&h[1], &l[1], a.l0, b.l1);
    add_product(&h[4], &l[4], a.l4, b.l0);
    add_product(&h[3], &l[3], a.l3, b.l0);
    add_product(&h[2], &l[2], a.l2, b.l0);
    add_product(&h[1], &l[1], a.l1, b.l0);
    add_product(&h[0], &l[0], a.l0, b.l0);
    return fold(h, l);
}

IFMA_INLINE ifma_word permute_limb(ifma_word index, ifma_word a)
{
    return (ifma_word)_mm256_permutexvar_epi64((__m256i)index, (__m256i)a);
}

/* Lane i is lane index[i] of a. */
IFMA_INLINE struct ifma_element permute(ifma_word index, struct ifma_element a)
{
    return (struct ifma_element){permute_limb(index, a.l0), permute_limb(index, a.l1),
                                 permute_limb(index, a.l2), permute_limb(index, a.l3),
                                 permute_limb(index, a.l4)};
}

IFMA_INLINE ifma_word swap_pairs_limb(ifma_word a)
{
    return (ifma_word)_mm256_shuffle_epi32((__m256i)a, 0x4e);
}

/* [a1, a0, a3, a2] */
IFMA_INLINE struct ifma_element swap_pairs(struct ifma_element a)
{
    return (struct ifma_element){swap_pairs_limb(a.l0), swap_pairs_limb(a.l1),
                                 swap_pairs_limb(a.l2), swap_pairs_limb(a.l3),
                                 swap_pairs_limb(a.l4)};
}

IFMA_INLINE ifma_word negate_odd_limb(ifma_word a, uint64_t offset)
{
    const ifma_word complement = {0, UINT64_MAX, 0, UINT64_MAX};
    const ifma_word offsets = {0, offset + 1, 0, offset + 1};
    return (a ^ complement) + offsets;
}

/* [a0, 2^8 p - a1, a2, 2^8 p - a3] for a product; limbs may be below 0 until something is added. */
IFMA_INLINE struct ifma_element negate_odd(struct ifma_element a)
{
    return (struct ifma_element){
        negate_odd_limb(a.l0, IFMA_OFFSET_FIRST), negate_odd_limb(a.l1, IFMA_OFFSET),
        negate_odd_limb(a.l2, IFMA_OFFSET), negate_odd_limb(a.l3, IFMA_OFFSET),
        negate_odd_limb(a.l4, IFMA_OFFSET)};
}

IFMA_INLINE ifma_word add_limb(ifma_word a, ifma_word b, uint8_t lanes)
{
    return (ifma_word)_mm256_mask_add_epi64((__m256i)a, lanes, (__m256i)a, (__m256i)b);
}

/* a + b in `lanes`, a elsewhere. */
IFMA_INLINE struct ifma_element add(struct ifma_element a, struct ifma_element b, uint8_t lanes)
{
    return (struct ifma_element){add_limb(a.l0, b.l0, lanes), add_limb(a.l1, b.l1, lanes),
                                 add_limb(a.l2, b.l2, lanes), add_limb(a.l3, b.l3, lanes),
                                 add_limb(a.l4, b.l4, lanes)};
}

IFMA_INLINE ifma_word blend_limb(ifma_word a, ifma_word b, uint8_t lanes)
{
    return (ifma_word)_mm256_mask_blend_epi64(lanes, (__m256i)a, (__m256i)b);
}

/* b in `lanes`, a elsewhere. */
IFMA_INLINE struct ifma_element blend(struct ifma_element a, struct ifma_element b, uint8_t lanes)
{
    return (struct ifma_element){blend_limb(a.l0, b.l0, lanes), blend_limb(a.l1, b.l1, lanes),
                                 blend_limb(a.l2, b.l2, lanes), blend_limb(a.l3, b.l3, lanes),
                                 blend_limb(a.l4, b.l4, lanes)};
}

/* One step from loose state to loose state. `swap` is 0 or 1, `last_factor` [1, any, 1, x1]. */
IFMA_INLINE struct ifma_element ladder_step(struct ifma_element state, uint64_t swap,
                                            struct ifma_element last_factor)
{
    const struct ifma_element a24 = {.l0 = {0, 121666, 0, 0}};
    const ifma_word points_0 = {0, 1, 2, 3}, points_1 = {2, 3, 2, 3};
    const ifma_word cross_0 = {0, 1, 1, 0}, cross_1 = {2, 3, 1, 0};
    ifma_word mask = (ifma_word){0} - swap;
    ifma_word points = points_0 ^ (mask & (points_0 ^ points_1));
    ifma_word cross = cross_0 ^ (mask & (cross_0 ^ cross_1));

    struct ifma_element sums = ifma_carry(add(negate_odd(state), swap_pairs(state), 15));
    struct ifma_element first = multiply(permute(points, sums), permute(cross, sums));

    struct ifma_element other = swap_pairs(first);
    struct ifma_element left = add(negate_odd(first), other, LANES_1_2_3);
    struct ifma_element right = ifma_carry(blend(left, other, LANE_0));
    left = ifma_carry(left);
    struct ifma_element second = multiply(left, blend(right, a24, LANE_1));

    second = ifma_carry(add(second, first, LANE_1));
    return multiply(second, blend(last_factor, left, LANE_1));
}

/* The point as [1, 0, x1, 1], where the ladder starts, or as [1, 0, 1, x1]. */
static struct ifma_element place(const struct field51 *x1, size_t lane)
{
    uint64_t lanes[5][4] = {{1, 0, 1, 1}};
    for (size_t i = 0; i < 5; i++) {
        lanes[i][lane] = x1->limb[i];
    }
    struct ifma_element element;
    memcpy(&element, lanes, sizeof element);
    return element;
}

static void take(struct field51 *ret, const struct ifma_element *a, size_t lane)
{
    uint64_t lanes[5][4];
    memcpy(lanes, a, sizeof lanes);
    for (size_t i = 0; i < 5; i++) {
        ret->limb[i] = lanes[i][lane];
    }
    cepa_wipe(lanes, sizeof lanes);
}

void cepa_x25519_ifma(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32])
{
    uint8_t clamped[32];
    struct field51 x1, x2, z2;
    x25519_clamp(clamped, scalar);
    field51_from_bytes(&x1, point);
    struct ifma_element last_factor = place(&x1, 3);
    struct ifma_element state = place(&x1, 2);
    uint64_t previous = 0;
    for (size_t i = 255; i-- > 0;) {
        uint64_t bit = (uint64_t)(clamped[i / 8] >> (i % 8)) & 1;
        state = ladder_step(state, bit ^ previous, last_factor);
        previous = bit;
    }
    /* Bit 0 of a clamped scalar is 0, so the points stand in their own places. */
    state = ifma_carry(state);
    take(&x2, &state, 0);
    take(&z2, &state, 1);
    field51_invert(&z2, &z2);
    field51_mul(&x2, &x2, &z2);
    field51_to_bytes(ret, &x2);
    cepa_wipe(clamped, sizeof clamped);
    cepa_wipe(&state, sizeof state);
    cepa_wipe(&x2, sizeof x2);
    cepa_wipe(&z2, sizeof z2);
}
