/* Exports of the key encapsulations. All their structs of bytes have no padding and no alignment,
 * so an address in the arena is one. */
#include "wasm/kem.h"

#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/mlkem.h"
#include "crypto/xwing.h"

static struct cepa_mlkem_key mlkem_key;
static struct cepa_xwing_key xwing_key;
static struct cepa_xwing_workspace workspace;

void cepa_wasm_mlkem_keygen(uint8_t *ret_public_key, const uint8_t *seed)
{
    cepa_mlkem_key_expand(&mlkem_key, (struct cepa_mlkem_public_key *)ret_public_key,
                          (const struct cepa_mlkem_seed *)seed, &workspace.mlkem,
                          CEPA_CPU_PORTABLE);
}

int cepa_wasm_mlkem_import(const uint8_t *long_key)
{
    return cepa_mlkem_key_import(&mlkem_key, (const struct cepa_mlkem_decapsulation_key *)long_key,
                                 &workspace.mlkem, CEPA_CPU_PORTABLE);
}

int cepa_wasm_mlkem_public_key_check(const uint8_t *public_key)
{
    return cepa_mlkem_public_key_check((const struct cepa_mlkem_public_key *)public_key);
}

int cepa_wasm_mlkem_encapsulate(uint8_t *ret_ciphertext, uint8_t *ret_secret,
                                const uint8_t *public_key, const uint8_t *randomness)
{
    return cepa_mlkem_encapsulate((struct cepa_mlkem_ciphertext *)ret_ciphertext,
                                  (struct cepa_mlkem_secret *)ret_secret,
                                  (const struct cepa_mlkem_public_key *)public_key, randomness,
                                  &workspace.mlkem, CEPA_CPU_PORTABLE);
}

void cepa_wasm_mlkem_decapsulate(uint8_t *ret_secret, const uint8_t *ciphertext)
{
    cepa_mlkem_decapsulate((struct cepa_mlkem_secret *)ret_secret, &mlkem_key,
                           (const struct cepa_mlkem_ciphertext *)ciphertext, &workspace.mlkem,
                           CEPA_CPU_PORTABLE);
}

void cepa_wasm_xwing_keygen(uint8_t *ret_public_key, const uint8_t *seed)
{
    cepa_xwing_key_expand(&xwing_key, (const struct cepa_xwing_seed *)seed, &workspace,
                          CEPA_CPU_PORTABLE);
    memcpy(ret_public_key, xwing_key.public_key.bytes, sizeof xwing_key.public_key.bytes);
}

int cepa_wasm_xwing_encapsulate(uint8_t *ret_ciphertext, uint8_t *ret_secret,
                                const uint8_t *public_key, const uint8_t *randomness)
{
    return cepa_xwing_encapsulate((struct cepa_xwing_ciphertext *)ret_ciphertext,
                                  (struct cepa_xwing_secret *)ret_secret,
                                  (const struct cepa_xwing_public_key *)public_key, randomness,
                                  &workspace, CEPA_CPU_PORTABLE);
}

int cepa_wasm_xwing_decapsulate(uint8_t *ret_secret, const uint8_t *ciphertext)
{
    int error = cepa_xwing_decapsulate((struct cepa_xwing_secret *)ret_secret, &xwing_key,
                                       (const struct cepa_xwing_ciphertext *)ciphertext, &workspace,
                                       CEPA_CPU_PORTABLE);
    if (error != 0) {
        cepa_wipe(ret_secret, CEPA_XWING_SECRET_BYTES);
    }
    return error;
}

void cepa_wasm_kem_wipe(void)
{
    cepa_wipe(&mlkem_key, sizeof mlkem_key);
    cepa_wipe(&xwing_key, sizeof xwing_key);
}
