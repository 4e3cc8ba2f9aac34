/* What this relay does as the last hop: it sends back, counts, or sends. They measure paths:
 * whoever asks pays with credit of its own circuit, so nothing of this can be turned against
 * others.
 * @[SPEC 12.5] */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "node/node_parts.h"

/* How many cells of one source may wait on the link: enough to keep it busy, and few enough to stay
 * in the caches. */
enum { AHEAD = 128 };

_Static_assert((int)CEPA_NODE_BULK_HEADER <= (int)CEPA_CELL_DATA_MAX, "the header fits a cell");

bool cepa_node_send_back(struct cepa_node *node, struct cepa_handle circuit, const uint8_t *data,
                         size_t data_len, struct cepa_time now)
{
    uint64_t number;
    uint64_t counter;
    uint32_t circuit_id;
    if (cepa_circuit_table_send(&node->table, circuit, &number, &circuit_id, &counter,
                                node->workspace->body, data, data_len, now) != 0) {
        return false;
    }
    struct cepa_node_link *link = cepa_node_link_find(node, number);
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return false;
    }
    cepa_node_touch(node, link);
    return cepa_link_send_cell(&link->link, circuit_id, counter, node->workspace->body, now) == 0;
}

void cepa_node_answer(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                      struct cepa_time now)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    struct cepa_handle circuit = cepa_node_circuit_handle(effect->circuit);
    for (uint32_t part = 0; cepa_node_answer_part(data, effect->data, effect->data_len, part);
         part++) {
        if (!cepa_node_send_back(node, circuit, data, sizeof data, now)) {
            return; /* who asked asks again */
        }
    }
}

static struct cepa_node_bulk *find(struct cepa_node *node, struct cepa_handle circuit)
{
    for (size_t i = 0; i < CEPA_NODE_BULKS_MAX; i++) {
        if (cepa_handle_is_equal(node->bulks[i].circuit, circuit)) {
            return &node->bulks[i];
        }
    }
    return NULL;
}

/* A new one: a free place, or that of a circuit that is gone. NULL if all are in use. */
static struct cepa_node_bulk *make(struct cepa_node *node, struct cepa_handle circuit,
                                   uint8_t service, uint32_t total)
{
    for (size_t i = 0; i < CEPA_NODE_BULKS_MAX; i++) {
        struct cepa_node_bulk *bulk = &node->bulks[i];
        if (cepa_handle_is_none(bulk->circuit) ||
            !cepa_circuit_ends_is_last(&node->table, bulk->circuit)) {
            *bulk = (struct cepa_node_bulk){.circuit = circuit, .service = service, .total = total};
            return bulk;
        }
    }
    return NULL;
}

/* Sends what a source may send now. */
static void pump(struct cepa_node *node, struct cepa_node_bulk *bulk, uint32_t room,
                 struct cepa_time now)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    memset(data, 0, sizeof data);
    data[0] = bulk->service;
    while (room > 0 && bulk->waiting < AHEAD && bulk->done < bulk->total) {
        cepa_be32_store(data + 1, bulk->done);
        if (!cepa_node_send_back(node, bulk->circuit, data, sizeof data, now)) {
            break;
        }
        bulk->done++;
        bulk->waiting++;
        room--;
    }
    if (bulk->done == bulk->total) {
        *bulk = (struct cepa_node_bulk){0};
    }
}

static void count(struct cepa_node *node, struct cepa_node_bulk *bulk, struct cepa_time now)
{
    uint8_t data[CEPA_NODE_BULK_HEADER] = {CEPA_NODE_SERVICE_SINK};
    bulk->done++;
    if (bulk->done == bulk->total) {
        cepa_be32_store(data + 1, bulk->total);
        (void)cepa_node_send_back(node, bulk->circuit, data, sizeof data, now);
        *bulk = (struct cepa_node_bulk){0};
    }
}

static void serve_bulk(struct cepa_node *node, struct cepa_node_link *link, uint32_t circuit_id,
                       const struct cepa_circuit_outcome *outcome, struct cepa_time now)
{
    const struct cepa_cell_message *message = &outcome->message;
    struct cepa_node_bulk *bulk = find(node, outcome->circuit);
    if (message->data_len < CEPA_NODE_BULK_HEADER) {
        return;
    }
    uint32_t total = cepa_be32_load(message->data + 1);
    if (total == 0 || total > CEPA_NODE_BULK_MAX) {
        return;
    }
    if (bulk == NULL) {
        bulk = make(node, outcome->circuit, message->data[0], total);
    }
    if (bulk == NULL || bulk->service != message->data[0]) {
        return;
    }
    if (bulk->service == CEPA_NODE_SERVICE_SINK) {
        count(node, bulk, now);
    } else if (bulk->done == 0) {
        pump(node, bulk, cepa_link_circuit_room(&link->link, circuit_id), now);
    }
}

bool cepa_node_serve(struct cepa_node *node, struct cepa_node_link *link, uint32_t circuit_id,
                     const struct cepa_circuit_outcome *outcome, struct cepa_time now)
{
    const struct cepa_cell_message *message = &outcome->message;
    bool is_held;
    if (cepa_node_ends_serve(node, link, outcome, &is_held, now)) {
        return is_held;
    }
    if (message->data_len > 0 && message->data[0] == CEPA_NODE_SERVICE_BUCKET) {
        cepa_mesh_on_request(node->mesh, cepa_node_circuit_number(outcome->circuit),
                             message->data + 1, message->data_len - 1, now);
        return false;
    }
    if (!node->config.answers_echo || message->data_len == 0) {
        return false;
    }
    switch (message->data[0]) {
    case CEPA_NODE_SERVICE_ECHO:
        return cepa_node_send_back(node, outcome->circuit, message->data, message->data_len, now);
    case CEPA_NODE_SERVICE_SINK:
    case CEPA_NODE_SERVICE_SOURCE:
        serve_bulk(node, link, circuit_id, outcome, now);
        return false;
    default:
        return false;
    }
}

bool cepa_node_serve_window(struct cepa_node *node, struct cepa_handle circuit,
                            const struct cepa_link_event *event, struct cepa_time now)
{
    struct cepa_node_bulk *bulk = find(node, circuit);
    if (bulk == NULL || bulk->service != CEPA_NODE_SERVICE_SOURCE) {
        return false;
    }
    bulk->waiting -= event->count < bulk->waiting ? event->count : bulk->waiting;
    pump(node, bulk, event->room, now);
    return true;
}
