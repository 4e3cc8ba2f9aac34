/* Look-ups in virtual time: the newest descriptor is found whatever custodians do, and nothing is
 * found where nothing is. */
#include <string.h>

#include "support/custodians.h"
#include "support/test.h"

static struct custodians net;

/* A network in which version 1 was published, and after it, if told so, version 2. */
static void begin(size_t relays_len, uint64_t seed)
{
    custodians_init(&net, relays_len, seed);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
}

static uint8_t version_found(void)
{
    return net.log.found.contents.points[0].key[0];
}

TEST(an_address_is_found_within_one_answer)
{
    begin(60, 1);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 400);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.found_ms, 40);
    CHECK_INT(version_found(), 1);
    CHECK_INT(net.log.gets, 2); /* one custodian of each position */
    custodians_run(&net, 10000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.gets, 5);
    CHECK_INT(net.log.decoys, CEPA_LOOKUP_DECOYS);
    CHECK(cepa_time_is_never(cepa_lookups_deadline(&net.lookups)));
}

TEST(decoys_come_at_fixed_times)
{
    static const uint64_t until[] = {499, 2, 998, 2, 2498, 2};
    begin(60, 2);
    CHECK_INT(custodians_find(&net, false), 0);
    for (uint32_t i = 0; i < 6; i++) {
        custodians_run(&net, until[i]);
        CHECK_INT(net.log.decoys, (i + 1) / 2);
    }
}

TEST(what_was_found_is_remembered_until_the_day_ends)
{
    begin(60, 3);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.found_ms, 0);
    CHECK_INT(net.log.gets, 0);
    CHECK(cepa_lookups_known(&net.lookups, &net.identity.address) != NULL);
    custodians_run(&net, 13 * 3600000);
    CHECK(cepa_lookups_known(&net.lookups, &net.identity.address) == NULL);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.gets, 5);
}

TEST(what_did_not_serve_is_asked_for_again)
{
    begin(60, 4);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 20000);
    CHECK_INT(custodians_find(&net, true), 0);
    custodians_run(&net, 20000);
    CHECK_INT(net.log.founds, 0);
    CHECK_INT(net.log.faileds, 1);
    CHECK_INT(net.log.error, CEPA_ERR_NOT_FOUND);
    CHECK_INT(net.log.gets, 16 + CEPA_LOOKUP_DECOYS); /* everybody has the old one at most */
    custodians_say(&net, 2);
    custodians_run(&net, 1000);
    CHECK_INT(custodians_find(&net, true), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(version_found(), 2);
}

TEST(what_is_known_serves_though_there_is_nothing_newer)
{
    begin(60, 4);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 20000);
    CHECK_INT(custodians_find(&net, true), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.error, CEPA_ERR_NOT_FOUND);
    CHECK_INT(custodians_find(&net, true), CEPA_ERR_NOT_FOUND);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.found_ms, 0);
}

TEST(two_who_want_the_same_share_a_look_up)
{
    uint64_t other = 0;
    begin(60, 5);
    CHECK_INT(custodians_find(&net, false), 0);
    CHECK_INT(
        cepa_lookups_find(&net.lookups, &other, &net.identity.address, false, net.now, net.wall),
        0);
    CHECK(other == net.log.lookup);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.gets, 5);
}

TEST(nobody_has_what_was_not_published)
{
    custodians_init(&net, 60, 6);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.faileds, 1);
    CHECK_INT(net.log.error, CEPA_ERR_NOT_FOUND);
    CHECK_INT(net.log.found_ms, 8 * 40);
    CHECK_INT(custodians_find(&net, false), CEPA_ERR_NOT_FOUND); /* for a moment */
    custodians_run(&net, 5000);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.founds, 1);
}

TEST(no_relays_no_answer)
{
    struct cepa_address nobody = {{0}};
    uint64_t lookup = 0;
    custodians_init(&net, 0, 7);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.error, CEPA_ERR_TIMEOUT);
    CHECK_INT(cepa_lookups_find(&net.lookups, &lookup, &nobody, false, net.now, net.wall),
              CEPA_ERR_INVALID_KEY);
}

/* Whatever the nearest relays do, and one of the four that have it says the truth. */
TEST(hostile_custodians_delay_and_do_not_deceive)
{
    static const struct {
        enum custodian_manner manner;
        uint64_t within_ms;
    } table[] = {{CUSTODIAN_FORGING, 200},
                 {CUSTODIAN_REFUSING, 200},
                 {CUSTODIAN_SILENT, 6000},
                 {CUSTODIAN_FAILING, 1000}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (uint64_t seed = 0; seed < 10; seed++) {
            begin(60, 100 * i + seed);
            custodians_nearest(&net, 3, table[i].manner);
            CHECK_INT(custodians_find(&net, false), 0);
            custodians_run(&net, 70000);
            CHECK_INT(net.log.founds, 1);
            CHECK_INT(version_found(), 1);
            CHECK(net.log.found_ms <= table[i].within_ms);
            CHECK(net.log.gets <= 16 + CEPA_LOOKUP_DECOYS);
        }
    }
}

TEST(when_all_of_them_are_hostile_it_fails_in_time)
{
    static const struct {
        enum custodian_manner manner;
        int error;
    } table[] = {{CUSTODIAN_FORGING, CEPA_ERR_NOT_FOUND},
                 {CUSTODIAN_REFUSING, CEPA_ERR_NOT_FOUND},
                 {CUSTODIAN_SILENT, CEPA_ERR_TIMEOUT},
                 {CUSTODIAN_FAILING, CEPA_ERR_TIMEOUT}};
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin(60, 30 + i);
        custodians_nearest(&net, 8, table[i].manner);
        CHECK_INT(custodians_find(&net, false), 0);
        custodians_run(&net, 80000);
        CHECK_INT(net.log.faileds, 1);
        CHECK_INT(net.log.founds, 0);
        CHECK_INT(net.log.error, table[i].error);
        CHECK(net.log.found_ms <= 60000);
        CHECK(cepa_time_is_never(cepa_lookups_deadline(&net.lookups)));
    }
}

/* One position's relays keep what they got first; the other's honest one outvotes them. */
TEST(an_old_descriptor_loses_against_any_honest_answer)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct cepa_address_day day;
        custodians_init(&net, 60, seed);
        CHECK_INT(cepa_address_day_init(&day, &net.identity.address, &net.network,
                                        (struct cepa_directory_day){custodians_today(&net)}),
                  0);
        for (size_t rank = 0; rank < CEPA_DESCRIPTOR_NEAREST; rank++) {
            custodians_near(&net, &day.positions[seed % 2], rank)->manner = CUSTODIAN_STALE;
        }
        custodians_say(&net, 1);
        custodians_run(&net, 20000);
        custodians_say(&net, 2);
        custodians_run(&net, 20000);
        CHECK_INT(custodians_find(&net, false), 0);
        custodians_run(&net, 1000);
        CHECK(net.log.founds > 0);
        CHECK_INT(version_found(), 2);
    }
}

/* The honest one is slow: the old one is given out first, the newer one after it. */
TEST(a_newer_one_that_comes_late_is_told_too)
{
    struct cepa_lookups_effect effect;
    struct cepa_custodian_ask asks[2];
    static uint8_t old[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    static uint8_t new[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    begin(60, 8);
    memcpy(old, net.kept[0].bytes, sizeof old);
    custodians_say(&net, 2);
    custodians_run(&net, 20000);
    memcpy(new, net.kept[0].bytes, sizeof new);
    CHECK_INT(custodians_find(&net, false), 0);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(cepa_lookups_next(&net.lookups, &effect), 0);
        CHECK_INT(effect.kind, CEPA_LOOKUPS_ASK);
        asks[i] = effect.ask;
    }
    CHECK_INT(cepa_lookups_next(&net.lookups, &effect), CEPA_ERR_NOT_FOUND);
    cepa_lookups_on_answer(&net.lookups, asks[0].number, CEPA_CUSTODIAN_DONE, old, sizeof old,
                           net.now);
    CHECK_INT(cepa_lookups_next(&net.lookups, &effect), CEPA_ERR_NOT_FOUND);
    custodians_run(&net, 1001);
    CHECK_INT(version_found(), 1);
    cepa_lookups_on_answer(&net.lookups, asks[1].number, CEPA_CUSTODIAN_DONE, new, sizeof new,
                           net.now);
    CHECK_INT(cepa_lookups_next(&net.lookups, &effect), 0);
    CHECK_INT(effect.kind, CEPA_LOOKUPS_FOUND);
    CHECK_INT(effect.found->contents.points[0].key[0], 2);
    cepa_lookups_on_answer(&net.lookups, asks[1].number, CEPA_CUSTODIAN_DONE, old, sizeof old,
                           net.now); /* over */
    CHECK_INT(cepa_lookups_next(&net.lookups, &effect), CEPA_ERR_NOT_FOUND);
}

TEST(a_cancelled_one_is_silent)
{
    begin(60, 9);
    CHECK_INT(custodians_find(&net, false), 0);
    cepa_lookups_cancel(&net.lookups, net.log.lookup, net.now);
    cepa_lookups_cancel(&net.lookups, net.log.lookup + 77, net.now);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.founds + net.log.faileds, 0);
    CHECK_INT(net.log.decoys, CEPA_LOOKUP_DECOYS);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.founds, 1);
}

TEST(midnight_ends_what_is_under_way)
{
    begin(60, 10);
    custodians_nearest(&net, 8, CUSTODIAN_SILENT);
    custodians_run(&net, 12 * 3600000 + 77777 - 5000 - 1000);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    CHECK_INT(net.log.faileds, 1);
    CHECK_INT(net.log.error, CEPA_ERR_TIMEOUT);
    CHECK(net.log.found_ms >= 5000 && net.log.found_ms < 5010);
}

/* Makes addresses that exist: blinding refuses others. */
static struct cepa_address address_of(uint32_t number)
{
    struct cepa_address address = net.identity.address;
    address.bytes[CEPA_ADDRESS_SIZE - 1] ^= (uint8_t)number; /* any hash belongs to the key */
    return address;
}

TEST(there_are_so_many_at_one_time_and_no_more)
{
    uint64_t lookup = 0;
    struct cepa_lookups_effect effect;
    custodians_init(&net, 60, 11);
    for (uint32_t i = 0; i < CEPA_LOOKUPS_MAX; i++) {
        struct cepa_address address = address_of(i);
        CHECK_INT(cepa_lookups_find(&net.lookups, &lookup, &address, false, net.now, net.wall), 0);
    }
    struct cepa_address address = address_of(CEPA_LOOKUPS_MAX);
    CHECK_INT(cepa_lookups_find(&net.lookups, &lookup, &address, false, net.now, net.wall),
              CEPA_ERR_FULL);
    net.now = cepa_time_add(net.now, 61 * CEPA_SECOND_NS);
    cepa_lookups_step(&net.lookups, net.now, net.wall);
    uint32_t faileds = 0;
    while (cepa_lookups_next(&net.lookups, &effect) == 0) {
        faileds += effect.kind == CEPA_LOOKUPS_FAILED ? 1 : 0;
    }
    CHECK_INT(faileds, CEPA_LOOKUPS_MAX);
    CHECK_INT(cepa_lookups_find(&net.lookups, &lookup, &address, false, net.now, net.wall), 0);
}

/* What is remembered is bounded: the one that was not used for longest goes. */
TEST(the_least_used_one_is_forgotten)
{
    const size_t places = sizeof net.known / sizeof net.known[0];
    begin(60, 12);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 10000);
    for (size_t i = 0; i < places; i++) {
        CHECK(i == 0 || !net.known[i].is_taken);
        net.known[i].is_taken = true; /* as if others had been found */
        net.known[i].day.number = custodians_today(&net);
        net.known[i].used = 1000 + i;
        net.known[i].address = address_of((uint32_t)i);
    }
    net.known[3].used = 5;
    net.known[0].address = address_of(99);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.founds, 1);
    for (size_t i = 0; i < places; i++) {
        bool is_ours =
            memcmp(&net.known[i].address, &net.identity.address, sizeof net.identity.address) == 0;
        CHECK(is_ours == (i == 3));
    }
    cepa_lookups_wipe(&net.lookups);
    CHECK(!net.known[3].is_taken);
}

TEST(without_randomness_there_is_none)
{
    begin(60, 13);
    custodians_randomness(&net, false);
    CHECK_INT(custodians_find(&net, false), CEPA_ERR_RANDOM);
    custodians_randomness(&net, true);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_randomness(&net, false); /* no decoys, but a result */
    custodians_run(&net, 5000);
    CHECK_INT(net.log.founds, 1);
    CHECK_INT(net.log.decoys, 0);
}

TEST_MAIN(RUN(an_address_is_found_within_one_answer), RUN(decoys_come_at_fixed_times),
          RUN(what_was_found_is_remembered_until_the_day_ends),
          RUN(what_did_not_serve_is_asked_for_again),
          RUN(what_is_known_serves_though_there_is_nothing_newer),
          RUN(two_who_want_the_same_share_a_look_up), RUN(nobody_has_what_was_not_published),
          RUN(no_relays_no_answer), RUN(hostile_custodians_delay_and_do_not_deceive),
          RUN(when_all_of_them_are_hostile_it_fails_in_time),
          RUN(an_old_descriptor_loses_against_any_honest_answer),
          RUN(a_newer_one_that_comes_late_is_told_too), RUN(a_cancelled_one_is_silent),
          RUN(midnight_ends_what_is_under_way), RUN(there_are_so_many_at_one_time_and_no_more),
          RUN(the_least_used_one_is_forgotten), RUN(without_randomness_there_is_none))
