/* An endpoint that is the test's own: its functions, in place of those of native/webrtc. For one
 * source file of a program, that has nothing else of endpoints. */
#ifndef CEPA_TESTS_DAEMON_FALSE_ENDPOINT_H
#define CEPA_TESTS_DAEMON_FALSE_ENDPOINT_H

#include <string.h>

#include "native/daemon/carriers.h"
#include "native/webrtc/offer.h"
#include "support/test.h"

enum { CONNECTIONS = 4, EVENTS_MAX = 64 };

/* A connection of it. */
struct connection {
    uint64_t generation; /* 0: none */
    size_t buffered;     /* bytes */
    size_t low_mark;
    size_t window;
    uint32_t rtt_ms;
    bool is_full; /* nothing more can be sent */
    unsigned sent;
    uint8_t last; /* first byte of the frame sent last */
    unsigned asked;
};

static struct connection connections[CONNECTIONS];
static struct cepa_connection_stats stats;
static struct cepa_endpoint_event events[EVENTS_MAX];
static size_t events_len;
static size_t events_taken;
static int result; /* of what begins a connection, or goes on with one */
static unsigned closed;
static unsigned negotiated;
static unsigned open_secrets; /* descriptions that were given and not wiped */
static struct cepa_dial_address dialled;
static uint32_t next_index;

static inline struct cepa_connection_id begin_connection(void)
{
    struct connection *connection = &connections[next_index];
    uint64_t generation = connection->generation + 1;
    *connection = (struct connection){.generation = generation, .window = 100000, .rtt_ms = 50};
    struct cepa_connection_id id = {{.generation = generation, .index = next_index}};
    next_index++;
    return id;
}

static inline struct connection *connection_of(struct cepa_connection_id id)
{
    CHECK(id.handle.index < CONNECTIONS);
    return &connections[id.handle.index];
}

int cepa_endpoint_dial(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                       const struct cepa_dial_address *address)
{
    (void)endpoint;
    dialled = *address;
    if (result == 0) {
        *ret_connection = begin_connection();
    }
    return result;
}

int cepa_endpoint_offer(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                        struct cepa_description *ret_offer)
{
    (void)endpoint;
    memset(ret_offer, 0, sizeof *ret_offer);
    if (result == 0) {
        *ret_connection = begin_connection();
    }
    open_secrets++;
    return result;
}

int cepa_endpoint_answer(struct cepa_endpoint *endpoint, struct cepa_connection_id *ret_connection,
                         struct cepa_description *ret_answer, const struct cepa_description *offer)
{
    (void)endpoint, (void)offer;
    if (result == 0) {
        memset(ret_answer, 0, sizeof *ret_answer);
        *ret_connection = begin_connection();
        open_secrets++;
    }
    return result;
}

int cepa_endpoint_accept(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                         const struct cepa_description *answer)
{
    (void)endpoint, (void)id, (void)answer;
    return result;
}

int cepa_endpoint_add_candidate(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                                const struct cepa_candidate *candidate)
{
    (void)endpoint;
    CHECK(candidate != NULL);
    connection_of(id)->asked += 100;
    return result;
}

int cepa_endpoint_ask(struct cepa_endpoint *endpoint, struct cepa_connection_id id)
{
    (void)endpoint;
    connection_of(id)->asked++;
    return 0;
}

int cepa_endpoint_close(struct cepa_endpoint *endpoint, struct cepa_connection_id id)
{
    (void)endpoint, (void)id;
    closed++;
    return 0;
}

int cepa_endpoint_stats(struct cepa_endpoint *endpoint, struct cepa_connection_stats *ret_stats,
                        struct cepa_connection_id id)
{
    (void)endpoint, (void)id;
    *ret_stats = stats;
    return 0;
}

struct cepa_channels *cepa_endpoint_channels(struct cepa_endpoint *endpoint,
                                             struct cepa_connection_id id)
{
    (void)endpoint;
    return (struct cepa_channels *)(void *)connection_of(id);
}

enum cepa_endpoint_kind cepa_endpoint_next(struct cepa_endpoint *endpoint,
                                           struct cepa_endpoint_event *ret_event)
{
    (void)endpoint;
    memset(ret_event, 0, sizeof *ret_event);
    if (events_taken < events_len) {
        *ret_event = events[events_taken++];
    }
    return ret_event->kind;
}

static inline struct connection *behind(const struct cepa_channels *channels)
{
    return (struct connection *)(uintptr_t)channels;
}

int cepa_channels_negotiate(struct cepa_channels *channels, struct cepa_channel_id *ret_channel,
                            uint16_t stream, const struct cepa_dcep_open *open)
{
    (void)channels;
    CHECK_INT(stream, CEPA_CARRIERS_STREAM);
    CHECK(open->is_unordered);
    memset(ret_channel, 0, sizeof *ret_channel);
    negotiated++;
    return 0;
}

int cepa_channels_send(struct cepa_channels *channels, struct cepa_channel_id channel,
                       bool is_string, const void *data, size_t data_len)
{
    struct connection *connection = behind(channels);
    (void)channel;
    CHECK(!is_string);
    if (connection->is_full) {
        return CEPA_ERR_FULL;
    }
    connection->sent++;
    connection->last = *(const uint8_t *)data;
    connection->buffered += data_len;
    return 0;
}

size_t cepa_channels_buffered(struct cepa_channels *channels)
{
    return behind(channels)->buffered;
}

void cepa_channels_set_low_mark(struct cepa_channels *channels, size_t low_mark)
{
    behind(channels)->low_mark = low_mark;
}

void cepa_channels_window(const struct cepa_channels *channels, size_t *ret_window,
                          uint32_t *ret_rtt_ms)
{
    *ret_window = behind(channels)->window;
    *ret_rtt_ms = behind(channels)->rtt_ms;
}

/* Descriptions are a byte: 255 is none. */
int cepa_offer_encode(uint8_t ret_bytes[CEPA_OFFER_SIZE_MAX], size_t *ret_len, size_t *ret_left_out,
                      const struct cepa_description *description)
{
    (void)description;
    ret_bytes[0] = 7;
    *ret_len = 1;
    *ret_left_out = 0;
    return 0;
}

int cepa_offer_decode(struct cepa_description *ret_description, const uint8_t *bytes,
                      size_t bytes_len)
{
    if (bytes_len != 1 || bytes[0] == 255) {
        return CEPA_ERR_MALFORMED;
    }
    memset(ret_description, 0, sizeof *ret_description);
    open_secrets++;
    return 0;
}

void cepa_description_wipe(struct cepa_description *description)
{
    memset(description, 0, sizeof *description);
    open_secrets--;
}

#endif
