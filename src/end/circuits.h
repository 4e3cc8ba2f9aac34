/* Which circuit of the node serves what in this end. A circuit has one use all its life, so that
 * nothing of one identity, session or question shares a circuit with another. */
#ifndef CEPA_END_CIRCUITS_H
#define CEPA_END_CIRCUITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"
#include "node/node_commands.h"

/* Whose a circuit is. */
enum cepa_end_use {
    CEPA_END_USE_NONE,
    CEPA_END_USE_ASK,          /* of asks.h: a question to a relay */
    CEPA_END_USE_INTRODUCTION, /* of receivers.h: others knock through it */
    CEPA_END_USE_PATH          /* of meetings.h: a path of a session */
};

/* One circuit. */
struct cepa_end_circuit {
    enum cepa_end_use use; /* NONE: a free place */
    bool is_ready;
    uint32_t owner; /* a number of the user's */
};

/* All of them: `numbers[i]` is the node's number of the circuit `circuits[i]`, 0 in a free place.
 */
struct cepa_end_circuits {
    struct cepa_node *node; /* lent */
    uint64_t *numbers;
    struct cepa_end_circuit *circuits;
    uint32_t capacity;
    uint32_t last; /* the place that was found last */
};

/* cepa_end_circuits_open asks the node for a circuit. Returns 0, or as cepa_node_circuit_open. */
CEPA_MUST_USE int cepa_end_circuits_open(struct cepa_end_circuits *circuits, uint64_t *ret_number,
                                         enum cepa_end_use use, uint32_t owner,
                                         const struct cepa_node_circuit_request *request,
                                         struct cepa_time now);

/* cepa_end_circuits_find gives a circuit, NULL if it is none of these; lent until the next call. */
struct cepa_end_circuit *cepa_end_circuits_find(struct cepa_end_circuits *circuits,
                                                uint64_t number);

/* cepa_end_circuits_forget drops one that the node has closed; cepa_end_circuits_close closes it.
 * 0 and unknown numbers are ignored. */
void cepa_end_circuits_forget(struct cepa_end_circuits *circuits, uint64_t number);
void cepa_end_circuits_close(struct cepa_end_circuits *circuits, uint64_t number,
                             struct cepa_time now);

/* cepa_end_circuits_is_ready says whether DATA may be sent on one. */
bool cepa_end_circuits_is_ready(struct cepa_end_circuits *circuits, uint64_t number);

#endif
