/* What is sealed innermost in a letter: a message for somebody who is away, of a fixed size, and
 * who sends it if that is said. @[SPEC 16.9]
 *
 *     flags 1 ‖ zero 1 ‖ length 2 ‖ id 16 ‖ day 4 ‖ public keys 3,200 ‖ Ed25519 signature 64 ‖
 *     ML-DSA signature 3,309 ‖ body ‖ zeros
 *
 * Who seals and opens includes session/letter.h. */
#ifndef CEPA_WIRE_LETTER_H
#define CEPA_WIRE_LETTER_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/session_start.h"
#include "wire/sizes.h"

enum {
    CEPA_LETTER_SIZE = 16384 - 64, /* sealed; always, a box of a mailbox */
    CEPA_LETTER_INNER_SIZE = CEPA_LETTER_SIZE - (CEPA_KNOCK_SIZE - CEPA_KNOCK_INNER_SIZE),
    CEPA_LETTER_ID_SIZE = 16,
    CEPA_LETTER_KEYS_SIZE =
        CEPA_SIGNING_KEY_SIZE + CEPA_PQ_SIGNING_KEY_SIZE + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_LETTER_SIGNATURE_SIZE = 64,
    CEPA_LETTER_SENDER_OFFSET = 1 + 1 + 2 + CEPA_LETTER_ID_SIZE,
    CEPA_LETTER_SENDER_SIZE =
        4 + CEPA_LETTER_KEYS_SIZE + CEPA_LETTER_SIGNATURE_SIZE + CEPA_PQ_SIGNATURE_SIZE,
    CEPA_LETTER_BODY_OFFSET = CEPA_LETTER_SENDER_OFFSET + CEPA_LETTER_SENDER_SIZE,
    CEPA_LETTER_BODY_MAX = CEPA_LETTER_INNER_SIZE - CEPA_LETTER_BODY_OFFSET
};

static_assert(CEPA_LETTER_INNER_SIZE == 14028, "what a letter holds, @[SPEC 16.9]");
static_assert(CEPA_LETTER_BODY_MAX == 7431, "what is left for the message, @[SPEC 16.9]");

/* A letter's contents. Pointers are lent. */
struct cepa_letter {
    uint8_t id[CEPA_LETTER_ID_SIZE]; /* random, the same in each copy */
    bool is_signed;                  /* the next four mean something; else they are unused */
    struct cepa_directory_day day;   /* of the Ed25519 key that has signed */
    const uint8_t *keys;             /* the sender's public ones, CEPA_LETTER_KEYS_SIZE bytes */
    const uint8_t *signature;        /* CEPA_LETTER_SIGNATURE_SIZE bytes */
    const uint8_t *pq_signature;     /* CEPA_PQ_SIGNATURE_SIZE bytes */
    const uint8_t *body;
    size_t body_len; /* up to CEPA_LETTER_BODY_MAX */
};

/* cepa_letter_encode writes CEPA_LETTER_INNER_SIZE bytes. Asserted: the body is not too long. */
void cepa_letter_encode(uint8_t *ret_bytes, const struct cepa_letter *letter);

/* cepa_letter_decode reads CEPA_LETTER_INNER_SIZE bytes, which the letter points into; keys and
 * signatures are not looked at. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_letter_decode(struct cepa_letter *ret_letter, const uint8_t *bytes);

#endif
