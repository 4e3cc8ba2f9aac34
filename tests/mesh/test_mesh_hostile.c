/* A mesh among hostile peers: the culprit pays and is expelled, others notice nothing. */
#include <string.h>

#include "support/mesh_net.h"
#include "support/test.h"
#include "wire/index_record.h"
#include "wire/mesh_message.h"

static struct cepa_mesh_item item_of(enum cepa_mesh_item_type type)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    return item;
}

static void say(struct mesh_net_node *node, uint64_t link, const struct cepa_mesh_item *item)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_writer writer;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    cepa_mesh_item_encode(&writer, item);
    CHECK(!writer.failed);
    cepa_mesh_on_message(node->mesh, link, bytes, writer.len, mesh_net_now());
}

static bool all_joined(void)
{
    return mesh_net_knows_all() && mesh_net_is_connected();
}

/* A network of six, and a stranger's link to node 0. */
static uint64_t begin(struct mesh_net_node **ret_victim, bool is_relay)
{
    static const struct cepa_node_id stranger = {{0xee, 1}};
    static const uint8_t key[CEPA_SIGNING_KEY_SIZE] = {0xee, 2};
    mesh_net_reset(11);
    for (uint32_t i = 0; i < 6; i++) {
        struct mesh_net_node *node = mesh_net_add(false);
        for (uint32_t j = 0; j < i && j < 2; j++) {
            mesh_net_join(node, mesh_net_node(j));
        }
    }
    CHECK(mesh_net_run_until(all_joined, 30000));
    *ret_victim = mesh_net_node(0);
    return mesh_net_link(*ret_victim, is_relay ? &stranger : NULL, key);
}

/* The others are as they were. */
static void check_well(const struct mesh_net_node *victim)
{
    struct cepa_mesh_status status;
    mesh_net_run(5000);
    cepa_mesh_status_get(&status, victim->mesh);
    CHECK_INT(status.neighbours, 5);
    CHECK_INT(victim->suspected, 0);
    CHECK(all_joined());
    CHECK_INT(cepa_index_count(&victim->index), 6);
}

TEST(forged_and_replayed_records)
{
    static uint8_t records[8][CEPA_INDEX_RECORD_SIZE];
    struct mesh_net_node *victim = NULL;
    uint64_t link = begin(&victim, true);
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_RECORDS);
    item.as.objects.bytes = records[0];
    item.as.objects.bytes_len = sizeof records;
    for (uint32_t i = 0; i < 8; i++) {
        cepa_index_record_encode(records[i], &cepa_index_at(&victim->index, i % 6)->record);
    }
    for (int i = 0; i < 40; i++) {
        say(victim, link, &item); /* replayed: of no effect, and no crime */
    }
    mesh_net_run(1100); /* until it has taken a step */
    CHECK(mesh_net_is_linked(link));
    for (uint32_t i = 0; i < 8; i++) {
        records[i][CEPA_SIGNING_KEY_SIZE + CEPA_COMMITMENT_SIZE + CEPA_SIGNATURE_SIZE +
                   CEPA_WORK_NONCE_SIZE + 3] ^= 0x40; /* the sequence */
    }
    say(victim, link, &item);
    mesh_net_run(1100); /* until it has taken a step */
    CHECK(!mesh_net_is_linked(link));
    check_well(victim);
}

TEST(an_oversized_or_malformed_message)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX + 1] = {200};
    struct mesh_net_node *victim = NULL;
    uint64_t link = begin(&victim, true);
    cepa_mesh_on_message(victim->mesh, link, bytes, sizeof bytes, mesh_net_now());
    mesh_net_run(1100); /* until it has taken a step */
    CHECK(!mesh_net_is_linked(link));
    /* Expelled is expelled. */
    static const struct cepa_node_id stranger = {{0xee, 1}};
    static const uint8_t key[CEPA_SIGNING_KEY_SIZE] = {0xee, 2};
    link = mesh_net_link(victim, &stranger, key);
    mesh_net_run(1100); /* until it has taken a step */
    CHECK(!mesh_net_is_linked(link));
    check_well(victim);
}

static void flood(const struct cepa_mesh_item *item, uint32_t count, bool is_expelled)
{
    struct mesh_net_node *victim = NULL;
    struct cepa_mesh_status before;
    struct cepa_mesh_status after;
    uint64_t link = begin(&victim, true);
    cepa_mesh_status_get(&before, victim->mesh);
    for (uint32_t i = 0; i < count; i++) {
        say(victim, link, item);
        if (i % 32 == 0) {
            mesh_net_run(10);
        }
    }
    mesh_net_run(1100);
    cepa_mesh_status_get(&after, victim->mesh);
    test_note("%u items: %llu refused, %llu bytes said to all", count,
              (unsigned long long)(after.refused - before.refused),
              (unsigned long long)(after.bytes_out - before.bytes_out));
    CHECK(after.bytes_out - before.bytes_out < 6 * 1024 * 1024);
    CHECK_INT(!mesh_net_is_linked(link), is_expelled);
    check_well(victim);
}

TEST(a_flood_of_pulls)
{
    static uint8_t positions[CEPA_MESH_PULL_MAX * 8];
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_PULL);
    struct mesh_net_node *victim = NULL;
    (void)begin(&victim, true);
    for (size_t i = 0; i < CEPA_MESH_PULL_MAX; i++) {
        uint64_t position = cepa_index_at(&victim->index, (uint32_t)(i % 6))->position;
        for (size_t j = 0; j < 8; j++) {
            positions[i * 8 + j] = (uint8_t)(position >> (56 - 8 * j));
        }
    }
    item.as.pull.table = CEPA_MESH_TABLE_CREDENTIALS;
    item.as.pull.positions = positions;
    item.as.pull.positions_len = CEPA_MESH_PULL_MAX;
    flood(&item, 600, true);
}

TEST(a_flood_of_dialbacks)
{
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_DIALBACK);
    item.as.dialback.address.reach.family = CEPA_FAMILY_IPV4;
    item.as.dialback.address.reach.ip[0] = 9;
    item.as.dialback.address.reach.port = 9;
    item.as.dialback.address.node.bytes[0] = 0xee;
    item.as.dialback.address.node.bytes[1] = 1;
    flood(&item, 200, true);
}

TEST(a_flood_of_probes)
{
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_PROBE);
    struct mesh_net_node *victim = NULL;
    (void)begin(&victim, true);
    item.as.probe.node = mesh_net_node(1)->identity.node;
    flood(&item, 300, true);
}

/* One message of 16 KiB holds a thousand lists, each a look through the whole index. */
TEST(a_message_full_of_lists)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_LIST);
    struct mesh_net_node *victim = NULL;
    struct cepa_mesh_status status;
    struct cepa_writer writer;
    uint64_t link = begin(&victim, true);
    item.as.list.table = CEPA_MESH_TABLE_INDEX;
    item.as.list.last_bucket = 255;
    cepa_writer_init(&writer, bytes, sizeof bytes);
    size_t len = 0;
    uint32_t count = 0;
    while (!writer.failed) {
        len = writer.len;
        cepa_mesh_item_encode(&writer, &item);
        count++;
    }
    for (int i = 0; i < 2 && mesh_net_is_linked(link); i++) {
        cepa_mesh_on_message(victim->mesh, link, bytes, len, mesh_net_now());
        mesh_net_run(50);
    }
    mesh_net_run(1100);
    cepa_mesh_status_get(&status, victim->mesh);
    test_note("two messages of %u lists: %llu refused", count - 1,
              (unsigned long long)status.refused);
    CHECK(!mesh_net_is_linked(link));
    check_well(victim);
}

/* And one of many small questions. */
TEST(a_flood_of_items)
{
    static uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_PING);
    struct mesh_net_node *victim = NULL;
    struct cepa_writer writer;
    uint64_t link = begin(&victim, true);
    cepa_writer_init(&writer, bytes, sizeof bytes);
    size_t len = 0;
    while (!writer.failed) {
        len = writer.len;
        cepa_mesh_item_encode(&writer, &item);
    }
    for (int i = 0; i < 200 && mesh_net_is_linked(link); i++) {
        cepa_mesh_on_message(victim->mesh, link, bytes, len, mesh_net_now());
        mesh_net_run(10);
    }
    CHECK(!mesh_net_is_linked(link));
    check_well(victim);
}

TEST(a_liar_kills_nobody)
{
    struct mesh_net_node *victim = NULL;
    uint64_t link = begin(&victim, true);
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_PROBED);
    for (uint64_t nonce = 1; nonce < 300; nonce++) {
        item.as.probe.nonce = nonce;
        say(victim, link, &item);
    }
    check_well(victim);
}

TEST(records_by_the_thousand_do_not_fit)
{
    static uint8_t record[CEPA_INDEX_RECORD_SIZE];
    struct mesh_net_node *victim = NULL;
    uint64_t link = begin(&victim, false);
    struct cepa_mesh_item item = item_of(CEPA_MESH_ITEM_RECORDS);
    cepa_index_record_encode(record, &cepa_index_at(&victim->index, 0)->record);
    item.as.objects.bytes = record;
    item.as.objects.bytes_len = sizeof record;
    /* One key of some thousands fits the proof of work; only such records are looked at. */
    for (uint32_t i = 0; i < 100000 && mesh_net_is_linked(link); i++) {
        record[0] = (uint8_t)i;
        record[1] = (uint8_t)(i >> 8);
        record[2] = (uint8_t)(i >> 16);
        say(victim, link, &item);
        if (i % 64 == 0) {
            mesh_net_run(5);
        }
    }
    CHECK(!mesh_net_is_linked(link));
    check_well(victim);
}

TEST_MAIN(RUN(forged_and_replayed_records), RUN(an_oversized_or_malformed_message),
          RUN(a_flood_of_pulls), RUN(a_flood_of_dialbacks), RUN(a_flood_of_probes),
          RUN(a_message_full_of_lists), RUN(a_flood_of_items), RUN(a_liar_kills_nobody),
          RUN(records_by_the_thousand_do_not_fit))
