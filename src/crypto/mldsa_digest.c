/* Digests of messages and commitments. @[FIPS204 5.2] @[FIPS204 6.2] */
#include "crypto/mldsa_digest.h"

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/mldsa_pack.h"

void cepa_mldsa_message_digest(uint8_t ret_digest[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               const uint8_t tr[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               const void *message, size_t message_len, const void *context,
                               size_t context_len)
{
    struct cepa_shake shake;
    CEPA_ASSERT(context_len <= CEPA_MLDSA_CONTEXT_MAX);
    const uint8_t prefix[2] = {0, (uint8_t)context_len};
    cepa_shake256_init(&shake);
    cepa_shake_absorb(&shake, tr, CEPA_MLDSA_REPRESENTATIVE_BYTES);
    cepa_shake_absorb(&shake, prefix, sizeof prefix);
    cepa_shake_absorb(&shake, context, context_len);
    cepa_shake_absorb(&shake, message, message_len);
    cepa_shake_squeeze(&shake, ret_digest, CEPA_MLDSA_REPRESENTATIVE_BYTES);
    cepa_shake_wipe(&shake);
}

void cepa_mldsa_challenge_digest(uint8_t ret_digest[CEPA_MLDSA_CHALLENGE_BYTES],
                                 const uint8_t mu[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                                 const struct cepa_mldsa_poly high[CEPA_MLDSA_ROWS])
{
    struct cepa_shake shake;
    uint8_t packed[CEPA_MLDSA_W1_BYTES];
    cepa_shake256_init(&shake);
    cepa_shake_absorb(&shake, mu, CEPA_MLDSA_REPRESENTATIVE_BYTES);
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        cepa_mldsa_pack_w1(packed, &high[row]);
        cepa_shake_absorb(&shake, packed, sizeof packed);
    }
    cepa_shake_squeeze(&shake, ret_digest, CEPA_MLDSA_CHALLENGE_BYTES);
    cepa_shake_wipe(&shake);
    cepa_wipe(packed, sizeof packed);
}
