/* Keys of one hop of a circuit: from the packet that creates it, and from each renewal.
 * @[SPEC 5.2], @[SPEC 5.7] */
#ifndef CEPA_ONION_CIRCUIT_KEYS_H
#define CEPA_ONION_CIRCUIT_KEYS_H

#include <stdint.h>

#include "crypto/xwing.h"
#include "wire/renewal.h"

enum {
    CEPA_CIRCUIT_HOPS_MAX = CEPA_PACKET_HOPS_MAX,
    /* Hops behind a hop that may send: four, and four in their place after a break. */
    CEPA_CIRCUIT_SENDERS_MAX = 2 * (CEPA_CIRCUIT_HOPS_MAX - 1),
    CEPA_CIRCUIT_KEY_SIZE = 32,
    CEPA_CIRCUIT_CONFIRM_SIZE = 32
};

/* What a CREATE command leaves at a hop; the origin has the same. Secret. */
struct cepa_circuit_seed {
    uint8_t bytes[32];
};

/* The keys that hold from some moment on: at first from the seed, later from a renewal. Secret. */
struct cepa_circuit_keys {
    uint8_t chain[CEPA_CIRCUIT_KEY_SIZE];       /* goes into the next renewal */
    uint8_t forward[CEPA_CIRCUIT_KEY_SIZE];     /* HPolyC key, from the origin */
    uint8_t backward[CEPA_CIRCUIT_KEY_SIZE];    /* HPolyC key, to the origin */
    uint8_t confirm[CEPA_CIRCUIT_CONFIRM_SIZE]; /* shown to the other side as a proof */
};

/* The numbers that hide one link's counters from another; they stay for the circuit's life. */
struct cepa_circuit_counters {
    uint64_t forward_start;   /* the origin's first counter, used of the first hop only */
    uint64_t forward_offset;  /* what this hop adds to a counter that goes on */
    uint64_t backward_start;  /* the first counter of a cell that this hop originates */
    uint64_t backward_offset; /* what this hop adds to a counter that goes back */
};

/* cepa_circuit_keys_derive gives a hop's first keys and its counters. */
void cepa_circuit_keys_derive(struct cepa_circuit_keys *ret_keys,
                              struct cepa_circuit_counters *ret_counters,
                              const struct cepa_circuit_seed *seed);

/* cepa_circuit_keys_renew gives the keys after a renewal, from the `chain` key before it, the
 * shared secret of the fresh key pair, and what was said. `offer` is the encoded offer,
 * `ciphertext` that of the answer. */
void cepa_circuit_keys_renew(struct cepa_circuit_keys *ret_keys,
                             const uint8_t chain[CEPA_CIRCUIT_KEY_SIZE],
                             const struct cepa_xwing_secret *secret,
                             const uint8_t offer[CEPA_RENEWAL_OFFER_SIZE],
                             const uint8_t ciphertext[CEPA_KEM_CIPHERTEXT_SIZE]);

#endif
