/* Making and opening descriptors of addresses. @[SPEC 14.4] @[SPEC 14.6] */
#include "rendezvous/descriptor.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/kdf.h"
#include "rendezvous/descriptor_seal.h"

_Static_assert((int)CEPA_ADDRESS_KEYS_SIZE == (int)CEPA_IDENTITY_PUBLIC_SIZE, "the wire's keys");
_Static_assert((int)CEPA_PQ_SIGNATURE_SIZE == (int)CEPA_MLDSA_SIGNATURE_BYTES, "its signature");
_Static_assert((int)CEPA_KEM_PUBLIC_KEY_SIZE == (int)CEPA_XWING_PUBLIC_KEY_BYTES, "its prekey");

enum {
    HEAD = CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE,
    DIGEST_SIZE = 64,
    CONTEXT_SIZE = CEPA_NETWORK_ID_SIZE + CEPA_ADDRESS_HASH_SIZE
};

static const char contents_label[] = "cepa v1 address contents";
static const uint8_t no_nonce[CEPA_AEAD_NONCE_LEN];

/* What one must know beside the Ed25519 key to find the key of a day. */
static void context_of(uint8_t ret_context[CONTEXT_SIZE], const struct cepa_address *address,
                       const struct cepa_network_id *network)
{
    memcpy(ret_context, network->bytes, CEPA_NETWORK_ID_SIZE);
    memcpy(ret_context + CEPA_NETWORK_ID_SIZE, address->bytes + CEPA_ADDRESS_KEY_SIZE,
           CEPA_ADDRESS_HASH_SIZE);
}

int cepa_address_day_init(struct cepa_address_day *ret_day, const struct cepa_address *address,
                          const struct cepa_network_id *network, struct cepa_directory_day day)
{
    struct cepa_ed25519_public_key key;
    struct cepa_ed25519_blinded_public_key blinded;
    uint8_t context[CONTEXT_SIZE];
    memcpy(key.bytes, address->bytes, CEPA_ADDRESS_KEY_SIZE);
    context_of(context, address, network);
    int error = cepa_ed25519_blind_public_key(&blinded, &key, day, context, sizeof context);
    if (error != 0) {
        return error;
    }
    ret_day->address = *address;
    ret_day->network = *network;
    ret_day->day = day;
    ret_day->key = blinded;
    for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        cepa_descriptor_position_of(&ret_day->positions[i], blinded.point.bytes, day, i);
    }
    return 0;
}

/* The key that closes a descriptor with this head. */
static void key_of(uint8_t ret_key[CEPA_AEAD_KEY_LEN], const struct cepa_address_day *day,
                   const uint8_t *head)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "address descriptor");
    cepa_kdf_input(&kdf, day->address.bytes, sizeof day->address.bytes);
    cepa_kdf_input(&kdf, day->network.bytes, sizeof day->network.bytes);
    cepa_kdf_input(&kdf, head, HEAD);
    cepa_kdf_output(&kdf, ret_key, CEPA_AEAD_KEY_LEN);
    cepa_kdf_wipe(&kdf);
}

/* What the ML-DSA key signs: the contents, and which descriptor they are for. */
static void contents_digest(uint8_t ret_digest[DIGEST_SIZE], const struct cepa_network_id *network,
                            const uint8_t *head, const uint8_t *plain)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, DIGEST_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, contents_label, sizeof contents_label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, head, HEAD);
    cepa_blake2b_update(&hash, plain, CEPA_ADDRESS_CONTENTS_SIGNED_SIZE);
    cepa_blake2b_final(&hash, ret_digest, DIGEST_SIZE);
}

/* Writes the contents and their signature to `plain`. */
static int contents_sign(uint8_t *plain, const struct cepa_identity *identity,
                         const struct cepa_address_contents *contents,
                         const struct cepa_network_id *network, const uint8_t *head,
                         const uint8_t *randomness, struct cepa_descriptor_workspace *workspace,
                         uint32_t cpu)
{
    uint8_t digest[DIGEST_SIZE];
    cepa_identity_publish(&workspace->keys, identity);
    cepa_identity_public_encode(workspace->key_bytes, &workspace->keys);
    cepa_address_contents_encode(plain, contents, workspace->key_bytes);
    contents_digest(digest, network, head, plain);
    int error = cepa_mldsa_sign(&workspace->signature, &identity->mldsa, digest, sizeof digest,
                                contents_label, sizeof contents_label - 1, randomness,
                                &workspace->mldsa, cpu);
    if (error == 0) {
        memcpy(plain + CEPA_ADDRESS_CONTENTS_SIGNED_SIZE, workspace->signature.bytes,
               sizeof workspace->signature.bytes);
    }
    return error;
}

/* Seals what stands in the descriptor and signs it. */
static void finish(uint8_t *bytes, const struct cepa_identity *identity,
                   const struct cepa_address_day *day, uint32_t cpu)
{
    struct cepa_ed25519_blinded_key blinded;
    uint8_t context[CONTEXT_SIZE];
    uint8_t key[CEPA_AEAD_KEY_LEN];
    uint8_t *sealed = bytes + HEAD;
    key_of(key, day, bytes);
    cepa_aead_seal(sealed, CEPA_ADDRESS_CONTENTS_SIZE, sealed + CEPA_ADDRESS_CONTENTS_SIZE, bytes,
                   HEAD, no_nonce, key, cpu);
    context_of(context, &day->address, &day->network);
    cepa_ed25519_blind_key(&blinded, &identity->ed25519, day->day, context, sizeof context);
    cepa_descriptor_sign(bytes, &blinded, &day->network);
    cepa_ed25519_blinded_key_wipe(&blinded);
    cepa_wipe(key, sizeof key);
}

int cepa_address_descriptor_make(uint8_t *ret_bytes, const struct cepa_identity *identity,
                                 const struct cepa_address_day *day, uint64_t sequence,
                                 const struct cepa_address_contents *contents,
                                 const struct cepa_random *random,
                                 struct cepa_descriptor_workspace *workspace, uint32_t cpu)
{
    struct cepa_address_descriptor descriptor;
    uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
    CEPA_ASSERT(memcmp(&identity->address, &day->address, sizeof day->address) == 0);
    int error = cepa_random_fill(random, descriptor.salt, sizeof descriptor.salt);
    if (error == 0) {
        error = cepa_random_fill(random, randomness, sizeof randomness);
    }
    if (error != 0) {
        return error;
    }
    descriptor.day = day->day;
    descriptor.sequence = sequence;
    memcpy(descriptor.blinded_key, day->key.point.bytes, sizeof descriptor.blinded_key);
    descriptor.sealed = ret_bytes + HEAD;
    descriptor.signature = ret_bytes + CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE;
    cepa_address_descriptor_encode(ret_bytes, &descriptor);
    error = contents_sign(ret_bytes + HEAD, identity, contents, &day->network, ret_bytes,
                          randomness, workspace, cpu);
    cepa_wipe(randomness, sizeof randomness);
    if (error == 0) {
        finish(ret_bytes, identity, day, cpu);
    }
    return error;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Opens the sealed part into workspace->plain. */
static int unseal(struct cepa_descriptor_workspace *workspace, const struct cepa_address_day *day,
                  const uint8_t *bytes, uint32_t cpu)
{
    uint8_t key[CEPA_AEAD_KEY_LEN];
    memcpy(workspace->plain, bytes + HEAD, sizeof workspace->plain);
    key_of(key, day, bytes);
    int error = cepa_aead_open(workspace->plain, CEPA_ADDRESS_CONTENTS_SIZE,
                               workspace->plain + CEPA_ADDRESS_CONTENTS_SIZE, bytes, HEAD, no_nonce,
                               key, cpu);
    cepa_wipe(key, sizeof key);
    return error;
}

/* Checks what workspace->plain says; the keys go to workspace->keys. */
static int contents_check(struct cepa_address_contents *ret_contents,
                          const struct cepa_address_day *day, const uint8_t *head,
                          struct cepa_descriptor_workspace *workspace, uint32_t cpu)
{
    struct cepa_address_contents contents;
    const uint8_t *keys = NULL;
    uint8_t digest[DIGEST_SIZE];
    int error = cepa_address_contents_decode(&contents, &keys, workspace->plain,
                                             CEPA_ADDRESS_CONTENTS_SIZE);
    if (error == 0) {
        error = cepa_identity_public_decode(&workspace->keys, keys, CEPA_ADDRESS_KEYS_SIZE);
    }
    if (error == 0) {
        error = cepa_identity_public_check(&workspace->keys, &day->address);
    }
    if (error == 0) {
        error = cepa_xwing_public_key_check((const void *)contents.prekey);
    }
    if (error != 0) {
        return error;
    }
    contents_digest(digest, &day->network, head, workspace->plain);
    memcpy(workspace->signature.bytes, workspace->plain + CEPA_ADDRESS_CONTENTS_SIGNED_SIZE,
           sizeof workspace->signature.bytes);
    error = cepa_mldsa_verify(&workspace->signature, &workspace->keys.mldsa, digest, sizeof digest,
                              contents_label, sizeof contents_label - 1, &workspace->mldsa, cpu);
    if (error == 0) {
        *ret_contents = contents;
    }
    return error;
}

int cepa_address_descriptor_open(struct cepa_address_found *ret_found,
                                 const struct cepa_address_day *day, uint64_t sequence_min,
                                 const uint8_t *bytes, size_t bytes_len,
                                 struct cepa_descriptor_workspace *workspace, uint32_t cpu)
{
    struct cepa_address_descriptor descriptor;
    int error = cepa_address_descriptor_decode(&descriptor, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    if (descriptor.day.number != day->day.number ||
        memcmp(descriptor.blinded_key, day->key.point.bytes, sizeof descriptor.blinded_key) != 0) {
        return CEPA_ERR_EPOCH;
    }
    if (descriptor.sequence < sequence_min) {
        return CEPA_ERR_REPLAY;
    }
    error = cepa_descriptor_verify(&descriptor, bytes, bytes_len, &day->network);
    if (error == 0) {
        error = unseal(workspace, day, bytes, cpu);
    }
    if (error == 0) {
        error = contents_check(&ret_found->contents, day, bytes, workspace, cpu);
    }
    if (error == 0) {
        ret_found->sequence = descriptor.sequence;
        ret_found->keys = workspace->keys;
    }
    cepa_wipe(workspace->plain, sizeof workspace->plain);
    return error;
}
