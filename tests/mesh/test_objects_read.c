/* What is missing, and whole buckets. */
#include <stdlib.h>
#include <string.h>

#include "mesh/objects.h"
#include "support/mesh_relays.h"
#include "support/test.h"

static struct cepa_index index;
static struct cepa_objects objects;
static struct mesh_relay *relays;
static const struct cepa_onion_epoch epoch = {MESH_TODAY * 24 + 5};

/* A store that knows all relays and has the objects of the first `count`. */
static void make(size_t count)
{
    static void *memory[2];
    struct cepa_index_limits index_limits = {1024, 512, {1000, 10, 1000}};
    struct cepa_objects_limits limits = {16, 16};
    struct cepa_record_rules rules = mesh_rules();
    size_t sizes[2] = {cepa_index_size(&index_limits), cepa_objects_size(&limits)};
    for (size_t i = 0; i < 2; i++) {
        free(memory[i]);
        memory[i] = aligned_alloc(16, (sizes[i] + 15) / 16 * 16);
        CHECK(memory[i] != NULL);
    }
    cepa_index_init(&index, memory[0], sizes[0], &index_limits, &rules, mesh_day(0),
                    &mesh_siphash_key);
    cepa_objects_init(&objects, memory[1], sizes[1], &limits, &index, &mesh_siphash_key);
    cepa_objects_begin_epoch(&objects, epoch);
    relays = mesh_relays();
    for (size_t i = 0; i < MESH_RELAYS_MAX; i++) {
        CHECK(cepa_index_merge(&index, relays[i].record_bytes, CEPA_INDEX_RECORD_SIZE) > 0);
    }
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[CEPA_KEY_RECORD_SIZE];
        CHECK_INT(cepa_objects_put_credentials(&objects, relays[i].credentials,
                                               relays[i].credentials_len, &mesh_workspace, 0),
                  0);
        mesh_key_record(&relays[i], bytes, epoch.number, 5);
        if (i % 2 == 0) {
            CHECK_INT(cepa_objects_put_key_record(&objects, bytes, sizeof bytes), 0);
        }
    }
}

TEST(what_is_missing_is_named)
{
    uint32_t cursor = 0;
    unsigned missing = 0;
    const struct cepa_index_entry *entry = NULL;
    make(5);
    while ((entry = cepa_objects_next_missing(&objects, &cursor)) != NULL) {
        CHECK(!entry->has_node);
        missing++;
    }
    CHECK_INT(missing, 3);
    cursor = 0;
    missing = 0;
    while ((entry = cepa_objects_next_missing_key(&objects, &cursor, epoch)) != NULL) {
        CHECK(cepa_objects_onion_key(&objects, &entry->node, epoch) == NULL);
        missing++;
    }
    CHECK_INT(missing, 2);
    CHECK(cepa_objects_onion_key(&objects, &relays[0].identity.node, epoch) != NULL);
}

TEST(a_path_needs_credentials_and_a_key)
{
    const struct cepa_onion_epoch other = {epoch.number + 1};
    make(5);
    const struct cepa_node_id *id = &relays[0].identity.node;
    uint32_t slot = 0;
    while (!cepa_objects_is_of(&objects, slot, relays[0].identity.signing_key.public_key.bytes)) {
        slot++;
    }
    CHECK(cepa_objects_hop_key(&objects, id, epoch) != NULL);
    CHECK(cepa_objects_hop_key(&objects, id, other) == NULL);
    cepa_objects_drop(&objects, slot);
    CHECK(cepa_objects_onion_key(&objects, id, epoch) != NULL);
    CHECK(cepa_objects_hop_key(&objects, id, epoch) == NULL);
}

/* Reads a whole bucket in chunks and counts; whatever comes can be put into another store. */
static unsigned read_bucket(const struct cepa_bucket *bucket, size_t *ret_chunks)
{
    static uint8_t chunk[16384];
    uint64_t after = 0;
    unsigned count = 0;
    *ret_chunks = 0;
    while (after != UINT64_MAX) {
        size_t len = cepa_objects_bucket(&objects, chunk, sizeof chunk, bucket, &after);
        struct cepa_reader reader;
        const uint8_t *item = NULL;
        size_t item_len = 0;
        cepa_reader_init(&reader, chunk, len);
        while (cepa_objects_bucket_item(&item, &item_len, &reader)) {
            CHECK(bucket->kind == CEPA_BUCKET_KEY_RECORDS ? item_len == CEPA_KEY_RECORD_SIZE
                                                          : item_len > CEPA_CERTIFICATE_SIZE);
            count++;
        }
        CHECK_INT(cepa_reader_end(&reader), 0);
        *ret_chunks += 1;
    }
    return count;
}

TEST(buckets_are_whole)
{
    make(7);
    for (uint8_t bits = 0; bits <= 12; bits += 4) {
        unsigned counts[2] = {0, 0};
        for (uint32_t number = 0; number < UINT32_C(1) << bits; number++) {
            struct cepa_bucket bucket = {CEPA_BUCKET_CREDENTIALS, bits, number, epoch};
            size_t chunks = 0;
            counts[0] += read_bucket(&bucket, &chunks);
            CHECK(bits != 0 || chunks >= 7);
            bucket.kind = CEPA_BUCKET_KEY_RECORDS;
            counts[1] += read_bucket(&bucket, &chunks);
            CHECK_INT(chunks, 1);
        }
        CHECK_INT(counts[0], 7);
        CHECK_INT(counts[1], 4);
    }
}

TEST(damaged_buckets_end)
{
    static const uint8_t chunks[][4] = {{0, 0, 1, 1}, {0, 3, 1, 1}, {0xff, 0xff, 0, 0}};
    for (size_t i = 0; i < 3; i++) {
        struct cepa_reader reader;
        const uint8_t *item = NULL;
        size_t len = 0;
        cepa_reader_init(&reader, chunks[i], 4);
        CHECK(!cepa_objects_bucket_item(&item, &len, &reader));
        CHECK_INT(cepa_reader_end(&reader), CEPA_ERR_LENGTH);
    }
}

TEST_MAIN(RUN(a_path_needs_credentials_and_a_key), RUN(what_is_missing_is_named),
          RUN(buckets_are_whole), RUN(damaged_buckets_end))
