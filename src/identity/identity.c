/* Identities: keys of a secret, addresses of keys. @[SPEC 14.1] @[SPEC 14.3] */
#include "identity/identity.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"

static const char address_label[] = "cepa v1 address"; /* hashed with its final zero */

static void address_of(struct cepa_address *ret_address,
                       const struct cepa_ed25519_public_key *ed25519,
                       const struct cepa_mldsa_public_key *mldsa,
                       const struct cepa_xwing_public_key *xwing)
{
    struct cepa_blake2b hash;
    memcpy(ret_address->bytes, ed25519->bytes, CEPA_ADDRESS_KEY_SIZE);
    cepa_blake2b_init(&hash, CEPA_ADDRESS_HASH_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, address_label, sizeof address_label);
    cepa_blake2b_update(&hash, mldsa->bytes, sizeof mldsa->bytes);
    cepa_blake2b_update(&hash, xwing->bytes, sizeof xwing->bytes);
    cepa_blake2b_final(&hash, ret_address->bytes + CEPA_ADDRESS_KEY_SIZE, CEPA_ADDRESS_HASH_SIZE);
}

void cepa_identity_expand(struct cepa_identity *ret_identity,
                          const struct cepa_identity_secret *secret,
                          struct cepa_identity_workspace *workspace, uint32_t cpu)
{
    struct cepa_kdf kdf;
    struct cepa_ed25519_seed ed25519;
    struct cepa_mldsa_seed mldsa;
    struct cepa_xwing_seed xwing;
    cepa_kdf_init(&kdf, "identity");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_output(&kdf, ed25519.bytes, sizeof ed25519.bytes);
    cepa_kdf_output(&kdf, mldsa.bytes, sizeof mldsa.bytes);
    cepa_kdf_output(&kdf, xwing.bytes, sizeof xwing.bytes);
    cepa_kdf_output(&kdf, ret_identity->mailbox.bytes, sizeof ret_identity->mailbox.bytes);
    cepa_kdf_wipe(&kdf);
    cepa_ed25519_key_init(&ret_identity->ed25519, &ed25519);
    cepa_mldsa_key_expand(&ret_identity->mldsa, &mldsa, &workspace->of.mldsa, cpu);
    cepa_xwing_key_expand(&ret_identity->xwing, &xwing, &workspace->of.xwing, cpu);
    cepa_wipe(&ed25519, sizeof ed25519);
    cepa_wipe(&mldsa, sizeof mldsa);
    cepa_wipe(&xwing, sizeof xwing);
    address_of(&ret_identity->address, &ret_identity->ed25519.public_key,
               &ret_identity->mldsa.public_key, &ret_identity->xwing.public_key);
}

void cepa_identity_wipe(struct cepa_identity *identity)
{
    cepa_wipe(identity, sizeof *identity);
}

void cepa_identity_publish(struct cepa_identity_public *ret_public,
                           const struct cepa_identity *identity)
{
    ret_public->ed25519 = identity->ed25519.public_key;
    ret_public->mldsa = identity->mldsa.public_key;
    ret_public->xwing = identity->xwing.public_key;
}

void cepa_identity_public_address(struct cepa_address *ret_address,
                                  const struct cepa_identity_public *keys)
{
    address_of(ret_address, &keys->ed25519, &keys->mldsa, &keys->xwing);
}

int cepa_identity_public_check(const struct cepa_identity_public *keys,
                               const struct cepa_address *address)
{
    struct cepa_address own;
    cepa_identity_public_address(&own, keys);
    if (memcmp(own.bytes, address->bytes, sizeof own.bytes) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    int status = cepa_ed25519_public_key_check(&keys->ed25519);
    return status == 0 ? cepa_xwing_public_key_check(&keys->xwing) : status;
}

void cepa_identity_public_encode(uint8_t ret_bytes[CEPA_IDENTITY_PUBLIC_SIZE],
                                 const struct cepa_identity_public *keys)
{
    uint8_t *at = ret_bytes;
    memcpy(at, keys->ed25519.bytes, sizeof keys->ed25519.bytes);
    at += sizeof keys->ed25519.bytes;
    memcpy(at, keys->mldsa.bytes, sizeof keys->mldsa.bytes);
    at += sizeof keys->mldsa.bytes;
    memcpy(at, keys->xwing.bytes, sizeof keys->xwing.bytes);
}

int cepa_identity_public_decode(struct cepa_identity_public *ret_keys, const uint8_t *bytes,
                                size_t bytes_len)
{
    struct cepa_reader reader;
    if (bytes_len != CEPA_IDENTITY_PUBLIC_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    cepa_reader_init(&reader, bytes, bytes_len);
    cepa_reader_bytes(&reader, ret_keys->ed25519.bytes, sizeof ret_keys->ed25519.bytes);
    cepa_reader_bytes(&reader, ret_keys->mldsa.bytes, sizeof ret_keys->mldsa.bytes);
    cepa_reader_bytes(&reader, ret_keys->xwing.bytes, sizeof ret_keys->xwing.bytes);
    return cepa_reader_end(&reader);
}
