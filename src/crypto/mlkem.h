/* ML-KEM-768, the key encapsulation of FIPS 203. @[FIPS203 7] @[SPEC 3.2]
 *
 * A key is stored as its 64-byte seed and used in an expanded form that keeps everything which does
 * not change between decapsulations. Nothing here draws randomness. All secrets, also a rejected
 * ciphertext, leave no trace in running time; public keys and the matrix they give do. */
#ifndef CEPA_CRYPTO_MLKEM_H
#define CEPA_CRYPTO_MLKEM_H

#include <stdint.h>

#include "base/error.h"
#include "crypto/keccak.h"
#include "crypto/mlkem_ring.h"
#include "crypto/mlkem_sample.h"

enum {
    CEPA_MLKEM_PUBLIC_KEY_BYTES = CEPA_MLKEM_EK_BYTES,
    CEPA_MLKEM_CIPHERTEXT_BYTES =
        CEPA_MLKEM_K * CEPA_MLKEM_POLY_10_BYTES + CEPA_MLKEM_POLY_4_BYTES, /* 1,088 */
    CEPA_MLKEM_SECRET_BYTES = 32,
    CEPA_MLKEM_RANDOMNESS_BYTES = 32, /* of one encapsulation: FIPS 203's m */
    CEPA_MLKEM_DECAPSULATION_KEY_BYTES =
        CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES + CEPA_MLKEM_EK_BYTES + 64, /* 2,400 */
};

/* A public key: FIPS 203's encapsulation key. */
struct cepa_mlkem_public_key {
    uint8_t bytes[CEPA_MLKEM_PUBLIC_KEY_BYTES]; /* t in 12-bit numbers, then rho */
};

/* The encapsulation of one shared secret. */
struct cepa_mlkem_ciphertext {
    uint8_t bytes[CEPA_MLKEM_CIPHERTEXT_BYTES]; /* u in 10-bit numbers, then v in 4-bit numbers */
};

/* A shared secret. */
struct cepa_mlkem_secret {
    uint8_t bytes[CEPA_MLKEM_SECRET_BYTES]; /* FIPS 203's K */
};

/* The short form of a key, which is what is stored. Secret. */
struct cepa_mlkem_seed {
    uint8_t d[CEPA_MLKEM_SEED_BYTES]; /* gives the key pair */
    uint8_t z[CEPA_MLKEM_SEED_BYTES]; /* gives the secret of a rejected ciphertext */
};

/* FIPS 203's long form of a key, for import only. Secret. */
struct cepa_mlkem_decapsulation_key {
    uint8_t bytes[CEPA_MLKEM_DECAPSULATION_KEY_BYTES]; /* s, public key, its hash, z */
};

/* The expanded form of a key. Secret; wipe it with cepa_wipe. Every `cpu` may use it, whichever
 * made it. */
struct cepa_mlkem_key {
    struct cepa_mlkem_matrix matrix;          /* A transposed */
    struct cepa_mlkem_ntt t[CEPA_MLKEM_K];    /* the public vector */
    struct cepa_mlkem_factor s[CEPA_MLKEM_K]; /* the secret vector */
    uint8_t public_hash[CEPA_SHA3_256_BYTES]; /* SHA3-256 of the public key */
    uint8_t z[CEPA_MLKEM_SEED_BYTES];         /* as in the seed */
};

/* Memory that an operation needs; its contents do not matter before, and the secret ones are wiped
 * after. */
struct cepa_mlkem_workspace {
    struct cepa_mlkem_matrix matrix;       /* of somebody else's key */
    struct cepa_mlkem_ntt t[CEPA_MLKEM_K]; /* of somebody else's key */
    struct {
        struct cepa_mlkem_sampler sampler;
        struct cepa_mlkem_poly noise[CEPA_MLKEM_MESSAGE_NOISE];
        struct cepa_mlkem_ntt image[CEPA_MLKEM_K];     /* transforms of noise or of u */
        struct cepa_mlkem_factor factor[CEPA_MLKEM_K]; /* of y or s */
        struct cepa_mlkem_ntt product;
        struct cepa_mlkem_poly poly;
        struct cepa_mlkem_poly made[CEPA_MLKEM_K + 1];     /* compressed u and v, computed */
        struct cepa_mlkem_poly received[CEPA_MLKEM_K + 1]; /* the same from a ciphertext */
        uint64_t rejected[CEPA_KECCAK_LANES];              /* hash that gives the other secret */
        uint8_t hashed[CEPA_SHA3_512_BYTES];               /* input of SHA3-512 */
        uint8_t derived[CEPA_SHA3_512_BYTES];              /* its output: secret, noise seed */
        uint8_t other_secret[CEPA_MLKEM_SECRET_BYTES];     /* for a rejected ciphertext */
    } secret;
};

/* cepa_mlkem_key_expand makes the expanded key and the public key of a seed.
 * @[FIPS203 6.1 Algorithm 16] */
void cepa_mlkem_key_expand(struct cepa_mlkem_key *ret_key,
                           struct cepa_mlkem_public_key *ret_public_key,
                           const struct cepa_mlkem_seed *seed,
                           struct cepa_mlkem_workspace *workspace, uint32_t cpu);

/* cepa_mlkem_key_import makes the expanded key of FIPS 203's long form. Returns 0, or
 * CEPA_ERR_INVALID_KEY if the hash inside is not that of the public key inside, or if that public
 * key fails its own check; `ret_key` is then wiped. @[FIPS203 7.3] */
CEPA_MUST_USE int cepa_mlkem_key_import(struct cepa_mlkem_key *ret_key,
                                        const struct cepa_mlkem_decapsulation_key *long_key,
                                        struct cepa_mlkem_workspace *workspace, uint32_t cpu);

/* cepa_mlkem_public_key_check tells whether every 12-bit number of the key is below q: 0, or
 * CEPA_ERR_INVALID_KEY. @[FIPS203 7.2] */
CEPA_MUST_USE int cepa_mlkem_public_key_check(const struct cepa_mlkem_public_key *public_key);

/* cepa_mlkem_encapsulate makes a shared secret for the holder of `public_key` out of fresh
 * `randomness`. Returns 0, or CEPA_ERR_INVALID_KEY as the check above. @[FIPS203 6.2 Algorithm 17]
 */
CEPA_MUST_USE int cepa_mlkem_encapsulate(struct cepa_mlkem_ciphertext *ret_ciphertext,
                                         struct cepa_mlkem_secret *ret_secret,
                                         const struct cepa_mlkem_public_key *public_key,
                                         const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES],
                                         struct cepa_mlkem_workspace *workspace, uint32_t cpu);

/* cepa_mlkem_decapsulate gives the shared secret of a ciphertext; a ciphertext that nobody made for
 * this key gives a pseudorandom secret instead, in the same time. @[FIPS203 6.3 Algorithm 18] */
void cepa_mlkem_decapsulate(struct cepa_mlkem_secret *ret_secret, const struct cepa_mlkem_key *key,
                            const struct cepa_mlkem_ciphertext *ciphertext,
                            struct cepa_mlkem_workspace *workspace, uint32_t cpu);

#endif
