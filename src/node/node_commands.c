/* What users ask for. */
#include <string.h>

#include "node/node_parts.h"
#include "wire/invitation.h"

enum { NUMBER_SHIFT = 16, HOPS_DEFAULT = 3 };

uint64_t cepa_node_circuit_number(struct cepa_handle circuit)
{
    return circuit.generation << NUMBER_SHIFT | circuit.index;
}

struct cepa_handle cepa_node_circuit_handle(uint64_t number)
{
    return (struct cepa_handle){.generation = number >> NUMBER_SHIFT,
                                .index = (uint32_t)(number & ((1 << NUMBER_SHIFT) - 1))};
}

int cepa_node_join(struct cepa_node *node, const struct cepa_relay_address *addresses,
                   size_t addresses_len, struct cepa_time now)
{
    if (addresses_len > CEPA_INVITATION_ADDRESSES_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < addresses_len; i++) {
        cepa_mesh_join(node->mesh, &addresses[i]);
    }
    node->tick = now;
    return 0;
}

void cepa_node_hint(struct cepa_node *node, const struct cepa_relay_address *address,
                    struct cepa_time now)
{
    cepa_mesh_hint(node->mesh, address);
    node->tick = now;
}

bool cepa_node_is_joined(const struct cepa_node *node)
{
    return node->is_joined;
}

int cepa_node_own_address(const struct cepa_node *node, struct cepa_relay_address *ret_address)
{
    if (!node->config.is_relay || node->config.reaches_len == 0 ||
        cepa_mesh_is_filtered(node->mesh)) {
        return CEPA_ERR_NOT_FOUND;
    }
    *ret_address = (struct cepa_relay_address){.reach = node->config.reaches[0],
                                               .dtls = node->config.dtls,
                                               .node = node->own.identity.node,
                                               .secret = node->config.secret};
    return 0;
}

static bool is_named(const struct cepa_invitation *invitation, const struct cepa_node_id *node)
{
    for (size_t i = 0; i < invitation->addresses_len; i++) {
        if (memcmp(&invitation->addresses[i].node, node, sizeof *node) == 0) {
            return true;
        }
    }
    return false;
}

int cepa_node_invite(struct cepa_node *node, char ret_text[CEPA_INVITATION_TEXT_SIZE])
{
    enum { DRAWS_MAX = 64 };
    struct cepa_invitation invitation = {0};
    memcpy(invitation.network, node->network.bytes, sizeof invitation.network);
    if (cepa_node_own_address(node, &invitation.addresses[0]) == 0) {
        invitation.addresses_len = 1;
    }
    for (size_t i = 0; i < DRAWS_MAX && invitation.addresses_len < CEPA_INVITATION_ADDRESSES_MAX;
         i++) {
        uint64_t random;
        if (cepa_random_fill(node->config.random, (uint8_t *)&random, sizeof random) != 0) {
            break;
        }
        const struct cepa_index_entry *entry = cepa_index_draw(&node->index, random);
        struct cepa_relay_address *address = &invitation.addresses[invitation.addresses_len];
        if (entry != NULL &&
            cepa_mesh_address(node->mesh, address, entry->record.public_key) == 0 &&
            !is_named(&invitation, &address->node)) {
            invitation.addresses_len++;
        }
    }
    return invitation.addresses_len == 0 ? CEPA_ERR_NOT_FOUND
                                         : cepa_invitation_encode(ret_text, &invitation);
}

int cepa_node_connect(struct cepa_node *node, const struct cepa_node_id *relay, bool is_fresh,
                      struct cepa_time now)
{
    uint64_t ticket;
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->state != CEPA_NODE_LINK_UP || link->is_private ||
            memcmp(&link->target, relay, sizeof *relay) != 0) {
            continue;
        }
        if (!is_fresh) {
            return CEPA_ERR_IN_USE;
        }
        cepa_node_link_end(node, link, 0, now);
    }
    return cepa_mesh_connect(node->mesh, &ticket, relay, now);
}

/* The names of the relays of a path. */
static int name_path(const struct cepa_node *node, struct cepa_circuits_request *asked,
                     const struct cepa_node_id *path)
{
    if (asked->hops_len < 2) {
        return CEPA_ERR_ARGUMENT;
    }
    for (; asked->path_len + 1 < asked->hops_len; asked->path_len++) {
        const struct cepa_index_entry *entry =
            cepa_index_find_node(&node->index, &path[asked->path_len]);
        if (entry == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
        memcpy(asked->path[asked->path_len].bytes, entry->record.public_key,
               sizeof asked->path[0].bytes);
    }
    return 0;
}

int cepa_node_circuit_open(struct cepa_node *node, uint64_t *ret_circuit,
                           const struct cepa_node_circuit_request *request, struct cepa_time now)
{
    struct cepa_circuits_request asked = {.hops_len = request->hops_len,
                                          .is_hidden = request->is_triggered,
                                          .is_fresh = request->is_fresh,
                                          .group = request->group};
    struct cepa_handle circuit;
    if (request->hops_len > CEPA_PACKET_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    if (request->last != NULL) {
        const struct cepa_index_entry *entry = cepa_index_find_node(&node->index, request->last);
        if (entry == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
        asked.has_last = true;
        asked.hops_len = request->hops_len == 0 ? HOPS_DEFAULT : request->hops_len;
        memcpy(asked.last.bytes, entry->record.public_key, sizeof asked.last.bytes);
    }
    if (request->last_key != NULL) {
        if (cepa_index_find(&node->index, request->last_key->bytes) == NULL) {
            return CEPA_ERR_NOT_FOUND;
        }
        asked.has_last = true;
        asked.hops_len = request->hops_len == 0 ? HOPS_DEFAULT : request->hops_len;
        asked.last = *request->last_key;
    }
    int error = request->path != NULL ? name_path(node, &asked, request->path) : 0;
    if (error == 0) {
        error = cepa_circuits_open(&node->circuits, &circuit, &asked, now);
    }
    if (error != 0) {
        return error;
    }
    struct cepa_node_circuit *own = &node->own_circuits[circuit.index];
    if (!cepa_handle_is_equal(own->circuit, circuit)) {
        *own = (struct cepa_node_circuit){.circuit = circuit, .began = now};
    }
    own->is_asked = true;
    node->is_paths_due = true;
    *ret_circuit = cepa_node_circuit_number(circuit);
    return 0;
}

int cepa_node_circuit_send(struct cepa_node *node, uint64_t circuit, const uint8_t *data,
                           size_t data_len, struct cepa_time now)
{
    struct cepa_handle handle = cepa_node_circuit_handle(circuit);
    struct cepa_node_circuit *own = cepa_node_own_find(node, handle);
    struct cepa_node_link *link = own == NULL ? NULL : cepa_node_link_find(node, own->link);
    uint64_t counter;
    if (own == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_circuits_send(&node->circuits, handle, &counter, node->workspace->body, data,
                                   data_len, now);
    if (error == 0) {
        error =
            cepa_link_send_cell(&link->link, own->circuit_id, counter, node->workspace->body, now);
        own->cells_sent += error == 0;
        cepa_circuits_room(&node->circuits, handle,
                           cepa_link_circuit_room(&link->link, own->circuit_id));
        cepa_node_touch(node, link);
    }
    own->is_blocked |= error == CEPA_ERR_FULL || error == CEPA_ERR_TOO_SOON;
    return error == CEPA_ERR_TOO_SOON ? CEPA_ERR_FULL : error; /* a renewal needs its answer */
}

uint32_t cepa_node_circuit_room(struct cepa_node *node, uint64_t circuit)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, cepa_node_circuit_handle(circuit));
    const struct cepa_node_link *link = own == NULL ? NULL : cepa_node_link_find(node, own->link);
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return 0;
    }
    uint32_t room = cepa_link_circuit_room(&link->link, own->circuit_id);
    own->is_blocked |= room == 0;
    return room;
}

void cepa_node_circuit_consumed(struct cepa_node *node, uint64_t circuit, uint32_t count,
                                struct cepa_time now)
{
    const struct cepa_node_circuit *own =
        cepa_node_own_find(node, cepa_node_circuit_handle(circuit));
    struct cepa_node_link *link = own == NULL ? NULL : cepa_node_link_find(node, own->link);
    if (link != NULL && link->state == CEPA_NODE_LINK_UP) {
        cepa_link_consumed(&link->link, own->circuit_id, count, now);
        cepa_node_touch(node, link);
    }
}

int cepa_node_circuit_close(struct cepa_node *node, uint64_t circuit, struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, cepa_node_circuit_handle(circuit));
    if (own == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    own->is_asked = false;
    cepa_circuits_close(&node->circuits, own->circuit, now);
    return 0;
}

void cepa_node_set_shaper(struct cepa_node *node, const struct cepa_shaper_config *shaper,
                          struct cepa_time now)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    node->config.shaper = *shaper;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->is_begun && link->state <= CEPA_NODE_LINK_UP) {
            cepa_link_set_shaper(&link->link, shaper, now);
            cepa_node_touch(node, link);
        }
    }
}
