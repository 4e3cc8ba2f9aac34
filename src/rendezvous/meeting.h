/* Where two ends of a session meet again: the k-th meeting place of a day follows from a secret
 * that both have, so that they need no word from each other to find it. @[SPEC 16.7]
 *
 * Which relay that is, each end decides in its own view: the eligible one nearest to the place
 * (rendezvous/positions.h). Where views differ, the ends try the next nearest, then the next k. */
#ifndef CEPA_RENDEZVOUS_MEETING_H
#define CEPA_RENDEZVOUS_MEETING_H

#include <stdint.h>

#include "base/time.h"

enum {
    CEPA_MEETING_SECRET_SIZE = 32,
    CEPA_MEETING_POSITION_SIZE = 32,
    CEPA_MEETING_COOKIE_SIZE = 32
};

/* What the meeting places of a session, or of its resumption, follow from. Secret. */
struct cepa_meeting_secret {
    uint8_t bytes[CEPA_MEETING_SECRET_SIZE];
};

/* One meeting. Its relay learns the cookie, from which no other meeting follows. */
struct cepa_meeting {
    uint8_t position[CEPA_MEETING_POSITION_SIZE]; /* its first 8 bytes are the place on the ring */
    uint8_t cookie[CEPA_MEETING_COOKIE_SIZE];     /* for the service MEET */
};

/* cepa_meeting_at gives the meeting `number` of `day`. */
void cepa_meeting_at(struct cepa_meeting *ret_meeting, const struct cepa_meeting_secret *secret,
                     struct cepa_directory_day day, uint32_t number);

/* cepa_meeting_place gives its place on the ring, as cepa_nearest_init wants it. */
uint64_t cepa_meeting_place(const struct cepa_meeting *meeting);

#endif
