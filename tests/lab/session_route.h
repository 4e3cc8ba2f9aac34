/* Over which daemons of a crowd a session goes, from what both its ends say of their circuits. */
#ifndef CEPA_TESTS_LAB_SESSION_ROUTE_H
#define CEPA_TESTS_LAB_SESSION_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "lab/fault_view.h"

enum { SESSION_ROUTE_HOPS = 8, SESSION_ROUTE_PATHS = 8, SESSION_ROUTE_CIRCUITS = 64 };

/* A circuit in use. */
struct session_circuit {
    double number;
    double sent;     /* cells */
    double received; /* likewise */
    size_t hops[SESSION_ROUTE_HOPS];
    size_t hops_len;
};

/* One path: the sender's hops from its guard to where both meet, and the receiver's likewise. */
struct session_path {
    size_t out[SESSION_ROUTE_HOPS];
    size_t out_len;
    size_t in[SESSION_ROUTE_HOPS];
    size_t in_len;
    double sent; /* cells of the sender, while it was looked at */
};

/* All paths of a session, the busiest first. */
struct session_route {
    struct session_path paths[SESSION_ROUTE_PATHS];
    size_t len;
};

/* What both ends said of their circuits at one time. */
struct session_look {
    struct session_circuit circuits[2][SESSION_ROUTE_CIRCUITS];
    size_t len[2];
};

/* session_route_look asks the sender and the receiver. `view` knows the ids of all. */
void session_route_look(struct session_look *ret_look, const struct fault_view *view,
                        const struct cepa_crowd *crowd, size_t sender, size_t receiver);

/* session_route_find tells from two looks: a path is a circuit of each end whose last hops are the
 * same. */
void session_route_find(struct session_route *ret_route, const struct session_look *before,
                        const struct session_look *after);

/* session_route_has says whether a node stands on a path; session_route_count on how many. */
bool session_route_has(const struct session_path *path, size_t node);
size_t session_route_count(const struct session_route *route, size_t node);

#endif
