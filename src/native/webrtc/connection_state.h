/* A connection: what it is made of, and what its parts do for the endpoint that it belongs to. For
 * src/native/webrtc/endpoint*.c and connection*.c only.
 *
 *   OFFERED -> CONNECTING -> OPEN -> CLOSED
 *
 * It goes through its layers one after another: ICE finds a path, DTLS shakes hands on it, SCTP
 * opens. A connection that nobody offered begins as CONNECTING. */
#ifndef CEPA_NATIVE_WEBRTC_CONNECTION_STATE_H
#define CEPA_NATIVE_WEBRTC_CONNECTION_STATE_H

#include "native/webrtc/dtls.h"
#include "native/webrtc/endpoint.h"
#include "native/webrtc/ice.h"
#include "native/webrtc/pacer.h"
#include "native/webrtc/sack_hold.h"

enum {
    CEPA_CONNECTION_ROUTES_MAX = CEPA_ICE_REMOTE_MAX + 4,
    CEPA_CONNECTION_EARLY_MAX = 2,    /* datagrams of a ClientHello with a post-quantum key */
    CEPA_CONNECTION_ROUTES_SHARE = 4, /* as many have room for sure */
    CEPA_CONNECTION_FLIGHT_MAX = 12,  /* datagrams of DTLS's longest flight, and then some */
    CEPA_FRAGMENT_KEY_SIZE = 16,
    CEPA_ROUTE_KEY_SIZE = 32
};

/* A user fragment as a key of a map. */
struct cepa_fragment_key {
    uint8_t bytes[CEPA_FRAGMENT_KEY_SIZE];
};

/* A source address as a key of a map. */
struct cepa_route_key {
    uint8_t bytes[CEPA_ROUTE_KEY_SIZE];
};

/* What has happened to a connection and was not told yet, as bits. */
enum cepa_news {
    CEPA_NEWS_OPEN = 1,
    CEPA_NEWS_PATH = 2,
    CEPA_NEWS_SILENT = 4,
    CEPA_NEWS_ALIVE = 8,
    CEPA_NEWS_MAPPED_IPV4 = 16, /* the endpoint's reflexive candidates are new to the peer */
    CEPA_NEWS_MAPPED_IPV6 = 32
};

enum cepa_connection_state {
    CEPA_CONNECTION_OFFERED, /* our offer waits for its answer */
    CEPA_CONNECTION_CONNECTING,
    CEPA_CONNECTION_OPEN,
    CEPA_CONNECTION_CLOSED /* its layers are gone; it only waits for its last event to be fetched */
};

/* One connection. */
struct cepa_connection {
    struct cepa_endpoint *endpoint;
    struct cepa_handle handle;        /* its name in the pool */
    struct cepa_connection *previous; /* in the list of those with something to tell */
    struct cepa_connection *next;
    bool is_ready; /* it is in that list */
    unsigned news; /* bits of enum cepa_news */

    enum cepa_connection_state state;
    enum cepa_close_reason reason;
    bool was_accepted;  /* the peer dialled us */
    bool is_unknown;    /* it ended before anybody was told that it began */
    bool is_refused;    /* an accepted dial that did not go on: its checks get no reply any more */
    bool is_dial;       /* we dialled the peer, */
    char dial_ufrag[8]; /* with this user fragment; final zeros */
    bool is_restart;    /* the offer that waits for an answer is that of a restart */
    bool is_client;     /* of DTLS */
    bool is_silent;
    bool has_path;
    bool is_resting;         /* DTLS has given back what it does not need when nothing moves */
    bool knows_remote;       /* `remote` is what the peer has to show */
    struct cepa_path path;   /* where data goes */
    struct cepa_path source; /* where an accepted dial came from first, and must */

    struct cepa_ice ice;
    struct cepa_certificate *certificate; /* ours, if it is this connection's own; or else */
    size_t listener;                      /* which of the endpoint's */
    struct cepa_certificate_hash local;   /* its hash */
    struct cepa_certificate_hash remote;  /* the peer's */
    struct cepa_dtls *dtls;               /* NULL before there is a path */
    struct cepa_channels *channels;       /* NULL before the handshake is done */
    uint32_t send_max;                    /* bytes of a message that the peer takes; 0: any */
    uint8_t *early; /* datagrams of the peer's first flight that came before there was a path */
    size_t early_len[CEPA_CONNECTION_EARLY_MAX]; /* 0: none */

    struct cepa_pacer pacer;    /* of packets with data, and */
    struct cepa_time pacer_set; /* when its rate was set */
    struct cepa_sack_hold held; /* an answer to the peer's data that waits for the next */

    struct cepa_handle timer;    /* goes off at `armed`, which is no later than what follows */
    struct cepa_time armed;      /* or never */
    struct cepa_time ice_due;    /* when ICE wants to do something */
    struct cepa_time dtls_due;   /* when DTLS retransmits */
    struct cepa_time open_by;    /* when it is too late */
    struct cepa_time active_at;  /* when a record came or went last */
    struct cepa_time unanswered; /* since when data has had no answer */

    struct cepa_fragment_key fragments[2]; /* ours, and the one before a restart */
    size_t fragments_len;
    struct cepa_route_key routes[CEPA_CONNECTION_ROUTES_MAX]; /* in the order of their last use */
    size_t routes_len;
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint64_t datagrams_sent;
    uint64_t datagrams_received;
};

/* cepa_connection_new takes one from the pool, with nothing but a timer. Returns 0 or
 * CEPA_ERR_FULL.
 */
CEPA_MUST_USE int cepa_connection_new(struct cepa_endpoint *endpoint,
                                      struct cepa_connection **ret_connection);

/* cepa_connection_free ends it, with a word to the peer if `says_goodbye`. */
void cepa_connection_free(struct cepa_connection *connection, bool says_goodbye);

/* cepa_connection_find finds one that has not ended, or NULL. */
struct cepa_connection *cepa_connection_find(const struct cepa_endpoint *endpoint,
                                             struct cepa_handle handle);

/* cepa_connection_end ends its layers; the reason is told, if it had been told of. */
void cepa_connection_end(struct cepa_connection *connection, enum cepa_close_reason reason);

/* cepa_connection_proceed does what ICE and then DTLS have to do. */
void cepa_connection_proceed(struct cepa_connection *connection);

/* cepa_connection_hold keeps a datagram of the peer's first flight while there is no path;
 * cepa_connection_take_early receives what is kept when there is one; cepa_connection_drop_early
 * gives it up. */
void cepa_connection_hold(struct cepa_connection *connection, const uint8_t *data, size_t data_len);
void cepa_connection_take_early(struct cepa_connection *connection);
void cepa_connection_drop_early(struct cepa_connection *connection);

/* cepa_connection_receive takes a DTLS datagram. */
void cepa_connection_receive(struct cepa_connection *connection, const uint8_t *data,
                             size_t data_len);

/* cepa_connection_on_channel_event looks at what the channels tell. Returns false if it is not to
 * be passed on. */
bool cepa_connection_on_channel_event(struct cepa_connection *connection,
                                      const struct cepa_channel_event *event);

/* cepa_connection_send_packet sends a packet of SCTP; `owner` is the connection. */
void cepa_connection_send_packet(void *owner, const uint8_t *packet, size_t packet_len);

/* cepa_connection_on_time does what is due. */
void cepa_connection_on_time(struct cepa_connection *connection);

/* cepa_connection_arm sets the timer, if something is due earlier than it is set. */
void cepa_connection_arm(struct cepa_connection *connection);

#endif
