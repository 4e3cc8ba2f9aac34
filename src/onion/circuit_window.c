/* Replay windows over wrapping counters. @[SPEC 5.4] */
#include "onion/circuit_window.h"

#include "base/assert.h"

void cepa_circuit_window_open(struct cepa_circuit_window *window, uint64_t first)
{
    window->is_used = false;
    window->start = first - CEPA_CIRCUIT_CELLS_MAX;
    cepa_replay_window_init(&window->seen);
}

static bool is_near(const struct cepa_circuit_window *window, uint64_t counter)
{
    return counter - window->start < 2 * CEPA_CIRCUIT_CELLS_MAX;
}

int cepa_circuit_window_check(const struct cepa_circuit_window *window, uint64_t counter)
{
    if (!is_near(window, counter)) {
        return CEPA_ERR_REPLAY;
    }
    return cepa_replay_window_check(&window->seen, counter - window->start);
}

void cepa_circuit_window_accept(struct cepa_circuit_window *window, uint64_t counter)
{
    window->is_used = true;
    CEPA_ASSERT(cepa_replay_window_accept(&window->seen, counter - window->start) == 0);
}

struct cepa_circuit_window *cepa_circuit_window_find(struct cepa_circuit_window *windows,
                                                     size_t windows_len, uint64_t counter)
{
    struct cepa_circuit_window *free_window = NULL;
    for (size_t i = 0; i < windows_len; i++) {
        if (!windows[i].is_used) {
            free_window = free_window == NULL ? &windows[i] : free_window;
        } else if (is_near(&windows[i], counter)) {
            return &windows[i];
        }
    }
    if (free_window != NULL) {
        cepa_circuit_window_open(free_window, counter);
    }
    return free_window;
}
