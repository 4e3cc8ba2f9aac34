/* An identity: who somebody is towards others, apart from the node that they run. One secret gives
 * all its keys, so that a backup is 32 bytes. @[SPEC 14.1] @[SPEC 14.3]
 *
 *     secret 32 --KDF--> Ed25519 seed | ML-DSA-65 seed | X-Wing seed | mailbox secret
 *     public keys 3,200 --> address 48
 *
 * Identities of one person have nothing in common, with each other or with a node. */
#ifndef CEPA_IDENTITY_IDENTITY_H
#define CEPA_IDENTITY_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa.h"
#include "crypto/xwing.h"
#include "identity/address.h"

enum {
    CEPA_IDENTITY_SECRET_SIZE = 32,
    CEPA_IDENTITY_MAILBOX_SIZE = 32,
    CEPA_IDENTITY_PUBLIC_SIZE =
        CEPA_ED25519_PUBLIC_KEY_LEN + CEPA_MLDSA_PUBLIC_KEY_BYTES + CEPA_XWING_PUBLIC_KEY_BYTES
};

_Static_assert(CEPA_IDENTITY_PUBLIC_SIZE == 3200, "32 + 1,952 + 1,216");

/* What an identity is made of: random bytes. Secret; wiped with cepa_wipe. */
struct cepa_identity_secret {
    uint8_t bytes[CEPA_IDENTITY_SECRET_SIZE];
};

/* What the keys of an identity's mailboxes are derived from. Secret. */
struct cepa_identity_mailbox {
    uint8_t bytes[CEPA_IDENTITY_MAILBOX_SIZE];
};

/* The public keys behind an address. */
struct cepa_identity_public {
    struct cepa_ed25519_public_key ed25519; /* signs for the day, blinded */
    struct cepa_mldsa_public_key mldsa;     /* signs what outlives quantum computers */
    struct cepa_xwing_public_key xwing;     /* what is sealed to the identity is sealed for */
};

/* An identity, expanded, 61 KB: secret but for its public keys and its address. Its owner wipes it
 * with cepa_identity_wipe. */
struct cepa_identity {
    struct cepa_address address;
    struct cepa_ed25519_key ed25519;
    struct cepa_mldsa_key mldsa;
    struct cepa_xwing_key xwing;
    struct cepa_identity_mailbox mailbox;
};

/* Temporaries of cepa_identity_expand; nothing has to be in it before, nothing secret is after. */
struct cepa_identity_workspace {
    union {
        struct cepa_mldsa_workspace mldsa;
        struct cepa_xwing_workspace xwing;
    } of;
};

/* cepa_identity_expand makes the keys and the address of `secret`. `cpu` is enum cepa_cpu. About
 * 0.1 ms. @[SPEC 14.1] */
void cepa_identity_expand(struct cepa_identity *ret_identity,
                          const struct cepa_identity_secret *secret,
                          struct cepa_identity_workspace *workspace, uint32_t cpu);

/* cepa_identity_wipe overwrites it with zeros. */
void cepa_identity_wipe(struct cepa_identity *identity);

/* cepa_identity_publish gives the public keys. */
void cepa_identity_publish(struct cepa_identity_public *ret_public,
                           const struct cepa_identity *identity);

/* cepa_identity_public_address gives the address of public keys. @[SPEC 14.1] */
void cepa_identity_public_address(struct cepa_address *ret_address,
                                  const struct cepa_identity_public *keys);

/* cepa_identity_public_check tells whether `keys` are those of `address` and may be used. Returns
 * 0; CEPA_ERR_AUTHENTICATION if they are not those of the address; CEPA_ERR_INVALID_KEY or
 * CEPA_ERR_LOW_ORDER_POINT if one fails its own check. Variable time: all of it is public. Costs
 * about a signature's verification. @[SPEC 14.3] */
CEPA_MUST_USE int cepa_identity_public_check(const struct cepa_identity_public *keys,
                                             const struct cepa_address *address);

/* cepa_identity_public_encode writes the keys in the order of the struct. @[SPEC 14.3] */
void cepa_identity_public_encode(uint8_t ret_bytes[CEPA_IDENTITY_PUBLIC_SIZE],
                                 const struct cepa_identity_public *keys);

/* cepa_identity_public_decode reads them, unchecked: no key may be used before
 * cepa_identity_public_check. Returns 0, or CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_identity_public_decode(struct cepa_identity_public *ret_keys,
                                              const uint8_t *bytes, size_t bytes_len);

#endif
