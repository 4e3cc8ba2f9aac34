/* ML-DSA-65: signatures that should outlive quantum computers, in the pure form with a context
 * string. @[FIPS204 5] @[SPEC 3.4]
 *
 * A signing key is its 32-byte seed; the expanded form here is made of it in memory and never
 * leaves it. Signing is constant-time with three exceptions, each declassified in one place: which
 * coefficients sampling passed over (mldsa_sample.c), whether an attempt was rejected, and the
 * challenge of an attempt (mldsa_sign.c says why). Verification and its inputs are public.
 *
 * Large temporaries live in a workspace that the caller lends; nothing needs to be in it before,
 * it may be shared by all functions here, and functions that put secrets in wipe them. */
#ifndef CEPA_CRYPTO_MLDSA_H
#define CEPA_CRYPTO_MLDSA_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/keccak.h"
#include "crypto/mldsa_poly.h"

enum {
    CEPA_MLDSA_SEED_BYTES = 32,           /* what a signing key is made of */
    CEPA_MLDSA_RANDOM_BYTES = 32,         /* what hedged signing takes */
    CEPA_MLDSA_RHO_BYTES = 32,            /* seed of the matrix A */
    CEPA_MLDSA_REPRESENTATIVE_BYTES = 64, /* digest of a public key, of a message, and seeds */
    CEPA_MLDSA_CHALLENGE_BYTES = 48,      /* digest from which the challenge is sampled */
    CEPA_MLDSA_CONTEXT_MAX = 255,         /* longest context string */
    CEPA_MLDSA_T1_BYTES = 320,            /* a polynomial of 10-bit coefficients */
    CEPA_MLDSA_Z_BYTES = 640,             /* a polynomial of 20-bit coefficients */
    CEPA_MLDSA_W1_BYTES = 128,            /* a polynomial of 4-bit coefficients */
    CEPA_MLDSA_HINT_BYTES = CEPA_MLDSA_HINTS_MAX + CEPA_MLDSA_ROWS,
    CEPA_MLDSA_PUBLIC_KEY_BYTES = CEPA_MLDSA_RHO_BYTES + CEPA_MLDSA_ROWS * CEPA_MLDSA_T1_BYTES,
    CEPA_MLDSA_SIGNATURE_BYTES = CEPA_MLDSA_CHALLENGE_BYTES +
                                 CEPA_MLDSA_COLUMNS * CEPA_MLDSA_Z_BYTES + CEPA_MLDSA_HINT_BYTES,
    CEPA_MLDSA_MASKS = 8,      /* masks sampled ahead while signing: two batches of four */
    CEPA_MLDSA_SQUEEZED = 848, /* five blocks of SHAKE128, and what a load may read beyond */
};

_Static_assert(CEPA_MLDSA_PUBLIC_KEY_BYTES == 1952, "FIPS 204, table 2");
_Static_assert(CEPA_MLDSA_SIGNATURE_BYTES == 3309, "FIPS 204, table 2");

/* The seed of a signing key: secret. */
struct cepa_mldsa_seed {
    uint8_t bytes[CEPA_MLDSA_SEED_BYTES]; /* xi of FIPS 204 */
};

/* A public key in its encoded form; every string of this length is one. */
struct cepa_mldsa_public_key {
    uint8_t bytes[CEPA_MLDSA_PUBLIC_KEY_BYTES]; /* rho, then t1 */
};

/* A signature in its encoded form. */
struct cepa_mldsa_signature {
    uint8_t bytes[CEPA_MLDSA_SIGNATURE_BYTES]; /* challenge digest, z, hint */
};

/* An expanded signing key, 50,176 bytes: secret, and its owner wipes it. Holding A and the
 * transforms saves a third of the time of a signature. */
struct cepa_mldsa_key {
    struct cepa_mldsa_public_key public_key;          /* the only public field */
    uint8_t k[CEPA_MLDSA_SEED_BYTES];                 /* seeds the masks */
    uint8_t tr[CEPA_MLDSA_REPRESENTATIVE_BYTES];      /* digest of the public key */
    struct cepa_mldsa_poly matrix[CEPA_MLDSA_MATRIX]; /* A row by row, transformed */
    struct cepa_mldsa_poly s1[CEPA_MLDSA_COLUMNS];    /* transformed */
    struct cepa_mldsa_poly s2[CEPA_MLDSA_ROWS];       /* transformed */
    struct cepa_mldsa_poly t0[CEPA_MLDSA_ROWS];       /* low bits of t, transformed */
};

/* Temporaries, 72,480 bytes. Each function uses some of them. */
struct cepa_mldsa_workspace {
    struct cepa_mldsa_poly matrix[CEPA_MLDSA_MATRIX]; /* A, for verification */
    struct cepa_mldsa_poly masks[CEPA_MLDSA_MASKS];   /* y: mask n of a signature at n modulo 8 */
    struct cepa_mldsa_poly vector[CEPA_MLDSA_ROWS];   /* what is multiplied, then z */
    struct cepa_mldsa_poly high[CEPA_MLDSA_ROWS];     /* w, then its high part */
    struct cepa_mldsa_poly low[CEPA_MLDSA_ROWS];      /* low part of w, then what hints need */
    struct cepa_mldsa_poly hint[CEPA_MLDSA_ROWS];     /* zeros and ones */
    struct cepa_mldsa_poly challenge;                 /* c, transformed */
    struct cepa_mldsa_poly product;                   /* c times a secret */
    struct cepa_shake_x4 shake_x4;                    /* four samplings side by side */
    uint8_t squeezed[CEPA_KECCAK_WAYS][CEPA_MLDSA_SQUEEZED]; /* their output */
};

/* cepa_mldsa_key_expand makes the signing key, and the public key in it, of `seed`.
 * @[FIPS204 6.1] */
void cepa_mldsa_key_expand(struct cepa_mldsa_key *ret_key, const struct cepa_mldsa_seed *seed,
                           struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_mldsa_sign signs `message` under `context`. `randomness` hedges against faults and side
 * channels; 32 zeros make the signature a function of key, message and context. The number of
 * attempts varies, 5.1 on average, and tells nothing about the key.
 *
 * Returns CEPA_ERR_ARGUMENT if the context is longer than 255 bytes, or CEPA_ERR_EXHAUSTED if 814
 * attempts failed, which happens less often than once in 2^256. @[FIPS204 5.2] @[FIPS204 C] */
CEPA_MUST_USE int cepa_mldsa_sign(struct cepa_mldsa_signature *ret_signature,
                                  const struct cepa_mldsa_key *key, const void *message,
                                  size_t message_len, const void *context, size_t context_len,
                                  const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                                  struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_mldsa_verify checks that `signature` is one of `message` under `context` by `public_key`.
 * Not constant-time: all it sees is public. Returns CEPA_ERR_ARGUMENT if the context is longer
 * than 255 bytes, or CEPA_ERR_AUTHENTICATION if the signature is malformed or wrong.
 * @[FIPS204 5.3] */
CEPA_MUST_USE int cepa_mldsa_verify(const struct cepa_mldsa_signature *signature,
                                    const struct cepa_mldsa_public_key *public_key,
                                    const void *message, size_t message_len, const void *context,
                                    size_t context_len, struct cepa_mldsa_workspace *workspace,
                                    uint32_t cpu);

#endif
