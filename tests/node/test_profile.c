/* Network profiles: found by name, encoded with all their constants, and an id for each. */
#include "node/profile.h"

#include <string.h>

#include "support/test.h"

TEST(profiles_are_found_by_their_whole_name)
{
    static const struct {
        const char *name;
        int want;
    } cases[] = {{"main", 0},
                 {"test", 0},
                 {"", CEPA_ERR_NOT_FOUND},
                 {"mai", CEPA_ERR_NOT_FOUND},
                 {"main2", CEPA_ERR_NOT_FOUND},
                 {"Test", CEPA_ERR_NOT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_profile profile;
        memset(&profile, 0xa5, sizeof profile);
        CHECK_INT(cepa_profile_find(&profile, cases[i].name), cases[i].want);
        if (cases[i].want == 0) {
            CHECK_INT(strcmp(profile.name, cases[i].name), 0);
            CHECK(cepa_calendar_is_valid(&profile.calendar));
            CHECK_INT(cepa_calendar_epochs_per_day(&profile.calendar), 24);
        }
    }
}

/* Any constant that changes makes another network. */
TEST(every_constant_is_in_the_encoding)
{
    struct cepa_profile profile;
    uint8_t before[CEPA_PROFILE_ENCODED_SIZE];
    cepa_profile_test(&profile);
    cepa_profile_encode(before, &profile);
    CHECK_INT(before[0], CEPA_PROFILE_VERSION);
    uint32_t *numbers[] = {&profile.certificate_days,     &profile.record_days,
                           &profile.days_ahead,           &profile.receipt_days,
                           &profile.receipts_min,         &profile.work_bits,
                           &profile.admission_daily_min,  &profile.admission_daily_permille,
                           &profile.admission_prefix_max, &profile.guard_age_days,
                           &profile.clock_error_max_ms,   &profile.custody_relays,
                           &profile.bucket_relays,        &profile.custodians};
    struct cepa_network_id id;
    cepa_profile_network(&id, &profile);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint8_t after[CEPA_PROFILE_ENCODED_SIZE];
        struct cepa_network_id other;
        (*numbers[i])++;
        cepa_profile_encode(after, &profile);
        size_t last = 1 + CEPA_PROFILE_NAME_SIZE + 16 + 4 * i + 3;
        CHECK(after[last] != before[last]);
        cepa_profile_network(&other, &profile);
        CHECK(memcmp(&id, &other, sizeof id) != 0);
        (*numbers[i])--;
    }
}

TEST(networks_differ)
{
    struct cepa_profile profiles[2];
    struct cepa_network_id ids[2];
    cepa_profile_main(&profiles[0]);
    cepa_profile_test(&profiles[1]);
    cepa_profile_network(&ids[0], &profiles[0]);
    cepa_profile_network(&ids[1], &profiles[1]);
    CHECK(memcmp(&ids[0], &ids[1], sizeof ids[0]) != 0);
}

TEST(only_test_has_private_addresses)
{
    struct cepa_profile profile;
    cepa_profile_main(&profile);
    CHECK(!cepa_profile_has_private(&profile));
    cepa_profile_test(&profile);
    CHECK(cepa_profile_has_private(&profile));
    profile.name[4] = '2';
    CHECK(!cepa_profile_has_private(&profile));
}

TEST_MAIN(RUN(profiles_are_found_by_their_whole_name), RUN(every_constant_is_in_the_encoding),
          RUN(networks_differ), RUN(only_test_has_private_addresses))
