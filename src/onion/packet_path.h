/* The part that forward packets and reply blocks have in common on the sender's side: agreeing on
 * keys with every hop of a path, and writing the header that leads along it.
 * @[SPEC 4.4] steps 1 and 4 to 6. */
#ifndef CEPA_ONION_PACKET_PATH_H
#define CEPA_ONION_PACKET_PATH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/xwing.h"
#include "onion/packet_keys.h"
#include "wire/ids.h"
#include "wire/packet.h"

enum { CEPA_PACKET_KEM_RANDOM_SIZE = 64, CEPA_PACKET_FILLER_KEY_SIZE = 32 };

/* One relay on a path, as its key record describes it. */
struct cepa_packet_hop {
    const struct cepa_xwing_public_key *key; /* its onion key of the packet's epoch; lent */
    struct cepa_onion_key_id key_id;         /* cepa_onion_key_id_of(key) */
    struct cepa_node_id node;                /* who it is */
    uint16_t delay_ms;                       /* how long it waits; 0 unless its type may delay */
};

/* A path with its keys. Secret; also the room in which a header is made. */
struct cepa_packet_path {
    struct cepa_xwing_workspace xwing;
    struct {
        uint8_t kem[CEPA_PACKET_HOPS_MAX * CEPA_PACKET_KEM_RANDOM_SIZE];
        uint8_t filler_key[CEPA_PACKET_FILLER_KEY_SIZE];
    } random;
    size_t hops_len;
    uint8_t prefix[CEPA_PACKET_PREFIX_SIZE];
    struct cepa_xwing_ciphertext alphas[CEPA_PACKET_HOPS_MAX];
    struct cepa_xwing_secret secrets[CEPA_PACKET_HOPS_MAX];
    struct cepa_packet_keys keys[CEPA_PACKET_HOPS_MAX];
    uint8_t streams[CEPA_PACKET_HOPS_MAX][CEPA_PACKET_STREAM_SIZE];
    uint8_t filler[CEPA_PACKET_BETA_SIZE - CEPA_PACKET_FINAL_SIZE];
};

/* cepa_packet_path_init draws all randomness of a header and agrees on keys with `hops_len` hops.
 * Returns 0, CEPA_ERR_ARGUMENT unless there are 1 to CEPA_PACKET_HOPS_MAX hops, CEPA_ERR_RANDOM, or
 * CEPA_ERR_INVALID_KEY or CEPA_ERR_LOW_ORDER_POINT for a bad key of a hop. After a failure nothing
 * of the path may be used; it holds no secret then. One encapsulation per hop. */
CEPA_MUST_USE int cepa_packet_path_init(struct cepa_packet_path *ret_path,
                                        const struct cepa_packet_hop *hops, size_t hops_len,
                                        struct cepa_onion_epoch epoch,
                                        const struct cepa_random *random, uint32_t cpu);

/* cepa_packet_path_header writes the CEPA_PACKET_HEADER_SIZE bytes that the first hop receives.
 * `commands` are those of all hops, in order; asserted: the last one stands in a final block, the
 * others in slots. Once for each path. */
void cepa_packet_path_header(struct cepa_packet_path *path, uint8_t *ret_header,
                             const struct cepa_packet_command *commands, uint32_t cpu);

/* cepa_packet_path_wipe forgets the keys, and whose they are. */
void cepa_packet_path_wipe(struct cepa_packet_path *path);

#endif
