/* Four field elements in the lanes of one vector: products, and what moves lanes about. The lanes
 * of every mask and every permutation of fixed form are public; indices may be secret, since the
 * time of a permutation does not depend on them. Bounds are those of field_ifma.h. */
#ifndef CEPA_CRYPTO_X86_FIELD_IFMA_X4_H
#define CEPA_CRYPTO_X86_FIELD_IFMA_X4_H

#include "crypto/x86/field51.h"
#include "crypto/x86/field_ifma.h"

/* Lanes that an operation with a mask touches. */
enum { LANE_0 = 1, LANE_1 = 2, LANE_2 = 4, LANE_3 = 8, LANES_ALL = 15 };

/* 19 times each lane, by shifts: the multiplication of 64-bit lanes is slow on some processors. */
IFMA_INLINE ifma_word x4_times_19(ifma_word a)
{
    return (a << 4) + (a + a) + a;
}

/* Adds both parts of a product to the sums of its column. */
IFMA_INLINE void x4_add_product(ifma_word *high, ifma_word *low, ifma_word a, ifma_word b)
{
    *high = ifma_high(*high, a, b);
    *low = ifma_low(*low, a, b);
}

/* A loose product from the sums of the high and low parts of products of limbs i and j, i + j = 0
 * to 8. */
IFMA_INLINE struct ifma_element x4_fold(const ifma_word h[9], const ifma_word l[9])
{
    return (struct ifma_element){
        .l0 = l[0] + x4_times_19(l[5] + h[4] + h[4]),
        .l1 = l[1] + (h[0] + h[0]) + x4_times_19(l[6] + h[5] + h[5]),
        .l2 = l[2] + (h[1] + h[1]) + x4_times_19(l[7] + h[6] + h[6]),
        .l3 = l[3] + (h[2] + h[2]) + x4_times_19(l[8] + h[7] + h[7]),
        .l4 = l[4] + (h[3] + h[3]) + x4_times_19(h[8] + h[8]),
    };
}

/* The loose product of tight factors. One ladder has little else to do meanwhile, so the sums are
 * many and short; those that come back times 19 are started first. */
IFMA_INLINE struct ifma_element x4_multiply(struct ifma_element a, struct ifma_element b)
{
    const ifma_word zero = {0};
    ifma_word h[9] = {zero, zero, zero, zero, zero, zero, zero, zero, zero};
    ifma_word l[9] = {zero, zero, zero, zero, zero, zero, zero, zero, zero};
    x4_add_product(&h[8], &l[8], a.l4, b.l4);
    x4_add_product(&h[7], &l[7], a.l3, b.l4);
    x4_add_product(&h[7], &l[7], a.l4, b.l3);
    x4_add_product(&h[6], &l[6], a.l2, b.l4);
    x4_add_product(&h[6], &l[6], a.l3, b.l3);
    x4_add_product(&h[6], &l[6], a.l4, b.l2);
    x4_add_product(&h[5], &l[5], a.l1, b.l4);
    x4_add_product(&h[5], &l[5], a.l2, b.l3);
    x4_add_product(&h[5], &l[5], a.l3, b.l2);
    x4_add_product(&h[5], &l[5], a.l4, b.l1);
    x4_add_product(&h[4], &l[4], a.l0, b.l4);
    x4_add_product(&h[4], &l[4], a.l1, b.l3);
    x4_add_product(&h[4], &l[4], a.l2, b.l2);
    x4_add_product(&h[4], &l[4], a.l3, b.l1);
    x4_add_product(&h[4], &l[4], a.l4, b.l0);
    x4_add_product(&h[3], &l[3], a.l0, b.l3);
    x4_add_product(&h[3], &l[3], a.l1, b.l2);
    x4_add_product(&h[3], &l[3], a.l2, b.l1);
    x4_add_product(&h[3], &l[3], a.l3, b.l0);
    x4_add_product(&h[2], &l[2], a.l0, b.l2);
    x4_add_product(&h[2], &l[2], a.l1, b.l1);
    x4_add_product(&h[2], &l[2], a.l2, b.l0);
    x4_add_product(&h[1], &l[1], a.l0, b.l1);
    x4_add_product(&h[1], &l[1], a.l1, b.l0);
    x4_add_product(&h[0], &l[0], a.l0, b.l0);
    return x4_fold(h, l);
}

IFMA_INLINE ifma_word x4_permute_limb(ifma_word index, ifma_word a)
{
    return (ifma_word)_mm256_permutexvar_epi64((__m256i)index, (__m256i)a);
}

/* Lane i is lane index[i] of a. */
IFMA_INLINE struct ifma_element x4_permute(ifma_word index, struct ifma_element a)
{
    return (struct ifma_element){x4_permute_limb(index, a.l0), x4_permute_limb(index, a.l1),
                                 x4_permute_limb(index, a.l2), x4_permute_limb(index, a.l3),
                                 x4_permute_limb(index, a.l4)};
}

IFMA_INLINE ifma_word x4_swap_pairs_limb(ifma_word a)
{
    return (ifma_word)_mm256_shuffle_epi32((__m256i)a, 0x4e);
}

/* [a1, a0, a3, a2] */
IFMA_INLINE struct ifma_element x4_swap_pairs(struct ifma_element a)
{
    return (struct ifma_element){x4_swap_pairs_limb(a.l0), x4_swap_pairs_limb(a.l1),
                                 x4_swap_pairs_limb(a.l2), x4_swap_pairs_limb(a.l3),
                                 x4_swap_pairs_limb(a.l4)};
}

IFMA_INLINE ifma_word x4_negate_limb(ifma_word a, ifma_word offset, uint8_t lanes)
{
    return (ifma_word)_mm256_mask_sub_epi64((__m256i)a, lanes, (__m256i)offset, (__m256i)a);
}

/* 2^8 p - a in `lanes`, a elsewhere, for a product a; limbs may be below 0 until a product is
 * added. */
IFMA_INLINE struct ifma_element x4_negate(struct ifma_element a, uint8_t lanes)
{
    const ifma_word first = (ifma_word){0} + IFMA_OFFSET_FIRST;
    const ifma_word other = (ifma_word){0} + IFMA_OFFSET;
    return (struct ifma_element){
        x4_negate_limb(a.l0, first, lanes), x4_negate_limb(a.l1, other, lanes),
        x4_negate_limb(a.l2, other, lanes), x4_negate_limb(a.l3, other, lanes),
        x4_negate_limb(a.l4, other, lanes)};
}

IFMA_INLINE ifma_word x4_add_limb(ifma_word a, ifma_word b, uint8_t lanes)
{
    return (ifma_word)_mm256_mask_add_epi64((__m256i)a, lanes, (__m256i)a, (__m256i)b);
}

/* a + b in `lanes`, a elsewhere. */
IFMA_INLINE struct ifma_element x4_add(struct ifma_element a, struct ifma_element b, uint8_t lanes)
{
    return (struct ifma_element){x4_add_limb(a.l0, b.l0, lanes), x4_add_limb(a.l1, b.l1, lanes),
                                 x4_add_limb(a.l2, b.l2, lanes), x4_add_limb(a.l3, b.l3, lanes),
                                 x4_add_limb(a.l4, b.l4, lanes)};
}

IFMA_INLINE ifma_word x4_blend_limb(ifma_word a, ifma_word b, uint8_t lanes)
{
    return (ifma_word)_mm256_mask_blend_epi64(lanes, (__m256i)a, (__m256i)b);
}

/* b in `lanes`, a elsewhere. */
IFMA_INLINE struct ifma_element x4_blend(struct ifma_element a, struct ifma_element b,
                                         uint8_t lanes)
{
    return (struct ifma_element){x4_blend_limb(a.l0, b.l0, lanes), x4_blend_limb(a.l1, b.l1, lanes),
                                 x4_blend_limb(a.l2, b.l2, lanes), x4_blend_limb(a.l3, b.l3, lanes),
                                 x4_blend_limb(a.l4, b.l4, lanes)};
}

/* Copies one lane; limbs stay as they are. */
IFMA_INLINE void x4_take(struct field51 *ret, struct ifma_element a, size_t lane)
{
    *ret = (struct field51){{a.l0[lane], a.l1[lane], a.l2[lane], a.l3[lane], a.l4[lane]}};
}

#endif
