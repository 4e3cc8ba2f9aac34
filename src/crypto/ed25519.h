/* Ed25519 signatures, and keys blinded per directory day. @[RFC8032 5.1] @[SPEC 3.6] @[SPEC 3.7]
 *
 * Blinding turns a long-term key pair into another one for each day. Who knows the address can
 * compute the day's public key; who sees two days' public keys cannot tell that they belong
 * together; signatures of the day's key verify like any others. @[RENDSPEC A] */
#ifndef CEPA_CRYPTO_ED25519_H
#define CEPA_CRYPTO_ED25519_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_ED25519_SEED_LEN = 32,
    CEPA_ED25519_PUBLIC_KEY_LEN = 32,
    CEPA_ED25519_SIGNATURE_LEN = 64
};

/* A secret seed, from which the key follows. */
struct cepa_ed25519_seed {
    uint8_t bytes[CEPA_ED25519_SEED_LEN];
};

/* A public key: a point, encoded. From a peer it is checked when it is imported. */
struct cepa_ed25519_public_key {
    uint8_t bytes[CEPA_ED25519_PUBLIC_KEY_LEN];
};

/* A signature: R and S. */
struct cepa_ed25519_signature {
    uint8_t bytes[CEPA_ED25519_SIGNATURE_LEN];
};

/* A signing key. Secret; wiped by its owner with cepa_ed25519_key_wipe. */
struct cepa_ed25519_key {
    struct cepa_ed25519_seed seed;             /* what it was made from */
    struct cepa_ed25519_public_key public_key; /* what its signatures verify under */
};

/* The public key of one day. Its own type, because a day's key must never stand where an identity
 * is meant; signatures are verified under `point`. */
struct cepa_ed25519_blinded_public_key {
    struct cepa_ed25519_public_key point;
};

/* The signing key of one day. Secret: with the address it gives the long-term key away. Wiped by
 * its owner with cepa_ed25519_blinded_key_wipe. */
struct cepa_ed25519_blinded_key {
    uint8_t scalar[32];                                /* h a, modulo the order of the group */
    uint8_t nonce_prefix[32];                          /* stands for RFC 8032's second half */
    struct cepa_ed25519_blinded_public_key public_key; /* h A */
};

/* cepa_ed25519_key_init makes the signing key of a seed. @[RFC8032 5.1.5] */
void cepa_ed25519_key_init(struct cepa_ed25519_key *ret_key, const struct cepa_ed25519_seed *seed);

/* cepa_ed25519_key_wipe overwrites the key with zeros. */
void cepa_ed25519_key_wipe(struct cepa_ed25519_key *key);

/* cepa_ed25519_sign signs `len` bytes at `data`, deterministically. @[RFC8032 5.1.6] */
void cepa_ed25519_sign(const struct cepa_ed25519_key *key,
                       struct cepa_ed25519_signature *ret_signature, const void *data, size_t len);

/* cepa_ed25519_verify returns 0, or CEPA_ERR_AUTHENTICATION if the signature is wrong, not
 * canonical, or the key is of small order or not canonical. Variable time: all of it is public.
 * @[RFC8032 5.1.7] */
CEPA_MUST_USE int cepa_ed25519_verify(const struct cepa_ed25519_public_key *public_key,
                                      const struct cepa_ed25519_signature *signature,
                                      const void *data, size_t len);

/* cepa_ed25519_public_key_check tells whether a peer's bytes are a key: a canonical point of the
 * prime-order subgroup, not of small order. Returns 0 or CEPA_ERR_INVALID_KEY. Costs about a
 * verification. */
CEPA_MUST_USE int cepa_ed25519_public_key_check(const struct cepa_ed25519_public_key *public_key);

/* cepa_ed25519_blind_public_key computes the key of `day`. `context` (`context_len` bytes, below
 * 2^32) is what else a person must know to find the day's key: the network and the rest of the
 * address. Returns 0 or CEPA_ERR_INVALID_KEY if `public_key` fails its check, which is part of it.
 * @[SPEC 3.7] */
CEPA_MUST_USE int cepa_ed25519_blind_public_key(struct cepa_ed25519_blinded_public_key *ret_blinded,
                                                const struct cepa_ed25519_public_key *public_key,
                                                struct cepa_directory_day day, const void *context,
                                                size_t context_len);

/* cepa_ed25519_blind_key computes the signing key of `day` for the same context; its public key is
 * what cepa_ed25519_blind_public_key gives. @[SPEC 3.7] */
void cepa_ed25519_blind_key(struct cepa_ed25519_blinded_key *ret_blinded,
                            const struct cepa_ed25519_key *key, struct cepa_directory_day day,
                            const void *context, size_t context_len);

/* cepa_ed25519_blinded_key_wipe overwrites the key with zeros. */
void cepa_ed25519_blinded_key_wipe(struct cepa_ed25519_blinded_key *key);

/* cepa_ed25519_blinded_sign signs `len` bytes at `data`, deterministically; cepa_ed25519_verify
 * accepts the signature under the day's public key. @[SPEC 3.7] */
void cepa_ed25519_blinded_sign(const struct cepa_ed25519_blinded_key *key,
                               struct cepa_ed25519_signature *ret_signature, const void *data,
                               size_t len);

#endif
