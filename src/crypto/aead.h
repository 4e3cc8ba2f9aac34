/* ChaCha20-Poly1305 (IETF), in place, with the tag apart from the data. @[SPEC 3.6]
 * @[RFC8439 2.8] */
#ifndef CEPA_CRYPTO_AEAD_H
#define CEPA_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CEPA_AEAD_KEY_LEN = 32, CEPA_AEAD_NONCE_LEN = 12, CEPA_AEAD_TAG_LEN = 16 };

/* cepa_aead_seal encrypts `len` bytes at `data` in place and writes the tag over them and the
 * `ad_len` bytes of associated data (may be NULL if 0). A (key, nonce) pair seals one message only.
 * Asserted: len <= (2^32 - 1) * 64. O(len + ad_len). */
void cepa_aead_seal(uint8_t *data, size_t len, uint8_t ret_tag[CEPA_AEAD_TAG_LEN], const void *ad,
                    size_t ad_len, const uint8_t nonce[CEPA_AEAD_NONCE_LEN],
                    const uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu);

/* cepa_aead_open checks the tag in constant time, and only if it is right decrypts `data` in place.
 * Returns 0, or CEPA_ERR_AUTHENTICATION and then `data` is as it was. O(len + ad_len). */
CEPA_MUST_USE int cepa_aead_open(uint8_t *data, size_t len, const uint8_t tag[CEPA_AEAD_TAG_LEN],
                                 const void *ad, size_t ad_len,
                                 const uint8_t nonce[CEPA_AEAD_NONCE_LEN],
                                 const uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu);

#endif
