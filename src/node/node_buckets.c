/* Buckets of large networks and circuits: this node's own requests go out through circuits of their
 * own, one for each bucket, and requests of others come in at a last hop. An answer has always as
 * many cells. @[SPEC 12.5] */
#include <string.h>

#include "base/assert.h"
#include "node/node_parts.h"

enum {
    PART_HEADER_SIZE = 1 + 1, /* service, number of the part */
    PART_DATA_SIZE = CEPA_CELL_DATA_MAX - PART_HEADER_SIZE,
    PARTS = (CEPA_MESH_BUCKET_ANSWER_SIZE + PART_DATA_SIZE - 1) / PART_DATA_SIZE
};

_Static_assert(PARTS == 12, "cells of an answer, @[SPEC 12.5]");

static struct cepa_node_fetch *find_route(struct cepa_node *node, uint64_t route)
{
    for (size_t i = 0; i < CEPA_NODE_FETCHES; i++) {
        if (node->fetches[i].route == route) {
            return &node->fetches[i];
        }
    }
    return NULL;
}

/* Ends a fetch; its request, if there is one, has failed. */
static void fail(struct cepa_node *node, struct cepa_node_fetch *fetch, struct cepa_time now)
{
    uint64_t ticket = fetch->ticket;
    struct cepa_node_circuit *own = cepa_node_own_find(node, fetch->circuit);
    if (own != NULL) {
        own->fetch = 0;
        cepa_circuits_close(&node->circuits, fetch->circuit, now);
    }
    memset(fetch, 0, sizeof *fetch);
    if (ticket != 0) {
        cepa_mesh_on_fetched(node->mesh, ticket, NULL, 0, now);
    }
}

static void send_request(struct cepa_node *node, struct cepa_node_fetch *fetch,
                         struct cepa_time now)
{
    uint8_t data[1 + CEPA_MESH_SIGNAL_MAX] = {CEPA_NODE_SERVICE_BUCKET};
    memcpy(data + 1, fetch->request, fetch->request_len);
    fetch->parts = 0;
    if (cepa_node_circuit_send(node, cepa_node_circuit_number(fetch->circuit), data,
                               1 + fetch->request_len, now) != 0) {
        fail(node, fetch, now);
    }
}

/* Opens a circuit for a new route. */
static int open_circuit(struct cepa_node *node, struct cepa_node_fetch *fetch, struct cepa_time now)
{
    const struct cepa_circuits_request request = {.hops_len = 0};
    struct cepa_handle circuit;
    int error = cepa_circuits_open(&node->circuits, &circuit, &request, now);
    if (error != 0) {
        return error;
    }
    struct cepa_node_circuit *own = &node->own_circuits[circuit.index];
    if (!cepa_handle_is_equal(own->circuit, circuit)) {
        *own = (struct cepa_node_circuit){.circuit = circuit, .began = now};
    }
    own->fetch = 1 + (uint32_t)(fetch - node->fetches);
    fetch->circuit = circuit;
    node->is_paths_due = true;
    return 0;
}

void cepa_node_fetch(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                     struct cepa_time now)
{
    struct cepa_node_fetch *fetch = find_route(node, effect->route);
    if (fetch == NULL) {
        fetch = find_route(node, 0);
        if (fetch == NULL) {
            cepa_mesh_on_fetched(node->mesh, effect->ticket, NULL, 0, now);
            return;
        }
        memset(fetch, 0, sizeof *fetch);
        fetch->route = effect->route;
    }
    CEPA_ASSERT(effect->data_len <= sizeof fetch->request);
    fetch->ticket = effect->ticket;
    memcpy(fetch->request, effect->data, effect->data_len);
    fetch->request_len = effect->data_len;
    if (fetch->is_open) {
        send_request(node, fetch, now);
    } else if (open_circuit(node, fetch, now) != 0) {
        fail(node, fetch, now);
    }
}

void cepa_node_fetch_end(struct cepa_node *node, uint64_t route, struct cepa_time now)
{
    struct cepa_node_fetch *fetch = route == 0 ? NULL : find_route(node, route);
    if (fetch != NULL) {
        fetch->ticket = 0;
        fail(node, fetch, now);
    }
}

void cepa_node_fetch_opened(struct cepa_node *node, const struct cepa_node_circuit *own,
                            struct cepa_time now)
{
    struct cepa_node_fetch *fetch = &node->fetches[own->fetch - 1];
    fetch->is_open = true;
    send_request(node, fetch, now);
}

void cepa_node_fetch_lost(struct cepa_node *node, const struct cepa_node_circuit *own,
                          struct cepa_time now)
{
    fail(node, &node->fetches[own->fetch - 1], now);
}

void cepa_node_fetch_cell(struct cepa_node *node, const struct cepa_node_circuit *own,
                          const uint8_t *data, size_t data_len, struct cepa_time now)
{
    struct cepa_node_fetch *fetch = &node->fetches[own->fetch - 1];
    if (data_len != CEPA_CELL_DATA_MAX || data[0] != CEPA_NODE_SERVICE_BUCKET || data[1] >= PARTS ||
        fetch->ticket == 0) {
        return;
    }
    size_t at = (size_t)data[1] * PART_DATA_SIZE;
    size_t left = sizeof fetch->answer - at;
    memcpy(fetch->answer + at, data + PART_HEADER_SIZE,
           left < PART_DATA_SIZE ? left : PART_DATA_SIZE);
    fetch->parts |= UINT32_C(1) << data[1];
    if (fetch->parts == (UINT32_C(1) << PARTS) - 1) {
        uint64_t ticket = fetch->ticket;
        fetch->ticket = 0;
        fetch->parts = 0;
        cepa_mesh_on_fetched(node->mesh, ticket, fetch->answer, sizeof fetch->answer, now);
    }
}

bool cepa_node_answer_part(uint8_t ret_data[CEPA_CELL_DATA_MAX], const uint8_t *answer,
                           size_t answer_len, uint32_t part)
{
    size_t at = (size_t)part * PART_DATA_SIZE;
    if (part >= PARTS) {
        return false;
    }
    memset(ret_data, 0, CEPA_CELL_DATA_MAX);
    ret_data[0] = CEPA_NODE_SERVICE_BUCKET;
    ret_data[1] = (uint8_t)part;
    if (at < answer_len) {
        size_t left = answer_len - at;
        memcpy(ret_data + PART_HEADER_SIZE, answer + at,
               left < PART_DATA_SIZE ? left : PART_DATA_SIZE);
    }
    return true;
}
