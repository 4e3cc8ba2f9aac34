/* Exports of the key encapsulations. Shapes, errors and sources are those of the core's function of
 * the same name; addresses lie in the arena. Each kind of key has one slot in the module, which
 * keygen and import fill and decapsulate uses. */
#ifndef CEPA_WASM_KEM_H
#define CEPA_WASM_KEM_H

#include <stdint.h>

#include "wasm/module.h"

CEPA_WASM_EXPORT("mlkem_keygen")
void cepa_wasm_mlkem_keygen(uint8_t *ret_public_key, const uint8_t *seed);

/* cepa_wasm_mlkem_import takes FIPS 203's long form of a key. */
CEPA_WASM_EXPORT("mlkem_import")
int cepa_wasm_mlkem_import(const uint8_t *long_key);

CEPA_WASM_EXPORT("mlkem_public_key_check")
int cepa_wasm_mlkem_public_key_check(const uint8_t *public_key);

CEPA_WASM_EXPORT("mlkem_encapsulate")
int cepa_wasm_mlkem_encapsulate(uint8_t *ret_ciphertext, uint8_t *ret_secret,
                                const uint8_t *public_key, const uint8_t *randomness);

CEPA_WASM_EXPORT("mlkem_decapsulate")
void cepa_wasm_mlkem_decapsulate(uint8_t *ret_secret, const uint8_t *ciphertext);

CEPA_WASM_EXPORT("xwing_keygen")
void cepa_wasm_xwing_keygen(uint8_t *ret_public_key, const uint8_t *seed);

CEPA_WASM_EXPORT("xwing_encapsulate")
int cepa_wasm_xwing_encapsulate(uint8_t *ret_ciphertext, uint8_t *ret_secret,
                                const uint8_t *public_key, const uint8_t *randomness);

CEPA_WASM_EXPORT("xwing_decapsulate")
int cepa_wasm_xwing_decapsulate(uint8_t *ret_secret, const uint8_t *ciphertext);

/* cepa_wasm_kem_wipe wipes both slots. */
CEPA_WASM_EXPORT("kem_wipe")
void cepa_wasm_kem_wipe(void);

#endif
