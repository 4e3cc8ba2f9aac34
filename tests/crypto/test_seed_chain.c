/* The chain of onion seeds: the seeds computed apart, both ways through the disk form at every
 * place, and nothing in a later state from which an earlier seed comes out. */
#include "crypto/seed_chain.h"

#include <string.h>

#include "crypto/kdf.h"
#include "support/test.h"
#include "support/vectors.h"

enum { SEEDS = 24, SPARES = 8 };

static const struct cepa_directory_day day = {20000};

/* Root 00 01 .. 1f, day 20000; computed apart from this code. */
static const char computed_apart[] =
    "purpose = 01\ncount = 18\n"
    "first = 2de82c52adb6d10ffe19d602098a3604bb266fc7110435024500fc3c42b905da\n"
    "last = 6bab6d1ec85cce20795701d56d2f7db65855d9881b476fdbf1a89a3b41590522\n\n"
    "purpose = 02\ncount = 08\n"
    "first = 11c1f2c0ff6779fc849ff721d8158d44ebb55e249edf55ec075131f8d5754af1\n"
    "last = 1ace6a27c3e47e280800d260dbfbfc7b8f2f50121033a999fda20a0476ffa6e5\n";

static void make_root(uint8_t ret_root[CEPA_SEED_CHAIN_ROOT_LEN])
{
    for (size_t i = 0; i < CEPA_SEED_CHAIN_ROOT_LEN; i++) {
        ret_root[i] = (uint8_t)i;
    }
}

static void make_chain(struct cepa_seed_chain *ret_chain, uint32_t count)
{
    uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
    make_root(root);
    cepa_seed_chain_init(ret_chain, CEPA_SEED_CHAIN_EPOCHS, day, count, root);
}

static void take_all(struct cepa_xwing_seed *ret_seeds, const struct cepa_seed_chain *chain)
{
    struct cepa_seed_chain copy = *chain;
    for (uint32_t i = chain->next; i < chain->count; i++) {
        CHECK_INT(cepa_seed_chain_next(&copy, &ret_seeds[i]), 0);
    }
}

TEST(seeds_are_those_computed_apart)
{
    unsigned blocks = 0;
    vectors_open_text("seed chain", computed_apart);
    for (; vectors_next(); blocks++) {
        struct cepa_seed_chain chain;
        struct cepa_xwing_seed seed;
        uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
        uint8_t want[32];
        uint32_t count = (uint32_t)vectors_number("count");
        make_root(root);
        cepa_seed_chain_init(&chain, (enum cepa_seed_chain_purpose)vectors_number("purpose"), day,
                             count, root);
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
        vectors_read("first", want, sizeof want);
        CHECK_BYTES(seed.bytes, want, sizeof want);
        CHECK_INT(cepa_seed_chain_skip(&chain, count - 2), 0);
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
        vectors_read("last", want, sizeof want);
        CHECK_BYTES(seed.bytes, want, sizeof want);
    }
    CHECK_INT(blocks, 2);
}

TEST(chain_ends_after_its_count_and_leaves_nothing)
{
    static const uint8_t zeros[32] = {0};
    struct cepa_seed_chain chain;
    struct cepa_xwing_seed seed;
    struct cepa_xwing_seed before;
    make_chain(&chain, SPARES);
    for (uint32_t i = 0; i < SPARES; i++) {
        CHECK_INT(chain.next, i);
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
    }
    before = seed;
    CHECK_INT(cepa_seed_chain_next(&chain, &seed), CEPA_ERR_EXHAUSTED);
    CHECK_BYTES(&seed, &before, sizeof seed);
    CHECK_INT(cepa_seed_chain_skip(&chain, 1), CEPA_ERR_EXHAUSTED);
    CHECK_INT(cepa_seed_chain_skip(&chain, 0), 0);
    CHECK_BYTES(chain.state, zeros, sizeof zeros);
}

TEST(skip_is_as_many_times_next_or_nothing)
{
    struct cepa_seed_chain start;
    struct cepa_xwing_seed seeds[SEEDS];
    make_chain(&start, SEEDS);
    take_all(seeds, &start);
    for (uint32_t skip = 0; skip < SEEDS; skip++) {
        struct cepa_seed_chain chain = start;
        struct cepa_xwing_seed seed;
        CHECK_INT(cepa_seed_chain_skip(&chain, skip), 0);
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
        CHECK_BYTES(&seed, &seeds[skip], sizeof seed);
        struct cepa_seed_chain before = chain;
        CHECK_INT(cepa_seed_chain_skip(&chain, SEEDS - skip), CEPA_ERR_EXHAUSTED);
        CHECK_INT(cepa_seed_chain_skip(&chain, UINT32_MAX), CEPA_ERR_EXHAUSTED);
        CHECK_BYTES(chain.state, before.state, sizeof chain.state);
        CHECK_INT(chain.next, before.next);
    }
}

TEST(all_seeds_of_both_chains_and_two_days_differ)
{
    struct cepa_xwing_seed seeds[4 * SEEDS];
    uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
    make_root(root);
    for (uint32_t i = 0; i < 4; i++) {
        struct cepa_seed_chain chain;
        const struct cepa_directory_day chain_day = {20000 + i / 2};
        cepa_seed_chain_init(&chain, i % 2 == 0 ? CEPA_SEED_CHAIN_EPOCHS : CEPA_SEED_CHAIN_SPARES,
                             chain_day, SEEDS, root);
        take_all(seeds + i * SEEDS, &chain);
    }
    for (size_t i = 0; i < 4 * SEEDS; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(&seeds[i], &seeds[j], sizeof seeds[i]) != 0);
        }
    }
}

TEST(disk_form_goes_both_ways_at_every_place)
{
    struct cepa_seed_chain chain;
    struct cepa_xwing_seed seeds[SEEDS];
    make_chain(&chain, SEEDS);
    take_all(seeds, &chain);
    for (uint32_t i = 0; i <= SEEDS; i++) {
        uint8_t encoded[CEPA_SEED_CHAIN_ENCODED_LEN];
        uint8_t again[CEPA_SEED_CHAIN_ENCODED_LEN];
        struct cepa_seed_chain decoded;
        struct cepa_xwing_seed seed;
        cepa_seed_chain_encode(&chain, encoded);
        CHECK_INT(cepa_seed_chain_decode(&decoded, encoded, sizeof encoded), 0);
        CHECK_INT(decoded.next, i);
        CHECK_INT(decoded.day.number, day.number);
        cepa_seed_chain_encode(&decoded, again);
        CHECK_BYTES(again, encoded, sizeof encoded);
        if (i < SEEDS) {
            CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
            CHECK_INT(cepa_seed_chain_next(&decoded, &seed), 0);
            CHECK_BYTES(&seed, &seeds[i], sizeof seed);
        }
    }
}

/* Looks for `seed` in everything that the chain gives from its state on: the state itself, its
 * seeds, and what the step gives when it is run on past the end. */
static int state_gives(const struct cepa_seed_chain *chain, const struct cepa_xwing_seed *seed)
{
    uint8_t output[64];
    memcpy(output + 32, chain->state, 32);
    for (unsigned i = 0; i < 3 * SEEDS; i++) {
        struct cepa_kdf kdf;
        if (memcmp(output, seed->bytes, 32) == 0 || memcmp(output + 32, seed->bytes, 32) == 0) {
            return 1;
        }
        cepa_kdf_init(&kdf, "onion seed chain step");
        cepa_kdf_input(&kdf, output + 32, 32);
        cepa_kdf_output(&kdf, output, sizeof output);
        cepa_kdf_wipe(&kdf);
    }
    return 0;
}

/* That SHAKE256 cannot be inverted is assumed; what is checked is that the disk form holds no
 * state or seed from before, and that walking forward never comes past an earlier seed. */
TEST(a_stored_later_state_does_not_give_earlier_seeds)
{
    struct cepa_seed_chain chain;
    struct cepa_xwing_seed seeds[SEEDS];
    uint8_t states[SEEDS][32];
    make_chain(&chain, SEEDS);
    take_all(seeds, &chain);
    for (uint32_t i = 0; i < SEEDS; i++) {
        struct cepa_xwing_seed seed;
        uint8_t encoded[CEPA_SEED_CHAIN_ENCODED_LEN];
        memcpy(states[i], chain.state, 32);
        CHECK(state_gives(&chain, &seeds[SEEDS - 1]));
        CHECK_INT(cepa_seed_chain_next(&chain, &seed), 0);
        cepa_seed_chain_encode(&chain, encoded);
        for (uint32_t j = 0; j <= i; j++) {
            CHECK(!state_gives(&chain, &seeds[j]));
            for (size_t at = 0; at + 32 <= sizeof encoded; at++) {
                CHECK(memcmp(encoded + at, states[j], 32) != 0);
                CHECK(memcmp(encoded + at, seeds[j].bytes, 32) != 0);
            }
        }
    }
}

TEST(decode_refuses_bad_disk_forms)
{
    static const struct {
        size_t offset;
        uint8_t bytes[2];
        int error;
    } changes[] = {
        {0, {0, 1}, CEPA_ERR_VERSION},         {0, {2, 1}, CEPA_ERR_VERSION},
        {1, {0, 0}, CEPA_ERR_MALFORMED},       {1, {3, 0}, CEPA_ERR_MALFORMED},
        {2, {0, 0}, CEPA_ERR_MALFORMED},       {2, {0x04, 0x01}, CEPA_ERR_MALFORMED},
        {4, {0, 25}, CEPA_ERR_MALFORMED},      {4, {0, 24}, CEPA_ERR_MALFORMED},
        {4, {0xff, 0xff}, CEPA_ERR_MALFORMED},
    };
    struct cepa_seed_chain chain;
    struct cepa_seed_chain decoded;
    struct cepa_seed_chain before;
    uint8_t good[CEPA_SEED_CHAIN_ENCODED_LEN + 1] = {0};
    uint8_t bad[CEPA_SEED_CHAIN_ENCODED_LEN];
    make_chain(&chain, SEEDS);
    cepa_seed_chain_encode(&chain, good);
    memset(&decoded, 0x5a, sizeof decoded);
    before = decoded;
    for (size_t len = 0; len <= sizeof good; len++) {
        if (len != CEPA_SEED_CHAIN_ENCODED_LEN) {
            CHECK_INT(cepa_seed_chain_decode(&decoded, good, len), CEPA_ERR_LENGTH);
        }
    }
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy(bad, good, sizeof bad);
        memcpy(bad + changes[i].offset, changes[i].bytes, 2);
        CHECK_INT(cepa_seed_chain_decode(&decoded, bad, sizeof bad), changes[i].error);
    }
    memcpy(bad, good, sizeof bad);
    memset(bad + 10, 0, 32);
    CHECK_INT(cepa_seed_chain_decode(&decoded, bad, sizeof bad), CEPA_ERR_MALFORMED);
    CHECK_BYTES(&decoded, &before, sizeof decoded);
}

TEST(wiped_chain_holds_zeros)
{
    static const struct cepa_seed_chain zeros;
    struct cepa_seed_chain chain;
    make_chain(&chain, SEEDS);
    cepa_seed_chain_wipe(&chain);
    CHECK_BYTES(&chain, &zeros, sizeof chain);
}

TEST_MAIN(RUN(seeds_are_those_computed_apart), RUN(chain_ends_after_its_count_and_leaves_nothing),
          RUN(skip_is_as_many_times_next_or_nothing),
          RUN(all_seeds_of_both_chains_and_two_days_differ),
          RUN(disk_form_goes_both_ways_at_every_place),
          RUN(a_stored_later_state_does_not_give_earlier_seeds), RUN(decode_refuses_bad_disk_forms),
          RUN(wiped_chain_holds_zeros))
