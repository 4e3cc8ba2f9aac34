/* What the owners of a session say to each other on its control stream: messages, one after
 * another. @[SPEC 16.6]
 *
 *     kind 1 ‖ length 2 ‖ body */
#ifndef CEPA_WIRE_SESSION_CONTROL_H
#define CEPA_WIRE_SESSION_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/sizes.h"

enum {
    CEPA_CONTROL_HEADER_SIZE = 1 + 2,
    CEPA_CONTROL_OFFER_SIZE = 4 + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_CONTROL_ANSWER_SIZE = 4 + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_CONTROL_IDENTITY_SIZE =
        CEPA_SIGNING_KEY_SIZE + CEPA_PQ_SIGNING_KEY_SIZE + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_CONTROL_PROOF_SIZE = 32,
    CEPA_CONTROL_BODY_MAX = CEPA_CONTROL_IDENTITY_SIZE,
    CEPA_CONTROL_SIZE_MAX = CEPA_CONTROL_HEADER_SIZE + CEPA_CONTROL_BODY_MAX
};

/* Kinds of messages, and who sends them. */
enum cepa_control_kind {
    CEPA_CONTROL_RATCHET_OFFER = 1,  /* initiator: body, of session/keys.h */
    CEPA_CONTROL_RATCHET_ANSWER = 2, /* responder: body, likewise */
    CEPA_CONTROL_IDENTITY = 3,       /* initiator: body, its public keys (14.3) */
    CEPA_CONTROL_CHALLENGE = 4,      /* responder: body, of session/proof.h */
    CEPA_CONTROL_PROOF = 5,          /* initiator: body, likewise */
    CEPA_CONTROL_ADMISSION = 6,      /* responder: verdict */
    CEPA_CONTROL_PATH = 7,           /* both: path, day, state */
    CEPA_CONTROL_KEPT = 8,           /* both: this end has stored what resumes the session */
    CEPA_CONTROL_FINISH = 9          /* both: code; this end opens no more streams */
};

/* What a responder makes of its visitor. */
enum cepa_control_verdict {
    CEPA_CONTROL_ACCEPTED = 0,
    CEPA_CONTROL_UNNAMED = 1, /* it has to say who it is */
    CEPA_CONTROL_REFUSED = 2  /* the session ends */
};

/* What an end does with a path. */
enum cepa_control_path_state {
    CEPA_CONTROL_PATH_MEET = 0,    /* it builds a circuit to that meeting: come, too */
    CEPA_CONTROL_PATH_ACTIVE = 1,  /* it sends data there */
    CEPA_CONTROL_PATH_STANDBY = 2, /* it sends data there only when it has to */
    CEPA_CONTROL_PATH_RETIRE = 3   /* it sends nothing there any more, and closes it soon */
};

/* One message. Fields that the kind does not name are 0. */
struct cepa_control {
    enum cepa_control_kind kind;
    const uint8_t *body;           /* lent; its length follows from the kind */
    uint8_t verdict;               /* enum cepa_control_verdict */
    uint8_t state;                 /* enum cepa_control_path_state */
    uint32_t path;                 /* its number, which is that of its meeting (16.7) */
    struct cepa_directory_day day; /* of its meeting */
    uint32_t code;
};

/* cepa_control_encode writes a message, at most CEPA_CONTROL_SIZE_MAX bytes, and gives its length.
 * Asserted: kind, verdict and state are those above. */
size_t cepa_control_encode(uint8_t *ret_bytes, const struct cepa_control *control);

/* A control stream as it is read. All zeros: nothing is here. */
struct cepa_control_reader {
    size_t len; /* bytes here, of the message that is next */
    uint8_t bytes[CEPA_CONTROL_SIZE_MAX];
};

/* cepa_control_room gives how many bytes the next message lacks, as far as that is known: the owner
 * reads at most so many from the stream, to `reader->bytes` + `reader->len`, and adds them to
 * `len`. 0: a message is whole, or the bytes are none; cepa_control_decode says. */
size_t cepa_control_room(const struct cepa_control_reader *reader);

/* cepa_control_decode gives the message that is whole; its body is lent until more is read. Returns
 * 0 (and `len` is 0 again), CEPA_ERR_NOT_FOUND if more has to be read, or CEPA_ERR_MALFORMED, which
 * ends the session. */
CEPA_MUST_USE int cepa_control_decode(struct cepa_control_reader *reader,
                                      struct cepa_control *ret_control);

#endif
