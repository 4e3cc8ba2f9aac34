/* Ed25519 over libsodium; the blinded keys over its group operations. */
#include "crypto/ed25519.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"
#include "crypto/kdf.h"

_Static_assert(CEPA_ED25519_SEED_LEN == crypto_sign_ed25519_SEEDBYTES, "seed");
_Static_assert(CEPA_ED25519_PUBLIC_KEY_LEN == crypto_sign_ed25519_PUBLICKEYBYTES, "public key");
_Static_assert(CEPA_ED25519_SIGNATURE_LEN == crypto_sign_ed25519_BYTES, "signature");
_Static_assert(sizeof(struct cepa_ed25519_key) == crypto_sign_ed25519_SECRETKEYBYTES,
               "seed and public key, side by side, are libsodium's secret key");

void cepa_ed25519_key_init(struct cepa_ed25519_key *ret_key, const struct cepa_ed25519_seed *seed)
{
    uint8_t secret_key[crypto_sign_ed25519_SECRETKEYBYTES];
    (void)crypto_sign_ed25519_seed_keypair(ret_key->public_key.bytes, secret_key, seed->bytes);
    ret_key->seed = *seed;
    cepa_wipe(secret_key, sizeof secret_key);
}

void cepa_ed25519_key_wipe(struct cepa_ed25519_key *key)
{
    cepa_wipe(key, sizeof *key);
}

void cepa_ed25519_sign(const struct cepa_ed25519_key *key,
                       struct cepa_ed25519_signature *ret_signature, const void *data, size_t len)
{
    (void)crypto_sign_ed25519_detached(ret_signature->bytes, NULL, data, len, (const uint8_t *)key);
}

int cepa_ed25519_verify(const struct cepa_ed25519_public_key *public_key,
                        const struct cepa_ed25519_signature *signature, const void *data,
                        size_t len)
{
    int failed =
        crypto_sign_ed25519_verify_detached(signature->bytes, data, len, public_key->bytes);
    return failed == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

int cepa_ed25519_public_key_check(const struct cepa_ed25519_public_key *public_key)
{
    return crypto_core_ed25519_is_valid_point(public_key->bytes) == 1 ? 0 : CEPA_ERR_INVALID_KEY;
}

static void clamp(uint8_t scalar[32])
{
    scalar[0] &= 248;
    scalar[31] &= 127;
    scalar[31] |= 64;
}

/* multiply_base multiplies the base point by a secret scalar; the product will be published. It
 * fails for multiples of the group's order only, once in 2^252 scalars, and that it did not is
 * public. */
static void multiply_base(uint8_t ret_point[32], const uint8_t scalar[32])
{
    int failed = crypto_scalarmult_ed25519_base_noclamp(ret_point, scalar);
    cepa_declassify(&failed, sizeof failed);
    CEPA_ASSERT(failed == 0);
}

/* derive gives 32 bytes for one purpose, bound to the key, the day and the context. */
static void derive(uint8_t ret_bytes[32], const char *label, const uint8_t key[32],
                   struct cepa_directory_day day, const void *context, size_t context_len)
{
    struct cepa_kdf kdf;
    uint8_t number[4];
    cepa_be32_store(number, day.number);
    cepa_kdf_init(&kdf, label);
    cepa_kdf_input(&kdf, key, 32);
    cepa_kdf_input(&kdf, number, sizeof number);
    cepa_kdf_input(&kdf, context, context_len);
    cepa_kdf_output(&kdf, ret_bytes, 32);
    cepa_kdf_wipe(&kdf);
}

static void derive_factor(uint8_t ret_factor[32], const struct cepa_ed25519_public_key *public_key,
                          struct cepa_directory_day day, const void *context, size_t context_len)
{
    derive(ret_factor, "ed25519 blinding factor", public_key->bytes, day, context, context_len);
    clamp(ret_factor);
}

int cepa_ed25519_blind_public_key(struct cepa_ed25519_blinded_public_key *ret_blinded,
                                  const struct cepa_ed25519_public_key *public_key,
                                  struct cepa_directory_day day, const void *context,
                                  size_t context_len)
{
    uint8_t factor[32];
    uint8_t point[CEPA_ED25519_PUBLIC_KEY_LEN];
    derive_factor(factor, public_key, day, context, context_len);
    /* This multiplication itself refuses points that fail cepa_ed25519_public_key_check. */
    int failed = crypto_scalarmult_ed25519_noclamp(point, factor, public_key->bytes);
    if (failed == 0) {
        memcpy(ret_blinded->point.bytes, point, sizeof point);
    }
    cepa_wipe(factor, sizeof factor);
    cepa_wipe(point, sizeof point);
    return failed == 0 ? 0 : CEPA_ERR_INVALID_KEY;
}

void cepa_ed25519_blind_key(struct cepa_ed25519_blinded_key *ret_blinded,
                            const struct cepa_ed25519_key *key, struct cepa_directory_day day,
                            const void *context, size_t context_len)
{
    uint8_t factor[32];
    uint8_t expanded[64];
    (void)crypto_hash_sha512(expanded, key->seed.bytes, sizeof key->seed.bytes);
    clamp(expanded);
    derive_factor(factor, &key->public_key, day, context, context_len);
    crypto_core_ed25519_scalar_mul(ret_blinded->scalar, factor, expanded);
    derive(ret_blinded->nonce_prefix, "ed25519 blinded nonce", expanded + 32, day, context,
           context_len);
    multiply_base(ret_blinded->public_key.point.bytes, ret_blinded->scalar);
    cepa_wipe(factor, sizeof factor);
    cepa_wipe(expanded, sizeof expanded);
}

void cepa_ed25519_blinded_key_wipe(struct cepa_ed25519_blinded_key *key)
{
    cepa_wipe(key, sizeof *key);
}

/* hash_to_scalar gives SHA-512(first || second || data) modulo the order of the group; `second` has
 * 32 bytes or none. */
static void hash_to_scalar(uint8_t ret_scalar[32], const uint8_t first[32], const uint8_t *second,
                           size_t second_len, const void *data, size_t len)
{
    crypto_hash_sha512_state state;
    uint8_t hash[crypto_hash_sha512_BYTES];
    (void)crypto_hash_sha512_init(&state);
    (void)crypto_hash_sha512_update(&state, first, 32);
    (void)crypto_hash_sha512_update(&state, second, second_len);
    (void)crypto_hash_sha512_update(&state, data, len);
    (void)crypto_hash_sha512_final(&state, hash);
    crypto_core_ed25519_scalar_reduce(ret_scalar, hash);
    cepa_wipe(&state, sizeof state);
    cepa_wipe(hash, sizeof hash);
}

void cepa_ed25519_blinded_sign(const struct cepa_ed25519_blinded_key *key,
                               struct cepa_ed25519_signature *ret_signature, const void *data,
                               size_t len)
{
    struct cepa_ed25519_signature signature;
    uint8_t nonce[32];
    uint8_t product[32];
    hash_to_scalar(nonce, key->nonce_prefix, NULL, 0, data, len);
    multiply_base(signature.bytes, nonce);
    hash_to_scalar(product, signature.bytes, key->public_key.point.bytes, 32, data, len);
    crypto_core_ed25519_scalar_mul(product, product, key->scalar);
    crypto_core_ed25519_scalar_add(signature.bytes + 32, nonce, product);
    *ret_signature = signature;
    cepa_wipe(nonce, sizeof nonce);
    cepa_wipe(product, sizeof product);
}
