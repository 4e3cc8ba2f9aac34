/* The two state tables of circuits. An absent cell is an event that does not fit. @[SPEC 5.9] */
#include "onion/circuit_state.h"

#include "base/assert.h"

struct transition {
    uint8_t is_allowed; /* 0 in an absent cell */
    uint8_t next;       /* state */
    uint8_t actions;    /* bits */
};

#define TO(state, actions)                                                                         \
    {                                                                                              \
        1, (uint8_t)(state), (uint8_t)(actions)                                                    \
    }
#define NEXT CEPA_CIRCUIT_CLOSE_NEXT
#define PREVIOUS CEPA_CIRCUIT_CLOSE_PREVIOUS

static const struct transition relay_table[CEPA_RELAY_STATES][CEPA_RELAY_EVENTS] = {
    [CEPA_RELAY_LAST] =
        {
            [CEPA_RELAY_ON_EXTENDED] = TO(CEPA_RELAY_MIDDLE, 0),
            [CEPA_RELAY_ON_CLOSED_BY_PREVIOUS] = TO(CEPA_RELAY_CLOSED, 0),
            [CEPA_RELAY_ON_TIMED_OUT] = TO(CEPA_RELAY_CLOSED, PREVIOUS),
        },
    [CEPA_RELAY_MIDDLE] =
        {
            [CEPA_RELAY_ON_NEXT_LOST] = TO(CEPA_RELAY_CUT, CEPA_CIRCUIT_REPORT_BROKEN),
            [CEPA_RELAY_ON_CLOSED_BY_PREVIOUS] = TO(CEPA_RELAY_CLOSED, NEXT),
            [CEPA_RELAY_ON_CLOSED_BY_NEXT] = TO(CEPA_RELAY_CUT, CEPA_CIRCUIT_REPORT_BROKEN),
            [CEPA_RELAY_ON_TIMED_OUT] = TO(CEPA_RELAY_CLOSED, NEXT | PREVIOUS),
        },
    [CEPA_RELAY_CUT] =
        {
            [CEPA_RELAY_ON_EXTENDED] = TO(CEPA_RELAY_MIDDLE, 0),
            [CEPA_RELAY_ON_CLOSED_BY_PREVIOUS] = TO(CEPA_RELAY_CLOSED, 0),
            [CEPA_RELAY_ON_TIMED_OUT] = TO(CEPA_RELAY_CLOSED, PREVIOUS),
        },
};

static const struct transition origin_table[CEPA_ORIGIN_STATES][CEPA_ORIGIN_EVENTS] = {
    [CEPA_ORIGIN_BUILDING] =
        {
            [CEPA_ORIGIN_ON_CONFIRMED] = TO(CEPA_ORIGIN_OPEN, 0),
            [CEPA_ORIGIN_ON_BROKEN] = TO(CEPA_ORIGIN_CUT, 0),
            [CEPA_ORIGIN_ON_CLOSE] = TO(CEPA_ORIGIN_CLOSED, NEXT),
        },
    [CEPA_ORIGIN_OPEN] =
        {
            [CEPA_ORIGIN_ON_BROKEN] = TO(CEPA_ORIGIN_CUT, 0),
            [CEPA_ORIGIN_ON_EXTENDED] = TO(CEPA_ORIGIN_BUILDING, 0),
            [CEPA_ORIGIN_ON_CLOSE] = TO(CEPA_ORIGIN_CLOSED, NEXT),
        },
    [CEPA_ORIGIN_CUT] =
        {
            [CEPA_ORIGIN_ON_BROKEN] = TO(CEPA_ORIGIN_CLOSED, NEXT),
            [CEPA_ORIGIN_ON_EXTENDED] = TO(CEPA_ORIGIN_SALVAGING, 0),
            [CEPA_ORIGIN_ON_CLOSE] = TO(CEPA_ORIGIN_CLOSED, NEXT),
        },
    [CEPA_ORIGIN_SALVAGING] =
        {
            [CEPA_ORIGIN_ON_CONFIRMED] = TO(CEPA_ORIGIN_SALVAGED, 0),
            [CEPA_ORIGIN_ON_BROKEN] = TO(CEPA_ORIGIN_CLOSED, NEXT),
            [CEPA_ORIGIN_ON_CLOSE] = TO(CEPA_ORIGIN_CLOSED, NEXT),
        },
    [CEPA_ORIGIN_SALVAGED] =
        {
            [CEPA_ORIGIN_ON_BROKEN] = TO(CEPA_ORIGIN_CLOSED, NEXT),
            [CEPA_ORIGIN_ON_EXTENDED] = TO(CEPA_ORIGIN_SALVAGING, 0),
            [CEPA_ORIGIN_ON_CLOSE] = TO(CEPA_ORIGIN_CLOSED, NEXT),
        },
};

int cepa_relay_state_step(enum cepa_relay_state *ret_state, uint32_t *ret_actions,
                          enum cepa_relay_state state, enum cepa_relay_event event)
{
    CEPA_ASSERT(state < CEPA_RELAY_STATES && event < CEPA_RELAY_EVENTS);
    const struct transition *transition = &relay_table[state][event];
    if (!transition->is_allowed) {
        return CEPA_ERR_STATE;
    }
    *ret_state = (enum cepa_relay_state)transition->next;
    *ret_actions = transition->actions;
    return 0;
}

int cepa_origin_state_step(enum cepa_origin_state *ret_state, uint32_t *ret_actions,
                           enum cepa_origin_state state, enum cepa_origin_event event)
{
    CEPA_ASSERT(state < CEPA_ORIGIN_STATES && event < CEPA_ORIGIN_EVENTS);
    const struct transition *transition = &origin_table[state][event];
    if (!transition->is_allowed) {
        return CEPA_ERR_STATE;
    }
    *ret_state = (enum cepa_origin_state)transition->next;
    *ret_actions = transition->actions;
    return 0;
}
