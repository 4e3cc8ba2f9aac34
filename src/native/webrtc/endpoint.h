/* An endpoint: all WebRTC connections that share one pair of sockets. It tells datagrams apart,
 * accepts dials, dials, makes and takes offers, and carries the messages of data channels.
 * @[SPEC 6]
 *
 * No sockets and no clock here: a driver brings datagrams and the time, and sends
 * (native/webrtc/webrtc.h is the one for real sockets). Everything that happens is fetched with
 * cepa_endpoint_next. Calls act at the time of the last cepa_endpoint_step; what they want to send
 * goes out with cepa_endpoint_flush at the latest. One thread. */
#ifndef CEPA_NATIVE_WEBRTC_ENDPOINT_H
#define CEPA_NATIVE_WEBRTC_ENDPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/time.h"
#include "native/net/datagram_queue.h"
#include "native/net/path.h"
#include "native/webrtc/certificate.h"
#include "native/webrtc/channel.h"
#include "native/webrtc/close_reason.h"
#include "native/webrtc/description.h"
#include "native/webrtc/dial.h"

enum {
    CEPA_ENDPOINT_CONNECTIONS_MAX = CEPA_SCTP_ASSOCIATIONS_MAX,
    CEPA_ENDPOINT_HALF_OPEN_MAX = 256,   /* accepted dials that are not open yet, or half of all; */
    CEPA_ENDPOINT_HALF_OPEN_PER_IP = 32, /* the oldest makes room; those of one IP are refused */
    CEPA_ENDPOINT_OPEN_SECONDS = 10,     /* by when a connection has to be open; */
    CEPA_ENDPOINT_HELLO_SECONDS = 4,     /* by when a dial has to go on, */
    CEPA_ENDPOINT_REFUSED_SECONDS = 40,  /* or its checks are refused for so long */
    CEPA_ENDPOINT_SILENT_AFTER_MS = 1300, /* how long a peer may leave data unanswered */
    CEPA_ENDPOINT_MORE_SOCKETS_MAX = 3,   /* beside one for each family, to dial from */
    CEPA_ENDPOINT_LOCALS_MAX = 8          /* how many of our addresses are offered */
};

/* All connections of a pair of sockets; opaque. */
struct cepa_endpoint;

/* Names one connection, and never another one; all zeros names none. */
struct cepa_connection_id {
    struct cepa_handle handle;
};

/* What a driver does for an endpoint, when it is called for. None of these may call back. */
struct cepa_endpoint_driver {
    void *context; /* given to each */
    /* Sends all datagrams of the queue, which has some, to the end of the path. */
    void (*send)(void *context, const struct cepa_path *path,
                 const struct cepa_datagram_queue *queue);
    /* Begins a TCP connection, and gives its number; 0 if that cannot be. The driver tells the
     * endpoint when it stands or is lost. */
    uint64_t (*connect)(void *context, const struct cepa_net_address *local,
                        const struct cepa_net_address *remote);
    /* The peer at the other end of a TCP connection has proved who it is. */
    void (*verified)(void *context, uint64_t stream);
    /* A TCP connection is not needed any more. */
    void (*drop)(void *context, uint64_t stream);
};

/* What an endpoint is like. */
struct cepa_endpoint_config {
    struct cepa_endpoint_driver driver;
    const struct cepa_random *random;   /* lent for the endpoint's life */
    struct cepa_net_address sockets[2]; /* what the driver's are bound to, IPv4 and IPv6; or
                                         * family NONE */
    /* Ports of more sockets with the same IPs, by family; 0: none. A dial to an address with which
     * there is a connection already goes from one of them, since datagrams of two connections can
     * only be told apart by their addresses. */
    uint16_t more_ports[2][CEPA_ENDPOINT_MORE_SOCKETS_MAX];
    uint32_t connections_max;                   /* 1 to CEPA_ENDPOINT_CONNECTIONS_MAX */
    const struct cepa_certificate *certificate; /* whom diallers look for; NULL: nobody can dial */
    const struct cepa_certificate *previous;    /* the one before, while addresses name it, or NULL;
                                                 * both are lent for the call only */
    struct cepa_dial_secret secret;             /* what diallers have to know */
};

/* What happened. */
enum cepa_endpoint_kind {
    CEPA_ENDPOINT_NOTHING,   /* for now */
    CEPA_ENDPOINT_OPEN,      /* messages can be sent; of an accepted dial this is the first event */
    CEPA_ENDPOINT_CLOSED,    /* the end of a connection, with a reason; its id names nothing more */
    CEPA_ENDPOINT_SILENT,    /* the peer should have answered and has not; it may still come back */
    CEPA_ENDPOINT_ALIVE,     /* and it did */
    CEPA_ENDPOINT_PATH,      /* data now goes by another path */
    CEPA_ENDPOINT_CANDIDATE, /* a new candidate of ours, to be told to the peer */
    CEPA_ENDPOINT_MAPPED,    /* one of our addresses as a STUN server sees it */
    CEPA_ENDPOINT_CHANNEL    /* something about a data channel; `channel` says what */
};

struct cepa_endpoint_event {
    enum cepa_endpoint_kind kind;
    struct cepa_connection_id connection; /* none with MAPPED */
    enum cepa_close_reason reason;        /* CLOSED */
    struct cepa_path path;                /* PATH */
    struct cepa_candidate candidate;      /* CANDIDATE; MAPPED */
    struct cepa_channel_event channel;    /* CHANNEL; what it points at is lent until next call */
};

/* What is known of a connection. */
struct cepa_connection_stats {
    uint64_t rtt_ns;         /* smoothed round-trip time of checks; 0 if unknown */
    uint64_t bytes_sent;     /* in datagrams, all layers but UDP and IP */
    uint64_t bytes_received; /* likewise */
    uint64_t datagrams_sent;
    uint64_t datagrams_received;
    uint64_t retransmissions;            /* chunks of data that went out again */
    size_t buffered;                     /* bytes of messages sent and not acknowledged */
    struct cepa_path path;               /* where data goes; family NONE if nowhere yet */
    struct cepa_certificate_hash local;  /* fingerprints of both certificates; */
    struct cepa_certificate_hash remote; /* the peer's is zero before it is known */
    bool is_open;
    bool is_silent;
    bool was_accepted; /* the peer dialled us */
    bool is_main;      /* our end is the socket that listens, not one to dial from only */
};

/* What an endpoint has met, all connections together. */
struct cepa_endpoint_counts {
    uint64_t unverified;  /* STUN that did not verify, or came for nobody */
    uint64_t unrouted;    /* other datagrams from addresses without a connection */
    uint64_t refused;     /* dials beyond a limit, or that had to make room */
    uint64_t accepted;    /* dials that began */
    uint64_t opened;      /* connections that opened */
    uint32_t connections; /* how many there are */
    uint32_t half_open;   /* of them, accepted dials that are not open yet */
};

/* cepa_endpoint_new makes an endpoint. Returns 0, CEPA_ERR_ARGUMENT, CEPA_ERR_RANDOM, or
 * CEPA_ERR_EXHAUSTED for lack of memory. */
CEPA_MUST_USE int cepa_endpoint_new(struct cepa_endpoint **ret_endpoint,
                                    const struct cepa_endpoint_config *config, struct cepa_time now,
                                    struct cepa_wall wall);

/* cepa_endpoint_free ends all connections, with a word to their peers; NULL is allowed. */
void cepa_endpoint_free(struct cepa_endpoint *endpoint);

/* cepa_endpoint_set_certificate shows another certificate from now on; the one until now stays good
 * for those who look for it. Returns 0 or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_endpoint_set_certificate(struct cepa_endpoint *endpoint,
                                                const struct cepa_certificate *certificate);

/* cepa_endpoint_set_locals says at which of our addresses offers may promise to be found: host
 * candidates, best first, of which CEPA_ENDPOINT_LOCALS_MAX count; those that connect by TCP have
 * the port CEPA_CANDIDATE_PORT_ACTIVE. Connections under way are not changed; restart them. */
void cepa_endpoint_set_locals(struct cepa_endpoint *endpoint,
                              const struct cepa_candidate *candidates, size_t candidates_len);

/* cepa_endpoint_receive takes a datagram. What does not verify gets no reply and no memory. */
void cepa_endpoint_receive(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                           const uint8_t *data, size_t data_len);

/* cepa_endpoint_on_connected says that a TCP connection that the endpoint began stands;
 * cepa_endpoint_on_lost that one is lost, whoever began it. */
void cepa_endpoint_on_connected(struct cepa_endpoint *endpoint, const struct cepa_path *path);
void cepa_endpoint_on_lost(struct cepa_endpoint *endpoint, const struct cepa_path *path);

/* cepa_endpoint_step sets the time, and does what is due. */
void cepa_endpoint_step(struct cepa_endpoint *endpoint, struct cepa_time now,
                        struct cepa_wall wall);

/* cepa_endpoint_deadline gives when cepa_endpoint_step has to be called at the latest. */
struct cepa_time cepa_endpoint_deadline(const struct cepa_endpoint *endpoint);

/* cepa_endpoint_next gives the next event. Call it till it gives NOTHING, after receiving and after
 * steps: connections open when events are fetched, and what is not fetched holds the peer back. */
enum cepa_endpoint_kind cepa_endpoint_next(struct cepa_endpoint *endpoint,
                                           struct cepa_endpoint_event *ret_event);

/* cepa_endpoint_flush hands all datagrams that wait to the driver. */
void cepa_endpoint_flush(struct cepa_endpoint *endpoint);

/* cepa_endpoint_dial dials a node by its address alone. Returns 0, CEPA_ERR_FULL,
 * CEPA_ERR_MALFORMED for an address that is not valid, CEPA_ERR_UNSUPPORTED without a socket of its
 * family, CEPA_ERR_STATE if there is a connection with its IP and port from each of our sockets, or
 * CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_endpoint_dial(struct cepa_endpoint *endpoint,
                                     struct cepa_connection_id *ret_connection,
                                     const struct cepa_dial_address *address);

/* cepa_endpoint_offer begins a connection and gives the offer for the peer; it waits for the answer
 * (cepa_endpoint_accept), ten minutes at most. Returns 0, CEPA_ERR_FULL or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_endpoint_offer(struct cepa_endpoint *endpoint,
                                      struct cepa_connection_id *ret_connection,
                                      struct cepa_description *ret_offer);

/* cepa_endpoint_accept takes the answer to an offer of ours, the first one or that of a restart.
 * Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE if no answer is awaited, or CEPA_ERR_UNSUPPORTED if
 * it is an offer or cannot be combined with ours. */
CEPA_MUST_USE int cepa_endpoint_accept(struct cepa_endpoint *endpoint, struct cepa_connection_id id,
                                       const struct cepa_description *answer);

/* cepa_endpoint_answer takes a peer's offer, begins a connection and gives the answer. Returns 0,
 * CEPA_ERR_FULL, CEPA_ERR_RANDOM, or CEPA_ERR_UNSUPPORTED. */
CEPA_MUST_USE int cepa_endpoint_answer(struct cepa_endpoint *endpoint,
                                       struct cepa_connection_id *ret_connection,
                                       struct cepa_description *ret_answer,
                                       const struct cepa_description *offer);

/* cepa_endpoint_restart begins to look for a path anew, because addresses have changed, and gives
 * the offer for the peer; the connection goes on meanwhile. Another offer makes the one before
 * void, and its answer must not be taken. cepa_endpoint_answer_restart is the peer's part; where
 * both have offered, it fails on one side, and the other's offer is void. Not for dialled
 * connections: dial again. Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE, CEPA_ERR_UNSUPPORTED if
 * the offer is of another certificate, or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_endpoint_restart(struct cepa_endpoint *endpoint,
                                        struct cepa_connection_id id,
                                        struct cepa_description *ret_offer);
CEPA_MUST_USE int cepa_endpoint_answer_restart(struct cepa_endpoint *endpoint,
                                               struct cepa_connection_id id,
                                               struct cepa_description *ret_answer,
                                               const struct cepa_description *offer);

/* cepa_endpoint_add_candidate adds a candidate of the peer's that came behind its description; NULL
 * says that there are no more. Returns 0, CEPA_ERR_NOT_FOUND, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_endpoint_add_candidate(struct cepa_endpoint *endpoint,
                                              struct cepa_connection_id id,
                                              const struct cepa_candidate *candidate);

/* cepa_endpoint_ask asks the peer of an open connection how it sees our address (plain STUN);
 * MAPPED tells what it said, and offers contain it from then on. Returns 0, CEPA_ERR_NOT_FOUND,
 * CEPA_ERR_STATE if the connection is not on UDP, or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_endpoint_ask(struct cepa_endpoint *endpoint, struct cepa_connection_id id);

/* cepa_endpoint_channels gives the data channels of a connection, for all functions of
 * native/webrtc/channel.h but new, free, receive and next; lent until the next call here. NULL if
 * there is none, or before the handshake is done. */
struct cepa_channels *cepa_endpoint_channels(struct cepa_endpoint *endpoint,
                                             struct cepa_connection_id id);

/* cepa_endpoint_stats gives what is known of a connection. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_endpoint_stats(struct cepa_endpoint *endpoint,
                                      struct cepa_connection_stats *ret_stats,
                                      struct cepa_connection_id id);

/* cepa_endpoint_counts gives what it has met. */
struct cepa_endpoint_counts cepa_endpoint_counts(const struct cepa_endpoint *endpoint);

/* cepa_endpoint_close ends a connection at once, with a word to the peer; what is buffered is lost.
 * No event follows. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_endpoint_close(struct cepa_endpoint *endpoint, struct cepa_connection_id id);

#endif
