/* Cells of an origin's circuits: data, renewals, packets through a circuit, and the effects.
 * @[SPEC 11.5], @[SPEC 11.6] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "path/circuits_parts.h"

enum { RENEW_TRIES_MAX = 3 };

#define RENEW_WAIT_NS (2 * CEPA_SECOND_NS) /* for an answer, at the least */
#define RENEW_NEXT_NS CEPA_SECOND_NS       /* between two hops */

static bool is_open(const struct cepa_circuits_one *one)
{
    return one->state == CEPA_CIRCUITS_OPEN;
}

/* Seals a cell and takes its place from the room on the link. */
static int seal(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                uint64_t *ret_counter, uint8_t *ret_body, size_t hop,
                const struct cepa_cell_message *message)
{
    if (one->room == 0) {
        return CEPA_ERR_FULL;
    }
    int error =
        cepa_circuit_origin_seal(&one->origin, ret_counter, ret_body, hop, message, circuits->cpu);
    if (error == 0 && one->room != UINT32_MAX) {
        one->room--;
    }
    return error;
}

/* Measures how many cells go in a second. */
static void note_rate(struct cepa_circuits_one *one, struct cepa_time now)
{
    if (cepa_time_since(now, one->mark_at) >= CEPA_SECOND_NS) {
        one->rate = (uint32_t)(one->origin.sent - one->mark_sent);
        one->mark_at = now;
        one->mark_sent = one->origin.sent;
    }
}

int cepa_circuits_send(struct cepa_circuits *circuits, struct cepa_handle circuit,
                       uint64_t *ret_counter, uint8_t *ret_body, const uint8_t *data,
                       size_t data_len, struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    const struct cepa_cell_message message = {CEPA_CELL_DATA, data, data_len};
    circuits->deadline.ns = 0;
    if (one == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (!is_open(one)) {
        return CEPA_ERR_STATE;
    }
    int error = seal(circuits, one, ret_counter, ret_body, one->origin.hops_len - 1, &message);
    if (error == 0) {
        note_rate(one, now);
    } else if (error == CEPA_ERR_EXHAUSTED) {
        one->rotate_at = now;
    }
    return error;
}

/* An answer that stays away is asked for again, under another key, a few times. */
void cepa_circuits_renew(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                         struct cepa_time now)
{
    if (one->origin.renewal.state == CEPA_RENEWAL_ANSWERED ||
        (one->todo & CEPA_CIRCUITS_TELL_OFFER)) {
        one->renew_at = cepa_time_add(now, 5 * RENEW_NEXT_NS); /* still waits for cells */
        return;
    }
    if (one->origin.renewal.state == CEPA_RENEWAL_OFFERED) {
        one->renew_tries++;
    }
    if (one->renew_tries > RENEW_TRIES_MAX) {
        cepa_circuits_fail(circuits, one, CEPA_ERR_TIMEOUT, now);
        return;
    }
    uint64_t wait_ns = cepa_circuits_build_limit_ns(circuits);
    one->renew_at = cepa_time_add(now, wait_ns > RENEW_WAIT_NS ? wait_ns : RENEW_WAIT_NS);
    int error = cepa_circuit_origin_renew(
        &one->origin, one->offer, one->renew_hop, CEPA_RENEWAL_GAP_MIN + one->rate,
        circuits->random, &circuits->workspace->key, &circuits->workspace->xwing, circuits->cpu);
    if (error == 0) {
        one->part = 0;
        one->sequence++;
        cepa_assembly_init(&one->answer_parts, one->answer, sizeof one->answer);
        cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_OFFER);
    }
}

/* A part of an answer has come. */
static int answer_part(struct cepa_circuits *circuits, struct cepa_circuits_one *one, size_t hop,
                       const struct cepa_cell_message *message, struct cepa_time now)
{
    struct cepa_part part;
    if (one->origin.renewal.state != CEPA_RENEWAL_OFFERED || hop != one->renew_hop) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_part_decode(&part, message->data, message->data_len);
    if (error != 0) {
        return error;
    }
    int is_whole = cepa_assembly_add(&one->answer_parts, &part);
    if (is_whole != 1) {
        return is_whole;
    }
    error = cepa_circuit_origin_renewed(&one->origin, hop, one->answer, sizeof one->answer,
                                        &circuits->workspace->key, &circuits->workspace->xwing,
                                        circuits->cpu);
    if (error != 0) {
        return error;
    }
    circuits->counts.renewed++;
    one->renew_tries = 0;
    one->renew_hop = (one->renew_hop + 1) % one->origin.hops_len;
    uint64_t wait_ns = one->renew_hop == 0 ? circuits->limits.renew_again_ns : RENEW_NEXT_NS;
    one->renew_at = cepa_time_add(now, wait_ns);
    return 0;
}

/* The loss of a hop, as the one before it tells. */
static void on_broken(struct cepa_circuits *circuits, struct cepa_circuits_one *one, size_t hop,
                      struct cepa_time now)
{
    circuits->counts.broken++;
    if (hop > 0) {
        cepa_circuits_blame(circuits, &one->path.hops[hop], now);
    }
    if (hop + 1 < one->path.hops_len) {
        cepa_circuits_blame(circuits, &one->path.hops[hop + 1], now);
    }
    if (one->request.is_hidden && hop == 0 && one->path.hops_len > 1) {
        cepa_layer2_on_refused(circuits->layer2, &one->path.hops[1].key); /* says the guard */
    }
    if (one->origin.state == CEPA_ORIGIN_CUT) {
        cepa_circuits_cut(circuits, one, now);
    } else {
        cepa_circuits_fail(circuits, one, CEPA_ERR_UNREACHABLE, now);
    }
}

int cepa_circuits_on_cell(struct cepa_circuits *circuits, struct cepa_circuits_data *ret_data,
                          struct cepa_handle circuit, uint64_t counter, uint8_t *body,
                          struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    struct cepa_origin_cell cell;
    circuits->deadline.ns = 0;
    if (one == NULL || !one->is_linked) {
        return CEPA_ERR_NOT_FOUND;
    }
    int error = cepa_circuit_origin_open(&one->origin, &cell, body, counter, circuits->cpu);
    if (error != 0) {
        return error;
    }
    ret_data->is_data = cell.message.command == CEPA_CELL_DATA;
    ret_data->hop = cell.hop;
    ret_data->data = cell.message.data;
    ret_data->data_len = cell.message.data_len;
    switch (cell.message.command) {
    case CEPA_CELL_CONFIRM:
        cepa_circuits_opened(circuits, one, now);
        return 0;
    case CEPA_CELL_BROKEN:
        on_broken(circuits, one, cell.hop, now);
        return 0;
    case CEPA_CELL_RENEW_ANSWER:
        return answer_part(circuits, one, cell.hop, &cell.message, now);
    case CEPA_CELL_DATA:
    case CEPA_CELL_PADDING:
    case CEPA_CELL_RENEW_OFFER:
    case CEPA_CELL_PACKET_PART:
    case CEPA_CELL_COMMANDS:
    default:
        return 0;
    }
}

/* Forms the next part of `message` for `hop` as an effect; the parts that remain come later. */
static int send_part(struct cepa_circuits *circuits, struct cepa_circuits_effect *ret_effect,
                     struct cepa_circuits_one *one, size_t hop, enum cepa_cell_command command,
                     const uint8_t *message, size_t message_len, bool *ret_is_last)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_cell_message cell = {command, data, 0};
    struct cepa_part part;
    cepa_part_cut(&part, message, message_len, one->sequence, one->part);
    cepa_part_encode(data, &cell.data_len, &part);
    int error = seal(circuits, one, &ret_effect->counter, circuits->body, hop, &cell);
    if (error == 0) {
        ret_effect->kind = CEPA_CIRCUITS_SEND_CELL;
        ret_effect->body = circuits->body;
        one->part++;
        *ret_is_last = one->part == part.count;
    }
    return error;
}

static int send_packet(struct cepa_circuits *circuits, struct cepa_circuits_effect *ret_effect,
                       struct cepa_circuits_one *one)
{
    const uint8_t *packet = cepa_pool_find(&circuits->packets, one->packet);
    bool is_last = false;
    CEPA_ASSERT(packet != NULL);
    int error = send_part(circuits, ret_effect, one, one->live_len - 1, CEPA_CELL_PACKET_PART,
                          packet, CEPA_PACKET_SIZE, &is_last);
    if (is_last) {
        CEPA_ASSERT(cepa_pool_free(&circuits->packets, one->packet) == 0);
        memset(&one->packet, 0, sizeof one->packet);
    } else if (error == 0) {
        one->todo |= CEPA_CIRCUITS_TELL_PACKET;
    }
    return error;
}

static int send_offer(struct cepa_circuits *circuits, struct cepa_circuits_effect *ret_effect,
                      struct cepa_circuits_one *one)
{
    bool is_last = false;
    int error = send_part(circuits, ret_effect, one, one->renew_hop, CEPA_CELL_RENEW_OFFER,
                          one->offer, sizeof one->offer, &is_last);
    if (error == 0 && !is_last) {
        one->todo |= CEPA_CIRCUITS_TELL_OFFER;
    }
    return error;
}

/* Fills in the hops whose keys are needed: all, or from the last live one on. */
static void need_keys(struct cepa_circuits_effect *ret_effect, const struct cepa_circuits_one *one)
{
    size_t first = one->live_len > 0 ? one->live_len - 1 : 0;
    ret_effect->kind = CEPA_CIRCUITS_NEED_KEYS;
    ret_effect->hops = one->path.hops + first;
    ret_effect->hops_len = one->path.hops_len - first;
    ret_effect->is_extension = one->live_len > 0;
}

static void tell_opened(struct cepa_circuits_effect *ret_effect,
                        const struct cepa_circuits_one *one, enum cepa_circuits_effect_kind kind)
{
    ret_effect->kind = kind;
    ret_effect->hops = one->path.hops;
    ret_effect->hops_len = one->path.hops_len;
    ret_effect->duration_ns = one->build_ns;
}

/* Carries out one thing that a circuit has to tell. Returns 0 if that gave an effect. */
static int tell(struct cepa_circuits *circuits, struct cepa_circuits_effect *ret_effect,
                struct cepa_circuits_one *one, uint32_t bit)
{
    one->todo &= ~bit;
    ret_effect->circuit = one->self;
    switch (bit) {
    case CEPA_CIRCUITS_TELL_BROKEN:
        ret_effect->kind = CEPA_CIRCUITS_BROKEN;
        return 0;
    case CEPA_CIRCUITS_TELL_CLOSE:
        ret_effect->kind = CEPA_CIRCUITS_CLOSE;
        return 0;
    case CEPA_CIRCUITS_TELL_KEYS:
        need_keys(ret_effect, one);
        return 0;
    case CEPA_CIRCUITS_TELL_PACKET:
        return send_packet(circuits, ret_effect, one);
    case CEPA_CIRCUITS_TELL_OFFER:
        return send_offer(circuits, ret_effect, one);
    case CEPA_CIRCUITS_TELL_OPENED:
        tell_opened(ret_effect, one, CEPA_CIRCUITS_OPENED);
        return 0;
    case CEPA_CIRCUITS_TELL_REBUILT:
        tell_opened(ret_effect, one, CEPA_CIRCUITS_REBUILT);
        return 0;
    case CEPA_CIRCUITS_TELL_REPLACED:
        ret_effect->kind = CEPA_CIRCUITS_REPLACED;
        ret_effect->other = one->other;
        return 0;
    case CEPA_CIRCUITS_TELL_ENDED:
        ret_effect->kind = CEPA_CIRCUITS_ENDED;
        ret_effect->error = one->error;
        return 0;
    default:
        return CEPA_ERR_NOT_FOUND;
    }
}

int cepa_circuits_next(struct cepa_circuits *circuits, struct cepa_circuits_effect *ret_effect)
{
    struct cepa_circuits_effect effect;
    struct cepa_handle handle;
    int error = CEPA_ERR_NOT_FOUND;
    memset(&effect, 0, sizeof effect);
    while (error != 0 && cepa_ring_pop(&circuits->ready, &handle) == 0) {
        struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
        CEPA_ASSERT(one != NULL && one->is_ready);
        uint32_t held = one->room > 0 ? 0 : (uint32_t)CEPA_CIRCUITS_TELL_CELLS;
        uint32_t todo = one->todo & ~held;
        one->is_ready = false;
        circuits->deadline.ns = 0;
        error = tell(circuits, &effect, one, todo & (~todo + 1));
        held = one->room > 0 ? 0 : (uint32_t)CEPA_CIRCUITS_TELL_CELLS;
        if (one->todo & ~held) {
            cepa_circuits_tell(circuits, one, 0);
        } else if (one->state == CEPA_CIRCUITS_CLOSED) {
            CEPA_ASSERT(cepa_pool_free(&circuits->circuits, handle) == 0);
        }
    }
    if (error == 0) {
        *ret_effect = effect;
    }
    return error;
}
