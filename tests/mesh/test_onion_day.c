/* A day of onion keys: made in steps, given out in order, never twice. */
#include "mesh/onion_day.h"

#include <string.h>

#include "support/test.h"

enum { DAY = 20002 };

static struct cepa_onion_day day;
static struct cepa_onion_day_workspace workspace;
static const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN] = {9, 8, 7};

static void begin(void)
{
    struct cepa_directory_day number = {DAY};
    cepa_onion_day_begin(&day, number, root);
    while (!cepa_onion_day_step(&day, &workspace, 0)) {
    }
}

static int take(uint32_t epoch, struct cepa_onion_seed *ret_seed)
{
    struct cepa_onion_epoch number = {DAY * 24 + epoch};
    return cepa_onion_day_take(&day, ret_seed, number);
}

/* Stores the day, forgets it, and reads it again. */
static void restart(void)
{
    uint8_t state[CEPA_ONION_DAY_STATE_SIZE];
    struct cepa_merkle_root before = day.root;
    cepa_onion_day_encode(&day, state);
    cepa_onion_day_wipe(&day);
    CHECK_INT(cepa_onion_day_decode(&day, state, sizeof state), 0);
    CHECK_BYTES(&day.root, &before, sizeof before);
}

TEST(one_key_per_step)
{
    struct cepa_directory_day number = {DAY};
    unsigned steps = 1;
    cepa_onion_day_begin(&day, number, root);
    CHECK(!cepa_onion_day_is_ready(&day));
    while (!cepa_onion_day_step(&day, &workspace, 0)) {
        steps++;
    }
    CHECK_INT(steps, CEPA_MERKLE_LEAVES);
    CHECK(cepa_onion_day_step(&day, &workspace, 0));
}

/* Every seed that is given out makes the key at its leaf, and the record verifies. */
TEST(seeds_make_the_keys_of_the_tree)
{
    struct cepa_node_id node = {{1}};
    uint8_t bytes[CEPA_KEY_RECORD_SIZE];
    begin();
    for (uint32_t i = 0; i < CEPA_MERKLE_LEAVES; i++) {
        struct cepa_onion_epoch epoch = {DAY * 24 + (i < 24 ? i : 23)};
        struct cepa_onion_seed seed;
        struct cepa_key_record record;
        CHECK_INT(cepa_onion_day_take(&day, &seed, epoch), 0);
        CHECK_INT(seed.leaf, i);
        cepa_xwing_key_expand(&workspace.key, &seed.seed, &workspace.xwing, 0);
        CHECK_INT(cepa_onion_day_key_record(&day, bytes, &node, epoch, seed.leaf,
                                            &workspace.key.public_key),
                  0);
        CHECK_INT(cepa_key_record_decode(&record, bytes, sizeof bytes), 0);
        CHECK_INT(record.leaf, i);
        CHECK_INT(cepa_onion_day_key_record(&day, bytes, &node, epoch, (i + 1) % 32,
                                            &workspace.key.public_key),
                  CEPA_ERR_ARGUMENT);
    }
}

TEST(a_restart_takes_a_spare_until_there_is_none)
{
    struct cepa_onion_seed seed;
    begin();
    CHECK_INT(take(5, &seed), 0);
    CHECK_INT(seed.leaf, 5);
    for (uint32_t i = 0; i < CEPA_MERKLE_SPARES; i++) {
        restart();
        CHECK_INT(take(5, &seed), 0);
        CHECK_INT(seed.leaf, 24 + i);
    }
    restart();
    CHECK_INT(take(5, &seed), CEPA_ERR_EXHAUSTED);
    CHECK_INT(take(6, &seed), 0);
    CHECK_INT(seed.leaf, 6);
}

TEST(an_epoch_that_had_not_begun_needs_no_spare)
{
    struct cepa_onion_seed seed;
    begin();
    CHECK_INT(take(5, &seed), 0);
    restart();
    CHECK_INT(take(9, &seed), 0);
    CHECK_INT(seed.leaf, 9);
    CHECK_INT(take(7, &seed), 0);
    CHECK_INT(seed.leaf, 24);
}

TEST(an_epoch_that_is_passed_over_gets_a_spare)
{
    struct cepa_onion_seed seed;
    const struct cepa_onion_epoch epochs[] = {{DAY * 24 + 5}, {DAY * 24 + 3}, {DAY * 24 + 23}};
    begin();
    cepa_onion_day_pass(&day, epochs[0]);
    cepa_onion_day_pass(&day, epochs[1]); /* that is done */
    CHECK_INT(take(5, &seed), 0);
    CHECK_INT(seed.leaf, 24);
    CHECK_INT(take(6, &seed), 0);
    CHECK_INT(seed.leaf, 6);
    cepa_onion_day_pass(&day, epochs[2]);
    CHECK_INT(take(23, &seed), 0);
    CHECK_INT(seed.leaf, 25);
}

TEST(epochs_of_other_days_are_refused)
{
    struct cepa_onion_seed seed;
    begin();
    CHECK_INT(take(24, &seed), CEPA_ERR_EPOCH);
    CHECK_INT(take((uint32_t)-1, &seed), CEPA_ERR_EPOCH);
}

/* What the disk holds has no seed that was given out, nor a state that could make it. */
TEST(the_disk_holds_unused_seeds_only)
{
    uint8_t state[2][CEPA_ONION_DAY_STATE_SIZE];
    struct cepa_onion_seed seed;
    begin();
    cepa_onion_day_encode(&day, state[0]);
    CHECK_INT(take(5, &seed), 0);
    cepa_onion_day_encode(&day, state[1]);
    const uint8_t *chains = state[1] + 1 + CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN;
    struct cepa_seed_chain chain;
    CHECK_INT(cepa_seed_chain_decode(&chain, chains, CEPA_SEED_CHAIN_ENCODED_LEN), 0);
    CHECK_INT(chain.next, 6);
    for (size_t i = 0; i + 32 <= sizeof state[1]; i++) {
        CHECK(memcmp(state[1] + i, seed.seed.bytes, 32) != 0);
        /* Nor the state of the beginning. */
        CHECK(memcmp(state[1] + i, state[0] + 1 + CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN + 10,
                     32) != 0);
    }
}

TEST(damaged_states_are_refused)
{
    uint8_t state[CEPA_ONION_DAY_STATE_SIZE];
    struct cepa_onion_day got;
    size_t chains = 1 + CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN;
    begin();
    cepa_onion_day_encode(&day, state);
    for (size_t len = 0; len < sizeof state; len++) {
        CHECK_INT(cepa_onion_day_decode(&got, state, len), CEPA_ERR_LENGTH);
    }
    state[0] = 2;
    CHECK_INT(cepa_onion_day_decode(&got, state, sizeof state), CEPA_ERR_VERSION);
    state[0] = 1;
    state[chains + 9] ^= 1; /* the day of one chain */
    CHECK_INT(cepa_onion_day_decode(&got, state, sizeof state), CEPA_ERR_MALFORMED);
    state[chains + 9] ^= 1;
    state[chains + 1] = CEPA_SEED_CHAIN_SPARES;
    CHECK_INT(cepa_onion_day_decode(&got, state, sizeof state), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(one_key_per_step), RUN(seeds_make_the_keys_of_the_tree),
          RUN(a_restart_takes_a_spare_until_there_is_none),
          RUN(an_epoch_that_had_not_begun_needs_no_spare),
          RUN(an_epoch_that_is_passed_over_gets_a_spare), RUN(epochs_of_other_days_are_refused),
          RUN(the_disk_holds_unused_seeds_only), RUN(damaged_states_are_refused))
