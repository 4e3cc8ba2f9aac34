/* Comparing tables with a neighbour: what is said to what it says, and what is not; and which news
 * go to whom. @[SPEC 10.9] */
#include "mesh/gossip.h"

#include <string.h>

#include "base/endian.h"
#include "support/mesh_relays.h"
#include "support/strangers.h"
#include "support/test.h"

enum { RELAYS = 10, FEW = 5, MANY = 100 };

static struct cepa_mesh *mesh;
static struct cepa_index *table;
static uint8_t entries[CEPA_MESH_LIST_MAX * CEPA_MESH_LIST_ENTRY_SIZE];

/* A mesh that knows so many relays, and does nothing by itself. */
static void begin(uint32_t known)
{
    strangers_begin(RELAYS);
    mesh = strangers_mesh();
    table = &strangers_node()->index;
    for (uint32_t i = 0; i < known; i++) {
        const struct cepa_index_record record = mesh_fake_record(100 + i, 5);
        CHECK(cepa_index_merge_verified(table, &record) >= 0);
    }
    CHECK_INT(cepa_index_count(table), known);
    mesh->scan_at = cepa_time_never();
    mesh->sync_at = cepa_time_never();
    mesh->news_len = 0;
    mesh->news_at = cepa_time_never();
    strangers_note();
}

static struct cepa_mesh_peer *peer_of(size_t stranger)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        if (mesh->peers[i].link == strangers_link(stranger)) {
            return &mesh->peers[i];
        }
    }
    CHECK(false);
    return NULL;
}

/* What this mesh says when it begins a comparison. */
static struct cepa_mesh_item own_roots(void)
{
    cepa_gossip_compare(mesh, peer_of(0));
    strangers_note();
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_ROOTS), 1);
    return *strangers_heard(0, CEPA_MESH_ITEM_ROOTS, 0, NULL);
}

static uint64_t version(const struct cepa_index_entry *entry, int later)
{
    uint64_t sequence = (uint64_t)((int64_t)entry->record.sequence + later);
    return sequence << 32 | cepa_be32_load(entry->record.commitment.bytes);
}

/* Says a list of all buckets with the first `len` entries of `entries`. */
static void say_list(enum cepa_mesh_table kind, uint32_t epoch, size_t len)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_LIST);
    item.as.list.table = kind;
    item.as.list.epoch = epoch;
    item.as.list.last_bucket = 255;
    item.as.list.entries = entries;
    item.as.list.entries_len = len;
    strangers_say(0, &item);
}

static void list(size_t place, uint64_t position, uint64_t its_version)
{
    cepa_be64_store(entries + place * CEPA_MESH_LIST_ENTRY_SIZE, position);
    cepa_be64_store(entries + place * CEPA_MESH_LIST_ENTRY_SIZE + 8, its_version);
}

/* How many positions were asked for. */
static size_t pulled(void)
{
    const struct cepa_mesh_item *item;
    size_t sum = 0;
    for (size_t i = 0; (item = strangers_heard(0, CEPA_MESH_ITEM_PULL, i, NULL)) != NULL; i++) {
        sum += item->as.pull.positions_len;
    }
    return sum;
}

static size_t sent(void)
{
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_RECORDS, 0, NULL);
    return item == NULL ? 0 : item->as.objects.count;
}

TEST(equal_tables_need_no_words)
{
    begin(FEW);
    struct cepa_mesh_item roots = own_roots();
    CHECK_INT(roots.as.roots.len, 3);
    strangers_say(0, &roots);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 0);
    roots.as.roots.roots[0].bytes[3] ^= 1;
    strangers_say(0, &roots);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 1);
    CHECK_INT(strangers_heard(0, CEPA_MESH_ITEM_LIST, 0, NULL)->as.list.entries_len, FEW);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_DIGESTS), 0);
}

TEST(in_a_large_network_only_the_index_is_compared)
{
    begin(FEW);
    struct cepa_mesh_item small = own_roots();
    mesh->config.limits.custody_relays = FEW;
    CHECK_INT(own_roots().as.roots.len, 1);
    small.as.roots.roots[1].bytes[0] ^= 1; /* keys */
    strangers_say(0, &small);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 0);
    list(0, 1, UINT64_MAX);
    say_list(CEPA_MESH_TABLE_KEYS, mesh->epoch.number, 1);
    CHECK_INT(pulled(), 0);
}

TEST(keys_of_another_time_are_not_spoken_of)
{
    static const int32_t off[] = {-1, 2, 1000};
    begin(FEW);
    struct cepa_mesh_item roots = own_roots();
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        struct cepa_mesh_item far = strangers_item(CEPA_MESH_ITEM_ROOTS);
        far.as.roots.len = 1;
        far.as.roots.roots[0] = roots.as.roots.roots[1];
        far.as.roots.roots[0].bytes[0] ^= 1;
        far.as.roots.roots[0].epoch = mesh->epoch.number + (uint32_t)off[i];
        strangers_say(0, &far);
        CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 0);
        far.as.roots.roots[0].epoch = mesh->epoch.number;
        strangers_say(0, &far);
        CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 1);
    }
}

TEST(many_are_told_apart_by_digests_first)
{
    static uint8_t digests[CEPA_MESH_DIGESTS_SIZE];
    begin(MANY);
    struct cepa_mesh_item roots = own_roots();
    roots.as.roots.roots[0].bytes[0] ^= 1;
    strangers_say(0, &roots);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_DIGESTS), 1);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 0);
    for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS; i++) {
        struct cepa_index_digest digest;
        cepa_index_bucket_digest(table, &digest, i);
        memcpy(digests + i * sizeof digest.bytes, digest.bytes, sizeof digest.bytes);
    }
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_DIGESTS);
    item.as.objects.bytes = digests;
    item.as.objects.bytes_len = sizeof digests;
    item.as.objects.count = 1;
    strangers_say(0, &item);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 0);
    digests[7 * 16] ^= 1;
    strangers_say(0, &item);
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_LIST), 1);
    const struct cepa_mesh_item *answer = strangers_heard(0, CEPA_MESH_ITEM_LIST, 0, NULL);
    CHECK_INT(answer->as.list.first_bucket, 7);
    CHECK_INT(answer->as.list.last_bucket, 7);
}

/* Each entry of a list: what is asked for, and what is sent. */
TEST(a_list_is_answered_with_what_either_lacks)
{
    static const struct {
        int later;        /* than ours */
        bool is_other;    /* another commitment with the same sequence */
        bool is_conflict; /* and we know already that it contradicts another */
        size_t pulled;
        size_t sent;
    } cases[] = {{0, false, false, 0, 0},
                 {1, false, false, 1, 0},
                 {-1, false, false, 0, 1},
                 {0, true, false, 1, 0},
                 {0, true, true, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(1);
        struct cepa_index_entry *entry = &table->entries[0];
        entry->is_conflict = cases[i].is_conflict;
        list(0, entry->position, version(entry, cases[i].later) ^ (cases[i].is_other ? 1 : 0));
        say_list(CEPA_MESH_TABLE_INDEX, 0, 1);
        test_note("case %zu", i);
        CHECK_INT(pulled(), cases[i].pulled);
        CHECK_INT(sent(), cases[i].sent);
    }
    begin(FEW);
    list(0, 1, 0); /* a relay that is not known here */
    say_list(CEPA_MESH_TABLE_INDEX, 0, 1);
    CHECK_INT(pulled(), 1);
    CHECK_INT(sent(), FEW);
    say_list(CEPA_MESH_TABLE_INDEX, 0, 0);
    CHECK_INT(pulled(), 0);
    CHECK_INT(sent(), FEW);
}

/* Without credentials nobody can tell whose keys they are. */
TEST(keys_of_relays_without_credentials_are_not_asked_for)
{
    begin(2);
    struct cepa_index_entry *known = &table->entries[1];
    known->has_node = true;
    known->node = strangers_name(0);
    list(0, table->entries[0].position, UINT64_C(9) << 32);
    list(1, known->position, UINT64_C(9) << 32);
    list(2, 1, UINT64_C(9) << 32); /* of nobody */
    say_list(CEPA_MESH_TABLE_KEYS, mesh->epoch.number, 3);
    CHECK_INT(pulled(), 1);
}

/* Lists cost looks through the index: when the budget is spent, they are a misdeed. */
TEST(who_asks_too_often_is_not_answered)
{
    begin(FEW);
    struct cepa_mesh_peer *peer = peer_of(0);
    peer->budget.buckets[CEPA_MESH_COST_SCANS].tokens = 1;
    peer->budget.buckets[CEPA_MESH_COST_SCANS].filled_at = strangers_now();
    say_list(CEPA_MESH_TABLE_INDEX, 0, 0);
    CHECK_INT(sent(), FEW);
    CHECK_INT(peer->budget.score, 0);
    say_list(CEPA_MESH_TABLE_INDEX, 0, 0);
    CHECK_INT(sent(), 0);
    CHECK_INT(peer->budget.score, CEPA_MESH_MISDEED_BUDGET);
}

static void bond(size_t stranger)
{
    peer_of(stranger)->bond = CEPA_MESH_BOND_NEIGHBOUR;
}

TEST(news_go_to_six_neighbours_and_not_back)
{
    begin(2);
    for (size_t i = 0; i < RELAYS; i++) {
        bond(i);
    }
    bond(STRANGERS_CLIENT);
    cepa_gossip_news(mesh, table->entries[0].position, strangers_link(0));
    strangers_pass(100);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_RECORDS), 0); /* more may come */
    strangers_pass(200);
    size_t told = strangers_count(SIZE_MAX, CEPA_MESH_ITEM_RECORDS);
    CHECK(told == 5 || told == 6); /* one of six may be who said it */
    CHECK_INT(strangers_count(0, CEPA_MESH_ITEM_RECORDS), 0);
    CHECK_INT(strangers_count(STRANGERS_CLIENT, CEPA_MESH_ITEM_RECORDS), 0);
    strangers_pass(1000);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_RECORDS), 0); /* once */
}

TEST(news_that_do_not_fit_are_left_to_comparisons)
{
    begin(2);
    bond(1);
    for (size_t i = 0; i < CEPA_MESH_NEWS + 10; i++) {
        cepa_gossip_news(mesh, table->entries[i % 2].position, 0);
    }
    CHECK_INT(mesh->news_len, CEPA_MESH_NEWS);
    cepa_gossip_news_key(mesh, table->entries[0].position, 0);
    CHECK_INT(mesh->news_len, CEPA_MESH_NEWS);
    strangers_pass(300);
    CHECK_INT(mesh->news_len, 0);
    CHECK(strangers_count(1, CEPA_MESH_ITEM_RECORDS) > 0);
    mesh->config.limits.custody_relays = 2;
    cepa_gossip_news_key(mesh, table->entries[0].position, 0);
    CHECK_INT(mesh->news_len, 0); /* in a large network keys come with buckets */
}

/* What left the index while it waited is not spoken of. */
TEST(news_of_who_has_left_are_dropped)
{
    begin(1);
    bond(1);
    cepa_gossip_news(mesh, table->entries[0].position + 1, 0);
    strangers_pass(300);
    CHECK_INT(mesh->news_len, 0);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_RECORDS), 0);
}

TEST_MAIN(RUN(equal_tables_need_no_words), RUN(in_a_large_network_only_the_index_is_compared),
          RUN(keys_of_another_time_are_not_spoken_of), RUN(many_are_told_apart_by_digests_first),
          RUN(a_list_is_answered_with_what_either_lacks),
          RUN(keys_of_relays_without_credentials_are_not_asked_for),
          RUN(who_asks_too_often_is_not_answered), RUN(news_go_to_six_neighbours_and_not_back),
          RUN(news_that_do_not_fit_are_left_to_comparisons), RUN(news_of_who_has_left_are_dropped))
