/* Ten honest relays and a hostile one, whole nodes with real links: what the culprit says. In each
 * case the honest ones keep their circuits, their memory and their opinion of each other, and the
 * culprit pays. */
#include <string.h>

#include "mesh/mesh_state.h"
#include "support/hostile.h"
#include "support/random.h"
#include "support/test.h"
#include "wire/index_record.h"

enum { TRIES = 60, RECORDS = 10000 };

static struct hostile_net net;
static struct test_random noise;

/* --- forged and replayed records ---------------------------------------------------------------
 */

enum { SHOWN = 8 };
static uint8_t records[SHOWN][CEPA_INDEX_RECORD_SIZE];

static void show_records(void)
{
    const struct cepa_index *index = &hostile_node(&net, net.victim)->index;
    for (uint32_t i = 0; i < SHOWN; i++) {
        cepa_index_record_encode(records[i], &cepa_index_at(index, i)->record);
    }
}

static void tell_records(struct hostile_net *unused)
{
    struct cepa_mesh_item item = hostile_item(CEPA_MESH_ITEM_RECORDS);
    (void)unused;
    item.as.objects.bytes = records[0];
    item.as.objects.bytes_len = sizeof records;
    if (++net.count % 8 == 0) {
        (void)hostile_tell(&net, &item);
    }
}

TEST(replayed_records)
{
    hostile_begin(&net, 101, true);
    show_records();
    hostile_attack(&net, "replayed records", tell_records, TRIES);
    hostile_check_paid(&net, false); /* of no effect, and no crime */
    hostile_end(&net);
}

TEST(forged_records)
{
    hostile_begin(&net, 102, true);
    show_records();
    for (uint32_t i = 0; i < SHOWN; i++) {
        records[i][CEPA_INDEX_RECORD_SIZE - 24 + 3] ^= 0x40; /* the sequence */
    }
    hostile_attack(&net, "forged records", tell_records, TRIES);
    hostile_check_paid(&net, true);
    for (uint32_t i = 0; i < cepa_index_count(&hostile_node(&net, net.victim)->index); i++) {
        CHECK(!cepa_index_at(&hostile_node(&net, net.victim)->index, i)->is_conflict);
    }
    hostile_end(&net);
}

static uint64_t replayed;

/* Sealed frames to the victim come four times, later ones before. */
static void replay_frames(struct hostile_net *unused)
{
    struct cepa_node_link *link = hostile_link(&net);
    struct cepa_node *node = hostile_node(&net, net.culprit);
    uint8_t frame[CEPA_FRAME_SIZE];
    (void)unused;
    if (link == NULL || ++net.count % 8 != 0) {
        return;
    }
    static const uint8_t pong[] = {CEPA_MESH_ITEM_PONG, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1};
    CHECK_INT(cepa_link_send_message(&link->link, pong, sizeof pong, sim_now(net.sim)), 0);
    const struct sim_end *end = sim_end_find(net.sim, net.culprit, link->slots[0].number);
    if (end == NULL || cepa_node_pull(node, link->slots[0].number, frame, sim_now(net.sim)) == 0) {
        return;
    }
    for (uint64_t i = 0; i < 4; i++) {
        hostile_frame(&net, end->line, frame, sizeof frame, (10 + 3 * i) * CEPA_MILLISECOND_NS);
    }
    replayed++;
}

TEST(replayed_frames)
{
    hostile_begin(&net, 103, true);
    hostile_attack(&net, "replayed frames", replay_frames, TRIES);
    uint64_t dropped = 0;
    struct cepa_node *victim = hostile_node(&net, net.victim);
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(victim, &cursor)) != NULL) {
        struct cepa_link_status status;
        cepa_link_status_get(&status, &link->link);
        dropped += status.frames_dropped;
    }
    test_note("%llu frames four times, %llu dropped", (unsigned long long)replayed,
              (unsigned long long)dropped);
    CHECK(replayed > 100 && dropped >= 3 * replayed - 8);
    hostile_check_paid(&net, false); /* they did nothing */

    hostile_end(&net);
}

/* --- malformed and oversized gossip ------------------------------------------------------------
 */

static void tell_noise(struct hostile_net *unused)
{
    uint8_t bytes[CEPA_MESH_MESSAGE_SIZE_MAX];
    (void)unused;
    test_random_bytes(&noise, bytes, sizeof bytes);
    bytes[0] = (uint8_t)(1 + net.count++ % 30);
    (void)hostile_say(&net, bytes, 1 + test_random_below(&noise, sizeof bytes));
    /* And frames that were never sealed. */
    struct cepa_node_link *link = hostile_link(&net);
    const struct sim_end *end =
        link == NULL ? NULL : sim_end_find(net.sim, net.culprit, link->slots[0].number);
    if (end != NULL) {
        hostile_frame(&net, end->line, bytes, 1 + test_random_below(&noise, CEPA_FRAME_SIZE), 1);
    }
}

TEST(malformed_gossip)
{
    noise = (struct test_random){0};
    hostile_begin(&net, 104, true);
    hostile_attack(&net, "malformed gossip", tell_noise, TRIES);
    hostile_check_paid(&net, true);
    hostile_end(&net);
}

/* A sealed frame whose inside is noise ends the link at once. */
TEST(sealed_noise)
{
    uint8_t frame[CEPA_FRAME_SIZE];
    hostile_begin(&net, 105, true);
    struct cepa_node_link *link = hostile_link(&net);
    const struct sim_end *end = sim_end_find(net.sim, net.culprit, link->slots[0].number);
    memset(frame, 0xee, sizeof frame);
    CHECK_INT(cepa_link_seal(&link->link.sealer, frame, sizeof frame, 0), 0);
    uint64_t misdeeds = sim_status(net.sim, net.victim).misbehaviour;
    hostile_frame(&net, end->line, frame, sizeof frame, 1);
    hostile_run(&net, 100);
    CHECK(sim_status(net.sim, net.victim).misbehaviour > misdeeds);
    CHECK(hostile_link(&net) == NULL);
    hostile_end(&net);
}

/* --- a node that lies about others -------------------------------------------------------------
 */

static void lie(struct hostile_net *unused)
{
    static uint8_t entries[HOSTILE_HONEST * CEPA_MESH_LIST_ENTRY_SIZE];
    const struct cepa_index *index = &hostile_node(&net, net.victim)->index;
    (void)unused;
    if (++net.count % 20 != 0) {
        return;
    }
    /* "They are dead", to questions that were and were not asked. */
    struct cepa_mesh_item item = hostile_item(CEPA_MESH_ITEM_PROBED);
    item.as.probe.nonce = net.count % 500;
    (void)hostile_tell(&net, &item);
    /* "There are later records and keys of them", which it then has not. */
    item = hostile_item(CEPA_MESH_ITEM_LIST);
    item.as.list.table = net.count % 40 == 0 ? CEPA_MESH_TABLE_INDEX : CEPA_MESH_TABLE_KEYS;
    item.as.list.epoch =
        net.count % 40 == 0 ? 0 : hostile_node(&net, net.victim)->mesh->epoch.number;
    item.as.list.last_bucket = 255;
    item.as.list.entries = entries;
    for (uint32_t i = 0; i < HOSTILE_HONEST; i++) {
        uint64_t position = cepa_index_at(index, i)->position;
        uint8_t *at = entries + i * CEPA_MESH_LIST_ENTRY_SIZE;
        for (size_t j = 0; j < 8; j++) {
            at[j] = (uint8_t)(position >> (56 - 8 * j));
            at[8 + j] = 0x7f;
        }
    }
    item.as.list.entries_len = HOSTILE_HONEST;
    (void)hostile_tell(&net, &item);
    /* "They live elsewhere". */
    item = hostile_item(CEPA_MESH_ITEM_RELAY);
    item.as.relay.reach = (struct cepa_reach){CEPA_FAMILY_IPV4, {9, 9, 9, 9}, 9};
    item.as.relay.node = hostile_node(&net, 3)->own.identity.node;
    (void)hostile_tell(&net, &item);
}

TEST(a_node_that_lies_about_others)
{
    hostile_begin(&net, 106, true);
    uint64_t dials = sim_status(net.sim, net.victim).dials;
    hostile_attack(&net, "lies about others", lie, TRIES);
    CHECK(sim_status(net.sim, net.victim).dials - dials < 20);
    struct cepa_mesh_status status;
    cepa_mesh_status_get(&status, hostile_node(&net, net.victim)->mesh);
    CHECK_INT(status.suspicions, 0);
    hostile_end(&net);
}

/* --- records by the ten thousand ---------------------------------------------------------------
 */

static uint8_t flood[RECORDS][CEPA_INDEX_RECORD_SIZE];

/* Genuine ones: keys, work and signatures are right, and each is from a network of its own. */
static void make_flood(void)
{
    const struct cepa_node *victim = hostile_node(&net, net.victim);
    for (uint32_t i = 0; i < RECORDS; i++) {
        struct cepa_ed25519_seed seed = {{(uint8_t)i, (uint8_t)(i >> 8), 0xf1}};
        struct cepa_ed25519_key key;
        struct cepa_index_record record = cepa_index_at(&victim->index, 0)->record;
        struct cepa_work work;
        cepa_ed25519_key_init(&key, &seed);
        memcpy(record.public_key, key.public_key.bytes, sizeof record.public_key);
        record.prefix.bytes[0] = (uint8_t)(60 + i / 256);
        record.prefix.bytes[1] = (uint8_t)i;
        memset(record.commitment.bytes, (int)i, sizeof record.commitment.bytes);
        cepa_work_init(&work, &victim->rules, record.public_key, record.nonce);
        while (cepa_work_step(&work, record.nonce, 1 << 16) == 0) {
        }
        cepa_index_record_sign(&record, &key, &victim->network);
        cepa_index_record_encode(flood[i], &record);
    }
}

static void tell_flood(struct hostile_net *unused)
{
    struct cepa_mesh_item item = hostile_item(CEPA_MESH_ITEM_RECORDS);
    (void)unused;
    item.as.objects.bytes = flood[net.count * 50 % RECORDS];
    item.as.objects.bytes_len = (size_t)50 * CEPA_INDEX_RECORD_SIZE;
    net.count += hostile_tell(&net, &item);
}

TEST(index_records_by_the_ten_thousand)
{
    hostile_begin(&net, 107, true);
    make_flood();
    hostile_attack(&net, "10,000 records", tell_flood, TRIES);
    const struct cepa_node *victim = hostile_node(&net, net.victim);
    test_note("%llu messages of 50; victim knows %u relays of at most %u",
              (unsigned long long)net.count, cepa_index_count(&victim->index),
              victim->config.limits.index_records);
    hostile_check_paid(&net, true);
    /* Over two epochs: keys of the honest ones still come. */
    hostile_run(&net, 300 * 1000);
    struct hostile_circuits later = hostile_try(&net, 40);
    test_note("two epochs later %u of %u circuits", later.worked, later.tried);
    CHECK(later.worked * 10 >= later.tried * 9);
    hostile_end(&net);
}

TEST_MAIN(RUN(replayed_records), RUN(forged_records), RUN(replayed_frames), RUN(malformed_gossip),
          RUN(sealed_noise), RUN(a_node_that_lies_about_others),
          RUN(index_records_by_the_ten_thousand))
