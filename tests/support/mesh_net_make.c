/* Making the nodes of a network of meshes, and what they publish. */
#include <stdlib.h>
#include <string.h>

#include "crypto/xwing.h"
#include "support/mesh_net_parts.h"
#include "support/test.h"
#include "wire/index_record.h"

const struct cepa_calendar mesh_net_calendar = {3600000, 150000};
struct test_random mesh_net_random;

static struct cepa_mldsa_workspace pq_workspace;

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    test_random_bytes(&mesh_net_random, ret_bytes, len);
    return 0;
}

static const struct cepa_random random_source = {fill, NULL};

static struct cepa_record_rules rules(void)
{
    struct cepa_record_rules result = {{"a network of meshes"}, 90, 2, 1, 7, 2, 8};
    return result;
}

static void *memory_of(uint32_t number, uint32_t what, size_t size)
{
    static void *memory[MESH_NET_NODES_MAX][3];
    if (memory[number][what] == NULL) {
        memory[number][what] = aligned_alloc(16, (size + 15) / 16 * 16);
    }
    CHECK(memory[number][what] != NULL);
    return memory[number][what];
}

void mesh_net_make_stores(struct mesh_net_node *node)
{
    static const struct cepa_siphash_key key = {{9, 9}};
    struct cepa_index_limits index_limits = {1024, 512, {1000, 10, 1000}};
    struct cepa_objects_limits objects_limits = {MESH_NET_NODES_MAX + 8, 4 * MESH_NET_NODES_MAX};
    struct cepa_record_rules record_rules = rules();
    struct cepa_directory_day today = {MESH_NET_DAY};
    size_t size = cepa_index_size(&index_limits);
    cepa_index_init(&node->index, memory_of(node->number, 0, size), size, &index_limits,
                    &record_rules, today, &key);
    size = cepa_objects_size(&objects_limits);
    cepa_objects_init(&node->objects, memory_of(node->number, 1, size), size, &objects_limits,
                      &node->index, &key);
}

void mesh_net_make_mesh(struct mesh_net_node *node)
{
    struct cepa_mesh_config config;
    memset(&config, 0, sizeof config);
    cepa_mesh_limits_daemon(&config.limits);
    config.limits.sync_interval_ms = 15000;
    config.calendar = mesh_net_calendar;
    config.index = &node->index;
    config.objects = &node->objects;
    config.is_relay = true;
    config.node = node->identity.node;
    config.signing_key = &node->identity.signing_key;
    memcpy(config.public_key, node->identity.signing_key.public_key.bytes,
           sizeof config.public_key);
    config.mldsa_workspace = &pq_workspace;
    config.random = &random_source;
    size_t size = cepa_mesh_size(&config.limits);
    CHECK_INT(cepa_mesh_init(&node->mesh, memory_of(node->number, 2, size), size, &config,
                             mesh_net_now(), mesh_net_wall(node)),
              0);
    cepa_mesh_set_addresses(node->mesh, &node->address, node->is_natted ? 0 : 1, mesh_net_now());
}

void mesh_net_make_identity(struct mesh_net_node *node)
{
    static struct cepa_relay_identity identities[MESH_NET_NODES_MAX];
    static struct cepa_onion_day days[MESH_NET_NODES_MAX];
    static struct cepa_onion_day_workspace workspace;
    static uint8_t nonces[MESH_NET_NODES_MAX][CEPA_WORK_NONCE_SIZE];
    static bool is_made[MESH_NET_NODES_MAX];
    struct cepa_record_rules record_rules = rules();
    struct cepa_work work;
    static const uint8_t start[CEPA_WORK_NONCE_SIZE];
    if (!is_made[node->number]) {
        struct cepa_ed25519_seed seed = {{(uint8_t)node->number, 1}};
        struct cepa_mldsa_seed pq_seed = {{(uint8_t)node->number, 2}};
        struct cepa_relay_identity *identity = &identities[node->number];
        cepa_relay_identity_init(identity, &seed, &pq_seed, &pq_workspace, 0);
        cepa_work_init(&work, &record_rules, identity->signing_key.public_key.bytes, start);
        CHECK_INT(cepa_work_step(&work, nonces[node->number], 1000000), 1);
        uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN] = {(uint8_t)node->number, 3};
        struct cepa_directory_day today = {MESH_NET_DAY};
        cepa_onion_day_begin(&days[node->number], today, root);
        while (!cepa_onion_day_step(&days[node->number], &workspace, 0)) {
        }
        is_made[node->number] = true;
    }
    node->day = days[node->number];
    node->identity = identities[node->number];
    memcpy(node->nonce, nonces[node->number], sizeof node->nonce);
}

/* Credentials and record of what the mesh has of receipts and introducers. */
void mesh_net_publish(struct mesh_net_node *node)
{
    static uint8_t certificate[CEPA_CERTIFICATE_SIZE];
    static uint8_t descriptor[CEPA_DESCRIPTOR_SIZE_MAX];
    static uint8_t credentials[CEPA_CREDENTIALS_SIZE_MAX];
    static const uint8_t zeros[CEPA_MLDSA_RANDOM_BYTES];
    struct cepa_credentials_bytes halves = {certificate, sizeof certificate, descriptor, 0};
    struct cepa_record_rules record_rules = rules();
    struct cepa_directory_day first = {MESH_NET_DAY - 1};
    struct cepa_directory_day last = {MESH_NET_DAY + 30};
    struct cepa_descriptor fields;
    struct cepa_index_record record;
    size_t len = 0;
    memset(&fields, 0, sizeof fields);
    if (!cepa_mesh_receipts(node->mesh, fields.receipts, &fields.receipts_len)) {
        return;
    }
    fields.introducers_len = cepa_mesh_introducers(node->mesh, fields.introducers);
    if (node->is_natted && fields.introducers_len == 0) {
        return;
    }
    fields.flags = CEPA_RELAY_FLAG_RELAY | (node->is_natted ? CEPA_RELAY_FLAG_INTRODUCED : 0);
    fields.network = record_rules.network;
    fields.node = node->identity.node;
    fields.day = cepa_calendar_day(&mesh_net_calendar, mesh_net_wall(node));
    fields.sequence = ++node->sequence;
    fields.link_key = node->link_key;
    memcpy(fields.onion_root, node->day.root.bytes, sizeof fields.onion_root);
    if (!node->is_natted) {
        fields.introducers_len = 0;
        fields.dtls = node->address.dtls;
        fields.reaches[0] = node->address.reach;
        fields.reaches_len = 1;
    }
    CHECK_INT(cepa_node_certificate_make(certificate, &node->identity, &record_rules.network, first,
                                         last, zeros, &pq_workspace, 0),
              0);
    CHECK_INT(cepa_descriptor_make(descriptor, &halves.descriptor_len, &node->identity, &fields,
                                   zeros, &pq_workspace, 0),
              0);
    cepa_credentials_join(credentials, &len, &halves);
    memset(&record, 0, sizeof record);
    memcpy(record.nonce, node->nonce, sizeof record.nonce);
    cepa_index_record_make(&record, &halves, &fields, &node->identity.signing_key);
    if (cepa_mesh_publish(node->mesh, &record, credentials, len, mesh_net_now()) == 0) {
        node->is_published = true;
    }
}

/* The key of this epoch, and that of the next one ahead of time. */
void mesh_net_publish_keys(struct mesh_net_node *node)
{
    static struct cepa_onion_day_workspace workspace;
    uint8_t record[CEPA_KEY_RECORD_SIZE];
    struct cepa_onion_epoch epoch = cepa_calendar_epoch(&mesh_net_calendar, mesh_net_wall(node));
    uint32_t until = epoch.number + 1;
    if (!node->is_published) {
        return;
    }
    node->next_epoch = node->next_epoch < epoch.number ? epoch.number : node->next_epoch;
    for (; node->next_epoch <= until; node->next_epoch++) {
        struct cepa_onion_epoch of = {node->next_epoch};
        struct cepa_seed_chain chain = node->day.epochs;
        struct cepa_xwing_seed seed;
        uint32_t leaf = cepa_calendar_epoch_of_day(&mesh_net_calendar, of);
        if (leaf < cepa_calendar_epoch_of_day(&mesh_net_calendar, epoch)) {
            return; /* of tomorrow */
        }
        CHECK_INT(cepa_seed_chain_skip(&chain, leaf), 0);
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
        cepa_xwing_key_expand(&workspace.key, &seed, &workspace.xwing, 0);
        CHECK_INT(cepa_onion_day_key_record(&node->day, record, &node->identity.node, of, leaf,
                                            &workspace.key.public_key),
                  0);
        CHECK_INT(cepa_mesh_publish_key(node->mesh, record, mesh_net_now()), 0);
    }
}
