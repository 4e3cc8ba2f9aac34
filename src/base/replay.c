/* The window is a ring of words; moving forward clears the words that come into it. */
#include "base/replay.h"

#include <string.h>

#define WORD_MASK ((uint64_t)CEPA_REPLAY_WINDOW_WORDS - 1)

_Static_assert((CEPA_REPLAY_WINDOW_WORDS & (CEPA_REPLAY_WINDOW_WORDS - 1)) == 0,
               "the ring of words is indexed by a mask");

void cepa_replay_window_init(struct cepa_replay_window *window)
{
    memset(window, 0, sizeof *window);
}

int cepa_replay_window_check(const struct cepa_replay_window *window, uint64_t counter)
{
    if (counter > CEPA_REPLAY_COUNTER_MAX) {
        return CEPA_ERR_REPLAY;
    }
    if (counter >= window->next) {
        return 0;
    }
    /* next - 1 is the highest; the word of a counter REACH below it is still in the ring. */
    if (window->next - 1 - counter > CEPA_REPLAY_WINDOW_REACH) {
        return CEPA_ERR_REPLAY;
    }
    uint64_t word = window->words[(counter / 64) & WORD_MASK];
    return (word >> (counter % 64)) & 1 ? CEPA_ERR_REPLAY : 0;
}

/* Clears the words that `counter`, a new highest one, brings into the ring. */
static void advance(struct cepa_replay_window *window, uint64_t counter)
{
    uint64_t new_word = counter / 64;
    uint64_t entering =
        window->next == 0 ? CEPA_REPLAY_WINDOW_WORDS : new_word - (window->next - 1) / 64;
    if (entering > CEPA_REPLAY_WINDOW_WORDS) {
        entering = CEPA_REPLAY_WINDOW_WORDS;
    }
    for (uint64_t i = 0; i < entering; i++) {
        window->words[(new_word - i) & WORD_MASK] = 0;
    }
    window->next = counter + 1;
}

int cepa_replay_window_accept(struct cepa_replay_window *window, uint64_t counter)
{
    int error = cepa_replay_window_check(window, counter);
    if (error != 0) {
        return error;
    }
    if (counter >= window->next) {
        advance(window, counter);
    }
    window->words[(counter / 64) & WORD_MASK] |= (uint64_t)1 << (counter % 64);
    return 0;
}
