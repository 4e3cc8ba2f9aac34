/* BLAKE2b over libsodium. @[RFC7693 3.3] */
#include "crypto/hash.h"

#include <sodium.h>

#include "base/assert.h"
#include "base/ct.h"

_Static_assert(CEPA_BLAKE2B_LEN_MAX == crypto_generichash_blake2b_BYTES_MAX, "length");
_Static_assert(CEPA_BLAKE2B_KEY_LEN_MAX == crypto_generichash_blake2b_KEYBYTES_MAX, "key");
_Static_assert(sizeof(struct cepa_blake2b) >= sizeof(crypto_generichash_blake2b_state), "size");

static crypto_generichash_blake2b_state *state_of(struct cepa_blake2b *hash)
{
    return (crypto_generichash_blake2b_state *)(void *)hash->opaque;
}

void cepa_blake2b(uint8_t *ret_hash, size_t ret_len, const void *data, size_t len,
                  const uint8_t *key_or_null, size_t key_len)
{
    int failed = crypto_generichash_blake2b(ret_hash, ret_len, data, len, key_or_null, key_len);
    CEPA_ASSERT(failed == 0);
}

void cepa_blake2b_init(struct cepa_blake2b *ret_hash, size_t hash_len, const uint8_t *key_or_null,
                       size_t key_len)
{
    int failed =
        crypto_generichash_blake2b_init(state_of(ret_hash), key_or_null, key_len, hash_len);
    CEPA_ASSERT(failed == 0);
}

void cepa_blake2b_update(struct cepa_blake2b *hash, const void *data, size_t len)
{
    (void)crypto_generichash_blake2b_update(state_of(hash), data, len);
}

void cepa_blake2b_final(struct cepa_blake2b *hash, uint8_t *ret_hash, size_t ret_len)
{
    int failed = crypto_generichash_blake2b_final(state_of(hash), ret_hash, ret_len);
    CEPA_ASSERT(failed == 0);
    cepa_wipe(hash, sizeof *hash);
}
