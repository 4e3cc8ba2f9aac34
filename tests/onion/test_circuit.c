/* Circuits over one to five real relays: every hop is reached and reaches the origin, in any order;
 * replays, tampering, strangers and breaks do what the specification says. */
#include <stdlib.h>
#include <string.h>

#include "native/cpu.h"
#include "support/circuit_net.h"
#include "support/test.h"

static struct circuit_net net;

TEST(every_hop_hears_and_speaks)
{
    static const uint32_t masks[] = {0, UINT32_MAX};
    for (size_t i = 0; i < 2; i++) {
        for (size_t hops = 1; hops <= CEPA_CIRCUIT_HOPS_MAX; hops++) {
            net_init(&net, (uint32_t)hops, hops, cepa_native_cpu() & masks[i]);
            for (size_t hop = 0; hop < hops; hop++) {
                net_say(&net, hop, "there");
                net_hear(&net, hop, "and back");
                net_say(&net, hops - 1 - hop, "");
            }
        }
    }
}

TEST(cells_may_overtake_each_other)
{
    enum { COUNT = 500 };
    static struct net_cell forward[COUNT];
    static struct net_cell backward[COUNT];
    net_init(&net, 1, 3, 0);
    for (uint32_t i = 0; i < COUNT; i++) {
        net_seal(&net, &forward[i], i % 3, CEPA_CELL_DATA, &i, sizeof i);
        net_originate(&net, &backward[i], i % 3, CEPA_CELL_DATA, &i, sizeof i);
    }
    for (uint32_t n = 0; n < COUNT; n++) {
        uint32_t i = (n * 347 + 11) % COUNT; /* 347 and 500 have no common factor */
        size_t hop;
        CHECK_INT(net_forward(&net, &hop, &forward[i]), 0);
        CHECK_INT(hop, i % 3);
        CHECK_BYTES(net.step.message.data, &i, sizeof i);
        CHECK_INT(net_backward(&net, i % 3, &backward[i]), 0);
        CHECK_INT(net.cell.hop, i % 3);
        CHECK_BYTES(net.cell.message.data, &i, sizeof i);
    }
}

TEST(a_cell_counts_once_at_every_hop)
{
    struct net_cell cell;
    struct net_cell copy;
    struct net_cell back;
    size_t hop;
    net_init(&net, 2, 4, 0);
    net_seal(&net, &cell, 3, CEPA_CELL_DATA, "once", 4);
    for (size_t i = 0; i < 4; i++) {
        copy = cell;
        CHECK_INT(cepa_circuit_relay_forward(&net.relays[i], &net.step, cell.body, cell.counter, 0),
                  0);
        cell.counter = net.step.counter;
        struct cepa_circuit_relay before = net.relays[i];
        CHECK_INT(cepa_circuit_relay_forward(&net.relays[i], &net.step, copy.body, copy.counter, 0),
                  CEPA_ERR_REPLAY);
        CHECK(memcmp(&before, &net.relays[i], sizeof before) == 0);
    }
    net_originate(&net, &back, 3, CEPA_CELL_DATA, "once", 4);
    copy = back;
    CHECK_INT(net_backward(&net, 3, &back), 0);
    CHECK_INT(net_backward(&net, 3, &copy), CEPA_ERR_REPLAY);
    /* A first hop that replays towards the origin meets the origin's own window. */
    CHECK_INT(cepa_circuit_origin_open(&net.origin, &net.cell, back.body, back.counter, 0),
              CEPA_ERR_REPLAY);
    net_seal(&net, &cell, 3, CEPA_CELL_DATA, "next", 4);
    CHECK_INT(net_forward(&net, &hop, &cell), 0);
}

TEST(a_changed_bit_is_noise_at_the_end)
{
    for (size_t bit = 0; bit < 8 * CEPA_CELL_BODY_SIZE; bit += 61) {
        struct net_cell cell;
        size_t hop;
        net_init(&net, 3, 3, 0);
        net_seal(&net, &cell, 2, CEPA_CELL_DATA, "secret", 6);
        cell.body[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(net_forward(&net, &hop, &cell), CEPA_ERR_AUTHENTICATION);
        CHECK_INT(hop, 2);
        net_originate(&net, &cell, 2, CEPA_CELL_DATA, "secret", 6);
        cell.body[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_AUTHENTICATION);
        net_hear(&net, 2, "still alive");
    }
}

TEST(a_changed_counter_is_noise_or_refused)
{
    struct net_cell cell;
    size_t hop;
    net_init(&net, 4, 3, 0);
    net_say(&net, 2, "first");
    net_seal(&net, &cell, 2, CEPA_CELL_DATA, "moved", 5);
    cell.counter += 1;
    CHECK_INT(net_forward(&net, &hop, &cell), CEPA_ERR_AUTHENTICATION);
    net_seal(&net, &cell, 2, CEPA_CELL_DATA, "far", 3);
    cell.counter += (uint64_t)1 << 40;
    CHECK_INT(net_forward(&net, &hop, &cell), CEPA_ERR_REPLAY);
    CHECK_INT(hop, 0);
    net_originate(&net, &cell, 1, CEPA_CELL_DATA, "far", 3);
    cell.counter += (uint64_t)1 << 40;
    CHECK_INT(cepa_circuit_origin_open(&net.origin, &net.cell, cell.body, cell.counter, 0),
              CEPA_ERR_REPLAY);
}

TEST(more_senders_than_hops_can_be_are_refused)
{
    struct net_cell cell = {0, {0}};
    uint64_t counter;
    net_init(&net, 5, 2, 0);
    for (uint64_t i = 1; i < CEPA_CIRCUIT_SENDERS_MAX; i++) {
        cell.counter = net.relays[1].counters.backward_start + (i << 40);
        CHECK_INT(cepa_circuit_relay_backward(&net.relays[0], &counter, cell.body, cell.counter, 0),
                  0);
    }
    cell.counter = net.relays[1].counters.backward_start + ((uint64_t)99 << 40);
    CHECK_INT(cepa_circuit_relay_backward(&net.relays[0], &counter, cell.body, cell.counter, 0),
              CEPA_ERR_FULL);
    net_hear(&net, 1, "the honest one still may");
}

/* Whoever sits before and behind a hop knows its counters, and could compare its cells with what it
 * makes of a guess. */
TEST(the_counters_of_a_hops_own_cells_are_no_others)
{
    struct net_cell cell = {0, {0}};
    uint64_t counter = 0;
    net_init(&net, 11, 3, 0);
    net_hear(&net, 1, "own");
    uint64_t start = net.relays[1].counters.backward_start;
    const uint64_t own[] = {start, start + 1, start + CEPA_CIRCUIT_CELLS_MAX - 1};
    struct cepa_circuit_relay before = net.relays[1];
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        CHECK_INT(cepa_circuit_relay_backward(&net.relays[1], &counter, cell.body, own[i], 0),
                  CEPA_ERR_REPLAY);
    }
    CHECK_BYTES(&net.relays[1], &before, sizeof before);
    CHECK_INT(counter, 0);
    CHECK_INT(cepa_circuit_relay_backward(&net.relays[1], &counter, cell.body,
                                          start + CEPA_CIRCUIT_CELLS_MAX, 0),
              0);
}

TEST(a_break_is_salvaged_once)
{
    struct cepa_circuit_seed seeds[2];
    struct net_cell cell;
    uint32_t actions;
    net_init(&net, 6, 4, 0);
    /* Hop 3 is lost; hop 2 says so. */
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    CHECK_INT(actions, CEPA_CIRCUIT_REPORT_BROKEN);
    net_originate(&net, &cell, 1, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 1, &cell), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_CUT);
    CHECK_INT(net.origin.hops_len, 2);
    const struct cepa_cell_message late = {CEPA_CELL_DATA, NULL, 0};
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 2, &late, 0),
              CEPA_ERR_ARGUMENT);
    net_say(&net, 1, "the part that lives goes on");
    net_hear(&net, 1, "both ways");
    /* Two new hops in their place. */
    for (size_t i = 0; i < 2; i++) {
        seeds[i] = net_seed(600, i);
        cepa_circuit_relay_init(&net.relays[2 + i], &seeds[i], i == 1, 0);
    }
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_EXTENDED), 0);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 2, 0), 0);
    CHECK_INT(cepa_circuit_relay_confirm(&net.relays[3], &cell.counter, cell.body, 0), 0);
    CHECK_INT(net_backward(&net, 3, &cell), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_SALVAGED);
    for (size_t hop = 0; hop < 4; hop++) {
        net_say(&net, hop, "anew");
        net_hear(&net, hop, "as before");
    }
    /* The second break is the end. */
    CHECK_INT(cepa_circuit_relay_on(&net.relays[0], &actions, CEPA_RELAY_ON_CLOSED_BY_NEXT), 0);
    net_originate(&net, &cell, 0, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 0, &cell), 0);
    CHECK_INT(net.cell.actions, CEPA_CIRCUIT_CLOSE_NEXT);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_CLOSED);
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 0, &late, 0),
              CEPA_ERR_STATE);
}

/* The longest circuit, broken at `last`, so that each hop before it hears as many senders as there
 * can be. */
static void salvage_after(size_t last)
{
    struct cepa_circuit_seed seeds[CEPA_CIRCUIT_HOPS_MAX];
    struct net_cell cell;
    uint32_t actions;
    size_t new_hops = CEPA_CIRCUIT_HOPS_MAX - 1 - last;
    net_init(&net, 60, CEPA_CIRCUIT_HOPS_MAX, 0);
    for (size_t hop = 0; hop < CEPA_CIRCUIT_HOPS_MAX; hop++) {
        net_hear(&net, hop, "before");
    }
    CHECK_INT(cepa_circuit_relay_on(&net.relays[last], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_originate(&net, &cell, last, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, last, &cell), 0);
    for (size_t i = 0; i < new_hops; i++) {
        seeds[i] = net_seed(601, i);
        cepa_circuit_relay_init(&net.relays[last + 1 + i], &seeds[i], i + 1 == new_hops, 0);
    }
    CHECK_INT(cepa_circuit_relay_on(&net.relays[last], &actions, CEPA_RELAY_ON_EXTENDED), 0);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, new_hops, 0), 0);
    size_t end = CEPA_CIRCUIT_HOPS_MAX - 1;
    CHECK_INT(cepa_circuit_relay_confirm(&net.relays[end], &cell.counter, cell.body, 0), 0);
    CHECK_INT(net_backward(&net, end, &cell), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_SALVAGED);
}

TEST(every_hop_of_a_salvaged_circuit_is_heard)
{
    for (size_t last = 0; last + 1 < CEPA_CIRCUIT_HOPS_MAX; last++) {
        salvage_after(last);
        for (size_t hop = 0; hop < CEPA_CIRCUIT_HOPS_MAX; hop++) {
            net_hear(&net, hop, "after");
            net_say(&net, hop, "and forth");
        }
    }
}

TEST(a_late_cell_for_a_lost_hop_does_not_reach_the_new_one)
{
    struct cepa_circuit_seed seed = net_seed(602, 0);
    struct net_cell late;
    struct net_cell cell;
    uint32_t actions;
    size_t hop;
    net_init(&net, 12, 3, 0);
    net_seal(&net, &late, 2, CEPA_CELL_DATA, "late", 4);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_originate(&net, &cell, 1, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 1, &cell), 0);
    net_say(&net, 1, "the last part of a packet");
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_EXTENDED), 0);
    cepa_circuit_relay_init(&net.relays[2], &seed, true, 0);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, &seed, 1, 0), 0);
    struct cepa_circuit_relay before = net.relays[1];
    CHECK_INT(net_forward(&net, &hop, &late), CEPA_ERR_STATE);
    CHECK_INT(hop, 1);
    CHECK_BYTES(&net.relays[1], &before, sizeof before);
    net_say(&net, 2, "what is meant for it does");
}

TEST(a_break_that_closes_wipes_the_keys)
{
    static struct cepa_circuit_origin gone;
    struct net_cell cell;
    uint32_t actions;
    salvage_after(2);
    net_originate(&net, &cell, 1, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 1, &cell), 0);
    CHECK_INT(net.cell.message.command, CEPA_CELL_BROKEN);
    CHECK_INT(net.cell.actions, CEPA_CIRCUIT_CLOSE_NEXT);
    gone.state = CEPA_ORIGIN_CLOSED;
    CHECK_BYTES(&net.origin, &gone, sizeof gone);
    CHECK_INT(cepa_circuit_origin_close(&net.origin, &actions), CEPA_ERR_STATE);
}

TEST(a_cut_relay_drops_what_is_for_lost_hops)
{
    struct net_cell cell;
    uint32_t actions;
    size_t hop;
    net_init(&net, 7, 3, 0);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_seal(&net, &cell, 2, CEPA_CELL_DATA, "lost", 4);
    CHECK_INT(net_forward(&net, &hop, &cell), CEPA_ERR_STATE);
    CHECK_INT(hop, 1);
    net_originate(&net, &cell, 2, CEPA_CELL_DATA, "lost", 4);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_STATE);
    net_say(&net, 1, "found");
}

TEST(closing_wipes_the_keys)
{
    static const struct cepa_circuit_relay closed = {.state = CEPA_RELAY_CLOSED};
    static struct cepa_circuit_origin gone;
    uint32_t actions;
    struct net_cell cell = {0, {0}};
    net_init(&net, 8, 2, 0);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[0], &actions, CEPA_RELAY_ON_CLOSED_BY_PREVIOUS), 0);
    CHECK_INT(actions, CEPA_CIRCUIT_CLOSE_NEXT);
    CHECK_BYTES(&net.relays[0], &closed, sizeof closed);
    CHECK_INT(cepa_circuit_relay_forward(&net.relays[0], &net.step, cell.body, 0, 0),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[0], &actions, CEPA_RELAY_ON_TIMED_OUT),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_close(&net.origin, &actions), 0);
    CHECK_INT(actions, CEPA_CIRCUIT_CLOSE_NEXT);
    gone.state = CEPA_ORIGIN_CLOSED;
    CHECK_BYTES(&net.origin, &gone, sizeof gone);
    CHECK_INT(cepa_circuit_origin_close(&net.origin, &actions), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_open(&net.origin, &net.cell, cell.body, 0, 0), CEPA_ERR_STATE);
}

TEST(wiped_memory_is_a_closed_circuit)
{
    static uint8_t body[CEPA_CELL_BODY_SIZE];
    static uint8_t message[CEPA_RENEWAL_OFFER_SIZE];
    static struct cepa_xwing_workspace workspace;
    static struct cepa_xwing_key key;
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    const struct cepa_random none = {NULL, NULL};
    uint64_t counter;
    memset(&net, 0, sizeof net);
    struct cepa_circuit_relay *relay = &net.relays[0];
    struct cepa_circuit_origin *origin = &net.origin;
    CHECK_INT(cepa_circuit_relay_forward(relay, &net.step, body, 0, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_backward(relay, &counter, body, 0, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_originate(relay, &counter, body, &data, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_confirm(relay, &counter, body, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_renew(relay, body, message, sizeof message, &none, &workspace, 0),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_seal(origin, &counter, body, 0, &data, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_open(origin, &net.cell, body, 0, 0), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_renewed(origin, 0, message, 5, &key, &workspace, 0),
              CEPA_ERR_STATE);
}

TEST(confirm_and_broken_come_from_the_right_hop)
{
    struct net_cell cell;
    uint8_t wrong[CEPA_CIRCUIT_CONFIRM_SIZE] = {0};
    uint8_t longer[CEPA_CIRCUIT_CONFIRM_SIZE + 1] = {0};
    net_init(&net, 9, 3, 0);
    memcpy(longer, net.relays[2].confirm, sizeof net.relays[2].confirm);
    net_originate(&net, &cell, 2, CEPA_CELL_CONFIRM, longer, sizeof longer);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_AUTHENTICATION);
    net_originate(&net, &cell, 2, CEPA_CELL_CONFIRM, wrong, sizeof wrong);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_AUTHENTICATION);
    net_originate(&net, &cell, 2, CEPA_CELL_CONFIRM, wrong, sizeof wrong - 1);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_AUTHENTICATION);
    net_originate(&net, &cell, 1, CEPA_CELL_CONFIRM, net.relays[1].confirm, sizeof wrong);
    CHECK_INT(net_backward(&net, 1, &cell), CEPA_ERR_STATE);
    net_originate(&net, &cell, 2, CEPA_CELL_CONFIRM, net.relays[2].confirm, sizeof wrong);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_STATE);
    net_originate(&net, &cell, 2, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 2, &cell), CEPA_ERR_STATE);
    net_originate(&net, &cell, 1, CEPA_CELL_BROKEN, wrong, 1);
    CHECK_INT(net_backward(&net, 1, &cell), CEPA_ERR_MALFORMED);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_OPEN);
    CHECK_INT(cepa_circuit_relay_confirm(&net.relays[2], &cell.counter, cell.body, 0),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_relay_confirm(&net.relays[0], &cell.counter, cell.body, 0),
              CEPA_ERR_STATE);
}

TEST(a_command_from_the_wrong_side_is_malformed)
{
    struct net_cell cell;
    size_t at;
    for (unsigned i = 0; i < CEPA_CELL_COMMANDS; i++) {
        enum cepa_cell_command command = (enum cepa_cell_command)i;
        net_init(&net, 13, 2, 0);
        if (!cepa_cell_command_is_from_origin(command)) {
            net_seal(&net, &cell, 1, command, NULL, 0);
            struct cepa_circuit_relay before = net.relays[1];
            CHECK_INT(net_forward(&net, &at, &cell), CEPA_ERR_MALFORMED);
            before.forward_window.start = net.relays[1].forward_window.start; /* of no window */
            CHECK_BYTES(&net.relays[1], &before, sizeof before);
        }
        if (!cepa_cell_command_is_from_hop(command)) {
            net_originate(&net, &cell, 1, command, NULL, 0);
            net.cell.actions = 77;
            CHECK_INT(net_backward(&net, 1, &cell), CEPA_ERR_MALFORMED);
            CHECK_INT(net.cell.actions, 77);
        }
        net_say(&net, 1, "still");
        net_hear(&net, 1, "alive");
    }
}

TEST(limits_are_errors)
{
    static uint8_t data[CEPA_CELL_DATA_MAX + 1];
    const struct cepa_cell_message too_long = {CEPA_CELL_DATA, data, sizeof data};
    const struct cepa_cell_message full = {CEPA_CELL_DATA, data, sizeof data - 1};
    struct cepa_circuit_seed seeds[5] = {{{0}}};
    struct net_cell cell;
    net_init(&net, 10, 2, 0);
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 1, &too_long, 0),
              CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_circuit_relay_originate(&net.relays[1], &cell.counter, cell.body, &too_long, 0),
              CEPA_ERR_TOO_LONG);
    net.origin.sent = CEPA_CIRCUIT_CELLS_MAX - 1;
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 1, &full, 0), 0);
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 1, &full, 0),
              CEPA_ERR_EXHAUSTED);
    net.relays[1].originated = CEPA_CIRCUIT_CELLS_MAX - 1;
    net_hear(&net, 1, "the last one");
    cell.counter = net.relays[1].counters.backward_start + CEPA_CIRCUIT_CELLS_MAX +
                   net.relays[0].counters.backward_offset;
    CHECK_INT(cepa_circuit_origin_open(&net.origin, &net.cell, cell.body, cell.counter, 0),
              CEPA_ERR_REPLAY);
    CHECK_INT(cepa_circuit_relay_originate(&net.relays[1], &cell.counter, cell.body, &full, 0),
              CEPA_ERR_EXHAUSTED);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 4, 0), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 0, 0), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 3, 0), 0);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 1, 0), CEPA_ERR_ARGUMENT);
}

TEST_MAIN(RUN(every_hop_hears_and_speaks), RUN(cells_may_overtake_each_other),
          RUN(a_cell_counts_once_at_every_hop), RUN(a_changed_bit_is_noise_at_the_end),
          RUN(a_changed_counter_is_noise_or_refused),
          RUN(more_senders_than_hops_can_be_are_refused),
          RUN(the_counters_of_a_hops_own_cells_are_no_others), RUN(a_break_is_salvaged_once),
          RUN(every_hop_of_a_salvaged_circuit_is_heard),
          RUN(a_late_cell_for_a_lost_hop_does_not_reach_the_new_one),
          RUN(a_break_that_closes_wipes_the_keys), RUN(a_cut_relay_drops_what_is_for_lost_hops),
          RUN(closing_wipes_the_keys), RUN(wiped_memory_is_a_closed_circuit),
          RUN(confirm_and_broken_come_from_the_right_hop),
          RUN(a_command_from_the_wrong_side_is_malformed), RUN(limits_are_errors))
