/* How ML-KEM-768 draws its matrix and its noise from seeds: SHAKE over four messages side by side.
 * For crypto/mlkem.c only. @[FIPS203 4.2.2]
 *
 * Three ways of the four draw the matrix, row by row in three batches of three permutations. The
 * fourth way is lent to a passenger: nine permutations of something else, at no cost. */
#ifndef CEPA_CRYPTO_MLKEM_SAMPLE_H
#define CEPA_CRYPTO_MLKEM_SAMPLE_H

#include <stdint.h>

#include "crypto/keccak.h"
#include "crypto/mlkem_ring.h"

enum {
    CEPA_MLKEM_SEED_BYTES = 32,   /* of rho and of the seed of noise */
    CEPA_MLKEM_MATRIX_BLOCKS = 3, /* blocks of SHAKE128 that nearly always hold 256 numbers */
    CEPA_MLKEM_EK_BYTES = 1184,   /* an encapsulation key: the vector t, then rho */
    CEPA_MLKEM_KEY_NOISE = 6,     /* polynomials of noise for a key: s, e */
    CEPA_MLKEM_MESSAGE_NOISE = 7, /* polynomials of noise for a ciphertext: y, e1, e2 */
};

/* The matrix, transposed: at[i][j] is FIPS 203's A[j][i]. Public. */
struct cepa_mlkem_matrix {
    struct cepa_mlkem_ntt at[CEPA_MLKEM_K][CEPA_MLKEM_K];
};

/* What the functions below need besides their outputs; they do not wipe it. */
struct cepa_mlkem_sampler {
    uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS]; /* four states */
    uint64_t longer[CEPA_KECCAK_LANES];                  /* one that needs a fourth block */
    uint8_t blocks[CEPA_KECCAK_WAYS][CEPA_MLKEM_MATRIX_BLOCKS * CEPA_SHAKE128_RATE]; /* output */
    int16_t ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK]; /* numbers accepted */
};

/* cepa_mlkem_sample_and_hash draws the matrix of the encapsulation key `ek` and, as passenger,
 * hashes the key by SHA3-256. All of it is public. @[FIPS203 5.2 Algorithm 14] */
void cepa_mlkem_sample_and_hash(struct cepa_mlkem_matrix *ret_matrix,
                                uint8_t ret_hash[CEPA_SHA3_256_BYTES],
                                const uint8_t ek[CEPA_MLKEM_EK_BYTES],
                                struct cepa_mlkem_sampler *sampler, uint32_t cpu);

/* cepa_mlkem_sample_key draws the matrix of the public seed `rho` and, as passenger, the noise of a
 * key from the secret `seed`: three polynomials of s, three of e. @[FIPS203 5.1 Algorithm 13] */
void cepa_mlkem_sample_key(struct cepa_mlkem_matrix *ret_matrix,
                           struct cepa_mlkem_poly ret_noise[CEPA_MLKEM_KEY_NOISE],
                           const uint8_t rho[CEPA_MLKEM_SEED_BYTES],
                           const uint8_t seed[CEPA_MLKEM_SEED_BYTES],
                           struct cepa_mlkem_sampler *sampler, uint32_t cpu);

/* cepa_mlkem_sample_noise draws the noise of a ciphertext from the secret `seed`: y, e1, e2. The
 * state `passenger`, if not NULL, goes through one permutation beside it.
 * @[FIPS203 5.2 Algorithm 14] */
void cepa_mlkem_sample_noise(struct cepa_mlkem_poly ret_noise[CEPA_MLKEM_MESSAGE_NOISE],
                             const uint8_t seed[CEPA_MLKEM_SEED_BYTES],
                             uint64_t passenger[CEPA_KECCAK_LANES],
                             struct cepa_mlkem_sampler *sampler, uint32_t cpu);

#endif
