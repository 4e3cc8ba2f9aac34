/* Exports of the public-key primitives. Shapes, errors and sources are those of the core's function
 * of the same name; addresses lie in the arena.
 *
 * An expanded key of ML-DSA is large and would fill the arena, so it has one slot in the module. */
#ifndef CEPA_WASM_KEYS_H
#define CEPA_WASM_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "wasm/module.h"

CEPA_WASM_EXPORT("x25519")
int cepa_wasm_x25519(uint8_t *ret_secret, const uint8_t *scalar, const uint8_t *point);

CEPA_WASM_EXPORT("x25519_base")
void cepa_wasm_x25519_base(uint8_t *ret_point, const uint8_t *scalar);

CEPA_WASM_EXPORT("ed25519_public_key")
void cepa_wasm_ed25519_public_key(uint8_t *ret_public_key, const uint8_t *seed);

CEPA_WASM_EXPORT("ed25519_sign")
void cepa_wasm_ed25519_sign(uint8_t *ret_signature, const uint8_t *seed, const uint8_t *message,
                            size_t message_len);

CEPA_WASM_EXPORT("ed25519_verify")
int cepa_wasm_ed25519_verify(const uint8_t *signature, const uint8_t *public_key,
                             const uint8_t *message, size_t message_len);

/* cepa_wasm_mldsa_keygen expands `seed` into the module's key slot, which the next call of it
 * overwrites, and writes the public key. */
CEPA_WASM_EXPORT("mldsa_keygen")
void cepa_wasm_mldsa_keygen(uint8_t *ret_public_key, const uint8_t *seed);

/* cepa_wasm_mldsa_sign signs with the key of the slot. */
CEPA_WASM_EXPORT("mldsa_sign")
int cepa_wasm_mldsa_sign(uint8_t *ret_signature, const uint8_t *message, size_t message_len,
                         const uint8_t *context, size_t context_len, const uint8_t *randomness);

CEPA_WASM_EXPORT("mldsa_verify")
int cepa_wasm_mldsa_verify(const uint8_t *signature, const uint8_t *public_key,
                           const uint8_t *message, size_t message_len, const uint8_t *context,
                           size_t context_len);

/* cepa_wasm_mldsa_wipe wipes the slot. */
CEPA_WASM_EXPORT("mldsa_wipe")
void cepa_wasm_mldsa_wipe(void);

#endif
