/* Several elements of the field modulo p = 2^255 - 19 in the lanes of vectors, five limbs of radix
 * 2^51 each, multiplied by the 52-bit multiply-add instructions. A file that defines
 * CEPA_IFMA_LANES as 8 before it includes this gets eight lanes, others four.
 *
 * Every operation here is one instruction per vector whose time does not depend on values; there
 * are no branches and no addresses that depend on them.
 *
 * Bounds. The instructions use the low 52 bits of both factors. So elements come in two kinds:
 * - tight: limbs below 2^51 + 2^15 < 2^52. Only these are factors.
 * - loose: limbs below 2^61. Products, sums of four products and differences are loose. Carrying
 *   makes a loose element tight: each limb keeps 51 bits and gives less than 2^10 to the next one,
 *   the last one less than 19 * 2^10 < 2^15 to the first.
 *
 * A product of tight limbs is below (2^51 + 2^15)^2 < 2^102 + 2^68, so its low 52 bits are below
 * 2^52 and the high part below 2^50 + 2^16. The high part has weight 2 in the next column, since 52
 * is one more than 51. Column k of 10 has min(k + 1, 9 - k) low parts and min(k, 10 - k) doubled
 * high parts; columns 5 to 9 come back to 0 to 4 times 19. In units of 2^52, with 1/2 for a doubled
 * high part, the limbs of a product are below
 *     limb 0:  1       + 19 (4 + 5/2) = 124.5
 *     limb 1:  2 + 1/2 + 19 (3 + 4/2) =  97.5
 *     limb 2:  3 + 2/2 + 19 (2 + 3/2) =  70.5
 *     limb 3:  4 + 3/2 + 19 (1 + 2/2) =  43.5
 *     limb 4:  5 + 4/2 + 19 (0 + 1/2) =  16.5
 * and, for the 2^16 left out, less than 2^-27 more. That is below 2^59 - 2^13, so the sum of four
 * products is loose. A product is subtracted from 2^8 p, whose limbs lie between 2^59 - 2^13 and
 * 2^59, so the difference is no larger than a product may be and counts as one. */
#ifndef CEPA_CRYPTO_X86_FIELD_IFMA_H
#define CEPA_CRYPTO_X86_FIELD_IFMA_H

#include <immintrin.h>
#include <stdint.h>

#ifndef CEPA_IFMA_LANES
#define CEPA_IFMA_LANES 4
#endif

#if CEPA_IFMA_LANES == 8
#define IFMA_VECTOR __m512i
#define IFMA(operation) _mm512_##operation
#else
#define IFMA_VECTOR __m256i
#define IFMA(operation) _mm256_##operation
#endif

#define IFMA_INLINE static inline __attribute__((always_inline))
#define IFMA_MASK (((uint64_t)1 << 51) - 1)

/* The limbs of 2^8 p: the first, and each of the others. */
#define IFMA_OFFSET_FIRST ((IFMA_MASK - 18) << 8)
#define IFMA_OFFSET (IFMA_MASK << 8)

/* One limb of every lane. */
typedef uint64_t ifma_word __attribute__((vector_size(8 * CEPA_IFMA_LANES)));

/* In each lane the sum of l<i> * 2^(51 i). */
struct ifma_element {
    ifma_word l0, l1, l2, l3, l4;
};

/* Adds the low 52 bits of a product to `sum`. */
IFMA_INLINE ifma_word ifma_low(ifma_word sum, ifma_word a, ifma_word b)
{
    return (ifma_word)IFMA(madd52lo_epu64)((IFMA_VECTOR)sum, (IFMA_VECTOR)a, (IFMA_VECTOR)b);
}

/* Adds a product without its low 52 bits to `sum`. */
IFMA_INLINE ifma_word ifma_high(ifma_word sum, ifma_word a, ifma_word b)
{
    return (ifma_word)IFMA(madd52hi_epu64)((IFMA_VECTOR)sum, (IFMA_VECTOR)a, (IFMA_VECTOR)b);
}

/* Tight from loose. */
IFMA_INLINE struct ifma_element ifma_carry(struct ifma_element a)
{
    const ifma_word nineteen = (ifma_word){0} + 19;
    return (struct ifma_element){
        .l0 = ifma_low(a.l0 & IFMA_MASK, a.l4 >> 51, nineteen),
        .l1 = (a.l1 & IFMA_MASK) + (a.l0 >> 51),
        .l2 = (a.l2 & IFMA_MASK) + (a.l1 >> 51),
        .l3 = (a.l3 & IFMA_MASK) + (a.l2 >> 51),
        .l4 = (a.l4 & IFMA_MASK) + (a.l3 >> 51),
    };
}

#endif
