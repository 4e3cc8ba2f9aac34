/* A link that is watched is timed by what the node tells of it. */
#include "native/daemon/link_watch.h"

#include "support/test.h"

static struct cepa_link_watch watch;

static struct cepa_time at(uint64_t us)
{
    struct cepa_time time = {CEPA_SECOND_NS + us * CEPA_MICROSECOND_NS};
    return time;
}

static void begin(void)
{
    watch = (struct cepa_link_watch){.is_begun = true, .peer = {{7}}, .began = at(0)};
}

static void tell(enum cepa_node_event event, uint8_t peer, uint64_t link, bool is_relayed,
                 uint64_t us)
{
    const struct cepa_node_effect effect = {.kind = CEPA_NODE_EVENT,
                                            .event = event,
                                            .peer = {{peer}},
                                            .link = link,
                                            .is_relayed = is_relayed,
                                            .is_initiator = true};
    cepa_link_watch_on_event(&watch, &effect, at(us));
}

TEST(a_direct_link_is_direct_at_once)
{
    begin();
    tell(CEPA_EVENT_LINK_UP, 7, 1, false, 300);
    CHECK_INT(watch.up_us, 300);
    CHECK_INT(watch.direct_us, 300);
    CHECK(watch.is_initiator && !watch.was_relayed);
}

TEST(a_relayed_one_may_move)
{
    begin();
    tell(CEPA_EVENT_LINK_UP, 7, 1, true, 300);
    CHECK_INT(watch.direct_us, 0);
    tell(CEPA_EVENT_LINK_MOVED, 7, 2, false, 400);
    CHECK_INT(watch.direct_us, 0); /* that was another link */
    tell(CEPA_EVENT_LINK_MOVED, 7, 1, false, 500);
    CHECK_INT(watch.up_us, 300);
    CHECK_INT(watch.direct_us, 500);
    CHECK(watch.was_relayed);
    tell(CEPA_EVENT_LINK_DOWN, 7, 2, false, 600);
    CHECK_INT(watch.downs, 0);
    tell(CEPA_EVENT_LINK_DOWN, 7, 1, false, 600);
    CHECK_INT(watch.downs, 1);
}

TEST(others_do_not_count)
{
    begin();
    tell(CEPA_EVENT_LINK_UP, 8, 1, false, 300);
    CHECK_INT(watch.up_us, 0);
    watch.is_begun = false;
    tell(CEPA_EVENT_LINK_UP, 7, 1, false, 300);
    CHECK_INT(watch.up_us, 0);
}

TEST_MAIN(RUN(a_direct_link_is_direct_at_once), RUN(a_relayed_one_may_move),
          RUN(others_do_not_count))
