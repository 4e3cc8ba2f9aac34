/* Parts of packets and messages: in any order, twice, too many of them, and too late. */
#include <string.h>

#include "link/link_internal.h"
#include "support/link_pair.h"
#include "support/test.h"

static struct link_pair pair;
static struct cepa_link *link;
static struct cepa_time now;
static uint8_t data[CEPA_LINK_MESSAGE_PARTS_MAX * CEPA_LINK_MESSAGE_PART_SIZE];

static void begin(void)
{
    link_pair_up(&pair, 5, CEPA_CARRIER_WEBRTC, true, NULL, NULL);
    link = &pair.sides[0].link;
    now.ns = 100 * CEPA_SECOND_NS;
    test_random_bytes(&pair.random, data, sizeof data);
}

static void end(void)
{
    link->lent_kind = 0;
    cepa_link_release_buffer(link);
    cepa_link_assembly_wipe(link);
    CHECK_INT(link->shared->buffer_pool.count, 0);
    link_pair_end(&pair);
}

static int give_message(unsigned number, unsigned index, unsigned count, size_t message_len)
{
    size_t offset = index * (size_t)CEPA_LINK_MESSAGE_PART_SIZE;
    size_t left = message_len - offset;
    const struct cepa_frame_message_part part = {
        (uint16_t)number, (uint8_t)index, (uint8_t)count, data + offset,
        left < CEPA_LINK_MESSAGE_PART_SIZE ? left : CEPA_LINK_MESSAGE_PART_SIZE};
    return cepa_link_assembly_message(link, &part, data + offset, now);
}

static int give_packet(uint32_t circuit, unsigned sequence, unsigned index)
{
    const struct cepa_frame_packet_part part = {circuit, (uint8_t)sequence, (uint8_t)index,
                                                data + index * (size_t)CEPA_PACKET_PART_SIZE};
    return cepa_link_assembly_packet(link, &part, now);
}

/* Whether an event waits; takes it. */
static bool is_lent(enum cepa_link_event_kind kind, size_t len)
{
    bool is_whole = link->lent_kind == (unsigned)kind + 1;
    if (is_whole) {
        CHECK_INT(link->lent_len, len);
        CHECK_BYTES(link->lent_data, data, len);
        link->lent_kind = 0;
        cepa_link_release_buffer(link);
    }
    return is_whole;
}

TEST(messages_are_whole_when_the_last_part_is_here_in_any_order)
{
    static const size_t lens[] = {1, 1056, 1057, 2112, 2113, 8448, 15840, 15841, 16384};
    begin();
    for (unsigned i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        unsigned count =
            (unsigned)((lens[i] + CEPA_LINK_MESSAGE_PART_SIZE - 1) / CEPA_LINK_MESSAGE_PART_SIZE);
        for (unsigned first = 0; first < count; first++) {
            for (unsigned k = 0; k < count; k++) {
                /* 7 has no factor in common with any count up to 16 but 7 and 14. */
                unsigned step = count % 7 == 0 ? 3 : 7;
                CHECK(link->lent_kind == 0);
                CHECK_INT(give_message(i, (first + k * step) % count, count, lens[i]), 0);
            }
            CHECK(is_lent(CEPA_LINK_MESSAGE, lens[i]));
            CHECK_INT(link->shared->buffer_pool.count, 0);
        }
    }
    end();
}

TEST(a_part_that_is_here_counts_once)
{
    begin();
    CHECK_INT(give_message(1, 0, 3, 3000), 0);
    CHECK_INT(give_message(1, 0, 3, 3000), CEPA_ERR_REPLAY);
    CHECK_INT(give_message(1, 2, 3, 3000), 0);
    CHECK_INT(give_message(1, 2, 3, 3000), CEPA_ERR_REPLAY);
    CHECK(link->lent_kind == 0);
    CHECK_INT(give_message(1, 1, 3, 3000), 0);
    CHECK(is_lent(CEPA_LINK_MESSAGE, 3000));
    for (unsigned i = 0; i < CEPA_PACKET_PARTS; i++) {
        CHECK(link->lent_kind == 0);
        CHECK_INT(give_packet(9, 1, i), 0);
        CHECK_INT(give_packet(9, 1, i), i + 1 < CEPA_PACKET_PARTS ? CEPA_ERR_REPLAY : 0);
    }
    CHECK(is_lent(CEPA_LINK_PACKET, CEPA_PACKET_SIZE));
    end();
}

TEST(what_belongs_to_different_ones_is_not_mixed)
{
    begin();
    /* The same number with another count; a packet of the same number; of another circuit. */
    CHECK_INT(give_message(1, 0, 2, 2000), 0);
    CHECK_INT(give_message(1, 1, 3, 3000), 0);
    CHECK_INT(give_message(2, 1, 2, 2000), 0);
    CHECK_INT(give_packet(0, 1, 0), 0);
    CHECK_INT(give_packet(8, 1, 1), 0);
    CHECK_INT(give_packet(8, 2, 2), 0);
    CHECK(link->lent_kind == 0);
    CHECK_INT(link->shared->buffer_pool.count, 6);
    CHECK_INT(give_message(1, 1, 2, 2000), 0);
    CHECK(is_lent(CEPA_LINK_MESSAGE, 2000));
    CHECK_INT(link->shared->buffer_pool.count, 5);
    for (unsigned i = 0; i < CEPA_PACKET_PARTS; i++) {
        CHECK_INT(give_packet(8, 1, i), i == 1 ? CEPA_ERR_REPLAY : 0);
    }
    CHECK_INT(link->lent_id, 8);
    CHECK(is_lent(CEPA_LINK_PACKET, CEPA_PACKET_SIZE));
    end();
}

TEST(a_peer_has_four_of_each_for_five_seconds)
{
    begin();
    CHECK(cepa_time_is_never(cepa_link_assembly_deadline(link)));
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        CHECK_INT(give_message(i, 0, 2, 2000), 0);
        CHECK_INT(give_packet(i, 0, 0), 0);
        now = cepa_time_add(now, CEPA_SECOND_NS);
    }
    CHECK_INT(give_message(99, 0, 2, 2000), CEPA_ERR_FULL);
    CHECK_INT(give_packet(99, 0, 0), CEPA_ERR_FULL);
    CHECK_INT(give_message(99, 0, 1, 1000), 0); /* one that needs no buffer has room */
    CHECK(is_lent(CEPA_LINK_MESSAGE, 1000));
    /* Those that are under way go on. */
    CHECK_INT(give_message(3, 1, 2, 2000), 0);
    CHECK(is_lent(CEPA_LINK_MESSAGE, 2000));
    /* The first ones began 4 s ago. */
    struct cepa_time due = cepa_link_assembly_deadline(link);
    CHECK_INT(cepa_time_since(due, now), CEPA_SECOND_NS);
    now.ns = due.ns - 1;
    cepa_link_assembly_step(link, now);
    CHECK_INT(link->shared->buffer_pool.count, 2 * CEPA_LINK_PARTIAL_MAX - 1);
    now = due;
    cepa_link_assembly_step(link, now);
    CHECK_INT(link->shared->buffer_pool.count, 2 * CEPA_LINK_PARTIAL_MAX - 3);
    CHECK_INT(give_message(0, 1, 2, 2000), 0); /* begins anew */
    CHECK(link->lent_kind == 0);
    CHECK_INT(give_packet(99, 0, 0), 0);
    now = cepa_time_add(now, 5 * CEPA_SECOND_NS);
    cepa_link_assembly_step(link, now);
    CHECK_INT(link->shared->buffer_pool.count, 0);
    CHECK(cepa_time_is_never(cepa_link_assembly_deadline(link)));
    end();
}

TEST(when_buffers_grow_scarce_each_link_has_fewer)
{
    static const struct {
        unsigned taken_quarters; /* by others */
        unsigned held_max;
    } rows[] = {{0, 2 * CEPA_LINK_PARTIAL_MAX}, {2, 2}, {3, 1}, {4, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        struct cepa_link_pool *pool = &link->shared->buffer_pool;
        uint32_t others = pool->capacity * rows[i].taken_quarters / 4;
        uint32_t taken[4096];
        CHECK(pool->capacity <= 4096 && pool->capacity >= 4 * CEPA_LINK_PARTIAL_MAX);
        for (uint32_t k = 0; k < others; k++) {
            taken[k] = cepa_link_pool_take(pool);
            CHECK(taken[k] != CEPA_LINK_NONE);
        }
        unsigned held = 0;
        for (unsigned k = 0; k < CEPA_LINK_PARTIAL_MAX; k++) {
            held += give_message(k, 0, 2, 2000) == 0;
            held += give_packet(k, 0, 0) == 0;
        }
        CHECK_INT(held, rows[i].held_max);
        for (uint32_t k = 0; k < others; k++) {
            cepa_link_pool_give(pool, taken[k]);
        }
        end();
    }
}

TEST_MAIN(RUN(messages_are_whole_when_the_last_part_is_here_in_any_order),
          RUN(a_part_that_is_here_counts_once), RUN(what_belongs_to_different_ones_is_not_mixed),
          RUN(a_peer_has_four_of_each_for_five_seconds),
          RUN(when_buffers_grow_scarce_each_link_has_fewer))
