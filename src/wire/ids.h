/* The names that messages carry. Each is a type of its own, so that mixing them does not compile.
 * @[SPEC 4.1] */
#ifndef CEPA_WIRE_IDS_H
#define CEPA_WIRE_IDS_H

#include <stdint.h>

#include "wire/sizes.h"

/* Names a relay. */
struct cepa_node_id {
    uint8_t bytes[CEPA_NODE_ID_SIZE]; /* the hash of its certificate's keys */
};

/* Names a recipient at the last hop of a packet: somebody whom that relay can reach. */
struct cepa_recipient_tag {
    uint8_t bytes[CEPA_NODE_ID_SIZE]; /* agreed between the recipient and that relay */
};

#endif
