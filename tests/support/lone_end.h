/* An end on a host of the simulator that nobody has told of a network: what an end does before, and
 * without, any circuit. */
#ifndef CEPA_TESTS_SUPPORT_LONE_END_H
#define CEPA_TESTS_SUPPORT_LONE_END_H

#include "sim/sim.h"

/* An end, and what it said. Zeros before the first lone_end_begin. */
struct lone_end {
    struct sim *sim;
    struct cepa_end *end;
    uint32_t events[CEPA_END_CLOSED + 1]; /* how often, by kind */
    int error;                            /* of the last event */
};

/* lone_end_begin makes one on host 0. Its end stops with sim_free(lone->sim). */
void lone_end_begin(struct lone_end *lone, uint64_t seed);

/* lone_end_run lets time pass. */
void lone_end_run(struct lone_end *lone, uint64_t duration_ns);

/* lone_end_restart stops it and starts it anew, from what it has stored. */
void lone_end_restart(struct lone_end *lone);

/* lone_end_add adds an identity that listens; returns as cepa_end_identity_add. */
int lone_end_add(struct lone_end *lone, struct cepa_end_identity *ret_identity, uint8_t number);

#endif
