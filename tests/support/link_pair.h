/* Two links in virtual time over a channel that delays, loses, repeats and reorders frames. */
#ifndef CEPA_TESTS_SUPPORT_LINK_PAIR_H
#define CEPA_TESTS_SUPPORT_LINK_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link/link.h"
#include "support/random.h"

enum { LINK_PAIR_FLIGHTS = 8192, LINK_PAIR_CREDENTIALS = 9000 };

/* How the channel is. */
struct link_pair_channel {
    uint64_t delay_ns;  /* one way */
    uint64_t jitter_ns; /* added at random, so frames overtake each other */
    uint32_t lost_permille;
    uint32_t doubled_permille;
    uint32_t frames_per_ms; /* that a carrier takes; 0: all */
};

/* A frame on its way. */
struct link_pair_flight {
    uint64_t number;
    uint8_t to;
    uint8_t slot;
    uint16_t len;
    uint64_t at_ns;
    uint8_t frame[CEPA_FRAME_SIZE];
};

/* One side. */
struct link_pair_side {
    struct cepa_link link;
    struct cepa_link_shared shared;
    struct cepa_link_identity identity;
    struct cepa_xwing_key key;
    uint8_t credentials[LINK_PAIR_CREDENTIALS];
    void *memory;
    bool has_refused; /* does not allow the handshake */
    bool is_up;
    bool has_failed;
    int error;           /* of FAILED */
    uint32_t events[16]; /* how many of each kind */
    uint64_t sent_on[2]; /* frames pulled, by slot */
};

/* Both, and what is between. */
struct link_pair {
    struct link_pair_side sides[2]; /* 0 is the initiator */
    struct link_pair_channel channel;
    bool is_cut[2];    /* a slot's carrier swallows everything */
    bool is_anonymous; /* the initiator */
    uint64_t now_ns;
    struct test_random random;
    struct cepa_random hook;
    struct link_pair_flight *flights;
    size_t flights_len;
    uint64_t launched;
    uint64_t frames; /* pulled in all */
    /* Told of every event after the pair has taken note; may be NULL. */
    void (*on_event)(struct link_pair *pair, unsigned side, const struct cepa_link_event *event);
    /* Called every ms; may be NULL. */
    void (*on_tick)(struct link_pair *pair);
    /* Sees, and may change, every frame that leaves; false drops it. May be NULL. */
    bool (*on_frame)(struct link_pair *pair, unsigned from, unsigned slot, uint8_t *frame,
                     size_t len);
    void *context; /* of the test */
};

extern const struct cepa_link_limits link_pair_limits;
extern const struct cepa_shaper_config link_pair_off;

/* link_pair_begin makes both sides with one carrier (slot 0) of `kind`, nothing dialled. `limits`
 * may be NULL. */
void link_pair_begin(struct link_pair *pair, uint64_t seed, uint8_t kind, bool is_anonymous,
                     const struct cepa_link_limits *limits,
                     const struct cepa_shaper_config *shaper);

/* link_pair_dial begins the handshake; link_pair_ask begins by asking for credentials. */
void link_pair_dial(struct link_pair *pair);
void link_pair_ask(struct link_pair *pair);

/* link_pair_up is all of this, until both sides are up (checked). */
void link_pair_up(struct link_pair *pair, uint64_t seed, uint8_t kind, bool is_anonymous,
                  const struct cepa_link_limits *limits, const struct cepa_shaper_config *shaper);

/* link_pair_run lets `ms` go by. */
void link_pair_run(struct link_pair *pair, uint64_t ms);

/* link_pair_now is the moment. */
struct cepa_time link_pair_now(const struct link_pair *pair);

/* link_pair_take takes all events of a side. */
void link_pair_take(struct link_pair *pair, unsigned side);

/* link_pair_carrier gives a carrier that both ends see alike; `name` tells them apart. */
struct cepa_carrier link_pair_carrier(uint8_t kind, uint8_t name);

/* link_pair_end wipes both, checks that nothing is left in the pools and frees the memory. */
void link_pair_end(struct link_pair *pair);

#endif
