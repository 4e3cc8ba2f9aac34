/* ChaCha20-Poly1305 put together from the stream and the authenticator. libsodium's own opening
 * function overwrites the data with zeros when the tag is wrong; ours leaves it as it was, as every
 * function here does on failure. @[RFC8439 2.8] */
#include "crypto/aead.h"

#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "crypto/mac.h"
#include "crypto/stream.h"

/* compute_tag authenticates the associated data and the ciphertext under block 0 of the stream. */
static void compute_tag(uint8_t ret_tag[CEPA_AEAD_TAG_LEN], const uint8_t *ciphertext, size_t len,
                        const void *ad, size_t ad_len, const uint8_t nonce[CEPA_AEAD_NONCE_LEN],
                        const uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    static const uint8_t zeros[16] = {0};
    uint8_t mac_key[CEPA_CHACHA20_BLOCK_LEN];
    uint8_t lengths[16];
    struct cepa_poly1305 mac;

    cepa_chacha20_stream(mac_key, sizeof mac_key, key, nonce, cpu);
    cepa_poly1305_init(&mac, mac_key, cpu);
    cepa_wipe(mac_key, sizeof mac_key);
    cepa_poly1305_update(&mac, ad, ad_len);
    cepa_poly1305_update(&mac, zeros, (0 - ad_len) & 15);
    cepa_poly1305_update(&mac, ciphertext, len);
    cepa_poly1305_update(&mac, zeros, (0 - len) & 15);
    cepa_le64_store(lengths, ad_len);
    cepa_le64_store(lengths + 8, len);
    cepa_poly1305_update(&mac, lengths, sizeof lengths);
    cepa_poly1305_final(&mac, ret_tag);
}

void cepa_aead_seal(uint8_t *data, size_t len, uint8_t ret_tag[CEPA_AEAD_TAG_LEN], const void *ad,
                    size_t ad_len, const uint8_t nonce[CEPA_AEAD_NONCE_LEN],
                    const uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    cepa_chacha20_xor(data, len, key, nonce, 1, cpu);
    compute_tag(ret_tag, data, len, ad, ad_len, nonce, key, cpu);
}

int cepa_aead_open(uint8_t *data, size_t len, const uint8_t tag[CEPA_AEAD_TAG_LEN], const void *ad,
                   size_t ad_len, const uint8_t nonce[CEPA_AEAD_NONCE_LEN],
                   const uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu)
{
    uint8_t want[CEPA_AEAD_TAG_LEN];
    compute_tag(want, data, len, ad, ad_len, nonce, key, cpu);
    uint32_t is_equal = cepa_ct_compare(want, tag, sizeof want);
    cepa_wipe(want, sizeof want);
    /* The verdict is this function's result. */
    cepa_declassify(&is_equal, sizeof is_equal);
    if (is_equal == 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    cepa_chacha20_xor(data, len, key, nonce, 1, cpu);
    return 0;
}
