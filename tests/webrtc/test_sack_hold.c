/* Which acknowledgements wait, and for how long. */
#include <string.h>

#include "native/webrtc/sack_hold.h"
#include "support/test.h"

#define MS CEPA_MILLISECOND_NS

static struct cepa_sack_hold hold;
static struct cepa_time now;

/* A packet with a SACK and nothing else. */
static void make(uint8_t ret_packet[CEPA_SACK_HOLD_SIZE], uint8_t tsn)
{
    memset(ret_packet, 0, CEPA_SACK_HOLD_SIZE);
    ret_packet[12] = 3;
    ret_packet[15] = 16;
    ret_packet[19] = tsn;
}

static bool takes(uint8_t tsn)
{
    uint8_t packet[CEPA_SACK_HOLD_SIZE];
    make(packet, tsn);
    return cepa_sack_hold_takes(&hold, packet, sizeof packet, now);
}

/* Begins, and sends as many at once as go. */
static void exhaust(void)
{
    memset(&hold, 0, sizeof hold);
    now = (struct cepa_time){CEPA_SECOND_NS};
    for (unsigned i = 0; i < CEPA_SACK_HOLD_BURST; i++) {
        CHECK(!takes(1));
    }
}

TEST(a_few_leave_at_once)
{
    exhaust();
    CHECK(cepa_time_is_never(cepa_sack_hold_deadline(&hold)));
    CHECK(cepa_sack_hold_next(&hold, now) == NULL);
    now = cepa_time_add(now, CEPA_SACK_HOLD_INTERVAL_MS * MS);
    CHECK(!takes(2));
    CHECK(takes(3));
}

TEST(the_newest_leaves_when_its_time_has_come)
{
    exhaust();
    CHECK(takes(2));
    CHECK(takes(3));
    struct cepa_time due = cepa_sack_hold_deadline(&hold);
    CHECK_INT(cepa_time_since(due, now), CEPA_SACK_HOLD_INTERVAL_MS * MS);
    now.ns = due.ns - 1;
    CHECK(cepa_sack_hold_next(&hold, now) == NULL);
    now = due;
    const uint8_t *packet = cepa_sack_hold_next(&hold, now);
    CHECK(packet != NULL);
    CHECK_INT(packet[19], 3);
    CHECK(cepa_sack_hold_next(&hold, now) == NULL);
    CHECK(cepa_time_is_never(cepa_sack_hold_deadline(&hold)));
}

TEST(one_in_eight_leaves_however_many_there_are)
{
    unsigned sent = 0;
    exhaust();
    for (unsigned i = 0; i < 100 * CEPA_SACK_HOLD_COUNT; i++) {
        sent += !takes((uint8_t)i);
    }
    CHECK_INT(sent, 100);
    now = cepa_time_add(now, CEPA_SACK_HOLD_INTERVAL_MS * MS);
    CHECK(!takes(1)); /* they did not use up what comes later */
}

TEST(nothing_else_waits)
{
    uint8_t packet[64];
    exhaust();
    make(packet, 2);
    packet[25] = 1; /* a gap */
    CHECK(!cepa_sack_hold_takes(&hold, packet, CEPA_SACK_HOLD_SIZE, now));
    make(packet, 2);
    packet[27] = 1; /* a duplicate */
    CHECK(!cepa_sack_hold_takes(&hold, packet, CEPA_SACK_HOLD_SIZE, now));
    make(packet, 2);
    packet[12] = 5; /* another chunk */
    CHECK(!cepa_sack_hold_takes(&hold, packet, CEPA_SACK_HOLD_SIZE, now));
    make(packet, 2);
    memset(packet + CEPA_SACK_HOLD_SIZE, 0, 4);
    CHECK(!cepa_sack_hold_takes(&hold, packet, CEPA_SACK_HOLD_SIZE + 4, now));
    CHECK(!cepa_sack_hold_takes(&hold, packet, 12, now));
    CHECK(cepa_time_is_never(cepa_sack_hold_deadline(&hold)));
}

TEST_MAIN(RUN(a_few_leave_at_once), RUN(the_newest_leaves_when_its_time_has_come),
          RUN(one_in_eight_leaves_however_many_there_are), RUN(nothing_else_waits))
