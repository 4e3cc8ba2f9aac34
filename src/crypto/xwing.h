/* X-Wing: ML-KEM-768 and X25519 joined into one key encapsulation that stands while either stands.
 * @[XWING 5] @[SPEC 3.3]
 *
 * A key is kept as its 32-byte seed and used in an expanded form. Nothing here draws randomness. */
#ifndef CEPA_CRYPTO_XWING_H
#define CEPA_CRYPTO_XWING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/mlkem.h"
#include "crypto/x25519.h"

enum {
    CEPA_XWING_SEED_BYTES = 32,
    CEPA_XWING_PUBLIC_KEY_BYTES = CEPA_MLKEM_PUBLIC_KEY_BYTES + CEPA_X25519_LEN, /* 1,216 */
    CEPA_XWING_CIPHERTEXT_BYTES = CEPA_MLKEM_CIPHERTEXT_BYTES + CEPA_X25519_LEN, /* 1,120 */
    CEPA_XWING_SECRET_BYTES = 32,
    CEPA_XWING_RANDOMNESS_BYTES = CEPA_MLKEM_RANDOMNESS_BYTES + CEPA_X25519_LEN, /* 64 */
    CEPA_XWING_BATCH_MAX = CEPA_X25519_AGREE_MAX,
};

/* The stored form of a key. Secret. */
struct cepa_xwing_seed {
    uint8_t bytes[CEPA_XWING_SEED_BYTES];
};

/* A public key: ML-KEM's, then X25519's. */
struct cepa_xwing_public_key {
    uint8_t bytes[CEPA_XWING_PUBLIC_KEY_BYTES];
};

/* The encapsulation of one shared secret: ML-KEM's ciphertext, then an X25519 public key. */
struct cepa_xwing_ciphertext {
    uint8_t bytes[CEPA_XWING_CIPHERTEXT_BYTES];
};

/* A shared secret. */
struct cepa_xwing_secret {
    uint8_t bytes[CEPA_XWING_SECRET_BYTES];
};

/* The expanded form of a key. Secret but for `public_key`; wipe it with cepa_wipe. */
struct cepa_xwing_key {
    struct cepa_xwing_public_key public_key; /* public */
    struct cepa_mlkem_key mlkem;             /* matrix, vectors and hash, kept ready */
    uint8_t x25519[CEPA_X25519_LEN];         /* scalar of X25519 */
};

/* What is hashed into a shared secret, in this order. */
struct cepa_xwing_combined {
    struct cepa_mlkem_secret mlkem;      /* ML-KEM's secret */
    uint8_t x25519[CEPA_X25519_LEN];     /* X25519's secret */
    uint8_t ciphertext[CEPA_X25519_LEN]; /* X25519's part of the ciphertext */
    uint8_t public_key[CEPA_X25519_LEN]; /* X25519's part of the public key */
    uint8_t label[6];                    /* \.//^\ */
};

/* Memory that an operation needs; its contents do not matter before, and its secrets are wiped
 * after. */
struct cepa_xwing_workspace {
    struct cepa_mlkem_workspace mlkem;
    struct cepa_mlkem_public_key public_key; /* ML-KEM's part of somebody's key */
    struct cepa_mlkem_ciphertext ciphertext; /* ML-KEM's part of a ciphertext */
    struct cepa_xwing_combined combined;     /* secret */
};

/* cepa_xwing_key_expand makes the expanded key of a seed. @[XWING 5.2] */
void cepa_xwing_key_expand(struct cepa_xwing_key *ret_key, const struct cepa_xwing_seed *seed,
                           struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_xwing_public_key_check tells whether a public key may be used: 0, CEPA_ERR_INVALID_KEY if a
 * number of ML-KEM's part is not below q, CEPA_ERR_LOW_ORDER_POINT if X25519's part is of low
 * order. @[FIPS203 7.2] */
CEPA_MUST_USE int cepa_xwing_public_key_check(const struct cepa_xwing_public_key *public_key);

/* cepa_xwing_encapsulate makes a shared secret for the holder of `public_key` out of fresh
 * `randomness`, of which ML-KEM takes the first half. Returns 0 or an error as the check above.
 * @[XWING 5.4] */
CEPA_MUST_USE int cepa_xwing_encapsulate(struct cepa_xwing_ciphertext *ret_ciphertext,
                                         struct cepa_xwing_secret *ret_secret,
                                         const struct cepa_xwing_public_key *public_key,
                                         const uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES],
                                         struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_xwing_encapsulate_batch is cepa_xwing_encapsulate for `count` public keys, at most
 * CEPA_XWING_BATCH_MAX, in less time: `randomness` is `count` times CEPA_XWING_RANDOMNESS_BYTES. If
 * it fails for any of them, the outputs may be written in part and must not be used. */
CEPA_MUST_USE int cepa_xwing_encapsulate_batch(
    struct cepa_xwing_ciphertext *ret_ciphertexts, struct cepa_xwing_secret *ret_secrets,
    const struct cepa_xwing_public_key *const *public_keys, size_t count, const uint8_t *randomness,
    struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_xwing_decapsulate gives the shared secret of a ciphertext. One that nobody made for this key
 * gives an unrelated secret. Returns 0, or CEPA_ERR_LOW_ORDER_POINT if X25519's part is of low
 * order; the instructions are the same in all these cases, and for their sake `ret_secret` is
 * written in all of them: after an error it must not be used. @[XWING 5.5] */
CEPA_MUST_USE int cepa_xwing_decapsulate(struct cepa_xwing_secret *ret_secret,
                                         const struct cepa_xwing_key *key,
                                         const struct cepa_xwing_ciphertext *ciphertext,
                                         struct cepa_xwing_workspace *workspace, uint32_t cpu);

#endif
