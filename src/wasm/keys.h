/* Exports of the public-key primitives. Shapes, errors and sources are those of the core's function
 * of the same name; addresses lie in the arena. */
#ifndef CEPA_WASM_KEYS_H
#define CEPA_WASM_KEYS_H

#include <stdint.h>

#include "wasm/module.h"

CEPA_WASM_EXPORT("x25519")
int cepa_wasm_x25519(uint8_t *ret_secret, const uint8_t *scalar, const uint8_t *point);

CEPA_WASM_EXPORT("x25519_base")
void cepa_wasm_x25519_base(uint8_t *ret_point, const uint8_t *scalar);

#endif
