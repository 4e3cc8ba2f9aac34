/* The link in virtual time: delay, rate, queue, chances and order are what was asked for. */
#include "lab/link_model.h"

#include <string.h>

#include "lab/link_line.h"
#include "support/test.h"

#define MS UINT64_C(1000000)

enum { COUNT = 100000 };

TEST(a_plain_link_only_delays)
{
    struct link_config config = {.delay_ns = 25 * MS};
    struct link_model model;
    link_model_init(&model, &config);
    for (uint64_t now = 0; now < 100; now++) {
        struct link_fate fate = link_model_pass(&model, 1200, now);
        CHECK(fate.copies == 1 && !fate.is_held_back);
        CHECK(fate.departure_ns == now + 25 * MS);
    }
}

TEST(a_bottleneck_sends_at_its_rate)
{
    /* 10 Mbit/s: 1,250 bytes take a millisecond. */
    struct link_config config = {.delay_ns = MS, .rate_bits = 10000000, .queue_bytes = 12500};
    struct link_model model;
    link_model_init(&model, &config);
    for (uint64_t i = 0; i < 12; i++) {
        struct link_fate fate = link_model_pass(&model, 1250, 0);
        CHECK_INT(fate.copies, i < 10 ? 1 : 0);
        CHECK(fate.copies == 0 || fate.departure_ns == (i + 2) * MS);
    }
    CHECK_INT(model.counts.full, 2);
    CHECK_INT(link_model_pass(&model, 1250, MS - 1000).copies, 0);
    CHECK_INT(link_model_pass(&model, 1250, MS).copies, 1);
    struct link_fate fate = link_model_pass(&model, 1250, 500 * MS);
    CHECK(fate.departure_ns == 502 * MS);
}

TEST(chances_come_as_often_as_asked_for)
{
    struct link_config config = {.loss_parts = 10000,
                                 .reorder_parts = 50000,
                                 .duplicate_parts = 20000,
                                 .reorder_ns = 2 * MS,
                                 .seed = 7};
    struct link_model model;
    link_model_init(&model, &config);
    uint64_t ordinary_ns = 0;
    for (uint64_t now = 0; now < COUNT; now++) {
        struct link_fate fate = link_model_pass(&model, 100, now);
        CHECK(fate.copies == 0 || fate.departure_ns == now + (fate.is_held_back ? 2 * MS : 0));
        CHECK(fate.copies == 0 || fate.is_held_back || fate.departure_ns >= ordinary_ns);
        ordinary_ns = fate.is_held_back ? ordinary_ns : fate.departure_ns;
    }
    /* Five standard deviations. */
    CHECK(model.counts.lost > 1000 - 158 && model.counts.lost < 1000 + 158);
    CHECK(model.counts.held_back > 4950 - 343 && model.counts.held_back < 4950 + 343);
    CHECK(model.counts.copied > 1980 - 221 && model.counts.copied < 1980 + 221);
    CHECK_INT(model.counts.datagrams, COUNT);
}

TEST(a_seed_gives_the_same_fates)
{
    struct link_config config = {.loss_parts = 300000, .duplicate_parts = 300000, .seed = 1};
    struct link_model models[3];
    int differences = 0;
    link_model_init(&models[0], &config);
    link_model_init(&models[1], &config);
    config.seed = 2;
    link_model_init(&models[2], &config);
    for (uint64_t now = 0; now < 1000; now++) {
        unsigned copies = link_model_pass(&models[0], 100, now).copies;
        CHECK_INT(link_model_pass(&models[1], 100, now).copies, copies);
        differences += link_model_pass(&models[2], 100, now).copies != copies;
    }
    CHECK(differences > 300);
}

/* Puts a datagram of one byte on the line. */
static void put(struct link_line *line, uint8_t byte, uint64_t departure_ns, bool is_held_back)
{
    uint8_t *place = link_line_reserve(line);
    CHECK(place != NULL);
    *place = byte;
    link_line_put(line, 1, departure_ns, is_held_back);
}

TEST(datagrams_leave_in_the_order_of_their_times)
{
    static const uint8_t order[] = {1, 3, 2, 4, 5};
    struct link_line line;
    struct link_datagram datagram;
    CHECK(link_line_init(&line));
    CHECK(link_line_deadline(&line) == UINT64_MAX && link_line_find(&line, &datagram) == NULL);
    put(&line, 1, 10, false);
    put(&line, 2, 25, true);
    put(&line, 3, 20, false);
    put(&line, 4, 30, false);
    put(&line, 5, 40, true);
    for (size_t i = 0; i < sizeof order; i++) {
        const uint8_t *bytes = link_line_find(&line, &datagram);
        CHECK(bytes != NULL && datagram.len == 1);
        CHECK_INT(*bytes, order[i]);
        CHECK(link_line_deadline(&line) == datagram.departure_ns);
        link_line_pop(&line);
    }
    CHECK(link_line_find(&line, &datagram) == NULL);
    link_line_wipe(&line);
}

TEST(a_full_line_says_so_and_recovers)
{
    struct link_line line;
    struct link_datagram datagram;
    CHECK(link_line_init(&line));
    for (uint64_t round = 0; round < 2; round++) {
        for (uint64_t i = 0; i < LINK_LINE_CAPACITY; i++) {
            put(&line, (uint8_t)i, i, false);
        }
        CHECK(link_line_reserve(&line) == NULL);
        for (uint64_t i = 0; i < LINK_LINE_CAPACITY; i++) {
            const uint8_t *bytes = link_line_find(&line, &datagram);
            CHECK(bytes != NULL && *bytes == (uint8_t)i && datagram.departure_ns == i);
            link_line_pop(&line);
        }
    }
    link_line_wipe(&line);
}

TEST_MAIN(RUN(a_plain_link_only_delays), RUN(a_bottleneck_sends_at_its_rate),
          RUN(chances_come_as_often_as_asked_for), RUN(a_seed_gives_the_same_fates),
          RUN(datagrams_leave_in_the_order_of_their_times), RUN(a_full_line_says_so_and_recovers))
