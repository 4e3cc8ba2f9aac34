/* The table of a relay's circuits, alone: what it takes from links, honest and hostile ones. */
#include "onion/circuit_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "native/cpu.h"
#include "onion/circuit_origin.h"
#include "onion/circuit_table_parts.h"
#include "support/relays.h"
#include "support/test.h"
#include "wire/part.h"

enum { HERE = 1, THERE = 2, LINKS = 4 };
#define SECONDS(n) ((n)*CEPA_SECOND_NS)

/* A relay with some links, packets to it, and circuits that end at it. */
static struct test_relays *relays; /* relay 0 is the one under test */
static struct cepa_circuit_table table;
static void *memory;
static struct cepa_time now;
static struct cepa_circuit_outcome outcome;
static struct cepa_circuit_effect effect;
static uint8_t body[CEPA_CELL_BODY_SIZE];

static const struct cepa_circuit_table_limits limits = {
    .links_max = LINKS,
    .circuits_max = 32,
    .circuits_per_link_max = 16,
    .packets_max = 12,
    .packets_per_link_max = 4,
    .renewals_max = 8,
    .packets_per_second = 10,
    .packets_burst = 20,
    .renewals_per_second = 1,
    .renewals_burst = 3,
    .idle_ns = SECONDS(100),
    .fresh_ns = SECONDS(50),
    .cut_ns = SECONDS(15),
    .join_ns = SECONDS(5),
};

static void begin(void)
{
    static const struct cepa_siphash_key key = {{3}};
    relays = test_relays_new(4096, 1);
    const struct cepa_circuit_table_tools tools = {&relays->relay[0].keys, &relays->peel,
                                                   &relays->random, relays->cpu};
    size_t size = cepa_circuit_table_size(&limits);
    memory = aligned_alloc(CEPA_BLOCK_ALIGNMENT, cepa_block_round(size));
    now.ns = SECONDS(1);
    CHECK_INT(cepa_circuit_table_init(&table, memory, size, &limits, &tools, &key), 0);
    CHECK_INT(cepa_circuit_table_link_up(&table, HERE, now), 0);
    CHECK_INT(cepa_circuit_table_link_up(&table, THERE, now), 0);
}

static int next(void)
{
    return cepa_circuit_table_next(&table, &effect);
}

/* Takes both links down and sees that nothing stays. */
static void end(void)
{
    cepa_circuit_table_link_down(&table, HERE, now);
    cepa_circuit_table_link_down(&table, THERE, now);
    while (next() == 0) {
    }
    now = cepa_time_add(now, SECONDS(100));
    cepa_circuit_table_step(&table, now);
    while (next() == 0) {
    }
    CHECK_INT(table.circuits.count, 0);
    CHECK_INT(table.packets.count, 0);
    CHECK_INT(table.renewals.count, 0);
    CHECK_INT(table.links.count, 0);
    CHECK_INT(table.by_id.count, 0);
    CHECK_INT(cepa_timer_heap_count(&table.timers), 0);
    cepa_circuit_table_wipe(&table);
    free(memory);
    test_relays_free(relays);
}

/* Makes a packet over hops_len hops with `first` at the first and `last` at the last. */
static void build(enum cepa_packet_type first, enum cepa_packet_type last, size_t hops_len,
                  uint16_t delay_ms)
{
    struct cepa_packet_plan plan = test_relays_plan(relays, hops_len, last, 5);
    if (hops_len > 1) {
        plan.types[0] = first;
        plan.hops[0].delay_ms = delay_ms;
    }
    for (size_t i = 1; i + 1 < hops_len; i++) {
        plan.types[i] = CEPA_PACKET_CREATE;
    }
    test_relays_build(relays, &plan);
}

static int give(uint64_t link, uint32_t circuit_id)
{
    return cepa_circuit_table_on_packet(&table, &outcome, link, circuit_id, relays->packet, now);
}

/* A circuit that ends here, at its origin. */
static void create(struct cepa_circuit_origin *ret_origin, uint64_t link, uint32_t circuit_id)
{
    struct cepa_origin_cell cell;
    build(CEPA_PACKET_CREATE_LAST, CEPA_PACKET_CREATE_LAST, 1, 0);
    CHECK_INT(give(link, circuit_id), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_CREATED);
    CHECK_INT(outcome.content.data_len, 5);
    cepa_circuit_origin_init(ret_origin, relays->seeds_made.of_hop, 1, relays->cpu);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CELL);
    CHECK(effect.link == link && effect.circuit_id == circuit_id);
    memcpy(body, effect.body, sizeof body);
    CHECK_INT(cepa_circuit_origin_open(ret_origin, &cell, body, effect.counter, relays->cpu), 0);
    CHECK_INT(ret_origin->state, CEPA_ORIGIN_OPEN);
}

/* Sends a cell from the origin to the first hop. */
static int tell(struct cepa_circuit_origin *origin, uint64_t link, uint32_t circuit_id,
                enum cepa_cell_command command, const uint8_t *data, size_t data_len)
{
    const struct cepa_cell_message message = {command, data, data_len};
    uint64_t counter;
    CHECK_INT(cepa_circuit_origin_seal(origin, &counter, body, 0, &message, relays->cpu), 0);
    return cepa_circuit_table_on_cell(&table, &outcome, link, circuit_id, counter, body, now);
}

/* Sends the first `parts` parts of a message; gives the last one's error. */
static int tell_parts(struct cepa_circuit_origin *origin, uint64_t link, uint32_t circuit_id,
                      enum cepa_cell_command command, const uint8_t *message, size_t message_len,
                      unsigned parts)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_part part;
    size_t len;
    int error = 0;
    for (unsigned i = 0; i < parts; i++) {
        cepa_part_cut(&part, message, message_len, 1, i);
        cepa_part_encode(data, &len, &part);
        error = tell(origin, link, circuit_id, command, data, len);
    }
    return error;
}

static int say(struct cepa_circuit_origin *origin, uint64_t link, uint32_t circuit_id)
{
    int error = tell(origin, link, circuit_id, CEPA_CELL_DATA, (const uint8_t *)"words", 5);
    if (error == 0) {
        CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_DATA);
        CHECK_INT(outcome.message.data_len, 5);
        CHECK_BYTES(outcome.message.data, "words", 5);
    }
    return error;
}

TEST(a_circuit_that_ends_here)
{
    struct cepa_circuit_origin origin;
    struct cepa_origin_cell cell;
    uint64_t link;
    uint64_t counter;
    uint32_t id;
    begin();
    create(&origin, HERE, 7);
    CHECK_INT(say(&origin, HERE, 7), 0);
    CHECK_INT(cepa_circuit_table_send(&table, outcome.circuit, &link, &id, &counter, body,
                                      (const uint8_t *)"reply", 5, now),
              0);
    CHECK(link == HERE && id == 7);
    CHECK_INT(cepa_circuit_origin_open(&origin, &cell, body, counter, relays->cpu), 0);
    CHECK_BYTES(cell.message.data, "reply", 5);
    CHECK_INT(tell(&origin, HERE, 7, CEPA_CELL_PADDING, NULL, 0), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_NOTHING);
    CHECK_INT(cepa_circuit_table_on_closed(&table, &outcome, HERE, 7, now), 0);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_ENDED);
    CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_circuit_table_on_closed(&table, &outcome, HERE, 7, now), CEPA_ERR_NOT_FOUND);
    end();
}

TEST(ids_and_packets_must_fit)
{
    begin();
    build(CEPA_PACKET_CREATE_LAST, CEPA_PACKET_CREATE_LAST, 1, 0);
    CHECK_INT(give(9, 1), CEPA_ERR_NOT_FOUND);
    CHECK_INT(give(HERE, 0), CEPA_ERR_STATE);
    build(CEPA_PACKET_DELIVER, CEPA_PACKET_DELIVER, 1, 0);
    CHECK_INT(give(HERE, 1), CEPA_ERR_STATE);
    build(CEPA_PACKET_DELIVER, CEPA_PACKET_DELIVER, 1, 0);
    CHECK_INT(give(HERE, 0), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_DELIVER);
    build(CEPA_PACKET_DROP, CEPA_PACKET_DROP, 1, 0);
    CHECK_INT(give(HERE, 0), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_NOTHING);
    build(CEPA_PACKET_EXTEND, CEPA_PACKET_CREATE_LAST, 2, 0);
    CHECK_INT(give(HERE, 1), CEPA_ERR_DROPPED); /* not through a circuit */
    CHECK_INT(table.circuits.count, 0);
    end();
}

TEST(a_replayed_create_makes_nothing)
{
    struct cepa_circuit_origin origin;
    uint8_t packet[CEPA_PACKET_SIZE];
    begin();
    build(CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 3, 0);
    memcpy(packet, relays->packet, sizeof packet);
    CHECK_INT(give(HERE, 3), 0);
    memcpy(relays->packet, packet, sizeof packet);
    CHECK_INT(give(HERE, 3), CEPA_ERR_IN_USE);
    memcpy(relays->packet, packet, sizeof packet);
    CHECK_INT(give(HERE, 4), CEPA_ERR_DROPPED);
    memcpy(relays->packet, packet, sizeof packet);
    CHECK_INT(give(THERE, 3), CEPA_ERR_DROPPED);
    CHECK_INT(table.circuits.count, 1);
    CHECK_INT(table.counts.dropped, 3);
    CHECK_INT(next(), 0);
    create(&origin, THERE, 3);
    end();
}

TEST(a_circuit_goes_on_over_the_other_link)
{
    uint8_t copy[CEPA_CELL_BODY_SIZE];
    begin();
    build(CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 2, 0);
    CHECK_INT(give(HERE, 3), 0);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_PACKET);
    CHECK(effect.is_circuit);
    CHECK_BYTES(&effect.next, &relays->relay[1].node, sizeof effect.next);
    CHECK(cepa_circuit_table_packet(&table, effect.packet) == effect.body);
    /* Until it goes on there is nowhere to send cells. */
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, HERE, 3, 1, body, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, THERE, 8, now), 0);
    CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, THERE, 8, now), CEPA_ERR_NOT_FOUND);
    CHECK(cepa_circuit_table_packet(&table, effect.packet) == NULL);
    memset(body, 1, sizeof body);
    memcpy(copy, body, sizeof copy);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, HERE, 3, 1, body, now), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_CELL);
    CHECK(outcome.link == THERE && outcome.circuit_id == 8 && outcome.counter != 1);
    CHECK(memcmp(copy, body, sizeof copy) != 0);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, THERE, 8, 1, body, now), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_CELL);
    CHECK(outcome.link == HERE && outcome.circuit_id == 3);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, HERE, 8, 2, body, now),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, THERE, 3, 2, body, now),
              CEPA_ERR_NOT_FOUND);
    /* Closing passes on. */
    CHECK_INT(cepa_circuit_table_on_closed(&table, &outcome, HERE, 3, now), 0);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CLOSE);
    CHECK(effect.link == THERE && effect.circuit_id == 8);
    CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
    end();
}

/* Each way in which the next hop may be missing: cut, BROKEN to the origin, closed in the end. */
TEST(a_way_on_that_fails_is_reported)
{
    for (int way = 0; way < 5; way++) {
        struct cepa_circuit_origin origin;
        struct cepa_origin_cell cell;
        begin();
        build(CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 2, 0);
        CHECK_INT(give(HERE, 3), 0);
        cepa_circuit_origin_init(&origin, relays->seeds_made.of_hop, 2, relays->cpu);
        CHECK_INT(next(), 0);
        if (way == 0) {
            cepa_circuit_table_unreachable(&table, effect.packet, now);
        } else if (way == 1) {
            now = cepa_time_add(now, limits.join_ns);
            cepa_circuit_table_step(&table, now);
            CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, THERE, 8, now),
                      CEPA_ERR_NOT_FOUND);
        } else if (way == 2) {
            CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, HERE, 3, now),
                      CEPA_ERR_IN_USE);
        } else {
            CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, THERE, 8, now), 0);
        }
        if (way == 3) {
            CHECK_INT(cepa_circuit_table_on_closed(&table, &outcome, THERE, 8, now), 0);
        } else if (way == 4) {
            cepa_circuit_table_link_down(&table, THERE, now);
        }
        CHECK_INT(next(), 0);
        CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CELL);
        memcpy(body, effect.body, sizeof body);
        CHECK_INT(cepa_circuit_origin_open(&origin, &cell, body, effect.counter, relays->cpu), 0);
        CHECK_INT(cell.message.command, CEPA_CELL_BROKEN);
        CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
        now = cepa_time_add(now, limits.cut_ns);
        cepa_circuit_table_step(&table, now);
        CHECK_INT(next(), 0);
        CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CLOSE);
        CHECK(effect.link == HERE && effect.circuit_id == 3);
        end();
    }
}

TEST(quiet_circuits_are_closed)
{
    struct cepa_circuit_origin fresh;
    struct cepa_circuit_origin used;
    begin();
    create(&fresh, HERE, 1);
    create(&used, HERE, 2);
    CHECK_INT(say(&used, HERE, 2), 0);
    now = cepa_time_add(now, limits.fresh_ns);
    cepa_circuit_table_step(&table, now);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CLOSE);
    CHECK_INT(effect.circuit_id, 1);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_ENDED);
    CHECK_INT(say(&used, HERE, 2), 0);
    CHECK_INT(say(&fresh, HERE, 1), CEPA_ERR_NOT_FOUND);
    now = cepa_time_add(now, limits.idle_ns - 1);
    cepa_circuit_table_step(&table, now);
    CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
    now = cepa_time_add(now, 1);
    cepa_circuit_table_step(&table, now);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.circuit_id, 2);
    end();
}

TEST(noise_closes_the_circuit_that_it_came_on)
{
    struct cepa_circuit_origin origin;
    struct cepa_circuit_origin other;
    begin();
    create(&origin, HERE, 1);
    create(&other, HERE, 2);
    memset(body, 0x55, sizeof body);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, HERE, 1, 99, body, now),
              CEPA_ERR_AUTHENTICATION);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_CLOSE);
    CHECK_INT(effect.circuit_id, 1);
    CHECK_INT(say(&origin, HERE, 1), CEPA_ERR_NOT_FOUND);
    CHECK_INT(say(&other, HERE, 2), 0);
    end();
}

/* A flood over one link costs that link only: peeling, circuits, packets in the pool. */
TEST(a_flood_pays_with_its_own_share)
{
    struct cepa_circuit_origin origin;
    unsigned made = 0;
    unsigned limited = 0;
    begin();
    create(&origin, THERE, 1);
    for (uint32_t i = 1; i <= 30; i++) {
        build(CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 2, 0);
        int error = give(HERE, i);
        made += error == 0;
        limited += error == CEPA_ERR_FULL || error == CEPA_ERR_TOO_SOON;
    }
    CHECK_INT(made, limits.packets_per_link_max);
    CHECK_INT(made + limited, 30);
    for (uint32_t i = 100; i < 200; i++) {
        now = cepa_time_add(now, CEPA_SECOND_NS / 10);
        build(CEPA_PACKET_CREATE_LAST, CEPA_PACKET_CREATE_LAST, 1, 0);
        (void)give(HERE, i);
    }
    CHECK_INT(cepa_table_link_find(&table, HERE)->circuits, limits.circuits_per_link_max);
    CHECK_INT(say(&origin, THERE, 1), 0);
    struct cepa_circuit_origin another;
    while (next() == 0) {
    }
    create(&another, THERE, 2);
    CHECK_INT(say(&another, THERE, 2), 0);
    end();
}

TEST(extending_with_garbage_changes_nothing)
{
    static uint8_t garbage[CEPA_PACKET_SIZE];
    struct cepa_circuit_origin origin;
    begin();
    create(&origin, HERE, 1);
    CHECK_INT(tell_parts(&origin, HERE, 1, CEPA_CELL_PACKET_PART, garbage, sizeof garbage, 16),
              CEPA_ERR_VERSION);
    build(CEPA_PACKET_EXTEND, CEPA_PACKET_CREATE_LAST, 2, 0);
    relays->packet[3000] ^= 1;
    CHECK_INT(
        tell_parts(&origin, HERE, 1, CEPA_CELL_PACKET_PART, relays->packet, CEPA_PACKET_SIZE, 16),
        CEPA_ERR_DROPPED);
    build(CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, 2, 0); /* not an EXTEND */
    CHECK_INT(
        tell_parts(&origin, HERE, 1, CEPA_CELL_PACKET_PART, relays->packet, CEPA_PACKET_SIZE, 16),
        CEPA_ERR_DROPPED);
    CHECK_INT(table.packets.count, 0);
    CHECK_INT(tell(&origin, HERE, 1, CEPA_CELL_PACKET_PART, garbage, 3), CEPA_ERR_LENGTH);
    CHECK_INT(say(&origin, HERE, 1), 0);
    build(CEPA_PACKET_EXTEND, CEPA_PACKET_CREATE_LAST, 2, 0);
    CHECK_INT(
        tell_parts(&origin, HERE, 1, CEPA_CELL_PACKET_PART, relays->packet, CEPA_PACKET_SIZE, 16),
        0);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_PACKET);
    CHECK_INT(table.counts.extended, 1);
    end();
}

TEST(parts_that_stay_away_hold_nothing_for_long)
{
    struct cepa_circuit_origin origins[6];
    static uint8_t bytes[CEPA_PACKET_SIZE];
    begin();
    for (uint32_t i = 0; i < 6; i++) {
        create(&origins[i], i < 5 ? HERE : THERE, i + 1);
        int error = tell_parts(&origins[i], i < 5 ? HERE : THERE, i + 1, CEPA_CELL_PACKET_PART,
                               bytes, sizeof bytes, 3);
        CHECK_INT(error, i == 4 ? CEPA_ERR_FULL : 0);
    }
    CHECK_INT(table.packets.count, 5);
    now = cepa_time_add(now, SECONDS(10));
    cepa_circuit_table_step(&table, now);
    CHECK_INT(table.packets.count, 0);
    end();
}

TEST(delayed_packets_wait_and_too_many_are_refused)
{
    begin();
    for (int i = 0; i < 6; i++) {
        build(CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, 2, 10000);
        CHECK_INT(give(HERE, 0), i < 4 ? 0 : CEPA_ERR_FULL);
    }
    build(CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, 2, 0);
    CHECK_INT(give(THERE, 0), 0);
    CHECK_INT(next(), 0);
    CHECK(!effect.is_circuit);
    CHECK_INT(cepa_circuit_table_sent(&table, effect.packet, HERE, 0, now), 0);
    now = cepa_time_add(now, SECONDS(10) - 1);
    cepa_circuit_table_step(&table, now);
    CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
    now = cepa_time_add(now, 1);
    CHECK(cepa_time_is_due(cepa_circuit_table_deadline(&table), now));
    cepa_circuit_table_step(&table, now);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(next(), 0);
        CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_PACKET);
    }
    CHECK_INT(next(), CEPA_ERR_NOT_FOUND);
    now = cepa_time_add(now, SECONDS(5)); /* and no way was found */
    cepa_circuit_table_step(&table, now);
    CHECK_INT(table.packets.count, 0);
    end();
}

/* Offers beyond the budget are dropped; the answer to one within it opens. */
TEST(renewals_have_a_budget)
{
    struct cepa_circuit_origin origin;
    struct cepa_xwing_key *key = malloc(sizeof *key);
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    unsigned answered = 0;
    begin();
    create(&origin, HERE, 1);
    for (int i = 0; i < 6; i++) {
        CHECK_INT(say(&origin, HERE, 1), 0);
        CHECK_INT(cepa_circuit_origin_renew(&origin, offer, 0, 64, &relays->random, key,
                                            &relays->peel.xwing, relays->cpu),
                  0);
        int error = tell_parts(&origin, HERE, 1, CEPA_CELL_RENEW_OFFER, offer, sizeof offer, 2);
        CHECK_INT(error, i < 3 ? 0 : CEPA_ERR_TOO_SOON);
        while (next() == 0) {
            answered++;
        }
        CHECK_INT(table.renewals.count, 0);
    }
    CHECK_INT(answered, 6); /* two cells each */
    CHECK_INT(table.counts.renewed, 3);
    free(key);
    end();
}

TEST(own_circuits_are_known_by_the_same_look_up)
{
    const struct cepa_handle owner = {5, 6, 0};
    begin();
    CHECK_INT(cepa_circuit_table_own(&table, HERE, 1, owner, now), 0);
    CHECK_INT(cepa_circuit_table_own(&table, HERE, 1, owner, now), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_circuit_table_own(&table, 9, 1, owner, now), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_circuit_table_own(&table, HERE, 2, owner, now), 0);
    CHECK_INT(cepa_circuit_table_own(&table, THERE, 1, owner, now), 0);
    CHECK_INT(cepa_circuit_table_on_cell(&table, &outcome, HERE, 1, 0, body, now), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_OWN);
    CHECK(cepa_handle_is_equal(outcome.owner, owner));
    CHECK_INT(cepa_circuit_table_on_closed(&table, &outcome, HERE, 1, now), 0);
    CHECK_INT(outcome.kind, CEPA_CIRCUIT_OUTCOME_OWN);
    cepa_circuit_table_disown(&table, HERE, 2);
    cepa_circuit_table_disown(&table, HERE, 2);
    CHECK_INT(table.circuits.count, 1);
    cepa_circuit_table_link_down(&table, THERE, now);
    CHECK_INT(next(), 0);
    CHECK_INT(effect.kind, CEPA_CIRCUIT_EFFECT_OWN_LOST);
    end();
}

TEST(links_are_limited)
{
    begin();
    CHECK_INT(cepa_circuit_table_link_up(&table, HERE, now), CEPA_ERR_IN_USE);
    for (uint64_t i = 10; i < 10 + LINKS - 2; i++) {
        CHECK_INT(cepa_circuit_table_link_up(&table, i, now), 0);
    }
    CHECK_INT(cepa_circuit_table_link_up(&table, 99, now), CEPA_ERR_FULL);
    cepa_circuit_table_link_down(&table, 99, now);
    for (uint64_t i = 10; i < 10 + LINKS - 2; i++) {
        cepa_circuit_table_link_down(&table, i, now);
    }
    end();
}

TEST(limits_and_memory)
{
    const struct cepa_circuit_table_limits daemon = cepa_circuit_table_limits_daemon();
    const struct cepa_circuit_table_limits tab = cepa_circuit_table_limits_tab();
    struct cepa_circuit_table_limits none = limits;
    const struct cepa_circuit_table_tools tools = {0};
    const struct cepa_siphash_key key = {{0}};
    none.packets_max = 0;
    CHECK(cepa_circuit_table_size(&none) == SIZE_MAX);
    CHECK_INT(cepa_circuit_table_init(&table, NULL, 0, &limits, &tools, &key), CEPA_ERR_ARGUMENT);
    test_note("%zu bytes a circuit, of these %zu its cryptographic state",
              sizeof(struct cepa_table_circuit), sizeof(struct cepa_circuit_relay));
    test_note("a daemon's table takes %zu KiB, a tab's %zu KiB",
              cepa_circuit_table_size(&daemon) / 1024, cepa_circuit_table_size(&tab) / 1024);
    CHECK(sizeof(struct cepa_table_circuit) - sizeof(struct cepa_circuit_relay) <= 400);
}

TEST_MAIN(RUN(a_circuit_that_ends_here), RUN(ids_and_packets_must_fit),
          RUN(a_replayed_create_makes_nothing), RUN(a_circuit_goes_on_over_the_other_link),
          RUN(a_way_on_that_fails_is_reported), RUN(quiet_circuits_are_closed),
          RUN(noise_closes_the_circuit_that_it_came_on), RUN(a_flood_pays_with_its_own_share),
          RUN(extending_with_garbage_changes_nothing),
          RUN(parts_that_stay_away_hold_nothing_for_long),
          RUN(delayed_packets_wait_and_too_many_are_refused), RUN(renewals_have_a_budget),
          RUN(own_circuits_are_known_by_the_same_look_up), RUN(links_are_limited),
          RUN(limits_and_memory))
