/* Guards: sampling, order, failures, clocks, persistence. */
#include "path/guards.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

enum { RELAYS = 100 };
#define DAYS(n) ((n)*CEPA_PATH_DAY_MS)

static struct cepa_path_relay relays[RELAYS];
static struct cepa_path_relays view;
static struct cepa_guards guards;
static struct cepa_wall wall;
static struct test_source source;
static struct cepa_random hook;

static void update(void)
{
    CHECK_INT(cepa_guards_update(&guards, &view, NULL, wall, &hook), 0);
}

static void begin(size_t relays_len, uint64_t seed)
{
    memset(relays, 0, sizeof relays);
    for (size_t i = 0; i < RELAYS; i++) {
        relays[i].key.bytes[0] = (uint8_t)(i + 1);
        relays[i].prefix = (struct cepa_prefix){CEPA_FAMILY_IPV4, {3, (uint8_t)i, 0, 0}};
        relays[i].flags = CEPA_PATH_RELAY_GUARD;
    }
    view = (struct cepa_path_relays){relays, relays_len};
    wall.unix_ms = DAYS(20000);
    hook = test_source_init(&source, seed);
    cepa_guards_init(&guards);
    cepa_guards_on_online(&guards, true, wall);
    update();
}

/* Lets time pass as it does: minute by minute would be slow, day by day does. */
static void pass_days(unsigned days)
{
    for (unsigned i = 0; i < days; i++) {
        wall = cepa_wall_add(wall, DAYS(1));
        update();
    }
}

/* The places of the wanted guards as a number: 0x12 are places 1 and 2 (counted from 1). */
static unsigned wanted(void)
{
    struct cepa_ed25519_public_key keys[CEPA_GUARDS_MAX];
    unsigned places = 0;
    size_t len = cepa_guards_wanted(&guards, keys, wall);
    for (size_t i = 0; i < len; i++) {
        for (unsigned j = 0; j < guards.entries_len; j++) {
            if (cepa_path_relay_is(&keys[i], &guards.entries[j].key)) {
                places = places * 16 + j + 1;
            }
        }
    }
    return places;
}

static unsigned in_use(void)
{
    const struct cepa_guard *used[CEPA_GUARDS_IN_USE];
    unsigned places = 0;
    size_t len = cepa_guards_in_use(&guards, used);
    for (size_t i = 0; i < len; i++) {
        places = places * 16 + (unsigned)(used[i] - guards.entries) + 1;
    }
    return places;
}

static void reach(size_t place)
{
    cepa_guards_on_reached(&guards, &guards.entries[place - 1].key, wall);
}

static void fail(size_t place)
{
    cepa_guards_on_failed(&guards, &guards.entries[place - 1].key, wall);
}

TEST(twenty_are_sampled_and_stay)
{
    begin(RELAYS, 1);
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX);
    CHECK(cepa_guards_take_changed(&guards));
    const struct cepa_guards before = guards;
    pass_days(59);
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX);
    for (size_t i = 0; i < CEPA_GUARDS_MAX; i++) {
        CHECK(cepa_path_relay_is(&guards.entries[i].key, &before.entries[i].key));
    }
    CHECK(!cepa_guards_take_changed(&guards));
}

TEST(lives_end_between_60_and_120_days)
{
    begin(RELAYS, 2);
    uint64_t start = guards.clock.counted_ms;
    for (size_t i = 0; i < CEPA_GUARDS_MAX; i++) {
        CHECK(guards.entries[i].ends_ms - start >= DAYS(60));
        CHECK(guards.entries[i].ends_ms - start <= DAYS(120));
    }
    const struct cepa_guards before = guards;
    pass_days(121);
    for (size_t i = 0; i < guards.entries_len; i++) {
        for (size_t j = 0; j < CEPA_GUARDS_MAX; j++) {
            CHECK(guards.entries[i].ends_ms != before.entries[j].ends_ms);
        }
    }
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX); /* others took their places */
}

TEST(only_capable_direct_relays_with_prefixes_of_their_own)
{
    begin(0, 3);
    view.len = RELAYS;
    for (size_t i = 0; i < RELAYS; i++) {
        relays[i].flags = i % 3 == 0 ? 0 : CEPA_PATH_RELAY_GUARD;
        relays[i].flags |= i % 3 == 1 ? CEPA_PATH_RELAY_INTRODUCED : 0;
        relays[i].prefix.bytes[1] = (uint8_t)(i / 30);
    }
    update();
    CHECK_INT(guards.entries_len, 4);
    for (size_t i = 0; i < guards.entries_len; i++) {
        CHECK_INT((guards.entries[i].key.bytes[0] - 1) % 3, 2);
    }
}

/* However relays come and go, no more than 20 are sampled in 60 days. */
TEST(churn_costs_at_most_twenty_in_sixty_days)
{
    begin(RELAYS, 4);
    unsigned sampled = CEPA_GUARDS_MAX;
    for (unsigned day = 1; day <= 240; day++) {
        view.items = relays + (day * 7) % 60;
        view.len = 20;
        struct cepa_guards before = guards;
        pass_days(1);
        for (size_t i = 0; i < guards.entries_len; i++) {
            bool is_new = true;
            for (size_t j = 0; j < before.entries_len; j++) {
                is_new = is_new && guards.entries[i].ends_ms != before.entries[j].ends_ms;
            }
            sampled += is_new;
        }
        CHECK(sampled <= CEPA_GUARDS_MAX * (1 + day / 60));
    }
    CHECK(sampled > CEPA_GUARDS_MAX);
}

TEST(vanished_relays_are_skipped_come_back_or_are_dropped)
{
    begin(RELAYS, 5);
    const struct cepa_ed25519_public_key first = guards.entries[0].key;
    struct cepa_path_relay *relay = &relays[first.bytes[0] - 1];
    CHECK_INT(wanted(), 0x12);
    relay->key.bytes[1] = 1; /* another relay stands there */
    pass_days(1);
    CHECK_INT(wanted(), 0x23);
    relay->key.bytes[1] = 0;
    pass_days(1);
    CHECK_INT(wanted(), 0x12);
    relay->key.bytes[1] = 1;
    pass_days(22);
    CHECK(!cepa_path_relay_is(&guards.entries[0].key, &first));
    view.len = 0; /* an index that has not been read says nothing */
    pass_days(30);
    CHECK_INT(guards.entries_len, 19);
}

TEST(first_two_are_used_and_return)
{
    begin(RELAYS, 6);
    CHECK_INT(wanted(), 0x12);
    reach(1);
    reach(2);
    CHECK_INT(in_use(), 0x12);
    fail(1); /* lost: dialled again before it counts */
    CHECK_INT(wanted(), 0x12);
    CHECK_INT(in_use(), 0x2);
    fail(1);
    CHECK_INT(wanted(), 0x23);
    reach(3);
    CHECK_INT(in_use(), 0x23);
    wall = cepa_wall_add(wall, CEPA_GUARDS_RETRY_MIN_MS);
    CHECK_INT(wanted(), 0x123); /* its time to be tried again */
    fail(1);
    CHECK_INT(wanted(), 0x23);
    wall = cepa_wall_add(wall, CEPA_GUARDS_RETRY_MIN_MS);
    CHECK_INT(wanted(), 0x23); /* twice as long this time */
    wall = cepa_wall_add(wall, CEPA_GUARDS_RETRY_MIN_MS);
    CHECK_INT(wanted(), 0x123);
    reach(1);
    CHECK_INT(in_use(), 0x12);
    CHECK_INT(wanted(), 0x12);
}

TEST(waits_grow_to_an_hour)
{
    begin(RELAYS, 7);
    for (int i = 0; i < 300; i++) {
        fail(1);
    }
    wall = cepa_wall_add(wall, CEPA_GUARDS_RETRY_MAX_MS - 1);
    CHECK_INT(wanted(), 0x23);
    wall = cepa_wall_add(wall, 1);
    CHECK_INT(wanted(), 0x123);
}

TEST(a_network_that_is_down_burns_nothing)
{
    begin(RELAYS, 8);
    reach(1);
    reach(2);
    /* All fail at once, and only then it shows that there is no network at all. */
    for (size_t i = 1; i <= CEPA_GUARDS_MAX; i++) {
        fail(i);
        fail(i);
    }
    cepa_guards_on_online(&guards, false, wall);
    CHECK_INT(wanted(), 0x12);
    for (int i = 0; i < 50; i++) {
        fail(1);
        fail(2);
        CHECK_INT(wanted(), 0); /* not at once again */
        wall = cepa_wall_add(wall, CEPA_GUARDS_RETRY_MIN_MS);
        CHECK_INT(wanted(), 0x12);
    }
    fail(1);
    cepa_guards_on_online(&guards, true, wall);
    CHECK_INT(wanted(), 0x12);
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX);
    CHECK_INT(guards.sampled_len, CEPA_GUARDS_MAX);
}

TEST(clock_jumps_cost_little)
{
    begin(RELAYS, 9);
    const struct cepa_guards before = guards;
    wall.unix_ms = 0;
    update();
    wall.unix_ms = DAYS(20001);
    update(); /* a clock that was at zero for a while: thirty days at the most */
    CHECK(guards.clock.counted_ms - before.clock.counted_ms <= DAYS(30));
    wall.unix_ms = DAYS(40000);
    update();
    CHECK(guards.clock.counted_ms - before.clock.counted_ms <= DAYS(60));
    wall.unix_ms = DAYS(20001);
    for (int i = 0; i < 10; i++) {
        update();
    }
    CHECK(guards.clock.counted_ms - before.clock.counted_ms <= DAYS(60));
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX);
    CHECK(cepa_path_relay_is(&guards.entries[0].key, &before.entries[0].key));
}

TEST(they_are_kept_over_restarts)
{
    uint8_t bytes[CEPA_GUARDS_SIZE_MAX];
    uint8_t again[CEPA_GUARDS_SIZE_MAX];
    struct cepa_guards back;
    size_t len;
    size_t again_len;
    begin(RELAYS, 10);
    reach(3);
    relays[guards.entries[4].key.bytes[0] - 1].flags = 0;
    pass_days(3);
    cepa_guards_encode(bytes, &len, &guards);
    CHECK_INT(len, CEPA_GUARDS_SIZE_MAX);
    CHECK_INT(cepa_guards_decode(&back, bytes, len), 0);
    CHECK(back.entries[2].is_confirmed && !back.entries[3].is_confirmed);
    CHECK(back.entries[4].unlisted_ms == guards.entries[4].unlisted_ms);
    cepa_guards_encode(again, &again_len, &back);
    CHECK_INT(again_len, len);
    CHECK_BYTES(again, bytes, len);
    guards = back;
    pass_days(1);
    CHECK_INT(wanted(), 0x12);
}

TEST(bad_bytes_are_refused)
{
    uint8_t bytes[CEPA_GUARDS_SIZE_MAX + 1] = {0};
    struct cepa_guards back;
    size_t len;
    begin(RELAYS, 11);
    cepa_guards_encode(bytes, &len, &guards);
    CHECK_INT(cepa_guards_decode(&back, bytes, 0), CEPA_ERR_LENGTH);
    for (size_t i = 1; i < len; i++) {
        CHECK_INT(cepa_guards_decode(&back, bytes, i), CEPA_ERR_LENGTH);
    }
    CHECK_INT(cepa_guards_decode(&back, bytes, len + 1), CEPA_ERR_LENGTH);
    static const struct {
        size_t offset;
        uint8_t value;
        int error;
    } cases[] = {
        {0, 2, CEPA_ERR_VERSION},         {1, 21, CEPA_ERR_MALFORMED},
        {2, 21, CEPA_ERR_MALFORMED},      {3, 1, CEPA_ERR_MALFORMED},
        {12, 255, CEPA_ERR_MALFORMED},    {20 + 32, 5, CEPA_ERR_MALFORMED},
        {20 + 37, 2, CEPA_ERR_MALFORMED}, {20 + 38, 1, CEPA_ERR_MALFORMED},
        {20 + 40, 1, CEPA_ERR_MALFORMED}, {20 + 48, 1, CEPA_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t saved = bytes[cases[i].offset];
        bytes[cases[i].offset] = cases[i].value;
        CHECK_INT(cepa_guards_decode(&back, bytes, len), cases[i].error);
        bytes[cases[i].offset] = saved;
    }
    memcpy(bytes + 20 + CEPA_GUARD_ENTRY_SIZE, bytes + 20, 32);
    CHECK_INT(cepa_guards_decode(&back, bytes, len), CEPA_ERR_MALFORMED); /* one twice */
}

TEST(a_draw_that_fails_leaves_the_rest)
{
    begin(0, 12);
    view.len = RELAYS;
    source.draws = 0;
    source.fail_at = 5;
    CHECK_INT(cepa_guards_update(&guards, &view, NULL, wall, &hook), CEPA_ERR_RANDOM);
    CHECK(guards.entries_len < 3);
    update();
    CHECK_INT(guards.entries_len, CEPA_GUARDS_MAX);
}

TEST_MAIN(RUN(twenty_are_sampled_and_stay), RUN(lives_end_between_60_and_120_days),
          RUN(only_capable_direct_relays_with_prefixes_of_their_own),
          RUN(churn_costs_at_most_twenty_in_sixty_days),
          RUN(vanished_relays_are_skipped_come_back_or_are_dropped),
          RUN(first_two_are_used_and_return), RUN(waits_grow_to_an_hour),
          RUN(a_network_that_is_down_burns_nothing), RUN(clock_jumps_cost_little),
          RUN(they_are_kept_over_restarts), RUN(bad_bytes_are_refused),
          RUN(a_draw_that_fails_leaves_the_rest))
