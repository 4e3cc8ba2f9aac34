/* Offer and answer of a key renewal on a circuit. @[SPEC 5.7] */
#ifndef CEPA_WIRE_RENEWAL_H
#define CEPA_WIRE_RENEWAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

enum {
    CEPA_RENEWAL_CONFIRM_SIZE = 32,
    CEPA_RENEWAL_OFFER_SIZE = 8 + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_RENEWAL_ANSWER_SIZE = CEPA_KEM_CIPHERTEXT_SIZE + CEPA_RENEWAL_CONFIRM_SIZE
};

/* What the origin offers to a hop. The bytes are lent; decoded they point into the message. */
struct cepa_renewal_offer {
    uint64_t begin;            /* the forward counter at this hop from which the new key holds */
    const uint8_t *public_key; /* X-Wing, CEPA_KEM_PUBLIC_KEY_SIZE bytes, fresh */
};

/* What the hop answers. The bytes are lent; decoded they point into the message. */
struct cepa_renewal_answer {
    const uint8_t *ciphertext; /* X-Wing, CEPA_KEM_CIPHERTEXT_SIZE bytes */
    const uint8_t *confirm;    /* shows that the hop has the new keys, CEPA_RENEWAL_CONFIRM_SIZE */
};

/* cepa_renewal_offer_encode writes CEPA_RENEWAL_OFFER_SIZE bytes. */
void cepa_renewal_offer_encode(uint8_t *ret_bytes, const struct cepa_renewal_offer *offer);

/* cepa_renewal_offer_decode reads an offer. Returns 0 or CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_renewal_offer_decode(struct cepa_renewal_offer *ret_offer,
                                            const uint8_t *bytes, size_t bytes_len);

/* cepa_renewal_answer_encode writes CEPA_RENEWAL_ANSWER_SIZE bytes. */
void cepa_renewal_answer_encode(uint8_t *ret_bytes, const struct cepa_renewal_answer *answer);

/* cepa_renewal_answer_decode reads an answer. Returns 0 or CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_renewal_answer_decode(struct cepa_renewal_answer *ret_answer,
                                             const uint8_t *bytes, size_t bytes_len);

#endif
