/* Pacing: packets of data leave at the rate at which they can arrive, instead of a window at once.
 * A burst of more than some dozens overflows the socket of a browser, and losing packets costs
 * more than waiting for them (docs/decisions/0031-sctp-and-round-trip-times.md).
 *
 * The rate is the congestion window per round trip and a bit more, so that what limits is still the
 * window. Where round trips are short there is none: acknowledgements come soon enough. */
#ifndef CEPA_NATIVE_WEBRTC_PACER_H
#define CEPA_NATIVE_WEBRTC_PACER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_PACER_BURST = 16,                /* packets that may leave at once, after a pause */
    CEPA_PACER_BATCH = 8,                 /* packets that leave together while many wait */
    CEPA_PACER_SHORT_MS = 4,              /* round trips below that are not paced */
    CEPA_PACER_PACKET = 1200,             /* bytes, about */
    CEPA_PACER_CAPACITY = 2 * 1024 * 1024 /* bytes that wait at most */
};

/* The packets of one connection that wait; all zero is a pacer that lets everything pass. */
struct cepa_pacer {
    uint64_t rate;            /* bytes per second; 0: no pacing */
    struct cepa_time next_at; /* when the next packet may leave */
    uint8_t *bytes;           /* packets, a length of two bytes before each; NULL: none */
    size_t capacity;          /* bytes at `bytes` */
    size_t first;             /* where the first one is */
    size_t end;               /* and where the last one ends */
};

/* cepa_pacer_set sets the rate by the congestion window in bytes and the round trip. */
void cepa_pacer_set(struct cepa_pacer *pacer, size_t window, uint64_t rtt_ns);

/* cepa_pacer_pass says whether a packet of `len` bytes may leave at `now`, and counts it then;
 * never while others wait. */
bool cepa_pacer_pass(struct cepa_pacer *pacer, size_t len, struct cepa_time now);

/* cepa_pacer_hold keeps a copy of a packet of 1 to 65,535 bytes. Returns 0, or CEPA_ERR_FULL if too
 * many wait or there is no memory. */
CEPA_MUST_USE int cepa_pacer_hold(struct cepa_pacer *pacer, const uint8_t *packet, size_t len);

/* cepa_pacer_next gives the next packet that may leave at `now`, lent until the next call; NULL if
 * there is none. */
const uint8_t *cepa_pacer_next(struct cepa_pacer *pacer, size_t *ret_len, struct cepa_time now);

/* cepa_pacer_deadline gives when cepa_pacer_next is worth a call; never if nothing waits. */
struct cepa_time cepa_pacer_deadline(const struct cepa_pacer *pacer);

/* cepa_pacer_wipe drops what waits. */
void cepa_pacer_wipe(struct cepa_pacer *pacer);

#endif
