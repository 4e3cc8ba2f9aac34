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
    uint32_t rate; /* frames per second of POISSON and CONSTANT, 1 to 100,000 */
};

/* What waits to be sent. STEPPED goes up for each of them after a wait, and up to a rung, of its
 * own. */
enum cepa_shaper_class {
    CEPA_SHAPER_WORD,    /* an acknowledgement, a question for one */
    CEPA_SHAPER_MESSAGE, /* a message of the mesh */
    CEPA_SHAPER_RELAYED, /* a frame of another link */
    CEPA_SHAPER_PACKET,  /* a packet; credit, the end of a circuit */
    CEPA_SHAPER_CELL,
    CEPA_SHAPER_CLASSES
};

/* What leaves now. */
enum cepa_departure { CEPA_DEPARTURE_NONE, CEPA_DEPARTURE_REAL, CEPA_DEPARTURE_PADDING };

/* A shaper. */
struct cepa_shaper {
    struct cepa_shaper_config config;
    uint32_t real_frames;  /* STEPPED: that left since `hold` was set */
    uint32_t allowance;    /* STEPPED: padding that may leave before it goes down */
    uint8_t rung;          /* STEPPED: which rate is in use */
    struct cepa_time next; /* the next departure */
    struct cepa_time waits[CEPA_SHAPER_CLASSES]; /* since when; never if nothing of it waits */
    struct cepa_time hold; /* STEPPED: until then it does not go down for want of traffic */
};

/* cepa_shaper_init begins with an empty queue. */
void cepa_shaper_init(struct cepa_shaper *ret_shaper, const struct cepa_shaper_config *config,
                      struct cepa_time now);

/* cepa_shaper_wait says that something of a class waits (from `now` on, if nothing did before). */
void cepa_shaper_wait(struct cepa_shaper *shaper, enum cepa_shaper_class of, struct cepa_time now);

/* cepa_shaper_is_due says whether cepa_shaper_depart would let something leave now. `has_some`:
 * there is something real to send. */
bool cepa_shaper_is_due(const struct cepa_shaper *shaper, bool has_some, struct cepa_time now);

/* cepa_shaper_depart says what leaves now, and sets the time of the next. If padding is withheld
 * (`may_pad` false) a departure with nothing to say is NONE; the times stay as they are. Without
 * randomness the gaps have their mean length. */
enum cepa_departure cepa_shaper_depart(struct cepa_shaper *shaper, bool has_some, bool may_pad,
                                       const struct cepa_random *random, struct cepa_time now);

/* cepa_shaper_rest says that nothing of a class waits any more. */
void cepa_shaper_rest(struct cepa_shaper *shaper, enum cepa_shaper_class of);

/* cepa_shaper_deadline gives when cepa_shaper_depart is to be asked next. */
struct cepa_time cepa_shaper_deadline(const struct cepa_shaper *shaper, bool has_some);

/* cepa_shaper_rate gives the frames per second of the process in use, 0 if there is none. */
uint32_t cepa_shaper_rate(const struct cepa_shaper *shaper);

#endif
