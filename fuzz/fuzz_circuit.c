/* A circuit of three hops under a script of bytes: cells are sent, lost, held back, changed,
 * repeated, with keys renewed and hops lost in between. Whatever happens, nothing is delivered
 * twice, nothing changed is accepted, and no assertion fails. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/host.h"
#include "onion/circuit_origin.h"
#include "onion/circuit_relay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { HOPS = 3, HELD = 16 };

/* A cell on its way, with what it said. */
struct flight {
    bool is_used;
    bool is_forward;
    bool is_changed;
    size_t at; /* forward: the relay that it comes to; backward: relays still to cross */
    uint64_t counter;
    uint32_t number; /* its content; each is delivered once at most */
    uint8_t body[CEPA_CELL_BODY_SIZE];
};

static struct cepa_circuit_origin origin;
static struct cepa_circuit_relay relays[HOPS];
static struct flight flights[HELD];
static uint8_t delivered[4096];
static uint32_t numbers;
static bool is_forged; /* a counter was changed on the way */
static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key key;

static int zero_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context;
    memset(ret_bytes, 7, len);
    return 0;
}
static const struct cepa_random zero_random = {zero_fill, NULL};

static void deliver(const struct flight *flight, const struct cepa_cell_message *message)
{
    uint32_t number;
    CEPA_ASSERT(!flight->is_changed);
    CEPA_ASSERT(message->data_len == sizeof number);
    memcpy(&number, message->data, sizeof number);
    CEPA_ASSERT(number == flight->number && !delivered[number]);
    delivered[number] = 1;
}

static void launch(struct flight *flight, uint8_t argument)
{
    const struct cepa_cell_message message = {CEPA_CELL_DATA, (const uint8_t *)&numbers,
                                              sizeof numbers};
    size_t hop = argument % HOPS;
    int error;
    if (numbers == sizeof delivered) {
        return;
    }
    flight->is_forward = argument & 4;
    if (flight->is_forward) {
        flight->at = 0;
        error = cepa_circuit_origin_seal(&origin, &flight->counter, flight->body, hop, &message, 0);
    } else {
        flight->at = hop;
        error =
            cepa_circuit_relay_originate(&relays[hop], &flight->counter, flight->body, &message, 0);
    }
    flight->is_used = error == 0;
    flight->is_changed = false;
    flight->number = numbers;
    numbers += error == 0;
}

static void move_forward(struct flight *flight)
{
    struct cepa_circuit_step step;
    if (flight->at == HOPS || cepa_circuit_relay_forward(&relays[flight->at], &step, flight->body,
                                                         flight->counter, 0) != 0) {
        flight->is_used = false;
        return;
    }
    flight->at++;
    flight->counter = step.counter;
    if (step.is_mine) {
        deliver(flight, &step.message);
        flight->is_used = false;
    }
}

static void move_backward(struct flight *flight)
{
    struct cepa_origin_cell cell;
    if (flight->at > 0) {
        flight->at--;
        flight->is_used = cepa_circuit_relay_backward(&relays[flight->at], &flight->counter,
                                                      flight->body, flight->counter, 0) == 0;
        return;
    }
    flight->is_used = false;
    if (cepa_circuit_origin_open(&origin, &cell, flight->body, flight->counter, 0) == 0) {
        deliver(flight, &cell.message);
    }
}

/* Sends a cell to a hop at once. Offers travel in cells, so a hop has always seen the counter of
 * its offer. */
static bool has_reached(size_t hop)
{
    struct flight flight = {.is_used = false};
    uint32_t number = numbers;
    launch(&flight, (uint8_t)(4 + (hop + 2) % HOPS)); /* forward, to `hop` */
    while (flight.is_used) {
        move_forward(&flight);
    }
    return number < numbers && delivered[number];
}

/* A whole renewal, its messages taken as delivered; `argument` may spoil them. */
static void renew(uint8_t argument)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    size_t hop = argument % HOPS;
    if (!has_reached(hop) ||
        cepa_circuit_origin_renew(&origin, offer, hop, 0, &zero_random, &key, &workspace, 0) != 0) {
        return;
    }
    if (argument & 8) {
        offer[argument >> 4] ^= 1;
    }
    if (cepa_circuit_relay_renew(&relays[hop], answer, offer, sizeof offer, &zero_random,
                                 &workspace, 0) == 0 &&
        !(argument & 4)) {
        int error =
            cepa_circuit_origin_renewed(&origin, hop, answer, sizeof answer, &key, &workspace, 0);
        /* A forged counter may have made the hop begin too early; then they disagree and say so. */
        CEPA_ASSERT(error != 0 || !(argument & 8));
        CEPA_ASSERT(error == 0 || (argument & 8) || is_forged);
    }
}

static void step(uint8_t verb, uint8_t argument)
{
    struct flight *flight = &flights[verb % HELD];
    uint32_t actions = UINT32_MAX;
    switch (verb >> 4) {
    case 0:
        renew(argument);
        return;
    case 1:
        if (cepa_circuit_relay_on(&relays[argument % HOPS], &actions,
                                  (enum cepa_relay_event)(argument / HOPS % CEPA_RELAY_EVENTS)) !=
            0) {
            CEPA_ASSERT(actions == UINT32_MAX);
        }
        return;
    case 2:
        flights[argument % HELD] = *flight; /* a copy: the network repeats it */
        return;
    case 3:
        flight->body[argument * 4] ^= flight->is_changed ? 0 : 16; /* twice would undo it */
        flight->is_changed = true;
        return;
    case 4:
        flight->counter += flight->is_changed ? 0 : (uint64_t)argument << (argument % 40);
        flight->is_changed |= argument != 0;
        is_forged |= argument != 0;
        return;
    default:
        break;
    }
    if (!flight->is_used) {
        launch(flight, argument);
    } else if (flight->is_forward) {
        move_forward(flight);
    } else {
        move_backward(flight);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_circuit_seed seeds[HOPS];
    if (cepa_native_init() != 0) {
        return 0;
    }
    memset(seeds, 0x31, sizeof seeds);
    for (size_t i = 0; i < HOPS; i++) {
        seeds[i].bytes[0] = (uint8_t)i;
        cepa_circuit_relay_init(&relays[i], &seeds[i], i + 1 == HOPS, 0);
    }
    cepa_circuit_origin_init(&origin, seeds, HOPS, 0);
    origin.state = CEPA_ORIGIN_OPEN;
    memset(flights, 0, sizeof flights);
    memset(delivered, 0, sizeof delivered);
    numbers = 0;
    is_forged = false;
    for (size_t i = 0; i + 1 < data_len; i += 2) {
        step(data[i], data[i + 1]);
    }
    return 0;
}
