/* What the node wants, as calls on the endpoint; and its frames. */
#include <string.h>

#include "native/daemon/carriers_state.h"
#include "native/webrtc/offer.h"
#include "node/node_facts.h"

_Static_assert((int)CEPA_OFFER_SIZE_MAX <= (int)CEPA_SIGNAL_MAX, "an offer is a signal");

static void refuse(struct cepa_carriers *carriers, uint64_t number, int error, struct cepa_time now)
{
    cepa_node_on_carrier_closed(carriers->node, number, error, now);
}

/* Keeps a connection that the endpoint has begun; tells the node if that is not possible. */
static bool keep(struct cepa_carriers *carriers, struct cepa_connection_id id, uint64_t number,
                 struct cepa_time now)
{
    if (cepa_carrier_add(carriers, id, number) != NULL) {
        return true;
    }
    cepa_carrier_drop(carriers, id);
    refuse(carriers, number, CEPA_ERR_EXHAUSTED, now);
    return false;
}

static void dial(struct cepa_carriers *carriers, uint64_t number,
                 const struct cepa_relay_address *address, struct cepa_time now)
{
    struct cepa_dial_address dialled;
    struct cepa_connection_id id;
    memset(&dialled, 0, sizeof dialled);
    dialled.address.family = address->reach.family;
    memcpy(dialled.address.ip, address->reach.ip, sizeof dialled.address.ip);
    dialled.address.port = address->reach.port;
    memcpy(dialled.certificate.bytes, address->dtls.bytes, sizeof dialled.certificate.bytes);
    memcpy(dialled.secret.bytes, address->secret.bytes, sizeof dialled.secret.bytes);
    dialled.node = address->node;
    int status = cepa_endpoint_dial(carriers->endpoint, &id, &dialled);
    if (status != 0) {
        refuse(carriers, number, status, now);
        return;
    }
    if (keep(carriers, id, number, now)) {
        cepa_carrier_of(carriers, id)->is_dialled = true;
    }
}

/* Tells the node of a description for the other side. */
static void signal(struct cepa_carriers *carriers, uint64_t number, enum cepa_signal_kind kind,
                   const struct cepa_description *description, struct cepa_time now)
{
    uint8_t bytes[CEPA_OFFER_SIZE_MAX];
    size_t len = 0;
    size_t left_out = 0;
    int status = cepa_offer_encode(bytes, &len, &left_out, description);
    if (status == 0) {
        cepa_node_on_signal(carriers->node, number, kind, bytes, len, now);
        return;
    }
    struct cepa_carrier_entry *entry = cepa_carrier_find(carriers, number);
    if (entry != NULL) {
        cepa_carrier_end(carriers, entry, status, now);
    }
}

/* A mapping may have changed since somebody was asked; what is news follows as a candidate. */
static void ask_again(struct cepa_carriers *carriers, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_ENDPOINT_CONNECTIONS_MAX; i++) {
        if (carriers->entries[i] != NULL) {
            cepa_carrier_ask(carriers, carriers->entries[i], now);
        }
    }
}

static void offer(struct cepa_carriers *carriers, uint64_t number, struct cepa_time now)
{
    struct cepa_description description;
    struct cepa_connection_id id;
    ask_again(carriers, now);
    int status = cepa_endpoint_offer(carriers->endpoint, &id, &description);
    if (status != 0) {
        refuse(carriers, number, status, now);
    } else if (keep(carriers, id, number, now)) {
        signal(carriers, number, CEPA_SIGNAL_OFFER, &description, now);
    }
    cepa_description_wipe(&description);
}

static void answer(struct cepa_carriers *carriers, const struct cepa_node_effect *effect,
                   struct cepa_time now)
{
    struct cepa_description theirs;
    struct cepa_description ours;
    struct cepa_connection_id id;
    int status = cepa_offer_decode(&theirs, effect->data, effect->data_len);
    ask_again(carriers, now);
    if (status == 0) {
        status = cepa_endpoint_answer(carriers->endpoint, &id, &ours, &theirs);
        cepa_description_wipe(&theirs);
    }
    if (status != 0) {
        refuse(carriers, effect->carrier, status, now);
        return;
    }
    if (keep(carriers, id, effect->carrier, now)) {
        signal(carriers, effect->carrier, CEPA_SIGNAL_ANSWER, &ours, now);
    }
    cepa_description_wipe(&ours);
}

static void take_answer(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                        const struct cepa_node_effect *effect, struct cepa_time now)
{
    struct cepa_description theirs;
    int status = cepa_offer_decode(&theirs, effect->data, effect->data_len);
    if (status == 0) {
        status = cepa_endpoint_accept(carriers->endpoint, entry->id, &theirs);
        cepa_description_wipe(&theirs);
    }
    /* An answer that comes twice harms nobody. */
    if (status != 0 && status != CEPA_ERR_STATE) {
        cepa_carrier_end(carriers, entry, status, now);
    }
}

static void add_candidate(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry,
                          const struct cepa_node_effect *effect)
{
    struct cepa_candidate candidate;
    if (cepa_candidate_decode(&candidate, (const char *)effect->data, effect->data_len) == 1) {
        int status = cepa_endpoint_add_candidate(carriers->endpoint, entry->id, &candidate);
        (void)status; /* one way less */
    }
}

bool cepa_carrier_has_left(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry)
{
    struct cepa_channels *channels = cepa_endpoint_channels(carriers->endpoint, entry->id);
    return entry->pending_len == 0 && (channels == NULL || cepa_channels_buffered(channels) == 0);
}

/* The node forgets it now, and the network when all has left. */
static void close_when_empty(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                             struct cepa_time now)
{
    if (entry->is_closing) {
        return;
    }
    entry->is_closing = true;
    carriers->lingering++;
    entry->close_at = cepa_time_add(now, CEPA_CARRIERS_LINGER_MS * CEPA_MILLISECOND_NS);
    struct cepa_channels *channels = cepa_endpoint_channels(carriers->endpoint, entry->id);
    if (!entry->is_open || channels == NULL || cepa_carrier_has_left(carriers, entry)) {
        cepa_carrier_end(carriers, entry, 0, now);
    } else {
        cepa_channels_set_low_mark(channels, 0);
        cepa_carrier_mark(carriers, entry); /* the frame that had no room */
    }
}

void cepa_carriers_carry_out(struct cepa_carriers *carriers, const struct cepa_node_effect *effect,
                             struct cepa_time now)
{
    struct cepa_carrier_entry *entry = cepa_carrier_find(carriers, effect->carrier);
    switch (effect->kind) {
    case CEPA_NODE_DIAL:
        dial(carriers, effect->carrier, &effect->address, now);
        return;
    case CEPA_NODE_OFFER:
        offer(carriers, effect->carrier, now);
        return;
    case CEPA_NODE_ANSWER:
        answer(carriers, effect, now);
        return;
    case CEPA_NODE_WRITE:
    case CEPA_NODE_CLOSE:
    case CEPA_NODE_TAKE_ANSWER:
    case CEPA_NODE_ADD_CANDIDATE:
        break;
    case CEPA_NODE_STORE:
    case CEPA_NODE_EVENT:
        return;
    }
    if (entry == NULL) {
        return; /* it has ended, and the node will hear of that */
    }
    if (effect->kind == CEPA_NODE_WRITE && entry->is_open && !entry->is_waiting) {
        cepa_carrier_mark(carriers, entry);
    } else if (effect->kind == CEPA_NODE_CLOSE) {
        close_when_empty(carriers, entry, now);
    } else if (effect->kind == CEPA_NODE_TAKE_ANSWER) {
        take_answer(carriers, entry, effect, now);
    } else if (effect->kind == CEPA_NODE_ADD_CANDIDATE) {
        add_candidate(carriers, entry, effect);
    }
}

/* How many bytes may be sent and not acknowledged: what the network holds, and a few ms more. */
static size_t room_of(const struct cepa_channels *channels)
{
    size_t window;
    uint32_t rtt_ms;
    cepa_channels_window(channels, &window, &rtt_ms);
    size_t queue = window * CEPA_CARRIERS_QUEUE_MS / (rtt_ms > 0 ? rtt_ms : 1);
    queue = queue < CEPA_CARRIERS_QUEUE_MAX ? queue : CEPA_CARRIERS_QUEUE_MAX;
    size_t room = window + queue;
    room = room > CEPA_CARRIERS_ROOM_MIN ? room : CEPA_CARRIERS_ROOM_MIN;
    return room < CEPA_CARRIERS_ROOM_MAX ? room : CEPA_CARRIERS_ROOM_MAX;
}

/* Gives the next frame to send: the one that had no room, or one of the node's. */
static size_t next_frame(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                         struct cepa_time now)
{
    if (entry->pending_len == 0 && !entry->is_closing) {
        entry->pending_len = cepa_node_pull(carriers->node, entry->number, entry->pending, now);
    }
    return entry->pending_len;
}

/* Sends up to a batch. True if there may be more and there is room. */
static bool pull_batch(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                       size_t *frames, struct cepa_time now)
{
    struct cepa_channels *channels = cepa_endpoint_channels(carriers->endpoint, entry->id);
    if (channels == NULL) {
        return false;
    }
    size_t room = room_of(channels);
    for (int i = 0; i < CEPA_CARRIERS_BATCH; i++) {
        size_t buffered = cepa_channels_buffered(channels);
        bool is_full = buffered >= room;
        if (!is_full) {
            if (next_frame(carriers, entry, now) == 0) {
                return false;
            }
            is_full = cepa_channels_send(channels, entry->channel, false, entry->pending,
                                         entry->pending_len) != 0;
        }
        if (is_full) {
            entry->is_waiting = true;
            cepa_channels_set_low_mark(channels, (buffered < room ? buffered : room) / 4 * 3);
            return false;
        }
        entry->pending_len = 0;
        carriers->counts.frames_out++;
        (*frames)++;
    }
    return true;
}

bool cepa_carriers_pull(struct cepa_carriers *carriers, struct cepa_time now)
{
    size_t frames = 0;
    while (carriers->marked_len > 0 && frames < CEPA_CARRIERS_TURN) {
        /* Those that go on move to the front of what is looked at next. */
        size_t count = carriers->marked_len;
        size_t kept = 0;
        for (size_t i = 0; i < count; i++) {
            uint32_t index = carriers->marked[i];
            struct cepa_carrier_entry *entry = carriers->entries[index];
            if (pull_batch(carriers, entry, &frames, now)) {
                carriers->marked[kept] = index;
                kept++;
            } else {
                entry->is_marked = false;
            }
        }
        carriers->marked_len = kept;
    }
    return carriers->marked_len > 0;
}
