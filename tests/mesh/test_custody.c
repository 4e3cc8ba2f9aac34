/* Which buckets there are, who is in them, and who keeps them. */
#include "mesh/custody.h"

#include <stdlib.h>
#include <string.h>

#include "support/mesh_relays.h"
#include "support/test.h"

enum { RELAYS = 700 };

static struct cepa_index index;
static struct cepa_mesh mesh;

static void make(uint32_t relays)
{
    static void *memory;
    struct cepa_index_limits limits = {1024, 512, {1000, 10, 1000}};
    struct cepa_record_rules rules = mesh_rules();
    size_t size = cepa_index_size(&limits);
    rules.work_bits = 0; /* made-up records did none */
    free(memory);
    memory = aligned_alloc(16, (size + 15) / 16 * 16);
    CHECK(memory != NULL);
    cepa_index_init(&index, memory, size, &limits, &rules, mesh_day(0), &mesh_siphash_key);
    for (uint32_t i = 0; i < relays; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        CHECK_INT(cepa_index_merge_verified(&index, &record), CEPA_INDEX_NEWS);
    }
    memset(&mesh, 0, sizeof mesh);
    cepa_mesh_limits_daemon(&mesh.config.limits);
    mesh.config.index = &index;
}

TEST(buckets_have_32_to_64_relays)
{
    static const struct {
        uint32_t relays;
        uint8_t bits;
    } cases[] = {{0, 0},   {63, 0},  {64, 1},    {127, 1},    {128, 2},    {256, 3},      {300, 3},
                 {511, 3}, {512, 4}, {30000, 9}, {65535, 10}, {65536, 11}, {1u << 30, 16}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(cepa_custody_bits(cases[i].relays, 32), cases[i].bits);
    }
    CHECK_INT(cepa_custody_bits(40, 4), 3);
    CHECK_INT(cepa_custody_bucket(0, UINT64_MAX), 0);
    CHECK_INT(cepa_custody_bucket(3, UINT64_MAX), 7);
    CHECK_INT(cepa_custody_bucket(9, UINT64_C(0x0080000000000000)), 1);
}

TEST(every_relay_is_in_one_bucket)
{
    make(RELAYS);
    for (uint8_t bits = 0; bits <= 12; bits++) {
        uint32_t count = 0;
        for (uint32_t number = 0; number < UINT32_C(1) << bits; number++) {
            const struct cepa_index_entry *entry = cepa_custody_next(&mesh, bits, number, NULL);
            for (; entry != NULL; entry = cepa_custody_next(&mesh, bits, number, entry)) {
                CHECK_INT(cepa_custody_bucket(bits, entry->position), number);
                count++;
            }
        }
        CHECK_INT(count, RELAYS);
    }
}

static uint64_t distance(uint64_t a, uint64_t b)
{
    return a - b < b - a ? a - b : b - a;
}

TEST(custodians_are_the_nearest_to_the_middle)
{
    make(RELAYS);
    for (uint8_t bits = 0; bits <= 10; bits += 2) {
        for (uint32_t number = 0; number < UINT32_C(1) << bits; number += 1 + number / 3) {
            const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS_MAX];
            uint64_t middle =
                (bits == 0 ? 0 : (uint64_t)number << (64 - bits)) + (UINT64_C(1) << (63 - bits));
            size_t len = cepa_custody_of(&mesh, custodians, bits, number);
            CHECK_INT(len, 8);
            uint64_t last = 0;
            for (size_t i = 0; i < len; i++) {
                CHECK(distance(custodians[i]->position, middle) >= last);
                last = distance(custodians[i]->position, middle);
            }
            uint32_t nearer = 0;
            for (uint32_t i = 0; i < RELAYS; i++) {
                nearer += distance(cepa_index_at(&index, i)->position, middle) <= last;
            }
            CHECK_INT(nearer, 8);
        }
    }
}

TEST(few_relays_are_all_custodians)
{
    const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS_MAX];
    make(5);
    CHECK_INT(cepa_custody_of(&mesh, custodians, 0, 0), 5);
    make(0);
    CHECK_INT(cepa_custody_of(&mesh, custodians, 3, 1), 0);
    CHECK(cepa_custody_has(&mesh, 0, 0));
    CHECK(cepa_custody_keeps(&mesh, 77));
}

/* Each bucket is kept by those whom the rule names, as they find out themselves. */
TEST(custodians_know_what_they_keep)
{
    make(RELAYS);
    mesh.config.is_relay = true;
    uint32_t kept = 0;
    uint8_t bits = cepa_custody_bits(RELAYS, 32);
    struct cepa_objects_limits limits = {8, 8};
    static struct cepa_objects objects;
    size_t size = cepa_objects_size(&limits);
    void *memory = aligned_alloc(16, (size + 15) / 16 * 16);
    CHECK(memory != NULL);
    cepa_objects_init(&objects, memory, size, &limits, &index, &mesh_siphash_key);
    mesh.config.objects = &objects;
    for (uint32_t i = 0; i < RELAYS; i++) {
        memcpy(mesh.config.public_key, cepa_index_at(&index, i)->record.public_key,
               sizeof mesh.config.public_key);
        mesh.custody_at = mesh.now;
        cepa_custody_step(&mesh);
        for (uint32_t number = 0; number < UINT32_C(1) << bits; number++) {
            kept += cepa_custody_has(&mesh, bits, number);
        }
        const struct cepa_index_entry *entry = cepa_index_at(&index, i);
        for (uint32_t k = 0; k < mesh.custody_len; k++) {
            if (mesh.custody[k].number ==
                cepa_custody_bucket(mesh.custody[k].bits, entry->position)) {
                CHECK(cepa_custody_keeps(&mesh, entry->position));
            }
        }
    }
    CHECK_INT(kept, 8u << bits);
    free(memory);
}

TEST_MAIN(RUN(buckets_have_32_to_64_relays), RUN(every_relay_is_in_one_bucket),
          RUN(custodians_are_the_nearest_to_the_middle), RUN(few_relays_are_all_custodians),
          RUN(custodians_know_what_they_keep))
