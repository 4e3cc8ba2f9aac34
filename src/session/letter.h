/* Letters: what is sealed for somebody who is away, to lie in mailboxes until it is fetched. Sealed
 * like a knock, to the identity's key and to its prekey, so that nobody opens it once the prekey is
 * forgotten. @[SPEC 16.9]
 *
 *     sender                            receiver
 *     cepa_letter_seal  -- mailbox -->  cepa_letter_open, cepa_letter_consume
 *
 * A sender that says who it is signs that it has sealed something for this receiver, not what: that
 * its receiver could have written. */
#ifndef CEPA_SESSION_LETTER_H
#define CEPA_SESSION_LETTER_H

#include "crypto/mldsa.h"
#include "identity/identity.h"
#include "session/handshake.h"
#include "wire/letter.h"

/* What is to be sealed. Pointers are lent. */
struct cepa_letter_draft {
    const uint8_t *id; /* CEPA_LETTER_ID_SIZE bytes, random, the same for each copy */
    const uint8_t *body;
    size_t body_len;                    /* up to CEPA_LETTER_BODY_MAX (asserted) */
    const struct cepa_identity *sender; /* NULL: the receiver does not learn who it is */
    struct cepa_directory_day day;      /* today; of the sender's key */
};

/* A letter that was opened. */
struct cepa_letter_opened {
    uint8_t id[CEPA_LETTER_ID_SIZE];
    bool has_sender;
    struct cepa_address sender; /* proven, if so; else zeros */
    const uint8_t *body;        /* in the box; lent */
    size_t body_len;
};

/* Temporaries, 100 KB; nothing has to be in it before, nothing secret is after. */
struct cepa_letter_workspace {
    struct cepa_session_workspace session;
    struct cepa_mldsa_workspace mldsa;
    struct cepa_mldsa_signature signature;
    struct cepa_identity_public keys;
    uint8_t key_bytes[CEPA_IDENTITY_PUBLIC_SIZE];
};

/* cepa_letter_seal writes a box of CEPA_LETTER_SIZE bytes, other ones for each copy. Returns 0,
 * CEPA_ERR_RANDOM, as cepa_xwing_public_key_check for the addressee's keys, or CEPA_ERR_EXHAUSTED,
 * see cepa_mldsa_sign. About 0.2 ms, 0.4 with a sender. */
CEPA_MUST_USE int cepa_letter_seal(uint8_t *ret_box, const struct cepa_letter_draft *draft,
                                   const struct cepa_session_addressee *addressee,
                                   const struct cepa_random *random,
                                   struct cepa_letter_workspace *workspace, uint32_t cpu);

/* cepa_letter_open opens the outer seal in place and tells which prekey it is for:
 * CEPA_KNOCK_PREKEY_SIZE bytes. Returns 0, CEPA_ERR_VERSION, CEPA_ERR_MALFORMED, or
 * CEPA_ERR_AUTHENTICATION for one that is for somebody else; then the box is as it was. 40 us. */
CEPA_MUST_USE int cepa_letter_open(struct cepa_session_schedule *ret_schedule,
                                   uint8_t *ret_prekey_id, uint8_t *box,
                                   const struct cepa_session_self *self,
                                   struct cepa_letter_workspace *workspace, uint32_t cpu);

/* cepa_letter_consume opens the rest with the prekey that it is for, and checks who has sent it;
 * the schedule is wiped. `box` is what cepa_letter_open has left. Returns 0,
 * CEPA_ERR_AUTHENTICATION, also for a sender that it is not, CEPA_ERR_MALFORMED, or
 * CEPA_ERR_INVALID_KEY or CEPA_ERR_LOW_ORDER_POINT for keys of a sender that are none. About 0.3 ms
 * with a sender. */
CEPA_MUST_USE int cepa_letter_consume(struct cepa_session_schedule *schedule,
                                      struct cepa_letter_opened *ret_opened, uint8_t *box,
                                      const struct cepa_network_id *network,
                                      const struct cepa_xwing_key *prekey,
                                      struct cepa_letter_workspace *workspace, uint32_t cpu);

#endif
