/* What an end keeps over restarts goes back to the identity that it is of, whichever of the two
 * comes first. */
#include <string.h>

#include "base/ct.h"
#include "end/end_parts.h"
#include "support/lone_end.h"
#include "support/pair.h"
#include "support/test.h"

static struct lone_end lone;

static const uint8_t *stored(uint8_t number, size_t *ret_len)
{
    struct cepa_address address = sim_pair_address(number);
    return sim_stored(lone.sim, 0, CEPA_STORE_PREKEYS, address.bytes, CEPA_STORE_KEY_MAX, ret_len);
}

static const struct cepa_prekeys *prekeys_of(struct cepa_end_identity identity)
{
    return &cepa_end_person_at(lone.end, identity.handle.index)->prekeys;
}

TEST(prekeys_are_stored_for_each_identity)
{
    struct cepa_end_identity identities[2];
    lone_end_begin(&lone, 1);
    for (uint8_t i = 0; i < 2; i++) {
        CHECK_INT(lone_end_add(&lone, &identities[i], (uint8_t)(i + 1)), 0);
    }
    lone_end_run(&lone, CEPA_MILLISECOND_NS);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t bytes[CEPA_PREKEYS_SIZE_MAX];
        size_t want = 0;
        size_t len = 0;
        const uint8_t *got = stored((uint8_t)(i + 1), &len);
        cepa_prekeys_encode(bytes, &want, prekeys_of(identities[i]));
        CHECK_INT(len, want);
        CHECK(got != NULL && memcmp(got, bytes, want) == 0);
    }
    CHECK_INT(lone_end_add(&lone, &identities[0], 3), CEPA_ERR_FULL);
    sim_free(lone.sim);
}

TEST(an_identity_is_here_once)
{
    struct cepa_end_identity identity, other = {{7, 7, 7}};
    lone_end_begin(&lone, 2);
    CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
    CHECK_INT(lone_end_add(&lone, &other, 1), CEPA_ERR_IN_USE);
    CHECK_INT(other.handle.index, 7);
    lone_end_run(&lone, CEPA_SECOND_NS);
    CHECK_INT(lone_end_add(&lone, &other, 2), 0); /* the place is free again */
    cepa_end_identity_remove(lone.end, identity, sim_now(lone.sim));
    cepa_end_identity_remove(lone.end, identity, sim_now(lone.sim));
    CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
    lone_end_run(&lone, CEPA_SECOND_NS);
    sim_free(lone.sim);
}

TEST(what_was_stored_finds_its_identity)
{
    for (uint32_t order = 0; order < 2; order++) {
        struct cepa_end_identity identity;
        struct cepa_prekey_id id;
        uint8_t bytes[CEPA_PREKEYS_SIZE_MAX];
        size_t len = 0;
        lone_end_begin(&lone, 3);
        CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
        lone_end_run(&lone, CEPA_MILLISECOND_NS);
        id = prekeys_of(identity)->keys[0].id;
        const uint8_t *was = stored(1, &len);
        memcpy(bytes, was, len);

        struct cepa_address address = sim_pair_address(1);
        CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, address.bytes, CEPA_STORE_KEY_MAX,
                                   bytes, len),
                  CEPA_ERR_STATE);
        lone_end_restart(&lone); /* the simulator gives everything back before identities come */
        CHECK(lone.end->restored[0].is_used);
        if (order == 1) {
            cepa_wipe(lone.end->restored, sizeof *lone.end->restored);
        }
        CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
        CHECK_INT(lone.end->restored[0].is_used, 0);
        if (order == 1) {
            CHECK_INT(prekeys_of(identity)->keys_len, 0);
            CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, address.bytes,
                                       CEPA_STORE_KEY_MAX, bytes, len),
                      0);
        }
        CHECK_INT(prekeys_of(identity)->keys_len, 1);
        lone_end_run(&lone, CEPA_SECOND_NS);
        CHECK_INT(prekeys_of(identity)->keys_len, 1);
        CHECK_BYTES(&prekeys_of(identity)->keys[0].id, &id, sizeof id);
        sim_free(lone.sim);
    }
}

TEST(what_is_damaged_or_foreign_is_refused)
{
    static const struct {
        enum cepa_store_table table;
        size_t key_len, len;
        uint8_t first;
        int error;
    } cases[] = {
        {CEPA_STORE_GUARDS, CEPA_STORE_KEY_MAX, 4, CEPA_PREKEYS_VERSION, CEPA_ERR_ARGUMENT},
        {CEPA_STORE_PREKEYS, 31, 4, CEPA_PREKEYS_VERSION, CEPA_ERR_ARGUMENT},
        {CEPA_STORE_PREKEYS, CEPA_STORE_KEY_MAX, 3, CEPA_PREKEYS_VERSION, CEPA_ERR_LENGTH},
        {CEPA_STORE_PREKEYS, CEPA_STORE_KEY_MAX, 4, 9, CEPA_ERR_VERSION},
        {CEPA_STORE_PREKEYS, CEPA_STORE_KEY_MAX, CEPA_PREKEYS_SIZE_MAX, CEPA_PREKEYS_VERSION,
         CEPA_ERR_LENGTH},
    };
    struct cepa_end_identity identity;
    uint8_t bytes[CEPA_PREKEYS_SIZE_MAX + 1] = {0};
    struct cepa_address address = sim_pair_address(1);
    lone_end_begin(&lone, 4);
    CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bytes[0] = cases[i].first;
        CHECK_INT(cepa_end_restore(lone.end, cases[i].table, address.bytes, cases[i].key_len, bytes,
                                   cases[i].len),
                  cases[i].error);
    }
    uint8_t key[CEPA_STORE_KEY_MAX] = {1};
    CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, key, sizeof key, bytes, sizeof bytes),
              CEPA_ERR_LENGTH);
    for (uint8_t i = 0; i < 6; i++) { /* the same one again takes no other place */
        key[0] = i / 3;
        CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, key, sizeof key, bytes, 10), 0);
    }
    key[0] = 2;
    CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, key, sizeof key, bytes, 10),
              CEPA_ERR_FULL);
    lone_end_run(&lone, CEPA_SECOND_NS);
    CHECK_INT(prekeys_of(identity)->keys_len, 1);
    sim_free(lone.sim);
}

TEST(damage_is_found_when_the_identity_comes)
{
    struct cepa_end_identity identity;
    struct cepa_address address = sim_pair_address(1);
    uint8_t bytes[4] = {9};
    lone_end_begin(&lone, 5);
    CHECK_INT(cepa_end_restore(lone.end, CEPA_STORE_PREKEYS, address.bytes, CEPA_STORE_KEY_MAX,
                               bytes, sizeof bytes),
              0);
    CHECK_INT(lone_end_add(&lone, &identity, 1), 0);
    CHECK_INT(lone.end->restored[0].is_used, 0);
    lone_end_run(&lone, CEPA_SECOND_NS);
    CHECK_INT(prekeys_of(identity)->keys_len, 1);
    sim_free(lone.sim);
}

TEST_MAIN(RUN(prekeys_are_stored_for_each_identity), RUN(an_identity_is_here_once),
          RUN(what_was_stored_finds_its_identity), RUN(what_is_damaged_or_foreign_is_refused),
          RUN(damage_is_found_when_the_identity_comes))
