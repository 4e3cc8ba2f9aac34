/* Acknowledgements of SCTP that wait for the next one. The library answers every other packet;
 * where thousands come in a second, each answer costs both ends a record of DTLS, a datagram, an
 * awakening and a look at all that is under way, and says little that the next one would not say
 * too. @[RFC9260 6.2]
 *
 * So answers are sent as they come while there are not too many of them: a peer that begins slowly,
 * and counts answers for how fast it may become, gets all of them. Beyond that one in eight leaves,
 * or one in two milliseconds. What tells of a gap or of a duplicate never waits. */
#ifndef CEPA_NATIVE_WEBRTC_SACK_HOLD_H
#define CEPA_NATIVE_WEBRTC_SACK_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

enum {
    CEPA_SACK_HOLD_SIZE = 28,       /* bytes of a packet with nothing but a plain SACK */
    CEPA_SACK_HOLD_INTERVAL_MS = 2, /* between two answers, on average, */
    CEPA_SACK_HOLD_BURST = 64,      /* beyond so many */
    CEPA_SACK_HOLD_COUNT = 8        /* answers that one stands for at most */
};

/* The answers of one association; all zero is the beginning. */
struct cepa_sack_hold {
    struct cepa_time paid; /* what was sent is paid for up to then */
    unsigned count;        /* answers that the held one stands for; 0: none is held */
    uint8_t packet[CEPA_SACK_HOLD_SIZE];
};

/* cepa_sack_hold_takes is told of each packet without data that is about to leave. True if it is
 * kept instead, in the place of the one before it; false if it is to be sent. */
bool cepa_sack_hold_takes(struct cepa_sack_hold *hold, const uint8_t *packet, size_t packet_len,
                          struct cepa_time now);

/* cepa_sack_hold_next gives the held packet, lent until the next call, once it is due; then it is
 * held no more. NULL if there is nothing to send. */
const uint8_t *cepa_sack_hold_next(struct cepa_sack_hold *hold, struct cepa_time now);

/* cepa_sack_hold_deadline says when that will be; never, if nothing is held. */
struct cepa_time cepa_sack_hold_deadline(const struct cepa_sack_hold *hold);

#endif
