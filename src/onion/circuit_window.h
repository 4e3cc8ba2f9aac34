/* Replay windows over counters that start at an unknown place and wrap around. A hop has one for
 * the origin and one for each hop behind it that sends. @[SPEC 5.4] */
#ifndef CEPA_ONION_CIRCUIT_WINDOW_H
#define CEPA_ONION_CIRCUIT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/replay.h"

/* How many cells one sender may send on a circuit, and how far two counters of one sender lie apart
 * at most. */
#define CEPA_CIRCUIT_CELLS_MAX ((uint64_t)1 << 31)

/* One sender's counters. */
struct cepa_circuit_window {
    bool is_used;                   /* a first cell has come */
    uint64_t start;                 /* the counter that counts as 0 in `seen` */
    struct cepa_replay_window seen; /* distances from `start` */
};

/* cepa_circuit_window_open begins a window around `first`: the cells sent before it, which may
 * still be on their way, have their place too. */
void cepa_circuit_window_open(struct cepa_circuit_window *window, uint64_t first);

/* cepa_circuit_window_check says whether a cell with this counter may be looked at. Returns 0 or
 * CEPA_ERR_REPLAY; changes nothing. */
CEPA_MUST_USE int cepa_circuit_window_check(const struct cepa_circuit_window *window,
                                            uint64_t counter);

/* cepa_circuit_window_accept notes a counter that was checked. */
void cepa_circuit_window_accept(struct cepa_circuit_window *window, uint64_t counter);

/* cepa_circuit_window_find gives the window that `counter` belongs to among `windows_len`, opens
 * a free one if it belongs to none, and gives NULL if there is no free one. A window that was only
 * opened stays free until something is accepted. */
struct cepa_circuit_window *cepa_circuit_window_find(struct cepa_circuit_window *windows,
                                                     size_t windows_len, uint64_t counter);

#endif
