/* What messages to an address have in common before there are keys: transcript, chain, and the two
 * seals of what goes to somebody whose descriptor is known, a knock or a letter. For the files of
 * this room only. @[SPEC 16.2]
 *
 *     version 1 ‖ zeros 3 ‖ work 8 ‖ ciphertext 1,120 ‖ sealed(
 *         prekey's id 8 ‖ ciphertext 1,120 ‖ sealed(contents) ‖ tag 16) ‖ tag 16
 */
#ifndef CEPA_SESSION_SCHEDULE_H
#define CEPA_SESSION_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "session/handshake.h"

/* How it begins: the first thing in each transcript, so that no seal of one kind is one of another.
 */
enum { CEPA_BEGINS_BY_KNOCK = 1, CEPA_BEGINS_BY_RESUME = 2, CEPA_BEGINS_BY_LETTER = 3 };

enum {
    /* Bytes of a message of two seals that are none of its contents. */
    CEPA_SEALED_TWICE_COST = CEPA_KNOCK_SIZE - CEPA_KNOCK_INNER_SIZE
};

/* cepa_schedule_init begins a transcript with what both ends know; `address` and `identity` are
 * NULL for RESUME. */
void cepa_schedule_init(struct cepa_session_schedule *ret_schedule, uint8_t begins_by,
                        const struct cepa_network_id *network, const struct cepa_address *address,
                        const struct cepa_xwing_public_key *identity);

/* cepa_schedule_say takes what was said, or is known now, into the transcript: two pieces of fixed
 * lengths. */
void cepa_schedule_say(struct cepa_session_schedule *schedule, const uint8_t *first,
                       size_t first_len, const uint8_t *second, size_t second_len);

/* cepa_schedule_agree takes an agreed secret (CEPA_XWING_SECRET_BYTES) into the chain and gives the
 * key of what is sealed next. `kdf` was begun with its label and is left for further outputs. */
void cepa_schedule_agree(struct cepa_kdf *kdf, struct cepa_session_schedule *schedule,
                         uint8_t ret_key[CEPA_AEAD_KEY_LEN], const uint8_t *secret);

/* cepa_schedule_seal seals `len` bytes in place, tag behind them, bound to all that was said;
 * cepa_schedule_open opens them. Both wipe the key. Returns 0 or CEPA_ERR_AUTHENTICATION. */
void cepa_schedule_seal(const struct cepa_session_schedule *schedule, uint8_t *data, size_t len,
                        uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu);
CEPA_MUST_USE int cepa_schedule_open(const struct cepa_session_schedule *schedule, uint8_t *data,
                                     size_t len, uint8_t key[CEPA_AEAD_KEY_LEN], uint32_t cpu);

/* cepa_schedule_encapsulate encapsulates for `public_key` and writes the ciphertext where it
 * belongs. Returns 0 or as cepa_xwing_public_key_check. */
CEPA_MUST_USE int cepa_schedule_encapsulate(uint8_t *ret_ciphertext,
                                            struct cepa_xwing_secret *ret_secret,
                                            const struct cepa_xwing_public_key *public_key,
                                            const uint8_t *randomness,
                                            struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_schedule_decapsulate decapsulates what stands at `ciphertext`. Returns 0, or
 * CEPA_ERR_AUTHENTICATION for a point of low order, which is nobody's message. */
CEPA_MUST_USE int cepa_schedule_decapsulate(struct cepa_xwing_secret *ret_secret,
                                            const struct cepa_xwing_key *key,
                                            const uint8_t *ciphertext,
                                            struct cepa_session_workspace *workspace, uint32_t cpu);

/* A message of two seals that is being made. Secret. */
struct cepa_sealing {
    struct cepa_session_schedule outer;    /* what the outer seal is bound to */
    struct cepa_session_schedule schedule; /* what the inner one is: for further steps */
    uint8_t keys[2][CEPA_AEAD_KEY_LEN];
};

/* cepa_sealing_begin writes all but the contents, and 0 for the work. `randomness` has 2 *
 * CEPA_XWING_RANDOMNESS_BYTES. Returns 0, or as cepa_xwing_public_key_check. */
CEPA_MUST_USE int cepa_sealing_begin(struct cepa_sealing *ret_sealing, uint8_t *message,
                                     uint8_t begins_by,
                                     const struct cepa_session_addressee *addressee,
                                     const uint8_t *randomness,
                                     struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_sealing_finish seals the contents, which stand in the message, and wipes the sealing. */
void cepa_sealing_finish(struct cepa_sealing *sealing, uint8_t *message, size_t message_len,
                         uint32_t cpu);

/* cepa_sealed_open opens the outer seal of a message of `message_len` bytes, with its size checked,
 * in place, and tells which prekey it is for. Returns 0, CEPA_ERR_VERSION, CEPA_ERR_MALFORMED, or
 * CEPA_ERR_AUTHENTICATION; then the message is as it was. */
CEPA_MUST_USE int cepa_sealed_open(struct cepa_session_schedule *ret_schedule,
                                   uint8_t *ret_prekey_id, uint8_t *message, size_t message_len,
                                   uint8_t begins_by, const struct cepa_session_self *self,
                                   struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_sealed_consume opens the inner seal with the prekey that it is for; the contents then stand
 * in the message, and `schedule` is what they are bound to. Returns 0 or CEPA_ERR_AUTHENTICATION.
 */
CEPA_MUST_USE int cepa_sealed_consume(struct cepa_session_schedule *schedule,
                                      struct cepa_knock_tag *ret_tag, uint8_t *message,
                                      size_t message_len, const struct cepa_xwing_key *prekey,
                                      struct cepa_session_workspace *workspace, uint32_t cpu);

#endif
