/* Carriers between a false endpoint and a node that is the test's own as well: what each is told.
 */
#ifndef CEPA_TESTS_DAEMON_FALSE_CARRIERS_H
#define CEPA_TESTS_DAEMON_FALSE_CARRIERS_H

#include "daemon/false_endpoint.h"
#include "native/host.h"
#include "node/node_facts.h"

enum { TOLD_MAX = 64 };

/* What it was told. */
struct told {
    char what; /* o open, f frame, c closed, s silent, a alive, O A C signals */
    uint64_t carrier;
    int error;
};

static struct told told[TOLD_MAX];
static size_t told_len;
static unsigned frames[8]; /* that it has, by carrier; of accepted ones, from 4 on */
static uint8_t pulled[8];
static struct cepa_carrier_facts told_facts;

static inline void tell(char what, uint64_t carrier, int error)
{
    CHECK(told_len < TOLD_MAX);
    told[told_len++] = (struct told){what, carrier, error};
}

static inline size_t place_of(uint64_t carrier)
{
    bool is_accepted = (carrier & CEPA_NODE_CARRIER_ACCEPTED) != 0;
    return (size_t)(carrier & 3) + (is_accepted ? 4 : 0);
}

void cepa_node_on_carrier_open(struct cepa_node *node, uint64_t carrier,
                               const struct cepa_carrier_facts *facts, struct cepa_time now)
{
    (void)node, (void)now;
    told_facts = *facts;
    tell('o', carrier, 0);
}

void cepa_node_on_carrier_frame(struct cepa_node *node, uint64_t carrier, uint8_t *frame,
                                size_t frame_len, struct cepa_time now)
{
    (void)node, (void)now;
    CHECK_INT(frame_len, CEPA_FRAME_SIZE);
    tell('f', carrier, frame[0]);
}

void cepa_node_on_carrier_silent(struct cepa_node *node, uint64_t carrier, struct cepa_time now)
{
    (void)node, (void)now;
    tell('s', carrier, 0);
}

void cepa_node_on_carrier_alive(struct cepa_node *node, uint64_t carrier, struct cepa_time now)
{
    (void)node, (void)now;
    tell('a', carrier, 0);
}

void cepa_node_on_carrier_closed(struct cepa_node *node, uint64_t carrier, int error,
                                 struct cepa_time now)
{
    (void)node, (void)now;
    tell('c', carrier, error);
}

void cepa_node_on_signal(struct cepa_node *node, uint64_t carrier, enum cepa_signal_kind kind,
                         const uint8_t *data, size_t data_len, struct cepa_time now)
{
    (void)node, (void)now;
    CHECK(data != NULL && data_len > 0 && data_len <= CEPA_SIGNAL_MAX);
    tell("?OAC"[kind], carrier, 0);
}

size_t cepa_node_pull(struct cepa_node *node, uint64_t carrier, uint8_t *ret_frame,
                      struct cepa_time now)
{
    size_t place = place_of(carrier);
    (void)node, (void)now;
    if (frames[place] == 0) {
        return 0;
    }
    frames[place]--;
    memset(ret_frame, 0, CEPA_FRAME_SIZE);
    ret_frame[0] = ++pulled[place];
    return CEPA_FRAME_SIZE;
}

/* --- between them */

static struct cepa_carriers *carriers;
static struct cepa_time now;
static const uint8_t some_frame[CEPA_FRAME_SIZE + 1] = {42};

static inline void begin(void)
{
    memset(connections, 0, sizeof connections);
    memset(frames, 0, sizeof frames);
    memset(pulled, 0, sizeof pulled);
    memset(&stats, 0, sizeof stats);
    stats.path.remote.family = CEPA_NET_ADDRESS_IPV4;
    stats.path.remote.ip[0] = 198;
    stats.path.remote.port = 443;
    stats.is_main = true;
    events_len = events_taken = told_len = next_index = 0;
    result = 0;
    closed = negotiated = open_secrets = 0;
    now.ns = CEPA_SECOND_NS;
    CHECK_INT(cepa_carriers_new(&carriers, NULL, NULL, cepa_native_random()), 0);
}

static inline void end(void)
{
    CHECK_INT(open_secrets, 0);
    cepa_carriers_free(carriers);
}

static inline void want_with(enum cepa_node_effect_kind kind, uint64_t carrier, const void *data,
                             size_t data_len)
{
    const struct cepa_node_effect effect = {
        .kind = kind, .carrier = carrier, .data = data, .data_len = data_len};
    cepa_carriers_carry_out(carriers, &effect, now);
}

static inline void want(enum cepa_node_effect_kind kind, uint64_t carrier)
{
    want_with(kind, carrier, NULL, 0);
}

/* Something happens to connection `index`, and is taken. */
static inline void happen(struct cepa_endpoint_event event, uint32_t index)
{
    event.connection.handle.index = index;
    event.connection.handle.generation = connections[index].generation;
    CHECK(events_len < EVENTS_MAX);
    events[events_len++] = event;
    while (cepa_carriers_take(carriers, now)) {
    }
}

static inline void happen_kind(enum cepa_endpoint_kind kind, uint32_t index)
{
    happen((struct cepa_endpoint_event){.kind = kind}, index);
}

static inline void happen_in_channel(enum cepa_channel_kind kind, uint32_t index)
{
    happen((struct cepa_endpoint_event){.kind = CEPA_ENDPOINT_CHANNEL, .channel = {.kind = kind}},
           index);
}

static inline void come(uint32_t index, bool is_string, size_t len)
{
    happen((struct cepa_endpoint_event){.kind = CEPA_ENDPOINT_CHANNEL,
                                        .channel = {.kind = CEPA_CHANNEL_MESSAGE,
                                                    .is_string = is_string,
                                                    .data = some_frame,
                                                    .data_len = len}},
           index);
}

/* Whether the node was told just this since the last time. */
static inline bool was_told(char what, uint64_t carrier, int error)
{
    bool is_so = told_len == 1 && told[0].what == what && told[0].carrier == carrier &&
                 told[0].error == error;
    if (!is_so) {
        for (size_t i = 0; i < told_len; i++) {
            test_note("%c %llx %d", told[i].what, (unsigned long long)told[i].carrier,
                      told[i].error);
        }
    }
    told_len = 0;
    return is_so;
}

static inline void dial_and_open(uint64_t carrier)
{
    uint32_t index = next_index;
    want(CEPA_NODE_DIAL, carrier);
    happen_kind(CEPA_ENDPOINT_OPEN, index);
    CHECK(was_told('o', carrier, 0));
}

#endif
