/* The keys that one hop of a packet uses, and the two authenticators that are computed with them.
 * The hop has them from decapsulation, the sender from encapsulation. @[SPEC 4.3] */
#ifndef CEPA_ONION_PACKET_KEYS_H
#define CEPA_ONION_PACKET_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/xwing.h"
#include "onion/circuit_keys.h"
#include "onion/replay_cache.h"
#include "wire/sizes.h"

enum { CEPA_PACKET_KEY_SIZE = 32 };

/* Names an onion public key: what goes into the keys of a hop in its stead. */
struct cepa_onion_key_id {
    uint8_t bytes[32]; /* its hash */
};

/* What one hop derives from its shared secret. All secret, every key used once. */
struct cepa_packet_keys {
    uint8_t mac[CEPA_PACKET_KEY_SIZE];         /* Poly1305, over the header */
    uint8_t stream[CEPA_PACKET_KEY_SIZE];      /* ChaCha20, beta */
    uint8_t payload[CEPA_PACKET_KEY_SIZE];     /* HPolyC, delta */
    uint8_t payload_mac[CEPA_PACKET_KEY_SIZE]; /* Poly1305, over delta */
    struct cepa_replay_tag replay;             /* by which the packet is recognised */
    struct cepa_circuit_seed circuit;          /* for CREATE and CREATE_LAST */
};

/* cepa_onion_key_id_of gives the id of a public key. Computed once per key, by its owner and by
 * whoever uses it. @[SPEC 4.3] */
void cepa_onion_key_id_of(struct cepa_onion_key_id *ret_id,
                          const struct cepa_xwing_public_key *key);

/* cepa_packet_keys_derive gives the keys of the hop with the onion key `key_id`, for a packet that
 * begins with `prefix` (CEPA_PACKET_PREFIX_SIZE bytes). Constant time. @[SPEC 4.3] */
void cepa_packet_keys_derive(struct cepa_packet_keys *ret_keys,
                             const struct cepa_xwing_secret *secret,
                             const struct cepa_onion_key_id *key_id, const uint8_t *prefix);

/* cepa_packet_keys_gamma computes the tag of a header of CEPA_PACKET_HEADER_SIZE bytes, over
 * everything but the place of the tag. */
void cepa_packet_keys_gamma(const struct cepa_packet_keys *keys, uint8_t ret_gamma[CEPA_TAG_SIZE],
                            const uint8_t *header, uint32_t cpu);

/* cepa_packet_keys_payload_mac computes the tag of a delta of CEPA_PACKET_PAYLOAD_SIZE bytes, as
 * the hop receives it. */
void cepa_packet_keys_payload_mac(const struct cepa_packet_keys *keys,
                                  uint8_t ret_mac[CEPA_PACKET_PAYLOAD_MAC_SIZE],
                                  const uint8_t *delta, uint32_t cpu);

#endif
