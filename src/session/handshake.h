/* How two ends come to share the secrets of a session. No I/O, no state beyond what is lent.
 * @[SPEC 16.2]
 *
 *     initiator                                         responder
 *     cepa_knock_create    -- knock, introduced -->     cepa_knock_open, cepa_knock_consume
 *     cepa_answer_consume  <-- answer, met ----------   cepa_answer_create
 *
 * or, for two ends that had a session and kept its resumption secret, at a place that both know:
 *
 *     cepa_resume_create   -- resume, met --------->    cepa_resume_consume
 *     cepa_answer_consume  <-- answer, met ----------   cepa_answer_create
 *
 * The responder proves itself by the answer: only its identity's key and its prekey lead there. The
 * initiator stays anonymous, whatever it knows; that it has the secrets it shows by the first
 * packet that opens. Who it is it may say later (session/proof.h). */
#ifndef CEPA_SESSION_HANDSHAKE_H
#define CEPA_SESSION_HANDSHAKE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "crypto/xwing.h"
#include "identity/address.h"
#include "wire/ids.h"
#include "wire/session_start.h"

enum {
    CEPA_SESSION_SECRET_SIZE = 32,
    CEPA_SESSION_ID_SIZE = 16,
    CEPA_SESSION_TRANSCRIPT_SIZE = 32,
    CEPA_KNOCK_TAG_SIZE = 16
};

/* Where a handshake is. Secret. */
struct cepa_session_schedule {
    uint8_t transcript[CEPA_SESSION_TRANSCRIPT_SIZE]; /* everything that was said */
    uint8_t chain[CEPA_SESSION_SECRET_SIZE];          /* everything that was agreed */
};

/* An initiator that waits for an answer. Secret; wiped by its owner with cepa_wipe, or by the
 * answer. */
struct cepa_session_initiator {
    struct cepa_session_schedule schedule;
    struct cepa_xwing_seed fresh; /* of its fresh key */
};

/* A responder that has not answered yet. Likewise. */
struct cepa_session_responder {
    struct cepa_session_schedule schedule;
    struct cepa_xwing_public_key fresh; /* the initiator's fresh key */
};

/* Proves at a resumption that its holder had the session before. Secret, used once (16.8). */
struct cepa_resumption_secret {
    uint8_t bytes[CEPA_SESSION_SECRET_SIZE];
};

/* What both ends have in the end. Secret; wiped by its owner with cepa_wipe. */
struct cepa_session_secrets {
    uint8_t root[CEPA_SESSION_SECRET_SIZE];    /* for session/keys.h */
    uint8_t meeting[CEPA_SESSION_SECRET_SIZE]; /* for rendezvous/meeting.h */
    uint8_t proof[CEPA_SESSION_SECRET_SIZE];   /* for session/proof.h */
    struct cepa_resumption_secret resumption;
    uint8_t id[CEPA_SESSION_ID_SIZE]; /* a name of the session; never on the wire */
};

/* Somebody to knock at, from the descriptor of an address; all lent. The owner of the descriptor
 * has checked that the keys are the address's. */
struct cepa_session_addressee {
    const struct cepa_network_id *network;
    const struct cepa_address *address;
    const struct cepa_xwing_public_key *identity;
    const struct cepa_xwing_public_key *prekey;
    const uint8_t *prekey_id; /* CEPA_KNOCK_PREKEY_SIZE bytes */
};

/* Who is knocked at; all lent. */
struct cepa_session_self {
    const struct cepa_network_id *network;
    const struct cepa_address *address;
    const struct cepa_xwing_key *identity;
};

/* By what a knock is recognised when it comes again: as good as random to all but its sender. */
struct cepa_knock_tag {
    uint8_t bytes[CEPA_KNOCK_TAG_SIZE];
};

/* Temporaries, 20 KB; nothing has to be in it before, nothing secret is after. */
struct cepa_session_workspace {
    struct cepa_xwing_workspace xwing;
    struct cepa_xwing_key key;
    struct cepa_xwing_ciphertext ciphertext;
    uint8_t randomness[CEPA_XWING_SEED_BYTES + 2 * CEPA_XWING_RANDOMNESS_BYTES];
};

/* cepa_knock_create writes a knock of CEPA_KNOCK_SIZE bytes, without work (session/knock_work.h).
 * Each knock has fresh keys, also one at the same addressee. Returns 0, CEPA_ERR_RANDOM, or as
 * cepa_xwing_public_key_check for the addressee's keys. About 0.1 ms. @[SPEC 16.2] */
CEPA_MUST_USE int cepa_knock_create(struct cepa_session_initiator *ret_initiator,
                                    uint8_t *ret_message, const struct cepa_knock *knock,
                                    const struct cepa_session_addressee *addressee,
                                    const struct cepa_random *random,
                                    struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_knock_open opens the outer seal of a knock in place and tells which prekey it is for:
 * CEPA_KNOCK_PREKEY_SIZE bytes. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION, CEPA_ERR_MALFORMED,
 * or CEPA_ERR_AUTHENTICATION for one that is for somebody else; then the message is as it was.
 * About 30 us. */
CEPA_MUST_USE int cepa_knock_open(struct cepa_session_responder *ret_responder,
                                  uint8_t *ret_prekey_id, uint8_t *message, size_t message_len,
                                  const struct cepa_session_self *self,
                                  struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_knock_consume opens the rest with the prekey that it is for, and gives the tag by which to
 * ask session/knocks.h, before anything else, whether it was here before. `message` is what
 * cepa_knock_open has left. Returns 0, CEPA_ERR_AUTHENTICATION, CEPA_ERR_MALFORMED, or as
 * cepa_xwing_public_key_check for the sender's key; after an error the responder is wiped. */
CEPA_MUST_USE int cepa_knock_consume(struct cepa_session_responder *responder,
                                     struct cepa_knock *ret_knock, struct cepa_knock_tag *ret_tag,
                                     uint8_t *message, const struct cepa_xwing_key *prekey,
                                     struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_resume_create writes a message of CEPA_START_SIZE bytes that resumes a session. `terms` are
 * the initiator's. Returns 0 or CEPA_ERR_RANDOM. @[SPEC 16.8] */
CEPA_MUST_USE int cepa_resume_create(struct cepa_session_initiator *ret_initiator,
                                     uint8_t *ret_message, const struct cepa_session_terms *terms,
                                     const struct cepa_resumption_secret *secret,
                                     const struct cepa_network_id *network,
                                     const struct cepa_random *random,
                                     struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_resume_consume opens one in place, with the secret of whose meeting it came over. Returns 0,
 * CEPA_ERR_AUTHENTICATION and then the message is as it was, CEPA_ERR_VERSION, CEPA_ERR_MALFORMED,
 * or as cepa_xwing_public_key_check; after an error `ret_responder` is wiped. */
CEPA_MUST_USE int cepa_resume_consume(struct cepa_session_responder *ret_responder,
                                      struct cepa_session_terms *ret_terms, uint8_t *message,
                                      const struct cepa_resumption_secret *secret,
                                      const struct cepa_network_id *network, uint32_t cpu);

/* cepa_answer_create writes an answer of CEPA_START_SIZE bytes and gives the secrets. The responder
 * is wiped; the answer is kept by its owner, to be sent again until a packet opens. Returns 0,
 * CEPA_ERR_RANDOM, or as cepa_xwing_public_key_check. @[SPEC 16.3] */
CEPA_MUST_USE int cepa_answer_create(struct cepa_session_responder *responder, uint8_t *ret_message,
                                     struct cepa_session_secrets *ret_secrets,
                                     const struct cepa_session_terms *terms,
                                     const struct cepa_random *random,
                                     struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_answer_consume opens one in place and gives the secrets; the initiator is wiped. Returns 0,
 * or CEPA_ERR_AUTHENTICATION, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED; then the initiator is as it
 * was, for the right answer may still come, and so is the message if it was not authentic. */
CEPA_MUST_USE int cepa_answer_consume(struct cepa_session_initiator *initiator,
                                      struct cepa_session_terms *ret_terms,
                                      struct cepa_session_secrets *ret_secrets, uint8_t *message,
                                      struct cepa_session_workspace *workspace, uint32_t cpu);

#endif
