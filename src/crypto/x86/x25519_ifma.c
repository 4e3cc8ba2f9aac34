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
#include "crypto/x86/x25519_kernels.h"

#include <stddef.h>

#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/field51.h"

#include "crypto/x86/field_ifma_x4.h"

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

    struct ifma_element sums =
        ifma_carry(x4_add(x4_negate(state, LANE_1 | LANE_3), x4_swap_pairs(state), LANES_ALL));
    struct ifma_element first = x4_multiply(x4_permute(points, sums), x4_permute(cross, sums));

    struct ifma_element other = x4_swap_pairs(first);
    struct ifma_element left = x4_add(x4_negate(first, LANE_1 | LANE_3), other, LANES_ALL - LANE_0);
    struct ifma_element right = ifma_carry(x4_blend(left, other, LANE_0));
    left = ifma_carry(left);
    struct ifma_element second = x4_multiply(left, x4_blend(right, a24, LANE_1));

    second = ifma_carry(x4_add(second, first, LANE_1));
    return x4_multiply(second, x4_blend(last_factor, left, LANE_1));
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
    x4_take(&x2, state, 0);
    x4_take(&z2, state, 1);
    cepa_field51_invert(&z2, &z2);
    field51_mul(&x2, &x2, &z2);
    field51_to_bytes(ret, &x2);
    cepa_wipe(clamped, sizeof clamped);
    cepa_wipe(&state, sizeof state);
    cepa_wipe(&x2, sizeof x2);
    cepa_wipe(&z2, sizeof z2);
}
