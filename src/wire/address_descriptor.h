/* The descriptor of an address, as its custodians keep it: for one day, under that day's blinded
 * key, and closed to everybody who does not have the address. @[SPEC 14.4]
 *
 *     version 1 ‖ zeros 3 ‖ day 4 ‖ sequence 8 ‖ blinded key 32 ‖ salt 16 ‖ sealed ‖ signature 64
 *
 * Not to be taken for the descriptor of a relay (wire/descriptor.h). Who verifies it includes
 * rendezvous/descriptor_seal.h. */
#ifndef CEPA_WIRE_ADDRESS_DESCRIPTOR_H
#define CEPA_WIRE_ADDRESS_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/sizes.h"

enum {
    CEPA_ADDRESS_DESCRIPTOR_VERSION = 1,
    CEPA_ADDRESS_DESCRIPTOR_SIZE = 16384, /* always */
    CEPA_ADDRESS_DESCRIPTOR_SALT_SIZE = 16,
    CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE =
        1 + 3 + 4 + 8 + CEPA_SIGNING_KEY_SIZE + CEPA_ADDRESS_DESCRIPTOR_SALT_SIZE,
    CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE = CEPA_ADDRESS_DESCRIPTOR_SIZE - CEPA_SIGNATURE_SIZE,
    CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE =
        CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE - CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE /* with its tag */
};

/* What anybody can read of the descriptor of an address. */
struct cepa_address_descriptor {
    struct cepa_directory_day day;
    uint64_t sequence;                               /* of two of one key the higher one counts */
    uint8_t blinded_key[CEPA_SIGNING_KEY_SIZE];      /* of the address and the day (3.7) */
    uint8_t salt[CEPA_ADDRESS_DESCRIPTOR_SALT_SIZE]; /* random */
    const uint8_t *sealed;    /* CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE bytes; lent */
    const uint8_t *signature; /* CEPA_SIGNATURE_SIZE bytes, of all that stands before it; lent */
};

/* cepa_address_descriptor_encode writes CEPA_ADDRESS_DESCRIPTOR_SIZE bytes. `sealed` and
 * `signature` may stand at their places in `ret_bytes` already. */
void cepa_address_descriptor_encode(uint8_t *ret_bytes,
                                    const struct cepa_address_descriptor *descriptor);

/* cepa_address_descriptor_decode reads them; what is lent points into `bytes`. Returns 0,
 * CEPA_ERR_LENGTH, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED. The signature is not looked at. */
CEPA_MUST_USE int cepa_address_descriptor_decode(struct cepa_address_descriptor *ret_descriptor,
                                                 const uint8_t *bytes, size_t bytes_len);

#endif
