/* Talking: messages go over one circuit to its last hop and come back, now and then or as many as
 * there is room for. The circuit stays for the next talk. It gives links something to carry, to see
 * what that looks like from outside. */
#ifndef CEPA_NATIVE_DAEMON_TALK_H
#define CEPA_NATIVE_DAEMON_TALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "node/node.h"

enum {
    CEPA_TALK_UNANSWERED_MAX = 32, /* messages that may be under way */
    CEPA_TALK_RETRY_MS = 500       /* until a circuit is tried again */
};

/* A talk; all zeros before the first. */
struct cepa_talk {
    bool is_ready;          /* the circuit is */
    uint8_t hops;           /* of the circuit */
    uint32_t unanswered;    /* messages under way */
    uint64_t circuit;       /* 0: none */
    uint64_t every_ns;      /* between two messages; 0: as many as there is room for */
    struct cepa_time next;  /* message, or try to open a circuit */
    struct cepa_time until; /* none is sent from then on */
};

/* cepa_talk_begin lets messages go every `every_ms` for `for_ms`, over the circuit that is there,
 * or else over a new one of `hops` relays. */
void cepa_talk_begin(struct cepa_talk *talk, uint32_t every_ms, uint32_t for_ms, uint8_t hops,
                     struct cepa_time now);

/* cepa_talk_step sends what is due. */
void cepa_talk_step(struct cepa_talk *talk, struct cepa_node *node, struct cepa_time now);

/* cepa_talk_deadline gives when cepa_talk_step is to be called at the latest. */
struct cepa_time cepa_talk_deadline(const struct cepa_talk *talk);

/* cepa_talk_on_event takes an EVENT effect of the node; true if it was about the talk's circuit. */
bool cepa_talk_on_event(struct cepa_talk *talk, struct cepa_node *node,
                        const struct cepa_node_effect *effect, struct cepa_time now);

#endif
