/* The states of a circuit at a relay and at its origin, as two tables. @[SPEC 5.9] */
#ifndef CEPA_ONION_CIRCUIT_STATE_H
#define CEPA_ONION_CIRCUIT_STATE_H

#include <stdint.h>

#include "base/error.h"

/* X(name): the states of a relay's circuit. Memory that is wiped is a closed circuit. */
#define CEPA_RELAY_STATE_LIST(X)                                                                   \
    X(CLOSED)                                                                                      \
    X(LAST)   /* the circuit ends here */                                                          \
    X(MIDDLE) /* it goes on */                                                                     \
    X(CUT)    /* it went on; the next hop was lost, the origin may extend it */

/* X(name): what can happen to a relay's circuit. */
#define CEPA_RELAY_EVENT_LIST(X)                                                                   \
    X(NEXT_LOST)                                                                                   \
    X(EXTENDED)                                                                                    \
    X(CLOSED_BY_PREVIOUS)                                                                          \
    X(CLOSED_BY_NEXT)                                                                              \
    X(TIMED_OUT)

/* X(name): the states of a circuit at its origin. Memory that is wiped is a closed circuit. */
#define CEPA_ORIGIN_STATE_LIST(X)                                                                  \
    X(CLOSED)                                                                                      \
    X(BUILDING)  /* the packet is on its way, the last hop has not confirmed */                    \
    X(OPEN)      /* confirmed */                                                                   \
    X(CUT)       /* broken once; ends at the last live hop */                                      \
    X(SALVAGING) /* extended after a break, not confirmed */                                       \
    X(SALVAGED)  /* confirmed again; another break is the end */

/* X(name): what can happen to a circuit at its origin. */
#define CEPA_ORIGIN_EVENT_LIST(X)                                                                  \
    X(CONFIRMED)                                                                                   \
    X(BROKEN)                                                                                      \
    X(EXTENDED)                                                                                    \
    X(CLOSE)

#define CEPA_RELAY_STATE_ENUM(name) CEPA_RELAY_##name,
#define CEPA_RELAY_EVENT_ENUM(name) CEPA_RELAY_ON_##name,
#define CEPA_ORIGIN_STATE_ENUM(name) CEPA_ORIGIN_##name,
#define CEPA_ORIGIN_EVENT_ENUM(name) CEPA_ORIGIN_ON_##name,
enum cepa_relay_state { CEPA_RELAY_STATE_LIST(CEPA_RELAY_STATE_ENUM) CEPA_RELAY_STATES };
enum cepa_relay_event { CEPA_RELAY_EVENT_LIST(CEPA_RELAY_EVENT_ENUM) CEPA_RELAY_EVENTS };
enum cepa_origin_state { CEPA_ORIGIN_STATE_LIST(CEPA_ORIGIN_STATE_ENUM) CEPA_ORIGIN_STATES };
enum cepa_origin_event { CEPA_ORIGIN_EVENT_LIST(CEPA_ORIGIN_EVENT_ENUM) CEPA_ORIGIN_EVENTS };
#undef CEPA_RELAY_STATE_ENUM
#undef CEPA_RELAY_EVENT_ENUM
#undef CEPA_ORIGIN_STATE_ENUM
#undef CEPA_ORIGIN_EVENT_ENUM

/* What the owner of the circuit does after a transition; bits. */
enum {
    CEPA_CIRCUIT_CLOSE_NEXT = 1 << 0,     /* signal "closed" on the link towards the last hop */
    CEPA_CIRCUIT_CLOSE_PREVIOUS = 1 << 1, /* signal "closed" on the link towards the origin */
    CEPA_CIRCUIT_REPORT_BROKEN = 1 << 2   /* originate a BROKEN cell */
};

/* cepa_relay_state_step gives the state after `event` in `ret_state` and what to do in
 * `ret_actions`. Returns 0, or CEPA_ERR_STATE for an event that cannot happen in `state`. */
CEPA_MUST_USE int cepa_relay_state_step(enum cepa_relay_state *ret_state, uint32_t *ret_actions,
                                        enum cepa_relay_state state, enum cepa_relay_event event);

/* cepa_origin_state_step does the same at the origin. */
CEPA_MUST_USE int cepa_origin_state_step(enum cepa_origin_state *ret_state, uint32_t *ret_actions,
                                         enum cepa_origin_state state,
                                         enum cepa_origin_event event);

#endif
