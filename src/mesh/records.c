/* Receipts, index records, key records. @[SPEC 10.4] @[SPEC 10.5] @[SPEC 10.6] */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/merkle.h"
#include "mesh/credentials.h"
#include "mesh/digest.h"
#include "wire/reach.h"

static const char receipt_label[] = "cepa v1 receipt";
static const char index_record_label[] = "cepa v1 index record";

_Static_assert((int)CEPA_DAY_EPOCHS == (int)CEPA_MERKLE_EPOCHS, "the wire's epochs of a day");
_Static_assert((int)CEPA_DAY_LEAVES == (int)CEPA_MERKLE_LEAVES, "the wire's leaves");
_Static_assert((int)CEPA_ONION_PATH_SIZE == (int)CEPA_MERKLE_PATH_LEN, "the wire's path");
_Static_assert((int)CEPA_ONION_ROOT_SIZE == (int)CEPA_MERKLE_HASH_LEN, "the wire's root");

static void receipt_digest(uint8_t ret_digest[CEPA_RECORD_DIGEST_SIZE],
                           const struct cepa_receipt *receipt,
                           const struct cepa_network_id *network,
                           const struct cepa_node_id *subject)
{
    uint8_t bytes[CEPA_RECEIPT_SIZE];
    struct cepa_writer writer;
    struct cepa_blake2b hash;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_receipt_encode(&writer, receipt);
    cepa_record_hash_init(&hash, CEPA_RECORD_DIGEST_SIZE, receipt_label, sizeof receipt_label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, subject->bytes, sizeof subject->bytes);
    cepa_blake2b_update(&hash, bytes, CEPA_RECEIPT_SIGNED_SIZE);
    cepa_blake2b_final(&hash, ret_digest, CEPA_RECORD_DIGEST_SIZE);
}

void cepa_receipt_sign(struct cepa_receipt *receipt, const struct cepa_ed25519_key *prober,
                       const struct cepa_network_id *network, const struct cepa_node_id *subject)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    memcpy(receipt->prober, prober->public_key.bytes, sizeof receipt->prober);
    receipt_digest(digest, receipt, network, subject);
    cepa_ed25519_sign(prober, &signature, digest, sizeof digest);
    memcpy(receipt->signature, signature.bytes, sizeof receipt->signature);
}

int cepa_receipt_verify(const struct cepa_receipt *receipt, const struct cepa_network_id *network,
                        const struct cepa_node_id *subject)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    receipt_digest(digest, receipt, network, subject);
    return cepa_ed25519_verify((const void *)receipt->prober, (const void *)receipt->signature,
                               digest, sizeof digest);
}

/* Whether a receipt speaks of an address that the descriptor has. */
static bool has_reached(const struct cepa_receipt *receipt,
                        const struct cepa_descriptor *descriptor)
{
    struct cepa_prefix prefix;
    if (descriptor->flags & CEPA_RELAY_FLAG_INTRODUCED) {
        return receipt->how == CEPA_RECEIPT_INTRODUCED;
    }
    for (size_t i = 0; i < descriptor->reaches_len; i++) {
        cepa_prefix_of(&prefix, &descriptor->reaches[i]);
        if (cepa_prefix_is_equal(&prefix, &receipt->reached)) {
            return true;
        }
    }
    return false;
}

/* Whether receipt number `i` brings a prober and a prefix that those in `good` do not have. */
static bool is_distinct(const struct cepa_descriptor *descriptor, size_t i, uint32_t good)
{
    const struct cepa_receipt *receipts = descriptor->receipts;
    for (size_t k = 0; k < i; k++) {
        if ((good & (UINT32_C(1) << k)) != 0 &&
            (cepa_prefix_is_equal(&receipts[k].prober_prefix, &receipts[i].prober_prefix) ||
             memcmp(receipts[k].prober, receipts[i].prober, sizeof receipts[k].prober) == 0)) {
            return false;
        }
    }
    return true;
}

static bool is_fresh(const struct cepa_receipt *receipt, const struct cepa_descriptor *descriptor,
                     const struct cepa_record_rules *rules)
{
    uint64_t day = receipt->day.number;
    uint64_t described = descriptor->day.number;
    return day <= described + rules->days_ahead && described <= day + rules->receipt_days;
}

int cepa_receipts_check(uint32_t *ret_good, const struct cepa_credentials *credentials,
                        const struct cepa_record_rules *rules)
{
    const struct cepa_descriptor *descriptor = &credentials->descriptor;
    uint32_t good = 0;
    uint8_t count = 0;
    for (size_t i = 0; i < descriptor->receipts_len; i++) {
        const struct cepa_receipt *receipt = &descriptor->receipts[i];
        bool is_own = memcmp(receipt->prober, credentials->certificate.signing_key,
                             sizeof receipt->prober) == 0;
        if (!is_own && is_fresh(receipt, descriptor, rules) && has_reached(receipt, descriptor) &&
            is_distinct(descriptor, i, good) &&
            cepa_receipt_verify(receipt, &rules->network, &descriptor->node) == 0) {
            good |= UINT32_C(1) << i;
            count++;
        }
    }
    if (count < rules->receipts_min) {
        return CEPA_ERR_MISSING;
    }
    *ret_good = good;
    return 0;
}

/* The prefix under which a relay stands in the index. */
static void descriptor_prefix(struct cepa_prefix *ret_prefix,
                              const struct cepa_descriptor *descriptor)
{
    memset(ret_prefix, 0, sizeof *ret_prefix);
    if (descriptor->reaches_len > 0) {
        cepa_prefix_of(ret_prefix, &descriptor->reaches[0]);
    }
}

void cepa_index_record_make(struct cepa_index_record *record,
                            const struct cepa_credentials_bytes *halves,
                            const struct cepa_descriptor *descriptor,
                            const struct cepa_ed25519_key *key)
{
    memcpy(record->public_key, key->public_key.bytes, sizeof record->public_key);
    cepa_commitment_of(&record->commitment, halves);
    record->sequence = descriptor->sequence;
    record->day = descriptor->day;
    record->flags = descriptor->flags;
    record->capacity = descriptor->capacity;
    descriptor_prefix(&record->prefix, descriptor);
    cepa_index_record_sign(record, key, &descriptor->network);
}

/* The digest leaves out the signature, which stands in the middle. */
static void index_digest(uint8_t ret_digest[CEPA_RECORD_DIGEST_SIZE],
                         const struct cepa_index_record *record,
                         const struct cepa_network_id *network)
{
    enum {
        BEFORE = CEPA_SIGNING_KEY_SIZE + CEPA_COMMITMENT_SIZE,
        AFTER = BEFORE + CEPA_SIGNATURE_SIZE
    };
    uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
    struct cepa_blake2b hash;
    cepa_index_record_encode(bytes, record);
    cepa_record_hash_init(&hash, CEPA_RECORD_DIGEST_SIZE, index_record_label,
                          sizeof index_record_label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, bytes, BEFORE);
    cepa_blake2b_update(&hash, bytes + AFTER, sizeof bytes - AFTER);
    cepa_blake2b_final(&hash, ret_digest, CEPA_RECORD_DIGEST_SIZE);
}

void cepa_index_record_sign(struct cepa_index_record *record, const struct cepa_ed25519_key *key,
                            const struct cepa_network_id *network)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    struct cepa_ed25519_signature signature;
    index_digest(digest, record, network);
    cepa_ed25519_sign(key, &signature, digest, sizeof digest);
    memcpy(record->signature, signature.bytes, sizeof record->signature);
}

int cepa_index_record_verify(const struct cepa_index_record *record,
                             const struct cepa_record_rules *rules)
{
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    int error = cepa_work_check(rules, record->public_key, record->nonce);
    if (error != 0) {
        return error;
    }
    index_digest(digest, record, &rules->network);
    return cepa_ed25519_verify((const void *)record->public_key, (const void *)record->signature,
                               digest, sizeof digest);
}

int cepa_index_record_check(const struct cepa_index_record *record,
                            const struct cepa_credentials_bytes *halves,
                            const struct cepa_credentials *credentials)
{
    const struct cepa_descriptor *descriptor = &credentials->descriptor;
    struct cepa_commitment commitment;
    struct cepa_prefix prefix;
    cepa_commitment_of(&commitment, halves);
    descriptor_prefix(&prefix, descriptor);
    bool is_same = memcmp(&commitment, &record->commitment, sizeof commitment) == 0 &&
                   memcmp(record->public_key, credentials->certificate.signing_key,
                          sizeof record->public_key) == 0 &&
                   memcmp(&prefix, &record->prefix, sizeof prefix) == 0 &&
                   record->sequence == descriptor->sequence &&
                   record->day.number == descriptor->day.number &&
                   record->flags == descriptor->flags && record->capacity == descriptor->capacity;
    return is_same ? 0 : CEPA_ERR_AUTHENTICATION;
}

int cepa_key_record_verify(struct cepa_key_record *ret_record, const uint8_t *bytes,
                           size_t bytes_len, const struct cepa_descriptor *descriptor)
{
    struct cepa_key_record record;
    struct cepa_xwing_public_key key;
    struct cepa_merkle_path path;
    struct cepa_merkle_root root;
    int error = cepa_key_record_decode(&record, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    if (memcmp(&record.node, &descriptor->node, sizeof record.node) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    if (record.day.number != descriptor->day.number) {
        return CEPA_ERR_EPOCH;
    }
    memcpy(key.bytes, record.public_key, sizeof key.bytes);
    memcpy(root.bytes, descriptor->onion_root, sizeof root.bytes);
    error = cepa_merkle_path_decode(&path, record.path, CEPA_ONION_PATH_SIZE);
    if (error == 0) {
        error = cepa_merkle_verify(&root, record.day, record.leaf, &key, &path);
    }
    if (error == 0) {
        error = cepa_xwing_public_key_check(&key);
    }
    if (error == 0) {
        *ret_record = record;
    }
    return error;
}
