/* Exports of the public-key primitives. */
#include "wasm/keys.h"

#include <string.h>

#include "base/cpu.h"
#include "base/ct.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa.h"
#include "crypto/x25519.h"

static struct cepa_mldsa_key mldsa_key;
static struct cepa_mldsa_workspace workspace;

int cepa_wasm_x25519(uint8_t *ret_secret, const uint8_t *scalar, const uint8_t *point)
{
    return cepa_x25519(ret_secret, scalar, point, CEPA_CPU_PORTABLE);
}

void cepa_wasm_x25519_base(uint8_t *ret_point, const uint8_t *scalar)
{
    cepa_x25519_base(ret_point, scalar, CEPA_CPU_PORTABLE);
}

static void ed25519_expand(struct cepa_ed25519_key *ret_key, const uint8_t *seed)
{
    struct cepa_ed25519_seed copy;
    memcpy(copy.bytes, seed, sizeof copy.bytes);
    cepa_ed25519_key_init(ret_key, &copy);
    cepa_wipe(&copy, sizeof copy);
}

void cepa_wasm_ed25519_public_key(uint8_t *ret_public_key, const uint8_t *seed)
{
    struct cepa_ed25519_key key;
    ed25519_expand(&key, seed);
    memcpy(ret_public_key, key.public_key.bytes, sizeof key.public_key.bytes);
    cepa_ed25519_key_wipe(&key);
}

void cepa_wasm_ed25519_sign(uint8_t *ret_signature, const uint8_t *seed, const uint8_t *message,
                            size_t message_len)
{
    struct cepa_ed25519_key key;
    ed25519_expand(&key, seed);
    cepa_ed25519_sign(&key, (struct cepa_ed25519_signature *)ret_signature, message, message_len);
    cepa_ed25519_key_wipe(&key);
}

int cepa_wasm_ed25519_verify(const uint8_t *signature, const uint8_t *public_key,
                             const uint8_t *message, size_t message_len)
{
    return cepa_ed25519_verify((const struct cepa_ed25519_public_key *)public_key,
                               (const struct cepa_ed25519_signature *)signature, message,
                               message_len);
}

void cepa_wasm_mldsa_keygen(uint8_t *ret_public_key, const uint8_t *seed)
{
    struct cepa_mldsa_seed copy;
    memcpy(copy.bytes, seed, sizeof copy.bytes);
    cepa_mldsa_key_expand(&mldsa_key, &copy, &workspace, CEPA_CPU_PORTABLE);
    memcpy(ret_public_key, mldsa_key.public_key.bytes, sizeof mldsa_key.public_key.bytes);
    cepa_wipe(&copy, sizeof copy);
}

int cepa_wasm_mldsa_sign(uint8_t *ret_signature, const uint8_t *message, size_t message_len,
                         const uint8_t *context, size_t context_len, const uint8_t *randomness)
{
    return cepa_mldsa_sign((struct cepa_mldsa_signature *)ret_signature, &mldsa_key, message,
                           message_len, context, context_len, randomness, &workspace,
                           CEPA_CPU_PORTABLE);
}

int cepa_wasm_mldsa_verify(const uint8_t *signature, const uint8_t *public_key,
                           const uint8_t *message, size_t message_len, const uint8_t *context,
                           size_t context_len)
{
    return cepa_mldsa_verify((const struct cepa_mldsa_signature *)signature,
                             (const struct cepa_mldsa_public_key *)public_key, message, message_len,
                             context, context_len, &workspace, CEPA_CPU_PORTABLE);
}

void cepa_wasm_mldsa_wipe(void)
{
    cepa_wipe(&mldsa_key, sizeof mldsa_key);
}
