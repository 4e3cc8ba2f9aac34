/* The relays at which an identity has mailboxes: the keys of each, and how all of them are kept
 * over restarts. @[SPEC 14.10]
 *
 * What is stored is no secret, but joins relays to an identity; keys follow from it and from the
 * identity's own mailbox secret. */
#ifndef CEPA_RENDEZVOUS_PLACES_H
#define CEPA_RENDEZVOUS_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/ed25519.h"
#include "identity/identity.h"
#include "wire/ids.h"

enum {
    CEPA_PLACES_MAX = 8, /* half of them former ones */
    CEPA_PLACES_VERSION = 1,
    CEPA_PLACE_NONCE_SIZE = 8,
    CEPA_PLACE_STORED_SIZE = CEPA_ED25519_PUBLIC_KEY_LEN + CEPA_PLACE_NONCE_SIZE + 4 + 1 + 3,
    CEPA_PLACES_SIZE_MAX = 1 + 1 + 2 + CEPA_PLACES_MAX * CEPA_PLACE_STORED_SIZE
};

/* A mailbox at a relay. */
struct cepa_place {
    struct cepa_ed25519_public_key relay; /* its name in the index */
    uint8_t nonce[CEPA_PLACE_NONCE_SIZE]; /* random: so that it has never the same keys twice */
    struct cepa_directory_day day;        /* the last on which a descriptor said it */
    bool is_open;                         /* the relay has opened it */
    bool is_former;                       /* descriptors do not say it any more */
};

/* cepa_place_keys derives the owner's key of a mailbox, which names it, and the writing key.
 * @[SPEC 14.10] */
void cepa_place_keys(struct cepa_ed25519_key *ret_owner, struct cepa_ed25519_key *ret_writing,
                     const struct cepa_place *place, const struct cepa_identity_mailbox *secret,
                     const struct cepa_network_id *network);

/* cepa_places_encode writes `len` <= CEPA_PLACES_MAX places (asserted), up to CEPA_PLACES_SIZE_MAX
 * bytes, and gives how many bytes. */
void cepa_places_encode(uint8_t *ret_bytes, size_t *ret_bytes_len, const struct cepa_place *places,
                        size_t len);

/* cepa_places_decode reads them back, into room for CEPA_PLACES_MAX. Returns 0, CEPA_ERR_LENGTH,
 * CEPA_ERR_VERSION or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_places_decode(struct cepa_place *ret_places, size_t *ret_len,
                                     const uint8_t *bytes, size_t bytes_len);

#endif
