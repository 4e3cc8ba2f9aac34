/* Arithmetic of ML-KEM-768 in R_q = Z_q[X]/(X^256 + 1): what stands under crypto/mlkem.c. Nobody
 * else calls it.
 *
 * A polynomial has 256 coefficients in FIPS 203's order. Its number-theoretic transform is kept as
 * a 16 x 16 matrix, transposed: coefficient 16 r + c of FIPS 203's order stands in row c, column r.
 * So the last three layers of the transform and all products work on whole rows, and vector units
 * need no shuffles. Rows 2 k and 2 k + 1 hold the two coefficients of the factors X^2 - gamma.
 *
 * Numbers are signed, modulo q, not reduced unless it is said; "|x| <= q" states a bound. A product
 * in Montgomery's form is x y / 2^16. All functions are constant-time but for cepa_mlkem_reject and
 * run with the best code that `cpu` allows; the _portable and _avx2 ones are what they choose from.
 * @[FIPS203 4] @[SPEC 3.2] */
#ifndef CEPA_CRYPTO_MLKEM_RING_H
#define CEPA_CRYPTO_MLKEM_RING_H

#include <stddef.h>
#include <stdint.h>

enum {
    CEPA_MLKEM_Q = 3329,            /* the modulus */
    CEPA_MLKEM_Q_INVERSE = -3327,   /* 1 / q modulo 2^16 */
    CEPA_MLKEM_BARRETT = 20159,     /* 2^26 / q, rounded */
    CEPA_MLKEM_N = 256,             /* coefficients of a polynomial */
    CEPA_MLKEM_K = 3,               /* polynomials of a vector: the 768 in the name */
    CEPA_MLKEM_REJECT_SLACK = 16,   /* coefficients that cepa_mlkem_reject may write too many */
    CEPA_MLKEM_NOISE_BYTES = 128,   /* randomness for one polynomial of noise */
    CEPA_MLKEM_POLY_BYTES = 384,    /* 12 bits per coefficient */
    CEPA_MLKEM_POLY_10_BYTES = 320, /* 10 bits per coefficient */
    CEPA_MLKEM_POLY_4_BYTES = 128,  /* 4 bits per coefficient */
    CEPA_MLKEM_MESSAGE_BYTES = 32,  /* 1 bit per coefficient */
};

/* A polynomial of R_q, or 256 compressed coefficients. */
struct cepa_mlkem_poly {
    int16_t at[CEPA_MLKEM_N]; /* coefficient by coefficient */
};

/* The transform of a polynomial, transposed. */
struct cepa_mlkem_ntt {
    int16_t row[16][16]; /* see the head of this file */
};

/* A transform made ready to be the right-hand side of products: with (b0, b1) the pair of rows
 * 2 k and 2 k + 1, |b| <= q, and each number x beside it as x / q modulo 2^16. */
struct cepa_mlkem_factor {
    int16_t even[8][16];          /* b0 */
    int16_t even_low[8][16];      /* b0 / q */
    int16_t odd[8][16];           /* b1 */
    int16_t odd_low[8][16];       /* b1 / q */
    int16_t odd_gamma[8][16];     /* b1 gamma */
    int16_t odd_gamma_low[8][16]; /* b1 gamma / q */
};

/* The constants of a transform in Montgomery's form, each beside itself divided by q: `scalar` for
 * the four layers between rows, `lanes` for the three layers after the transposition. */
struct cepa_mlkem_twiddles {
    int16_t scalar[16];       /* forward: FIPS 203's zeta[1..15]; inverse: see mlkem_twiddles.c */
    int16_t scalar_low[16];   /* the same divided by q modulo 2^16 */
    int16_t lanes[7][16];     /* distance 8; distance 4, two; distance 2, four */
    int16_t lanes_low[7][16]; /* the same divided by q modulo 2^16 */
};

extern const struct cepa_mlkem_twiddles cepa_mlkem_forward_twiddles;
extern const struct cepa_mlkem_twiddles cepa_mlkem_inverse_twiddles;

/* cepa_mlkem_multiply gives a b / 2^16 modulo q, where `b_low` is b / q modulo 2^16:
 * |result| <= |a b| / 2^16 + q / 2. */
static inline int16_t cepa_mlkem_multiply(int16_t a, int16_t b, int16_t b_low)
{
    int16_t quotient = (int16_t)(a * b_low);
    return (int16_t)((int16_t)((a * b) >> 16) - (int16_t)((quotient * CEPA_MLKEM_Q) >> 16));
}

/* cepa_mlkem_low gives b / q modulo 2^16, the companion of a factor. */
static inline int16_t cepa_mlkem_low(int16_t b)
{
    return (int16_t)(b * CEPA_MLKEM_Q_INVERSE);
}

/* cepa_mlkem_reduce gives the representative nearest to zero, |result| <= (q - 1) / 2, of any a. */
static inline int16_t cepa_mlkem_reduce(int16_t a)
{
    int16_t quotient = (int16_t)((int16_t)(((a * CEPA_MLKEM_BARRETT) >> 16) + (1 << 9)) >> 10);
    return (int16_t)(a - quotient * CEPA_MLKEM_Q);
}

/* cepa_mlkem_canonical gives the representative in [0, q) of any a. */
static inline int16_t cepa_mlkem_canonical(int16_t a)
{
    int16_t reduced = cepa_mlkem_reduce(a);
    return (int16_t)(reduced + ((reduced >> 15) & CEPA_MLKEM_Q));
}

/* cepa_mlkem_compress_to_10 rounds 2^10 / q x for x in [0, q), modulo 2^10: an estimate that is
 * never too high and at most 1 too low, put right by the sign of what remains. @[FIPS203 4.2.1] */
static inline int16_t cepa_mlkem_compress_to_10(int16_t x)
{
    int16_t estimate = (int16_t)((((x * 8 * CEPA_MLKEM_BARRETT) >> 16) + 3) >> 3);
    int16_t rest =
        (int16_t)((CEPA_MLKEM_Q - 1) / 2 - (int16_t)(x * 1024 - estimate * CEPA_MLKEM_Q));
    return (int16_t)((estimate - (rest >> 15)) & 1023);
}

/* cepa_mlkem_decompress_from_10 rounds q / 2^10 x for x in [0, 2^10). @[FIPS203 4.2.1] */
static inline int16_t cepa_mlkem_decompress_from_10(int16_t x)
{
    return (int16_t)((x * CEPA_MLKEM_Q + 512) >> 10);
}

/* cepa_mlkem_compress_to_1 gives 1 if x in [0, q) is nearer to q / 2 than to 0 or q, else 0: the
 * signs of both differences, so that there is no comparison to branch on. @[FIPS203 4.2.1] */
static inline int16_t cepa_mlkem_compress_to_1(int16_t x)
{
    return (int16_t)((((CEPA_MLKEM_Q - 1) / 4 - x) & (x - (3 * CEPA_MLKEM_Q + 1) / 4)) >> 15 & 1);
}

/* cepa_mlkem_compress_to_4 rounds 2^4 / q x for x in [0, q), modulo 2^4. @[FIPS203 4.2.1] */
static inline int16_t cepa_mlkem_compress_to_4(int16_t x)
{
    return (int16_t)(((((x * CEPA_MLKEM_BARRETT) >> 16) + 32) >> 6) & 15);
}

/* cepa_mlkem_ntt_forward transforms `poly`, |coefficient| <= q; the result is |x| <= 6 q.
 * @[FIPS203 4.3 Algorithm 9] */
void cepa_mlkem_ntt_forward(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_poly *poly,
                            uint32_t cpu);

/* cepa_mlkem_ntt_inverse transforms back and multiplies by 2^16, which takes away the factor that
 * cepa_mlkem_ntt_dot leaves; the result is |x| <= q. @[FIPS203 4.3 Algorithm 10] */
void cepa_mlkem_ntt_inverse(struct cepa_mlkem_poly *ret_poly, const struct cepa_mlkem_ntt *ntt,
                            uint32_t cpu);

/* cepa_mlkem_ntt_arrange gives the transform whose coefficients stand in FIPS 203's order at
 * `ordered`. */
void cepa_mlkem_ntt_arrange(struct cepa_mlkem_ntt *ret_ntt, const int16_t ordered[CEPA_MLKEM_N],
                            uint32_t cpu);

/* cepa_mlkem_ntt_order writes a transform's coefficients in FIPS 203's order. */
void cepa_mlkem_ntt_order(struct cepa_mlkem_poly *ret_ordered, const struct cepa_mlkem_ntt *ntt);

/* cepa_mlkem_ntt_factor makes a transform ready to be multiplied by. */
void cepa_mlkem_ntt_factor(struct cepa_mlkem_factor *ret_factor, const struct cepa_mlkem_ntt *ntt,
                           uint32_t cpu);

/* cepa_mlkem_ntt_dot gives the sum of the products a[i] b[i] / 2^16, |a| <= 6 q; the result is
 * |x| <= 4 q. @[FIPS203 4.3.1] */
void cepa_mlkem_ntt_dot(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                        const struct cepa_mlkem_factor b[CEPA_MLKEM_K], uint32_t cpu);

/* cepa_mlkem_reject appends to the `count` coefficients at `ret_ordered` those 12-bit numbers of
 * `bytes` (a multiple of 24) that are below q, until there are 256 at least or the bytes are used
 * up, and gives their number then, at most 256. Not constant-time: for the public matrix.
 * @[FIPS203 4.2.2 Algorithm 7] */
unsigned cepa_mlkem_reject(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                           unsigned count, const uint8_t *bytes, size_t len, uint32_t cpu);

/* cepa_mlkem_noise draws a polynomial from the centred binomial distribution, |coefficient| <= 2.
 * @[FIPS203 4.2.2 Algorithm 8] */
void cepa_mlkem_noise(struct cepa_mlkem_poly *ret_poly, const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES],
                      uint32_t cpu);

/* cepa_mlkem_compress_10 compresses a + b to 10 bits each, |a + b| < 2^15. @[FIPS203 4.2.1] */
void cepa_mlkem_compress_10(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                            const struct cepa_mlkem_poly *b, uint32_t cpu);

/* cepa_mlkem_compress_4 compresses a + b + the message to 4 bits each, |a + b| < 2^14; a message
 * bit stands for (q + 1) / 2. @[FIPS203 4.2.1] */
void cepa_mlkem_compress_4(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                           const struct cepa_mlkem_poly *b,
                           const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES], uint32_t cpu);

/* cepa_mlkem_decode_10 unpacks 10-bit fields and decompresses them to [0, q). @[FIPS203 4.2.1] */
void cepa_mlkem_decode_10(struct cepa_mlkem_poly *ret_fields, struct cepa_mlkem_poly *ret_poly,
                          const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES], uint32_t cpu);

/* cepa_mlkem_decode_4 unpacks 4-bit fields. @[FIPS203 4.2.1] */
void cepa_mlkem_decode_4(struct cepa_mlkem_poly *ret_fields,
                         const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES], uint32_t cpu);

/* cepa_mlkem_message decompresses the 4-bit `fields`, takes away `noisy`, |noisy| <= q, and gives
 * for each coefficient the bit whose multiple of q / 2 is nearest. @[FIPS203 5.3 Algorithm 15] */
void cepa_mlkem_message(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                        const struct cepa_mlkem_poly *fields, const struct cepa_mlkem_poly *noisy,
                        uint32_t cpu);

/* cepa_mlkem_encode_10 packs 10-bit fields. @[FIPS203 4.2.1 Algorithm 5] */
void cepa_mlkem_encode_10(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                          const struct cepa_mlkem_poly *fields, uint32_t cpu);

/* cepa_mlkem_encode_4 packs 4-bit fields. @[FIPS203 4.2.1 Algorithm 5] */
void cepa_mlkem_encode_4(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                         const struct cepa_mlkem_poly *fields, uint32_t cpu);

/* cepa_mlkem_difference gives 0 if two polynomials are the same numbers, else something else. */
uint32_t cepa_mlkem_difference(const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b);

/* cepa_mlkem_encode_12 packs coefficients, any representatives. @[FIPS203 4.2.1 Algorithm 5] */
void cepa_mlkem_encode_12(uint8_t ret_bytes[CEPA_MLKEM_POLY_BYTES],
                          const struct cepa_mlkem_poly *poly);

/* cepa_mlkem_decode_12 unpacks coefficients and gives 0 if all are below q, else something else.
 * @[FIPS203 4.2.1 Algorithm 6] */
uint32_t cepa_mlkem_decode_12(struct cepa_mlkem_poly *ret_poly,
                              const uint8_t bytes[CEPA_MLKEM_POLY_BYTES], uint32_t cpu);

#endif
