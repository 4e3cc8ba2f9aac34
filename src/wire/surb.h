/* A single-use reply block as it travels: the first hop, a ready header, a key for the payload.
 * What makes and uses it is onion/surb.h. @[SPEC 4.7] */
#ifndef CEPA_WIRE_SURB_H
#define CEPA_WIRE_SURB_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ids.h"
#include "wire/sizes.h"

/* The parts of a SURB; whoever holds it can use it, so all of it is confidential. */
struct cepa_surb {
    struct cepa_node_id first; /* the relay that the packet is sent to */
    const uint8_t *header;     /* CEPA_PACKET_HEADER_SIZE bytes, lent */
    const uint8_t *key;        /* CEPA_SURB_KEY_SIZE bytes, lent; encrypts the payload */
};

/* cepa_surb_encode writes CEPA_SURB_SIZE bytes. `surb->header` and `surb->key` may already stand in
 * their places in `ret_bytes`. */
void cepa_surb_encode(uint8_t *ret_bytes, const struct cepa_surb *surb);

/* cepa_surb_decode reads a SURB of `len` bytes, into which the result points. Returns 0,
 * CEPA_ERR_LENGTH unless `len` is CEPA_SURB_SIZE, or CEPA_ERR_VERSION or CEPA_ERR_MALFORMED for the
 * prefix of its header. */
CEPA_MUST_USE int cepa_surb_decode(struct cepa_surb *ret_surb, const uint8_t *bytes, size_t len);

#endif
