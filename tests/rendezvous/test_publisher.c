/* The publisher in virtual time: copies where they should be, each day, whatever clocks and
 * custodians do. */
#include <string.h>

#include "support/custodians.h"
#include "support/test.h"

#define HOUR_MS UINT64_C(3600000)

static struct custodians net;

static struct cepa_publisher_status status(void)
{
    struct cepa_publisher_status now;
    cepa_publisher_status_get(&now, &net.publisher);
    return now;
}

TEST(a_first_descriptor_is_at_four_relays_of_each_position)
{
    custodians_init(&net, 60, 1);
    CHECK(cepa_time_is_never(cepa_publisher_deadline(&net.publisher)));
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    CHECK_INT(status().copies[0], 4);
    CHECK_INT(status().copies[1], 4);
    CHECK(!status().is_changing);
    CHECK(status().sequence % 600000 == 0);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), status().sequence), 8);
    CHECK_INT(net.log.puts, 8);
}

TEST(the_same_again_changes_nothing_and_changes_come_bundled)
{
    custodians_init(&net, 60, 2);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    uint64_t first = status().sequence;
    custodians_say(&net, 1);
    custodians_run(&net, 30000);
    CHECK_INT(net.log.puts, 8);
    custodians_say(&net, 2);
    custodians_run(&net, 300);
    CHECK(status().sequence == first + 1); /* at once */
    custodians_say(&net, 3);
    custodians_run(&net, 300);
    custodians_say(&net, 4);
    custodians_run(&net, 1000);
    CHECK(status().sequence == first + 2); /* a second later, both together */
    custodians_say(&net, 5);
    custodians_run(&net, 1000);
    CHECK(status().sequence == first + 3);
    custodians_say(&net, 6);
    custodians_run(&net, 4000);
    CHECK(status().sequence == first + 3); /* three in a row, then every ten seconds */
    CHECK(status().is_changing);
    custodians_run(&net, 5000);
    CHECK(status().sequence == first + 4);
    custodians_say(&net, 7);
    custodians_run(&net, 8000);
    CHECK(status().sequence == first + 4);
    custodians_run(&net, 3000);
    CHECK(status().sequence == first + 5);
    CHECK_INT(net.log.puts, 48);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.found.contents.points[0].key[0], 7);
}

TEST(nothing_to_say_says_nothing)
{
    struct cepa_address_contents nothing = custodians_contents(1);
    custodians_init(&net, 60, 3);
    nothing.points_len = 0;
    cepa_publisher_set(&net.publisher, &nothing, net.now, net.wall);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.puts, 0);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.puts, 8);
    cepa_publisher_set(&net.publisher, &nothing, net.now, net.wall);
    custodians_run(&net, 48 * HOUR_MS);
    CHECK_INT(net.log.puts, 8);
    CHECK(status().sequence == 0);
}

TEST(copies_are_put_again_every_few_hours)
{
    custodians_init(&net, 60, 4);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    uint64_t sequence = status().sequence;
    memset(net.kept, 0, sizeof net.kept); /* all of them have restarted */
    custodians_run(&net, 4 * HOUR_MS);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), sequence), 8);
    CHECK(status().sequence == sequence);
    memset(net.kept, 0, sizeof net.kept);
    cepa_publisher_again(&net.publisher, net.now);
    custodians_run(&net, 2000);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), sequence), 8);
}

/* Somebody whose clock is off by two hours finds what another one, off by two hours the other way,
 * has published; at every quarter of an hour of three days. */
static void always_found(int64_t publisher_skew_ms, int64_t lookups_skew_ms, uint64_t seed)
{
    custodians_init(&net, 60, seed);
    net.publisher_skew_ms = publisher_skew_ms;
    net.lookups_skew_ms = lookups_skew_ms;
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    for (uint32_t quarter = 0; quarter < 3 * 24 * 4; quarter++) {
        if (quarter % 10 == 3) {
            custodians_say(&net, quarter);
        }
        custodians_run(&net, HOUR_MS / 4);
        CHECK_INT(custodians_find(&net, true), 0);
        custodians_run(&net, 1000);
        if (net.log.faileds > 0) { /* what is remembered is the newest */
            CHECK_INT(net.log.error, CEPA_ERR_NOT_FOUND);
            CHECK(cepa_lookups_known(&net.lookups, &net.identity.address) != NULL);
        } else {
            CHECK_INT(net.log.founds, 1);
        }
    }
}

TEST(clocks_that_are_off_by_two_hours_find_it_at_any_time)
{
    int64_t skew = (int64_t)(2 * HOUR_MS);
    always_found(0, 0, 5);
    always_found(skew, -skew, 6);
    always_found(-skew, skew, 7);
}

TEST(midnight_adds_the_next_day_before_and_drops_the_last_one_after)
{
    uint32_t day;
    custodians_init(&net, 60, 8);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    day = custodians_today(&net);
    custodians_run(&net, 6 * HOUR_MS + 120000); /* a quarter of a day before midnight */
    CHECK_INT(custodians_copies(&net, day, 0), 8);
    CHECK_INT(custodians_copies(&net, day + 1, 0), 8);
    custodians_run(&net, 6 * HOUR_MS); /* just after it */
    CHECK_INT(custodians_today(&net), day + 1);
    custodians_say(&net, 2);
    custodians_run(&net, 60000);
    CHECK_INT(status().copies[0], 4);
    CHECK_INT(net.publisher.days[0].is_taken + net.publisher.days[1].is_taken, 2);
    custodians_run(&net, 7 * HOUR_MS);
    CHECK_INT(net.publisher.days[0].is_taken + net.publisher.days[1].is_taken, 1);
    custodians_run(&net, 24 * HOUR_MS);
    CHECK_INT(custodians_copies(&net, day + 2, 0), 8);
}

TEST(a_machine_that_slept_for_days_is_back_at_once)
{
    custodians_init(&net, 60, 9);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    net.is_publisher_off = true;
    custodians_run(&net, 70 * HOUR_MS);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), 0), 0);
    net.is_publisher_off = false;
    custodians_run(&net, 1000);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), 0), 8);
}

TEST(relays_that_refuse_are_passed_over)
{
    static const enum custodian_manner manners[] = {CUSTODIAN_REFUSING, CUSTODIAN_FAILING,
                                                    CUSTODIAN_SILENT, CUSTODIAN_BOASTING};
    for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
        custodians_init(&net, 60, 10 + i);
        custodians_nearest(&net, 3, manners[i]);
        custodians_say(&net, 1);
        custodians_run(&net, 10 * 60000);
        CHECK_INT(custodians_copies(&net, custodians_today(&net), status().sequence), 8);
        CHECK(net.log.puts < 400);
    }
}

TEST(when_all_refuse_it_is_tried_ever_less_often)
{
    custodians_init(&net, 60, 20);
    custodians_nearest(&net, 8, CUSTODIAN_REFUSING);
    custodians_say(&net, 1);
    custodians_run(&net, 60000);
    CHECK_INT(status().copies[0] + status().copies[1], 0);
    CHECK(net.log.puts <= 16 * 5);
    custodians_run(&net, HOUR_MS);
    CHECK(net.log.puts <= 16 * 12);
    custodians_nearest(&net, 8, CUSTODIAN_HONEST);
    custodians_run(&net, HOUR_MS / 2);
    CHECK_INT(status().copies[0] + status().copies[1], 8);
}

TEST(few_relays_have_all_of_it)
{
    custodians_init(&net, 3, 21);
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    CHECK_INT(status().copies[0], 3);
    CHECK_INT(status().copies[1], 3);
    net.relays_len = 0;
    custodians_init(&net, 0, 22);
    custodians_say(&net, 1);
    custodians_run(&net, 60000);
    CHECK_INT(status().copies[0], 0);
}

/* Begins a new run of the publisher, which knows nothing of the last one. */
static void restart(void)
{
    struct cepa_publisher_config config = net.publisher.config;
    cepa_publisher_wipe(&net.publisher);
    cepa_publisher_init(&net.publisher, &config);
}

/* A new run whose first sequence is the last one's, or below it since a clock was put right. */
static void run_anew(int64_t skew_ms, enum custodian_manner manner, uint64_t within_ms)
{
    custodians_init(&net, 60, 23);
    custodians_nearest(&net, 8, manner);
    net.publisher_skew_ms = skew_ms;
    custodians_say(&net, 1);
    custodians_run(&net, 1000);
    net.publisher_skew_ms = 0;
    restart();
    custodians_say(&net, 2);
    custodians_run(&net, within_ms);
    CHECK_INT(custodians_copies(&net, custodians_today(&net), status().sequence), 8);
    CHECK_INT(status().copies[0], 4);
    CHECK_INT(custodians_find(&net, false), 0);
    custodians_run(&net, 1000);
    CHECK_INT(net.log.found.contents.points[0].key[0], 2);
}

TEST(a_new_run_passes_what_relays_have_of_the_last_one)
{
    run_anew(0, CUSTODIAN_HONEST, 12000);
    run_anew(0, CUSTODIAN_TELLING, 12000);
    run_anew((int64_t)HOUR_MS, CUSTODIAN_TELLING, 12000);
    run_anew((int64_t)HOUR_MS, CUSTODIAN_HONEST, 60000);
    run_anew((int64_t)(10 * HOUR_MS), CUSTODIAN_HONEST, 100000);
}

TEST(without_randomness_it_waits)
{
    custodians_init(&net, 60, 24);
    custodians_randomness(&net, false);
    custodians_say(&net, 1);
    custodians_run(&net, 5000);
    CHECK_INT(net.log.puts, 0);
    custodians_randomness(&net, true);
    custodians_run(&net, 5000);
    CHECK_INT(net.log.puts, 8);
}

TEST(answers_to_questions_that_are_over_change_nothing)
{
    struct cepa_custodian_ask ask;
    custodians_init(&net, 60, 25);
    custodians_say(&net, 1);
    CHECK_INT(cepa_publisher_next(&net.publisher, &ask, net.now), 0);
    CHECK(cepa_publisher_descriptor(&net.publisher, ask.number) != NULL);
    CHECK(cepa_publisher_descriptor(&net.publisher, ask.number + 1) == NULL);
    cepa_publisher_on_answer(&net.publisher, ask.number, CEPA_CUSTODIAN_DONE, 0, net.now);
    CHECK(cepa_publisher_descriptor(&net.publisher, ask.number) == NULL);
    cepa_publisher_on_answer(&net.publisher, ask.number, CEPA_CUSTODIAN_REFUSED, 0, net.now);
    CHECK_INT(status().copies[0] + status().copies[1], 1);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(cepa_publisher_next(&net.publisher, &ask, net.now), 0);
    }
    CHECK_INT(cepa_publisher_next(&net.publisher, &ask, net.now), CEPA_ERR_NOT_FOUND);
}

TEST_MAIN(RUN(a_first_descriptor_is_at_four_relays_of_each_position),
          RUN(the_same_again_changes_nothing_and_changes_come_bundled),
          RUN(nothing_to_say_says_nothing), RUN(copies_are_put_again_every_few_hours),
          RUN(clocks_that_are_off_by_two_hours_find_it_at_any_time),
          RUN(midnight_adds_the_next_day_before_and_drops_the_last_one_after),
          RUN(a_machine_that_slept_for_days_is_back_at_once),
          RUN(relays_that_refuse_are_passed_over), RUN(when_all_refuse_it_is_tried_ever_less_often),
          RUN(few_relays_have_all_of_it), RUN(a_new_run_passes_what_relays_have_of_the_last_one),
          RUN(without_randomness_it_waits), RUN(answers_to_questions_that_are_over_change_nothing))
