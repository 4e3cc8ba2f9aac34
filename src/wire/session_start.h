/* What two ends say before they share the keys of a session: the knock, by which an initiator
 * introduces itself; the answer to it; and the message that resumes a session. @[SPEC 16.2]
 *
 *     knock    version 1 ‖ zeros 3 ‖ work 8 ‖ ciphertext 1,120 ‖ sealed(
 *                  prekey's id 8 ‖ ciphertext 1,120 ‖ sealed(contents) ‖ tag 16) ‖ tag 16
 *     answer   ciphertext 1,120 ‖ sealed(terms) ‖ tag 16
 *     resume   nonce 32 ‖ sealed(fresh key 1,216 ‖ terms) ‖ tag 16
 *
 * A knock travels through an introduction point, the others in two parts over circuits that have
 * met. Who seals and opens includes session/handshake.h. */
#ifndef CEPA_WIRE_SESSION_START_H
#define CEPA_WIRE_SESSION_START_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/sizes.h"

enum {
    CEPA_SESSION_VERSION = 1,

    /* A knock. */
    CEPA_KNOCK_SIZE = 3840, /* always */
    CEPA_KNOCK_WORK_OFFSET = 1 + 3,
    CEPA_KNOCK_WORK_SIZE = 8,
    CEPA_KNOCK_FIRST_OFFSET = CEPA_KNOCK_WORK_OFFSET + CEPA_KNOCK_WORK_SIZE,
    CEPA_KNOCK_OUTER_OFFSET = CEPA_KNOCK_FIRST_OFFSET + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_KNOCK_OUTER_SIZE = CEPA_KNOCK_SIZE - CEPA_KNOCK_OUTER_OFFSET - CEPA_TAG_SIZE,
    CEPA_KNOCK_PREKEY_SIZE = 8, /* names a prekey */
    CEPA_KNOCK_SECOND_OFFSET = CEPA_KNOCK_OUTER_OFFSET + CEPA_KNOCK_PREKEY_SIZE,
    CEPA_KNOCK_INNER_OFFSET = CEPA_KNOCK_SECOND_OFFSET + CEPA_KEM_CIPHERTEXT_SIZE,
    CEPA_KNOCK_INNER_SIZE = CEPA_KNOCK_SIZE - CEPA_KNOCK_INNER_OFFSET - 2 * CEPA_TAG_SIZE,
    CEPA_KNOCK_COOKIE_SIZE = 32,
    CEPA_KNOCK_GREETING_MAX = 200,
    CEPA_KNOCK_FIELDS_SIZE = CEPA_KEM_PUBLIC_KEY_SIZE + CEPA_SIGNING_KEY_SIZE +
                             CEPA_KNOCK_COOKIE_SIZE + 8 + 1 + 1 +
                             1, /* time, flags, paths, length */

    /* Parts over circuits that have met; each fills one DATA. */
    CEPA_START_PARTS = 2,
    CEPA_START_HEADER_SIZE = 8, /* kind, part, zeros */
    CEPA_START_PART_SIZE = CEPA_CELL_DATA_MAX - CEPA_START_HEADER_SIZE,
    CEPA_START_SIZE = CEPA_START_PARTS * CEPA_START_PART_SIZE, /* of an answer, of a resume */

    CEPA_ANSWER_SEALED_SIZE = CEPA_START_SIZE - CEPA_KEM_CIPHERTEXT_SIZE - CEPA_TAG_SIZE,
    CEPA_RESUME_NONCE_SIZE = 32,
    CEPA_RESUME_SEALED_SIZE = CEPA_START_SIZE - CEPA_RESUME_NONCE_SIZE - CEPA_TAG_SIZE,
    CEPA_SESSION_TERMS_SIZE = 1 + 1 + 1, /* version, admission, paths */
    CEPA_SESSION_PATHS_SAID_MAX = 16     /* paths at a time that an end may speak of */
};

static_assert(CEPA_KNOCK_INNER_SIZE == 1548, "what a knock holds, @[SPEC 16.2]");
static_assert(CEPA_KNOCK_FIELDS_SIZE + CEPA_KNOCK_GREETING_MAX <= CEPA_KNOCK_INNER_SIZE,
              "a greeting fits");
static_assert(CEPA_START_SIZE == 2056, "an answer, @[SPEC 16.3]");
static_assert(CEPA_RESUME_SEALED_SIZE >= CEPA_KEM_PUBLIC_KEY_SIZE + CEPA_SESSION_TERMS_SIZE,
              "a key fits");

/* The time in a knock is rounded down to this, so that it does not show by how much the sender's
 * clock is off. */
#define CEPA_KNOCK_TIME_STEP_MS UINT64_C(600000)

/* What a knock says, but for keys. */
struct cepa_knock {
    uint8_t relay[CEPA_SIGNING_KEY_SIZE];   /* where to meet: its name in the index */
    uint8_t cookie[CEPA_KNOCK_COOKIE_SIZE]; /* for whom, there: random */
    struct cepa_wall time;                  /* when it was made, rounded down */
    bool is_named;                          /* the sender will say who it is (16.6) */
    uint8_t paths_max;                      /* it wants, 1 to CEPA_SESSION_PATHS_SAID_MAX */
    uint8_t greeting_len;
    uint8_t greeting[CEPA_KNOCK_GREETING_MAX]; /* for people, or for an application; not judged */
};

/* Whom an end lets in. */
enum cepa_session_admission {
    CEPA_ADMISSION_OPEN = 0, /* everybody, the anonymous too */
    CEPA_ADMISSION_NAMED = 1 /* who says who it is; nothing else is read before that */
};

/* What an end says of itself as a session begins. */
struct cepa_session_terms {
    uint8_t admission; /* enum cepa_session_admission; an initiator's is OPEN */
    uint8_t paths_max; /* at one time, 1 to CEPA_SESSION_PATHS_SAID_MAX */
};

/* What is in a part. */
enum cepa_start_kind { CEPA_START_ANSWER = 0, CEPA_START_RESUME = 1 };

/* cepa_knock_encode writes the CEPA_KNOCK_INNER_SIZE bytes that are sealed innermost; `fresh` is
 * the sender's fresh public key, CEPA_KEM_PUBLIC_KEY_SIZE bytes. The time is rounded here.
 * Asserted: paths_max and greeting_len are in their ranges. */
void cepa_knock_encode(uint8_t *ret_bytes, const struct cepa_knock *knock, const uint8_t *fresh);

/* cepa_knock_decode reads them; `*ret_fresh` points into `bytes`. Returns 0 or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_knock_decode(struct cepa_knock *ret_knock, const uint8_t **ret_fresh,
                                    const uint8_t *bytes);

/* cepa_session_terms_encode writes CEPA_SESSION_TERMS_SIZE bytes, then zeros up to `size`.
 * Asserted: both fields are in their ranges. */
void cepa_session_terms_encode(uint8_t *ret_bytes, size_t size,
                               const struct cepa_session_terms *terms);

/* cepa_session_terms_decode reads `size` bytes. Returns 0, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_session_terms_decode(struct cepa_session_terms *ret_terms,
                                            const uint8_t *bytes, size_t size);

/* A message of CEPA_START_SIZE bytes that comes in parts. All zeros: none is here. */
struct cepa_start_whole {
    uint8_t kind; /* enum cepa_start_kind */
    uint8_t got;  /* bit i: part i is here */
};

/* cepa_start_is_part says whether what came over a circuit is a part and not a packet of a session:
 * by its first bit. `data` has CEPA_CELL_DATA_MAX bytes. */
bool cepa_start_is_part(const uint8_t *data);

/* cepa_start_part_encode writes part `part` of a message into CEPA_CELL_DATA_MAX bytes. */
void cepa_start_part_encode(uint8_t *ret_data, enum cepa_start_kind kind, uint8_t part,
                            const uint8_t *message);

/* cepa_start_whole_add takes the part in `data` (CEPA_CELL_DATA_MAX bytes) into `message`,
 * CEPA_START_SIZE bytes; `*ret_is_whole` when all are here. In any order, again and again: the last
 * of each counts. A part of another kind begins anew. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_start_whole_add(struct cepa_start_whole *whole, uint8_t *message,
                                       bool *ret_is_whole, const uint8_t *data);

#endif
