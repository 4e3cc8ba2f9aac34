/* Removing one layer of a packet: what a relay does with each packet that arrives.
 *
 * Whatever is wrong with a packet, apart from facts that anybody can see, the same instructions run
 * and one and the same error comes back, so that neither an observer nor the sender can tell a bad
 * authenticator from a replay. Every failure leaves the relay as it was, save that a packet with a
 * right header leaves its replay tag whatever is wrong with its payload or its command.
 * @[SPEC 4.5] */
#ifndef CEPA_ONION_PACKET_PEEL_H
#define CEPA_ONION_PACKET_PEEL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/hpolyc.h"
#include "crypto/xwing.h"
#include "onion/onion_keys.h"
#include "onion/packet_keys.h"
#include "wire/ids.h"
#include "wire/packet.h"
#include "wire/packet_payload.h"

/* How a packet came here. */
enum cepa_packet_source {
    CEPA_PACKET_FROM_LINK,   /* whole, over a link */
    CEPA_PACKET_FROM_CIRCUIT /* in the cells of a circuit that ends or was cut here */
};

/* What a packet wants of this hop. */
struct cepa_packet_peeled {
    enum cepa_packet_type type; /* decides which of the rest means something */
    uint16_t delay_ms;          /* FORWARD, REPLY: wait so long before sending on */
    struct cepa_node_id next;   /* FORWARD, CREATE, EXTEND, REPLY: send it there */
    struct cepa_recipient_tag
        recipient;                      /* DELIVER, CREATE_LAST, REPLY_LAST: who gets the content */
    struct cepa_circuit_seed circuit;   /* CREATE, CREATE_LAST: of the new circuit; secret */
    struct cepa_packet_content content; /* DELIVER, CREATE_LAST: the content; REPLY_LAST: all of
                                         * delta; lent, points into the packet */
};

/* Room for the work on one packet. Holds nothing between calls. */
struct cepa_packet_peel_workspace {
    struct cepa_xwing_workspace xwing;
    struct cepa_xwing_secret secret;
    struct cepa_packet_keys keys;
    struct cepa_hpolyc_key payload;
};

/* cepa_packet_peel takes a packet of `packet_len` bytes in place. `share` is that of the link over
 * which the packet came (with `source` CIRCUIT: the link that carries the circuit). If it goes on,
 * the packet is afterwards what has to be sent. Returns 0, or
 *   CEPA_ERR_LENGTH     it is not CEPA_PACKET_SIZE bytes long;
 *   CEPA_ERR_VERSION    unknown version or geometry;
 *   CEPA_ERR_MALFORMED  the zero byte of the prefix is not zero;
 *   CEPA_ERR_EPOCH      its epoch has no live key here;
 *   CEPA_ERR_DROPPED    anything else; the packet is wiped.
 * With the first four, packet and relay are untouched. One X-Wing decapsulation and five passes
 * over parts of the packet. */
CEPA_MUST_USE int cepa_packet_peel(struct cepa_packet_peeled *ret_peeled, uint8_t *packet,
                                   size_t packet_len, struct cepa_onion_keys *keys,
                                   struct cepa_onion_share *share, enum cepa_packet_source source,
                                   struct cepa_packet_peel_workspace *workspace, uint32_t cpu);

#endif
