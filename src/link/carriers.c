/* Carriers beneath a link: proof that they end at the peer, moving from one to another, sudden
 * death. @[SPEC 7.10] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "link/link_internal.h"

#define CHALLENGE_NS (250 * CEPA_MILLISECOND_NS)
#define DRAIN_NS (2 * CEPA_SECOND_NS)

static bool is_up(const struct cepa_link *link)
{
    return link->phase == CEPA_LINK_PHASE_UP;
}

static unsigned other(unsigned slot)
{
    return 1 - slot;
}

int cepa_link_attach(struct cepa_link *link, unsigned slot, const struct cepa_carrier *carrier,
                     struct cepa_time now)
{
    if (slot >= CEPA_LINK_SLOTS ||
        (carrier->kind != CEPA_CARRIER_WEBRTC && carrier->kind != CEPA_CARRIER_RELAYED &&
         carrier->kind != CEPA_CARRIER_SIM)) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_link_slot *place = &link->slots[slot];
    if (place->is_attached) {
        return CEPA_ERR_IN_USE;
    }
    struct cepa_link_slot attached = {.carrier = *carrier, .is_attached = true};
    attached.repeat = now;
    if (cepa_random_fill(link->shared->random, attached.nonce, sizeof attached.nonce) != 0) {
        return CEPA_ERR_RANDOM;
    }
    *place = attached;
    if (!is_up(link)) {
        if (!link->slots[other(slot)].is_attached) {
            link->active = (uint8_t)slot;
        }
    } else {
        place->is_challenge_due = true;
    }
    return 0;
}

/* Frames go over `slot` from now on. */
static void switch_to(struct cepa_link *link, unsigned slot, struct cepa_time now)
{
    link->active = (uint8_t)slot;
    link->move_counter = link->sealer.counter;
    link->peer_counter = 0;
    link->is_drained = false;
    link->is_peer_drained = false;
    link->has_told_drained = false;
    link->is_draining = true;
    link->drain_until = cepa_time_add(now, DRAIN_NS);
}

/* Begins a move of this side: the peer is told until it answers. */
static void begin_move(struct cepa_link *link, unsigned slot, struct cepa_time now)
{
    switch_to(link, slot, now);
    link->move_number++;
    link->is_moving = true;
    link->is_move_due = true;
    link->move_repeat = cepa_time_add(now, cepa_link_ack_timeout_ns(&link->ack));
}

static void tell_moved(struct cepa_link *link)
{
    link->is_draining = false;
    cepa_link_tell(link, CEPA_LINK_MOVED);
}

int cepa_link_move(struct cepa_link *link, unsigned slot, struct cepa_time now)
{
    if (!is_up(link) || slot >= CEPA_LINK_SLOTS || slot == link->active ||
        !link->slots[slot].is_attached || !link->slots[slot].is_proven) {
        return CEPA_ERR_STATE;
    }
    begin_move(link, slot, now);
    return 0;
}

void cepa_link_detach(struct cepa_link *link, unsigned slot, struct cepa_time now)
{
    if (slot >= CEPA_LINK_SLOTS || !link->slots[slot].is_attached) {
        return;
    }
    cepa_wipe(&link->slots[slot], sizeof link->slots[slot]);
    if (slot != link->active) {
        if (link->is_draining) {
            tell_moved(link); /* there is nothing left to drain */
        }
        return;
    }
    if (link->phase < CEPA_LINK_PHASE_UP &&
        (link->phase != CEPA_LINK_PHASE_START || link->handshake != CEPA_LINK_NONE)) {
        cepa_link_fail(link, CEPA_ERR_UNREACHABLE);
    } else if (is_up(link) && link->slots[other(slot)].is_proven) {
        begin_move(link, other(slot), now);
        tell_moved(link);
    }
}

bool cepa_link_slot_is_writable(const struct cepa_link *link, unsigned slot)
{
    const struct cepa_link_slot *place = &link->slots[slot];
    return place->is_attached && is_up(link) &&
           (place->is_challenge_due || place->is_proof_due || place->is_moved_due ||
            (slot == link->active && link->is_move_due));
}

bool cepa_link_slot_write(struct cepa_link *link, unsigned slot, struct cepa_writer *writer)
{
    struct cepa_link_slot *place = &link->slots[slot];
    uint8_t proof[CEPA_LINK_PROOF_SIZE];
    bool has_written = cepa_link_slot_is_writable(link, slot);
    int error = 0;
    if (place->is_challenge_due) {
        const struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_CHALLENGE,
                                                        .bytes = place->nonce};
        error |= cepa_link_control_append(writer, &record);
    }
    if (place->is_proof_due) {
        cepa_link_carrier_proof(proof, link->proof_key, link->is_initiator, place->carrier.kind,
                                place->carrier.binding, place->peer_nonce);
        const struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_PROOF,
                                                        .bytes = proof};
        error |= cepa_link_control_append(writer, &record);
    }
    if (slot == link->active && link->is_move_due) {
        const struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_MOVE,
                                                        .id = link->move_number,
                                                        .counter = link->move_counter,
                                                        .is_drained = link->is_drained};
        link->has_told_drained = link->is_drained;
        error |= cepa_link_control_append(writer, &record);
        link->is_move_due = false;
    }
    if (place->is_moved_due) {
        const struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_MOVED,
                                                        .id = link->move_number,
                                                        .counter = link->move_counter,
                                                        .is_drained = link->is_drained};
        error |= cepa_link_control_append(writer, &record);
    }
    CEPA_ASSERT(error == 0); /* they are the first records of a frame */
    place->is_challenge_due = false;
    place->is_proof_due = false;
    place->is_moved_due = false;
    return has_written;
}

/* The peer's answer to my challenge. */
static void on_proof(struct cepa_link *link, unsigned slot, const uint8_t *proof,
                     struct cepa_time now)
{
    struct cepa_link_slot *place = &link->slots[slot];
    uint8_t want[CEPA_LINK_PROOF_SIZE];
    if (place->is_proven || place->is_refused) {
        return;
    }
    cepa_link_carrier_proof(want, link->proof_key, !link->is_initiator, place->carrier.kind,
                            place->carrier.binding, place->nonce);
    uint32_t is_equal = cepa_ct_compare(want, proof, sizeof want);
    cepa_wipe(want, sizeof want);
    /* The owner acts on the verdict for all to see. */
    cepa_declassify(&is_equal, sizeof is_equal);
    if (is_equal == 0) {
        place->is_refused = true;
        place->is_told_refused = true;
        return;
    }
    place->is_proven = true;
    place->is_told_proven = true;
    if (!link->slots[link->active].is_attached) {
        begin_move(link, slot, now);
        tell_moved(link);
    }
}

/* Whether all that the peer sent over the old carrier is here; what has left the window counts as
 * here. */
static bool is_drained(const struct cepa_link *link)
{
    uint64_t counter = link->peer_counter;
    if (counter == 0) {
        return false;
    }
    for (unsigned i = 0; i < CEPA_REPLAY_WINDOW_REACH && counter > 0; i++) {
        counter--;
        if (cepa_replay_window_check(&link->opener.window, counter) == 0) {
            return false;
        }
    }
    return true;
}

/* Takes what MOVE or MOVED says of the peer's side. */
static void note_peer(struct cepa_link *link, const struct cepa_link_control_record *record)
{
    link->peer_counter = record->counter;
    link->is_peer_drained |= record->is_drained;
    link->is_drained |= is_drained(link);
}

/* The peer sends over this slot now. If both moved at once, the initiator's word counts. */
static void on_move(struct cepa_link *link, unsigned slot,
                    const struct cepa_link_control_record *record, struct cepa_time now)
{
    struct cepa_link_slot *place = &link->slots[slot];
    int32_t ahead = (int32_t)(record->id - link->move_number);
    if (!place->is_proven) {
        return; /* it is repeated until the proof is here */
    }
    if (ahead > 0 || (ahead == 0 && link->is_moving && !link->is_initiator)) {
        link->move_number = record->id;
        link->is_moving = false;
        link->is_move_due = false;
        if (slot != link->active) {
            switch_to(link, slot, now);
        }
    } else if (ahead < 0 || link->is_moving) {
        return;
    }
    note_peer(link, record);
    place->is_moved_due = true;
}

void cepa_link_slot_on_record(struct cepa_link *link, unsigned slot,
                              const struct cepa_link_control_record *record, struct cepa_time now)
{
    struct cepa_link_slot *place = &link->slots[slot];
    if (record->type == CEPA_LINK_CONTROL_CHALLENGE) {
        memcpy(place->peer_nonce, record->bytes, sizeof place->peer_nonce);
        place->is_proof_due = true;
    } else if (record->type == CEPA_LINK_CONTROL_PROOF) {
        on_proof(link, slot, record->bytes, now);
    } else if (record->type == CEPA_LINK_CONTROL_MOVE) {
        on_move(link, slot, record, now);
    } else if (link->is_moving && record->id == link->move_number) {
        note_peer(link, record);
        if (!link->is_draining || (link->has_told_drained && link->is_peer_drained)) {
            link->is_moving = false; /* both know all that is to be known */
            link->is_move_due = false;
        }
    }
}

void cepa_link_carriers_step(struct cepa_link *link, struct cepa_time now)
{
    if (!is_up(link)) {
        return;
    }
    for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
        struct cepa_link_slot *place = &link->slots[slot];
        if (place->is_attached && !place->is_proven && !place->is_refused &&
            cepa_time_is_due(place->repeat, now)) {
            place->is_challenge_due = true;
            place->repeat = cepa_time_add(now, CHALLENGE_NS);
        }
    }
    if (link->is_moving && cepa_time_is_due(link->move_repeat, now)) {
        link->is_move_due = true;
        link->move_repeat = cepa_time_add(now, cepa_link_ack_timeout_ns(&link->ack));
    }
    if (link->is_draining) {
        link->is_drained |= is_drained(link);
        if ((link->is_drained && link->is_peer_drained && !link->is_moving) ||
            cepa_time_is_due(link->drain_until, now)) {
            link->is_moving &= link->peer_counter == 0;
            tell_moved(link);
        }
    }
}

struct cepa_time cepa_link_carriers_deadline(const struct cepa_link *link)
{
    struct cepa_time deadline = cepa_time_never();
    if (!is_up(link)) {
        return deadline;
    }
    for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
        const struct cepa_link_slot *place = &link->slots[slot];
        if (place->is_attached && !place->is_proven && !place->is_refused) {
            deadline = cepa_time_earliest(deadline, place->repeat);
        }
    }
    if (link->is_moving) {
        deadline = cepa_time_earliest(deadline, link->move_repeat);
    }
    if (link->is_draining) {
        deadline = cepa_time_earliest(deadline, link->drain_until);
    }
    return deadline;
}
