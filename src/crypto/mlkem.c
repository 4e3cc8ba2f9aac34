/* ML-KEM-768: keys, encapsulation, decapsulation. @[FIPS203 5] @[FIPS203 6] @[FIPS203 7]
 *
 * Encryption leaves the compressed numbers of a ciphertext in the workspace. Encapsulation packs
 * them; decapsulation compares them, number by number, with those it received, which covers every
 * bit since no encoding has spare bits, and packs nothing. */
#include "crypto/mlkem.h"

#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "crypto/keccak_permute.h"

enum {
    EK_RHO = CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES,  /* where rho stands in a public key */
    LONG_EK = CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES, /* where the rest stands in the long form */
    LONG_HASH = LONG_EK + CEPA_MLKEM_EK_BYTES,
    LONG_Z = LONG_HASH + CEPA_SHA3_256_BYTES,
    CIPHERTEXT_V = CEPA_MLKEM_K * CEPA_MLKEM_POLY_10_BYTES, /* where v stands in a ciphertext */
    MONTGOMERY_SQUARE = 1353,                               /* 2^32 modulo q */
    /* SHAKE256 of z and a ciphertext: bytes beside z, blocks without either end, bytes left. */
    REJECTED_FIRST = CEPA_SHAKE256_RATE - CEPA_MLKEM_SEED_BYTES,
    REJECTED_FULL = 7,
    REJECTED_LAST =
        CEPA_MLKEM_CIPHERTEXT_BYTES - REJECTED_FIRST - REJECTED_FULL * CEPA_SHAKE256_RATE,
};

_Static_assert(CEPA_MLKEM_CIPHERTEXT_BYTES == 1088 && LONG_Z + CEPA_MLKEM_SEED_BYTES == 2400,
               "the lengths of FIPS 203, table 3");
_Static_assert(REJECTED_FIRST % 8 == 0 && REJECTED_LAST % 8 == 0 &&
                   (int)REJECTED_LAST < (int)CEPA_SHAKE256_RATE,
               "blocks are absorbed lane by lane, and the last has room for the padding");

/* decode_vector reads a vector of transforms. Gives 0 if all numbers are below q. */
static uint32_t decode_vector(struct cepa_mlkem_ntt ret_vector[CEPA_MLKEM_K],
                              const uint8_t bytes[CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES],
                              struct cepa_mlkem_poly *scratch, uint32_t cpu)
{
    uint32_t too_big = 0;
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        too_big |= cepa_mlkem_decode_12(scratch, bytes + (size_t)i * CEPA_MLKEM_POLY_BYTES, cpu);
        cepa_mlkem_ntt_arrange(&ret_vector[i], scratch->at, cpu);
    }
    return too_big;
}

/* add_noise gives product 2^16 + noise, where product is what cepa_mlkem_ntt_dot gave: t. */
static void add_noise(struct cepa_mlkem_ntt *ret_sum, const struct cepa_mlkem_ntt *product,
                      const struct cepa_mlkem_ntt *noise)
{
    for (unsigned i = 0; i < 16; i++) {
        for (unsigned j = 0; j < 16; j++) {
            int16_t scaled = cepa_mlkem_multiply(product->row[i][j], MONTGOMERY_SQUARE,
                                                 cepa_mlkem_low(MONTGOMERY_SQUARE));
            ret_sum->row[i][j] = cepa_mlkem_reduce((int16_t)(scaled + noise->row[i][j]));
        }
    }
}

/* derive hashes two strings of 32 bytes by SHA3-512 into secret.derived. */
static void derive(struct cepa_mlkem_workspace *workspace, const uint8_t first[32],
                   const uint8_t *second, size_t second_len)
{
    memcpy(workspace->secret.hashed, first, 32);
    memcpy(workspace->secret.hashed + 32, second, second_len);
    cepa_sha3_512(workspace->secret.derived, workspace->secret.hashed, 32 + second_len);
}

/* public_vector computes row i of t = A s + e. The matrix stands transposed, so the row is a
 * column of what we have. */
static void public_vector(struct cepa_mlkem_key *key, unsigned i,
                          struct cepa_mlkem_workspace *workspace, uint32_t cpu)
{
    for (unsigned j = 0; j < CEPA_MLKEM_K; j++) {
        workspace->secret.image[j] = key->matrix.at[j][i];
    }
    cepa_mlkem_ntt_dot(&workspace->secret.product, workspace->secret.image, key->s, cpu);
    cepa_mlkem_ntt_forward(&workspace->secret.image[0], &workspace->secret.noise[CEPA_MLKEM_K + i],
                           cpu);
    add_noise(&key->t[i], &workspace->secret.product, &workspace->secret.image[0]);
}

void cepa_mlkem_key_expand(struct cepa_mlkem_key *ret_key,
                           struct cepa_mlkem_public_key *ret_public_key,
                           const struct cepa_mlkem_seed *seed,
                           struct cepa_mlkem_workspace *workspace, uint32_t cpu)
{
    const uint8_t k = CEPA_MLKEM_K;
    uint8_t *rho = ret_public_key->bytes + EK_RHO;
    derive(workspace, seed->d, &k, 1);
    memcpy(rho, workspace->secret.derived, CEPA_MLKEM_SEED_BYTES);
    /* Rho is part of the public key; the matrix drawn from it by rejection is public too. */
    cepa_declassify(rho, CEPA_MLKEM_SEED_BYTES);
    cepa_mlkem_sample_key(&ret_key->matrix, workspace->secret.noise, rho,
                          workspace->secret.derived + 32, &workspace->secret.sampler, cpu);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_ntt_forward(&workspace->secret.product, &workspace->secret.noise[i], cpu);
        cepa_mlkem_ntt_factor(&ret_key->s[i], &workspace->secret.product, cpu);
    }
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        public_vector(ret_key, i, workspace, cpu);
        cepa_mlkem_ntt_order(&workspace->secret.poly, &ret_key->t[i]);
        cepa_mlkem_encode_12(ret_public_key->bytes + (size_t)i * CEPA_MLKEM_POLY_BYTES,
                             &workspace->secret.poly);
    }
    cepa_sha3_256(ret_key->public_hash, ret_public_key->bytes, sizeof ret_public_key->bytes);
    memcpy(ret_key->z, seed->z, sizeof ret_key->z);
    cepa_wipe(&workspace->secret, sizeof workspace->secret);
}

int cepa_mlkem_key_import(struct cepa_mlkem_key *ret_key,
                          const struct cepa_mlkem_decapsulation_key *long_key,
                          struct cepa_mlkem_workspace *workspace, uint32_t cpu)
{
    const uint8_t *bytes = long_key->bytes;
    int result = 0;
    cepa_mlkem_sample_and_hash(&ret_key->matrix, ret_key->public_hash, bytes + LONG_EK,
                               &workspace->secret.sampler, cpu);
    uint32_t bad = decode_vector(ret_key->t, bytes + LONG_EK, &workspace->secret.poly, cpu);
    bad |= ~cepa_ct_compare(ret_key->public_hash, bytes + LONG_HASH, CEPA_SHA3_256_BYTES);
    (void)decode_vector(workspace->secret.image, bytes, &workspace->secret.poly, cpu);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_ntt_factor(&ret_key->s[i], &workspace->secret.image[i], cpu);
    }
    memcpy(ret_key->z, bytes + LONG_Z, sizeof ret_key->z);
    if (bad != 0) {
        cepa_wipe(ret_key, sizeof *ret_key);
        result = CEPA_ERR_INVALID_KEY;
    }
    cepa_wipe(&workspace->secret, sizeof workspace->secret);
    return result;
}

int cepa_mlkem_public_key_check(const struct cepa_mlkem_public_key *public_key)
{
    struct cepa_mlkem_poly poly;
    uint32_t too_big = 0;
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        too_big |= cepa_mlkem_decode_12(
            &poly, public_key->bytes + (size_t)i * CEPA_MLKEM_POLY_BYTES, CEPA_CPU_PORTABLE);
    }
    return too_big == 0 ? 0 : CEPA_ERR_INVALID_KEY;
}

/* encrypt makes the compressed numbers of the ciphertext of `message` in secret.made. The noise
 * comes from `seed`; for `passenger` see cepa_mlkem_sample_noise. */
static void encrypt(struct cepa_mlkem_workspace *workspace, const struct cepa_mlkem_matrix *matrix,
                    const struct cepa_mlkem_ntt t[CEPA_MLKEM_K],
                    const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES],
                    const uint8_t seed[CEPA_MLKEM_SEED_BYTES], uint64_t *passenger, uint32_t cpu)
{
    struct cepa_mlkem_poly *noise = workspace->secret.noise;
    cepa_mlkem_sample_noise(noise, seed, passenger, &workspace->secret.sampler, cpu);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_ntt_forward(&workspace->secret.product, &noise[i], cpu);
        cepa_mlkem_ntt_factor(&workspace->secret.factor[i], &workspace->secret.product, cpu);
    }
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_ntt_dot(&workspace->secret.product, matrix->at[i], workspace->secret.factor,
                           cpu);
        cepa_mlkem_ntt_inverse(&workspace->secret.poly, &workspace->secret.product, cpu);
        cepa_mlkem_compress_10(&workspace->secret.made[i], &workspace->secret.poly,
                               &noise[CEPA_MLKEM_K + i], cpu);
    }
    cepa_mlkem_ntt_dot(&workspace->secret.product, t, workspace->secret.factor, cpu);
    cepa_mlkem_ntt_inverse(&workspace->secret.poly, &workspace->secret.product, cpu);
    cepa_mlkem_compress_4(&workspace->secret.made[CEPA_MLKEM_K], &workspace->secret.poly,
                          &noise[2 * CEPA_MLKEM_K], message, cpu);
}

int cepa_mlkem_encapsulate(struct cepa_mlkem_ciphertext *ret_ciphertext,
                           struct cepa_mlkem_secret *ret_secret,
                           const struct cepa_mlkem_public_key *public_key,
                           const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES],
                           struct cepa_mlkem_workspace *workspace, uint32_t cpu)
{
    uint8_t hash[CEPA_SHA3_256_BYTES];
    uint8_t *derived = workspace->secret.derived;
    if (decode_vector(workspace->t, public_key->bytes, &workspace->secret.poly, cpu) != 0) {
        return CEPA_ERR_INVALID_KEY;
    }
    cepa_mlkem_sample_and_hash(&workspace->matrix, hash, public_key->bytes,
                               &workspace->secret.sampler, cpu);
    derive(workspace, randomness, hash, sizeof hash);
    encrypt(workspace, &workspace->matrix, workspace->t, randomness, derived + 32, NULL, cpu);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_encode_10(ret_ciphertext->bytes + (size_t)i * CEPA_MLKEM_POLY_10_BYTES,
                             &workspace->secret.made[i], cpu);
    }
    cepa_mlkem_encode_4(ret_ciphertext->bytes + CIPHERTEXT_V, &workspace->secret.made[CEPA_MLKEM_K],
                        cpu);
    memcpy(ret_secret->bytes, derived, sizeof ret_secret->bytes);
    cepa_wipe(&workspace->secret, sizeof workspace->secret);
    return 0;
}

/* decrypt reads a ciphertext into secret.received and its message into `ret_message`. */
static void decrypt(struct cepa_mlkem_workspace *workspace, uint8_t *ret_message,
                    const struct cepa_mlkem_key *key,
                    const struct cepa_mlkem_ciphertext *ciphertext, uint32_t cpu)
{
    struct cepa_mlkem_poly *received = workspace->secret.received;
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        cepa_mlkem_decode_10(&received[i], &workspace->secret.poly,
                             ciphertext->bytes + (size_t)i * CEPA_MLKEM_POLY_10_BYTES, cpu);
        cepa_mlkem_ntt_forward(&workspace->secret.image[i], &workspace->secret.poly, cpu);
    }
    cepa_mlkem_decode_4(&received[CEPA_MLKEM_K], ciphertext->bytes + CIPHERTEXT_V, cpu);
    cepa_mlkem_ntt_dot(&workspace->secret.product, workspace->secret.image, key->s, cpu);
    cepa_mlkem_ntt_inverse(&workspace->secret.poly, &workspace->secret.product, cpu);
    cepa_mlkem_message(ret_message, &received[CEPA_MLKEM_K], &workspace->secret.poly, cpu);
}

/* absorb adds `count` lanes' worth of bytes to a state. */
static void absorb(uint64_t *lanes, const uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        lanes[i] ^= cepa_le64_load(bytes + 8 * (size_t)i);
    }
}

/* rejected_begin puts the first block of z || ciphertext into the state of secret.rejected and
 * leaves its permutation to be done. */
static void rejected_begin(struct cepa_mlkem_workspace *workspace, const struct cepa_mlkem_key *key,
                           const struct cepa_mlkem_ciphertext *ciphertext)
{
    uint64_t *lanes = workspace->secret.rejected;
    memset(lanes, 0, sizeof workspace->secret.rejected);
    absorb(lanes, key->z, CEPA_MLKEM_SEED_BYTES / 8);
    absorb(lanes + CEPA_MLKEM_SEED_BYTES / 8, ciphertext->bytes, REJECTED_FIRST / 8);
}

/* rejected_end takes in the other blocks; the last is padded. */
static void rejected_end(struct cepa_mlkem_workspace *workspace,
                         const struct cepa_mlkem_ciphertext *ciphertext, uint32_t cpu)
{
    uint64_t *lanes = workspace->secret.rejected;
    const uint8_t *block = ciphertext->bytes + REJECTED_FIRST;
    for (unsigned i = 0; i < REJECTED_FULL; i++, block += CEPA_SHAKE256_RATE) {
        absorb(lanes, block, CEPA_SHAKE256_RATE / 8);
        cepa_keccak_permute_best(lanes, cpu);
    }
    absorb(lanes, block, REJECTED_LAST / 8);
    lanes[REJECTED_LAST / 8] ^= CEPA_SHAKE_SUFFIX;
    lanes[CEPA_SHAKE256_RATE / 8 - 1] ^= (uint64_t)CEPA_KECCAK_LAST_PAD << 56;
    cepa_keccak_permute_best(lanes, cpu);
    for (unsigned i = 0; i < CEPA_MLKEM_SECRET_BYTES / 8; i++) {
        cepa_le64_store(workspace->secret.other_secret + 8 * i, lanes[i]);
    }
}

void cepa_mlkem_decapsulate(struct cepa_mlkem_secret *ret_secret, const struct cepa_mlkem_key *key,
                            const struct cepa_mlkem_ciphertext *ciphertext,
                            struct cepa_mlkem_workspace *workspace, uint32_t cpu)
{
    uint8_t message[CEPA_MLKEM_MESSAGE_BYTES];
    uint8_t *derived = workspace->secret.derived;
    uint32_t difference = 0;
    decrypt(workspace, message, key, ciphertext, cpu);
    derive(workspace, message, key->public_hash, sizeof key->public_hash);
    rejected_begin(workspace, key, ciphertext);
    encrypt(workspace, &key->matrix, key->t, message, derived + 32, workspace->secret.rejected,
            cpu);
    rejected_end(workspace, ciphertext, cpu);
    for (unsigned i = 0; i <= CEPA_MLKEM_K; i++) {
        difference |=
            cepa_mlkem_difference(&workspace->secret.made[i], &workspace->secret.received[i]);
    }
    memcpy(ret_secret->bytes, workspace->secret.other_secret, sizeof ret_secret->bytes);
    cepa_ct_copy(ret_secret->bytes, derived, sizeof ret_secret->bytes,
                 cepa_ct_mask_if_zero(difference));
    cepa_wipe(message, sizeof message);
    cepa_wipe(&workspace->secret, sizeof workspace->secret);
}
