/* X25519 of the base point as in x25519_base.c, with each addition and each doubling in two vector
 * multiplications of four lanes. A point is [X, Y, Z, T]; with the entry [y - x, y + x, 2 d x y, 2]
 *
 *     [Y - X, Y + X, T, Z] times the entry is [A, B, C, D],
 *     E = B - A, H = B + A, F = D - C, G = D + C,
 *     [E, G, F, E] times [F, H, G, H] is the sum.
 *
 * A negative digit takes y - x for y + x and -2 d x y for 2 d x y, and the latter only exchanges F
 * and G; so signs are permutations with computed indices. For the double
 *
 *     [X, Y, Z, X + Y] squared is [A, B, C, S],
 *     E = A + B - S, H = A + B, F = 2 C + A - B, G = A - B,
 *
 * and the end is the same. No branch and no address depends on the scalar. */
#include <stddef.h>

#include "base/ct.h"
#include "crypto/x86/field51.h"
#include "crypto/x86/field_ifma_x4.h"
#include "crypto/x86/x25519_base_table.h"
#include "crypto/x86/x25519_kernels.h"

/* The last layer: the factors from tight [E, H, F, G], with F and G exchanged by `swap`, 0 or 1. */
IFMA_INLINE struct ifma_element finish(struct ifma_element ehfg, uint64_t swap)
{
    ifma_word mask = (ifma_word){0} - swap;
    ifma_word left = (ifma_word){0, 3, 2, 0} ^ (mask & (ifma_word){0, 1, 1, 0});
    ifma_word right = (ifma_word){2, 1, 3, 1} ^ (mask & (ifma_word){1, 0, 1, 0});
    return x4_multiply(x4_permute(left, ehfg), x4_permute(right, ehfg));
}

IFMA_INLINE struct ifma_element add_entry(struct ifma_element p, struct ifma_element entry,
                                          uint64_t negative)
{
    struct ifma_element factor = x4_add(x4_swap_pairs(p), x4_negate(p, LANE_0), LANE_0 | LANE_1);
    struct ifma_element abcd = x4_multiply(ifma_carry(factor), entry);
    struct ifma_element ehfg =
        x4_add(x4_negate(abcd, LANE_0 | LANE_2), x4_swap_pairs(abcd), LANES_ALL);
    return finish(ifma_carry(ehfg), negative);
}

/* F is the largest sum before the last layer, of four products. */
IFMA_INLINE struct ifma_element double_point(struct ifma_element p)
{
    const ifma_word all_0 = {0, 0, 0, 0}, all_1 = {1, 1, 1, 1}, square_at = {3, 3, 2, 2};
    struct ifma_element x = x4_permute(all_0, p);
    struct ifma_element factor = x4_blend(p, x, LANE_3);
    factor = ifma_carry(x4_add(factor, x4_permute(all_1, p), LANE_3));
    struct ifma_element abcs = x4_multiply(factor, factor);
    struct ifma_element a = x4_permute(all_0, abcs), b = x4_permute(all_1, abcs);
    struct ifma_element rest = x4_permute(square_at, abcs);
    a = x4_add(a, x4_negate(b, LANE_2 | LANE_3), LANES_ALL);
    a = x4_add(a, rest, LANE_2);
    a = x4_add(a, x4_negate(rest, LANE_0), LANE_0 | LANE_2);
    return finish(ifma_carry(a), 0);
}

IFMA_INLINE ifma_word take_limb(size_t row, size_t limb, const ifma_word masks[8], ifma_word none)
{
    for (size_t j = 0; j < 8; j++) {
        const uint64_t *words = cepa_x25519_base_table[row][j].limb[limb];
        none |= masks[j] & (ifma_word)_mm256_maskz_loadu_epi64(LANES_ALL - LANE_3, words);
    }
    return none;
}

/* The entry for |digit|, its first two lanes exchanged if the digit is negative. Every entry of the
 * row is read whole. */
IFMA_INLINE struct ifma_element take_entry(size_t row, uint64_t magnitude, uint64_t negative)
{
    const ifma_word zero = {0}, last = {0, 0, 0, 2};
    ifma_word digit = zero + magnitude, masks[8];
    ifma_word order = (ifma_word){0, 1, 2, 3} ^ (negative & (ifma_word){1, 1, 0, 0});
    for (uint64_t j = 0; j < 8; j++) {
        masks[j] = (ifma_word)(digit == zero + (j + 1));
    }
    ifma_word neutral = (ifma_word)(digit == zero) & (ifma_word){1, 1, 0, 0};
    return x4_permute(order, (struct ifma_element){
                                 take_limb(row, 0, masks, neutral | last),
                                 take_limb(row, 1, masks, zero), take_limb(row, 2, masks, zero),
                                 take_limb(row, 3, masks, zero), take_limb(row, 4, masks, zero)});
}

void cepa_x25519_base_ifma(uint8_t ret[32], const uint8_t scalar[32])
{
    int8_t digits[X25519_DIGITS];
    struct ifma_element p = {.l0 = {0, 1, 1, 0}};
    cepa_x25519_digits(digits, scalar);
    for (size_t j = 8; j-- > 0;) {
        for (size_t i = 0; i < 8; i++) {
            uint64_t digit = (uint64_t)digits[8 * i + j];
            uint64_t negative = digit >> 63;
            uint64_t magnitude = (digit ^ (0 - negative)) + negative;
            p = add_entry(p, take_entry(i, magnitude, 0 - negative), negative);
        }
        for (size_t i = 0; i < 4 && j > 0; i++) {
            p = double_point(p);
        }
    }
    struct field51 y, z, numerator, denominator;
    p = ifma_carry(p);
    x4_take(&y, p, 1);
    x4_take(&z, p, 2);
    /* u = (1 + y) / (1 - y); y is not 1, for no clamped scalar is a multiple of the order of B. */
    for (size_t i = 0; i < 5; i++) {
        uint64_t twice_p = 2 * (i == 0 ? FIELD51_MASK - 18 : FIELD51_MASK);
        numerator.limb[i] = z.limb[i] + y.limb[i];
        denominator.limb[i] = z.limb[i] + twice_p - y.limb[i];
    }
    cepa_field51_invert(&denominator, &denominator);
    field51_mul(&numerator, &numerator, &denominator);
    field51_to_bytes(ret, &numerator);
    cepa_wipe(digits, sizeof digits);
    cepa_wipe(&p, sizeof p);
    cepa_wipe(&y, sizeof y);
    cepa_wipe(&z, sizeof z);
    cepa_wipe(&numerator, sizeof numerator);
    cepa_wipe(&denominator, sizeof denominator);
}
