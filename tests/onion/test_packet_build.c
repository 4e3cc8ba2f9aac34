/* Building: every bad plan, failing randomness at every draw, bad keys, what a failure leaves
 * alone, what depends on what. That packets arrive is tested with packet_peel. */
#include "onion/packet_build.h"

#include <string.h>

#include "support/relays.h"
#include "support/test.h"

static struct test_relays *relays;
static uint8_t packet_before[CEPA_PACKET_SIZE];

static void setup(void)
{
    if (relays == NULL) {
        relays = test_relays_new(16, 2);
    }
    relays->random = test_source_init(&relays->source, 77);
    memset(relays->packet, 0xd7, sizeof relays->packet);
    memset(packet_before, 0xd7, sizeof packet_before);
    memset(&relays->seeds_made, 0xd7, sizeof relays->seeds_made);
}

static int build(const struct cepa_packet_plan *plan)
{
    return cepa_packet_build(relays->packet, &relays->seeds_made, plan, &relays->random,
                             &relays->build, relays->cpu);
}

/* Building must fail and write nothing; `draws` says how far it may come. */
static void check_refused(const struct cepa_packet_plan *plan, int want, int draws)
{
    int draws_before = relays->source.draws;
    CHECK_INT(build(plan), want);
    CHECK(memcmp(relays->packet, packet_before, sizeof packet_before) == 0);
    CHECK(memcmp(&relays->seeds_made, packet_before, sizeof relays->seeds_made) == 0);
    CHECK_INT(relays->source.draws - draws_before, draws);
}

TEST(a_path_has_one_to_five_hops)
{
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 5, CEPA_PACKET_DELIVER, 10);
    plan.hops_len = 0;
    check_refused(&plan, CEPA_ERR_ARGUMENT, 0);
    plan.hops_len = 6;
    check_refused(&plan, CEPA_ERR_ARGUMENT, 0);
    plan.hops_len = SIZE_MAX;
    check_refused(&plan, CEPA_ERR_ARGUMENT, 0);
}

TEST(types_stand_where_they_belong)
{
    setup();
    for (int type = 0; type < 300; type++) {
        for (size_t at = 0; at < 3; at++) {
            struct cepa_packet_plan plan = test_relays_plan(relays, 3, CEPA_PACKET_DROP, 10);
            plan.types[at] = (enum cepa_packet_type)type;
            bool is_right = at == 2
                                ? type == CEPA_PACKET_DELIVER || type == CEPA_PACKET_CREATE_LAST ||
                                      type == CEPA_PACKET_DROP
                                : type == CEPA_PACKET_FORWARD || type == CEPA_PACKET_CREATE ||
                                      type == CEPA_PACKET_EXTEND;
            if (!is_right) {
                check_refused(&plan, CEPA_ERR_ARGUMENT, 0);
            }
        }
    }
}

TEST(delays_are_short_and_where_a_hop_waits)
{
    static const struct {
        enum cepa_packet_type type;
        size_t at;
        uint16_t delay_ms;
        int want;
    } cases[] = {
        {CEPA_PACKET_FORWARD, 0, 10000, 0},
        {CEPA_PACKET_FORWARD, 1, 10001, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_FORWARD, 0, 65535, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_CREATE, 0, 1, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_EXTEND, 0, 1, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_DELIVER, 2, 1, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_CREATE_LAST, 2, 1, CEPA_ERR_ARGUMENT},
        {CEPA_PACKET_DROP, 2, 1, CEPA_ERR_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup();
        struct cepa_packet_plan plan = test_relays_plan(relays, 3, CEPA_PACKET_DELIVER, 10);
        plan.types[cases[i].at] = cases[i].type;
        plan.hops[cases[i].at].delay_ms = cases[i].delay_ms;
        if (cases[i].want == 0) {
            CHECK_INT(build(&plan), 0);
        } else {
            check_refused(&plan, cases[i].want, 0);
        }
    }
}

TEST(a_content_too_long_is_refused)
{
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 3, CEPA_PACKET_DELIVER, 10);
    plan.content.data_len = CEPA_PACKET_CONTENT_MAX + 1;
    check_refused(&plan, CEPA_ERR_TOO_LONG, 0);
    plan.content.data_len = SIZE_MAX;
    check_refused(&plan, CEPA_ERR_TOO_LONG, 0);
}

TEST(randomness_that_fails_at_any_draw_gives_its_error)
{
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        setup();
        struct cepa_packet_plan plan =
            test_relays_plan(relays, hops_len, CEPA_PACKET_CREATE_LAST, 10);
        CHECK_INT(build(&plan), 0);
        int draws = relays->source.draws;
        CHECK_INT(draws, 2);
        for (int at = 1; at <= draws; at++) {
            setup();
            relays->source.fail_at = at;
            check_refused(&plan, CEPA_ERR_RANDOM, at);
        }
    }
}

TEST(a_bad_key_of_any_hop_gives_its_error)
{
    static struct cepa_xwing_public_key not_reduced, low_order;
    for (size_t at = 0; at < 5; at++) {
        setup();
        not_reduced = relays->relay[at].public_key;
        low_order = relays->relay[at].public_key;
        memset(not_reduced.bytes, 0xff, 3); /* two coefficients of 4,095 */
        memset(low_order.bytes + 1184, 0, 32);
        struct cepa_packet_plan plan = test_relays_plan(relays, 5, CEPA_PACKET_DELIVER, 10);
        plan.hops[at].key = &not_reduced;
        check_refused(&plan, CEPA_ERR_INVALID_KEY, 2);
        plan.hops[at].key = &low_order;
        check_refused(&plan, CEPA_ERR_LOW_ORDER_POINT, 2);
    }
}

TEST(the_same_randomness_gives_the_same_packet_and_other_randomness_another)
{
    static uint8_t first[CEPA_PACKET_SIZE];
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 3, CEPA_PACKET_DELIVER, 10);
    CHECK_INT(build(&plan), 0);
    memcpy(first, relays->packet, sizeof first);
    setup();
    CHECK_INT(build(&plan), 0);
    CHECK_BYTES(relays->packet, first, sizeof first);
    CHECK_INT(build(&plan), 0);
    int equal = 0;
    for (size_t i = CEPA_PACKET_PREFIX_SIZE; i < sizeof first; i++) {
        equal += relays->packet[i] == first[i];
    }
    /* 64 are expected of 16,380 random bytes, with a deviation of 8. */
    CHECK(equal < 64 + 8 * 6);
}

TEST(seeds_are_not_needed)
{
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 10);
    CHECK_INT(cepa_packet_build(relays->packet, NULL, &plan, &relays->random, &relays->build,
                                relays->cpu),
              0);
    CHECK(memcmp(&relays->seeds_made, packet_before, sizeof relays->seeds_made) == 0);
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

/* Neither keys nor the hops' names, whether the packet was made or not. */
TEST(the_workspace_holds_nothing_afterwards)
{
    struct cepa_xwing_public_key bad_key;
    memset(&bad_key, 0xff, sizeof bad_key);
    for (int variant = 0; variant <= 5; variant++) {
        static const int errors[] = {0,
                                     CEPA_ERR_RANDOM,
                                     CEPA_ERR_RANDOM,
                                     CEPA_ERR_INVALID_KEY,
                                     CEPA_ERR_TOO_LONG,
                                     CEPA_ERR_ARGUMENT};
        setup();
        struct cepa_packet_plan plan = test_relays_plan(relays, 5, CEPA_PACKET_CREATE_LAST, 10);
        memset(&relays->build, 0xc7, sizeof relays->build);
        relays->source.fail_at = variant <= 2 ? variant : 0;
        plan.hops[4].key = variant == 3 ? &bad_key : plan.hops[4].key;
        plan.content.data_len = variant == 4 ? CEPA_PACKET_CONTENT_MAX + 1 : 10;
        plan.types[4] = variant == 5 ? CEPA_PACKET_REPLY_LAST : plan.types[4];
        CHECK_INT(build(&plan), errors[variant]);
        CHECK(is_all_zeros(&relays->build, sizeof relays->build));
    }
}

TEST_MAIN(RUN(a_path_has_one_to_five_hops), RUN(types_stand_where_they_belong),
          RUN(delays_are_short_and_where_a_hop_waits), RUN(a_content_too_long_is_refused),
          RUN(randomness_that_fails_at_any_draw_gives_its_error),
          RUN(a_bad_key_of_any_hop_gives_its_error),
          RUN(the_same_randomness_gives_the_same_packet_and_other_randomness_another),
          RUN(seeds_are_not_needed), RUN(the_workspace_holds_nothing_afterwards))
