/* The transform and products of ML-DSA with AVX2, eight coefficients in a register.
 * @[FIPS204 7.5]
 *
 * The first five layers pair whole registers. For the last three, eight registers are transposed,
 * so that these layers pair whole registers too, and each lane has a factor of its own. */
#include <immintrin.h>

#include "crypto/mldsa_reduce.h"

enum {
    LANES = 8,                 /* coefficients in a register */
    REGISTERS = 8,             /* that are worked on at once */
    BLOCK = LANES * REGISTERS, /* coefficients in them */
    BLOCKS = CEPA_MLDSA_DEGREE / BLOCK,
    UNIFORM = 32,              /* factors of the first five layers, one for all lanes */
    BLOCK_FACTORS = 7 * LANES, /* factors of the last three layers in one block */
};

/* Powers of 1753 times 2^32 modulo q, centred, by their place in the transform: first those of the
 * first five layers, then for each block of 64 coefficients the lanes' factors: of the layer of
 * distance 4, of the two halves of the layer of distance 2, of the four quarters of the last. */
static const int32_t zetas[CEPA_MLDSA_DEGREE] = {
    -4186625, 25847,    -2608894, -518909,  237124,   -777960,  -876248,  466468,   1826347,
    2353451,  -359251,  -2091905, 3119733,  -2884855, 3111497,  2680103,  2725464,  1024112,
    -1079900, 3585928,  -549488,  -1119584, 2619752,  -2108549, -2118186, -3859737, -1399561,
    -3277672, 1757237,  -19422,   4010497,  280005,   2706023,  95776,    3077325,  3530437,
    -1661693, -3592148, -2537516, 3915439,  -3930395, -3677745, -1452451, 2176455,  -1257611,
    -4083598, -3190144, -3632928, -1528703, -3041255, 3475950,  -1585221, 1939314,  -1000202,
    -3157330, 126922,   2091667,  -3342478, 266997,   -3520352, 900702,   495491,   -655327,
    -3556995, 3407706,  2244091,  2434439,  -3759364, 1859098,  -1613174, -3122442, -525098,
    2316500,  -2446433, -1235728, -1197226, 909542,   -43260,   2031748,  -768622,  3817976,
    -3562462, 3513181,  -3193378, 819034,   -522500,  3207046,  -3595838, -3861115, -3043716,
    3574422,  -2867647, 3539968,  -300467,  2348700,  -539299,  3412210,  2147896,  -2967645,
    -411027,  -671102,  -22981,   -381987,  1852771,  -983419,  2715295,  -3693493, -2477047,
    -1228525, -1308169, 1349076,  -1430430, 342297,   3437287,  2842341,  4055324,  -3767016,
    -2994039, -1333058, -451100,  286988,   -3342277, 2691481,  1247620,  1250494,  1869119,
    1237275,  1312455,  -2437823, 1735879,  -2590150, 2486353,  2635921,  1903435,  -3318210,
    3306115,  4108315,  203044,   1265009,  1595974,  -3548272, -1050970, -1430225, -1962642,
    -1699267, -1643818, 3505694,  -3821735, 3507263,  -2140649, -1600420, 3699596,  -3343383,
    508951,   44288,    904516,   -3724342, 1653064,  2389356,  759969,   264944,   3097992,
    -1100098, 3958618,  -8578,    -3249728, -210977,  -1316856, -1279661, 1500165,  -542412,
    -2584293, -2013608, 1957272,  -3183426, 810149,   1917081,  777191,   -2831860, -3724270,
    2432395,  3369112,  162844,   1652634,  -2546312, 2235880,  -1671176, 594136,   2454455,
    185531,   1616392,  -3694233, -1374803, 3406031,  -1846953, -3776993, -164721,  -1207385,
    3014001,  -1799107, 811944,   531354,   954230,   3881043,  3900724,  -2556880, 2071892,
    -2797779, 189548,   3159746,  -2409325, 1315589,  1285669,  -812732,  -3019102, -3628969,
    -3553272, -1851402, -177440,  1341330,  -1584928, -1439742, -3881060, 3839961,  -3038916,
    2213111,  -426683,  -1667432, -2939036, 183443,   -554416,  3937738,  3523897,  -975884,
    1723600,  -1104333, -2235985, -976891,  3919660,  1400424,  3866901,  1717735,  -1803090,
    -260646,  -420899,  1612842,  -48306,   -846154,  269760,   472078,   1910376,  -3833893,
    -2286327, -3545687, -1362209, 1976782,
};

/* R^2 / 256 modulo q for R = 2^32 */
static const int32_t inverse_scale = 41978;

/* A factor and what it is multiplied by for the quotient: itself / q modulo 2^32. */
struct factor {
    __m256i value;
    __m256i quotient;
};

static inline __m256i load(const int32_t *from)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)from);
}

static inline void store(int32_t *to, __m256i value)
{
    _mm256_storeu_si256((__m256i *)(void *)to, value);
}

static inline struct factor lanes_factor(__m256i value)
{
    const __m256i q_inverse = _mm256_set1_epi32(CEPA_MLDSA_Q_INVERSE);
    return (struct factor){value, _mm256_mullo_epi32(value, q_inverse)};
}

static inline struct factor uniform_factor(int32_t value)
{
    return lanes_factor(_mm256_set1_epi32(value));
}

/* odd_lanes moves the odd lanes to the even places, where multiplications look. */
static inline __m256i odd_lanes(__m256i a)
{
    return _mm256_srli_epi64(a, 32);
}

/* join takes the upper halves of the even lanes' and the odd lanes' 64-bit results. */
static inline __m256i join(__m256i even, __m256i odd)
{
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* multiply_half gives the product of the even lanes, reduced, in the upper halves. */
static inline __m256i multiply_half(__m256i a, __m256i value, __m256i quotient)
{
    const __m256i q = _mm256_set1_epi32(CEPA_MLDSA_Q);
    __m256i product = _mm256_mul_epi32(a, value);
    return _mm256_sub_epi64(product, _mm256_mul_epi32(_mm256_mul_epi32(a, quotient), q));
}

/* multiply gives a * factor / R, below q in absolute value. */
static inline __m256i multiply(__m256i a, struct factor factor)
{
    __m256i even = multiply_half(a, factor.value, factor.quotient);
    __m256i odd = multiply_half(odd_lanes(a), odd_lanes(factor.value), odd_lanes(factor.quotient));
    return join(even, odd);
}

/* pair is a step of the transform on two registers; unpair one of the inverse transform. */
static inline void pair(__m256i *low, __m256i *high, struct factor factor)
{
    __m256i product = multiply(*high, factor);
    *high = _mm256_sub_epi32(*low, product);
    *low = _mm256_add_epi32(*low, product);
}

static inline void unpair(__m256i *low, __m256i *high, struct factor factor)
{
    __m256i difference = _mm256_sub_epi32(*high, *low);
    *low = _mm256_add_epi32(*low, *high);
    *high = multiply(difference, factor);
}

static inline void load_all(__m256i v[REGISTERS], const int32_t *from, unsigned distance)
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < REGISTERS; i++) {
        v[i] = load(from + i * distance);
    }
}

static inline void store_all(int32_t *to, unsigned distance, const __m256i v[REGISTERS])
{
#pragma GCC unroll 8
    for (unsigned i = 0; i < REGISTERS; i++) {
        store(to + i * distance, v[i]);
    }
}

/* transpose exchanges lanes and registers. */
static inline void transpose(__m256i v[REGISTERS])
{
    __m256i a[REGISTERS];
    __m256i b[REGISTERS];
#pragma GCC unroll 4
    for (unsigned i = 0; i < REGISTERS; i += 2) {
        a[i] = _mm256_unpacklo_epi32(v[i], v[i + 1]);
        a[i + 1] = _mm256_unpackhi_epi32(v[i], v[i + 1]);
    }
#pragma GCC unroll 2
    for (unsigned i = 0; i < REGISTERS; i += 4) {
        b[i] = _mm256_unpacklo_epi64(a[i], a[i + 2]);
        b[i + 1] = _mm256_unpackhi_epi64(a[i], a[i + 2]);
        b[i + 2] = _mm256_unpacklo_epi64(a[i + 1], a[i + 3]);
        b[i + 3] = _mm256_unpackhi_epi64(a[i + 1], a[i + 3]);
    }
#pragma GCC unroll 4
    for (unsigned i = 0; i < REGISTERS / 2; i++) {
        v[i] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x20);
        v[i + 4] = _mm256_permute2x128_si256(b[i], b[i + 4], 0x31);
    }
}

/* layers_128_to_32 takes the registers at distance 32 through three layers. */
static inline void layers_128_to_32(int32_t *a)
{
    __m256i v[REGISTERS];
    load_all(v, a, CEPA_MLDSA_DEGREE / REGISTERS);
    struct factor factor = uniform_factor(zetas[1]);
    pair(&v[0], &v[4], factor);
    pair(&v[1], &v[5], factor);
    pair(&v[2], &v[6], factor);
    pair(&v[3], &v[7], factor);
    factor = uniform_factor(zetas[2]);
    pair(&v[0], &v[2], factor);
    pair(&v[1], &v[3], factor);
    factor = uniform_factor(zetas[3]);
    pair(&v[4], &v[6], factor);
    pair(&v[5], &v[7], factor);
    pair(&v[0], &v[1], uniform_factor(zetas[4]));
    pair(&v[2], &v[3], uniform_factor(zetas[5]));
    pair(&v[4], &v[5], uniform_factor(zetas[6]));
    pair(&v[6], &v[7], uniform_factor(zetas[7]));
    store_all(a, CEPA_MLDSA_DEGREE / REGISTERS, v);
}

/* layers_16_and_8 takes the registers of a block through two layers. */
static inline void layers_16_and_8(__m256i v[REGISTERS], unsigned block)
{
    const int32_t *zeta = zetas + 8 + 2 * block;
    struct factor factor = uniform_factor(zeta[0]);
    pair(&v[0], &v[2], factor);
    pair(&v[1], &v[3], factor);
    factor = uniform_factor(zeta[1]);
    pair(&v[4], &v[6], factor);
    pair(&v[5], &v[7], factor);
    zeta = zetas + 16 + 4 * block;
    pair(&v[0], &v[1], uniform_factor(zeta[0]));
    pair(&v[2], &v[3], uniform_factor(zeta[1]));
    pair(&v[4], &v[5], uniform_factor(zeta[2]));
    pair(&v[6], &v[7], uniform_factor(zeta[3]));
}

/* layers_4_to_1 takes the transposed registers of a block through three layers. */
static inline void layers_4_to_1(__m256i v[REGISTERS], unsigned block)
{
    const int32_t *zeta = zetas + UNIFORM + block * BLOCK_FACTORS;
    struct factor factor = lanes_factor(load(zeta));
    pair(&v[0], &v[4], factor);
    pair(&v[1], &v[5], factor);
    pair(&v[2], &v[6], factor);
    pair(&v[3], &v[7], factor);
    factor = lanes_factor(load(zeta + LANES));
    pair(&v[0], &v[2], factor);
    pair(&v[1], &v[3], factor);
    factor = lanes_factor(load(zeta + 2 * LANES));
    pair(&v[4], &v[6], factor);
    pair(&v[5], &v[7], factor);
    pair(&v[0], &v[1], lanes_factor(load(zeta + 3 * LANES)));
    pair(&v[2], &v[3], lanes_factor(load(zeta + 4 * LANES)));
    pair(&v[4], &v[5], lanes_factor(load(zeta + 5 * LANES)));
    pair(&v[6], &v[7], lanes_factor(load(zeta + 6 * LANES)));
}

void cepa_mldsa_ntt_avx2(struct cepa_mldsa_poly *poly)
{
    int32_t *a = poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE / REGISTERS; i += LANES) {
        layers_128_to_32(a + i);
    }
    for (unsigned block = 0; block < BLOCKS; block++, a += BLOCK) {
        __m256i v[REGISTERS];
        load_all(v, a, LANES);
        layers_16_and_8(v, block);
        transpose(v);
        layers_4_to_1(v, block);
        transpose(v);
        store_all(a, LANES, v);
    }
}

/* reversed_factor gives the inverse transform's factors of the lanes, negated inverses of the
 * transform's: those at the mirrored place of the table. */
static inline struct factor reversed_factor(const int32_t *zeta)
{
    const __m256i order = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    return lanes_factor(_mm256_permutevar8x32_epi32(load(zeta), order));
}

static inline void inverse_layers_1_to_4(__m256i v[REGISTERS], unsigned block)
{
    const int32_t *zeta = zetas + UNIFORM + (BLOCKS - 1 - block) * BLOCK_FACTORS;
    unpair(&v[0], &v[1], reversed_factor(zeta + 6 * LANES));
    unpair(&v[2], &v[3], reversed_factor(zeta + 5 * LANES));
    unpair(&v[4], &v[5], reversed_factor(zeta + 4 * LANES));
    unpair(&v[6], &v[7], reversed_factor(zeta + 3 * LANES));
    struct factor factor = reversed_factor(zeta + 2 * LANES);
    unpair(&v[0], &v[2], factor);
    unpair(&v[1], &v[3], factor);
    factor = reversed_factor(zeta + LANES);
    unpair(&v[4], &v[6], factor);
    unpair(&v[5], &v[7], factor);
    factor = reversed_factor(zeta);
    unpair(&v[0], &v[4], factor);
    unpair(&v[1], &v[5], factor);
    unpair(&v[2], &v[6], factor);
    unpair(&v[3], &v[7], factor);
}

static inline void inverse_layers_8_and_16(__m256i v[REGISTERS], unsigned block)
{
    const int32_t *zeta = zetas + 31 - 4 * block;
    unpair(&v[0], &v[1], uniform_factor(zeta[0]));
    unpair(&v[2], &v[3], uniform_factor(zeta[-1]));
    unpair(&v[4], &v[5], uniform_factor(zeta[-2]));
    unpair(&v[6], &v[7], uniform_factor(zeta[-3]));
    zeta = zetas + 15 - 2 * block;
    struct factor factor = uniform_factor(zeta[0]);
    unpair(&v[0], &v[2], factor);
    unpair(&v[1], &v[3], factor);
    factor = uniform_factor(zeta[-1]);
    unpair(&v[4], &v[6], factor);
    unpair(&v[5], &v[7], factor);
}

static inline void inverse_layers_32_to_128(int32_t *a)
{
    __m256i v[REGISTERS];
    load_all(v, a, CEPA_MLDSA_DEGREE / REGISTERS);
    unpair(&v[0], &v[1], uniform_factor(zetas[7]));
    unpair(&v[2], &v[3], uniform_factor(zetas[6]));
    unpair(&v[4], &v[5], uniform_factor(zetas[5]));
    unpair(&v[6], &v[7], uniform_factor(zetas[4]));
    struct factor factor = uniform_factor(zetas[3]);
    unpair(&v[0], &v[2], factor);
    unpair(&v[1], &v[3], factor);
    factor = uniform_factor(zetas[2]);
    unpair(&v[4], &v[6], factor);
    unpair(&v[5], &v[7], factor);
    factor = uniform_factor(zetas[1]);
    unpair(&v[0], &v[4], factor);
    unpair(&v[1], &v[5], factor);
    unpair(&v[2], &v[6], factor);
    unpair(&v[3], &v[7], factor);
    factor = uniform_factor(inverse_scale);
#pragma GCC unroll 8
    for (unsigned i = 0; i < REGISTERS; i++) {
        v[i] = multiply(v[i], factor);
    }
    store_all(a, CEPA_MLDSA_DEGREE / REGISTERS, v);
}

void cepa_mldsa_ntt_inverse_avx2(struct cepa_mldsa_poly *poly)
{
    int32_t *a = poly->coefficients;
    for (unsigned block = 0; block < BLOCKS; block++) {
        __m256i v[REGISTERS];
        load_all(v, a + block * BLOCK, LANES);
        transpose(v);
        inverse_layers_1_to_4(v, block);
        transpose(v);
        inverse_layers_8_and_16(v, block);
        store_all(a + block * BLOCK, LANES, v);
    }
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE / REGISTERS; i += LANES) {
        inverse_layers_32_to_128(a + i);
    }
}

/* reduce gives the reduced upper halves of 64-bit sums. */
static inline __m256i reduce(__m256i sum)
{
    const __m256i q = _mm256_set1_epi32(CEPA_MLDSA_Q);
    const __m256i q_inverse = _mm256_set1_epi32(CEPA_MLDSA_Q_INVERSE);
    return _mm256_sub_epi64(sum, _mm256_mul_epi32(_mm256_mul_epi32(sum, q_inverse), q));
}

void cepa_mldsa_multiply_avx2(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                              const struct cepa_mldsa_poly *b)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += LANES) {
        __m256i x = load(a->coefficients + i);
        __m256i y = load(b->coefficients + i);
        __m256i even = _mm256_mul_epi32(x, y);
        __m256i odd = _mm256_mul_epi32(odd_lanes(x), odd_lanes(y));
        store(ret_poly->coefficients + i, join(reduce(even), reduce(odd)));
    }
}

void cepa_mldsa_multiply_row_avx2(struct cepa_mldsa_poly *ret_poly,
                                  const struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS],
                                  const struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS])
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += LANES) {
        __m256i even = _mm256_setzero_si256();
        __m256i odd = _mm256_setzero_si256();
#pragma GCC unroll 5
        for (unsigned j = 0; j < CEPA_MLDSA_COLUMNS; j++) {
            __m256i x = load(a[j].coefficients + i);
            __m256i y = load(b[j].coefficients + i);
            even = _mm256_add_epi64(even, _mm256_mul_epi32(x, y));
            odd = _mm256_add_epi64(odd, _mm256_mul_epi32(odd_lanes(x), odd_lanes(y)));
        }
        store(ret_poly->coefficients + i, join(reduce(even), reduce(odd)));
    }
}
