/* Places per day: least number, share, prefixes, the first days. */
#include "mesh/admission.h"

#include "support/test.h"

static const struct cepa_siphash_key key = {{5}};
static const struct cepa_admission_limits limits = {20, 10, 2};

static struct cepa_prefix prefix_of(unsigned number)
{
    struct cepa_prefix prefix = {CEPA_FAMILY_IPV4,
                                 {(uint8_t)(1 + number % 200), (uint8_t)(number / 200)}};
    return prefix;
}

/* How many of `count` relays with different prefixes are admitted. */
static unsigned flood(struct cepa_admission *admission, unsigned count)
{
    unsigned admitted = 0;
    for (unsigned i = 0; i < count; i++) {
        struct cepa_prefix prefix = prefix_of(i);
        bool has_place = cepa_admission_has_place(admission, &prefix);
        bool is_admitted = cepa_admission_take(admission, &prefix);
        CHECK(has_place == is_admitted);
        admitted += is_admitted ? 1 : 0;
    }
    return admitted;
}

TEST(all_are_admitted_on_the_first_two_days)
{
    struct cepa_admission admission;
    struct cepa_directory_day day = {100};
    cepa_admission_init(&admission, &limits, day, &key);
    CHECK_INT(flood(&admission, 10000), 10000);
    day.number = 101;
    cepa_admission_begin_day(&admission, day, 10000);
    CHECK_INT(flood(&admission, 10000), 10000);
    day.number = 102;
    cepa_admission_begin_day(&admission, day, 20000);
    CHECK_INT(flood(&admission, 10000), 200);
    CHECK_INT(flood(&admission, 10000), 0);
    cepa_admission_begin_day(&admission, day, 20000);
    CHECK_INT(flood(&admission, 10000), 0);
    day.number = 103;
    cepa_admission_begin_day(&admission, day, 20200);
    CHECK_INT(flood(&admission, 10000), 202);
}

TEST(a_small_network_has_a_least_number)
{
    struct cepa_admission admission;
    struct cepa_directory_day day = {100};
    cepa_admission_init(&admission, &limits, day, &key);
    cepa_admission_remember(&admission, 30);
    CHECK_INT(flood(&admission, 1000), 20);
}

TEST(one_prefix_gets_its_share_only)
{
    struct cepa_admission admission;
    struct cepa_directory_day day = {100};
    struct cepa_prefix prefix = prefix_of(1);
    cepa_admission_init(&admission, &limits, day, &key);
    cepa_admission_remember(&admission, 30);
    CHECK(cepa_admission_take(&admission, &prefix));
    CHECK(cepa_admission_take(&admission, &prefix));
    CHECK(!cepa_admission_take(&admission, &prefix));
    CHECK_INT(flood(&admission, 1000), 18);
}

/* A clock that is moved back and forth gives nobody more places. */
TEST(an_earlier_day_gives_no_places_back)
{
    struct cepa_admission admission;
    struct cepa_directory_day day = {100};
    cepa_admission_init(&admission, &limits, day, &key);
    cepa_admission_remember(&admission, 30);
    day.number = 101;
    cepa_admission_begin_day(&admission, day, 30);
    CHECK_INT(flood(&admission, 1000), 20);
    day.number = 100;
    cepa_admission_set_back(&admission, day);
    CHECK_INT(flood(&admission, 1000), 0);
    day.number = 103;
    cepa_admission_begin_day(&admission, day, 0);
    CHECK_INT(flood(&admission, 1000), 20);
    day.number = 100;
    cepa_admission_set_back(&admission, day); /* all were forgotten meanwhile */
    CHECK_INT(flood(&admission, 1000), 1000);
}

TEST_MAIN(RUN(all_are_admitted_on_the_first_two_days), RUN(a_small_network_has_a_least_number),
          RUN(one_prefix_gets_its_share_only), RUN(an_earlier_day_gives_no_places_back))
