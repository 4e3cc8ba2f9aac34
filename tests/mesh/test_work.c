/* Proof of work: found in slices, bound to network and key. */
#include <string.h>

#include "mesh/credentials.h"
#include "support/mesh_relays.h"
#include "support/test.h"

TEST(work_is_found_in_slices_and_checked)
{
    struct cepa_record_rules rules = mesh_rules();
    uint8_t key[32] = {1};
    uint8_t start[CEPA_WORK_NONCE_SIZE] = {0};
    uint8_t nonce[2][CEPA_WORK_NONCE_SIZE];
    struct cepa_work work;
    unsigned steps = 1;
    rules.work_bits = 11;
    cepa_work_init(&work, &rules, key, start);
    while (!cepa_work_step(&work, nonce[0], 7)) {
        steps++;
    }
    CHECK(steps > 1 && work.tries <= 7 * steps && work.tries > 7 * (steps - 1));
    CHECK_INT(cepa_work_check(&rules, key, nonce[0]), 0);
    cepa_work_init(&work, &rules, key, start);
    CHECK_INT(cepa_work_step(&work, nonce[1], 1000000), 1);
    CHECK_BYTES(nonce[0], nonce[1], sizeof nonce[0]);
    /* For more bits, another key or another network it is hardly ever good. */
    rules.work_bits = 40;
    CHECK_INT(cepa_work_check(&rules, key, nonce[0]), CEPA_ERR_AUTHENTICATION);
    rules.work_bits = 11;
    key[1] = 1;
    CHECK_INT(cepa_work_check(&rules, key, nonce[0]), CEPA_ERR_AUTHENTICATION);
    key[1] = 0;
    rules.network.bytes[0] ^= 1;
    CHECK_INT(cepa_work_check(&rules, key, nonce[0]), CEPA_ERR_AUTHENTICATION);
}

TEST(work_costs_two_to_the_bits)
{
    struct cepa_record_rules rules = mesh_rules();
    uint8_t start[CEPA_WORK_NONCE_SIZE] = {0};
    uint64_t tries = 0;
    rules.work_bits = 6;
    for (uint8_t i = 0; i < 200; i++) {
        uint8_t key[32] = {i};
        uint8_t nonce[CEPA_WORK_NONCE_SIZE];
        struct cepa_work work;
        cepa_work_init(&work, &rules, key, start);
        CHECK_INT(cepa_work_step(&work, nonce, 100000), 1);
        tries += work.tries;
    }
    CHECK(tries > 200 * 64 * 7 / 10 && tries < 200 * 64 * 13 / 10);
}

TEST(the_counter_carries)
{
    struct cepa_record_rules rules = mesh_rules();
    uint8_t key[32] = {9};
    uint8_t start[CEPA_WORK_NONCE_SIZE];
    uint8_t nonce[CEPA_WORK_NONCE_SIZE];
    struct cepa_work work;
    memset(start, 0xff, sizeof start);
    cepa_work_init(&work, &rules, key, start);
    CHECK_INT(cepa_work_step(&work, nonce, 1000000), 1);
    CHECK_INT(cepa_work_check(&rules, key, nonce), 0);
}

TEST_MAIN(RUN(work_is_found_in_slices_and_checked), RUN(work_costs_two_to_the_bits),
          RUN(the_counter_carries))
