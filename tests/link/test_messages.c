/* Messages, packets and inner frames: whole or not at all, in bounded room; silence is noticed. */
#include <string.h>

#include "support/link_pair.h"
#include "support/test.h"

static struct link_pair pair;
static uint8_t data[CEPA_LINK_MESSAGE_MAX];
static size_t want_len;
static uint32_t want_id;
static unsigned whole;

static void on_event(struct link_pair *it, unsigned side, const struct cepa_link_event *event)
{
    (void)it, (void)side;
    if (event->kind == CEPA_LINK_MESSAGE || event->kind == CEPA_LINK_PACKET ||
        event->kind == CEPA_LINK_RELAYED) {
        CHECK_INT(event->data_len, want_len);
        CHECK_BYTES(event->data, data, want_len);
        CHECK_INT(event->circuit_id, want_id);
        whole++;
    }
}

static void begin(uint64_t seed, uint8_t kind, const struct cepa_shaper_config *shaper)
{
    link_pair_up(&pair, seed, kind, true, NULL, shaper);
    pair.on_event = on_event;
    whole = 0;
    want_id = 0;
    test_random_bytes(&pair.random, data, sizeof data);
}

TEST(messages_of_every_length_arrive)
{
    static const size_t lens[] = {1,    2,    1055,  1056,  1057,  2111, 2112,
                                  2113, 8448, 15840, 15841, 16383, 16384};
    for (unsigned kind = 1; kind <= 2; kind++) {
        begin(kind, (uint8_t)kind, NULL);
        pair.channel.jitter_ns = 5 * CEPA_MILLISECOND_NS;
        for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            want_len = lens[i];
            CHECK_INT(cepa_link_send_message(&pair.sides[i % 2].link, data, want_len,
                                             link_pair_now(&pair)),
                      0);
            link_pair_run(&pair, 12);
            CHECK_INT(whole, i + 1);
        }
        CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, 16385, link_pair_now(&pair)),
                  CEPA_ERR_TOO_LONG);
        CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, 0, link_pair_now(&pair)),
                  CEPA_ERR_TOO_LONG);
        link_pair_end(&pair);
    }
}

TEST(packets_and_inner_frames_arrive)
{
    begin(1, CEPA_CARRIER_WEBRTC, NULL);
    pair.channel.jitter_ns = 5 * CEPA_MILLISECOND_NS;
    want_len = CEPA_PACKET_SIZE;
    for (unsigned i = 0; i < 300; i++) {
        want_id = i;
        CHECK_INT(cepa_link_send_packet(&pair.sides[i % 2].link, i, data, link_pair_now(&pair)), 0);
        link_pair_run(&pair, 12);
        CHECK_INT(whole, i + 1);
    }
    want_len = CEPA_RELAYED_FRAME_SIZE;
    CHECK_INT(cepa_link_relayed_room(&pair.sides[0].link), link_pair_limits.queue_max);
    CHECK_INT(cepa_link_send_relayed(&pair.sides[0].link, want_id, data, link_pair_now(&pair)), 0);
    CHECK_INT(cepa_link_relayed_room(&pair.sides[0].link), link_pair_limits.queue_max - 1);
    link_pair_run(&pair, 12);
    CHECK_INT(whole, 301);
    link_pair_end(&pair);
    begin(1, CEPA_CARRIER_RELAYED, NULL);
    CHECK_INT(cepa_link_send_relayed(&pair.sides[0].link, 1, data, link_pair_now(&pair)),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_link_relayed_room(&pair.sides[0].link), 0);
    link_pair_end(&pair);
}

TEST(queues_are_bounded)
{
    begin(1, CEPA_CARRIER_SIM, NULL);
    want_len = CEPA_PACKET_SIZE;
    for (unsigned i = 0; i < 4; i++) {
        CHECK_INT(cepa_link_send_packet(&pair.sides[0].link, 0, data, link_pair_now(&pair)), 0);
        CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, want_len, link_pair_now(&pair)),
                  0);
    }
    CHECK_INT(cepa_link_send_packet(&pair.sides[0].link, 0, data, link_pair_now(&pair)),
              CEPA_ERR_FULL);
    CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, 1, link_pair_now(&pair)),
              CEPA_ERR_FULL);
    link_pair_run(&pair, 20);
    CHECK_INT(whole, 8);
    link_pair_end(&pair);
}

TEST(what_is_incomplete_is_dropped_after_five_seconds)
{
    begin(1, CEPA_CARRIER_SIM, NULL);
    want_len = CEPA_PACKET_SIZE;
    pair.channel.lost_permille = 300;
    for (unsigned i = 0; i < 400; i++) {
        CHECK_INT(cepa_link_send_packet(&pair.sides[0].link, 0, data, link_pair_now(&pair)), 0);
        CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, want_len, link_pair_now(&pair)),
                  0);
        link_pair_run(&pair, 2);
        CHECK(pair.sides[1].shared.buffer_pool.count <= 2 * CEPA_LINK_PARTIAL_MAX + 1);
    }
    pair.channel.lost_permille = 0;
    link_pair_run(&pair, 5100);
    CHECK_INT(pair.sides[1].shared.buffer_pool.count, 0);
    unsigned before = whole;
    CHECK_INT(cepa_link_send_packet(&pair.sides[0].link, 0, data, link_pair_now(&pair)), 0);
    link_pair_run(&pair, 20);
    CHECK_INT(whole, before + 1);
    link_pair_end(&pair);
}

TEST(silence_is_noticed_and_its_end)
{
    struct cepa_link_status status;
    begin(1, CEPA_CARRIER_SIM, NULL);
    link_pair_run(&pair, 1000);
    cepa_link_status_get(&status, &pair.sides[0].link);
    CHECK(status.rtt_ns >= 10 * CEPA_MILLISECOND_NS && status.rtt_ns <= 14 * CEPA_MILLISECOND_NS);
    uint64_t frames = pair.frames;
    link_pair_run(&pair, 10000);
    CHECK_INT(pair.frames, frames); /* an idle link is silent, and not stalled */
    CHECK_INT(pair.sides[0].events[CEPA_LINK_STALLED], 0);
    pair.is_cut[0] = true;
    want_len = 1;
    CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, 1, link_pair_now(&pair)), 0);
    link_pair_run(&pair, 290);
    CHECK_INT(pair.sides[0].events[CEPA_LINK_STALLED], 0);
    link_pair_run(&pair, 1300);
    CHECK_INT(pair.sides[0].events[CEPA_LINK_STALLED], 1);
    CHECK_INT(pair.sides[1].events[CEPA_LINK_STALLED], 0);
    pair.is_cut[0] = false;
    link_pair_run(&pair, 1100);
    CHECK_INT(pair.sides[0].events[CEPA_LINK_RECOVERED], 1);
    cepa_link_close(&pair.sides[0].link, link_pair_now(&pair));
    link_pair_run(&pair, 10);
    CHECK(pair.sides[1].has_failed && !pair.sides[0].has_failed);
    link_pair_end(&pair);
}

TEST(every_shaper_delivers)
{
    static const struct cepa_shaper_config shapers[] = {
        {CEPA_SHAPER_STEPPED, 0},
        {CEPA_SHAPER_POISSON, 200},
        {CEPA_SHAPER_CONSTANT, 200},
        {CEPA_SHAPER_OFF, 0},
    };
    for (unsigned i = 0; i < sizeof shapers / sizeof shapers[0]; i++) {
        struct cepa_link_status status;
        link_pair_begin(&pair, i, CEPA_CARRIER_SIM, true, NULL, &shapers[i]);
        link_pair_dial(&pair);
        link_pair_run(&pair, 3000);
        CHECK(pair.sides[0].is_up && pair.sides[1].is_up);
        pair.on_event = on_event;
        whole = 0;
        want_id = 0;
        want_len = 16384;
        CHECK_INT(cepa_link_send_message(&pair.sides[0].link, data, want_len, link_pair_now(&pair)),
                  0);
        uint64_t before = pair.now_ns;
        while (whole == 0 && pair.now_ns < before + 2 * CEPA_SECOND_NS) {
            link_pair_run(&pair, 1);
        }
        CHECK_INT(whole, 1);
        test_note("shaper %u: 16 frames in %u ms", i,
                  (unsigned)((pair.now_ns - before) / CEPA_MILLISECOND_NS));
        uint64_t frames = pair.frames;
        link_pair_run(&pair, 10000);
        cepa_link_status_get(&status, &pair.sides[1].link);
        test_note("then %u frames in 10 s of both sides, padding %u",
                  (unsigned)(pair.frames - frames), (unsigned)status.padding_sent);
        CHECK_INT(pair.sides[0].events[CEPA_LINK_STALLED], 0);
        link_pair_end(&pair);
    }
}

TEST_MAIN(RUN(messages_of_every_length_arrive), RUN(packets_and_inner_frames_arrive),
          RUN(queues_are_bounded), RUN(what_is_incomplete_is_dropped_after_five_seconds),
          RUN(silence_is_noticed_and_its_end), RUN(every_shaper_delivers))
