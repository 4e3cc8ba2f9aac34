/* Exports of the symmetric primitives. */
#include "wasm/symmetric.h"

#include "base/cpu.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hpolyc.h"
#include "crypto/keccak.h"
#include "crypto/mac.h"
#include "crypto/stream.h"

void cepa_wasm_sha3_256(uint8_t *ret_digest, const uint8_t *data, size_t len)
{
    cepa_sha3_256(ret_digest, data, len);
}

void cepa_wasm_sha3_512(uint8_t *ret_digest, const uint8_t *data, size_t len)
{
    cepa_sha3_512(ret_digest, data, len);
}

void cepa_wasm_shake128(uint8_t *ret_bytes, size_t ret_len, const uint8_t *data, size_t len)
{
    cepa_shake128(ret_bytes, ret_len, data, len);
}

void cepa_wasm_shake256(uint8_t *ret_bytes, size_t ret_len, const uint8_t *data, size_t len)
{
    cepa_shake256(ret_bytes, ret_len, data, len);
}

void cepa_wasm_hpolyc_encrypt(uint8_t *data, size_t len, const uint8_t *tweak, size_t tweak_len,
                              const uint8_t *key)
{
    struct cepa_hpolyc_key expanded;
    cepa_hpolyc_key_init(&expanded, key, CEPA_CPU_PORTABLE);
    cepa_hpolyc_encrypt(&expanded, data, len, tweak, tweak_len, CEPA_CPU_PORTABLE);
    cepa_hpolyc_key_wipe(&expanded);
}

void cepa_wasm_hpolyc_decrypt(uint8_t *data, size_t len, const uint8_t *tweak, size_t tweak_len,
                              const uint8_t *key)
{
    struct cepa_hpolyc_key expanded;
    cepa_hpolyc_key_init(&expanded, key, CEPA_CPU_PORTABLE);
    cepa_hpolyc_decrypt(&expanded, data, len, tweak, tweak_len, CEPA_CPU_PORTABLE);
    cepa_hpolyc_key_wipe(&expanded);
}

void cepa_wasm_blake2b(uint8_t *ret_hash, size_t ret_len, const uint8_t *data, size_t len,
                       const uint8_t *key, size_t key_len)
{
    cepa_blake2b(ret_hash, ret_len, data, len, key_len > 0 ? key : NULL, key_len);
}

void cepa_wasm_chacha20_xor(uint8_t *data, size_t len, const uint8_t *key, const uint8_t *nonce,
                            uint32_t block)
{
    cepa_chacha20_xor(data, len, key, nonce, block, CEPA_CPU_PORTABLE);
}

void cepa_wasm_poly1305(uint8_t *ret_tag, const uint8_t *data, size_t len, const uint8_t *key)
{
    cepa_poly1305(ret_tag, data, len, key, CEPA_CPU_PORTABLE);
}

void cepa_wasm_aead_seal(uint8_t *data, size_t len, uint8_t *ret_tag, const uint8_t *ad,
                         size_t ad_len, const uint8_t *nonce, const uint8_t *key)
{
    cepa_aead_seal(data, len, ret_tag, ad, ad_len, nonce, key, CEPA_CPU_PORTABLE);
}

int cepa_wasm_aead_open(uint8_t *data, size_t len, const uint8_t *tag, const uint8_t *ad,
                        size_t ad_len, const uint8_t *nonce, const uint8_t *key)
{
    return cepa_aead_open(data, len, tag, ad, ad_len, nonce, key, CEPA_CPU_PORTABLE);
}
