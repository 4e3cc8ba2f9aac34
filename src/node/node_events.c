/* What links say, and who is to hear it. */
#include <string.h>

#include "node/node_parts.h"
#include "wire/reach.h"

/* Whether whoever dials may cause the key operations of a handshake. */
static bool may_shake(struct cepa_node *node, const struct cepa_node_link *link,
                      struct cepa_time now)
{
    struct cepa_prefix source = cepa_node_link_source(node, link);
    bool may = cepa_node_sources_handshake(&node->sources, &source, now);
    node->counts.refused += !may;
    return may;
}

/* Where a relay that has dialled says that it can be dialled itself. */
static void peer_address(struct cepa_node_link *link, const struct cepa_descriptor *descriptor)
{
    if (!link->is_initiator && descriptor->reaches_len > 0) {
        link->address = (struct cepa_relay_address){.reach = descriptor->reaches[0],
                                                    .dtls = descriptor->dtls,
                                                    .node = descriptor->node,
                                                    .secret = descriptor->secret};
    }
}

static int on_credentials(struct cepa_node *node, struct cepa_node_link *link, const uint8_t *data,
                          size_t data_len, struct cepa_time now)
{
    struct cepa_credentials credentials;
    struct cepa_directory_day today =
        cepa_calendar_day(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    int error = cepa_credentials_verify(&credentials, data, data_len, &node->rules, today,
                                        &node->workspace->mldsa, node->config.cpu);
    if (error != 0) {
        return error;
    }
    const struct cepa_node_id peer = credentials.descriptor.node;
    if (link->has_target && memcmp(&peer, &link->target, sizeof peer) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    if (node->config.is_relay && memcmp(&peer, &node->own.identity.node, sizeof peer) == 0) {
        return CEPA_ERR_AUTHENTICATION; /* this is ourselves */
    }
    struct cepa_xwing_public_key key;
    memcpy(key.bytes, credentials.descriptor.link_key, sizeof key.bytes);
    memcpy(link->key.bytes, credentials.certificate.signing_key, sizeof link->key.bytes);
    link->has_key = true;
    link->target = peer;
    peer_address(link, &credentials.descriptor);
    return cepa_link_trust(&link->link, &peer, &key, now);
}

static void tell_mesh(struct cepa_node *node, struct cepa_node_link *link,
                      const struct cepa_link_status *status, struct cepa_time now)
{
    struct cepa_mesh_link_facts facts = {
        .ticket = link->ticket,
        .is_initiator = link->is_initiator,
        .is_relay = status->is_peer_known,
        .is_relayed = link->is_relayed,
        .is_guard = link->is_guard,
        .is_metered = (status->peer_roles & CEPA_LINK_ROLE_METERED) != 0,
        .node = status->peer,
        .prefix = link->prefix,
        .address = link->address,
        .peer_wall = status->peer_clock,
    };
    memcpy(facts.public_key, link->key.bytes, sizeof facts.public_key);
    link->ticket = 0;
    cepa_mesh_on_link_up(node->mesh, cepa_node_link_number(link), &facts, now);
}

static void tell_link(struct cepa_node *node, const struct cepa_node_link *link,
                      enum cepa_node_event event)
{
    struct cepa_node_effect effect = {.kind = CEPA_NODE_EVENT,
                                      .event = event,
                                      .peer = link->target,
                                      .link = cepa_node_link_number(link),
                                      .is_relayed = link->is_relayed,
                                      .is_initiator = link->is_initiator};
    cepa_node_push(node, &effect);
}

static void on_up(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    struct cepa_link_status status;
    cepa_link_status_get(&status, &link->link);
    link->state = CEPA_NODE_LINK_UP;
    link->used = now;
    if (status.is_peer_known) {
        link->target = status.peer;
    }
    if (link->is_dialback) {
        cepa_node_link_end(node, link, 0, now); /* it was reached, that is all */
        return;
    }
    if (cepa_circuit_table_link_up(&node->table, cepa_node_link_number(link), now) != 0) {
        link->state = CEPA_NODE_LINK_SHAKING; /* nobody has heard that it was up */
        cepa_node_link_end(node, link, CEPA_ERR_FULL, now);
        return;
    }
    if (!link->is_private) {
        tell_mesh(node, link, &status, now);
    }
    tell_link(node, link, CEPA_EVENT_LINK_UP);
    cepa_node_paths_link_up(node, link, now);
}

/* Frames go over another carrier now: the relayed one has served. */
static void on_moved(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                     struct cepa_time now)
{
    struct cepa_link_status status;
    cepa_link_status_get(&status, &link->link);
    unsigned old = slot == status.active_slot ? !slot : slot;
    if (link->is_relayed && link->slots[status.active_slot].kind != CEPA_CARRIER_RELAYED) {
        link->is_relayed = false;
        cepa_prefix_of(&link->prefix, &link->slots[status.active_slot].remote);
        cepa_mesh_on_link_direct(node->mesh, cepa_node_link_number(link), &link->prefix, now);
        tell_link(node, link, CEPA_EVENT_LINK_MOVED);
    }
    if (link->slots[old].state == CEPA_NODE_SLOT_OPEN) {
        cepa_node_link_slot_close(node, link, old, now);
    }
}

static void on_failed(struct cepa_node *node, struct cepa_node_link *link, int error,
                      struct cepa_time now)
{
    node->counts.handshakes_failed += link->state != CEPA_NODE_LINK_UP;
    node->counts.misbehaviour += cepa_error_blame(error) == CEPA_BLAME_PEER;
    cepa_node_link_end(node, link, error == 0 ? CEPA_ERR_UNREACHABLE : error, now);
}

/* Events around the handshake and the carriers; gives false for any other. */
static bool on_link_event(struct cepa_node *node, struct cepa_node_link *link,
                          const struct cepa_link_event *event, struct cepa_time now)
{
    int error = 0;
    switch ((int)event->kind) {
    case CEPA_LINK_HANDSHAKE:
        error = may_shake(node, link, now) ? cepa_link_allow(&link->link, now) : CEPA_ERR_TOO_SOON;
        break;
    case CEPA_LINK_CREDENTIALS:
        error = on_credentials(node, link, event->data, event->data_len, now);
        break;
    case CEPA_LINK_UP:
        on_up(node, link, now);
        break;
    case CEPA_LINK_PROVEN:
        if (link->is_initiator) {
            error = cepa_link_move(&link->link, event->slot, now);
            error = error == CEPA_ERR_STATE ? 0 : error;
        }
        break;
    case CEPA_LINK_REFUSED:
        cepa_node_link_slot_close(node, link, event->slot, now);
        break;
    case CEPA_LINK_MOVED:
        on_moved(node, link, event->slot, now);
        break;
    case CEPA_LINK_STALLED:
        cepa_node_link_stalled(node, link, now);
        break;
    case CEPA_LINK_RECOVERED:
        cepa_node_link_recovered(node, link, now);
        break;
    case CEPA_LINK_FAILED:
        on_failed(node, link, event->error, now);
        break;
    default:
        return false;
    }
    if (error != 0) {
        on_failed(node, link, error, now);
    }
    return true;
}

void cepa_node_link_events(struct cepa_node *node, struct cepa_node_link *link,
                           struct cepa_time now)
{
    struct cepa_link_event event;
    while (link->is_begun && link->state < CEPA_NODE_LINK_CLOSING &&
           cepa_link_next(&link->link, &event) == 0) {
        if (on_link_event(node, link, &event, now)) {
            continue;
        }
        switch ((int)event.kind) {
        case CEPA_LINK_CELL:
            cepa_node_on_cell(node, link, &event, now);
            break;
        case CEPA_LINK_PACKET:
            cepa_node_on_packet(node, link, &event, now);
            break;
        case CEPA_LINK_WINDOW:
            cepa_node_on_window(node, link, &event, now);
            break;
        case CEPA_LINK_CIRCUIT_CLOSED:
            cepa_node_on_circuit_closed(node, link, event.circuit_id, now);
            break;
        case CEPA_LINK_MESSAGE:
            if (link->is_guard) {
                cepa_node_on_guard_message(node, link, event.data, event.data_len, now);
            }
            if (!link->is_private) {
                cepa_mesh_on_message(node->mesh, cepa_node_link_number(link), event.data,
                                     event.data_len, now);
            }
            break;
        case CEPA_LINK_RELAYED:
            cepa_node_relayed_frame(node, link, &event, now);
            break;
        default:
            break;
        }
    }
}
