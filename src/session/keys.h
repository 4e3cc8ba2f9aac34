/* The keys of a session: one for each path, direction and generation, and the ratchet that makes
 * generations. Packets are sealed and opened in place. @[SPEC 16.4] @[SPEC 16.5]
 *
 *     number 8 (0 | generation 2 bits | number 61 bits) ‖ sealed frames 1,012 ‖ tag 16
 *
 * Who refuses a packet that came before is cepa_session_receive, which has the window of each path;
 * this here sees to it that no key ever seals two packets under one number: a path's number is
 * opened once in a session, and its packets' numbers rise.
 *
 * The session's initiator alone begins a ratchet, so that two never cross:
 *
 *     initiator                                         responder
 *     cepa_session_ratchet_offer    -- control -->      cepa_session_ratchet_answer
 *     cepa_session_ratchet_finish   <-- control --
 *     seals with the new generation -- packets -->      from the first that opens on: seals with it
 */
#ifndef CEPA_SESSION_KEYS_H
#define CEPA_SESSION_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/replay.h"
#include "base/time.h"
#include "session/handshake.h"
#include "session/session.h"
#include "wire/session_control.h"

enum {
    CEPA_SESSION_GENERATIONS = 4,          /* that the number of a packet can tell apart */
    CEPA_SESSION_RATCHET_PACKETS = 1 << 16 /* both ways: 64 MiB of frames */
};

/* After so long a generation is old. */
#define CEPA_SESSION_RATCHET_NS (600 * CEPA_SECOND_NS)

/* For so long packets of the one before still open. */
#define CEPA_SESSION_GENERATION_KEPT_NS (30 * CEPA_SECOND_NS)

/* A packet's number is below this. */
#define CEPA_SESSION_NUMBER_END (UINT64_C(1) << 61)

/* The keys of one path. Secret. */
struct cepa_session_path_keys {
    bool is_open;
    uint32_t number; /* of the path */
    uint64_t next;   /* the lowest packet number that may be sealed */
    /* By generation mod 4 and direction: 0 is from the initiator. Zeros where there is none. */
    uint8_t keys[CEPA_SESSION_GENERATIONS][2][CEPA_SESSION_SECRET_SIZE];
};

/* The keys of a session. Secret; its owner wipes it with cepa_session_keys_wipe. */
struct cepa_session_keys {
    bool is_initiator;
    bool is_confirmed;   /* the other end has sealed with `generation` */
    bool is_offering;    /* an offer is under way; `offered` is its seed */
    bool is_proven;      /* something has opened: the other end has the secrets */
    uint32_t generation; /* that this end seals with */
    uint32_t packets;    /* sealed and opened in it */
    struct cepa_time began;
    struct cepa_time previous_until; /* when the one before is wiped; never: not yet known */
    struct cepa_xwing_seed offered;
    uint8_t live; /* bit i: there is a generation i mod 4 */
    uint8_t roots[CEPA_SESSION_GENERATIONS][CEPA_SESSION_SECRET_SIZE];
    struct cepa_replay_window numbers; /* of paths that were opened */
    struct cepa_session_path_keys paths[CEPA_SESSION_PATHS_MAX];
};

/* cepa_session_keys_init begins with generation 0 of `root` (CEPA_SESSION_SECRET_SIZE bytes) and no
 * path. */
void cepa_session_keys_init(struct cepa_session_keys *ret_keys, const uint8_t *root,
                            bool is_initiator, struct cepa_time now);

/* cepa_session_keys_wipe overwrites it with zeros. */
void cepa_session_keys_wipe(struct cepa_session_keys *keys);

/* cepa_session_keys_path_open makes the keys of a path: a number that was never opened here, and
 * that both ends use for the path. Returns 0, CEPA_ERR_IN_USE for one that was or may have been
 * (more than CEPA_REPLAY_WINDOW_REACH below the highest), or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_session_keys_path_open(struct cepa_session_keys *keys, uint32_t number);

/* cepa_session_keys_path_close wipes the keys of a path. Its number is never opened again. */
void cepa_session_keys_path_close(struct cepa_session_keys *keys, uint32_t number);

/* cepa_session_keys_seal makes the packet `packet` of the path `number`, of
 * CEPA_SESSION_PACKET_SIZE bytes, in place: its CEPA_SESSION_PLAIN_SIZE bytes of frames stand at
 * `bytes` + 8. Returns 0, CEPA_ERR_NOT_FOUND for a path that is not open, or CEPA_ERR_ARGUMENT for
 * a number that does not rise or is too high; then nothing is sealed. */
CEPA_MUST_USE int cepa_session_keys_seal(struct cepa_session_keys *keys, uint8_t *bytes,
                                         uint32_t number, uint64_t packet, uint32_t cpu);

/* cepa_session_keys_open opens a packet of the path `number` in place: its frames then stand at
 * `bytes` + 8. Whether it was here before, cepa_session_receive finds. Returns 0,
 * CEPA_ERR_NOT_FOUND for a path that is not open, CEPA_ERR_MALFORMED for what is not a packet
 * (cepa_start_is_part), or CEPA_ERR_AUTHENTICATION; then the bytes are as they were. */
CEPA_MUST_USE int cepa_session_keys_open(struct cepa_session_keys *keys, uint64_t *ret_packet,
                                         uint8_t *bytes, uint32_t number, struct cepa_time now,
                                         uint32_t cpu);

/* cepa_session_keys_is_proven says whether a packet has opened: the other end has the secrets. */
bool cepa_session_keys_is_proven(const struct cepa_session_keys *keys);

/* cepa_session_keys_step wipes the generation before when its time has come;
 * cepa_session_keys_deadline says when that is, or when a ratchet is due. */
void cepa_session_keys_step(struct cepa_session_keys *keys, struct cepa_time now);
struct cepa_time cepa_session_keys_deadline(const struct cepa_session_keys *keys);

/* cepa_session_ratchet_is_due says whether this end should call cepa_session_ratchet_offer. */
bool cepa_session_ratchet_is_due(const struct cepa_session_keys *keys, struct cepa_time now);

/* cepa_session_ratchet_offer writes the body of a control message RATCHET_OFFER,
 * CEPA_CONTROL_OFFER_SIZE bytes. Returns 0, CEPA_ERR_RANDOM, or CEPA_ERR_ARGUMENT for a responder,
 * while another is under way, and before the last one has taken effect. About 25 us. */
CEPA_MUST_USE int cepa_session_ratchet_offer(struct cepa_session_keys *keys, uint8_t *ret_body,
                                             const struct cepa_random *random,
                                             struct cepa_session_workspace *workspace,
                                             uint32_t cpu);

/* cepa_session_ratchet_answer takes the body of an offer and writes that of RATCHET_ANSWER,
 * CEPA_CONTROL_ANSWER_SIZE bytes. Packets of the next generation open from now on. Returns 0,
 * CEPA_ERR_RANDOM, or what ends the session: CEPA_ERR_STATE for an offer at the wrong time, or as
 * cepa_xwing_public_key_check. About 35 us. */
CEPA_MUST_USE int cepa_session_ratchet_answer(struct cepa_session_keys *keys, uint8_t *ret_body,
                                              const uint8_t *offer,
                                              const struct cepa_random *random,
                                              struct cepa_session_workspace *workspace,
                                              uint32_t cpu);

/* cepa_session_ratchet_finish takes the body of an answer; this end seals with the next generation
 * from now on. Returns 0, or what ends the session: CEPA_ERR_STATE, CEPA_ERR_LOW_ORDER_POINT. About
 * 45 us. */
CEPA_MUST_USE int cepa_session_ratchet_finish(struct cepa_session_keys *keys, const uint8_t *answer,
                                              struct cepa_time now,
                                              struct cepa_session_workspace *workspace,
                                              uint32_t cpu);

#endif
