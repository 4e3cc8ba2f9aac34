/* Connections that look for a path anew: one side, both at once, more than once. */
#include <string.h>

#include "native/webrtc/endpoint.h"
#include "support/endpoint_net.h"
#include "support/test.h"

static struct cepa_connection_id ids[2];

static struct cepa_endpoint *endpoint(size_t end)
{
    return test_net_ends[end].endpoint;
}

/* Opens a connection by an offer of end 0. */
static void begin(uint64_t seed)
{
    struct cepa_description offer;
    struct cepa_description answer;
    test_net_begin(2, 5, 0, seed);
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &ids[0], &offer), 0);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[1], &answer, &offer), 0);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    test_net_pass_ms(1000);
}

/* A message of each side arrives at the other. */
static void expect_alive(void)
{
    const struct cepa_dcep_open open = {.label = "x", .label_len = 1};
    for (size_t i = 0; i < 2; i++) {
        struct cepa_channel_id channel;
        size_t before = test_net_ends[1 - i].messages;
        struct cepa_channels *channels = cepa_endpoint_channels(endpoint(i), ids[i]);
        CHECK(channels != NULL);
        CHECK_INT(cepa_channels_open(channels, &channel, &open), 0);
        CHECK_INT(cepa_channels_send(channels, channel, false, "here", 4), 0);
        test_net_pass_ms(500);
        CHECK_INT(test_net_ends[1 - i].messages, before + 1);
    }
}

/* The restart of one side, answered by the other. */
static void restart(size_t side)
{
    struct cepa_description offer;
    struct cepa_description answer;
    CHECK_INT(cepa_endpoint_restart(endpoint(side), ids[side], &offer), 0);
    CHECK_INT(cepa_endpoint_answer_restart(endpoint(1 - side), ids[1 - side], &answer, &offer), 0);
    CHECK_INT(cepa_endpoint_accept(endpoint(side), ids[side], &answer), 0);
    CHECK_INT(cepa_endpoint_accept(endpoint(side), ids[side], &answer), CEPA_ERR_STATE);
}

TEST(either_side_restarts_after_it_has_moved)
{
    for (size_t side = 0; side < 2; side++) {
        begin(side);
        test_net_move(side, (uint8_t)(50 + side));
        restart(side);
        CHECK_INT(test_net_wait(1 - side, CEPA_ENDPOINT_PATH, 2000).kind, CEPA_ENDPOINT_PATH);
        test_net_pass_ms(500);
        expect_alive();
    }
}

TEST(a_restart_that_nobody_answers_can_be_followed_by_another)
{
    for (size_t side = 0; side < 2; side++) {
        struct cepa_description lost;
        begin(2 + side);
        for (unsigned i = 0; i < 3; i++) {
            CHECK_INT(cepa_endpoint_restart(endpoint(side), ids[side], &lost), 0);
            test_net_pass_ms(2000);
            expect_alive(); /* on the old path */
        }
        test_net_move(side, (uint8_t)(60 + side));
        restart(side);
        test_net_pass_ms(2000);
        expect_alive();
    }
}

TEST(of_two_restarts_at_once_one_stands)
{
    for (uint64_t seed = 4; seed < 8; seed++) {
        struct cepa_description offers[2];
        struct cepa_description answer;
        unsigned refused = 0;
        begin(seed);
        test_net_move(seed % 2, 70);
        CHECK_INT(cepa_endpoint_restart(endpoint(0), ids[0], &offers[0]), 0);
        CHECK_INT(cepa_endpoint_restart(endpoint(1), ids[1], &offers[1]), 0);
        for (size_t side = 0; side < 2; side++) {
            int error =
                cepa_endpoint_answer_restart(endpoint(side), ids[side], &answer, &offers[1 - side]);
            refused += error == CEPA_ERR_STATE;
            if (error == 0) {
                CHECK_INT(cepa_endpoint_accept(endpoint(1 - side), ids[1 - side], &answer), 0);
            }
        }
        CHECK_INT(refused, 1);
        test_net_pass_ms(2000);
        expect_alive();
        restart(0);
        test_net_pass_ms(2000);
        expect_alive();
    }
}

TEST(dials_are_not_restarted)
{
    struct cepa_description offer;
    test_net_begin(2, 5, 0, 9);
    const struct cepa_dial_address address = test_net_dial_address(1);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &ids[0], &address), 0);
    struct cepa_endpoint_event event = test_net_wait(1, CEPA_ENDPOINT_OPEN, 2000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_OPEN);
    CHECK_INT(cepa_endpoint_restart(endpoint(0), ids[0], &offer), CEPA_ERR_STATE);
    CHECK_INT(cepa_endpoint_restart(endpoint(1), event.connection, &offer), CEPA_ERR_STATE);
}

TEST_MAIN(RUN(either_side_restarts_after_it_has_moved),
          RUN(a_restart_that_nobody_answers_can_be_followed_by_another),
          RUN(of_two_restarts_at_once_one_stands), RUN(dials_are_not_restarted))
