/* What a probe says of itself; tests/lab/nodes runs whole ones. */
#include "native/daemon/probe.h"

#include "support/test.h"

static struct cepa_probe probe;

TEST(without_a_probe_nothing_is_due)
{
    const struct cepa_node_effect effect = {.event = CEPA_EVENT_CIRCUIT_READY};
    struct cepa_time now = {CEPA_SECOND_NS};
    struct cepa_probe_result result;
    CHECK(cepa_time_is_never(cepa_probe_deadline(&probe)));
    cepa_probe_step(&probe, NULL, now);
    CHECK(!cepa_probe_on_event(&probe, NULL, &effect, now));
    cepa_probe_result_of(&result, &probe);
    CHECK(!result.is_running);
    CHECK_INT(result.sent, 0);
    CHECK_INT(result.echo_us_max, 0);
}

TEST(answers_are_summed_up)
{
    struct cepa_probe_result result;
    probe = (struct cepa_probe){.state = CEPA_PROBE_SENDING,
                                .request = {.count = 200, .path_len = 1},
                                .sent = 100,
                                .answered = 99,
                                .ready_us = 5};
    for (uint32_t i = 0; i < 99; i++) {
        probe.echo_us[i] = 99 - i;
    }
    cepa_probe_result_of(&result, &probe);
    CHECK(result.is_running);
    CHECK_INT(result.count, 200);
    CHECK_INT(result.sent, 100);
    CHECK_INT(result.answered, 99);
    CHECK_INT(result.echo_us_median, 50);
    CHECK_INT(result.echo_us_p95, 95);
    CHECK_INT(result.echo_us_max, 99);
}

TEST(the_next_message_or_the_end_is_due)
{
    probe = (struct cepa_probe){.state = CEPA_PROBE_SENDING,
                                .request = {.count = 2, .path_len = 1},
                                .next = {5},
                                .deadline = {9}};
    CHECK_INT(cepa_probe_deadline(&probe).ns, 5);
    probe.sent = 2;
    CHECK_INT(cepa_probe_deadline(&probe).ns, 9);
    probe.state = CEPA_PROBE_BUILDING;
    CHECK_INT(cepa_probe_deadline(&probe).ns, 9);
}

TEST_MAIN(RUN(without_a_probe_nothing_is_due), RUN(answers_are_summed_up),
          RUN(the_next_message_or_the_end_is_due))
