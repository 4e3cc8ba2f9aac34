/* A link's life: begin, events, what is due, end. @[SPEC 7] */
#include "link/link.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "link/link_internal.h"

void cepa_link_tell(struct cepa_link *link, enum cepa_link_event_kind kind)
{
    link->told |= (uint32_t)1 << kind;
}

void cepa_link_fail(struct cepa_link *link, int error)
{
    if (link->phase == CEPA_LINK_PHASE_ENDED || link->phase == CEPA_LINK_PHASE_CLOSING) {
        return;
    }
    cepa_link_handshake_end(link);
    link->phase = CEPA_LINK_PHASE_ENDED;
    link->error = error;
    cepa_link_tell(link, CEPA_LINK_FAILED);
}

void cepa_link_release_buffer(struct cepa_link *link)
{
    if (link->lent_buffer != CEPA_LINK_NONE && link->lent_kind == 0) {
        cepa_link_pool_give(&link->shared->buffer_pool, link->lent_buffer);
        link->lent_buffer = CEPA_LINK_NONE;
    }
}

void cepa_link_init(struct cepa_link *ret_link, struct cepa_link_shared *shared, bool is_initiator,
                    bool is_anonymous, const struct cepa_shaper_config *shaper,
                    struct cepa_wall wall, struct cepa_time now)
{
    memset(ret_link, 0, sizeof *ret_link);
    ret_link->shared = shared;
    ret_link->number = shared->links++;
    ret_link->is_initiator = is_initiator;
    ret_link->is_anonymous = is_anonymous;
    ret_link->wall = wall;
    ret_link->handshake = CEPA_LINK_NONE;
    ret_link->lent_buffer = CEPA_LINK_NONE;
    ret_link->next_circuit_id = 1;
    ret_link->until = cepa_time_never();
    ret_link->repeat = cepa_time_never();
    ret_link->heard = now;
    ret_link->now = now;
    cepa_link_ack_init(&ret_link->ack, now);
    cepa_link_circuits_init(ret_link);
    cepa_shaper_init(&ret_link->shaper, shaper, now);
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        ret_link->partial_packets[i].buffer = CEPA_LINK_NONE;
        ret_link->partial_messages[i].buffer = CEPA_LINK_NONE;
    }
}

void cepa_link_wipe(struct cepa_link *link)
{
    cepa_link_handshake_end(link);
    cepa_link_circuits_wipe(link);
    cepa_link_queue_clear(link->shared, &link->messages);
    cepa_link_queue_clear(link->shared, &link->packets);
    cepa_link_queue_clear(link->shared, &link->relayed);
    cepa_link_assembly_wipe(link);
    link->lent_kind = 0;
    cepa_link_release_buffer(link);
    cepa_wipe(link, sizeof *link);
}

void cepa_link_set_shaper(struct cepa_link *link, const struct cepa_shaper_config *shaper,
                          struct cepa_time now)
{
    cepa_shaper_init(&link->shaper, shaper, now);
    for (unsigned i = 0; i < CEPA_SHAPER_CLASSES; i++) {
        cepa_shaper_wait(&link->shaper, (enum cepa_shaper_class)i, now); /* until it is looked at */
    }
}

void cepa_link_close(struct cepa_link *link, struct cepa_time now)
{
    link->now = now;
    link->told = 0;
    link->lent_kind = 0;
    cepa_link_handshake_end(link);
    if (link->phase == CEPA_LINK_PHASE_UP) {
        link->phase = CEPA_LINK_PHASE_CLOSING;
    } else if (link->phase != CEPA_LINK_PHASE_CLOSING) {
        link->phase = CEPA_LINK_PHASE_ENDED;
    }
}

void cepa_link_step(struct cepa_link *link, struct cepa_time now)
{
    link->now = now;
    cepa_link_assembly_step(link, now);
    if (link->phase == CEPA_LINK_PHASE_UP) {
        cepa_link_ack_step(link, now);
        cepa_link_carriers_step(link, now);
    } else if (link->phase < CEPA_LINK_PHASE_UP) {
        cepa_link_handshake_step(link, now);
    }
}

struct cepa_time cepa_link_deadline(const struct cepa_link *link)
{
    struct cepa_time deadline = cepa_link_assembly_deadline(link);
    if (link->phase == CEPA_LINK_PHASE_UP) {
        deadline = cepa_time_earliest(deadline, cepa_link_ack_deadline(link));
        deadline = cepa_time_earliest(deadline, cepa_link_carriers_deadline(link));
        deadline = cepa_time_earliest(deadline, cepa_link_send_deadline(link));
    } else if (link->phase < CEPA_LINK_PHASE_UP) {
        deadline = cepa_time_earliest(deadline, link->until);
        if (link->phase == CEPA_LINK_PHASE_ASKING || link->phase == CEPA_LINK_PHASE_DIALLING) {
            deadline = cepa_time_earliest(deadline, link->repeat);
        }
    }
    return deadline;
}

/* What each bit of `told` says besides its kind. */
static void describe(struct cepa_link *link, struct cepa_link_event *event)
{
    if (event->kind == CEPA_LINK_CREDENTIALS) {
        event->data = cepa_link_handshake_credentials(link, &event->data_len);
    } else if (event->kind == CEPA_LINK_MOVED) {
        event->slot = link->active;
    } else if (event->kind == CEPA_LINK_FAILED) {
        event->error = link->error;
    }
}

/* PROVEN and REFUSED of a slot. */
static bool next_of_slot(struct cepa_link *link, struct cepa_link_event *event)
{
    for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
        struct cepa_link_slot *place = &link->slots[slot];
        event->slot = (uint8_t)slot;
        if (place->is_told_proven) {
            place->is_told_proven = false;
            event->kind = CEPA_LINK_PROVEN;
            return true;
        }
        if (place->is_told_refused) {
            place->is_told_refused = false;
            event->kind = CEPA_LINK_REFUSED;
            return true;
        }
    }
    event->slot = 0;
    return false;
}

/* What the last frame gave. */
static bool next_lent(struct cepa_link *link, struct cepa_link_event *event)
{
    if (link->lent_kind == 0) {
        return false;
    }
    event->kind = (enum cepa_link_event_kind)(link->lent_kind - 1);
    event->circuit_id = link->lent_id;
    event->counter = link->lent_counter;
    event->data = link->lent_data;
    event->data_len = link->lent_len;
    link->event_body = link->lent_data;
    link->lent_kind = 0;
    return true;
}

int cepa_link_next(struct cepa_link *link, struct cepa_link_event *ret_event)
{
    struct cepa_link_event event;
    memset(&event, 0, sizeof event);
    cepa_link_release_buffer(link);
    link->event_body = NULL;
    if (link->told != 0) {
        unsigned kind = 0;
        while (((link->told >> kind) & 1) == 0) {
            kind++;
        }
        link->told &= ~((uint32_t)1 << kind);
        event.kind = (enum cepa_link_event_kind)kind;
        describe(link, &event);
    } else if (!next_lent(link, &event) && !next_of_slot(link, &event) &&
               !cepa_link_circuits_next(link, &event)) {
        return CEPA_ERR_NOT_FOUND;
    }
    *ret_event = event;
    return 0;
}

uint8_t *cepa_link_event_body(struct cepa_link *link)
{
    CEPA_ASSERT(link->event_body != NULL);
    return link->event_body;
}

void cepa_link_status_get(struct cepa_link_status *ret_status, const struct cepa_link *link)
{
    memset(ret_status, 0, sizeof *ret_status);
    ret_status->is_up = link->phase == CEPA_LINK_PHASE_UP;
    ret_status->is_initiator = link->is_initiator;
    ret_status->is_peer_known = link->is_peer_known;
    ret_status->peer = link->peer;
    ret_status->peer_roles = link->parameters.roles;
    ret_status->peer_clock.unix_ms = link->parameters.clock_ms;
    ret_status->heard = link->heard;
    ret_status->rtt_ns = link->ack.smoothed_ns;
    ret_status->frames_sent = link->sealer.counter;
    ret_status->frames_received = link->ack.received;
    ret_status->padding_sent = link->padding_sent;
    ret_status->frames_dropped = link->frames_dropped;
    ret_status->circuits = link->circuits;
    ret_status->queued =
        link->messages.count + link->packets.count + link->relayed.count + link->cells_queued;
    ret_status->shaper_rate = cepa_shaper_rate(&link->shaper);
    ret_status->active_slot = link->active;
    ret_status->is_stalled = link->ack.is_stalled;
}
