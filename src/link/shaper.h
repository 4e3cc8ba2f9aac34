/* When frames leave: a shaper decides at each departure, before anybody looks whether there is
 * something to say, and a departure takes a real frame if there is one, else padding. Integers
 * only. @[SPEC 7.9] */
#ifndef CEPA_LINK_SHAPER_H
#define CEPA_LINK_SHAPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/random.h"
#include "base/time.h"

/* The largest rate of POISSON and CONSTANT. */
#define CEPA_SHAPER_RATE_MAX 100000

/* How departures are timed. The value 4 is reserved for envelopes. */
enum cepa_shaper_mode {
    CEPA_SHAPER_OFF = 0,      /* real frames at once, never padding */
    CEPA_SHAPER_STEPPED = 1,  /* a Poisson process whose rate is one of six rungs */
    CEPA_SHAPER_POISSON = 2,  /* a Poisson process of a fixed rate */
    CEPA_SHAPER_CONSTANT = 3, /* even gaps */
};

/* How a link is shaped. */
struct cepa_shaper_config {
    enum cepa_shaper_mode mode;
    uint32_t rate;                  /* frames per second of POISSON and CONSTANT, 1 to 100,000 */
    uint64_t bytes_per_second;      /* that may leave, padding too; 0: as many as wanted */
    uint64_t padding_bytes_per_day; /* UINT64_MAX: as many as wanted; 0 on a metered link */
};

/* What waits to be sent. */
enum cepa_shaper_need {
    CEPA_SHAPER_NOTHING = 0,
    CEPA_SHAPER_LATER = 1, /* an acknowledgement, which may go in the place of padding */
    CEPA_SHAPER_REAL = 2
};

/* What leaves now. */
enum cepa_departure { CEPA_DEPARTURE_NONE, CEPA_DEPARTURE_REAL, CEPA_DEPARTURE_PADDING };

/* A shaper. */
struct cepa_shaper {
    struct cepa_shaper_config config;
    uint32_t real_frames;      /* STEPPED: that left since `hold` was set */
    uint8_t rung;              /* STEPPED: which rate is in use */
    struct cepa_time next;     /* the next departure */
    struct cepa_time waits;    /* since when real frames wait; never if none do */
    struct cepa_time hold;     /* STEPPED: until then it does not go down */
    uint64_t tokens;           /* bytes that may leave now */
    struct cepa_time filled;   /* when tokens were counted last */
    uint64_t padding_left;     /* bytes of padding for what is left of the day */
    struct cepa_time next_day; /* when padding_left is full again */
};

/* cepa_shaper_init begins with an empty queue. */
void cepa_shaper_init(struct cepa_shaper *ret_shaper, const struct cepa_shaper_config *config,
                      struct cepa_time now);

/* cepa_shaper_wait says that real frames wait (from `now` on, if none did before). */
void cepa_shaper_wait(struct cepa_shaper *shaper, struct cepa_time now);

/* cepa_shaper_is_due says whether cepa_shaper_depart would let something leave now. */
bool cepa_shaper_is_due(const struct cepa_shaper *shaper, enum cepa_shaper_need need,
                        struct cepa_time now);

/* cepa_shaper_depart says what leaves now, a frame of `frame_len` bytes, and sets the time of the
 * next. Without randomness the gaps have their mean length. */
enum cepa_departure cepa_shaper_depart(struct cepa_shaper *shaper, enum cepa_shaper_need need,
                                       uint32_t frame_len, const struct cepa_random *random,
                                       struct cepa_time now);

/* cepa_shaper_rest says that nothing real waits any more. */
void cepa_shaper_rest(struct cepa_shaper *shaper);

/* cepa_shaper_deadline gives when cepa_shaper_depart is to be asked next. */
struct cepa_time cepa_shaper_deadline(const struct cepa_shaper *shaper, enum cepa_shaper_need need);

/* cepa_shaper_rate gives the frames per second of the process in use, 0 if there is none. */
uint32_t cepa_shaper_rate(const struct cepa_shaper *shaper);

#endif
