/* A relay's table of circuits under a script of bytes: links come and go, packets and cells come in
 * any order, whole, changed, repeated, on any id; effects are polled or left, answered in every
 * way. No assertion fails, and when all links are gone nothing stays. Two bytes are one step: what,
 * and with what. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "native/host.h"
#include "onion/circuit_origin.h"
#include "onion/circuit_table.h"
#include "support/relays.h"
#include "wire/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { LINKS = 3, CIRCUITS = 8, TEMPLATES = 5 };

/* A packet for the relay, made once; each run sees each of them as new. */
struct template
{
    uint8_t packet[CEPA_PACKET_SIZE];
    struct cepa_packet_circuit_seeds seeds;
    size_t hops_len;
};

static struct test_relays *relays;
static struct template templates[TEMPLATES];
static struct cepa_circuit_table table;
static void *memory;
static struct cepa_circuit_origin origins[CIRCUITS]; /* by circuit id, of link 0 */
static struct cepa_handle offered;                   /* the last packet that was to be sent */
static struct cepa_handle ended;                     /* the last circuit that ends here */
static struct cepa_time now;
static uint8_t body[CEPA_CELL_BODY_SIZE];

/* What is refused is refused. */
static void ignore(int error)
{
    (void)error;
}

static void make_templates(void)
{
    static const enum cepa_packet_type types[TEMPLATES] = {
        CEPA_PACKET_CREATE_LAST, CEPA_PACKET_CREATE, CEPA_PACKET_EXTEND, CEPA_PACKET_FORWARD,
        CEPA_PACKET_DELIVER};
    for (size_t i = 0; i < TEMPLATES; i++) {
        bool is_last = types[i] == CEPA_PACKET_CREATE_LAST || types[i] == CEPA_PACKET_DELIVER;
        struct cepa_packet_plan plan = test_relays_plan(
            relays, is_last ? 1 : 2, is_last ? types[i] : CEPA_PACKET_CREATE_LAST, 3);
        if (!is_last) {
            plan.types[0] = types[i];
            plan.hops[0].delay_ms = types[i] == CEPA_PACKET_FORWARD ? 3000 : 0;
        }
        test_relays_build(relays, &plan);
        memcpy(templates[i].packet, relays->packet, CEPA_PACKET_SIZE);
        templates[i].seeds = relays->seeds_made;
        templates[i].hops_len = plan.hops_len;
    }
}

static void forget_tags(void)
{
    struct cepa_onion_key *key = cepa_onion_keys_find(&relays->relay[0].keys, (uint8_t)TEST_EPOCH);
    memset(key->replay.words, 0, cepa_replay_cache_size(key->replay.limits.capacity));
    key->replay.used = 0;
}

static void begin(void)
{
    static const struct cepa_siphash_key key = {{1}};
    const struct cepa_circuit_table_limits limits = {LINKS,
                                                     6,
                                                     4,
                                                     4,
                                                     2,
                                                     4,
                                                     3,
                                                     5,
                                                     1,
                                                     2,
                                                     60 * CEPA_SECOND_NS,
                                                     30 * CEPA_SECOND_NS,
                                                     15 * CEPA_SECOND_NS,
                                                     5 * CEPA_SECOND_NS};
    if (relays == NULL) {
        relays = test_relays_new(64, 1);
        make_templates();
        memory =
            aligned_alloc(CEPA_BLOCK_ALIGNMENT, cepa_block_round(cepa_circuit_table_size(&limits)));
    }
    const struct cepa_circuit_table_tools tools = {&relays->relay[0].keys, &relays->peel,
                                                   &relays->random, relays->cpu};
    relays->random = test_source_init(&relays->source, 7);
    forget_tags();
    CEPA_ASSERT(cepa_circuit_table_init(&table, memory, cepa_circuit_table_size(&limits), &limits,
                                        &tools, &key) == 0);
    memset(origins, 0, sizeof origins);
    memset(&offered, 0, sizeof offered);
    memset(&ended, 0, sizeof ended);
    now.ns = 1;
}

static void take_packet(uint8_t argument)
{
    const struct template *template = &templates[argument % TEMPLATES];
    struct cepa_circuit_outcome outcome;
    uint32_t id = (argument / TEMPLATES) % CIRCUITS;
    uint64_t link = argument >= 200;
    memcpy(relays->packet, template->packet, CEPA_PACKET_SIZE);
    if (argument % 16 == 15) {
        relays->packet[argument * 60] ^= 1;
    }
    if (argument % 16 != 14) {
        forget_tags();
    }
    if (cepa_circuit_table_on_packet(&table, &outcome, link, id, relays->packet, now) == 0) {
        if (id != 0 && link == 0) {
            cepa_circuit_origin_init(&origins[id], template->seeds.of_hop, template->hops_len, 0);
        }
        if (outcome.kind == CEPA_CIRCUIT_OUTCOME_CREATED) {
            ended = outcome.circuit;
        }
    }
}

static void take_cell(uint8_t argument)
{
    struct cepa_circuit_outcome outcome;
    memset(body, argument, sizeof body);
    ignore(cepa_circuit_table_on_cell(&table, &outcome, argument % LINKS, argument % CIRCUITS,
                                      argument / 16, body, now));
}

/* A message in parts, or a part of it, from the origin of a circuit of link 0. */
static void tell(uint8_t argument, enum cepa_cell_command command, const uint8_t *message,
                 size_t message_len)
{
    struct cepa_circuit_origin *origin = &origins[argument % CIRCUITS];
    struct cepa_circuit_outcome outcome;
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_cell_message cell = {command, data, 0};
    unsigned parts = cepa_part_count(message_len) - (argument >= 240);
    for (unsigned i = 0; i < parts; i++) {
        struct cepa_part part;
        uint64_t counter;
        cepa_part_cut(&part, message, message_len, argument / 64, i);
        cepa_part_encode(data, &cell.data_len, &part);
        if (cepa_circuit_origin_seal(origin, &counter, body, 0, &cell, 0) != 0) {
            return;
        }
        ignore(cepa_circuit_table_on_cell(&table, &outcome, 0, argument % CIRCUITS, counter, body,
                                          now));
    }
}

static void renew(uint8_t argument)
{
    static struct cepa_xwing_key key;
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct cepa_circuit_origin *origin = &origins[argument % CIRCUITS];
    if (origin->state == CEPA_ORIGIN_BUILDING) {
        origin->state = CEPA_ORIGIN_OPEN; /* its confirmation is not looked at here */
    }
    if (origin->state != CEPA_ORIGIN_CLOSED &&
        cepa_circuit_origin_renew(origin, offer, 0, 40, &relays->random, &key, &relays->peel.xwing,
                                  0) == 0) {
        tell(argument, CEPA_CELL_RENEW_OFFER, offer, sizeof offer);
    }
}

static void poll(uint8_t argument)
{
    struct cepa_circuit_effect effect;
    if (cepa_circuit_table_next(&table, &effect) == 0 &&
        effect.kind == CEPA_CIRCUIT_EFFECT_PACKET) {
        offered = effect.packet;
        CEPA_ASSERT(cepa_circuit_table_packet(&table, offered) == effect.body);
    }
    if (argument & 1) {
        ignore(cepa_circuit_table_sent(&table, offered, argument % LINKS, argument / 8 % 16, now));
    } else if (argument & 2) {
        cepa_circuit_table_unreachable(&table, offered, now);
    }
}

static void send_back(void)
{
    uint64_t link;
    uint64_t counter;
    uint32_t id;
    ignore(cepa_circuit_table_send(&table, ended, &link, &id, &counter, body,
                                   (const uint8_t *)"back", 4, now));
}

static void step(uint8_t verb, uint8_t argument)
{
    const struct cepa_handle owner = {argument + 1u, 3, 0};
    struct cepa_circuit_outcome outcome;
    switch (verb % 16) {
    case 0:
        ignore(cepa_circuit_table_link_up(&table, argument % LINKS, now));
        break;
    case 1:
        cepa_circuit_table_link_down(&table, argument % LINKS, now);
        break;
    case 2:
        take_cell(argument);
        break;
    case 3:
        ignore(cepa_circuit_table_on_closed(&table, &outcome, argument % LINKS,
                                            argument / LINKS % 16, now));
        break;
    case 4:
        now = cepa_time_add(now, argument * (CEPA_SECOND_NS / 4));
        cepa_circuit_table_step(&table, now);
        break;
    case 5:
        ignore(cepa_circuit_table_own(&table, argument % LINKS, argument / LINKS % CIRCUITS, owner,
                                      now));
        break;
    case 6:
        cepa_circuit_table_disown(&table, argument % LINKS, argument / LINKS % CIRCUITS);
        break;
    case 7:
        cepa_circuit_table_close(&table, ended, now);
        break;
    case 8:
        send_back();
        break;
    case 9:
        renew(argument);
        break;
    case 10:
        tell(argument, CEPA_CELL_DATA, (const uint8_t *)"words", 5);
        break;
    case 11:
        forget_tags();
        tell(argument, CEPA_CELL_PACKET_PART, templates[argument % TEMPLATES].packet,
             CEPA_PACKET_SIZE);
        break;
    case 12:
    case 13:
        take_packet(argument);
        break;
    default:
        poll(argument);
        break;
    }
}

/* When all links are gone and time has passed, nothing is left. */
static void end(void)
{
    struct cepa_circuit_effect effect;
    for (uint64_t i = 0; i < LINKS; i++) {
        cepa_circuit_table_link_down(&table, i, now);
    }
    for (int i = 0; i < 2; i++) {
        now = cepa_time_add(now, 100 * CEPA_SECOND_NS);
        cepa_circuit_table_step(&table, now);
        while (cepa_circuit_table_next(&table, &effect) == 0) {
        }
    }
    CEPA_ASSERT(table.circuits.count == 0 && table.packets.count == 0);
    CEPA_ASSERT(table.renewals.count == 0 && table.links.count == 0 && table.by_id.count == 0);
    CEPA_ASSERT(cepa_timer_heap_count(&table.timers) == 0);
    cepa_circuit_table_wipe(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    if (cepa_native_init() != 0) {
        return 0;
    }
    begin();
    for (size_t i = 0; i + 1 < data_len && i < 400; i += 2) {
        step(data[i], data[i + 1]);
    }
    end();
    return 0;
}
