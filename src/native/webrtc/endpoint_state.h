/* What the parts of an endpoint share: src/native/webrtc/endpoint*.c and connection*.c only.
 *
 * Connections stand in a pool. They are found
 *
 *   by user fragment  (first half of a check's USERNAME)   -> cepa_endpoint.fragments
 *   by source address and our port (everything else)                    -> cepa_endpoint.routes
 *   by time                                                -> cepa_endpoint.timers
 *   because something is to be told                        -> cepa_endpoint.ready
 */
#ifndef CEPA_NATIVE_WEBRTC_ENDPOINT_STATE_H
#define CEPA_NATIVE_WEBRTC_ENDPOINT_STATE_H

#include "base/map.h"
#include "base/timer_heap.h"
#include "native/webrtc/connection_state.h"
#include "native/webrtc/stun.h"

enum {
    CEPA_ENDPOINT_ASKS_MAX = 4,
    CEPA_ENDPOINT_BUSY_MS = 1000, /* without packets, till SCTP counts as idle */
    CEPA_ENDPOINT_ROUND_MS = 50   /* what may be a little late is due at multiples of this */
};

/* Whose a source address is, at one of our sockets. The first two are the same connection but for
 * the time in which a peer that begins anew has not yet proved by a whole handshake that it is
 * there. The third has asked there and had no answer yet: since a peer can offer any address, that
 * alone gives it nothing. Each may be nobody; whoever is named here has the key among its own
 * routes. */
struct cepa_route {
    struct cepa_handle settled; /* whose data comes from there */
    struct cepa_handle newest;  /* who shakes hands there */
    struct cepa_handle asking;  /* who waits for the response to a check */
};

/* A question to a STUN server that has no answer yet. */
struct cepa_ask {
    struct cepa_path path; /* family NONE: free */
    struct cepa_stun_transaction transaction;
    struct cepa_time due; /* when to ask again */
    unsigned tries;
};

/* A certificate that diallers look for. */
struct cepa_listener {
    struct cepa_certificate *certificate; /* NULL: none */
    struct cepa_certificate_hash hash;
};

struct cepa_endpoint {
    struct cepa_endpoint_driver driver;
    const struct cepa_random *random;
    struct cepa_net_address sockets[2];                     /* by family; or family NONE */
    uint16_t more_ports[2][CEPA_ENDPOINT_MORE_SOCKETS_MAX]; /* of sockets beside them; or 0 */
    struct cepa_dial_secret secret;
    struct cepa_listener listeners[2]; /* now, and before */
    struct cepa_dtls_context *dtls;
    struct cepa_time now;
    struct cepa_wall wall;
    struct cepa_time tick;       /* when SCTP is told the time again at the latest */
    struct cepa_time told;       /* when it was told last */
    struct cepa_time busy_until; /* when it will have been idle for a while */

    void *memory; /* of what follows */
    struct cepa_pool connections;
    struct cepa_timer_heap timers;
    struct cepa_map fragments; /* cepa_fragment_key -> cepa_handle */
    struct cepa_map routes;    /* cepa_route_key -> cepa_route */
    uint32_t spare_routes;     /* how many connections may have together beyond their share */
    bool knows_last;           /* no route has changed since the last datagram that was not STUN: */
    struct cepa_path last_path;   /* where it came from, */
    struct cepa_route last_route; /* and whose that is */

    struct cepa_connection *first_ready;
    struct cepa_connection *last_ready;
    unsigned in_turn; /* events of the first of them that were told in a row */
    struct cepa_candidate locals[CEPA_ENDPOINT_LOCALS_MAX];
    size_t locals_len;
    struct cepa_candidate mapped[2];  /* as STUN servers see us, by family; or family NONE */
    struct cepa_net_address bases[2]; /* which of our addresses they are */
    bool is_mapped_news[2];           /* to be told */
    struct cepa_ask asks[CEPA_ENDPOINT_ASKS_MAX];
    struct cepa_endpoint_counts counts;

    struct cepa_connection *queue_owner; /* whose datagrams wait; NULL for nobody's */
    struct cepa_path queue_path;         /* and where to */
    struct cepa_datagram_queue queue;
    struct cepa_description seen; /* scratch: a description as its reader will see it */
    uint8_t plain[2048];          /* what was in a record */
    uint8_t scratch[CEPA_CHANNEL_SCRATCH_SIZE]; /* a message that is being told */
};

/* cepa_endpoint_round gives the next round time, at most CEPA_ENDPOINT_ROUND_MS later: what is due
 * then, of all connections, costs one awakening. */
static inline struct cepa_time cepa_endpoint_round(struct cepa_time time)
{
    const uint64_t round_ns = CEPA_ENDPOINT_ROUND_MS * CEPA_MILLISECOND_NS;
    return cepa_time_add(time, round_ns - time.ns % round_ns);
}

/* endpoint_accept.c */

/* cepa_endpoint_accept_dial begins a connection for a check whose user fragment nobody has, if it
 * verifies under the password that goes with that. Returns the connection or NULL. */
struct cepa_connection *cepa_endpoint_accept_dial(struct cepa_endpoint *endpoint,
                                                  const struct cepa_path *path,
                                                  const struct cepa_stun_message *message,
                                                  const uint8_t *data, size_t ufrag_len);

/* cepa_endpoint_is_busy says that SCTP has something to do. */
static inline void cepa_endpoint_is_busy(struct cepa_endpoint *endpoint)
{
    endpoint->busy_until =
        cepa_time_add(endpoint->now, CEPA_ENDPOINT_BUSY_MS * CEPA_MILLISECOND_NS);
}

/* endpoint_routes.c */

/* cepa_fragment_key_of gives the key of a user fragment. */
struct cepa_fragment_key cepa_fragment_key_of(const char *ufrag, size_t ufrag_len);

/* cepa_endpoint_by_fragment finds the connection that a check is for, or NULL. */
struct cepa_connection *cepa_endpoint_by_fragment(struct cepa_endpoint *endpoint, const char *ufrag,
                                                  size_t ufrag_len);

/* cepa_connection_claim makes a user fragment a connection's; of three the first one goes. Returns
 * 0, or CEPA_ERR_FULL, also if it is another's. */
CEPA_MUST_USE int cepa_connection_claim(struct cepa_connection *connection, const char *ufrag,
                                        size_t ufrag_len);

/* cepa_endpoint_route gives whose a source address is, lent until a route is added; NULL if nobody
 * is. */
const struct cepa_route *cepa_endpoint_route(const struct cepa_endpoint *endpoint,
                                             const struct cepa_path *path);

/* cepa_endpoint_route_again does the same; for datagrams that come one after the other from the
 * same place it is cheap. Lent until its next call. */
const struct cepa_route *cepa_endpoint_route_again(struct cepa_endpoint *endpoint,
                                                   const struct cepa_path *path);

/* cepa_connection_add_route makes a connection the newest at a source address, where something that
 * verifies has come from. cepa_connection_ask_route notes that a check goes there. A connection
 * that has too many routes loses the one that it has not used for longest, never that of its path.
 */
void cepa_connection_add_route(struct cepa_connection *connection, const struct cepa_path *path);
void cepa_connection_ask_route(struct cepa_connection *connection, const struct cepa_path *path);

/* cepa_connection_drop_route gives one up; cepa_connection_trim_routes all beyond its share. Their
 * TCP connections go too. */
void cepa_connection_drop_route(struct cepa_connection *connection, const struct cepa_path *path);
void cepa_connection_trim_routes(struct cepa_connection *connection);

/* cepa_connection_settle makes it the settled one on its path, where it has proved to be; who was
 * settled there is superseded. Checks alone do not prove that much: a peer can offer any address.
 */
void cepa_connection_settle(struct cepa_connection *connection);

/* cepa_connection_forget removes it from all maps, and drops its TCP connections. */
void cepa_connection_forget(struct cepa_connection *connection);

/* endpoint_output.c */

/* cepa_endpoint_queue gives the queue for a path, with room for `room` datagrams; whose they are
 * says `owner`, or NULL. */
struct cepa_datagram_queue *cepa_endpoint_queue(struct cepa_endpoint *endpoint,
                                                struct cepa_connection *owner,
                                                const struct cepa_path *path, size_t room);

/* endpoint.c */

/* cepa_endpoint_stir says that SCTP is about to get something to do. */
void cepa_endpoint_stir(struct cepa_endpoint *endpoint);

/* endpoint_events.c */

/* cepa_connection_ready says that something may have to be told; cepa_connection_unready that there
 * is nothing. */
void cepa_connection_ready(struct cepa_connection *connection);
void cepa_connection_unready(struct cepa_connection *connection);

/* cepa_connection_tell adds news. */
void cepa_connection_tell(struct cepa_connection *connection, enum cepa_news news);

/* endpoint_ask.c */

/* cepa_endpoint_ask_again repeats the questions that are due. */
void cepa_endpoint_ask_again(struct cepa_endpoint *endpoint);

/* cepa_endpoint_ask_deadline gives when the next one is. */
struct cepa_time cepa_endpoint_ask_deadline(const struct cepa_endpoint *endpoint);

/* cepa_endpoint_on_answer takes an answer, and says whether it was one to a question. */
bool cepa_endpoint_on_answer(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                             const struct cepa_stun_message *message);

/* cepa_endpoint_reply answers a plain binding request. */
void cepa_endpoint_reply(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                         const struct cepa_stun_message *message);

#endif
