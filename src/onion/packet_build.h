/* Making a forward packet: one whose sender knows the content. Cover traffic is made by the same
 * function with the type DROP at the last hop, so nothing but that hop can tell. @[SPEC 4.4] */
#ifndef CEPA_ONION_PACKET_BUILD_H
#define CEPA_ONION_PACKET_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/hpolyc.h"
#include "onion/packet_path.h"
#include "wire/ids.h"
#include "wire/packet.h"
#include "wire/packet_payload.h"

/* What is sent, and along which path. */
struct cepa_packet_plan {
    struct cepa_packet_hop hops[CEPA_PACKET_HOPS_MAX]; /* first to last */
    enum cepa_packet_type types[CEPA_PACKET_HOPS_MAX]; /* what each hop does; no replies */
    size_t hops_len;                                   /* 1 to CEPA_PACKET_HOPS_MAX */
    struct cepa_onion_epoch epoch;                     /* of all the hops' keys */
    struct cepa_recipient_tag recipient;               /* at the last hop */
    struct cepa_packet_content content;                /* for the recipient; lent */
};

/* The seeds of a new circuit, first hop to last. Secret. Zeros for hops that do not create. */
struct cepa_packet_circuit_seeds {
    struct cepa_circuit_seed of_hop[CEPA_PACKET_HOPS_MAX];
};

/* Room for the work on one packet. Wiped after each call, since it tells the path. */
struct cepa_packet_build_workspace {
    struct cepa_packet_path path;
    struct cepa_packet_command commands[CEPA_PACKET_HOPS_MAX];
    struct cepa_hpolyc_key payload;
};

/* cepa_packet_build makes a packet of CEPA_PACKET_SIZE bytes for the first hop of the plan, and the
 * seeds of the circuit that it creates (`ret_seeds` may be NULL). Returns 0, or, before anything is
 * written:
 *   CEPA_ERR_ARGUMENT         not 1 to 5 hops, a type that is unknown, a reply or not in its place,
 *                             a delay too long or of a type that has none;
 *   CEPA_ERR_TOO_LONG         the content exceeds CEPA_PACKET_CONTENT_MAX;
 *   CEPA_ERR_RANDOM           the source failed, at either of its two draws;
 *   CEPA_ERR_INVALID_KEY, CEPA_ERR_LOW_ORDER_POINT  a hop's key is bad.
 * One encapsulation and one pass over the payload per hop. */
CEPA_MUST_USE int cepa_packet_build(uint8_t *ret_packet,
                                    struct cepa_packet_circuit_seeds *ret_seeds,
                                    const struct cepa_packet_plan *plan,
                                    const struct cepa_random *random,
                                    struct cepa_packet_build_workspace *workspace, uint32_t cpu);

#endif
