/* Asking for objects and sending them within what a peer may cost, and taking in what peers send:
 * asked for or not, true, forged, or nothing at all. @[SPEC 10.9] */
#include "mesh/gossip_objects.h"

#include <string.h>

#include "base/endian.h"
#include "mesh/gossip.h"
#include "support/mesh_relays.h"
#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 4, MANY = 200, PULL_AT_ONCE = CEPA_MESH_PULL_MAX / 8, ITEM_BYTES_MAX = 15000 };

static struct cepa_mesh *mesh;
static struct cepa_index *table;
static struct cepa_mesh_peer *peer;

/* A mesh that knows so many relays, and a peer of it. */
static void begin(uint32_t known)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    table = &strangers_node()->index;
    table->rules = mesh_rules();
    for (uint32_t i = 0; i < known; i++) {
        const struct cepa_index_record record = mesh_fake_record(100 + i, 5);
        CHECK(cepa_index_merge_verified(table, &record) >= 0);
    }
    mesh->scan_at = cepa_time_never();
    mesh->sync_at = cepa_time_never();
    mesh->news_len = 0;
    mesh->news_at = cepa_time_never();
    strangers_note();
    peer = NULL;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        if (mesh->peers[i].link == strangers_link(0)) {
            peer = &mesh->peers[i];
        }
    }
    CHECK(peer != NULL);
}

/* Lets the peer have no more than this of something. */
static void leave(enum cepa_mesh_cost cost, uint64_t tokens)
{
    peer->budget.buckets[cost].tokens = tokens;
    peer->budget.buckets[cost].filled_at = strangers_now();
}

/* Pulls these from the mesh. */
static void pull(enum cepa_mesh_table kind, const uint64_t *positions, size_t len)
{
    static uint8_t bytes[CEPA_MESH_PULL_MAX * CEPA_MESH_POSITION_SIZE];
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_PULL);
    for (size_t i = 0; i < len; i++) {
        cepa_be64_store(bytes + i * CEPA_MESH_POSITION_SIZE, positions[i]);
    }
    item.as.pull.table = kind;
    item.as.pull.epoch = kind == CEPA_MESH_TABLE_KEYS ? mesh->epoch.number : 0;
    item.as.pull.positions = bytes;
    item.as.pull.positions_len = len;
    strangers_say(0, &item);
}

static size_t records_sent(void)
{
    const struct cepa_mesh_item *item;
    size_t sum = 0;
    for (size_t i = 0; (item = strangers_heard(0, CEPA_MESH_ITEM_RECORDS, i, NULL)) != NULL; i++) {
        CHECK(item->as.objects.bytes_len <= ITEM_BYTES_MAX);
        sum += item->as.objects.count;
    }
    return sum;
}

/* How many positions were said to be absent. */
static size_t absent(void)
{
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_ABSENT, 0, NULL);
    return item == NULL ? 0 : item->as.pull.positions_len;
}

/* Says objects of one kind. */
static void say(enum cepa_mesh_item_type type, const uint8_t *bytes, size_t size, size_t count)
{
    struct cepa_mesh_item item = strangers_item(type);
    item.as.objects.bytes = bytes;
    item.as.objects.bytes_len = size * count;
    item.as.objects.count = count;
    strangers_say(0, &item);
}

TEST(many_positions_go_in_several_pulls)
{
    struct cepa_gossip_pull asked;
    begin(0);
    cepa_gossip_pull_begin(&asked, mesh, peer, CEPA_MESH_TABLE_INDEX, 0);
    for (uint64_t i = 0; i < 2 * PULL_AT_ONCE + 1; i++) {
        cepa_gossip_pull_add(&asked, i);
    }
    cepa_gossip_pull_end(&asked);
    cepa_gossip_pull_end(&asked); /* nothing is left */
    strangers_note();
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_PULL), 3);
    CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_PULL, 0, NULL)->as.pull.positions_len,
              PULL_AT_ONCE);
    CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_PULL, 2, NULL)->as.pull.positions_len, 1);
    CHECK_INT(peer->solicited, 2 * PULL_AT_ONCE + 1);
}

/* What it was asked for it need not pay for: that has an end. */
TEST(a_peer_owes_some_thousand_records_at_most)
{
    struct cepa_gossip_pull asked;
    begin(0);
    peer->solicited = 4095;
    cepa_gossip_pull_begin(&asked, mesh, peer, CEPA_MESH_TABLE_INDEX, 0);
    cepa_gossip_pull_add(&asked, 1);
    cepa_gossip_pull_add(&asked, 2);
    cepa_gossip_pull_end(&asked);
    strangers_note();
    CHECK_INT(peer->solicited, 4096);
    CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_PULL, 0, NULL)->as.pull.positions_len, 1);
}

TEST(records_go_in_items_that_fit)
{
    uint64_t positions[MANY];
    begin(MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        positions[i] = cepa_index_at(table, i)->position;
    }
    pull(CEPA_MESH_TABLE_INDEX, positions, MANY);
    CHECK_INT(records_sent(), MANY);
    CHECK(strangers_count(0, CEPA_MESH_ITEM_RECORDS) > 1);
    CHECK_INT(absent(), 0);
}

/* When the budget ends in the middle, what was paid for is sent all the same. */
TEST(what_was_paid_for_is_sent)
{
    uint64_t positions[20];
    begin(20);
    for (uint32_t i = 0; i < 20; i++) {
        positions[i] = cepa_index_at(table, i)->position;
    }
    leave(CEPA_MESH_COST_BYTES, 7 * CEPA_INDEX_RECORD_SIZE + 1);
    pull(CEPA_MESH_TABLE_INDEX, positions, 20);
    CHECK_INT(records_sent(), 7);
    CHECK_INT(peer->budget.buckets[CEPA_MESH_COST_BYTES].tokens, 1);
}

TEST(what_is_not_here_is_said_to_be_absent)
{
    uint64_t positions[PULL_AT_ONCE + 10];
    begin(2);
    for (uint64_t i = 0; i < PULL_AT_ONCE + 10; i++) {
        positions[i] = i;
    }
    pull(CEPA_MESH_TABLE_INDEX, positions, PULL_AT_ONCE + 10);
    CHECK_INT(absent(), PULL_AT_ONCE); /* no honest peer asks for more at once */
    positions[0] = cepa_index_at(table, 0)->position;
    static const enum cepa_mesh_table kinds[] = {CEPA_MESH_TABLE_CREDENTIALS, CEPA_MESH_TABLE_KEYS,
                                                 CEPA_MESH_TABLE_WAYS};
    for (size_t i = 0; i < 3; i++) {
        pull(kinds[i], positions, 1); /* known, but of this kind nothing is here */
        CHECK_INT(absent(), 1);
        CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_ABSENT, 0, NULL)->as.pull.table, kinds[i]);
    }
    CHECK(!peer->is_closing);
}

TEST(records_that_nobody_asked_for_are_paid_for)
{
    uint8_t bytes[2][CEPA_INDEX_RECORD_SIZE];
    begin(0);
    for (uint32_t i = 0; i < 2; i++) {
        const struct cepa_index_record record = mesh_sign_record(i, 5);
        cepa_index_record_encode(bytes[i], &record);
    }
    leave(CEPA_MESH_COST_VERIFY, 0);
    say(CEPA_MESH_ITEM_RECORDS, bytes[0], sizeof bytes[0], 1);
    CHECK_INT(cepa_index_count(table), 0);
    CHECK_INT(peer->budget.score, CEPA_MESH_MISDEED_BUDGET);
    peer->solicited = 1;
    say(CEPA_MESH_ITEM_RECORDS, bytes[0], sizeof bytes[0], 1);
    CHECK_INT(cepa_index_count(table), 1);
    CHECK_INT(peer->solicited, 0);
    CHECK_INT(mesh->news_len, 1);
    say(CEPA_MESH_ITEM_RECORDS, bytes[0], sizeof bytes[0], 1); /* known: costs nothing */
    CHECK_INT(peer->budget.score, CEPA_MESH_MISDEED_BUDGET);
    leave(CEPA_MESH_COST_VERIFY, 1);
    say(CEPA_MESH_ITEM_RECORDS, bytes[1], sizeof bytes[1], 1);
    CHECK_INT(cepa_index_count(table), 2);
    CHECK_INT(peer->budget.buckets[CEPA_MESH_COST_VERIFY].tokens, 0);
}

/* Three forgeries are enough, asked for or not; nothing behind them is looked at. */
TEST(forged_records_end_the_link)
{
    uint8_t bytes[8][CEPA_INDEX_RECORD_SIZE];
    begin(0);
    for (uint32_t i = 0; i < 8; i++) {
        const struct cepa_index_record record =
            i == 7 ? mesh_sign_record(i, 5) : mesh_fake_record(i, 5);
        cepa_index_record_encode(bytes[i], &record);
    }
    peer->solicited = 8;
    say(CEPA_MESH_ITEM_RECORDS, bytes[0], sizeof bytes[0], 8);
    CHECK(peer->is_closing);
    CHECK_INT(cepa_index_count(table), 0);
    CHECK_INT(peer->solicited, 5);
    CHECK_INT(strangers_wanted(CEPA_MESH_UNLINK, 0)->link, strangers_link(0));
}

TEST(objects_that_do_not_decode_end_the_link)
{
    static const struct {
        enum cepa_mesh_item_type type;
        size_t size;
    } kinds[] = {{CEPA_MESH_ITEM_KEYS, CEPA_KEY_RECORD_SIZE},
                 {CEPA_MESH_ITEM_WAYS, CEPA_WAY_RECORD_SIZE},
                 {CEPA_MESH_ITEM_RECORDS, CEPA_INDEX_RECORD_SIZE},
                 {CEPA_MESH_ITEM_CREDENTIALS, 6000}};
    static uint8_t bytes[2 * 6000];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        begin(1);
        memset(bytes, 0xff, sizeof bytes);
        say(kinds[i].type, bytes, kinds[i].size, 1);
        test_note("kind %d: score %u", (int)kinds[i].type, peer->budget.score);
        CHECK(peer->is_closing);
    }
}

/* Objects of relays that are not listed here, or that this node does not keep, are of no use: they
 * cost nothing and are no crime, since whoever sends them may know more. */
TEST(objects_of_nobody_are_let_go)
{
    static uint8_t key[CEPA_KEY_RECORD_SIZE];
    uint8_t way[CEPA_WAY_RECORD_SIZE];
    const struct mesh_relay *relay = &mesh_relays()[0];
    begin(0);
    mesh_key_record(relay, key, mesh->epoch.number, mesh->epoch.number % CEPA_MERKLE_EPOCHS);
    CHECK_INT(cepa_way_record_make(way, &relay->fields, &relay->identity.signing_key), 0);
    struct cepa_mesh_budget before = peer->budget;
    for (int round = 0; round < 2; round++) {
        say(CEPA_MESH_ITEM_KEYS, key, sizeof key, 1);
        say(CEPA_MESH_ITEM_WAYS, way, sizeof way, 1);
        say(CEPA_MESH_ITEM_CREDENTIALS, relay->credentials, relay->credentials_len, 1);
        CHECK_INT(peer->budget.score, 0);
        CHECK_INT(peer->budget.buckets[CEPA_MESH_COST_OBJECTS].tokens,
                  before.buckets[CEPA_MESH_COST_OBJECTS].tokens);
        /* Next it is listed, with credentials of another day, in a network without ways. */
        struct cepa_index_record record = relay->record;
        record.commitment.bytes[0] ^= 1;
        CHECK(cepa_index_merge_verified(table, &record) >= 0);
    }
    CHECK_INT(mesh->ways.count, 0);
}

/* A relay, and the two that have dialled it back. */
static void list_relays(void)
{
    for (size_t i = 0; i < 3; i++) {
        CHECK(cepa_index_merge_verified(table, &mesh_relays()[i].record) >= 0);
    }
}

/* What comes without being asked for, and fits, is verified at the sender's cost. */
TEST(credentials_that_nobody_asked_for_are_paid_for)
{
    const struct mesh_relay *relay = &mesh_relays()[0];
    size_t len = 0;
    begin(0);
    list_relays();
    leave(CEPA_MESH_COST_OBJECTS, 0);
    say(CEPA_MESH_ITEM_CREDENTIALS, relay->credentials, relay->credentials_len, 1);
    CHECK_INT(peer->budget.score, CEPA_MESH_MISDEED_BUDGET);
    CHECK(cepa_objects_credentials(mesh->config.objects, &len, &relay->record.commitment) == NULL);
    leave(CEPA_MESH_COST_OBJECTS, 1);
    say(CEPA_MESH_ITEM_CREDENTIALS, relay->credentials, relay->credentials_len, 1);
    CHECK(cepa_objects_credentials(mesh->config.objects, &len, &relay->record.commitment) != NULL);
    CHECK_INT(len, relay->credentials_len);
}

/* With the credentials here, a key record of the relay is taken, a later one of the same epoch
 * passed on, and an earlier one not taken. */
TEST(later_keys_are_news)
{
    static uint8_t keys[2][CEPA_KEY_RECORD_SIZE];
    const struct mesh_relay *relay = &mesh_relays()[0];
    begin(0);
    mesh_key_record(relay, keys[0], mesh->epoch.number, mesh->epoch.number % CEPA_MERKLE_EPOCHS);
    mesh_key_record(relay, keys[1], mesh->epoch.number, CEPA_MERKLE_EPOCHS + 1); /* a spare one */
    list_relays();
    say(CEPA_MESH_ITEM_CREDENTIALS, relay->credentials, relay->credentials_len, 1);
    mesh->news_len = 0;
    say(CEPA_MESH_ITEM_KEYS, keys[0], sizeof keys[0], 1);
    const struct cepa_index_entry *entry = cepa_index_find(table, relay->record.public_key);
    CHECK(entry->has_node);
    CHECK_BYTES(cepa_gossip_key_of(mesh, entry, mesh->epoch.number), keys[0], sizeof keys[0]);
    CHECK_INT(mesh->news_len, 0);
    say(CEPA_MESH_ITEM_KEYS, keys[1], sizeof keys[1], 1);
    CHECK_BYTES(cepa_gossip_key_of(mesh, entry, mesh->epoch.number), keys[1], sizeof keys[1]);
    CHECK_INT(mesh->news_len, 1);
    say(CEPA_MESH_ITEM_KEYS, keys[0], sizeof keys[0], 1);
    CHECK_BYTES(cepa_gossip_key_of(mesh, entry, mesh->epoch.number), keys[1], sizeof keys[1]);
    keys[1][CEPA_KEY_RECORD_SIZE - 1] ^= 1;
    keys[1][1]++; /* as if it were later still */
    say(CEPA_MESH_ITEM_KEYS, keys[1], sizeof keys[1], 1);
    CHECK_INT(peer->budget.score, CEPA_MESH_MISDEED_FORGED);
}

TEST_MAIN(RUN(many_positions_go_in_several_pulls), RUN(a_peer_owes_some_thousand_records_at_most),
          RUN(records_go_in_items_that_fit), RUN(what_was_paid_for_is_sent),
          RUN(what_is_not_here_is_said_to_be_absent),
          RUN(records_that_nobody_asked_for_are_paid_for), RUN(forged_records_end_the_link),
          RUN(objects_that_do_not_decode_end_the_link), RUN(objects_of_nobody_are_let_go),
          RUN(credentials_that_nobody_asked_for_are_paid_for), RUN(later_keys_are_news))
