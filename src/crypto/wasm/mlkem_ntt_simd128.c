/* The number-theoretic transform of ML-KEM and products of transforms for WebAssembly: a vector
 * holds half a row. The steps are those of crypto/mlkem_ntt.c with Barrett's products.
 *
 * Why nothing overflows: seven layers bring |x| <= q to less than 6 q. The inverse starts from
 * |x| <= 0.57 q and reaches 9.1 q in the fourth layer, where sums are reduced to 0.65 q; the sums
 * that are not, of products, reach 7.7 q at most before the last factor.
 *
 * A factor holds, where portable code keeps planes, what one instruction multiplies and adds up:
 * (b0, b1 gamma) and (b1, b0) number by number. @[FIPS203 4.3] */
#include "crypto/mlkem_transpose.h"
#include "crypto/wasm/mlkem_simd128.h"

/* The factor's 16-bit numbers in the order of this file. */
struct interleaved {
    int16_t even[8][32]; /* b0, b1 gamma, b0, b1 gamma, ... */
    int16_t odd[8][32];  /* b1, b0, b1, b0, ... */
};

_Static_assert(sizeof(struct interleaved) <= sizeof(struct cepa_mlkem_factor), "fits into it");

static inline void forward_step(cepa_i16x8 *x, cepa_i16x8 *y, cepa_i16x8 zeta, cepa_i16x8 companion)
{
    cepa_i16x8 product = cepa_mlkem_simd128_multiply(*y, zeta, companion);
    *y = cepa_i16x8_subtract(*x, product);
    *x = cepa_i16x8_add(*x, product);
}

static inline void inverse_step(cepa_i16x8 *x, cepa_i16x8 *y, cepa_i16x8 zeta, cepa_i16x8 companion)
{
    cepa_i16x8 difference = cepa_i16x8_subtract(*x, *y);
    *x = cepa_i16x8_add(*x, *y);
    *y = cepa_mlkem_simd128_multiply(difference, zeta, companion);
}

/* forward_two_layers does two layers on four vectors that lie `step` numbers apart, with scalar[i],
 * then scalar[2 i] and scalar[2 i + 1]. */
static inline void forward_two_layers(int16_t *to, const int16_t *from, unsigned step, unsigned i)
{
    const int16_t *z = cepa_mlkem_forward_simd128.scalar;
    const int16_t *z_low = cepa_mlkem_forward_simd128.scalar_low;
    cepa_i16x8 a = cepa_i16x8_load(from), b = cepa_i16x8_load(from + step);
    cepa_i16x8 c = cepa_i16x8_load(from + 2 * step), d = cepa_i16x8_load(from + 3 * step);
    forward_step(&a, &c, cepa_i16x8_all(z[i]), cepa_i16x8_all(z_low[i]));
    forward_step(&b, &d, cepa_i16x8_all(z[i]), cepa_i16x8_all(z_low[i]));
    forward_step(&a, &b, cepa_i16x8_all(z[2 * i]), cepa_i16x8_all(z_low[2 * i]));
    forward_step(&c, &d, cepa_i16x8_all(z[2 * i + 1]), cepa_i16x8_all(z_low[2 * i + 1]));
    cepa_i16x8_store(to, a);
    cepa_i16x8_store(to + step, b);
    cepa_i16x8_store(to + 2 * step, c);
    cepa_i16x8_store(to + 3 * step, d);
}

/* forward_last_layers does the three layers after the transposition on half of the even or of the
 * odd rows: `at` is the half's first number, `half` 0 or 8. */
static inline void forward_last_layers(int16_t *at, unsigned half)
{
    const int16_t(*z)[16] = cepa_mlkem_forward_simd128.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_forward_simd128.lanes_low;
    cepa_i16x8 x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = cepa_i16x8_load(at + 32 * i);
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_step(&x[i], &x[i + 4], cepa_i16x8_load(z[0] + half),
                     cepa_i16x8_load(z_low[0] + half));
    }
    for (unsigned i = 0; i < 2; i++) {
        forward_step(&x[i], &x[i + 2], cepa_i16x8_load(z[1] + half),
                     cepa_i16x8_load(z_low[1] + half));
        forward_step(&x[i + 4], &x[i + 6], cepa_i16x8_load(z[2] + half),
                     cepa_i16x8_load(z_low[2] + half));
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_step(&x[2 * i], &x[2 * i + 1], cepa_i16x8_load(z[3 + i] + half),
                     cepa_i16x8_load(z_low[3 + i] + half));
    }
    for (unsigned i = 0; i < 8; i++) {
        cepa_i16x8_store(at + 32 * i, x[i]);
    }
}

void cepa_mlkem_ntt_forward_simd128(struct cepa_mlkem_ntt *ret_ntt,
                                    const struct cepa_mlkem_poly *poly)
{
    int16_t *to = (int16_t *)(void *)ret_ntt;
    for (unsigned i = 0; i < 64; i += 8) {
        forward_two_layers(to + i, poly->at + i, 64, 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_two_layers(to + 64 * i, to + 64 * i, 16, 4 + i);
        forward_two_layers(to + 64 * i + 8, to + 64 * i + 8, 16, 4 + i);
    }
    cepa_mlkem_transpose_in_place(to);
    for (unsigned half = 0; half < 16; half += 8) {
        forward_last_layers(to + half, half);
        forward_last_layers(to + 16 + half, half);
    }
}

/* inverse_first_layers undoes forward_last_layers, from one place to another, and reduces first. */
static inline void inverse_first_layers(int16_t *to, const int16_t *from, unsigned half)
{
    const int16_t(*z)[16] = cepa_mlkem_inverse_simd128.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_inverse_simd128.lanes_low;
    cepa_i16x8 x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = cepa_mlkem_simd128_reduce(cepa_i16x8_load(from + 32 * i));
    }
    for (unsigned i = 0; i < 4; i++) {
        inverse_step(&x[2 * i], &x[2 * i + 1], cepa_i16x8_load(z[3 + i] + half),
                     cepa_i16x8_load(z_low[3 + i] + half));
    }
    for (unsigned i = 0; i < 2; i++) {
        inverse_step(&x[i], &x[i + 2], cepa_i16x8_load(z[1] + half),
                     cepa_i16x8_load(z_low[1] + half));
        inverse_step(&x[i + 4], &x[i + 6], cepa_i16x8_load(z[2] + half),
                     cepa_i16x8_load(z_low[2] + half));
    }
    for (unsigned i = 0; i < 4; i++) {
        inverse_step(&x[i], &x[i + 4], cepa_i16x8_load(z[0] + half),
                     cepa_i16x8_load(z_low[0] + half));
    }
    for (unsigned i = 0; i < 8; i++) {
        cepa_i16x8_store(to + 32 * i, x[i]);
    }
}

/* inverse_middle_layers undoes the layers of distance 16 and 32 on half of block `i` of four. */
static inline void inverse_middle_layers(int16_t *at, unsigned i)
{
    const int16_t *z = cepa_mlkem_inverse_simd128.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_simd128.scalar_low;
    cepa_i16x8 a = cepa_i16x8_load(at), b = cepa_i16x8_load(at + 16), c = cepa_i16x8_load(at + 32),
               d = cepa_i16x8_load(at + 48);
    inverse_step(&a, &b, cepa_i16x8_all(z[8 + 2 * i]), cepa_i16x8_all(z_low[8 + 2 * i]));
    inverse_step(&c, &d, cepa_i16x8_all(z[9 + 2 * i]), cepa_i16x8_all(z_low[9 + 2 * i]));
    a = cepa_mlkem_simd128_reduce(a);
    c = cepa_mlkem_simd128_reduce(c);
    inverse_step(&a, &c, cepa_i16x8_all(z[4 + i]), cepa_i16x8_all(z_low[4 + i]));
    inverse_step(&b, &d, cepa_i16x8_all(z[4 + i]), cepa_i16x8_all(z_low[4 + i]));
    cepa_i16x8_store(at, a);
    cepa_i16x8_store(at + 16, b);
    cepa_i16x8_store(at + 32, c);
    cepa_i16x8_store(at + 48, d);
}

/* inverse_last_layers undoes the layers of distance 64 and 128 and applies the last factor. */
static inline void inverse_last_layers(int16_t *at)
{
    const int16_t *z = cepa_mlkem_inverse_simd128.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_simd128.scalar_low;
    cepa_i16x8 last = cepa_i16x8_all(z[0]), last_low = cepa_i16x8_all(z_low[0]);
    cepa_i16x8 a = cepa_i16x8_load(at), b = cepa_i16x8_load(at + 64), c = cepa_i16x8_load(at + 128),
               d = cepa_i16x8_load(at + 192);
    inverse_step(&a, &b, cepa_i16x8_all(z[2]), cepa_i16x8_all(z_low[2]));
    inverse_step(&c, &d, cepa_i16x8_all(z[3]), cepa_i16x8_all(z_low[3]));
    inverse_step(&a, &c, cepa_i16x8_all(z[1]), cepa_i16x8_all(z_low[1]));
    inverse_step(&b, &d, cepa_i16x8_all(z[1]), cepa_i16x8_all(z_low[1]));
    cepa_i16x8_store(at, cepa_mlkem_simd128_multiply(a, last, last_low));
    cepa_i16x8_store(at + 64, cepa_mlkem_simd128_multiply(b, last, last_low));
    cepa_i16x8_store(at + 128, c);
    cepa_i16x8_store(at + 192, d);
}

void cepa_mlkem_ntt_inverse_simd128(struct cepa_mlkem_poly *ret_poly,
                                    const struct cepa_mlkem_ntt *ntt)
{
    int16_t *to = ret_poly->at;
    const int16_t *from = (const int16_t *)(const void *)ntt;
    for (unsigned half = 0; half < 16; half += 8) {
        inverse_first_layers(to + half, from + half, half);
        inverse_first_layers(to + 16 + half, from + 16 + half, half);
    }
    cepa_mlkem_transpose_in_place(to);
    for (unsigned i = 0; i < 4; i++) {
        inverse_middle_layers(to + 64 * i, i);
        inverse_middle_layers(to + 64 * i + 8, i);
    }
    for (unsigned i = 0; i < 64; i += 8) {
        inverse_last_layers(to + i);
    }
}

void cepa_mlkem_ntt_factor_simd128(struct cepa_mlkem_factor *ret_factor,
                                   const struct cepa_mlkem_ntt *ntt)
{
    const struct cepa_mlkem_twiddles *twiddles = &cepa_mlkem_forward_simd128;
    struct interleaved *to = (struct interleaved *)(void *)ret_factor;
    for (unsigned k = 0; k < 8; k++) {
        for (unsigned half = 0; half < 16; half += 8) {
            cepa_i16x8 b0 = cepa_mlkem_simd128_reduce(cepa_i16x8_load(ntt->row[2 * k] + half));
            cepa_i16x8 b1 = cepa_mlkem_simd128_reduce(cepa_i16x8_load(ntt->row[2 * k + 1] + half));
            cepa_i16x8 b1_gamma =
                cepa_mlkem_simd128_multiply(b1, cepa_i16x8_load(twiddles->lanes[3 + k / 2] + half),
                                            cepa_i16x8_load(twiddles->lanes_low[3 + k / 2] + half));
            b1_gamma = k % 2 == 0 ? b1_gamma : -b1_gamma;
            cepa_i16x8_store(to->even[k] + 2 * half, cepa_mlkem_lanes_low(b0, b1_gamma));
            cepa_i16x8_store(to->even[k] + 2 * half + 8, cepa_mlkem_lanes_high(b0, b1_gamma));
            cepa_i16x8_store(to->odd[k] + 2 * half, cepa_mlkem_lanes_low(b1, b0));
            cepa_i16x8_store(to->odd[k] + 2 * half + 8, cepa_mlkem_lanes_high(b1, b0));
        }
    }
}

/* montgomery gives x / 2^16 modulo q of eight sums of products, |x| <= 2 q. The product with q's
 * inverse keeps only the lower half of each sum, since the upper half is multiplied by 0. */
static inline cepa_i16x8 montgomery(cepa_i32x4 low, cepa_i32x4 high)
{
    const cepa_i16x8 inverse = {CEPA_MLKEM_Q_INVERSE, 0, CEPA_MLKEM_Q_INVERSE, 0,
                                CEPA_MLKEM_Q_INVERSE, 0, CEPA_MLKEM_Q_INVERSE, 0};
    const cepa_i16x8 q = cepa_i16x8_all(CEPA_MLKEM_Q);
    low -= cepa_i16x8_dot(cepa_i16x8_multiply((cepa_i16x8)low, inverse), q);
    high -= cepa_i16x8_dot(cepa_i16x8_multiply((cepa_i16x8)high, inverse), q);
    return cepa_i32x4_narrow(low >> 16, high >> 16);
}

/* dot_half adds up the products of half a pair of rows, `at` numbers from the transforms' begin. */
static inline void dot_half(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_ntt *a,
                            const struct cepa_mlkem_factor *b, unsigned k, unsigned half)
{
    cepa_i32x4 even_low = {0}, even_high = {0}, odd_low = {0}, odd_high = {0};
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        const struct interleaved *factor = (const struct interleaved *)(const void *)&b[i];
        const int16_t *even = factor->even[k] + 2 * half;
        const int16_t *odd = factor->odd[k] + 2 * half;
        cepa_i16x8 a0 = cepa_i16x8_load(a[i].row[2 * k] + half);
        cepa_i16x8 a1 = cepa_i16x8_load(a[i].row[2 * k + 1] + half);
        cepa_i16x8 low = cepa_mlkem_lanes_low(a0, a1);
        cepa_i16x8 high = cepa_mlkem_lanes_high(a0, a1);
        even_low += cepa_i16x8_dot(low, cepa_i16x8_load(even));
        even_high += cepa_i16x8_dot(high, cepa_i16x8_load(even + 8));
        odd_low += cepa_i16x8_dot(low, cepa_i16x8_load(odd));
        odd_high += cepa_i16x8_dot(high, cepa_i16x8_load(odd + 8));
    }
    cepa_i16x8_store(ret_ntt->row[2 * k] + half, montgomery(even_low, even_high));
    cepa_i16x8_store(ret_ntt->row[2 * k + 1] + half, montgomery(odd_low, odd_high));
}

void cepa_mlkem_ntt_dot_simd128(struct cepa_mlkem_ntt *ret_ntt,
                                const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                                const struct cepa_mlkem_factor b[CEPA_MLKEM_K])
{
    for (unsigned k = 0; k < 8; k++) {
        dot_half(ret_ntt, a, b, k, 0);
        dot_half(ret_ntt, a, b, k, 8);
    }
}
