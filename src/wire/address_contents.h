/* What is sealed in the descriptor of an address: how its owner is reached on that day.
 * @[SPEC 14.6]
 *
 *     version 1 ‖ flags 1 ‖ points 1 ‖ places 1 ‖ public keys 3,200 ‖ prekey 1,216 ‖
 *     introduction points 64 each ‖ mailbox places 96 each ‖ zeros ‖ ML-DSA signature 3,309 */
#ifndef CEPA_WIRE_ADDRESS_CONTENTS_H
#define CEPA_WIRE_ADDRESS_CONTENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/address_descriptor.h"
#include "wire/sizes.h"

enum {
    CEPA_ADDRESS_CONTENTS_VERSION = 1,
    CEPA_ADDRESS_CONTENTS_SIZE = CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE - CEPA_TAG_SIZE,
    CEPA_ADDRESS_CONTENTS_SIGNED_SIZE = CEPA_ADDRESS_CONTENTS_SIZE - CEPA_PQ_SIGNATURE_SIZE,
    CEPA_ADDRESS_KEYS_SIZE =
        CEPA_SIGNING_KEY_SIZE + CEPA_PQ_SIGNING_KEY_SIZE + CEPA_KEM_PUBLIC_KEY_SIZE,
    CEPA_INTRODUCTION_POINTS_MAX = 6,
    CEPA_INTRODUCTION_KEY_SIZE = 32,
    CEPA_MAILBOX_PLACES_MAX = 4,
    CEPA_MAILBOX_ID_SIZE = 32,
    CEPA_MAILBOX_SEED_SIZE = 32
};

/* How the owner wants to be met; bits. Others are ignored. */
enum {
    CEPA_ADDRESS_STRANGERS = 1 << 0, /* it takes first contacts of people that it does not know */
    CEPA_ADDRESS_WORK = 1 << 1       /* of those it wants a proof of work (16) */
};

/* A relay that takes introductions for the address. */
struct cepa_introduction_point {
    uint8_t relay[CEPA_SIGNING_KEY_SIZE];    /* its name in the index */
    uint8_t key[CEPA_INTRODUCTION_KEY_SIZE]; /* Ed25519: names the circuit there */
};

/* A relay that keeps a mailbox of the address. */
struct cepa_mailbox_place {
    uint8_t relay[CEPA_SIGNING_KEY_SIZE];
    uint8_t mailbox[CEPA_MAILBOX_ID_SIZE];
    uint8_t write_seed[CEPA_MAILBOX_SEED_SIZE]; /* of the Ed25519 key that may put; readers of the
                                                 * descriptor share it */
};

/* What the owner says; no pointers, unused entries zero, so that two are equal by their bytes. */
struct cepa_address_contents {
    uint8_t flags; /* CEPA_ADDRESS_* */
    uint8_t points_len;
    uint8_t places_len;
    uint8_t prekey[CEPA_KEM_PUBLIC_KEY_SIZE]; /* X-Wing; rendezvous/prekeys.h */
    struct cepa_introduction_point points[CEPA_INTRODUCTION_POINTS_MAX];
    struct cepa_mailbox_place places[CEPA_MAILBOX_PLACES_MAX];
};

/* cepa_address_contents_encode writes the first CEPA_ADDRESS_CONTENTS_SIGNED_SIZE bytes of
 * CEPA_ADDRESS_CONTENTS_SIZE: all but the signature. `keys` are CEPA_ADDRESS_KEYS_SIZE bytes.
 * Asserted: no more points and places than there may be. */
void cepa_address_contents_encode(uint8_t *ret_bytes, const struct cepa_address_contents *contents,
                                  const uint8_t *keys);

/* cepa_address_contents_decode reads CEPA_ADDRESS_CONTENTS_SIZE bytes; `*ret_keys` points to the
 * keys in them. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or CEPA_ERR_MALFORMED. Keys and the
 * signature, the last CEPA_PQ_SIGNATURE_SIZE bytes, are not looked at. */
CEPA_MUST_USE int cepa_address_contents_decode(struct cepa_address_contents *ret_contents,
                                               const uint8_t **ret_keys, const uint8_t *bytes,
                                               size_t bytes_len);

#endif
