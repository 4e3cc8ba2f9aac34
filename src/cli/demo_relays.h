/* The five relays of the demonstration, and what their sender knows of them. Each relay has its
 * own seed, keys, cache and circuit; the sender has public keys only. */
#ifndef CEPA_CLI_DEMO_RELAYS_H
#define CEPA_CLI_DEMO_RELAYS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "onion/circuit_origin.h"
#include "onion/circuit_relay.h"
#include "onion/onion_keys.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"

enum { CEPA_DEMO_HOPS = CEPA_PACKET_HOPS_MAX };

/* One relay; nobody else looks into it. */
struct cepa_demo_relay {
    struct cepa_node_id node;               /* its name */
    struct cepa_onion_keys keys;            /* secret */
    void *memory;                           /* of the replay caches */
    struct cepa_onion_share share;          /* of the one link that leads here */
    struct cepa_circuit_relay circuit;      /* the one circuit that goes through it */
    struct cepa_packet_peel_workspace room; /* for packets */
};

/* Relays and sender. */
struct cepa_demo {
    struct cepa_demo_relay relays[CEPA_DEMO_HOPS];
    struct cepa_onion_epoch epoch;                            /* now */
    struct cepa_xwing_public_key public_keys[CEPA_DEMO_HOPS]; /* as the sender knows them */
    struct cepa_packet_plan plan;                             /* over all relays in order */
    struct cepa_packet_build_workspace room;                  /* the sender's */
    struct cepa_circuit_origin origin;                        /* the sender's end of the circuit */
    uint8_t packet[CEPA_PACKET_SIZE];                         /* the one under way */
    uint32_t cpu;                                             /* CEPA_CPU_* */
};

/* cepa_demo_init makes relays with fresh keys for the current epoch, which take `packets_max`
 * packets each. Returns 0, CEPA_ERR_RANDOM, or CEPA_ERR_FULL without memory. */
CEPA_MUST_USE int cepa_demo_init(struct cepa_demo *ret_demo, uint64_t packets_max);

/* cepa_demo_wipe forgets all keys and frees the memory of the relays. */
void cepa_demo_wipe(struct cepa_demo *demo);

/* cepa_demo_find gives the relay with this name, or NULL. */
struct cepa_demo_relay *cepa_demo_find(struct cepa_demo *demo, const struct cepa_node_id *node);

/* cepa_demo_peel lets a relay peel the packet under way, as peeling from a link does. */
CEPA_MUST_USE int cepa_demo_peel(struct cepa_demo *demo, struct cepa_demo_relay *relay,
                                 struct cepa_packet_peeled *ret_peeled);

#endif
