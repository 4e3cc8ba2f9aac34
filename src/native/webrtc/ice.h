/* ICE: finds a path to the peer by checks and watches over it, full or lite. One agent serves one
 * connection. No socket, no clock: datagrams and `now` come in, effects are polled.
 *
 * The caller feeds the agent's STUN datagrams, calls cepa_ice_next until it gives nothing, and
 * again at the deadline. What does not verify changes nothing and gets no reply. On TCP a path is
 * known by its stream: `local` in effects may be the base and not the address that the stream
 * really has.
 * @[RFC8445], @[RFC8838], @[RFC6544], @[RFC7675], @[SPEC 6.5] */
#ifndef CEPA_NATIVE_WEBRTC_ICE_H
#define CEPA_NATIVE_WEBRTC_ICE_H

#include "base/error.h"
#include "native/webrtc/ice_types.h"

/* Times of an agent. @[SPEC 6.5] */
#define CEPA_ICE_PACE_NS (20 * CEPA_MILLISECOND_NS)           /* between two checks */
#define CEPA_ICE_RETRY_NS (100 * CEPA_MILLISECOND_NS)         /* till the second; doubles */
#define CEPA_ICE_RETRY_MAX_NS (800 * CEPA_MILLISECOND_NS)     /* till every later one */
#define CEPA_ICE_TCP_DELAY_NS (400 * CEPA_MILLISECOND_NS)     /* that UDP is tried alone */
#define CEPA_ICE_SETTLE_NS (150 * CEPA_MILLISECOND_NS)        /* for better pairs, at least */
#define CEPA_ICE_SETTLE_MAX_NS (500 * CEPA_MILLISECOND_NS)    /* at most, and for UDP over TCP */
#define CEPA_ICE_GIVE_UP_NS (4800 * CEPA_MILLISECOND_NS)      /* all candidates are known */
#define CEPA_ICE_GIVE_UP_OPEN_NS (8000 * CEPA_MILLISECOND_NS) /* more may come */
#define CEPA_ICE_CONSENT_NS (5000 * CEPA_MILLISECOND_NS)      /* between checks, +-20 % */
#define CEPA_ICE_SILENCE_NS (11500 * CEPA_MILLISECOND_NS)     /* without any sign of life */
#define CEPA_ICE_EXPIRY_NS (30000 * CEPA_MILLISECOND_NS)      /* how long consent lasts */

/* What an agent is made of. */
struct cepa_ice_config {
    bool is_lite;                      /* answers checks, sends none */
    bool is_controlling;               /* of both agents, the one whose choice counts */
    struct cepa_ice_credentials local; /* copied */
    const struct cepa_random *random;  /* transaction ids, tie-breaker; lent for the agent's life */
};

/* What the caller is to do or to know. */
enum cepa_ice_effect_kind {
    CEPA_ICE_NOTHING,  /* until the deadline or the next input */
    CEPA_ICE_SEND,     /* send `data` by `path` */
    CEPA_ICE_CONNECT,  /* open a TCP connection from `path.local` (its IP) to `path.remote` */
    CEPA_ICE_DROP,     /* close `path.stream`, which we opened and do not need */
    CEPA_ICE_SELECTED, /* data goes by `path` from now on */
    CEPA_ICE_SILENT,   /* nothing came from the peer for a while */
    CEPA_ICE_ALIVE,    /* it came back */
    CEPA_ICE_FAILED    /* for `failure`; nothing goes out any more unless the agent restarts */
};

enum cepa_ice_failure {
    CEPA_ICE_NO_PATH,      /* no pair works */
    CEPA_ICE_NO_CONSENT,   /* the peer has not answered for CEPA_ICE_EXPIRY_NS */
    CEPA_ICE_CONSENT_ENDED /* it said that it wants no more */
};

/* An effect. What its kind does not name is zero. */
struct cepa_ice_effect {
    struct cepa_path path;
    const uint8_t *data; /* lent until the next call */
    size_t data_len;     /* bytes */
    enum cepa_ice_failure failure;
};

/* cepa_ice_init makes an agent without candidates. Returns 0 or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_ice_init(struct cepa_ice *ret_ice, const struct cepa_ice_config *config,
                                struct cepa_time now);

/* cepa_ice_wipe forgets everything; passwords should not outlive their connection. */
void cepa_ice_wipe(struct cepa_ice *ice);

/* cepa_ice_add_local adds a candidate of ours and its base: the socket's address, from which is
 * sent (a host candidate is its own base). A base whose IP is all zero leaves the choice to the
 * system. On TCP, active, only the base's IP counts. Returns 0 (also if it is redundant) or
 * CEPA_ERR_FULL.
 */
CEPA_MUST_USE int cepa_ice_add_local(struct cepa_ice *ice, const struct cepa_candidate *candidate,
                                     const struct cepa_net_address *base, struct cepa_time now);

/* cepa_ice_set_remote tells the peer's credentials, once between two restarts (asserted), and
 * whether it is lite; then checks begin, in answer to early ones first. */
void cepa_ice_set_remote(struct cepa_ice *ice, const struct cepa_ice_credentials *remote,
                         bool is_lite, struct cepa_time now);

/* cepa_ice_add_remote adds a candidate of the peer's, before or after its credentials. Of no use
 * and passed over are names and those that connect by TCP; their checks will show them. Returns 0
 * or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_ice_add_remote(struct cepa_ice *ice, const struct cepa_candidate *candidate,
                                      struct cepa_time now);

/* cepa_ice_end_of_remote says that no more of them come, so that failure shows earlier. */
void cepa_ice_end_of_remote(struct cepa_ice *ice, struct cepa_time now);

/* cepa_ice_receive takes a datagram for which cepa_stun_is holds. Returns 1 if it is an authentic
 * request or response, so that the caller may take path.remote for the peer; else 0, and nothing
 * has changed. Call cepa_ice_next after each. */
CEPA_MUST_USE int cepa_ice_receive(struct cepa_ice *ice, const struct cepa_path *path,
                                   const uint8_t *data, size_t data_len, struct cepa_time now);

/* cepa_ice_next gives the next effect. */
enum cepa_ice_effect_kind cepa_ice_next(struct cepa_ice *ice, struct cepa_ice_effect *ret_effect,
                                        struct cepa_time now);

/* cepa_ice_deadline gives when cepa_ice_next will have something to do, if nothing comes before. */
struct cepa_time cepa_ice_deadline(const struct cepa_ice *ice);

/* cepa_ice_on_connected says that the connection for CEPA_ICE_CONNECT is open; `path` has its
 * stream. Streams that a peer opened show by their first check. */
void cepa_ice_on_connected(struct cepa_ice *ice, const struct cepa_path *path,
                           struct cepa_time now);

/* cepa_ice_on_stream_lost says that a stream is closed; one that data went by is tried anew. */
void cepa_ice_on_stream_lost(struct cepa_ice *ice, uint64_t stream, struct cepa_time now);

/* cepa_ice_path gives where data should go now: the selected path, else the best one that works,
 * else, to a lite peer, the one that is being tried. Returns false if there is none. */
CEPA_MUST_USE bool cepa_ice_path(const struct cepa_ice *ice, struct cepa_path *ret_path);

/* cepa_ice_mapped gives our address as the peer saw it in its last response. Returns false before
 * the first. */
CEPA_MUST_USE bool cepa_ice_mapped(const struct cepa_ice *ice,
                                   struct cepa_net_address *ret_address);

/* cepa_ice_on_data says that something verified came from the peer, by any protocol. It ends
 * silence and does not stand for consent. */
void cepa_ice_on_data(struct cepa_ice *ice, struct cepa_time now);

/* cepa_ice_rtt_ns gives the smoothed round-trip time of checks, 0 if it is unknown. */
uint64_t cepa_ice_rtt_ns(const struct cepa_ice *ice);

/* cepa_ice_is_controlling gives our role, which a conflict may have changed. */
bool cepa_ice_is_controlling(const struct cepa_ice *ice);

/* cepa_ice_restart begins anew with new credentials of ours; the peer's, and its candidates, are to
 * follow. Our candidates stay. The selected path remains in use, with the old credentials, until a
 * new one is selected. @[RFC8445 9] */
void cepa_ice_restart(struct cepa_ice *ice, const struct cepa_ice_credentials *local,
                      bool is_controlling, struct cepa_time now);

#endif
