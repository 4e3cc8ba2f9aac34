#include "support/mesh_relays.h"

#include <string.h>

#include "base/endian.h"
#include "support/test.h"
#include "wire/reach.h"

const struct cepa_siphash_key mesh_siphash_key = {{1, 2, 3}};
struct cepa_mldsa_workspace mesh_workspace;

static struct cepa_onion_day_workspace day_workspace;
static const uint8_t zeros[CEPA_MLDSA_RANDOM_BYTES];

struct cepa_record_rules mesh_rules(void)
{
    struct cepa_record_rules rules = {{"a network of tests"}, 90, 2, 1, 7, 2, 8};
    return rules;
}

struct cepa_directory_day mesh_day(int days)
{
    struct cepa_directory_day day = {(uint32_t)(MESH_TODAY + days)};
    return day;
}

void mesh_work(uint8_t ret_nonce[CEPA_WORK_NONCE_SIZE], const uint8_t *signing_key)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_work work;
    cepa_work_init(&work, &rules, signing_key, zeros);
    CHECK_INT(cepa_work_step(&work, ret_nonce, 1000000), 1);
}

struct cepa_receipt mesh_receipt(const struct mesh_relay *prober, const struct mesh_relay *subject)
{
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_receipt receipt;
    memset(&receipt, 0, sizeof receipt);
    cepa_prefix_of(&receipt.prober_prefix, &prober->fields.reaches[0]);
    cepa_prefix_of(&receipt.reached, &subject->fields.reaches[0]);
    receipt.day = mesh_day(0);
    receipt.how = CEPA_RECEIPT_DIALLED;
    cepa_receipt_sign(&receipt, &prober->identity.signing_key, &rules.network,
                      &subject->identity.node);
    return receipt;
}

static void make_fields(struct mesh_relay *relay, uint8_t number)
{
    struct cepa_xwing_seed seed = {{number, 77}};
    struct cepa_descriptor *fields = &relay->fields;
    cepa_xwing_key_expand(&day_workspace.key, &seed, &day_workspace.xwing, 0);
    memcpy(relay->link_key, day_workspace.key.public_key.bytes, sizeof relay->link_key);
    fields->flags = CEPA_RELAY_FLAG_RELAY;
    fields->network = mesh_rules().network;
    fields->day = mesh_day(0);
    fields->sequence = 1;
    fields->link_key = relay->link_key;
    memcpy(fields->onion_root, relay->day.root.bytes, sizeof fields->onion_root);
    memset(fields->dtls.bytes, number + 1, sizeof fields->dtls);
    fields->reaches[0].family = CEPA_FAMILY_IPV4;
    fields->reaches[0].ip[0] = 198;
    fields->reaches[0].ip[1] = number;
    fields->reaches[0].port = 443;
    fields->reaches_len = 1;
}

static void make_relay(struct mesh_relay *relay, uint8_t number)
{
    struct cepa_ed25519_seed seed = {{number, 1}};
    struct cepa_mldsa_seed pq_seed = {{number, 2}};
    uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN] = {number, 3};
    cepa_relay_identity_init(&relay->identity, &seed, &pq_seed, &mesh_workspace, 0);
    cepa_onion_day_begin(&relay->day, mesh_day(0), root);
    while (!cepa_onion_day_step(&relay->day, &day_workspace, 0)) {
    }
    make_fields(relay, number);
    mesh_work(relay->record.nonce, relay->identity.signing_key.public_key.bytes);
}

void mesh_publish(struct mesh_relay *relay)
{
    static uint8_t certificate[CEPA_CERTIFICATE_SIZE];
    static uint8_t descriptor[CEPA_DESCRIPTOR_SIZE_MAX];
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_credentials_bytes halves = {certificate, sizeof certificate, descriptor, 0};
    CHECK_INT(cepa_node_certificate_make(certificate, &relay->identity, &rules.network,
                                         mesh_day(-20), mesh_day(20), zeros, &mesh_workspace, 0),
              0);
    CHECK_INT(cepa_descriptor_make(descriptor, &halves.descriptor_len, &relay->identity,
                                   &relay->fields, zeros, &mesh_workspace, 0),
              0);
    cepa_credentials_join(relay->credentials, &relay->credentials_len, &halves);
    CHECK_INT(cepa_credentials_split(&relay->halves, relay->credentials, relay->credentials_len),
              0);
    cepa_index_record_make(&relay->record, &halves, &relay->fields, &relay->identity.signing_key);
    cepa_index_record_encode(relay->record_bytes, &relay->record);
}

struct mesh_relay *mesh_relays(void)
{
    static struct mesh_relay relays[MESH_RELAYS_MAX];
    static int is_made;
    if (!is_made) {
        is_made = 1;
        for (uint8_t i = 0; i < MESH_RELAYS_MAX; i++) {
            make_relay(&relays[i], i);
        }
    }
    for (size_t i = 0; i < MESH_RELAYS_MAX; i++) {
        struct mesh_relay *relay = &relays[i];
        make_fields(relay, (uint8_t)i);
        relay->fields.receipts[0] = mesh_receipt(&relays[(i + 1) % MESH_RELAYS_MAX], relay);
        relay->fields.receipts[1] = mesh_receipt(&relays[(i + 2) % MESH_RELAYS_MAX], relay);
        relay->fields.receipts_len = 2;
        mesh_publish(relay);
    }
    return relays;
}

void mesh_key_record(const struct mesh_relay *relay, uint8_t ret_bytes[CEPA_KEY_RECORD_SIZE],
                     uint32_t epoch, uint32_t leaf)
{
    struct cepa_seed_chain chain =
        leaf < CEPA_MERKLE_EPOCHS ? relay->day.epochs : relay->day.spares;
    struct cepa_onion_epoch number = {epoch};
    struct cepa_xwing_seed seed;
    CHECK_INT(cepa_seed_chain_skip(&chain, leaf % CEPA_MERKLE_EPOCHS), 0);
    CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
    cepa_xwing_key_expand(&day_workspace.key, &seed, &day_workspace.xwing, 0);
    CHECK_INT(cepa_onion_day_key_record(&relay->day, ret_bytes, &relay->identity.node, number, leaf,
                                        &day_workspace.key.public_key),
              0);
}

struct cepa_index_record mesh_fake_record(uint32_t number, uint32_t sequence)
{
    struct test_random random = {number};
    struct cepa_index_record record;
    memset(&record, 0, sizeof record);
    test_random_bytes(&random, record.public_key, sizeof record.public_key);
    cepa_be32_store(record.commitment.bytes, sequence);
    record.sequence = sequence;
    record.day = mesh_day(0);
    record.flags = CEPA_RELAY_FLAG_RELAY;
    record.prefix.family = CEPA_FAMILY_IPV4;
    record.prefix.bytes[0] = (uint8_t)(1 + number % 200);
    record.prefix.bytes[1] = (uint8_t)(number / 200);
    return record;
}

struct cepa_index_record mesh_sign_record(uint32_t number, uint32_t sequence)
{
    struct cepa_index_record record = mesh_fake_record(number, sequence);
    struct cepa_record_rules rules = mesh_rules();
    struct cepa_ed25519_seed seed = {{0}};
    struct cepa_ed25519_key key;
    cepa_be32_store(seed.bytes, number);
    cepa_ed25519_key_init(&key, &seed);
    memcpy(record.public_key, key.public_key.bytes, sizeof record.public_key);
    mesh_work(record.nonce, record.public_key);
    cepa_index_record_sign(&record, &key, &rules.network);
    return record;
}
