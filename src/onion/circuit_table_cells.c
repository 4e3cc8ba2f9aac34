/* Cells at a relay, renewals, and what comes out of the table. @[SPEC 11.7] */
#include <string.h>

#include "base/assert.h"
#include "onion/circuit_table_parts.h"

/* A link has at most this part of the renewals under way. */
enum { RENEWALS_SHARE = 4 };

static struct cepa_table_renewal *find_renewal(const struct cepa_circuit_table *table,
                                               const struct cepa_table_circuit *circuit)
{
    return cepa_handle_is_none(circuit->renewal)
               ? NULL
               : cepa_pool_find(&table->renewals, circuit->renewal);
}

void cepa_table_renewal_free(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit)
{
    const struct cepa_table_renewal *renewal = find_renewal(table, circuit);
    if (renewal == NULL) {
        return;
    }
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, renewal->link);
    if (record != NULL) {
        record->renewals--;
    }
    CEPA_ASSERT(cepa_pool_free(&table->renewals, circuit->renewal) == 0);
    memset(&circuit->renewal, 0, sizeof circuit->renewal);
}

/* The buffer of a circuit's renewal; a new one within the share of the link. */
static struct cepa_table_renewal *make_renewal(struct cepa_circuit_table *table,
                                               struct cepa_table_circuit *circuit)
{
    const struct cepa_handle of = circuit->sides[CEPA_TABLE_PREVIOUS].of;
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, of);
    struct cepa_table_renewal *renewal = find_renewal(table, circuit);
    CEPA_ASSERT(record != NULL);
    if (renewal != NULL) {
        return renewal;
    }
    if (record->renewals > table->limits.renewals_max / RENEWALS_SHARE ||
        cepa_pool_alloc(&table->renewals, &circuit->renewal) != 0) {
        return NULL;
    }
    renewal = cepa_pool_find(&table->renewals, circuit->renewal);
    renewal->link = of;
    record->renewals++;
    cepa_assembly_init(&renewal->assembly, renewal->offer, sizeof renewal->offer);
    return renewal;
}

/* Answers a whole offer within the link's budget. */
static int answer(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                  struct cepa_table_renewal *renewal, struct cepa_time now)
{
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, renewal->link);
    CEPA_ASSERT(record != NULL);
    if (!cepa_table_budget_take(&record->renewal_budget, table->limits.renewals_per_second,
                                table->limits.renewals_burst, now)) {
        return CEPA_ERR_TOO_SOON;
    }
    int error = cepa_circuit_relay_renew(&circuit->relay, renewal->answer, renewal->offer,
                                         sizeof renewal->offer, table->tools.random,
                                         &table->tools.workspace->xwing, table->tools.cpu);
    if (error == 0) {
        table->counts.renewed++;
        circuit->answer_part = 0;
        cepa_table_circuit_tell(table, circuit, CEPA_TABLE_ANSWER);
    }
    return error;
}

static int offer_part(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                      const struct cepa_cell_message *message, struct cepa_time now)
{
    struct cepa_part part;
    if (circuit->todo & CEPA_TABLE_ANSWER) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_part_decode(&part, message->data, message->data_len);
    if (error != 0) {
        return error;
    }
    struct cepa_table_renewal *renewal = make_renewal(table, circuit);
    if (renewal == NULL) {
        return CEPA_ERR_FULL;
    }
    int is_whole = cepa_assembly_add(&renewal->assembly, &part);
    if (is_whole != 1) {
        return is_whole;
    }
    error = answer(table, circuit, renewal, now);
    if (error != 0) {
        cepa_table_renewal_free(table, circuit);
    }
    return error;
}

/* A cell that is for this relay. */
static int take_mine(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                     struct cepa_table_circuit *circuit, const struct cepa_cell_message *message,
                     struct cepa_time now)
{
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_NOTHING;
    switch (message->command) {
    case CEPA_CELL_DATA:
        ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_DATA;
        ret_outcome->circuit = circuit->self;
        ret_outcome->message = *message;
        return 0;
    case CEPA_CELL_RENEW_OFFER:
        return offer_part(table, circuit, message, now);
    case CEPA_CELL_PACKET_PART:
        return cepa_table_packet_part(table, circuit, message, now);
    case CEPA_CELL_PADDING:
        return 0;
    case CEPA_CELL_CONFIRM:
    case CEPA_CELL_RENEW_ANSWER:
    case CEPA_CELL_BROKEN:
    case CEPA_CELL_COMMANDS:
    default:
        CEPA_UNREACHABLE(); /* no origin says it: the cell would have been refused */
    }
}

static int go_forward(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                      struct cepa_table_circuit *circuit, uint64_t counter, uint8_t *body,
                      struct cepa_time now)
{
    const struct cepa_table_side *next = &circuit->sides[CEPA_TABLE_NEXT];
    struct cepa_circuit_step step;
    if (circuit->relay.state == CEPA_RELAY_MIDDLE && !next->is_mapped) {
        return CEPA_ERR_STATE; /* the way on is still being opened */
    }
    int error = cepa_circuit_relay_forward(&circuit->relay, &step, body, counter, table->tools.cpu);
    if (error == CEPA_ERR_AUTHENTICATION || error == CEPA_ERR_MALFORMED) {
        cepa_table_circuit_on(table, circuit, CEPA_RELAY_ON_TIMED_OUT, now);
    }
    if (error != 0) {
        return error;
    }
    circuit->has_cells = true;
    if (circuit->relay.state != CEPA_RELAY_CUT) {
        circuit->active = now;
    }
    if (step.is_mine) {
        return take_mine(table, ret_outcome, circuit, &step.message, now);
    }
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_CELL;
    ret_outcome->link = next->link;
    ret_outcome->circuit_id = next->circuit_id;
    ret_outcome->counter = step.counter;
    table->counts.cells++;
    return 0;
}

static int go_backward(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                       struct cepa_table_circuit *circuit, uint64_t counter, uint8_t *body,
                       struct cepa_time now)
{
    const struct cepa_table_side *previous = &circuit->sides[CEPA_TABLE_PREVIOUS];
    int error = cepa_circuit_relay_backward(&circuit->relay, &ret_outcome->counter, body, counter,
                                            table->tools.cpu);
    if (error == CEPA_ERR_FULL) {
        cepa_table_circuit_on(table, circuit, CEPA_RELAY_ON_TIMED_OUT, now);
    }
    if (error != 0) {
        return error;
    }
    circuit->active = now;
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_CELL;
    ret_outcome->link = previous->link;
    ret_outcome->circuit_id = previous->circuit_id;
    table->counts.cells++;
    return 0;
}

int cepa_circuit_table_on_cell(struct cepa_circuit_table *table,
                               struct cepa_circuit_outcome *ret_outcome, uint64_t link,
                               uint32_t circuit_id, uint64_t counter, uint8_t *body,
                               struct cepa_time now)
{
    unsigned side;
    struct cepa_table_circuit *circuit = cepa_table_circuit_at(table, link, circuit_id, &side);
    int error = CEPA_ERR_NOT_FOUND;
    if (circuit == NULL) {
        table->counts.dropped++;
        return error;
    }
    if (circuit->is_own) {
        ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_OWN;
        ret_outcome->owner = circuit->owner;
        return 0;
    }
    error = side == CEPA_TABLE_PREVIOUS
                ? go_forward(table, ret_outcome, circuit, counter, body, now)
                : go_backward(table, ret_outcome, circuit, counter, body, now);
    table->counts.dropped += error != 0;
    table->counts.limited += error == CEPA_ERR_FULL || error == CEPA_ERR_TOO_SOON;
    return error;
}

int cepa_circuit_table_send(struct cepa_circuit_table *table, struct cepa_handle circuit,
                            uint64_t *ret_link, uint32_t *ret_circuit_id, uint64_t *ret_counter,
                            uint8_t *ret_body, const uint8_t *data, size_t data_len,
                            struct cepa_time now)
{
    struct cepa_table_circuit *found = cepa_pool_find(&table->circuits, circuit);
    const struct cepa_cell_message message = {CEPA_CELL_DATA, data, data_len};
    if (found == NULL || found->is_own || found->is_over) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (found->todo & CEPA_TABLE_CONFIRM) {
        return CEPA_ERR_STATE; /* the confirmation must be the first cell */
    }
    int error = cepa_circuit_relay_originate(&found->relay, ret_counter, ret_body, &message,
                                             table->tools.cpu);
    if (error == 0) {
        found->active = now;
        *ret_link = found->sides[CEPA_TABLE_PREVIOUS].link;
        *ret_circuit_id = found->sides[CEPA_TABLE_PREVIOUS].circuit_id;
    }
    return error;
}

/* Forms a cell of the relay's own as an effect. */
static int originate(struct cepa_circuit_table *table, struct cepa_circuit_effect *ret_effect,
                     struct cepa_table_circuit *circuit, const struct cepa_cell_message *message)
{
    const struct cepa_table_side *previous = &circuit->sides[CEPA_TABLE_PREVIOUS];
    uint64_t counter;
    int error =
        message->command == CEPA_CELL_CONFIRM
            ? cepa_circuit_relay_confirm(&circuit->relay, &counter, table->body, table->tools.cpu)
            : cepa_circuit_relay_originate(&circuit->relay, &counter, table->body, message,
                                           table->tools.cpu);
    if (error != 0) {
        return error;
    }
    ret_effect->kind = CEPA_CIRCUIT_EFFECT_CELL;
    ret_effect->link = previous->link;
    ret_effect->circuit_id = previous->circuit_id;
    ret_effect->counter = counter;
    ret_effect->body = table->body;
    return 0;
}

/* The next part of the answer to a renewal. */
static int answer_part(struct cepa_circuit_table *table, struct cepa_circuit_effect *ret_effect,
                       struct cepa_table_circuit *circuit)
{
    const struct cepa_table_renewal *renewal = find_renewal(table, circuit);
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_cell_message message = {CEPA_CELL_RENEW_ANSWER, data, 0};
    struct cepa_part part;
    CEPA_ASSERT(renewal != NULL);
    cepa_part_cut(&part, renewal->answer, sizeof renewal->answer, renewal->assembly.sequence,
                  circuit->answer_part);
    cepa_part_encode(data, &message.data_len, &part);
    circuit->answer_part++;
    if (circuit->answer_part < part.count) {
        circuit->todo |= CEPA_TABLE_ANSWER;
    } else {
        cepa_table_renewal_free(table, circuit);
    }
    return originate(table, ret_effect, circuit, &message);
}

static void close_side(struct cepa_circuit_effect *ret_effect,
                       const struct cepa_table_circuit *circuit, unsigned side)
{
    ret_effect->kind = CEPA_CIRCUIT_EFFECT_CLOSE;
    ret_effect->link = circuit->sides[side].link;
    ret_effect->circuit_id = circuit->sides[side].circuit_id;
}

/* Carries out one thing that a circuit has to tell. Returns 0 if that gave an effect. */
static int tell(struct cepa_circuit_table *table, struct cepa_circuit_effect *ret_effect,
                struct cepa_table_circuit *circuit)
{
    const struct cepa_cell_message confirm = {CEPA_CELL_CONFIRM, NULL, 0};
    const struct cepa_cell_message broken = {CEPA_CELL_BROKEN, NULL, 0};
    uint32_t bit = circuit->todo & (~circuit->todo + 1);
    circuit->todo &= ~bit;
    switch (bit) {
    case CEPA_TABLE_CONFIRM:
        return originate(table, ret_effect, circuit, &confirm);
    case CEPA_TABLE_BROKEN:
        return originate(table, ret_effect, circuit, &broken);
    case CEPA_TABLE_ANSWER:
        return answer_part(table, ret_effect, circuit);
    case CEPA_TABLE_CLOSE_PREVIOUS:
        close_side(ret_effect, circuit, CEPA_TABLE_PREVIOUS);
        return 0;
    case CEPA_TABLE_CLOSE_NEXT:
        close_side(ret_effect, circuit, CEPA_TABLE_NEXT);
        return 0;
    case CEPA_TABLE_ENDED:
        ret_effect->kind = CEPA_CIRCUIT_EFFECT_ENDED;
        ret_effect->circuit = circuit->self;
        return 0;
    case CEPA_TABLE_OWN_LOST:
        ret_effect->kind = CEPA_CIRCUIT_EFFECT_OWN_LOST;
        ret_effect->owner = circuit->owner;
        return 0;
    default:
        return CEPA_ERR_NOT_FOUND; /* an ended circuit with nothing to tell */
    }
}

static int next_packet(struct cepa_circuit_table *table, struct cepa_circuit_effect *ret_effect)
{
    struct cepa_handle handle;
    while (cepa_ring_pop(&table->ready_packets, &handle) == 0) {
        struct cepa_table_packet *packet = cepa_pool_find(&table->packets, handle);
        if (packet != NULL) {
            const struct cepa_circuit_table_link *from =
                cepa_pool_find(&table->links, packet->link);
            packet->state = CEPA_TABLE_OFFERED;
            ret_effect->kind = CEPA_CIRCUIT_EFFECT_PACKET;
            ret_effect->body = packet->bytes;
            ret_effect->packet = handle;
            ret_effect->next = packet->next;
            ret_effect->link = from == NULL ? 0 : from->number;
            ret_effect->is_circuit = !cepa_handle_is_none(packet->circuit);
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

int cepa_circuit_table_next(struct cepa_circuit_table *table,
                            struct cepa_circuit_effect *ret_effect)
{
    struct cepa_circuit_effect effect;
    struct cepa_handle handle;
    memset(&effect, 0, sizeof effect);
    int error = next_packet(table, &effect);
    while (error != 0 && cepa_ring_pop(&table->ready_circuits, &handle) == 0) {
        struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, handle);
        CEPA_ASSERT(circuit != NULL && circuit->is_ready);
        circuit->is_ready = false;
        error = tell(table, &effect, circuit);
        if (circuit->todo != 0) {
            cepa_table_circuit_tell(table, circuit, 0);
        } else if (circuit->is_over) {
            CEPA_ASSERT(cepa_pool_free(&table->circuits, handle) == 0);
        }
    }
    if (error == 0) {
        *ret_effect = effect;
    }
    return error;
}
