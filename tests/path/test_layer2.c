/* Second-layer guards: lives, places, persistence. */
#include "path/layer2.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

enum { RELAYS = 60 };
#define DAYS(n) ((n)*CEPA_PATH_DAY_MS)

static struct cepa_path_relay relays[RELAYS];
static struct cepa_path_relays view;
static struct cepa_layer2 layer2;
static struct cepa_wall wall;
static struct test_source source;
static struct cepa_random hook;

static void begin(uint64_t seed)
{
    memset(relays, 0, sizeof relays);
    for (size_t i = 0; i < RELAYS; i++) {
        relays[i].key.bytes[0] = (uint8_t)(i + 1);
        relays[i].prefix = (struct cepa_prefix){CEPA_FAMILY_IPV4, {3, (uint8_t)(i / 2), 0, 0}};
        relays[i].flags = i % 4 == 3 ? CEPA_PATH_RELAY_INTRODUCED : 0;
    }
    view = (struct cepa_path_relays){relays, RELAYS};
    wall.unix_ms = DAYS(20000);
    hook = test_source_init(&source, seed);
    cepa_layer2_init(&layer2);
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
}

TEST(a_life_is_the_later_of_two)
{
    CHECK_INT(cepa_layer2_life_ms(0, 0), DAYS(1));
    CHECK_INT(cepa_layer2_life_ms(UINT64_MAX, 0), DAYS(12));
    CHECK_INT(cepa_layer2_life_ms(0, UINT64_MAX), DAYS(12));
    CHECK_INT(cepa_layer2_life_ms(UINT64_C(1) << 63, 5), DAYS(13) / 2);
}

static void refuse_all(uint32_t times)
{
    for (size_t i = 0; i < layer2.entries_len * times; i++) {
        cepa_layer2_on_refused(&layer2, &layer2.entries[i % layer2.entries_len].key);
    }
}

TEST(when_all_are_dead_one_is_replaced)
{
    begin(77);
    struct cepa_ed25519_public_key first = layer2.entries[0].key;
    struct cepa_ed25519_public_key third = layer2.entries[2].key;
    const struct cepa_ed25519_public_key stranger = {{200}};
    CHECK(cepa_layer2_take_changed(&layer2));
    refuse_all(CEPA_LAYER2_REFUSED - 1);
    for (size_t i = 0; i < 100; i++) { /* what others can bring about */
        cepa_layer2_on_failed(&layer2, &layer2.entries[i % CEPA_LAYER2_MAX].key);
    }
    cepa_layer2_on_refused(&layer2, &stranger);
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, true)); /* not yet */
    refuse_all(1);
    cepa_layer2_on_built(&layer2, &first);
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, true)); /* one lives */
    refuse_all(CEPA_LAYER2_REFUSED);
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, false)); /* nobody is reached at all */
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, true));
    refuse_all(CEPA_LAYER2_REFUSED);
    cepa_layer2_on_refused(&layer2, &third);
    CHECK(cepa_layer2_drop_dead(&layer2, wall, true));
    CHECK_INT(layer2.entries_len, CEPA_LAYER2_MAX - 1);
    CHECK(cepa_layer2_take_changed(&layer2));
    for (size_t i = 0; i < layer2.entries_len; i++) {
        CHECK(!cepa_path_relay_is(&layer2.entries[i].key, &third));
    }
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    CHECK_INT(layer2.entries_len, CEPA_LAYER2_MAX);
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, true)); /* the new one has its chance */
}

TEST(few_are_replaced_in_a_day)
{
    begin(78);
    uint32_t dropped = 0;
    for (uint32_t i = 0; i < 20; i++) {
        refuse_all(CEPA_LAYER2_REFUSED);
        dropped += cepa_layer2_drop_dead(&layer2, wall, true);
        CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    }
    CHECK_INT(dropped, CEPA_LAYER2_REPLACED_MAX);
    wall.unix_ms += DAYS(1);
    refuse_all(CEPA_LAYER2_REFUSED);
    CHECK(cepa_layer2_drop_dead(&layer2, wall, true));
}

TEST(none_at_all_is_not_dead)
{
    cepa_layer2_init(&layer2);
    CHECK(!cepa_layer2_drop_dead(&layer2, wall, true));
}

/* The mean of the later of two uniforms from 1 to 12 is 1 + 11 * 2 / 3 days. */
TEST(lives_have_the_right_mean)
{
    struct test_random random = {5};
    double total = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t first = test_random_u64(&random);
        uint64_t life_ms = cepa_layer2_life_ms(first, test_random_u64(&random));
        CHECK(life_ms >= DAYS(1) && life_ms <= DAYS(12));
        total += (double)life_ms / (double)DAYS(1);
    }
    CHECK(total / 100000 > 8.29 && total / 100000 < 8.38);
}

TEST(four_direct_ones_apart)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        begin(seed);
        CHECK_INT(layer2.entries_len, CEPA_LAYER2_MAX);
        CHECK(cepa_layer2_take_changed(&layer2));
        CHECK(!cepa_layer2_take_changed(&layer2));
        for (size_t i = 0; i < CEPA_LAYER2_MAX; i++) {
            size_t at = layer2.entries[i].key.bytes[0] - 1u;
            CHECK((relays[at].flags & CEPA_PATH_RELAY_INTRODUCED) == 0);
            for (size_t j = 0; j < i; j++) {
                CHECK(at / 2 != (layer2.entries[j].key.bytes[0] - 1u) / 2);
            }
        }
    }
}

TEST(they_change_within_twelve_days_and_not_within_one)
{
    begin(3);
    const struct cepa_layer2 before = layer2;
    wall = cepa_wall_add(wall, DAYS(1) - 1);
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    for (size_t i = 0; i < CEPA_LAYER2_MAX; i++) {
        CHECK(layer2.entries[i].ends_ms == before.entries[i].ends_ms);
    }
    wall = cepa_wall_add(wall, DAYS(12));
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    CHECK_INT(layer2.entries_len, CEPA_LAYER2_MAX);
    for (size_t i = 0; i < CEPA_LAYER2_MAX; i++) {
        for (size_t j = 0; j < CEPA_LAYER2_MAX; j++) {
            CHECK(layer2.entries[i].ends_ms != before.entries[j].ends_ms);
        }
    }
}

TEST(who_left_the_index_is_dropped_after_a_day)
{
    begin(4);
    const struct cepa_ed25519_public_key first = layer2.entries[0].key;
    relays[first.bytes[0] - 1].key.bytes[1] = 1;
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    CHECK(cepa_path_relay_is(&layer2.entries[0].key, &first));
    wall = cepa_wall_add(wall, DAYS(1) + 1);
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), 0);
    for (size_t i = 0; i < layer2.entries_len; i++) {
        CHECK(!cepa_path_relay_is(&layer2.entries[i].key, &first));
    }
}

TEST(they_are_kept_over_restarts)
{
    uint8_t bytes[CEPA_LAYER2_SIZE_MAX + 1] = {0};
    uint8_t again[CEPA_LAYER2_SIZE_MAX];
    struct cepa_layer2 back;
    size_t len;
    size_t again_len;
    begin(5);
    cepa_layer2_encode(bytes, &len, &layer2);
    CHECK_INT(len, CEPA_LAYER2_SIZE_MAX);
    CHECK_INT(cepa_layer2_decode(&back, bytes, len), 0);
    cepa_layer2_encode(again, &again_len, &back);
    CHECK_INT(again_len, len);
    CHECK_BYTES(again, bytes, len);
    for (size_t i = 0; i < len; i++) {
        CHECK_INT(cepa_layer2_decode(&back, bytes, i), CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_layer2_decode(&back, bytes, len + 1), CEPA_ERR_LENGTH);
    bytes[0] = 2;
    CHECK_INT(cepa_layer2_decode(&back, bytes, len), CEPA_ERR_VERSION);
    bytes[0] = 1;
    bytes[1] = 5;
    CHECK_INT(cepa_layer2_decode(&back, bytes, len), CEPA_ERR_MALFORMED);
    bytes[1] = 4;
    bytes[18 + 32] = 1; /* a life without end */
    CHECK_INT(cepa_layer2_decode(&back, bytes, len), CEPA_ERR_MALFORMED);
}

TEST(draws_that_fail_leave_fewer)
{
    begin(6);
    cepa_layer2_init(&layer2);
    source.draws = 0;
    source.fail_at = 1;
    CHECK_INT(cepa_layer2_update(&layer2, &view, NULL, wall, &hook), CEPA_ERR_RANDOM);
    CHECK_INT(layer2.entries_len, 0);
}

TEST_MAIN(RUN(when_all_are_dead_one_is_replaced), RUN(few_are_replaced_in_a_day),
          RUN(none_at_all_is_not_dead), RUN(a_life_is_the_later_of_two),
          RUN(lives_have_the_right_mean), RUN(four_direct_ones_apart),
          RUN(they_change_within_twelve_days_and_not_within_one),
          RUN(who_left_the_index_is_dropped_after_a_day), RUN(they_are_kept_over_restarts),
          RUN(draws_that_fail_leave_fewer))
