/* X25519 for eight points at once: eight Montgomery ladders, one in each lane.
 *
 * All lanes take the same instructions; bits of scalars only become masks that select lanes. The
 * only branches are those of loops with public bounds. @[RFC7748 5] */
#include <stddef.h>

#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include "crypto/x86/field51.h"
#include "crypto/x86/x25519_kernels.h"

#define CEPA_IFMA_LANES 8
#include "crypto/x86/field_ifma.h"

/* 19 times each lane by one instruction, where the compiler would take five. */
IFMA_INLINE ifma_word times_19(ifma_word a)
{
    ifma_word nineteen = (ifma_word){0} + 19;
    __asm__("" : "+v"(nineteen));
    return (ifma_word)_mm512_mullo_epi64((__m512i)a, (__m512i)nineteen);
}

/* The loose product of tight factors, column by column: the high parts of one column, doubled, and
 * the low parts of the next. */
IFMA_INLINE struct ifma_element multiply(struct ifma_element a, struct ifma_element b)
{
    const ifma_word zero = {0};
    ifma_word c[10];
    c[9] = ifma_high(zero, a.l4, b.l4);
    c[9] = c[9] + c[9];
    c[8] = ifma_high(zero, a.l3, b.l4);
    c[8] = ifma_high(c[8], a.l4, b.l3);
    c[8] = ifma_low(c[8] + c[8], a.l4, b.l4);
    c[7] = ifma_high(zero, a.l2, b.l4);
    c[7] = ifma_high(c[7], a.l3, b.l3);
    c[7] = ifma_high(c[7], a.l4, b.l2);
    c[7] = ifma_low(c[7] + c[7], a.l3, b.l4);
    c[7] = ifma_low(c[7], a.l4, b.l3);
    c[6] = ifma_high(zero, a.l1, b.l4);
    c[6] = ifma_high(c[6], a.l2, b.l3);
    c[6] = ifma_high(c[6], a.l3, b.l2);
    c[6] = ifma_high(c[6], a.l4, b.l1);
    c[6] = ifma_low(c[6] + c[6], a.l2, b.l4);
    c[6] = ifma_low(c[6], a.l3, b.l3);
    c[6] = ifma_low(c[6], a.l4, b.l2);
    c[5] = ifma_high(zero, a.l0, b.l4);
    c[5] = ifma_high(c[5], a.l1, b.l3);
    c[5] = ifma_high(c[5], a.l2, b.l2);
    c[5] = ifma_high(c[5], a.l3, b.l1);
    c[5] = ifma_high(c[5], a.l4, b.l0);
    c[5] = ifma_low(c[5] + c[5], a.l1, b.l4);
    c[5] = ifma_low(c[5], a.l2, b.l3);
    c[5] = ifma_low(c[5], a.l3, b.l2);
    c[5] = ifma_low(c[5], a.l4, b.l1);
    c[4] = ifma_high(zero, a.l0, b.l3);
    c[4] = ifma_high(c[4], a.l1, b.l2);
    c[4] = ifma_high(c[4], a.l2, b.l1);
    c[4] = ifma_high(c[4], a.l3, b.l0);
    c[4] = ifma_low(c[4] + c[4], a.l0, b.l4);
    c[4] = ifma_low(c[4], a.l1, b.l3);
    c[4] = ifma_low(c[4], a.l2, b.l2);
    c[4] = ifma_low(c[4], a.l3, b.l1);
    c[4] = ifma_low(c[4], a.l4, b.l0);
    c[3] = ifma_high(zero, a.l0, b.l2);
    c[3] = ifma_high(c[3], a.l1, b.l1);
    c[3] = ifma_high(c[3], a.l2, b.l0);
    c[3] = ifma_low(c[3] + c[3], a.l0, b.l3);
    c[3] = ifma_low(c[3], a.l1, b.l2);
    c[3] = ifma_low(c[3], a.l2, b.l1);
    c[3] = ifma_low(c[3], a.l3, b.l0);
    c[2] = ifma_high(zero, a.l0, b.l1);
    c[2] = ifma_high(c[2], a.l1, b.l0);
    c[2] = ifma_low(c[2] + c[2], a.l0, b.l2);
    c[2] = ifma_low(c[2], a.l1, b.l1);
    c[2] = ifma_low(c[2], a.l2, b.l0);
    c[1] = ifma_high(zero, a.l0, b.l0);
    c[1] = ifma_low(c[1] + c[1], a.l0, b.l1);
    c[1] = ifma_low(c[1], a.l1, b.l0);
    c[0] = ifma_low(zero, a.l0, b.l0);
    return (struct ifma_element){
        .l0 = c[0] + times_19(c[5]),
        .l1 = c[1] + times_19(c[6]),
        .l2 = c[2] + times_19(c[7]),
        .l3 = c[3] + times_19(c[8]),
        .l4 = c[4] + times_19(c[9]),
    };
}

/* The loose square of a tight element: products of different limbs count twice, so that doubling is
 * shared between them and the high parts. */
IFMA_INLINE struct ifma_element square(struct ifma_element a)
{
    const ifma_word zero = {0};
    ifma_word c[10];
    c[9] = ifma_high(zero, a.l4, a.l4);
    c[9] = c[9] + c[9];
    c[8] = ifma_high(zero, a.l3, a.l4);
    c[8] = c[8] + c[8];
    c[8] = ifma_low(c[8] + c[8], a.l4, a.l4);
    c[7] = ifma_high(zero, a.l2, a.l4);
    c[7] = ifma_high(c[7] + c[7], a.l3, a.l3);
    c[7] = ifma_low(c[7], a.l3, a.l4);
    c[7] = c[7] + c[7];
    c[6] = ifma_high(zero, a.l1, a.l4);
    c[6] = ifma_high(c[6], a.l2, a.l3);
    c[6] = ifma_low(c[6] + c[6], a.l2, a.l4);
    c[6] = ifma_low(c[6] + c[6], a.l3, a.l3);
    c[5] = ifma_high(zero, a.l0, a.l4);
    c[5] = ifma_high(c[5], a.l1, a.l3);
    c[5] = ifma_high(c[5] + c[5], a.l2, a.l2);
    c[5] = ifma_low(c[5], a.l1, a.l4);
    c[5] = ifma_low(c[5], a.l2, a.l3);
    c[5] = c[5] + c[5];
    c[4] = ifma_high(zero, a.l0, a.l3);
    c[4] = ifma_high(c[4], a.l1, a.l2);
    c[4] = ifma_low(c[4] + c[4], a.l0, a.l4);
    c[4] = ifma_low(c[4], a.l1, a.l3);
    c[4] = ifma_low(c[4] + c[4], a.l2, a.l2);
    c[3] = ifma_high(zero, a.l0, a.l2);
    c[3] = ifma_high(c[3] + c[3], a.l1, a.l1);
    c[3] = ifma_low(c[3], a.l0, a.l3);
    c[3] = ifma_low(c[3], a.l1, a.l2);
    c[3] = c[3] + c[3];
    c[2] = ifma_high(zero, a.l0, a.l1);
    c[2] = ifma_low(c[2] + c[2], a.l0, a.l2);
    c[2] = ifma_low(c[2] + c[2], a.l1, a.l1);
    c[1] = ifma_high(zero, a.l0, a.l0);
    c[1] = ifma_low(c[1], a.l0, a.l1);
    c[1] = c[1] + c[1];
    c[0] = ifma_low(zero, a.l0, a.l0);
    return (struct ifma_element){
        .l0 = c[0] + times_19(c[5]),
        .l1 = c[1] + times_19(c[6]),
        .l2 = c[2] + times_19(c[7]),
        .l3 = c[3] + times_19(c[8]),
        .l4 = c[4] + times_19(c[9]),
    };
}

/* a + 121666 b, loose, for a product a and tight b. The high parts are below 2^17, so each limb
 * grows by less than 2^52 + 38 * 2^17, which is far less than from 2^59 to 2^60. */
IFMA_INLINE struct ifma_element add_a24_times(struct ifma_element a, struct ifma_element b)
{
    const ifma_word zero = {0}, a24 = zero + 121666;
    ifma_word h0 = ifma_high(zero, b.l0, a24), h1 = ifma_high(zero, b.l1, a24);
    ifma_word h2 = ifma_high(zero, b.l2, a24), h3 = ifma_high(zero, b.l3, a24);
    ifma_word h4 = ifma_high(zero, b.l4, a24);
    return (struct ifma_element){
        ifma_low(a.l0, b.l0, a24) + times_19(h4 + h4), ifma_low(a.l1, b.l1, a24) + h0 + h0,
        ifma_low(a.l2, b.l2, a24) + h1 + h1, ifma_low(a.l3, b.l3, a24) + h2 + h2,
        ifma_low(a.l4, b.l4, a24) + h3 + h3};
}

/* a + b for products, made tight. */
IFMA_INLINE struct ifma_element sum(struct ifma_element a, struct ifma_element b)
{
    return ifma_carry(
        (struct ifma_element){a.l0 + b.l0, a.l1 + b.l1, a.l2 + b.l2, a.l3 + b.l3, a.l4 + b.l4});
}

/* a - b for products, made tight. */
IFMA_INLINE struct ifma_element difference(struct ifma_element a, struct ifma_element b)
{
    return ifma_carry((struct ifma_element){a.l0 + IFMA_OFFSET_FIRST - b.l0,
                                            a.l1 + IFMA_OFFSET - b.l1, a.l2 + IFMA_OFFSET - b.l2,
                                            a.l3 + IFMA_OFFSET - b.l3, a.l4 + IFMA_OFFSET - b.l4});
}

IFMA_INLINE ifma_word choose_limb(__mmask8 lanes, ifma_word a, ifma_word b)
{
    return (ifma_word)_mm512_mask_blend_epi64(lanes, (__m512i)a, (__m512i)b);
}

/* b in `lanes`, a in the others. */
IFMA_INLINE struct ifma_element choose(__mmask8 lanes, struct ifma_element a, struct ifma_element b)
{
    return (struct ifma_element){choose_limb(lanes, a.l0, b.l0), choose_limb(lanes, a.l1, b.l1),
                                 choose_limb(lanes, a.l2, b.l2), choose_limb(lanes, a.l3, b.l3),
                                 choose_limb(lanes, a.l4, b.l4)};
}

/* Two points whose difference is the input, as loose elements. */
struct ladder {
    struct ifma_element x2, z2, x3, z3;
};

/* Doubles one point, in the lanes `swap` the second, and adds the two; the double becomes the
 * first. Swapping the points only exchanges the two cross products, which matters neither to their
 * sum nor to the square of their difference. Light work stands between heavy work that it does not
 * depend on, so that both go on at once. Not inlined, for the size of the caller's stack frame. */
static __attribute__((noinline)) void ladder_step(struct ladder *state, __mmask8 swap,
                                                  const struct ifma_element *x1)
{
    struct ifma_element c = sum(state->x3, state->z3), d = difference(state->x3, state->z3);
    struct ifma_element a = sum(state->x2, state->z2), b = difference(state->x2, state->z2);
    struct ifma_element da = multiply(d, a);
    struct ifma_element p = choose(swap, a, c);
    struct ifma_element cb = multiply(c, b);
    struct ifma_element q = choose(swap, b, d);
    struct ifma_element pp = square(p);
    struct ifma_element g = difference(da, cb);
    struct ifma_element qq = square(q);
    struct ifma_element f = sum(da, cb);
    struct ifma_element gg = square(g);
    struct ifma_element e = difference(pp, qq);
    state->x3 = square(f);
    gg = ifma_carry(gg);
    struct ifma_element t = ifma_carry(add_a24_times(qq, e));
    state->z3 = multiply(gg, *x1);
    pp = ifma_carry(pp);
    qq = ifma_carry(qq);
    state->z2 = multiply(e, t);
    state->x2 = multiply(pp, qq);
}

/* Limbs of up to eight elements, lane by lane; the form in which elements enter and leave. */
struct lanes {
    uint64_t limb[5][CEPA_IFMA_LANES];
};

static void get_lane(struct field51 *ret, const struct lanes *lanes, size_t lane)
{
    for (size_t i = 0; i < 5; i++) {
        ret->limb[i] = lanes->limb[i][lane];
    }
}

static void put_lane(struct lanes *lanes, size_t lane, const struct field51 *a)
{
    for (size_t i = 0; i < 5; i++) {
        lanes->limb[i][lane] = a->limb[i];
    }
}

/* Writes x / z for each lane with one inversion: the inverse of the product of all z, times all
 * but one of them, is the inverse of that one. No z is 0, for no point is of low order. */
static __attribute__((noinline)) void divide(uint8_t *ret, const struct lanes *x,
                                             const struct lanes *z, size_t count)
{
    struct field51 products[CEPA_IFMA_LANES], a, inverse;
    get_lane(&products[0], z, 0);
    for (size_t i = 1; i < count; i++) {
        get_lane(&a, z, i);
        field51_mul(&products[i], &products[i - 1], &a);
    }
    cepa_field51_invert(&inverse, &products[count - 1]);
    for (size_t i = count; i-- > 0;) {
        get_lane(&a, x, i);
        field51_mul(&a, &a, &inverse);
        if (i > 0) {
            field51_mul(&a, &a, &products[i - 1]);
        }
        field51_to_bytes(ret + 32 * i, &a);
        get_lane(&a, z, i);
        field51_mul(&inverse, &inverse, &a);
    }
    cepa_wipe(products, sizeof products);
    cepa_wipe(&a, sizeof a);
    cepa_wipe(&inverse, sizeof inverse);
}

/* Bit i of each scalar. */
static __mmask8 bits_of(uint8_t clamped[CEPA_IFMA_LANES][32], size_t i)
{
    unsigned bits = 0;
    for (size_t lane = 0; lane < CEPA_IFMA_LANES; lane++) {
        bits |= ((unsigned)(clamped[lane][i / 8] >> (i % 8)) & 1) << lane;
    }
    return (__mmask8)bits;
}

void cepa_x25519_batch_ifma(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count)
{
    static const uint64_t ones[CEPA_IFMA_LANES] = {1, 1, 1, 1, 1, 1, 1, 1};
    uint8_t clamped[CEPA_IFMA_LANES][32];
    struct lanes x, z;
    for (size_t i = 0; i < CEPA_IFMA_LANES; i++) {
        size_t source = i < count ? i : 0;
        struct field51 point;
        x25519_clamp(clamped[i], scalars + 32 * source);
        field51_from_bytes(&point, points + 32 * source);
        put_lane(&x, i, &point);
    }
    struct ifma_element x1;
    struct ladder state;
    memcpy(&x1, &x, sizeof x1);
    memset(&state, 0, sizeof state);
    memcpy(&state.x2, ones, sizeof ones);
    memcpy(&state.x3, &x, sizeof x);
    memcpy(&state.z3, ones, sizeof ones);
    __mmask8 previous = 0;
    for (size_t i = 255; i-- > 0;) {
        __mmask8 bits = bits_of(clamped, i);
        ladder_step(&state, bits ^ previous, &x1);
        previous = bits;
    }
    /* Bit 0 of a clamped scalar is 0, so the points stand in their own places. */
    state.x2 = ifma_carry(state.x2);
    state.z2 = ifma_carry(state.z2);
    memcpy(&x, &state.x2, sizeof x);
    memcpy(&z, &state.z2, sizeof z);
    divide(ret, &x, &z, count);
    cepa_wipe(clamped, sizeof clamped);
    cepa_wipe(&state, sizeof state);
    cepa_wipe(&x, sizeof x);
    cepa_wipe(&z, sizeof z);
}
