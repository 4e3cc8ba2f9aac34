/* Exports of the public-key primitives. */
#include "wasm/keys.h"

#include "base/cpu.h"
#include "crypto/x25519.h"

int cepa_wasm_x25519(uint8_t *ret_secret, const uint8_t *scalar, const uint8_t *point)
{
    return cepa_x25519(ret_secret, scalar, point, CEPA_CPU_PORTABLE);
}

void cepa_wasm_x25519_base(uint8_t *ret_point, const uint8_t *scalar)
{
    cepa_x25519_base(ret_point, scalar, CEPA_CPU_PORTABLE);
}
