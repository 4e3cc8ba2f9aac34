/* Packets at a relay: what they make, where they wait, how they come through a circuit.
 * @[SPEC 11.7] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "onion/circuit_table_parts.h"

/* How long the parts of a packet may take. */
#define ASSEMBLY_NS (10 * CEPA_SECOND_NS)

static struct cepa_table_packet *find_packet(const struct cepa_circuit_table *table,
                                             struct cepa_handle packet)
{
    return cepa_handle_is_none(packet) ? NULL : cepa_pool_find(&table->packets, packet);
}

int cepa_table_packet_make(struct cepa_circuit_table *table, struct cepa_table_packet **ret_packet,
                           struct cepa_handle link, const struct cepa_table_circuit *circuit,
                           struct cepa_time deadline)
{
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, link);
    struct cepa_handle handle;
    CEPA_ASSERT(record != NULL);
    if (record->packets >= table->limits.packets_per_link_max) {
        return CEPA_ERR_FULL;
    }
    int error = cepa_pool_alloc(&table->packets, &handle);
    if (error != 0) {
        return error;
    }
    struct cepa_table_packet *packet = cepa_pool_find(&table->packets, handle);
    error = cepa_table_timer_set(table, &packet->timer, handle, CEPA_TABLE_TIMER_PACKET, deadline);
    if (error != 0) {
        CEPA_ASSERT(cepa_pool_free(&table->packets, handle) == 0);
        return error;
    }
    packet->self = handle;
    packet->link = link;
    if (circuit != NULL) {
        packet->circuit = circuit->self;
    }
    record->packets++;
    *ret_packet = packet;
    return 0;
}

void cepa_table_packet_free(struct cepa_circuit_table *table, struct cepa_handle handle)
{
    struct cepa_table_packet *packet = find_packet(table, handle);
    if (packet == NULL) {
        return;
    }
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, packet->link);
    if (record != NULL) {
        record->packets--;
    }
    cepa_table_timer_stop(table, &packet->timer);
    CEPA_ASSERT(cepa_pool_free(&table->packets, handle) == 0);
}

/* Gives a packet up that cannot be sent: its circuit has lost its next hop. */
static void give_up(struct cepa_circuit_table *table, struct cepa_handle handle,
                    struct cepa_time now)
{
    struct cepa_table_packet *packet = find_packet(table, handle);
    if (packet == NULL) {
        return;
    }
    struct cepa_table_circuit *circuit = cepa_handle_is_none(packet->circuit)
                                             ? NULL
                                             : cepa_pool_find(&table->circuits, packet->circuit);
    cepa_table_packet_free(table, handle);
    if (circuit != NULL && !circuit->is_over) {
        memset(&circuit->packet, 0, sizeof circuit->packet);
        cepa_table_circuit_on(table, circuit, CEPA_RELAY_ON_NEXT_LOST, now);
    }
}

void cepa_table_packet_ready(struct cepa_circuit_table *table, struct cepa_table_packet *packet,
                             struct cepa_time now)
{
    packet->state = CEPA_TABLE_READY;
    cepa_table_timer_stop(table, &packet->timer);
    CEPA_ASSERT(cepa_table_timer_set(table, &packet->timer, packet->self, CEPA_TABLE_TIMER_PACKET,
                                     cepa_time_add(now, table->limits.join_ns)) == 0);
    if (cepa_ring_push(&table->ready_packets, &packet->self) != 0) {
        give_up(table, packet->self, now);
    }
}

void cepa_table_packet_due(struct cepa_circuit_table *table, struct cepa_handle handle,
                           struct cepa_time now)
{
    struct cepa_table_packet *packet = find_packet(table, handle);
    CEPA_ASSERT(packet != NULL);
    memset(&packet->timer, 0, sizeof packet->timer);
    if (packet->state == CEPA_TABLE_DELAYED) {
        cepa_table_packet_ready(table, packet, now);
    } else if (packet->state == CEPA_TABLE_ASSEMBLING) {
        struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, packet->circuit);
        CEPA_ASSERT(circuit != NULL);
        memset(&circuit->packet, 0, sizeof circuit->packet);
        cepa_table_packet_free(table, handle);
    } else {
        give_up(table, handle, now);
    }
}

const uint8_t *cepa_circuit_table_packet(const struct cepa_circuit_table *table,
                                         struct cepa_handle packet)
{
    const struct cepa_table_packet *found = find_packet(table, packet);
    return found == NULL || found->state != CEPA_TABLE_OFFERED ? NULL : found->bytes;
}

int cepa_circuit_table_sent(struct cepa_circuit_table *table, struct cepa_handle packet,
                            uint64_t link, uint32_t circuit_id, struct cepa_time now)
{
    struct cepa_table_packet *found = find_packet(table, packet);
    if (found == NULL || found->state != CEPA_TABLE_OFFERED) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (cepa_handle_is_none(found->circuit)) {
        cepa_table_packet_free(table, packet);
        return 0;
    }
    struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, found->circuit);
    CEPA_ASSERT(circuit != NULL && !circuit->is_over);
    int error = cepa_table_side_map(table, circuit, CEPA_TABLE_NEXT, link, circuit_id);
    if (error != 0) {
        give_up(table, packet, now);
        return error;
    }
    memset(&circuit->packet, 0, sizeof circuit->packet);
    cepa_table_packet_free(table, packet);
    return 0;
}

void cepa_circuit_table_unreachable(struct cepa_circuit_table *table, struct cepa_handle packet,
                                    struct cepa_time now)
{
    give_up(table, packet, now);
}

/* Makes the circuit of a CREATE_LAST. */
static int create_last(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                       const struct cepa_packet_peeled *peeled, uint64_t link, uint32_t circuit_id,
                       struct cepa_time now)
{
    struct cepa_table_circuit *circuit;
    int error = cepa_table_circuit_make(table, &circuit, link, circuit_id, now);
    if (error != 0) {
        return error;
    }
    cepa_circuit_relay_init(&circuit->relay, &peeled->circuit, true, table->tools.cpu);
    circuit->has_ended_here = true;
    cepa_table_circuit_tell(table, circuit, CEPA_TABLE_CONFIRM);
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_CREATED;
    ret_outcome->circuit = circuit->self;
    ret_outcome->recipient = peeled->recipient;
    ret_outcome->content = peeled->content;
    table->counts.created++;
    return 0;
}

/* Makes the circuit of a CREATE, and keeps its packet until there is a link to go on over. */
static int create(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                  const struct cepa_packet_peeled *peeled, uint64_t link, uint32_t circuit_id,
                  const uint8_t *bytes, struct cepa_time now)
{
    const struct cepa_handle of =
        *(const struct cepa_handle *)cepa_map_find(&table->by_link, &link);
    struct cepa_table_circuit *circuit;
    struct cepa_table_packet *packet;
    int error =
        cepa_table_packet_make(table, &packet, of, NULL, cepa_time_add(now, table->limits.join_ns));
    if (error != 0) {
        return error;
    }
    error = cepa_table_circuit_make(table, &circuit, link, circuit_id, now);
    if (error != 0) {
        cepa_table_packet_free(table, packet->self);
        return error;
    }
    cepa_circuit_relay_init(&circuit->relay, &peeled->circuit, false, table->tools.cpu);
    memcpy(packet->bytes, bytes, sizeof packet->bytes);
    packet->next = peeled->next;
    packet->circuit = circuit->self;
    circuit->packet = packet->self;
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_NOTHING;
    table->counts.created++;
    cepa_table_packet_ready(table, packet, now);
    return 0;
}

/* Keeps a packet that goes on by itself until its delay is over. */
static int forward(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                   const struct cepa_packet_peeled *peeled, uint64_t link, const uint8_t *bytes,
                   struct cepa_time now)
{
    const struct cepa_handle of =
        *(const struct cepa_handle *)cepa_map_find(&table->by_link, &link);
    struct cepa_time due = cepa_time_add(now, peeled->delay_ms * CEPA_MILLISECOND_NS);
    struct cepa_table_packet *packet;
    int error = cepa_table_packet_make(table, &packet, of, NULL, due);
    if (error != 0) {
        return error;
    }
    memcpy(packet->bytes, bytes, sizeof packet->bytes);
    packet->next = peeled->next;
    packet->state = CEPA_TABLE_DELAYED;
    if (peeled->delay_ms == 0) {
        cepa_table_packet_ready(table, packet, now);
    }
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_NOTHING;
    return 0;
}

/* Carries out what a packet from a link says. */
static int obey(struct cepa_circuit_table *table, struct cepa_circuit_outcome *ret_outcome,
                const struct cepa_packet_peeled *peeled, uint64_t link, uint32_t circuit_id,
                const uint8_t *bytes, struct cepa_time now)
{
    bool is_create = peeled->type == CEPA_PACKET_CREATE || peeled->type == CEPA_PACKET_CREATE_LAST;
    if (is_create != (circuit_id != 0)) {
        return CEPA_ERR_STATE;
    }
    switch (peeled->type) {
    case CEPA_PACKET_CREATE_LAST:
        return create_last(table, ret_outcome, peeled, link, circuit_id, now);
    case CEPA_PACKET_CREATE:
        return create(table, ret_outcome, peeled, link, circuit_id, bytes, now);
    case CEPA_PACKET_FORWARD:
    case CEPA_PACKET_REPLY:
        return forward(table, ret_outcome, peeled, link, bytes, now);
    case CEPA_PACKET_DELIVER:
    case CEPA_PACKET_REPLY_LAST:
        ret_outcome->kind = peeled->type == CEPA_PACKET_DELIVER ? CEPA_CIRCUIT_OUTCOME_DELIVER
                                                                : CEPA_CIRCUIT_OUTCOME_REPLY;
        ret_outcome->recipient = peeled->recipient;
        ret_outcome->content = peeled->content;
        return 0;
    case CEPA_PACKET_DROP:
        ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_NOTHING;
        return 0;
    case CEPA_PACKET_EXTEND:
    default:
        CEPA_UNREACHABLE(); /* not from a link: the packet would have been dropped */
    }
}

/* What can be said before any work is done. */
static int admit(struct cepa_circuit_table *table, struct cepa_circuit_table_link *record,
                 uint64_t link, uint32_t circuit_id, struct cepa_time now)
{
    unsigned side;
    if (circuit_id != 0 && cepa_table_circuit_at(table, link, circuit_id, &side) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    bool is_full = circuit_id != 0 && (record->circuits >= table->limits.circuits_per_link_max ||
                                       table->circuits.count == table->circuits.capacity);
    if (is_full) {
        return CEPA_ERR_FULL;
    }
    return cepa_table_budget_take(&record->packet_budget, table->limits.packets_per_second,
                                  table->limits.packets_burst, now)
               ? 0
               : CEPA_ERR_TOO_SOON;
}

int cepa_circuit_table_on_packet(struct cepa_circuit_table *table,
                                 struct cepa_circuit_outcome *ret_outcome, uint64_t link,
                                 uint32_t circuit_id, uint8_t *packet, struct cepa_time now)
{
    struct cepa_circuit_table_link *record = cepa_table_link_find(table, link);
    struct cepa_packet_peeled peeled;
    if (record == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    int error = admit(table, record, link, circuit_id, now);
    if (error == 0) {
        error =
            cepa_packet_peel(&peeled, packet, CEPA_PACKET_SIZE, table->tools.keys, &record->share,
                             CEPA_PACKET_FROM_LINK, table->tools.workspace, table->tools.cpu);
        if (error == 0) {
            error = obey(table, ret_outcome, &peeled, link, circuit_id, packet, now);
            cepa_wipe(&peeled, sizeof peeled);
        }
    }
    table->counts.dropped += error != 0;
    table->counts.limited += error == CEPA_ERR_FULL || error == CEPA_ERR_TOO_SOON;
    return error;
}

/* Splices a circuit: the packet that has come through it leads on. */
static int extend(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                  struct cepa_table_packet *packet, struct cepa_time now)
{
    struct cepa_circuit_table_link *record =
        cepa_pool_find(&table->links, circuit->sides[CEPA_TABLE_PREVIOUS].of);
    struct cepa_packet_peeled peeled;
    CEPA_ASSERT(record != NULL);
    if (!cepa_table_budget_take(&record->packet_budget, table->limits.packets_per_second,
                                table->limits.packets_burst, now)) {
        return CEPA_ERR_TOO_SOON;
    }
    int error = cepa_packet_peel(&peeled, packet->bytes, sizeof packet->bytes, table->tools.keys,
                                 &record->share, CEPA_PACKET_FROM_CIRCUIT, table->tools.workspace,
                                 table->tools.cpu);
    if (error != 0) {
        return error;
    }
    packet->next = peeled.next;
    cepa_wipe(&peeled, sizeof peeled);
    cepa_table_circuit_on(table, circuit, CEPA_RELAY_ON_EXTENDED, now);
    circuit->active = now;
    table->counts.extended++;
    cepa_table_packet_ready(table, packet, now);
    return 0;
}

int cepa_table_packet_part(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                           const struct cepa_cell_message *message, struct cepa_time now)
{
    struct cepa_table_packet *packet = find_packet(table, circuit->packet);
    struct cepa_part part;
    if (circuit->relay.state == CEPA_RELAY_MIDDLE) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_part_decode(&part, message->data, message->data_len);
    if (error != 0) {
        return error;
    }
    if (packet == NULL) {
        error = cepa_table_packet_make(table, &packet, circuit->sides[CEPA_TABLE_PREVIOUS].of,
                                       circuit, cepa_time_add(now, ASSEMBLY_NS));
        if (error != 0) {
            return error;
        }
        circuit->packet = packet->self;
        packet->state = CEPA_TABLE_ASSEMBLING;
        cepa_assembly_init(&packet->assembly, packet->bytes, sizeof packet->bytes);
    }
    int is_whole = cepa_assembly_add(&packet->assembly, &part);
    if (is_whole != 1) {
        return is_whole;
    }
    error = extend(table, circuit, packet, now);
    if (error != 0) {
        cepa_table_packet_free(table, circuit->packet);
        memset(&circuit->packet, 0, sizeof circuit->packet);
    }
    return error;
}
