/* Single-use reply blocks: a header made in advance, with which somebody who does not know its
 * creator can send one packet to it. For acknowledgements and probes within one onion epoch.
 *
 * On a reply's way a relay can destroy the payload unnoticed until the creator opens it; forward
 * packets do not have that weakness. @[SPEC 4.7] */
#ifndef CEPA_ONION_SURB_H
#define CEPA_ONION_SURB_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/hpolyc.h"
#include "onion/packet_path.h"
#include "wire/ids.h"
#include "wire/packet_payload.h"
#include "wire/surb.h"

/* The way back. */
struct cepa_surb_plan {
    struct cepa_packet_hop
        hops[CEPA_PACKET_HOPS_MAX];      /* first to last; any may delay but the last */
    size_t hops_len;                     /* 1 to CEPA_PACKET_HOPS_MAX */
    struct cepa_onion_epoch epoch;       /* of all the hops' keys */
    struct cepa_recipient_tag recipient; /* by which the last hop finds the creator */
};

/* What the creator keeps to read the reply. Secret; wiped by its owner with cepa_surb_secret_wipe
 * when the reply has come or the epoch is over. */
struct cepa_surb_secret {
    size_t hops_len;
    uint8_t payload[CEPA_PACKET_HOPS_MAX]
                   [CEPA_PACKET_KEY_SIZE]; /* HPolyC keys, first to last hop */
    uint8_t key[CEPA_SURB_KEY_SIZE];       /* HPolyC key of whoever replies */
};

/* Room for the work on one SURB. Wiped after each call, since it tells the path. */
struct cepa_surb_workspace {
    struct cepa_packet_path path;
    struct cepa_packet_command commands[CEPA_PACKET_HOPS_MAX];
};

/* cepa_surb_create makes a SURB of CEPA_SURB_SIZE bytes, to be given to one other party only.
 * Returns 0, or, before anything is written:
 *   CEPA_ERR_ARGUMENT  not 1 to 5 hops, or a delay too long or at the last hop;
 *   CEPA_ERR_RANDOM    the source failed, at any of its three draws;
 *   CEPA_ERR_INVALID_KEY, CEPA_ERR_LOW_ORDER_POINT  a hop's key is bad. */
CEPA_MUST_USE int cepa_surb_create(uint8_t *ret_surb, struct cepa_surb_secret *ret_secret,
                                   const struct cepa_surb_plan *plan,
                                   const struct cepa_random *random,
                                   struct cepa_surb_workspace *workspace, uint32_t cpu);

/* cepa_surb_use makes the packet of CEPA_PACKET_SIZE bytes that takes `content` along a SURB of
 * `surb_len` bytes, and says to which relay it is sent. A SURB is used once: a second packet would
 * be dropped as a replay. Returns 0, or, before anything is written, CEPA_ERR_LENGTH,
 * CEPA_ERR_VERSION or CEPA_ERR_MALFORMED for a bad SURB, CEPA_ERR_TOO_LONG for a content beyond
 * CEPA_PACKET_CONTENT_MAX. */
CEPA_MUST_USE int cepa_surb_use(uint8_t *ret_packet, struct cepa_node_id *ret_first,
                                const uint8_t *surb, size_t surb_len,
                                const struct cepa_packet_content *content, uint32_t cpu);

/* cepa_surb_open reads the delta of `delta_len` bytes that came back, in place; `ret_content`
 * points into it. Returns 0, CEPA_ERR_LENGTH unless `delta_len` is CEPA_PACKET_PAYLOAD_SIZE, or,
 * with `delta` wiped, CEPA_ERR_AUTHENTICATION if it was changed on the way or belongs to another
 * SURB, CEPA_ERR_MALFORMED if the one who replied wrote a length beyond the content or anything but
 * zeros behind it. */
CEPA_MUST_USE int cepa_surb_open(struct cepa_packet_content *ret_content, uint8_t *delta,
                                 size_t delta_len, const struct cepa_surb_secret *secret,
                                 uint32_t cpu);

/* cepa_surb_secret_wipe forgets the keys. */
void cepa_surb_secret_wipe(struct cepa_surb_secret *secret);

#endif
