/* Sealed frames: counter 8 | body | tag 16, under keys that change every 2^20 frames. One counter
 * serves all carriers of a link. @[SPEC 7.4] */
#ifndef CEPA_LINK_SEAL_H
#define CEPA_LINK_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/replay.h"

enum { CEPA_LINK_SECRET_SIZE = 32, CEPA_LINK_KEY_SIZE = 32 };

/* A key serves 2^20 frames. */
#define CEPA_LINK_GENERATION_BITS 20

/* From here on counters would look like handshake frames; no link lives as long. */
#define CEPA_LINK_COUNTER_END (UINT64_C(1) << 63)

/* The secret from which the keys of one direction follow. */
struct cepa_link_secret {
    uint8_t bytes[CEPA_LINK_SECRET_SIZE];
};

/* The sending side of one direction. */
struct cepa_link_sealer {
    struct cepa_link_secret next;    /* of the generation after this */
    uint8_t key[CEPA_LINK_KEY_SIZE]; /* of this one */
    uint64_t counter;                /* of the next frame */
};

/* The receiving side of one direction. */
struct cepa_link_opener {
    struct cepa_link_secret next;         /* of the generation after this */
    uint8_t key[CEPA_LINK_KEY_SIZE];      /* of this one */
    uint8_t previous[CEPA_LINK_KEY_SIZE]; /* of the one before, for frames that come late */
    uint64_t generation;                  /* this one */
    struct cepa_replay_window window;     /* counters that came */
};

/* cepa_link_sealer_init begins with the counter 0. */
void cepa_link_sealer_init(struct cepa_link_sealer *ret_sealer,
                           const struct cepa_link_secret *secret);

/* cepa_link_seal seals the body that stands at `frame` + 8, frame_len - 24 bytes, in place. Returns
 * 0, or CEPA_ERR_EXHAUSTED after 2^63 frames. */
CEPA_MUST_USE int cepa_link_seal(struct cepa_link_sealer *sealer, uint8_t *frame, size_t frame_len,
                                 uint32_t cpu);

/* cepa_link_opener_init begins with nothing received. */
void cepa_link_opener_init(struct cepa_link_opener *ret_opener,
                           const struct cepa_link_secret *secret);

/* cepa_link_open opens a frame in place; its body then stands at `frame` + 8. Returns 0, or
 * CEPA_ERR_LENGTH, CEPA_ERR_REPLAY for a counter that came before or is out of reach, or
 * CEPA_ERR_AUTHENTICATION; then neither frame nor opener has changed. */
CEPA_MUST_USE int cepa_link_open(struct cepa_link_opener *opener, uint64_t *ret_counter,
                                 uint8_t *frame, size_t frame_len, uint32_t cpu);

#endif
