/* Positions differ by key, day and number; the nearest are those that a plain sort gives. */
#include <stdlib.h>
#include <string.h>

#include "rendezvous/positions.h"
#include "support/random.h"
#include "support/test.h"

enum { RELAYS = 200 };

static struct cepa_near_relay relays[RELAYS];
static uint64_t sort_place;

TEST(positions_differ)
{
    static const uint8_t keys[2][32] = {{1}, {2}};
    struct cepa_descriptor_position positions[8];
    size_t len = 0;
    for (uint32_t i = 0; i < 8; i++) {
        struct cepa_directory_day day = {20411 + (i >> 2)};
        cepa_descriptor_position_of(&positions[len++], keys[i & 1], day, (i >> 1) & 1);
    }
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < i; k++) {
            CHECK(memcmp(&positions[i], &positions[k], sizeof positions[i]) != 0);
        }
    }
    positions[0] = (struct cepa_descriptor_position){{0, 0, 0, 0, 0, 0, 1, 2, 3}};
    CHECK_INT(cepa_descriptor_position_start(&positions[0]), 0x102);
}

static uint64_t away(uint64_t position)
{
    int64_t way = (int64_t)(position - sort_place);
    return way == INT64_MIN ? UINT64_C(1) << 63 : (uint64_t)(way < 0 ? -way : way);
}

static int compare(const void *a, const void *b)
{
    const struct cepa_near_relay *left = a;
    const struct cepa_near_relay *right = b;
    uint64_t left_way = away(left->position);
    uint64_t right_way = away(right->position);
    if (left_way != right_way) {
        return left_way < right_way ? -1 : 1;
    }
    return memcmp(left->key.bytes, right->key.bytes, sizeof left->key.bytes);
}

static void offer(struct cepa_nearest *nearest, uint64_t place, size_t max)
{
    cepa_nearest_init(nearest, place, max);
    for (size_t i = 0; i < RELAYS; i++) {
        cepa_nearest_offer(nearest, relays[i].key.bytes, relays[i].position);
    }
}

TEST(the_nearest_are_found)
{
    struct test_random random = {7};
    struct cepa_nearest nearest;
    for (int round = 0; round < 50; round++) {
        test_random_bytes(&random, (uint8_t *)relays, sizeof relays);
        for (size_t i = 1; i < RELAYS; i += 2) {
            relays[i].position = relays[i - 1].position; /* as near as another */
        }
        sort_place = relays[0].position + (round % 2 == 0 ? 0 : UINT64_C(1) << 63);
        size_t max = 1 + (size_t)round % CEPA_DESCRIPTOR_NEAREST;
        offer(&nearest, sort_place, max);
        qsort(relays, RELAYS, sizeof relays[0], compare);
        CHECK_INT(nearest.relays_len, max);
        CHECK_BYTES(nearest.relays, relays, max * sizeof relays[0]);
        CHECK(cepa_nearest_has(&nearest, relays[max - 1].key.bytes));
        CHECK(!cepa_nearest_has(&nearest, relays[max].key.bytes));
    }
}

TEST(few_relays_are_all_near)
{
    static const uint8_t key[32] = {9};
    struct cepa_nearest nearest;
    cepa_nearest_init(&nearest, 0, CEPA_DESCRIPTOR_NEAREST);
    CHECK(!cepa_nearest_has(&nearest, key));
    cepa_nearest_offer(&nearest, key, UINT64_MAX / 2);
    CHECK_INT(nearest.relays_len, 1);
    CHECK(cepa_nearest_has(&nearest, key));
    cepa_nearest_init(&nearest, 0, 0);
    cepa_nearest_offer(&nearest, key, 0);
    CHECK_INT(nearest.relays_len, 0);
}

TEST_MAIN(RUN(positions_differ), RUN(the_nearest_are_found), RUN(few_relays_are_all_near))
