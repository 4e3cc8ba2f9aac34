/* Certificates and descriptors: names, signatures, verification. @[SPEC 10.2] @[SPEC 10.3] */
#include "mesh/credentials.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "crypto/xwing.h"
#include "mesh/digest.h"

_Static_assert((int)CEPA_SIGNING_KEY_SIZE == (int)CEPA_ED25519_PUBLIC_KEY_LEN,
               "the wire's Ed25519 key");
_Static_assert((int)CEPA_SIGNATURE_SIZE == (int)CEPA_ED25519_SIGNATURE_LEN, "the wire's signature");
_Static_assert((int)CEPA_PQ_SIGNING_KEY_SIZE == (int)CEPA_MLDSA_PUBLIC_KEY_BYTES,
               "the wire's ML-DSA key");
_Static_assert((int)CEPA_PQ_SIGNATURE_SIZE == (int)CEPA_MLDSA_SIGNATURE_BYTES, "and its signature");

static const char node_id_label[] = "cepa v1 node id";
static const char position_label[] = "cepa v1 position";
static const char commitment_label[] = "cepa v1 commitment";
static const char certificate_label[] = "cepa v1 certificate";
static const char descriptor_label[] = "cepa v1 descriptor";

void cepa_node_id_of(struct cepa_node_id *ret_node, const uint8_t *signing_key,
                     const uint8_t *pq_signing_key)
{
    struct cepa_blake2b hash;
    cepa_record_hash_init(&hash, sizeof ret_node->bytes, node_id_label, sizeof node_id_label);
    cepa_blake2b_update(&hash, signing_key, CEPA_SIGNING_KEY_SIZE);
    cepa_blake2b_update(&hash, pq_signing_key, CEPA_PQ_SIGNING_KEY_SIZE);
    cepa_blake2b_final(&hash, ret_node->bytes, sizeof ret_node->bytes);
}

void cepa_position_of(uint8_t ret_position[32], const uint8_t *signing_key)
{
    cepa_record_hash(ret_position, 32, position_label, sizeof position_label, signing_key,
                     CEPA_SIGNING_KEY_SIZE);
}

void cepa_commitment_of(struct cepa_commitment *ret_commitment,
                        const struct cepa_credentials_bytes *halves)
{
    struct cepa_blake2b hash;
    cepa_record_hash_init(&hash, sizeof ret_commitment->bytes, commitment_label,
                          sizeof commitment_label);
    cepa_blake2b_update(&hash, halves->certificate, halves->certificate_len);
    cepa_blake2b_update(&hash, halves->descriptor, halves->descriptor_len);
    cepa_blake2b_final(&hash, ret_commitment->bytes, sizeof ret_commitment->bytes);
}

void cepa_relay_identity_init(struct cepa_relay_identity *ret_identity,
                              const struct cepa_ed25519_seed *seed,
                              const struct cepa_mldsa_seed *pq_seed,
                              struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    cepa_ed25519_key_init(&ret_identity->signing_key, seed);
    cepa_mldsa_key_expand(&ret_identity->pq_signing_key, pq_seed, workspace, cpu);
    cepa_node_id_of(&ret_identity->node, ret_identity->signing_key.public_key.bytes,
                    ret_identity->pq_signing_key.public_key.bytes);
}

void cepa_relay_identity_wipe(struct cepa_relay_identity *identity)
{
    cepa_wipe(identity, sizeof *identity);
}

/* sign puts both signatures behind `len` bytes. Both sign the same digest. */
static int sign(uint8_t *bytes, size_t len, const char *label, size_t label_size,
                const struct cepa_relay_identity *identity, const uint8_t *randomness,
                struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    struct cepa_mldsa_signature pq_signature;
    cepa_record_hash(digest, sizeof digest, label, label_size, bytes, len);
    cepa_ed25519_sign(&identity->signing_key, &signature, digest, sizeof digest);
    int error = cepa_mldsa_sign(&pq_signature, &identity->pq_signing_key, digest, sizeof digest,
                                label, label_size - 1, randomness, workspace, cpu);
    if (error == 0) {
        memcpy(bytes + len, signature.bytes, sizeof signature.bytes);
        memcpy(bytes + len + sizeof signature.bytes, pq_signature.bytes, sizeof pq_signature.bytes);
    }
    return error;
}

/* verify checks both signatures behind `len` bytes, the cheaper one first. */
static int verify(const uint8_t *bytes, size_t len, const char *label, size_t label_size,
                  const struct cepa_node_certificate *certificate,
                  struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    /* Both key and signature types are arrays of bytes, so what stands in a message is one. */
    const struct cepa_ed25519_public_key *key = (const void *)certificate->signing_key;
    const struct cepa_mldsa_public_key *pq_key = (const void *)certificate->pq_signing_key;
    const struct cepa_ed25519_signature *signature = (const void *)(bytes + len);
    const struct cepa_mldsa_signature *pq_signature =
        (const void *)(bytes + len + CEPA_SIGNATURE_SIZE);
    cepa_record_hash(digest, sizeof digest, label, label_size, bytes, len);
    int error = cepa_ed25519_verify(key, signature, digest, sizeof digest);
    if (error == 0) {
        error = cepa_mldsa_verify(pq_signature, pq_key, digest, sizeof digest, label,
                                  label_size - 1, workspace, cpu);
    }
    return error;
}

int cepa_node_certificate_make(uint8_t *ret_bytes, const struct cepa_relay_identity *identity,
                               const struct cepa_network_id *network,
                               struct cepa_directory_day first, struct cepa_directory_day last,
                               const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                               struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    struct cepa_node_certificate certificate;
    memset(&certificate, 0, sizeof certificate);
    certificate.network = *network;
    certificate.signing_key = identity->signing_key.public_key.bytes;
    certificate.pq_signing_key = identity->pq_signing_key.public_key.bytes;
    certificate.first = first;
    certificate.last = last;
    CEPA_ASSERT(first.number <= last.number);
    cepa_node_certificate_encode(ret_bytes, &certificate);
    return sign(ret_bytes, CEPA_CERTIFICATE_SIGNED_SIZE, certificate_label,
                sizeof certificate_label, identity, randomness, workspace, cpu);
}

int cepa_descriptor_make(uint8_t *ret_bytes, size_t *ret_len,
                         const struct cepa_relay_identity *identity,
                         const struct cepa_descriptor *fields,
                         const uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES],
                         struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    struct cepa_descriptor descriptor = *fields;
    size_t len = 0;
    descriptor.node = identity->node;
    descriptor.signature = NULL;
    descriptor.pq_signature = NULL;
    int error = cepa_descriptor_encode(ret_bytes, &len, &descriptor);
    if (error == 0) {
        error = sign(ret_bytes, len - CEPA_SIGNATURES_SIZE, descriptor_label,
                     sizeof descriptor_label, identity, randomness, workspace, cpu);
    }
    if (error == 0) {
        *ret_len = len;
    }
    return error;
}

static bool is_same_network(const struct cepa_network_id *a, const struct cepa_network_id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Days: the descriptor counts today, and its day lies in its certificate's, whose life has the
 * allowed length. 64 bits, so that no sum wraps around. */
static bool counts_today(const struct cepa_credentials *credentials,
                         const struct cepa_record_rules *rules, struct cepa_directory_day today)
{
    uint64_t day = credentials->descriptor.day.number;
    uint64_t first = credentials->certificate.first.number;
    uint64_t last = credentials->certificate.last.number;
    return day <= (uint64_t)today.number + rules->days_ahead &&
           today.number < day + rules->record_days && first <= day && day <= last &&
           last - first < rules->certificate_days_max;
}

int cepa_credentials_decode(struct cepa_credentials *ret_credentials, const uint8_t *bytes,
                            size_t bytes_len, const struct cepa_record_rules *rules,
                            struct cepa_directory_day today)
{
    struct cepa_credentials credentials;
    struct cepa_credentials_bytes halves;
    struct cepa_node_id node;
    int error = cepa_credentials_split(&halves, bytes, bytes_len);
    if (error == 0) {
        error = cepa_node_certificate_decode(&credentials.certificate, halves.certificate,
                                             halves.certificate_len);
    }
    if (error == 0) {
        error = cepa_descriptor_decode(&credentials.descriptor, halves.descriptor,
                                       halves.descriptor_len);
    }
    if (error != 0) {
        return error;
    }
    if (!is_same_network(&credentials.certificate.network, &rules->network) ||
        !is_same_network(&credentials.descriptor.network, &rules->network)) {
        return CEPA_ERR_UNSUPPORTED;
    }
    if (!counts_today(&credentials, rules, today)) {
        return CEPA_ERR_EPOCH;
    }
    cepa_node_id_of(&node, credentials.certificate.signing_key,
                    credentials.certificate.pq_signing_key);
    if (memcmp(&node, &credentials.descriptor.node, sizeof node) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    *ret_credentials = credentials;
    return 0;
}

int cepa_credentials_verify(struct cepa_credentials *ret_credentials, const uint8_t *bytes,
                            size_t bytes_len, const struct cepa_record_rules *rules,
                            struct cepa_directory_day today, struct cepa_mldsa_workspace *workspace,
                            uint32_t cpu)
{
    struct cepa_credentials credentials;
    struct cepa_credentials_bytes halves;
    struct cepa_xwing_public_key link_key;
    int error = cepa_credentials_decode(&credentials, bytes, bytes_len, rules, today);
    if (error == 0) {
        error = cepa_credentials_split(&halves, bytes, bytes_len);
    }
    if (error == 0) {
        error = verify(halves.certificate, CEPA_CERTIFICATE_SIGNED_SIZE, certificate_label,
                       sizeof certificate_label, &credentials.certificate, workspace, cpu);
    }
    if (error == 0) {
        error = verify(halves.descriptor, halves.descriptor_len - CEPA_SIGNATURES_SIZE,
                       descriptor_label, sizeof descriptor_label, &credentials.certificate,
                       workspace, cpu);
    }
    if (error == 0) {
        memcpy(link_key.bytes, credentials.descriptor.link_key, sizeof link_key.bytes);
        error = cepa_xwing_public_key_check(&link_key);
    }
    if (error == 0) {
        *ret_credentials = credentials;
    }
    return error;
}
