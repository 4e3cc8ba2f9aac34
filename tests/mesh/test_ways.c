/* Way records are kept when they are signed, listed and later than what is here. */
#include "mesh/ways.h"

#include <stdlib.h>
#include <string.h>

#include "support/mesh_relays.h"
#include "support/test.h"

enum { CAPACITY = 6 };

static struct cepa_index index;
static struct cepa_ways ways;
static struct mesh_relay *relays;

static void make(void)
{
    static void *memory[2];
    struct cepa_index_limits limits = {1024, 512, {1000, 10, 1000}};
    struct cepa_record_rules rules = mesh_rules();
    size_t sizes[2] = {cepa_index_size(&limits), cepa_ways_size(CAPACITY)};
    for (size_t i = 0; i < 2; i++) {
        free(memory[i]);
        memory[i] = aligned_alloc(16, (sizes[i] + 15) / 16 * 16);
        CHECK(memory[i] != NULL);
    }
    cepa_index_init(&index, memory[0], sizes[0], &limits, &rules, mesh_day(0), &mesh_siphash_key);
    cepa_ways_init(&ways, memory[1], sizes[1], CAPACITY, &index, &mesh_siphash_key);
    relays = mesh_relays();
}

static void merge(const struct mesh_relay *relay)
{
    CHECK(cepa_index_merge_verified(&index, &relay->record) > 0);
}

static void way_of(uint8_t ret_bytes[CEPA_WAY_RECORD_SIZE], const struct mesh_relay *relay,
                   uint32_t sequence)
{
    struct cepa_descriptor fields = relay->fields;
    fields.sequence = sequence;
    fields.node = relay->identity.node;
    CHECK_INT(cepa_way_record_make(ret_bytes, &fields, &relay->identity.signing_key), 0);
}

static int put(const struct mesh_relay *relay, uint32_t sequence)
{
    uint8_t bytes[CEPA_WAY_RECORD_SIZE];
    way_of(bytes, relay, sequence);
    return cepa_ways_put(&ways, bytes, sizeof bytes);
}

TEST(later_ones_take_the_place_of_earlier_ones)
{
    struct cepa_way_record found;
    make();
    CHECK_INT(put(&relays[0], 5), CEPA_ERR_NOT_FOUND);
    merge(&relays[0]);
    const struct cepa_index_entry *entry = cepa_index_find(&index, relays[0].record.public_key);
    uint32_t sequence = entry->record.sequence;
    CHECK(!cepa_ways_is_current(&ways, entry));
    CHECK_INT(put(&relays[0], sequence), 0);
    CHECK(cepa_ways_is_current(&ways, entry));
    CHECK_INT(put(&relays[0], sequence), 1);
    CHECK_INT(put(&relays[0], sequence + 1), 0);
    CHECK_INT(put(&relays[0], sequence), 1);
    CHECK_INT(ways.count, 1);
    CHECK_INT(cepa_ways_find_node(&ways, &found, &relays[0].identity.node), 0);
    CHECK_INT(found.sequence, sequence + 1);
    CHECK_INT(found.address.reach.port, 443);
    CHECK_INT(cepa_ways_find_node(&ways, &found, &relays[1].identity.node), CEPA_ERR_NOT_FOUND);
    CHECK(cepa_ways_find(&ways, relays[1].record.public_key) == NULL);
}

TEST(forged_ones_are_refused)
{
    uint8_t bytes[CEPA_WAY_RECORD_SIZE];
    make();
    merge(&relays[0]);
    for (size_t at = CEPA_WAY_NODE_OFFSET; at < CEPA_WAY_RECORD_SIZE; at += 5) {
        way_of(bytes, &relays[0], 9);
        bytes[at] ^= 1;
        CHECK(cepa_ways_put(&ways, bytes, sizeof bytes) < 0);
    }
    CHECK_INT(ways.count, 0);
}

/* A relay that signs another one's node id does not take it over. */
TEST(a_node_id_belongs_to_the_first_or_to_whom_credentials_name)
{
    uint8_t bytes[CEPA_WAY_RECORD_SIZE];
    struct cepa_way_record found;
    make();
    merge(&relays[0]);
    merge(&relays[1]);
    struct cepa_descriptor fields = relays[1].fields;
    fields.node = relays[0].identity.node;
    CHECK_INT(cepa_way_record_make(bytes, &fields, &relays[1].identity.signing_key), 0);
    CHECK_INT(cepa_ways_put(&ways, bytes, sizeof bytes), 0);
    CHECK_INT(put(&relays[0], 5), 0);
    CHECK_INT(cepa_ways_find_node(&ways, &found, &relays[0].identity.node), 0);
    CHECK_BYTES(found.public_key, relays[1].record.public_key, 32);
    cepa_index_set_node(&index, relays[0].record.public_key, &relays[0].identity.node);
    CHECK_INT(put(&relays[0], 6), 0);
    CHECK_INT(cepa_ways_find_node(&ways, &found, &relays[0].identity.node), 0);
    CHECK_BYTES(found.public_key, relays[0].record.public_key, 32);
}

TEST(those_that_left_the_index_make_room)
{
    make();
    for (size_t i = 0; i < MESH_RELAYS_MAX; i++) {
        merge(&relays[i]);
    }
    for (size_t i = 0; i < CAPACITY; i++) {
        CHECK_INT(put(&relays[i], 5), 0);
    }
    CHECK_INT(put(&relays[CAPACITY], 5), CEPA_ERR_FULL);
    cepa_ways_step(&ways);
    CHECK_INT(ways.count, CAPACITY);
    cepa_index_begin_day(&index, mesh_day(5));
    CHECK_INT(cepa_index_count(&index), 0);
    cepa_ways_step(&ways);
    CHECK_INT(ways.count, 0);
    for (size_t i = 0; i < CAPACITY; i++) {
        CHECK(cepa_ways_find(&ways, relays[i].record.public_key) == NULL);
    }
}

TEST(who_cannot_be_reached_has_no_way)
{
    uint8_t bytes[CEPA_WAY_RECORD_SIZE];
    struct cepa_way_record record;
    make();
    struct cepa_descriptor fields = relays[0].fields;
    fields.reaches_len = 0;
    fields.introducers_len = 0;
    CHECK_INT(cepa_way_record_make(bytes, &fields, &relays[0].identity.signing_key),
              CEPA_ERR_NOT_FOUND);
    fields.introducers_len = 2;
    fields.introducers[0] = relays[1].identity.node;
    fields.introducers[1] = relays[2].identity.node;
    CHECK_INT(cepa_way_record_make(bytes, &fields, &relays[0].identity.signing_key), 0);
    CHECK_INT(cepa_way_record_decode(&record, bytes, sizeof bytes), 0);
    CHECK_INT(record.introducers_len, 2);
}

TEST_MAIN(RUN(later_ones_take_the_place_of_earlier_ones), RUN(forged_ones_are_refused),
          RUN(a_node_id_belongs_to_the_first_or_to_whom_credentials_name),
          RUN(those_that_left_the_index_make_room), RUN(who_cannot_be_reached_has_no_way))
