/* Onion keys coming and going: which epochs are live, what is wiped, whose share is counted. */
#include "onion/onion_keys.h"

#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/test.h"

static struct cepa_onion_keys keys;
static struct cepa_xwing_workspace workspace;
static const struct cepa_replay_limits limits = {100, 60};
static uint64_t memory[2 * 32 * 8];

static void setup(void)
{
    memset(&keys, 0xcc, sizeof keys);
    memset(memory, 0xcc, sizeof memory);
    CHECK_INT(cepa_onion_keys_size(&limits), sizeof memory);
    CHECK_INT(cepa_onion_keys_init(&keys, memory, sizeof memory, &limits), 0);
}

static int rotate(uint32_t epoch)
{
    struct cepa_onion_epoch now = {epoch};
    struct cepa_xwing_seed seed;
    memset(&seed, (int)(epoch & 0xff), sizeof seed);
    seed.bytes[0] = (uint8_t)(epoch >> 8);
    return cepa_onion_keys_rotate(&keys, now, &seed, &workspace, 0);
}

static struct cepa_onion_key *find(uint32_t epoch)
{
    return cepa_onion_keys_find(&keys, (uint8_t)epoch);
}

TEST(a_new_set_has_no_live_key)
{
    setup();
    for (uint32_t epoch = 0; epoch < 256; epoch++) {
        CHECK(find(epoch) == NULL);
    }
}

TEST(the_current_epoch_and_the_one_before_are_live)
{
    setup();
    for (uint32_t epoch = 250; epoch < 520; epoch++) {
        CHECK_INT(rotate(epoch), 0);
        for (uint32_t other = 0; other < 256; other++) {
            bool is_live =
                (uint8_t)epoch == other || (epoch > 250 && (uint8_t)(epoch - 1) == other);
            struct cepa_onion_key *key = find(other);
            CHECK((key != NULL) == is_live);
            CHECK(key == NULL || key->epoch.number % 256 == other);
        }
        struct cepa_onion_key_id id;
        cepa_onion_key_id_of(&id, &find(epoch)->key.public_key);
        CHECK_BYTES(&find(epoch)->id, &id, sizeof id);
    }
}

TEST(the_first_epoch_of_all_can_be_live)
{
    setup();
    CHECK_INT(rotate(0), 0);
    CHECK_INT(rotate(1), 0);
    CHECK(find(0) != NULL && find(1) != NULL);
}

TEST(a_missed_epoch_leaves_one_key)
{
    setup();
    CHECK_INT(rotate(7), 0);
    CHECK_INT(rotate(8), 0);
    CHECK_INT(rotate(10), 0);
    CHECK(find(7) == NULL && find(8) == NULL && find(10) != NULL);
    CHECK_INT(rotate(12), 0);
    CHECK(find(10) == NULL && find(12) != NULL);
    CHECK_INT(rotate(13), 0);
    CHECK(find(12) != NULL && find(13) != NULL);
}

TEST(time_does_not_go_back)
{
    setup();
    CHECK_INT(rotate(7), 0);
    CHECK_INT(rotate(8), 0);
    struct cepa_onion_keys before = keys;
    for (uint32_t epoch = 0; epoch <= 8; epoch++) {
        CHECK_INT(rotate(epoch), CEPA_ERR_ARGUMENT);
    }
    CHECK(memcmp(&keys, &before, sizeof keys) == 0);
}

static bool is_all_zeros(const void *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (((const uint8_t *)bytes)[i] != 0) {
            return false;
        }
    }
    return true;
}

TEST(a_retired_key_and_its_cache_are_wiped)
{
    setup();
    CHECK_INT(rotate(7), 0);
    struct cepa_onion_key *old = find(7);
    struct cepa_replay_share share = {0};
    for (uint8_t i = 0; i < 50; i++) {
        struct cepa_replay_tag tag = {{i, 1, i, 3, 4, 5, 6, 7, 8, 9, 10, i, 12, 13, 14, i}};
        (void)cepa_replay_cache_insert(&old->replay, &share, &tag, UINT32_MAX);
    }
    CHECK_INT(rotate(8), 0);
    CHECK(old->is_live && !is_all_zeros(memory, sizeof memory));
    struct cepa_onion_epoch oldest = {8};
    cepa_onion_keys_retire(&keys, oldest);
    CHECK(is_all_zeros(old, sizeof *old) && is_all_zeros(memory, sizeof memory));
    CHECK(find(8) != NULL && find(8)->is_live);
    cepa_onion_keys_wipe(&keys);
    CHECK(is_all_zeros(&keys, sizeof keys));
}

TEST(each_epoch_has_a_cache_of_its_own)
{
    struct cepa_replay_tag tag = {{1, 2, 3}};
    struct cepa_replay_share share = {0};
    setup();
    CHECK_INT(rotate(7), 0);
    CHECK_INT(rotate(8), 0);
    for (uint32_t epoch = 7; epoch <= 8; epoch++) {
        struct cepa_replay_cache *cache = &find(epoch)->replay;
        CHECK(cepa_replay_cache_insert(cache, &share, &tag, UINT32_MAX).inserted != 0);
        CHECK(cepa_replay_cache_insert(cache, &share, &tag, UINT32_MAX).seen != 0);
    }
}

TEST(a_link_is_counted_for_each_key_and_begins_anew_with_the_next)
{
    struct cepa_onion_share share;
    memset(&share, 0, sizeof share);
    setup();
    for (uint32_t epoch = 7; epoch < 20; epoch++) {
        CHECK_INT(rotate(epoch), 0);
        struct cepa_replay_share *now = cepa_onion_keys_share(&keys, find(epoch), &share);
        CHECK_INT(now->used, 0);
        now->used = epoch;
        if (epoch > 7) {
            CHECK_INT(cepa_onion_keys_share(&keys, find(epoch - 1), &share)->used, epoch - 1);
        }
        CHECK_INT(cepa_onion_keys_share(&keys, find(epoch), &share)->used, epoch);
    }
}

TEST(bad_limits_and_short_memory_are_refused)
{
    static const struct cepa_replay_limits bad[] = {{0, 0}, {100, 0}, {100, 101}, {1u << 31, 1}};
    memset(&keys, 0x55, sizeof keys);
    struct cepa_onion_keys before = keys;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(cepa_onion_keys_init(&keys, memory, sizeof memory, &bad[i]), CEPA_ERR_ARGUMENT);
    }
    for (size_t len = 0; len < sizeof memory; len += 8) {
        CHECK_INT(cepa_onion_keys_init(&keys, memory, len, &limits), CEPA_ERR_ARGUMENT);
    }
    CHECK(memcmp(&keys, &before, sizeof keys) == 0);
}

TEST_MAIN(RUN(a_new_set_has_no_live_key), RUN(the_current_epoch_and_the_one_before_are_live),
          RUN(the_first_epoch_of_all_can_be_live), RUN(a_missed_epoch_leaves_one_key),
          RUN(time_does_not_go_back), RUN(a_retired_key_and_its_cache_are_wiped),
          RUN(each_epoch_has_a_cache_of_its_own),
          RUN(a_link_is_counted_for_each_key_and_begins_anew_with_the_next),
          RUN(bad_limits_and_short_memory_are_refused))
