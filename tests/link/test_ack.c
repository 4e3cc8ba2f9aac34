/* Acknowledgement, number by number: what is measured, what a hole does, and when a peer is silent.
 * The limits are those of the specification. @[SPEC 7.6] */
#include <string.h>

#include "link/link_internal.h"
#include "support/link_pair.h"
#include "support/test.h"

#define MS CEPA_MILLISECOND_NS

static struct link_pair pair;
static struct cepa_link *link;
static struct cepa_time now;

/* A link that is up, as if nothing had been said yet. */
static void begin(void)
{
    link_pair_up(&pair, 3, CEPA_CARRIER_WEBRTC, true, NULL, NULL);
    link = &pair.sides[0].link;
    link->told = 0;
    link->parameters.shaper = CEPA_SHAPER_OFF;
    link->sealer.counter = 0;
    now.ns = 100 * CEPA_SECOND_NS;
    cepa_link_ack_init(&link->ack, now);
}

static void pass(uint64_t ns)
{
    now = cepa_time_add(now, ns);
}

/* Sends so many frames that want a word. */
static void send(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        cepa_link_ack_on_sent(link, link->sealer.counter++, true, now);
    }
}

static int hear(uint64_t next, uint64_t received, uint64_t delay_ns)
{
    const struct cepa_link_control_header header = {next, received, (uint32_t)(delay_ns / 1000)};
    return cepa_link_ack_on_header(link, &header, now);
}

static bool has_told(enum cepa_link_event_kind kind)
{
    bool has = (link->told & (uint32_t)1 << kind) != 0;
    link->told &= ~((uint32_t)1 << kind);
    return has;
}

TEST(the_round_trip_is_measured_without_what_the_peer_held_back)
{
    static const struct {
        uint64_t round_ns;
        uint64_t held_ns;
        uint64_t smoothed_ns;
    } rows[] = {
        {40 * MS, 0, 40 * MS},         {40 * MS, 30 * MS, 10 * MS},
        {40 * MS, 40 * MS, 40 * MS},              /* it cannot have held it all the time */
        {40 * MS, 4000 * MS, 40 * MS}, {0, 0, 1}, /* 0 would be no measurement */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        send(1);
        pass(rows[i].round_ns);
        CHECK_INT(hear(1, 1, rows[i].held_ns), 0);
        CHECK_INT(link->ack.smoothed_ns, rows[i].smoothed_ns);
        CHECK_INT(link->ack.variance_ns, rows[i].smoothed_ns / 2);
        link_pair_end(&pair);
    }
}

TEST(measurements_are_smoothed)
{
    begin();
    send(1);
    pass(80 * MS);
    CHECK_INT(hear(1, 1, 0), 0);
    send(1);
    pass(160 * MS);
    CHECK_INT(hear(2, 2, 0), 0);
    CHECK_INT(link->ack.smoothed_ns, 90 * MS);
    CHECK_INT(link->ack.variance_ns, 50 * MS);
    /* The first of several is measured, and one that was lost is not. */
    send(3);
    pass(90 * MS);
    CHECK_INT(hear(5, 4, 0), 0);
    CHECK_INT(link->ack.smoothed_ns, 90 * MS);
    CHECK(cepa_time_is_never(link->ack.sample_at));
    link_pair_end(&pair);
}

TEST(a_word_about_what_was_never_sent_ends_the_link)
{
    begin();
    send(2);
    CHECK_INT(hear(3, 1, 0), CEPA_ERR_MALFORMED);
    CHECK_INT(hear(UINT64_MAX, UINT64_MAX, 0), CEPA_ERR_MALFORMED);
    CHECK_INT(link->ack.acked, 0);
    CHECK_INT(hear(2, 2, 0), 0);
    CHECK_INT(link->ack.acked, 2);
    link_pair_end(&pair);
}

TEST(older_words_change_nothing)
{
    static const uint64_t words[][2] = {{5, 5}, {4, 4}, {0, 0}, {5, 4}, {4, 3}};
    begin();
    send(6);
    pass(10 * MS);
    CHECK_INT(hear(5, 5, 0), 0);
    const struct cepa_link_ack before = link->ack;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        pass(MS);
        CHECK_INT(hear(words[i][0], words[i][1], 0), 0);
        CHECK_INT(link->ack.acked, before.acked);
        CHECK_INT(link->ack.acked_count, before.acked_count);
        CHECK_INT(link->ack.progress.ns, before.progress.ns);
        CHECK_INT(link->ack.probe.ns, before.probe.ns);
        CHECK_INT(link->ack.smoothed_ns, before.smoothed_ns);
    }
    link_pair_end(&pair);
}

TEST(a_hole_is_repeated_for_once_and_not_at_once)
{
    begin();
    send(4);
    pass(60 * MS);
    CHECK_INT(hear(3, 2, 0), 0);
    CHECK_INT(cepa_time_since(link->ack.refresh, now), 5 * MS); /* it may have been overtaken */
    pass(5 * MS);
    cepa_link_ack_step(link, now);
    CHECK_INT(link->ack.lost, 1);
    CHECK(cepa_time_is_never(link->ack.refresh));
    /* The same hole again is none; another one waits its time. */
    pass(MS);
    CHECK_INT(hear(4, 3, 0), 0);
    CHECK(cepa_time_is_never(link->ack.refresh));
    send(2);
    CHECK_INT(hear(6, 4, 0), 0);
    CHECK_INT(cepa_time_since(link->ack.refresh, link->ack.refreshed), 50 * MS);
    /* What came late is no hole any more. */
    CHECK_INT(hear(6, 6, 0), 0);
    CHECK(cepa_time_is_never(link->ack.refresh));
    CHECK_INT(link->ack.lost, 0);
    CHECK(cepa_time_is_never(cepa_link_ack_deadline(link)));
    link_pair_end(&pair);
}

/* Lets time go by from deadline to deadline till the link is stalled; counts the questions. */
static uint64_t wait_for_stall(unsigned *ret_probes)
{
    struct cepa_time begin_at = now;
    *ret_probes = 0;
    while (!link->ack.is_stalled) {
        CHECK(!cepa_time_is_never(cepa_link_ack_deadline(link)));
        now = cepa_link_ack_deadline(link);
        cepa_link_ack_step(link, now);
        *ret_probes += link->ack.is_probe_due;
        link->ack.is_probe_due = false;
        CHECK(cepa_time_since(now, begin_at) <= 10 * CEPA_SECOND_NS);
    }
    return cepa_time_since(now, begin_at);
}

TEST(silence_is_asked_about_and_then_told)
{
    static const struct {
        uint64_t round_ns; /* 0: none was measured */
        uint64_t least_ns;
        uint64_t most_ns;
    } rows[] = {
        {0, 1500 * MS, 1500 * MS}, /* three times the first limit */
        {MS, 300 * MS, 300 * MS},  /* never sooner */
        {40 * MS, 300 * MS, 600 * MS},
        {900 * MS, 1500 * MS, 1500 * MS}, /* never later */
    };
    unsigned probes;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        for (unsigned k = 0; k < 20 && rows[i].round_ns > 0; k++) {
            send(1);
            pass(rows[i].round_ns);
            CHECK_INT(hear(k + 1, k + 1, 0), 0);
        }
        CHECK(cepa_time_is_never(cepa_link_ack_deadline(link)));
        send(1);
        uint64_t took_ns = wait_for_stall(&probes);
        CHECK(took_ns >= rows[i].least_ns && took_ns <= rows[i].most_ns);
        CHECK(probes >= 1);
        CHECK(has_told(CEPA_LINK_STALLED));
        /* It goes on asking, once a second, and says so only once. */
        struct cepa_time next = cepa_link_ack_deadline(link);
        CHECK(cepa_time_since(next, now) <= CEPA_SECOND_NS);
        now = next;
        cepa_link_ack_step(link, now);
        CHECK(link->ack.is_probe_due);
        CHECK(!has_told(CEPA_LINK_STALLED));
        CHECK_INT(cepa_time_since(cepa_link_ack_deadline(link), now), CEPA_SECOND_NS);
        CHECK_INT(hear(link->sealer.counter, link->sealer.counter, 0), 0);
        CHECK(has_told(CEPA_LINK_RECOVERED));
        CHECK(cepa_time_is_never(cepa_link_ack_deadline(link)));
        link_pair_end(&pair);
    }
}

TEST(a_shaped_peer_that_was_quiet_may_take_longer)
{
    unsigned probes;
    begin();
    link->parameters.shaper = CEPA_SHAPER_OFF + 1;
    pass(1999 * MS);
    send(1);
    CHECK_INT(wait_for_stall(&probes), 1500 * MS);
    link_pair_end(&pair);
    begin();
    link->parameters.shaper = CEPA_SHAPER_OFF + 1;
    pass(2000 * MS);
    send(1);
    CHECK_INT(wait_for_stall(&probes), 3000 * MS);
    link_pair_end(&pair);
}

TEST(my_word_says_what_is_here_and_how_long)
{
    struct cepa_link_control_header header;
    begin();
    link->ack.received = 0;
    link->opener.window.next = 8;
    cepa_link_ack_on_received(link, 7, true, now);
    CHECK_INT(link->ack.owed, 1);
    CHECK_INT(link->ack.owed_since.ns, now.ns);
    pass(3 * MS);
    cepa_link_ack_on_received(link, 5, false, now); /* an older one changes no delay */
    CHECK_INT(link->ack.owed, 1);
    cepa_link_ack_header(&header, link, now);
    CHECK_INT(header.next, 8);
    CHECK_INT(header.received, 2);
    CHECK_INT(header.delay_us, 3000);
    pass(5000 * CEPA_SECOND_NS);
    cepa_link_ack_header(&header, link, now);
    CHECK_INT(header.delay_us, UINT32_MAX);
    link_pair_end(&pair);
}

TEST_MAIN(RUN(the_round_trip_is_measured_without_what_the_peer_held_back),
          RUN(measurements_are_smoothed), RUN(a_word_about_what_was_never_sent_ends_the_link),
          RUN(older_words_change_nothing), RUN(a_hole_is_repeated_for_once_and_not_at_once),
          RUN(silence_is_asked_about_and_then_told),
          RUN(a_shaped_peer_that_was_quiet_may_take_longer),
          RUN(my_word_says_what_is_here_and_how_long))
