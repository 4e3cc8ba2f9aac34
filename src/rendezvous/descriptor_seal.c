/* Signatures of the descriptors of addresses. @[SPEC 14.4] */
#include "rendezvous/descriptor_seal.h"

#include <string.h>

#include "crypto/hash.h"

enum { DIGEST_SIZE = 64 };

static const char descriptor_label[] = "cepa v1 address descriptor";

static void digest_of(uint8_t ret_digest[DIGEST_SIZE], const uint8_t *bytes,
                      const struct cepa_network_id *network)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, DIGEST_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, descriptor_label, sizeof descriptor_label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, bytes, CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE);
    cepa_blake2b_final(&hash, ret_digest, DIGEST_SIZE);
}

void cepa_descriptor_sign(uint8_t *bytes, const struct cepa_ed25519_blinded_key *key,
                          const struct cepa_network_id *network)
{
    uint8_t digest[DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    digest_of(digest, bytes, network);
    cepa_ed25519_blinded_sign(key, &signature, digest, sizeof digest);
    memcpy(bytes + CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE, signature.bytes, sizeof signature.bytes);
}

int cepa_descriptor_verify(struct cepa_address_descriptor *ret_descriptor, const uint8_t *bytes,
                           size_t bytes_len, const struct cepa_network_id *network)
{
    uint8_t digest[DIGEST_SIZE];
    struct cepa_address_descriptor descriptor;
    int error = cepa_address_descriptor_decode(&descriptor, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    digest_of(digest, bytes, network);
    error = cepa_ed25519_verify((const void *)descriptor.blinded_key,
                                (const void *)descriptor.signature, digest, sizeof digest);
    if (error == 0) {
        *ret_descriptor = descriptor;
    }
    return error;
}
