/* Sessions of an end that reaches nobody: they end, are told of once, and leave nothing. */
#include "end/end_parts.h"
#include "support/lone_end.h"
#include "support/pair.h"
#include "support/test.h"

static struct lone_end lone;
static const struct cepa_end_identity nobody;

static int dial(struct cepa_end_session *ret_session, uint8_t number)
{
    struct cepa_address address = sim_pair_address(number);
    return cepa_end_connect(lone.end, ret_session, &address, nobody, sim_now(lone.sim));
}

TEST(two_wait_for_one_look_up)
{
    struct cepa_end_session sessions[2];
    lone_end_begin(&lone, 11);
    CHECK_INT(dial(&sessions[0], 1), 0);
    CHECK_INT(dial(&sessions[1], 1), 0);
    cepa_end_close(lone.end, sessions[0], 3, sim_now(lone.sim));
    CHECK_INT(lone.end->talks.count, 1);
    lone_end_run(&lone, 20 * CEPA_SECOND_NS);
    CHECK_INT(lone.events[CEPA_END_FAILED], 2);
    CHECK(lone.error != CEPA_ERR_TIMEOUT || lone.end->talks.count == 0);
    CHECK_INT(lone.end->talks.count, 0);
    sim_free(lone.sim);
}

TEST(names_of_what_is_gone_name_nothing)
{
    struct cepa_end_session old, fresh;
    lone_end_begin(&lone, 12);
    CHECK_INT(dial(&old, 1), 0);
    cepa_end_close(lone.end, old, 0, sim_now(lone.sim));
    CHECK_INT(dial(&fresh, 2), 0);
    CHECK_INT(fresh.handle.index, old.handle.index);
    cepa_end_close(lone.end, old, 0, sim_now(lone.sim));
    cepa_end_touch(lone.end, old);
    CHECK(cepa_end_streams(lone.end, old) == NULL);
    CHECK_INT(lone.end->talks.count, 1);
    sim_free(lone.sim);
}

TEST(who_takes_no_events_gets_no_more_sessions)
{
    struct cepa_end_session session;
    uint32_t made = 0;
    lone_end_begin(&lone, 13);
    while (made < 10000 && dial(&session, 1) == 0) {
        cepa_end_touch(lone.end, session);
        cepa_end_close(lone.end, session, 0, sim_now(lone.sim));
        made++;
    }
    CHECK(made > 4 && made < 10000);
    lone_end_run(&lone, 60 * CEPA_SECOND_NS);
    CHECK_INT(lone.events[CEPA_END_FAILED], made);
    CHECK_INT(dial(&session, 2), 0); /* and then again */
    sim_free(lone.sim);
}

TEST(an_unknown_identity_opens_nothing)
{
    const struct cepa_end_identity gone = {{7, 0, 0}};
    struct cepa_end_session session;
    struct cepa_address address = sim_pair_address(1);
    lone_end_begin(&lone, 14);
    CHECK_INT(cepa_end_connect(lone.end, &session, &address, gone, sim_now(lone.sim)),
              CEPA_ERR_NOT_FOUND);
    for (uint8_t i = 0; i < 4; i++) {
        CHECK_INT(dial(&session, 1), 0);
    }
    CHECK_INT(dial(&session, 1), CEPA_ERR_FULL);
    CHECK_INT(lone.end->talks.count, 4);
    sim_free(lone.sim);
}

TEST_MAIN(RUN(two_wait_for_one_look_up), RUN(names_of_what_is_gone_name_nothing),
          RUN(who_takes_no_events_gets_no_more_sessions), RUN(an_unknown_identity_opens_nothing))
