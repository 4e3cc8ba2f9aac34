/* The descriptor of an address, made by its owner and opened by whoever has the address.
 * @[SPEC 14.4] @[SPEC 14.6] */
#ifndef CEPA_RENDEZVOUS_DESCRIPTOR_H
#define CEPA_RENDEZVOUS_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"
#include "base/time.h"
#include "identity/identity.h"
#include "rendezvous/positions.h"
#include "wire/address_contents.h"
#include "wire/ids.h"

/* An address on one day. */
struct cepa_address_day {
    struct cepa_address address;
    struct cepa_network_id network;
    struct cepa_directory_day day;
    struct cepa_ed25519_blinded_public_key key; /* its name for that day */
    struct cepa_descriptor_position positions[CEPA_DESCRIPTOR_POSITIONS];
};

/* What an opened descriptor says; everything in it was verified. */
struct cepa_address_found {
    uint64_t sequence;
    struct cepa_identity_public keys;
    struct cepa_address_contents contents;
};

/* Temporaries, 96 KB; nothing has to be in it before, nothing secret is after. It may be shared. */
struct cepa_descriptor_workspace {
    struct cepa_mldsa_workspace mldsa;
    struct cepa_mldsa_signature signature;
    struct cepa_identity_public keys;
    uint8_t key_bytes[CEPA_IDENTITY_PUBLIC_SIZE];       /* encoded */
    uint8_t plain[CEPA_ADDRESS_DESCRIPTOR_SEALED_SIZE]; /* what was opened, with its tag */
};

/* cepa_address_day_init computes the key and the positions of `address` on `day`. Returns 0, or
 * CEPA_ERR_INVALID_KEY if there is no such address. About 100 us. */
CEPA_MUST_USE int cepa_address_day_init(struct cepa_address_day *ret_day,
                                        const struct cepa_address *address,
                                        const struct cepa_network_id *network,
                                        struct cepa_directory_day day);

/* cepa_address_descriptor_make writes the descriptor (CEPA_ADDRESS_DESCRIPTOR_SIZE bytes) that says
 * `contents` of `identity` on `day`; `day` is of the same identity (asserted). Returns 0 or
 * CEPA_ERR_RANDOM; or CEPA_ERR_EXHAUSTED, see cepa_mldsa_sign. About 0.15 ms. */
CEPA_MUST_USE int cepa_address_descriptor_make(
    uint8_t *ret_bytes, const struct cepa_identity *identity, const struct cepa_address_day *day,
    uint64_t sequence, const struct cepa_address_contents *contents,
    const struct cepa_random *random, struct cepa_descriptor_workspace *workspace, uint32_t cpu);

/* cepa_address_descriptor_open opens and checks what claims to be the descriptor of `day`, from
 * anybody; one whose sequence is below `sequence_min` is not looked at further. Returns 0, or
 *   CEPA_ERR_LENGTH, CEPA_ERR_VERSION, CEPA_ERR_MALFORMED, CEPA_ERR_AUTHENTICATION,
 *   CEPA_ERR_INVALID_KEY, CEPA_ERR_LOW_ORDER_POINT   it is none;
 *   CEPA_ERR_EPOCH      it is of another address or day;
 *   CEPA_ERR_REPLAY     it is older.
 * Variable time: who has the address may read all of it. About 0.16 ms. */
CEPA_MUST_USE int cepa_address_descriptor_open(struct cepa_address_found *ret_found,
                                               const struct cepa_address_day *day,
                                               uint64_t sequence_min, const uint8_t *bytes,
                                               size_t bytes_len,
                                               struct cepa_descriptor_workspace *workspace,
                                               uint32_t cpu);

#endif
