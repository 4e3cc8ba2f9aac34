/* A circuit with its origin and relays in one process, for tests and benchmarks: cells pass hop by
 * hop through the real code, and every hop's counters can be looked at. */
#ifndef CEPA_TESTS_SUPPORT_CIRCUIT_NET_H
#define CEPA_TESTS_SUPPORT_CIRCUIT_NET_H

#include <stddef.h>
#include <stdint.h>

#include "onion/circuit_origin.h"
#include "onion/circuit_relay.h"

/* A cell on a link. */
struct net_cell {
    uint64_t counter;
    uint8_t body[CEPA_CELL_BODY_SIZE];
};

/* One circuit; everything in it is open to the test. */
struct circuit_net {
    struct cepa_circuit_origin origin;
    struct cepa_circuit_relay relays[CEPA_CIRCUIT_HOPS_MAX];
    size_t relays_len;
    uint32_t cpu;
    uint64_t
        seen[CEPA_CIRCUIT_HOPS_MAX]; /* the last counter with which a cell came to each relay */
    struct cepa_circuit_step step;   /* what the last relay reached made of a cell */
    struct cepa_origin_cell cell;    /* what the origin made of the last cell */
};

/* net_seed gives the circuit seed of hop `hop` in a circuit named by `number`. */
struct cepa_circuit_seed net_seed(uint32_t number, size_t hop);

/* net_init builds an open circuit of `hops_len` hops: the last one's CONFIRM has come. */
void net_init(struct circuit_net *net, uint32_t number, size_t hops_len, uint32_t cpu);

/* net_seal has the origin form a cell for `hop`; fails the test if it cannot. */
void net_seal(struct circuit_net *net, struct net_cell *ret_cell, size_t hop,
              enum cepa_cell_command command, const void *data, size_t data_len);

/* net_forward carries a cell from the origin until a hop keeps it; its number goes to `ret_hop`.
 * Returns 0 or the error of the relay that refused it (`ret_hop` tells which). */
int net_forward(struct circuit_net *net, size_t *ret_hop, struct net_cell *cell);

/* net_originate has `hop` form a cell for the origin; fails the test if it cannot. */
void net_originate(struct circuit_net *net, struct net_cell *ret_cell, size_t hop,
                   enum cepa_cell_command command, const void *data, size_t data_len);

/* net_backward carries a cell that `hop` formed to the origin and opens it there into net->cell.
 * Returns 0 or the first error. */
int net_backward(struct circuit_net *net, size_t hop, struct net_cell *cell);

/* net_say sends data to a hop and checks that just this hop gets just this; net_hear likewise back.
 */
void net_say(struct circuit_net *net, size_t hop, const char *text);
void net_hear(struct circuit_net *net, size_t hop, const char *text);

#endif
