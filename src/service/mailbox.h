/* Requests to a mailbox: a place at a relay for sealed boxes of one size, until their owner comes
 * for them. Its name is the owner's key, which reads and deletes; another key, which the owner
 * names, may put. @[SPEC 15.5]
 *
 *     put     owner's key 32 ‖ minute 4 ‖ box 16,320 ‖ signature 64 by the writing key
 *     get     owner's key 32 ‖ minute 4 ‖ writing key 32 ‖ after 8 ‖ signature 64 by the owner's
 *     delete  owner's key 32 ‖ minute 4 ‖ up to 8 ‖ signature 64 by the owner's
 *
 * A get opens the mailbox and keeps it open; its answer is empty, or number 8 ‖ box of the first
 * box whose number is higher than `after`. A delete takes away all boxes up to a number. */
#ifndef CEPA_SERVICE_MAILBOX_H
#define CEPA_SERVICE_MAILBOX_H

#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/ed25519.h"
#include "service/services.h"

enum {
    CEPA_MAILBOX_BOX_SIZE = 16384 - 64, /* always */
    CEPA_MAILBOX_HEAD_SIZE = CEPA_ED25519_PUBLIC_KEY_LEN + 4,
    CEPA_MAILBOX_PUT_SIZE =
        CEPA_MAILBOX_HEAD_SIZE + CEPA_MAILBOX_BOX_SIZE + CEPA_ED25519_SIGNATURE_LEN,
    CEPA_MAILBOX_GET_SIZE =
        CEPA_MAILBOX_HEAD_SIZE + CEPA_ED25519_PUBLIC_KEY_LEN + 8 + CEPA_ED25519_SIGNATURE_LEN,
    CEPA_MAILBOX_DELETE_SIZE = CEPA_MAILBOX_HEAD_SIZE + 8 + CEPA_ED25519_SIGNATURE_LEN,
    CEPA_MAILBOX_ANSWER_SIZE = 8 + CEPA_MAILBOX_BOX_SIZE, /* of a get, if it is not empty */
    CEPA_MAILBOX_BOXES_MAX = 64,                          /* in one mailbox */
    CEPA_MAILBOX_DAYS = 14,   /* directory days: of a box, and of a mailbox that is not asked for */
    CEPA_MAILBOX_MINUTES = 10 /* by which the clocks of both sides may differ */
};

/* `up to` of a delete that gives the mailbox itself up. */
#define CEPA_MAILBOX_ALL UINT64_MAX

_Static_assert((int)CEPA_SERVICE_BOX_VALUE_SIZE == 32 + 4 + (int)CEPA_MAILBOX_ANSWER_SIZE,
               "what is stored ends with the answer");
_Static_assert((int)CEPA_MAILBOX_PUT_SIZE <= (int)CEPA_SERVICE_BODY_MAX, "a request holds it");

/* What a request is bound to: it is of no use at another relay, or later. */
struct cepa_mailbox_binding {
    struct cepa_network_id network;
    struct cepa_ed25519_public_key relay; /* by its name in the index */
    uint32_t minute;                      /* of the wall clock, since 1970 */
};

/* cepa_mailbox_minute gives the minute of a moment, 0 if it does not fit. */
uint32_t cepa_mailbox_minute(struct cepa_wall wall);

/* cepa_mailbox_put, cepa_mailbox_get and cepa_mailbox_delete write the body of a request, of the
 * sizes above. `box` has CEPA_MAILBOX_BOX_SIZE bytes, and may stand at its place in `ret_body`. */
void cepa_mailbox_put(uint8_t *ret_body, const struct cepa_ed25519_public_key *owner,
                      const struct cepa_ed25519_key *writing, const uint8_t *box,
                      const struct cepa_mailbox_binding *binding);
void cepa_mailbox_get(uint8_t *ret_body, const struct cepa_ed25519_key *owner,
                      const struct cepa_ed25519_public_key *writing, uint64_t after,
                      const struct cepa_mailbox_binding *binding);
void cepa_mailbox_delete(uint8_t *ret_body, const struct cepa_ed25519_key *owner, uint64_t up_to,
                         const struct cepa_mailbox_binding *binding);

/* A request, read; what is lent points into the body. */
struct cepa_mailbox_request {
    struct cepa_ed25519_public_key owner;
    struct cepa_ed25519_public_key writing; /* GET */
    uint32_t minute;
    uint64_t number;    /* GET: after; DELETE: up to */
    const uint8_t *box; /* PUT; lent */
};

/* cepa_mailbox_read reads the body of a request for `service` (one of CEPA_SERVICE_MAILBOX_*), and
 * looks at no signature. Returns 0 or CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_mailbox_read(struct cepa_mailbox_request *ret_request, uint8_t service,
                                    const uint8_t *body, size_t body_len);

/* cepa_mailbox_verify checks the signature of a body that was read, by the key that may do this.
 * Returns 0 or CEPA_ERR_AUTHENTICATION. About 60 us, and 30 more for a box. */
CEPA_MUST_USE int cepa_mailbox_verify(uint8_t service, const uint8_t *body, size_t body_len,
                                      const struct cepa_ed25519_public_key *key,
                                      const struct cepa_network_id *network,
                                      const struct cepa_ed25519_public_key *relay);

/* cepa_mailbox_read_answer reads what a get has brought: the number of the box, and the box, lent.
 * Returns 0, or CEPA_ERR_LENGTH: an empty answer says that there are no more. */
CEPA_MUST_USE int cepa_mailbox_read_answer(uint64_t *ret_number, const uint8_t **ret_box,
                                           const uint8_t *body, size_t body_len);

#endif
