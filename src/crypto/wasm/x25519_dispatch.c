/* X25519 with SIMD128: the Montgomery ladder on pairs of field elements, so that each
 * multiplication of the ladder is done together with an independent one. @[RFC7748 5]
 *
 * An element of the field modulo p = 2^255 - 19 has ten limbs of 26 and 25 bits by turns, limb i at
 * bit ceil(25.5 i). A pair keeps two elements, limbs 2k and 2k + 1 of both in vector k:
 *
 *     lanes of vector k:  limb 2k of the first | of the second | limb 2k + 1 of the first | second
 *
 * Limbs that come out of a product are below 2^26 and 2^25 + 2^16; a sum or a difference of two
 * such, with 2 p added, is below 2^27.6 and 2^26.6. Products take both: 19 times a limb still fits
 * 32 bits and a column of ten products stays below 2^62.2. */
#include <string.h>
#include <wasm_simd128.h>

#include "base/ct.h"
#include "crypto/x25519_arch.h"
#include <sodium.h>

enum { LIMBS = 10, VECTORS = 5, SCALAR_BITS = 255, A24 = 121665 };

struct pair {
    v128_t at[VECTORS];
};

/* Two elements that have not been carried, limb by limb. */
struct wide_pair {
    v128_t limb[LIMBS];
};

/* What a multiplication needs of its factors. */
struct left_factor {
    v128_t doubled[VECTORS]; /* as it is, the odd limbs times 2 */
    v128_t swapped[VECTORS]; /* odd limbs first */
};

static v128_t swap_elements(v128_t vector)
{
    return wasm_i32x4_shuffle(vector, vector, 1, 0, 3, 2);
}

static v128_t swap_limbs(v128_t vector)
{
    return wasm_i32x4_shuffle(vector, vector, 2, 3, 0, 1);
}

/* Carries from limb `from` to the next one. */
__attribute__((always_inline)) static inline void carry(struct wide_pair *wide, int from)
{
    uint32_t bits = from % 2 == 0 ? 26 : 25;
    v128_t mask = wasm_i64x2_splat((int64_t)(((uint64_t)1 << bits) - 1));
    v128_t over = wasm_u64x2_shr(wide->limb[from], bits);
    wide->limb[from] = wasm_v128_and(wide->limb[from], mask);
    if (from + 1 < LIMBS) {
        wide->limb[from + 1] = wasm_i64x2_add(wide->limb[from + 1], over);
        return;
    }
    /* 2^255 is 19. */
    v128_t times_3 = wasm_i64x2_add(over, wasm_i64x2_shl(over, 1));
    v128_t times_19 = wasm_i64x2_add(times_3, wasm_i64x2_shl(over, 4));
    wide->limb[0] = wasm_i64x2_add(wide->limb[0], times_19);
}

/* Two chains of carries side by side, the second one five limbs ahead. */
__attribute__((always_inline)) static inline void carry_all(struct pair *ret_pair,
                                                            struct wide_pair *wide)
{
    carry(wide, 0);
    carry(wide, 4);
    carry(wide, 1);
    carry(wide, 5);
    carry(wide, 2);
    carry(wide, 6);
    carry(wide, 3);
    carry(wide, 7);
    carry(wide, 4);
    carry(wide, 8);
    carry(wide, 9);
    carry(wide, 0);
    for (int k = 0; k < VECTORS; k++) {
        ret_pair->at[k] = wasm_i32x4_shuffle(wide->limb[2 * k], wide->limb[2 * k + 1], 0, 2, 4, 6);
    }
}

__attribute__((always_inline)) static inline void accumulate(struct wide_pair *sum, int limb,
                                                             v128_t product)
{
    sum->limb[limb % LIMBS] = wasm_i64x2_add(sum->limb[limb % LIMBS], product);
}

/* ret_pair = f g, element by element. 100 products of each. */
__attribute__((noinline)) static void multiply(struct pair *ret_pair, const struct pair *f,
                                               const struct pair *g)
{
    const v128_t odd = wasm_i32x4_const(0, 0, -1, -1);
    struct wide_pair sum;
    v128_t by_19[VECTORS];
    memset(&sum, 0, sizeof sum);
    for (int b = 0; b < VECTORS; b++) {
        by_19[b] = wasm_i32x4_mul(g->at[b], wasm_i32x4_splat(19));
    }
#pragma clang loop unroll(full)
    for (int a = 0; a < VECTORS; a++) {
        v128_t doubled = wasm_i32x4_add(f->at[a], wasm_v128_and(f->at[a], odd));
        v128_t swapped = swap_limbs(f->at[a]);
#pragma clang loop unroll(full)
        for (int b = 0; b < VECTORS; b++) {
            int limb = 2 * (a + b);
            v128_t near = limb < LIMBS ? g->at[b] : by_19[b];
            v128_t far = limb + 2 < LIMBS ? g->at[b] : by_19[b];
            accumulate(&sum, limb, wasm_u64x2_extmul_low_u32x4(doubled, near));
            accumulate(&sum, limb + 1, wasm_u64x2_extmul_low_u32x4(swapped, near));
            accumulate(&sum, limb + 1, wasm_u64x2_extmul_high_u32x4(swapped, near));
            accumulate(&sum, limb + 2, wasm_u64x2_extmul_high_u32x4(doubled, far));
        }
    }
    carry_all(ret_pair, &sum);
}

/* ret_pair = f f, element by element. 55 products of each. */
__attribute__((noinline)) static void square(struct pair *ret_pair, const struct pair *f)
{
    const v128_t odd = wasm_i32x4_const(0, 0, -1, -1);
    struct wide_pair sum;
    v128_t by_19[VECTORS];
    memset(&sum, 0, sizeof sum);
    for (int b = 0; b < VECTORS; b++) {
        by_19[b] = wasm_i32x4_mul(f->at[b], wasm_i32x4_splat(19));
    }
#pragma clang loop unroll(full)
    for (int a = 0; a < VECTORS; a++) {
        v128_t single = wasm_i32x4_add(f->at[a], wasm_v128_and(f->at[a], odd));
        v128_t twice = wasm_i32x4_add(single, single);
        v128_t crossed = swap_limbs(wasm_i32x4_add(f->at[a], f->at[a]));
#pragma clang loop unroll(full)
        for (int b = 0; b < VECTORS; b++) {
            int limb = 2 * (a + b);
            v128_t near = limb < LIMBS ? f->at[b] : by_19[b];
            v128_t far = limb + 2 < LIMBS ? f->at[b] : by_19[b];
            accumulate(&sum, limb + 1, wasm_u64x2_extmul_low_u32x4(crossed, near));
            if (b >= a) {
                v128_t factor = b == a ? single : twice;
                accumulate(&sum, limb, wasm_u64x2_extmul_low_u32x4(factor, near));
                accumulate(&sum, limb + 2, wasm_u64x2_extmul_high_u32x4(factor, far));
            }
        }
    }
    carry_all(ret_pair, &sum);
}

/* 2 p, limb by limb, and 1 to make a negation of a complement; for one element of a pair. */
static v128_t bias(int vector, int element)
{
    int32_t even = (vector == 0 ? (1 << 27) - 38 : (1 << 27) - 2) + 1;
    int32_t uneven = (1 << 26) - 2 + 1;
    return element == 0 ? wasm_i32x4_make(even, 0, uneven, 0) : wasm_i32x4_make(0, even, 0, uneven);
}

/* ret_pair = (x + z, x - z) of a pair (x, z). */
static void sum_and_difference(struct pair *ret_pair, const struct pair *xz)
{
    const v128_t second = wasm_i32x4_const(0, -1, 0, -1);
    for (int k = 0; k < VECTORS; k++) {
        v128_t negated = wasm_i32x4_add(wasm_v128_xor(xz->at[k], second), bias(k, 1));
        ret_pair->at[k] = wasm_i32x4_add(swap_elements(xz->at[k]), negated);
    }
}

/* ret_pair = (x - z, x + z) of a pair (x, z). */
static void difference_and_sum(struct pair *ret_pair, const struct pair *xz)
{
    const v128_t first = wasm_i32x4_const(-1, 0, -1, 0);
    for (int k = 0; k < VECTORS; k++) {
        v128_t swapped = swap_elements(xz->at[k]);
        v128_t negated = wasm_i32x4_add(wasm_v128_xor(swapped, first), bias(k, 0));
        ret_pair->at[k] = wasm_i32x4_add(xz->at[k], negated);
    }
}

/* Exchanges two pairs if `mask` is all ones, not if it is 0. */
static void exchange(struct pair *p, struct pair *q, uint32_t mask)
{
    v128_t chosen = wasm_i32x4_splat((int32_t)cepa_ct_barrier(mask));
    for (int k = 0; k < VECTORS; k++) {
        v128_t change = wasm_v128_and(wasm_v128_xor(p->at[k], q->at[k]), chosen);
        p->at[k] = wasm_v128_xor(p->at[k], change);
        q->at[k] = wasm_v128_xor(q->at[k], change);
    }
}

/* One step: p2 = (x2, z2) is doubled, p3 = (x3, z3) becomes p2 + p3. `base` is (x1, A24). The names
 * in the comments are those of RFC 7748. */
__attribute__((noinline)) static void ladder_step(struct pair *p2, struct pair *p3,
                                                  const struct pair *base)
{
    const v128_t second = wasm_i32x4_const(0, -1, 0, -1);
    struct pair sums, other_sums, squares, products, e, factors;
    sum_and_difference(&sums, p2);           /* (A, B) */
    difference_and_sum(&other_sums, p3);     /* (D, C) */
    multiply(&products, &sums, &other_sums); /* (DA, CB) */
    square(&squares, &sums);                 /* (AA, BB) */
    sum_and_difference(&e, &squares);        /* (AA + BB, E) */
    sum_and_difference(&products, &products);
    square(p3, &products); /* (x3, (DA - CB)^2) */
    for (int k = 0; k < VECTORS; k++) {
        factors.at[k] = wasm_i32x4_shuffle(p3->at[k], e.at[k], 1, 5, 3, 7);
    }
    multiply(&products, &factors, base); /* (z3, A24 E) */
    for (int k = 0; k < VECTORS; k++) {
        v128_t scaled = wasm_v128_and(products.at[k], second);
        p3->at[k] = wasm_i32x4_shuffle(p3->at[k], products.at[k], 0, 4, 2, 6);
        /* (BB, AA + A24 E) and (AA, E) */
        factors.at[k] = wasm_i32x4_add(swap_elements(squares.at[k]), scaled);
        e.at[k] = wasm_i32x4_shuffle(squares.at[k], e.at[k], 0, 5, 2, 7);
    }
    multiply(p2, &e, &factors); /* (x2, z2) */
}

__attribute__((noinline)) static void square_times(struct pair *ret_pair, const struct pair *f,
                                                   int times)
{
    square(ret_pair, f);
    for (int i = 1; i < times; i++) {
        square(ret_pair, ret_pair);
    }
}

/* ret_pair = z^(p - 2), that is 1 / z, by 254 squarings and 11 products. Named after exponents. */
static void invert(struct pair *ret_pair, const struct pair *z)
{
    struct pair z_9, z_11, z_5_0, z_10_0, z_50_0, t;
    square(&t, z);
    square_times(&z_9, &t, 2);
    multiply(&z_9, &z_9, z);
    multiply(&z_11, &z_9, &t);
    square(&t, &z_11);
    multiply(&z_5_0, &t, &z_9); /* 2^5 - 2^0, and so on */
    square_times(&t, &z_5_0, 5);
    multiply(&z_10_0, &t, &z_5_0);
    square_times(&t, &z_10_0, 10);
    multiply(&z_50_0, &t, &z_10_0); /* 2^20 - 2^0 for now */
    square_times(&t, &z_50_0, 20);
    multiply(&t, &t, &z_50_0);
    square_times(&t, &t, 10);
    multiply(&z_50_0, &t, &z_10_0);
    square_times(&t, &z_50_0, 50);
    multiply(&z_10_0, &t, &z_50_0); /* 2^100 - 2^0 */
    square_times(&t, &z_10_0, 100);
    multiply(&t, &t, &z_10_0);
    square_times(&t, &t, 50);
    multiply(&t, &t, &z_50_0);
    square_times(&t, &t, 5);
    multiply(ret_pair, &t, &z_11);
}

/* Where limb `i` begins. */
static uint32_t limb_position(uint32_t i)
{
    return (51 * i + 1) / 2;
}

__attribute__((noinline)) static void load(uint32_t ret_limbs[LIMBS], const uint8_t bytes[32])
{
    for (uint32_t i = 0; i < LIMBS; i++) {
        uint32_t position = limb_position(i);
        uint32_t limb = 0;
        for (uint32_t bit = position; bit < limb_position(i + 1); bit++) {
            limb |= (uint32_t)((bytes[bit / 8] >> (bit % 8)) & 1) << (bit - position);
        }
        ret_limbs[i] = limb;
    }
}

/* Writes limbs as they come out of a product; the number is reduced completely. */
__attribute__((noinline)) static void store(uint8_t ret_bytes[32], uint32_t limbs[LIMBS])
{
    /* Twice around: the number is then below 2^255 and each limb in its range. */
    for (int round = 0; round < 2; round++) {
        uint32_t over = 0;
        for (uint32_t i = 0; i < LIMBS; i++) {
            uint32_t bits = 26 - i % 2;
            limbs[i] += over;
            over = limbs[i] >> bits;
            limbs[i] &= ((uint32_t)1 << bits) - 1;
        }
        limbs[0] += 19 * over;
    }
    /* If 19 more reach 2^255 the number is not below p, and is less p what is then left of it. */
    uint32_t over = 19;
    for (uint32_t i = 0; i < LIMBS; i++) {
        over = (limbs[i] + over) >> (26 - i % 2);
    }
    over *= 19;
    memset(ret_bytes, 0, 32);
    for (uint32_t i = 0; i < LIMBS; i++) {
        uint32_t position = limb_position(i);
        uint32_t limb = limbs[i] + over;
        over = limb >> (26 - i % 2);
        for (uint32_t bit = position; bit < limb_position(i + 1); bit++) {
            ret_bytes[bit / 8] |= (uint8_t)(((limb >> (bit - position)) & 1) << (bit % 8));
        }
    }
}

static void make_pair(struct pair *ret_pair, const uint32_t first[LIMBS],
                      const uint32_t second[LIMBS])
{
    for (int k = 0; k < VECTORS; k++) {
        ret_pair->at[k] =
            wasm_u32x4_make(first[2 * k], second[2 * k], first[2 * k + 1], second[2 * k + 1]);
    }
}

void cepa_arch_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                      uint32_t cpu)
{
    const uint32_t zero[LIMBS] = {0}, one[LIMBS] = {1}, a24[LIMBS] = {A24};
    struct {
        struct pair p2, p3, base, inverse;
        uint32_t limbs[LIMBS];
        uint8_t clamped[32];
    } work;
    uint32_t exchanged = 0;
    (void)cpu;
    x25519_clamp(work.clamped, scalar);
    load(work.limbs, point);
    make_pair(&work.base, work.limbs, a24);
    make_pair(&work.p2, one, zero);
    make_pair(&work.p3, work.limbs, one);
    for (uint32_t bit = SCALAR_BITS; bit-- > 0;) {
        uint32_t mask = (uint32_t)0 - (uint32_t)((work.clamped[bit / 8] >> (bit % 8)) & 1);
        exchange(&work.p2, &work.p3, mask ^ exchanged);
        exchanged = mask;
        ladder_step(&work.p2, &work.p3, &work.base);
    }
    /* The last bit of a clamped scalar is 0, so nothing is left to exchange. */
    for (int k = 0; k < VECTORS; k++) {
        work.base.at[k] = swap_elements(work.p2.at[k]);
    }
    invert(&work.inverse, &work.base);
    multiply(&work.p2, &work.p2, &work.inverse);
    for (int k = 0; k < VECTORS; k++) {
        work.limbs[2 * k] = wasm_u32x4_extract_lane(work.p2.at[k], 0);
        work.limbs[2 * k + 1] = wasm_u32x4_extract_lane(work.p2.at[k], 2);
    }
    store(ret, work.limbs);
    cepa_wipe(&work, sizeof work);
}

/* The base point has a table in libsodium. Its result is not asked for: it cannot fail. */
void cepa_arch_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu)
{
    (void)cpu;
    int error = crypto_scalarmult_curve25519_base(ret, scalar);
    (void)error;
}

void cepa_arch_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count, uint32_t cpu)
{
    for (size_t i = 0; i < count; i++) {
        cepa_arch_x25519(ret + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}

void cepa_arch_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                            const uint8_t *points, size_t count, uint32_t cpu)
{
    for (size_t i = 0; i < count; i++) {
        cepa_arch_x25519_base(ret_publics + 32 * i, scalars + 32 * i, cpu);
        cepa_arch_x25519(ret_secrets + 32 * i, scalars + 32 * i, points + 32 * i, cpu);
    }
}
