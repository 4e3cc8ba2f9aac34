/* Sampling from SHAKE for ML-KEM-768. @[FIPS203 4.2.2]
 *
 * The matrix is public and is drawn by rejection, so its running time depends on rho; everything
 * else here depends on nothing. */
#include "crypto/mlkem_sample.h"

#include <string.h>

#include "base/endian.h"
#include "crypto/keccak_permute.h"

enum {
    PASSENGER = 3,                              /* the way that is lent */
    LAST_LANE_128 = CEPA_SHAKE128_RATE / 8 - 1, /* where the padding of a block ends */
    LAST_LANE_256 = CEPA_SHAKE256_RATE / 8 - 1,
};

/* One of the two passengers of the matrix: a key to hash, or noise to draw. */
struct passenger {
    const uint8_t *hashed;             /* encapsulation key, or NULL */
    const uint8_t *noise_seed;         /* else: the seed of the noise */
    struct cepa_mlkem_poly *ret_noise; /* and where it goes */
};

/* The padding's last bit at the end of a block whose last lane is given. */
static void pad_block(struct cepa_mlkem_sampler *sampler, unsigned way, unsigned last_lane)
{
    sampler->lanes[last_lane][way] ^= (uint64_t)CEPA_KECCAK_LAST_PAD << 56;
}

/* start puts the one-block message `seed` || `tail` (of `tail_len` < 8 bytes) into a state. */
static void start(struct cepa_mlkem_sampler *sampler, unsigned way,
                  const uint8_t seed[CEPA_MLKEM_SEED_BYTES], uint64_t tail, unsigned tail_len,
                  unsigned last_lane)
{
    for (unsigned i = 0; i < CEPA_KECCAK_LANES; i++) {
        sampler->lanes[i][way] = 0;
    }
    for (unsigned i = 0; i < CEPA_MLKEM_SEED_BYTES / 8; i++) {
        sampler->lanes[i][way] = cepa_le64_load(seed + 8 * i);
    }
    sampler->lanes[4][way] = tail | (uint64_t)CEPA_SHAKE_SUFFIX << (8 * tail_len);
    pad_block(sampler, way, last_lane);
}

static void start_noise(struct cepa_mlkem_sampler *sampler, unsigned way,
                        const uint8_t seed[CEPA_MLKEM_SEED_BYTES], unsigned nonce)
{
    start(sampler, way, seed, nonce, 1, LAST_LANE_256);
}

/* squeeze copies the first `lanes` lanes of a state to a place in its blocks. */
static void squeeze(struct cepa_mlkem_sampler *sampler, unsigned way, size_t at, unsigned lanes)
{
    for (unsigned i = 0; i < lanes; i++) {
        cepa_le64_store(sampler->blocks[way] + at + 8 * i, sampler->lanes[i][way]);
    }
}

static void squeeze_noise(struct cepa_mlkem_poly *ret_noise, struct cepa_mlkem_sampler *sampler,
                          unsigned way, uint32_t cpu)
{
    squeeze(sampler, way, 0, CEPA_MLKEM_NOISE_BYTES / 8);
    cepa_mlkem_noise(ret_noise, sampler->blocks[way], cpu);
}

/* absorb_key adds block `step` of the encapsulation key; the ninth is the last and is padded. */
static void absorb_key(struct cepa_mlkem_sampler *sampler, const uint8_t *ek, unsigned step)
{
    size_t from = (size_t)step * CEPA_SHAKE256_RATE;
    size_t len = CEPA_MLKEM_EK_BYTES - from;
    len = len < CEPA_SHAKE256_RATE ? len : CEPA_SHAKE256_RATE;
    for (unsigned i = 0; i < len / 8; i++) {
        sampler->lanes[i][PASSENGER] ^= cepa_le64_load(ek + from + 8 * i);
    }
    if (len < CEPA_SHAKE256_RATE) {
        sampler->lanes[len / 8][PASSENGER] ^= CEPA_SHA3_SUFFIX;
        pad_block(sampler, PASSENGER, LAST_LANE_256);
    }
}

/* permute takes all four states through one permutation, number `step`, with the passenger's
 * business before and after. */
static void permute(struct cepa_mlkem_sampler *sampler, const struct passenger *passenger,
                    unsigned step, uint32_t cpu)
{
    int is_noise = passenger->hashed == NULL && step < CEPA_MLKEM_KEY_NOISE;
    if (passenger->hashed != NULL) {
        absorb_key(sampler, passenger->hashed, step);
    } else if (is_noise) {
        start_noise(sampler, PASSENGER, passenger->noise_seed, step);
    }
    cepa_keccak_permute_x4(sampler->lanes, cpu);
    if (is_noise) {
        squeeze_noise(&passenger->ret_noise[step], sampler, PASSENGER, cpu);
    }
}

/* accept makes one element of the matrix of what stands in a way's blocks, and squeezes more in the
 * rare case (about 1 in 100) that this does not suffice. */
static void accept(struct cepa_mlkem_ntt *ret_element, struct cepa_mlkem_sampler *sampler,
                   unsigned way, uint32_t cpu)
{
    unsigned count = cepa_mlkem_reject(sampler->ordered, 0, sampler->blocks[way],
                                       sizeof sampler->blocks[way], cpu);
    for (unsigned i = 0; count < CEPA_MLKEM_N && i < CEPA_KECCAK_LANES; i++) {
        sampler->longer[i] = sampler->lanes[i][way];
    }
    while (count < CEPA_MLKEM_N) {
        cepa_keccak_permute_best(sampler->longer, cpu);
        for (unsigned i = 0; i < CEPA_SHAKE128_RATE / 8; i++) {
            cepa_le64_store(sampler->blocks[way] + 8 * i, sampler->longer[i]);
        }
        count = cepa_mlkem_reject(sampler->ordered, count, sampler->blocks[way], CEPA_SHAKE128_RATE,
                                  cpu);
    }
    cepa_mlkem_ntt_arrange(ret_element, sampler->ordered, cpu);
}

static void sample_matrix(struct cepa_mlkem_matrix *ret_matrix,
                          const uint8_t rho[CEPA_MLKEM_SEED_BYTES],
                          const struct passenger *passenger, struct cepa_mlkem_sampler *sampler,
                          uint32_t cpu)
{
    memset(sampler->lanes, 0, sizeof sampler->lanes);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        for (unsigned j = 0; j < CEPA_MLKEM_K; j++) {
            start(sampler, j, rho, i | (uint64_t)j << 8, 2, LAST_LANE_128);
        }
        for (unsigned block = 0; block < CEPA_MLKEM_MATRIX_BLOCKS; block++) {
            permute(sampler, passenger, CEPA_MLKEM_MATRIX_BLOCKS * i + block, cpu);
            for (unsigned j = 0; j < CEPA_MLKEM_K; j++) {
                squeeze(sampler, j, (size_t)block * CEPA_SHAKE128_RATE, CEPA_SHAKE128_RATE / 8);
            }
        }
        for (unsigned j = 0; j < CEPA_MLKEM_K; j++) {
            accept(&ret_matrix->at[i][j], sampler, j, cpu);
        }
    }
}

void cepa_mlkem_sample_and_hash(struct cepa_mlkem_matrix *ret_matrix,
                                uint8_t ret_hash[CEPA_SHA3_256_BYTES],
                                const uint8_t ek[CEPA_MLKEM_EK_BYTES],
                                struct cepa_mlkem_sampler *sampler, uint32_t cpu)
{
    const struct passenger passenger = {ek, NULL, NULL};
    sample_matrix(ret_matrix, ek + CEPA_MLKEM_EK_BYTES - CEPA_MLKEM_SEED_BYTES, &passenger, sampler,
                  cpu);
    for (unsigned i = 0; i < CEPA_SHA3_256_BYTES / 8; i++) {
        cepa_le64_store(ret_hash + 8 * i, sampler->lanes[i][PASSENGER]);
    }
}

void cepa_mlkem_sample_key(struct cepa_mlkem_matrix *ret_matrix,
                           struct cepa_mlkem_poly ret_noise[CEPA_MLKEM_KEY_NOISE],
                           const uint8_t rho[CEPA_MLKEM_SEED_BYTES],
                           const uint8_t seed[CEPA_MLKEM_SEED_BYTES],
                           struct cepa_mlkem_sampler *sampler, uint32_t cpu)
{
    const struct passenger passenger = {NULL, seed, ret_noise};
    sample_matrix(ret_matrix, rho, &passenger, sampler, cpu);
}

void cepa_mlkem_sample_noise(struct cepa_mlkem_poly ret_noise[CEPA_MLKEM_MESSAGE_NOISE],
                             const uint8_t seed[CEPA_MLKEM_SEED_BYTES],
                             uint64_t passenger[CEPA_KECCAK_LANES],
                             struct cepa_mlkem_sampler *sampler, uint32_t cpu)
{
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        start_noise(sampler, way, seed, way);
    }
    cepa_keccak_permute_x4(sampler->lanes, cpu);
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        squeeze_noise(&ret_noise[way], sampler, way, cpu);
    }
    for (unsigned way = 0; way < CEPA_KECCAK_WAYS; way++) {
        start_noise(sampler, way, seed, CEPA_KECCAK_WAYS + way);
    }
    for (unsigned i = 0; passenger != NULL && i < CEPA_KECCAK_LANES; i++) {
        sampler->lanes[i][PASSENGER] = passenger[i];
    }
    cepa_keccak_permute_x4(sampler->lanes, cpu);
    for (unsigned way = 0; way < PASSENGER; way++) {
        squeeze_noise(&ret_noise[CEPA_KECCAK_WAYS + way], sampler, way, cpu);
    }
    for (unsigned i = 0; passenger != NULL && i < CEPA_KECCAK_LANES; i++) {
        passenger[i] = sampler->lanes[i][PASSENGER];
    }
}
