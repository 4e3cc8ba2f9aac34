/* What an ICE agent consists of. The caller gives it memory and touches nothing here; ice.h has the
 * calls. */
#ifndef CEPA_NATIVE_WEBRTC_ICE_TYPES_H
#define CEPA_NATIVE_WEBRTC_ICE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/time.h"
#include "native/net/path.h"
#include "native/webrtc/candidate.h"
#include "native/webrtc/description.h"
#include "native/webrtc/stun.h"

enum {
    CEPA_ICE_LOCAL_MAX = 12,
    CEPA_ICE_REMOTE_MAX = 16, /* ten of a description, the rest trickled and peer-reflexive */
    CEPA_ICE_PAIRS_MAX = 64,  /* more than four IPs on each side make @[RFC8445 6.1.2.5] */
    CEPA_ICE_SENT_MAX = 32,   /* requests whose responses are known; 0.6 s of checks */
    CEPA_ICE_REPLIES_MAX = 6, /* between two calls of cepa_ice_next */
    CEPA_ICE_EARLY_MAX = 4,
    CEPA_ICE_DROPS_MAX = 16,
    /* header, username, priority, tie-breaker, nomination, integrity, fingerprint */
    CEPA_ICE_MESSAGE_SIZE = 20 + (4 + 516) + 8 + 12 + 4 + 24 + 8
};

/* Both sides' credentials between two restarts. */
struct cepa_ice_generation {
    struct cepa_ice_credentials local;  /* what checks to us are for */
    struct cepa_ice_credentials remote; /* what our checks are for; all zero if unknown */
    bool has_remote;                    /* the peer's are known */
};

/* A candidate, as far as checks need it. */
struct cepa_ice_candidate {
    struct cepa_net_address address; /* ours: the base, from which is sent; theirs: to which */
    uint32_t priority;               /* as announced, or as PRIORITY of the check that showed it */
    uint8_t type;                    /* enum cepa_candidate_type */
    uint8_t transport;               /* enum cepa_candidate_transport */
    uint8_t group;                   /* the lowest index with the same foundation */
    uint32_t foundation;             /* a hash of it */
};

/* What is known of a pair. Frozen is no state of its own: who picks the next check passes over
 * waiting pairs as long as one like them is in progress. */
enum cepa_ice_pair_state {
    CEPA_ICE_PAIR_NONE,    /* a free place */
    CEPA_ICE_PAIR_WAITING, /* not checked yet */
    CEPA_ICE_PAIR_IN_PROGRESS,
    CEPA_ICE_PAIR_SUCCEEDED,
    CEPA_ICE_PAIR_NOMINATING, /* succeeded, and checked again to nominate it */
    CEPA_ICE_PAIR_FAILED,
    CEPA_ICE_PAIR_LEFT /* not needed: another one was selected */
};

/* A base of ours and a candidate of the peer's. */
struct cepa_ice_pair {
    uint64_t stream;       /* the TCP connection, 0 on UDP or before it is open */
    struct cepa_time next; /* when to check again, or to give up, while asked; 0 at once, unpaced */
    uint32_t nomination;   /* which of the peer's nominations it was, counted from 1; 0: none */
    uint8_t local;         /* index */
    uint8_t remote;        /* index */
    uint8_t state;         /* enum cepa_ice_pair_state */
    uint8_t tries;         /* checks since it is in that state */
};

/* A request that waits for its response. */
struct cepa_ice_sent {
    struct cepa_time at;                      /* when it went */
    struct cepa_stun_transaction transaction; /* random */
    uint8_t pair;                             /* index; CEPA_ICE_NO_PAIR: the selected path */
    uint8_t flags; /* CEPA_ICE_SENT_* of ice_internal.h; 0: no response awaited */
};

/* A response that is to be sent. */
struct cepa_ice_reply {
    struct cepa_path path;                    /* by which the request came */
    struct cepa_stun_transaction transaction; /* of the request */
    uint16_t code;                            /* 0: success */
    uint16_t unknown[CEPA_STUN_UNKNOWN_MAX];  /* attributes that were not understood */
    uint8_t unknown_len;
    bool is_previous; /* under the previous generation's password */
};

/* A check that came before the peer's credentials. */
struct cepa_ice_early {
    struct cepa_path path;
    uint32_t priority;
    bool is_nominated;
};

/* Where data goes. */
struct cepa_ice_selected {
    struct cepa_path path;
    uint32_t priority; /* PRIORITY in its checks */
    uint8_t pair;      /* index; CEPA_ICE_NO_PAIR without one */
    bool is_set;
    bool is_previous; /* of the generation before a restart */
};

/* The peer's consent to be sent to, and its signs of life. */
struct cepa_ice_consent {
    struct cepa_time next;  /* when to ask again */
    struct cepa_time given; /* when it answered last; lite: asked last */
    struct cepa_time sign;  /* when anything came from it */
    uint8_t tries;          /* unanswered checks */
    bool is_connected;      /* some path works, so silence means something */
    bool is_silent;         /* and has been reported */
};

/* An agent: one side of one connection. */
struct cepa_ice {
    const struct cepa_random *random; /* lent by the caller for good */
    uint64_t tie_breaker;             /* decides a conflict of roles */
    bool is_lite;
    bool is_controlling;
    bool is_remote_lite;
    bool is_remote_ended;       /* no more candidates will come */
    bool is_complete;           /* a pair of this generation is selected; others are left alone */
    bool is_failed;             /* nothing goes out any more */
    uint8_t events;             /* facts to report: EVENT_* of ice_internal.h */
    uint8_t failure;            /* enum cepa_ice_failure */
    struct cepa_time deadline;  /* when there is something to do; 0 at once */
    struct cepa_time pace_at;   /* before which no ordinary check goes */
    struct cepa_time tcp_at;    /* before which TCP is not tried */
    struct cepa_time remote_at; /* when the credentials or the end came */
    struct cepa_time news_at;   /* when the last candidate came */
    struct cepa_time settle_at; /* when the best valid pair is nominated anyway; never if none */
    uint64_t rtt_ns;            /* smoothed; 0 unknown */
    uint32_t nominations;       /* by the peer, so far */
    uint32_t nomination;        /* which of them is selected */
    struct cepa_net_address mapped; /* ours, as the peer saw it last */
    struct cepa_path lite_path;     /* lite: of the last authentic check; local NONE before */
    struct cepa_ice_generation current;
    struct cepa_ice_generation previous; /* all zero before a restart */
    struct cepa_ice_selected selected;
    struct cepa_ice_consent consent;
    size_t local_len;
    size_t remote_len;
    size_t sent_next; /* where the next request is noted */
    size_t replies_first;
    size_t replies_len;
    size_t early_len; /* how many there have been; the last CEPA_ICE_EARLY_MAX are kept */
    size_t drops_len;
    struct cepa_ice_candidate local[CEPA_ICE_LOCAL_MAX];
    struct cepa_ice_candidate remote[CEPA_ICE_REMOTE_MAX];
    struct cepa_ice_pair pairs[CEPA_ICE_PAIRS_MAX];
    struct cepa_ice_sent sent[CEPA_ICE_SENT_MAX];
    struct cepa_ice_reply replies[CEPA_ICE_REPLIES_MAX];
    struct cepa_ice_early early[CEPA_ICE_EARLY_MAX];
    uint64_t drops[CEPA_ICE_DROPS_MAX]; /* streams that are not needed any more */
    uint8_t message[CEPA_ICE_MESSAGE_SIZE];
};

_Static_assert(sizeof(struct cepa_ice) <= 12 * 1024, "an agent is small");

#endif
