/* The two digests that signing and verifying share. @[FIPS204 6.2] @[FIPS204 6.3] @[SPEC 3.4] */
#ifndef CEPA_CRYPTO_MLDSA_DIGEST_H
#define CEPA_CRYPTO_MLDSA_DIGEST_H

#include "crypto/mldsa.h"

/* cepa_mldsa_message_digest gives mu: the digest of `tr` (the public key's digest), the mark of
 * pure ML-DSA, the context with its length (at most 255, asserted), and the message. */
void cepa_mldsa_message_digest(uint8_t ret_digest[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               const uint8_t tr[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               const void *message, size_t message_len, const void *context,
                               size_t context_len);

/* cepa_mldsa_challenge_digest gives the digest of mu and the high parts of w, in [0, 16). */
void cepa_mldsa_challenge_digest(uint8_t ret_digest[CEPA_MLDSA_CHALLENGE_BYTES],
                                 const uint8_t mu[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                                 const struct cepa_mldsa_poly high[CEPA_MLDSA_ROWS]);

#endif
