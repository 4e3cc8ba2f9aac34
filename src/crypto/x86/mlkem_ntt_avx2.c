/* The number-theoretic transform of ML-KEM and products of transforms with AVX2: a register holds a
 * row. The same steps in the same order as crypto/mlkem_ntt.c, whose bounds hold here too.
 * @[FIPS203 4.3] */
#include <immintrin.h>

#include "crypto/mlkem_kernels.h"

typedef __m256i row;

static inline row load(const int16_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

static inline void store(int16_t *to, row value)
{
    _mm256_storeu_si256((__m256i *)(void *)to, value);
}

static inline row all(int value)
{
    return _mm256_set1_epi16((int16_t)value);
}

/* multiply is cepa_mlkem_multiply on a row. */
static inline row multiply(row a, row b, row b_low)
{
    row quotient = _mm256_mullo_epi16(a, b_low);
    return _mm256_sub_epi16(_mm256_mulhi_epi16(a, b),
                            _mm256_mulhi_epi16(quotient, all(CEPA_MLKEM_Q)));
}

/* reduce is cepa_mlkem_reduce on a row. */
static inline row reduce(row a)
{
    row quotient = _mm256_mulhi_epi16(a, all(CEPA_MLKEM_BARRETT));
    /* Rounds (2^9 + quotient) / 2^10: x 2^5 / 2^15 is what the instruction computes. */
    quotient = _mm256_mulhrs_epi16(quotient, all(1 << 5));
    return _mm256_sub_epi16(a, _mm256_mullo_epi16(quotient, all(CEPA_MLKEM_Q)));
}

static inline void forward_step(row *x, row *y, row zeta, row zeta_low)
{
    row product = multiply(*y, zeta, zeta_low);
    *y = _mm256_sub_epi16(*x, product);
    *x = _mm256_add_epi16(*x, product);
}

static inline void inverse_step(row *x, row *y, row zeta, row zeta_low)
{
    row difference = _mm256_sub_epi16(*x, *y);
    *x = _mm256_add_epi16(*x, *y);
    *y = multiply(difference, zeta, zeta_low);
}

/* load_halves puts half `half` of rows i and i + 8 side by side, which is the part of a
 * transposition that crosses the middle of a register. */
static inline row load_halves(const int16_t *from, unsigned i, unsigned half)
{
    const int16_t *at = from + 16 * (size_t)i + 8 * (size_t)half;
    row low = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)at));
    return _mm256_inserti128_si256(low, _mm_loadu_si128((const __m128i *)(const void *)(at + 128)),
                                   1);
}

/* transpose_half gives rows 8 half to 8 half + 7 of the transposed matrix: interleaving upper and
 * lower half three times, as in crypto/mlkem_ntt.c. */
static inline void transpose_half(row ret[8], const int16_t *from, unsigned half)
{
    row a[8];
    for (unsigned i = 0; i < 8; i++) {
        ret[i] = load_halves(from, i, half);
    }
    for (unsigned i = 0; i < 4; i++) {
        a[2 * i] = _mm256_unpacklo_epi16(ret[i], ret[i + 4]);
        a[2 * i + 1] = _mm256_unpackhi_epi16(ret[i], ret[i + 4]);
    }
    for (unsigned i = 0; i < 4; i++) {
        ret[2 * i] = _mm256_unpacklo_epi16(a[i], a[i + 4]);
        ret[2 * i + 1] = _mm256_unpackhi_epi16(a[i], a[i + 4]);
    }
    for (unsigned i = 0; i < 8; i++) {
        a[i] = ret[i];
    }
    for (unsigned i = 0; i < 4; i++) {
        ret[2 * i] = _mm256_unpacklo_epi16(a[i], a[i + 4]);
        ret[2 * i + 1] = _mm256_unpackhi_epi16(a[i], a[i + 4]);
    }
}

/* transpose works in place too: both halves are read before the first is written. */
static inline void transpose(int16_t *to, const int16_t *from)
{
    row upper[8];
    row lower[8];
    transpose_half(upper, from, 0);
    transpose_half(lower, from, 1);
    for (unsigned i = 0; i < 8; i++) {
        store(to + 16 * i, upper[i]);
        store(to + 128 + 16 * i, lower[i]);
    }
}

void cepa_mlkem_ntt_arrange_avx2(struct cepa_mlkem_ntt *ret_ntt,
                                 const int16_t ordered[CEPA_MLKEM_N])
{
    transpose((int16_t *)(void *)ret_ntt, ordered);
}

/* forward_two_layers does two layers on four rows that lie `step` numbers apart, with scalar[i],
 * then scalar[2 i] and scalar[2 i + 1]. */
static inline void forward_two_layers(int16_t *to, const int16_t *from, size_t step, unsigned i)
{
    const int16_t *z = cepa_mlkem_forward_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_forward_twiddles.scalar_low;
    row a = load(from), b = load(from + step), c = load(from + 2 * step), d = load(from + 3 * step);
    forward_step(&a, &c, all(z[i]), all(z_low[i]));
    forward_step(&b, &d, all(z[i]), all(z_low[i]));
    forward_step(&a, &b, all(z[2 * i]), all(z_low[2 * i]));
    forward_step(&c, &d, all(z[2 * i + 1]), all(z_low[2 * i + 1]));
    store(to, a);
    store(to + step, b);
    store(to + 2 * step, c);
    store(to + 3 * step, d);
}

/* forward_last_layers does the three layers after the transposition, on the even or the odd rows.
 */
static inline void forward_last_layers(int16_t (*at)[16])
{
    const int16_t(*z)[16] = cepa_mlkem_forward_twiddles.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_forward_twiddles.lanes_low;
    row x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = load(at[2 * i]);
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_step(&x[i], &x[i + 4], load(z[0]), load(z_low[0]));
    }
    for (unsigned i = 0; i < 2; i++) {
        forward_step(&x[i], &x[i + 2], load(z[1]), load(z_low[1]));
        forward_step(&x[i + 4], &x[i + 6], load(z[2]), load(z_low[2]));
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_step(&x[2 * i], &x[2 * i + 1], load(z[3 + i]), load(z_low[3 + i]));
    }
    for (unsigned i = 0; i < 8; i++) {
        store(at[2 * i], x[i]);
    }
}

void cepa_mlkem_ntt_forward_avx2(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_poly *poly)
{
    int16_t *to = (int16_t *)(void *)ret_ntt;
    for (unsigned i = 0; i < 4; i++) {
        forward_two_layers(to + 16 * i, poly->at + 16 * i, 64, 1);
    }
    for (unsigned i = 0; i < 4; i++) {
        forward_two_layers(to + 64 * i, to + 64 * i, 16, 4 + i);
    }
    transpose(to, to);
    forward_last_layers(ret_ntt->row);
    forward_last_layers(ret_ntt->row + 1);
}

/* inverse_first_layers undoes forward_last_layers, from one place to another, and reduces first. */
static inline void inverse_first_layers(int16_t *to, const int16_t (*from)[16])
{
    const int16_t(*z)[16] = cepa_mlkem_inverse_twiddles.lanes;
    const int16_t(*z_low)[16] = cepa_mlkem_inverse_twiddles.lanes_low;
    row x[8];
    for (unsigned i = 0; i < 8; i++) {
        x[i] = reduce(load(from[2 * i]));
    }
    for (unsigned i = 0; i < 4; i++) {
        inverse_step(&x[2 * i], &x[2 * i + 1], load(z[3 + i]), load(z_low[3 + i]));
    }
    for (unsigned i = 0; i < 2; i++) {
        inverse_step(&x[i], &x[i + 2], load(z[1]), load(z_low[1]));
        inverse_step(&x[i + 4], &x[i + 6], load(z[2]), load(z_low[2]));
    }
    for (unsigned i = 0; i < 4; i++) {
        inverse_step(&x[i], &x[i + 4], load(z[0]), load(z_low[0]));
    }
    for (unsigned i = 0; i < 8; i++) {
        store(to + 32 * i, x[i]);
    }
}

/* inverse_middle_layers undoes the layers of distance 16 and 32 on block `i` of four. */
static inline void inverse_middle_layers(int16_t *at, unsigned i)
{
    const int16_t *z = cepa_mlkem_inverse_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_twiddles.scalar_low;
    row a = load(at), b = load(at + 16), c = load(at + 32), d = load(at + 48);
    inverse_step(&a, &b, all(z[8 + 2 * i]), all(z_low[8 + 2 * i]));
    inverse_step(&c, &d, all(z[9 + 2 * i]), all(z_low[9 + 2 * i]));
    a = reduce(a);
    c = reduce(c);
    inverse_step(&a, &c, all(z[4 + i]), all(z_low[4 + i]));
    inverse_step(&b, &d, all(z[4 + i]), all(z_low[4 + i]));
    store(at, a);
    store(at + 16, b);
    store(at + 32, c);
    store(at + 48, d);
}

/* inverse_last_layers undoes the layers of distance 64 and 128 and applies the last factor. */
static inline void inverse_last_layers(int16_t *at)
{
    const int16_t *z = cepa_mlkem_inverse_twiddles.scalar;
    const int16_t *z_low = cepa_mlkem_inverse_twiddles.scalar_low;
    row a = load(at), b = load(at + 64), c = load(at + 128), d = load(at + 192);
    inverse_step(&a, &b, all(z[2]), all(z_low[2]));
    inverse_step(&c, &d, all(z[3]), all(z_low[3]));
    inverse_step(&a, &c, all(z[1]), all(z_low[1]));
    inverse_step(&b, &d, all(z[1]), all(z_low[1]));
    store(at, multiply(a, all(z[0]), all(z_low[0])));
    store(at + 64, multiply(b, all(z[0]), all(z_low[0])));
    store(at + 128, c);
    store(at + 192, d);
}

void cepa_mlkem_ntt_inverse_avx2(struct cepa_mlkem_poly *ret_poly, const struct cepa_mlkem_ntt *ntt)
{
    int16_t *to = ret_poly->at;
    inverse_first_layers(to, ntt->row);
    inverse_first_layers(to + 16, ntt->row + 1);
    transpose(to, to);
    for (unsigned i = 0; i < 4; i++) {
        inverse_middle_layers(to + 64 * i, i);
    }
    for (unsigned i = 0; i < 4; i++) {
        inverse_last_layers(to + 16 * i);
    }
}

static inline void store_with_low(int16_t *to, int16_t *to_low, row value)
{
    store(to, value);
    store(to_low, _mm256_mullo_epi16(value, all(CEPA_MLKEM_Q_INVERSE)));
}

void cepa_mlkem_ntt_factor_avx2(struct cepa_mlkem_factor *ret_factor,
                                const struct cepa_mlkem_ntt *ntt)
{
    const struct cepa_mlkem_twiddles *twiddles = &cepa_mlkem_forward_twiddles;
    for (unsigned k = 0; k < 8; k++) {
        row even = reduce(load(ntt->row[2 * k]));
        row odd = reduce(load(ntt->row[2 * k + 1]));
        row odd_gamma =
            multiply(odd, load(twiddles->lanes[3 + k / 2]), load(twiddles->lanes_low[3 + k / 2]));
        odd_gamma = k % 2 == 0 ? odd_gamma : _mm256_sub_epi16(all(0), odd_gamma);
        store_with_low(ret_factor->even[k], ret_factor->even_low[k], even);
        store_with_low(ret_factor->odd[k], ret_factor->odd_low[k], odd);
        store_with_low(ret_factor->odd_gamma[k], ret_factor->odd_gamma_low[k], odd_gamma);
    }
}

void cepa_mlkem_ntt_dot_avx2(struct cepa_mlkem_ntt *ret_ntt,
                             const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                             const struct cepa_mlkem_factor b[CEPA_MLKEM_K])
{
    for (unsigned k = 0; k < 8; k++) {
        row even = all(0);
        row odd = all(0);
        for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
            row a0 = load(a[i].row[2 * k]);
            row a1 = load(a[i].row[2 * k + 1]);
            row b0 = load(b[i].even[k]), b0_low = load(b[i].even_low[k]);
            row b1 = load(b[i].odd[k]), b1_low = load(b[i].odd_low[k]);
            row bg = load(b[i].odd_gamma[k]), bg_low = load(b[i].odd_gamma_low[k]);
            even = _mm256_add_epi16(even, multiply(a0, b0, b0_low));
            even = _mm256_add_epi16(even, multiply(a1, bg, bg_low));
            odd = _mm256_add_epi16(odd, multiply(a0, b1, b1_low));
            odd = _mm256_add_epi16(odd, multiply(a1, b0, b0_low));
        }
        store(ret_ntt->row[2 * k], even);
        store(ret_ntt->row[2 * k + 1], odd);
    }
}
