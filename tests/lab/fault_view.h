/* What the daemons of a crowd say of the mesh, laid side by side: who is linked with whom, whether
 * all of that is one mesh, and whether anybody still counts on the dead. */
#ifndef CEPA_TESTS_LAB_FAULT_VIEW_H
#define CEPA_TESTS_LAB_FAULT_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/crowd.h"

enum { FAULT_ID_SIZE = 65, FAULT_WHY_SIZE = 160 };

/* What one daemon says. */
struct fault_node {
    bool has_answered;
    char id[FAULT_ID_SIZE];              /* kept when it does not answer any more */
    bool has_neighbour[CEPA_CROWD_MAX];  /* by number: neighbours that it hears */
    bool has_circuit_by[CEPA_CROWD_MAX]; /* by number: hops of circuits that are ready */
    int64_t relays_here;                 /* relays that it can build circuits over */
    int64_t ready;                       /* circuits that wait */
    int64_t suspicions;                  /* nodes that it accused so far */
};

/* All of them. */
struct fault_view {
    size_t nodes;
    struct fault_node all[CEPA_CROWD_MAX];
};

/* fault_view_look asks the nodes marked in `are_asked`. */
void fault_view_look(struct fault_view *view, const struct cepa_crowd *crowd,
                     const bool *are_asked);

/* fault_view_why_not gives why the node at `place` is no full member of those in `are_in`, as
 * fault_view_is_mesh wants it, but for the others' sight of it; NULL if it is one. */
const char *fault_view_why_not(const struct fault_view *view, size_t place, const bool *are_in,
                               size_t neighbours);

/* fault_view_is_mesh says whether those in `are_in` are one mesh: each has the credentials and keys
 * of all of them, and a circuit ready; at least `neighbours` of them are its neighbours; over pairs
 * that call each other neighbours everybody reaches everybody; and none counts somebody outside
 * among its neighbours, or has one on a circuit that is ready. Writes the first reason why not. */
bool fault_view_is_mesh(const struct fault_view *view, char ret_why[FAULT_WHY_SIZE],
                        const bool *are_in, size_t neighbours);

/* fault_view_uses_dead counts those in `are_in` that have a circuit ready through one outside. */
size_t fault_view_uses_dead(const struct fault_view *view, const bool *are_in);

#endif
