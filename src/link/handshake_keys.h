/* The cryptography of a link's handshake: two messages, a transcript, three or two key
 * encapsulations. No state but the schedule, no time, no parts. @[SPEC 7.3] */
#ifndef CEPA_LINK_HANDSHAKE_KEYS_H
#define CEPA_LINK_HANDSHAKE_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/xwing.h"
#include "link/seal.h"
#include "wire/handshake.h"
#include "wire/ids.h"

enum {
    CEPA_LINK_TRANSCRIPT_SIZE = 32,
    CEPA_HANDSHAKE_FIRST_RANDOM_SIZE = CEPA_XWING_SEED_BYTES + CEPA_XWING_RANDOMNESS_BYTES,
    CEPA_HANDSHAKE_SECOND_RANDOM_SIZE = 2 * CEPA_XWING_RANDOMNESS_BYTES
};

/* What both sides know before the first message; bytes are lent. */
struct cepa_link_prologue {
    const uint8_t *network_id;                         /* CEPA_NETWORK_ID_SIZE */
    uint8_t carrier_kind;                              /* enum cepa_carrier_kind */
    const uint8_t *binding;                            /* CEPA_LINK_BINDING_SIZE */
    const struct cepa_node_id *responder;              /* its name */
    const struct cepa_xwing_public_key *responder_key; /* its link key */
};

/* Where a handshake is. Secret. */
struct cepa_link_schedule {
    uint8_t transcript[CEPA_LINK_TRANSCRIPT_SIZE]; /* everything that was said */
    uint8_t chain[CEPA_LINK_KEY_SIZE];             /* everything that was agreed */
};

/* What comes out of it. */
struct cepa_link_keys {
    struct cepa_link_secret from_initiator; /* of the frames that the initiator sends */
    struct cepa_link_secret from_responder;
    uint8_t proof[CEPA_LINK_KEY_SIZE]; /* proves carriers */
};

/* What is sealed in a message. */
struct cepa_handshake_rest {
    struct cepa_link_parameters parameters;
    const uint8_t *credentials; /* of an initiator that is a relay; else NULL. Lent; in an opened
                                 * message it points into it */
    size_t credentials_len;     /* bytes */
};

/* cepa_link_key_hint gives the CEPA_LINK_HINT_SIZE bytes by which a first message names the link
 * key that it is for. */
void cepa_link_key_hint(uint8_t ret_hint[CEPA_LINK_HINT_SIZE],
                        const struct cepa_xwing_public_key *link_key);

/* cepa_link_schedule_init begins with the prologue. */
void cepa_link_schedule_init(struct cepa_link_schedule *ret_schedule,
                             const struct cepa_link_prologue *prologue);

/* cepa_handshake_first_create writes a first message of up to CEPA_HANDSHAKE_FIRST_MAX bytes;
 * `ret_fresh` is the seed of the fresh key, to be kept for the second. `randomness` has
 * CEPA_HANDSHAKE_FIRST_RANDOM_SIZE bytes; `fresh_key` is room for the expanded fresh key. Returns 0
 * or as cepa_xwing_public_key_check for the responder's key. */
CEPA_MUST_USE int cepa_handshake_first_create(
    struct cepa_link_schedule *schedule, uint8_t *ret_message, size_t *ret_len,
    struct cepa_xwing_seed *ret_fresh, const struct cepa_link_prologue *prologue,
    const struct cepa_handshake_rest *rest, const uint8_t *randomness,
    struct cepa_xwing_key *fresh_key, struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_handshake_first_consume opens a first message in place with the link key that it names.
 * Returns 0, an error of cepa_handshake_first_decode, CEPA_ERR_AUTHENTICATION if anything in it or
 * in the prologue differs from what its sender had, or CEPA_ERR_MALFORMED for bad parameters. */
CEPA_MUST_USE int cepa_handshake_first_consume(struct cepa_link_schedule *schedule,
                                               struct cepa_handshake_rest *ret_rest,
                                               uint8_t *message, size_t message_len,
                                               const struct cepa_xwing_key *link_key,
                                               struct cepa_xwing_workspace *workspace,
                                               uint32_t cpu);

/* cepa_handshake_second_create writes a second message of up to CEPA_HANDSHAKE_SECOND_MAX bytes for
 * the fresh key and, unless it is NULL, the initiator's link key. `randomness` has
 * CEPA_HANDSHAKE_SECOND_RANDOM_SIZE bytes. The schedule is wiped. Returns 0 or as
 * cepa_xwing_public_key_check. */
CEPA_MUST_USE int cepa_handshake_second_create(
    struct cepa_link_schedule *schedule, uint8_t *ret_message, size_t *ret_len,
    struct cepa_link_keys *ret_keys, const struct cepa_xwing_public_key *fresh,
    const struct cepa_xwing_public_key *initiator_key_or_null,
    const struct cepa_link_parameters *parameters, const uint8_t *randomness,
    struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_handshake_second_consume opens a second message in place with the fresh key and, if its
 * first message had credentials, the link key in those. Returns 0 (the schedule is wiped), or
 * CEPA_ERR_LENGTH, CEPA_ERR_AUTHENTICATION or CEPA_ERR_MALFORMED; then the schedule is as it was,
 * and so is the message. */
CEPA_MUST_USE int cepa_handshake_second_consume(
    struct cepa_link_schedule *schedule, struct cepa_link_keys *ret_keys,
    struct cepa_link_parameters *ret_parameters, uint8_t *message, size_t message_len,
    const struct cepa_xwing_key *fresh, const struct cepa_xwing_key *link_key_or_null,
    struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_link_carrier_proof gives the CEPA_LINK_PROOF_SIZE bytes with which a side shows that it sees
 * the same carrier; `nonce` is the other side's, CEPA_LINK_NONCE_SIZE bytes. */
void cepa_link_carrier_proof(uint8_t *ret_proof, const uint8_t proof_key[CEPA_LINK_KEY_SIZE],
                             uint8_t is_initiator, uint8_t carrier_kind, const uint8_t *binding,
                             const uint8_t *nonce);

#endif
