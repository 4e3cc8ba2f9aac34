/* Exports of the symmetric primitives. Shapes, errors and sources are those of the core's function
 * of the same name; addresses lie in the arena. */
#ifndef CEPA_WASM_SYMMETRIC_H
#define CEPA_WASM_SYMMETRIC_H

#include <stddef.h>
#include <stdint.h>

#include "wasm/module.h"

CEPA_WASM_EXPORT("sha3_256")
void cepa_wasm_sha3_256(uint8_t *ret_digest, const uint8_t *data, size_t len);

CEPA_WASM_EXPORT("sha3_512")
void cepa_wasm_sha3_512(uint8_t *ret_digest, const uint8_t *data, size_t len);

CEPA_WASM_EXPORT("shake128")
void cepa_wasm_shake128(uint8_t *ret_bytes, size_t ret_len, const uint8_t *data, size_t len);

CEPA_WASM_EXPORT("shake256")
void cepa_wasm_shake256(uint8_t *ret_bytes, size_t ret_len, const uint8_t *data, size_t len);

/* cepa_wasm_hpolyc_encrypt and its inverse work in place. */
CEPA_WASM_EXPORT("hpolyc_encrypt")
void cepa_wasm_hpolyc_encrypt(uint8_t *data, size_t len, const uint8_t *tweak, size_t tweak_len,
                              const uint8_t *key);

CEPA_WASM_EXPORT("hpolyc_decrypt")
void cepa_wasm_hpolyc_decrypt(uint8_t *data, size_t len, const uint8_t *tweak, size_t tweak_len,
                              const uint8_t *key);

/* cepa_wasm_blake2b: a key_len of 0 means no key, whatever `key` is. */
CEPA_WASM_EXPORT("blake2b")
void cepa_wasm_blake2b(uint8_t *ret_hash, size_t ret_len, const uint8_t *data, size_t len,
                       const uint8_t *key, size_t key_len);

CEPA_WASM_EXPORT("chacha20_xor")
void cepa_wasm_chacha20_xor(uint8_t *data, size_t len, const uint8_t *key, const uint8_t *nonce,
                            uint32_t block);

CEPA_WASM_EXPORT("poly1305")
void cepa_wasm_poly1305(uint8_t *ret_tag, const uint8_t *data, size_t len, const uint8_t *key);

CEPA_WASM_EXPORT("aead_seal")
void cepa_wasm_aead_seal(uint8_t *data, size_t len, uint8_t *ret_tag, const uint8_t *ad,
                         size_t ad_len, const uint8_t *nonce, const uint8_t *key);

CEPA_WASM_EXPORT("aead_open")
int cepa_wasm_aead_open(uint8_t *data, size_t len, const uint8_t *tag, const uint8_t *ad,
                        size_t ad_len, const uint8_t *nonce, const uint8_t *key);

#endif
