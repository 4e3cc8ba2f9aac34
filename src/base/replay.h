/* A sliding window over 64-bit counters: each counter is accepted at most once, in any order,
 * unless it is older than the window reaches back.
 *
 * Checking and accepting are two steps with authentication between them: a counter is accepted
 * only when the message that carries it has verified, else a forger could close the window on
 * messages that are still under way. Counters start at 0; a counter that starts elsewhere (a
 * circuit's, @[SPEC 1.4]) is passed as its distance from the start, mod 2^64. */
#ifndef CEPA_BASE_REPLAY_H
#define CEPA_BASE_REPLAY_H

#include <stdint.h>

#include "base/error.h"

/* How far back a window reaches at the least. 1,984 frames of 1,128 bytes are 2.2 MB: what a link
 * of 22 MB/s has under way in 100 ms. One word more than that is kept, so that the window moves by
 * whole words and never shifts bits. */
#define CEPA_REPLAY_WINDOW_WORDS 32
#define CEPA_REPLAY_WINDOW_REACH (64 * (CEPA_REPLAY_WINDOW_WORDS - 1))

/* The largest counter that can be accepted. */
#define CEPA_REPLAY_COUNTER_MAX (UINT64_MAX - 1)

/* Which counters were accepted. */
struct cepa_replay_window {
    uint64_t next;                            /* 1 + the highest accepted counter; 0 at start */
    uint64_t words[CEPA_REPLAY_WINDOW_WORDS]; /* bit c mod 64 of word c / 64, as a ring */
};

/* cepa_replay_window_init begins with no counter accepted. */
void cepa_replay_window_init(struct cepa_replay_window *window);

/* cepa_replay_window_check says whether `counter` could be accepted now; it changes nothing.
 * Returns 0, or CEPA_ERR_REPLAY if it was accepted before, is older than the window (highest
 * accepted - CEPA_REPLAY_WINDOW_REACH), or is above CEPA_REPLAY_COUNTER_MAX. */
CEPA_MUST_USE int cepa_replay_window_check(const struct cepa_replay_window *window,
                                           uint64_t counter);

/* cepa_replay_window_accept marks `counter` as seen; the message that carries it has verified. It
 * checks once more, because two messages with one counter may have been checked before either was
 * accepted. Returns as cepa_replay_window_check does; on failure the window is as it was. */
CEPA_MUST_USE int cepa_replay_window_accept(struct cepa_replay_window *window, uint64_t counter);

#endif
