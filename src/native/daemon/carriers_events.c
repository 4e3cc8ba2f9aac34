/* What the endpoint tells, as facts for the node. */
#include <string.h>

#include "native/daemon/carriers_state.h"
#include "native/net/port_mapping.h"
#include "node/node_facts.h"

/* Both certificates, the smaller hash first: both ends get the same bytes. */
static void set_binding(struct cepa_carrier_facts *facts, const struct cepa_connection_stats *stats)
{
    const uint8_t *low = stats->local.bytes;
    const uint8_t *high = stats->remote.bytes;
    if (memcmp(low, high, CEPA_CERTIFICATE_HASH_SIZE) > 0) {
        low = stats->remote.bytes;
        high = stats->local.bytes;
    }
    memcpy(facts->binding, low, CEPA_CERTIFICATE_HASH_SIZE);
    memcpy(facts->binding + CEPA_CERTIFICATE_HASH_SIZE, high, CEPA_CERTIFICATE_HASH_SIZE);
}

/* Offers go out from the listening socket: only what it looks like is of use. Who has a private
 * address sees what the internet may not. */
void cepa_carrier_ask(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry,
                      struct cepa_time now)
{
    struct cepa_connection_stats stats;
    if (!entry->is_open || !entry->is_dialled || entry->is_closing ||
        cepa_endpoint_stats(carriers->endpoint, &stats, entry->id) != 0 || !stats.is_main) {
        return;
    }
    bool is_ipv6 = stats.path.remote.family == CEPA_NET_ADDRESS_IPV6;
    bool is_known = carriers->seen[is_ipv6].family != CEPA_NET_ADDRESS_NONE;
    if (!cepa_time_is_due(carriers->ask_at[is_ipv6], now) ||
        (is_known && cepa_port_mapping_is_private(&stats.path.remote)) ||
        cepa_endpoint_ask(carriers->endpoint, entry->id) != 0) {
        return; /* then we learn it from somebody else */
    }
    carriers->ask_at[is_ipv6] = cepa_time_add(now, CEPA_CARRIERS_ASK_MS * CEPA_MILLISECOND_NS);
}

static void on_mapped(struct cepa_carriers *carriers, const struct cepa_net_address *address)
{
    struct cepa_net_address *seen = &carriers->seen[address->family == CEPA_NET_ADDRESS_IPV6];
    if (!cepa_net_address_is_equal(seen, address)) {
        *seen = *address;
        carriers->has_seen[address->family == CEPA_NET_ADDRESS_IPV6] = true;
    }
}

void cepa_carriers_on_moved(struct cepa_carriers *carriers)
{
    memset(carriers->ask_at, 0, sizeof carriers->ask_at);
}

bool cepa_carriers_seen(struct cepa_carriers *carriers, struct cepa_net_address *ret_address)
{
    for (size_t i = 0; i < 2; i++) {
        if (carriers->has_seen[i]) {
            carriers->has_seen[i] = false;
            *ret_address = carriers->seen[i];
            return true;
        }
    }
    return false;
}

static void on_open(struct cepa_carriers *carriers, struct cepa_connection_id id,
                    struct cepa_time now)
{
    const struct cepa_dcep_open open = {.is_unordered = true, .priority = 256};
    struct cepa_carrier_facts facts;
    struct cepa_connection_stats stats;
    struct cepa_carrier_entry *entry = cepa_carrier_of(carriers, id);
    if (entry == NULL) {
        carriers->last_accepted++;
        entry =
            cepa_carrier_add(carriers, id, CEPA_NODE_CARRIER_ACCEPTED | carriers->last_accepted);
    }
    struct cepa_channels *channels = cepa_endpoint_channels(carriers->endpoint, id);
    if (entry == NULL) {
        cepa_carrier_drop(carriers, id);
        return;
    }
    if (channels == NULL ||
        cepa_channels_negotiate(channels, &entry->channel, CEPA_CARRIERS_STREAM, &open) != 0 ||
        cepa_endpoint_stats(carriers->endpoint, &stats, id) != 0) {
        cepa_carrier_end(carriers, entry, CEPA_ERR_SYSTEM, now);
        return;
    }
    memset(&facts, 0, sizeof facts);
    facts.kind = CEPA_CARRIER_WEBRTC;
    set_binding(&facts, &stats);
    facts.remote.family = stats.path.remote.family;
    memcpy(facts.remote.ip, stats.path.remote.ip, sizeof facts.remote.ip);
    facts.remote.port = stats.path.remote.port;
    entry->is_open = true;
    cepa_node_on_carrier_open(carriers->node, entry->number, &facts, now);
    cepa_carrier_mark(carriers, entry);
    cepa_carrier_ask(carriers, entry, now);
}

static int error_of(enum cepa_close_reason reason)
{
    switch (reason) {
    case CEPA_CLOSE_NONE:
    case CEPA_CLOSE_BY_PEER:
        return 0;
    case CEPA_CLOSE_UNREACHABLE:
    case CEPA_CLOSE_LOST:
        return CEPA_ERR_UNREACHABLE;
    case CEPA_CLOSE_TIMEOUT:
        return CEPA_ERR_TIMEOUT;
    case CEPA_CLOSE_HANDSHAKE:
        return CEPA_ERR_MALFORMED;
    case CEPA_CLOSE_FINGERPRINT:
        return CEPA_ERR_AUTHENTICATION;
    case CEPA_CLOSE_SUPERSEDED:
        return CEPA_ERR_STATE;
    }
    return CEPA_ERR_SYSTEM;
}

static void on_closed(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                      enum cepa_close_reason reason, struct cepa_time now)
{
    uint64_t number = entry->number;
    bool is_told = !entry->is_closing;
    cepa_carrier_forget(carriers, entry);
    if (is_told) {
        cepa_node_on_carrier_closed(carriers->node, number, error_of(reason), now);
    }
}

static void on_message(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                       const struct cepa_channel_event *event, struct cepa_time now)
{
    uint8_t frame[CEPA_FRAME_SIZE];
    if (entry->is_closing) {
        return;
    }
    if (event->is_string || event->data_len != CEPA_FRAME_SIZE) {
        carriers->counts.malformed++;
        cepa_carrier_end(carriers, entry, CEPA_ERR_LENGTH, now);
        return;
    }
    carriers->counts.frames_in++;
    memcpy(frame, event->data, sizeof frame);
    cepa_node_on_carrier_frame(carriers->node, entry->number, frame, sizeof frame, now);
}

static void on_channel(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                       const struct cepa_channel_event *event, struct cepa_time now)
{
    switch (event->kind) {
    case CEPA_CHANNEL_MESSAGE:
        on_message(carriers, entry, event, now);
        break;
    case CEPA_CHANNEL_LOW:
        if (entry->is_closing && cepa_carrier_has_left(carriers, entry)) {
            cepa_carrier_end(carriers, entry, 0, now);
        } else if (entry->is_waiting) {
            entry->is_waiting = false;
            cepa_carrier_mark(carriers, entry);
        }
        break;
    case CEPA_CHANNEL_ACCEPTED: /* nobody opens channels here */
    case CEPA_CHANNEL_CLOSED:
    case CEPA_CHANNEL_ENDED:
        cepa_carrier_end(carriers, entry, 0, now);
        break;
    case CEPA_CHANNEL_NOTHING:
    case CEPA_CHANNEL_CONNECTED:
    case CEPA_CHANNEL_OPENED:
        break;
    }
}

static void on_candidate(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry,
                         const struct cepa_candidate *candidate, struct cepa_time now)
{
    char text[CEPA_CANDIDATE_TEXT_SIZE];
    _Static_assert((int)CEPA_CANDIDATE_TEXT_SIZE <= (int)CEPA_SIGNAL_MAX,
                   "a candidate is a signal");
    if (!entry->is_closing && cepa_candidate_encode(text, candidate) == 0) {
        cepa_node_on_signal(carriers->node, entry->number, CEPA_SIGNAL_CANDIDATE,
                            (const uint8_t *)text, strlen(text), now);
    }
}

/* Takes an event of a connection that the node knows. */
static void take(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry,
                 const struct cepa_endpoint_event *event, struct cepa_time now)
{
    switch (event->kind) {
    case CEPA_ENDPOINT_CLOSED:
        on_closed(carriers, entry, event->reason, now);
        break;
    case CEPA_ENDPOINT_SILENT:
        cepa_node_on_carrier_silent(carriers->node, entry->number, now);
        break;
    case CEPA_ENDPOINT_ALIVE:
        cepa_node_on_carrier_alive(carriers->node, entry->number, now);
        break;
    case CEPA_ENDPOINT_CANDIDATE:
        on_candidate(carriers, entry, &event->candidate, now);
        break;
    case CEPA_ENDPOINT_CHANNEL:
        on_channel(carriers, entry, &event->channel, now);
        break;
    case CEPA_ENDPOINT_OPEN: /* not here */
    case CEPA_ENDPOINT_PATH:
    case CEPA_ENDPOINT_MAPPED:
    case CEPA_ENDPOINT_NOTHING:
        break;
    }
}

bool cepa_carriers_take(struct cepa_carriers *carriers, struct cepa_time now)
{
    struct cepa_endpoint_event event;
    for (int i = 0; i < CEPA_CARRIERS_EVENTS; i++) {
        if (cepa_endpoint_next(carriers->endpoint, &event) == CEPA_ENDPOINT_NOTHING) {
            return false;
        }
        if (event.kind == CEPA_ENDPOINT_OPEN) {
            on_open(carriers, event.connection, now);
            continue;
        }
        if (event.kind == CEPA_ENDPOINT_MAPPED) {
            on_mapped(carriers, &event.candidate.address);
            continue;
        }
        struct cepa_carrier_entry *entry = cepa_carrier_of(carriers, event.connection);
        if (entry != NULL) {
            take(carriers, entry, &event, now);
        }
    }
    return true;
}
