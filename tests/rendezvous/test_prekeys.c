/* Prekeys take turns, serve for two days more, and are gone then. */
#include <string.h>

#include "rendezvous/prekeys.h"
#include "support/random.h"
#include "support/test.h"

#define DAY_MS CEPA_CALENDAR_MAIN_DAY_MS

static struct cepa_prekeys prekeys;
static struct cepa_prekeys_workspace workspace;
static struct test_random numbers;
static struct cepa_wall wall;
static int randomness;

static int draw(void *context, uint8_t *ret_bytes, size_t len)
{
    test_random_bytes(context, ret_bytes, len);
    return randomness;
}

static int step(uint64_t passed_ms)
{
    struct cepa_random random = {draw, &numbers};
    struct cepa_calendar calendar = cepa_calendar_main();
    wall.unix_ms += passed_ms;
    return cepa_prekeys_step(&prekeys, &calendar, wall, &random, &workspace, 0);
}

static void begin(uint64_t seed)
{
    numbers.state = seed;
    randomness = 0;
    wall.unix_ms = 20411 * DAY_MS + 1234;
    cepa_prekeys_init(&prekeys);
    CHECK(cepa_prekeys_current(&prekeys) == NULL);
    CHECK_INT(step(0), 0);
}

TEST(the_first_one_is_there_at_once)
{
    struct cepa_prekey_id id;
    struct cepa_xwing_key key;
    begin(1);
    const struct cepa_prekey *current = cepa_prekeys_current(&prekeys);
    CHECK(current != NULL);
    cepa_xwing_key_expand(&key, &current->seed, &workspace.xwing, 0);
    CHECK_BYTES(&key.public_key, &current->public_key, sizeof key.public_key);
    cepa_prekey_id_of(&id, current->public_key.bytes);
    CHECK(cepa_prekeys_find(&prekeys, &id) == current);
    id.bytes[0] ^= 1;
    CHECK(cepa_prekeys_find(&prekeys, &id) == NULL);
    CHECK(cepa_prekeys_take_changed(&prekeys));
    CHECK(!cepa_prekeys_take_changed(&prekeys));
}

/* For a month, every ten minutes: each one is current for three quarters of a day to one and a
 * quarter, can be found for two days more, and then never again. */
TEST(each_serves_its_time)
{
    struct cepa_prekey_id ids[60];
    uint64_t begun[61];
    size_t len = 0;
    begin(2);
    for (uint64_t ms = 0; ms < 30 * DAY_MS; ms += 600000) {
        const struct cepa_prekey_id *current = &cepa_prekeys_current(&prekeys)->id;
        if (len == 0 || memcmp(&ids[len - 1], current, sizeof *current) != 0) {
            begun[len] = ms;
            CHECK(len == 0 || (ms - begun[len - 1] >= DAY_MS / 4 * 3 &&
                               ms - begun[len - 1] <= DAY_MS / 4 * 5 + 600000));
            CHECK(len < 59);
            ids[len++] = *current;
            CHECK(cepa_prekeys_take_changed(&prekeys));
        }
        for (size_t i = 0; i + 1 < len; i++) {
            bool is_kept = cepa_prekeys_find(&prekeys, &ids[i]) != NULL;
            CHECK(is_kept == (ms < begun[i + 1] + 2 * DAY_MS));
        }
        CHECK(prekeys.keys_len <= CEPA_PREKEYS_MAX);
        CHECK_INT(step(600000), 0);
    }
    CHECK(len >= 24 && len <= 41);
}

TEST(they_come_back_from_the_store_and_forgotten_ones_do_not)
{
    uint8_t bytes[CEPA_PREKEYS_SIZE_MAX];
    static struct cepa_prekeys before;
    size_t len = 0;
    begin(3);
    struct cepa_prekey_id first = cepa_prekeys_current(&prekeys)->id;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(step(DAY_MS / 4), 0);
    }
    (void)cepa_prekeys_take_changed(&prekeys);
    CHECK(prekeys.keys_len >= 3);
    before = prekeys;
    cepa_prekeys_encode(bytes, &len, &prekeys);
    CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, len, &workspace, 0), 0);
    CHECK_BYTES(&prekeys, &before, sizeof before);
    CHECK(cepa_prekeys_find(&prekeys, &first) != NULL);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(step(DAY_MS / 4), 0);
    }
    CHECK(cepa_prekeys_find(&prekeys, &first) == NULL);
    CHECK(cepa_prekeys_take_changed(&prekeys));
    cepa_prekeys_encode(bytes, &len, &prekeys);
    CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, len, &workspace, 0), 0);
    CHECK(cepa_prekeys_find(&prekeys, &first) == NULL);
}

TEST(what_is_damaged_is_refused)
{
    uint8_t bytes[CEPA_PREKEYS_SIZE_MAX];
    size_t len = 0;
    begin(4);
    CHECK_INT(step(5 * DAY_MS / 4), 0);
    cepa_prekeys_encode(bytes, &len, &prekeys);
    for (size_t cut = 0; cut < len; cut++) {
        CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, cut, &workspace, 0), CEPA_ERR_LENGTH);
    }
    bytes[0]++;
    CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, len, &workspace, 0), CEPA_ERR_VERSION);
    bytes[0]--;
    bytes[1] = CEPA_PREKEYS_MAX + 1;
    CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, len, &workspace, 0), CEPA_ERR_MALFORMED);
    bytes[1] = 2;
    bytes[2] = 1;
    CHECK_INT(cepa_prekeys_decode(&prekeys, bytes, len, &workspace, 0), CEPA_ERR_MALFORMED);
}

TEST(without_randomness_the_old_one_stays)
{
    begin(5);
    struct cepa_prekey_id first = cepa_prekeys_current(&prekeys)->id;
    randomness = -1;
    CHECK_INT(step(2 * DAY_MS), CEPA_ERR_RANDOM);
    CHECK_BYTES(&cepa_prekeys_current(&prekeys)->id, &first, sizeof first);
    randomness = 0;
    CHECK_INT(step(0), 0);
    CHECK(memcmp(&cepa_prekeys_current(&prekeys)->id, &first, sizeof first) != 0);
}

/* A clock that was years ahead for a while does not keep a key for years. */
TEST(a_clock_that_goes_back_far_brings_the_next_one)
{
    begin(6);
    wall.unix_ms += 1000 * DAY_MS;
    CHECK_INT(step(0), 0);
    struct cepa_prekey_id ahead = cepa_prekeys_current(&prekeys)->id;
    wall.unix_ms -= 1000 * DAY_MS;
    CHECK_INT(step(0), 0);
    CHECK(memcmp(&cepa_prekeys_current(&prekeys)->id, &ahead, sizeof ahead) != 0);
    CHECK(cepa_prekeys_find(&prekeys, &ahead) != NULL); /* somebody may have it */
    wall.unix_ms -= DAY_MS;
    CHECK_INT(step(0), 0);
    CHECK_INT(step(5 * DAY_MS), 0);
    CHECK(cepa_prekeys_find(&prekeys, &ahead) == NULL);
    cepa_prekeys_wipe(&prekeys);
    CHECK(cepa_prekeys_current(&prekeys) == NULL);
}

TEST_MAIN(RUN(the_first_one_is_there_at_once), RUN(each_serves_its_time),
          RUN(they_come_back_from_the_store_and_forgotten_ones_do_not),
          RUN(what_is_damaged_is_refused), RUN(without_randomness_the_old_one_stays),
          RUN(a_clock_that_goes_back_far_brings_the_next_one))
