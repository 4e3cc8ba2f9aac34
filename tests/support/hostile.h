/* Networks in virtual time with one hostile host. Its node is a real one, published and linked like
 * the others, but the test speaks on its links whatever it likes; or it has no node, and the test
 * sends frames as they are. */
#ifndef CEPA_TESTS_SUPPORT_HOSTILE_H
#define CEPA_TESTS_SUPPORT_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/node_parts.h"
#include "sim/watch.h"
#include "sim/world.h"
#include "wire/mesh_message.h"

enum { HOSTILE_HONEST = 10, HOSTILE_FRAMES_MAX = 16 };

/* A network: hosts 0 to HOSTILE_HONEST - 1 are honest relays, `victim` is one of them, `culprit` is
 * the host behind them. */
struct hostile_net {
    struct sim *sim;
    struct sim_watch watch;
    uint32_t victim;
    uint32_t culprit;
    void (*attack)(struct hostile_net *net); /* every 5 ms of hostile_run; NULL: peace */
    uint64_t count;                          /* of the attack */
    uint64_t dials;                          /* by hostile_dial_raw */
};

/* How circuits of honest hosts went. */
struct hostile_circuits {
    uint32_t tried;
    uint32_t worked; /* became ready and echoed */
    double cpu_s;    /* of this process, for one second of the network */
};

/* hostile_begin makes the network and waits until it is whole. `has_node`: the culprit is a relay
 * in it; else there is nothing at its address. */
void hostile_begin(struct hostile_net *net, uint64_t seed, bool has_node);

/* hostile_end checks that nothing honest has broken, and frees the network. */
void hostile_end(struct hostile_net *net);

/* hostile_node gives the node of a host. */
struct cepa_node *hostile_node(const struct hostile_net *net, uint32_t host);

/* hostile_link gives the culprit's link to the victim, NULL if there is none (any more). */
struct cepa_node_link *hostile_link(struct hostile_net *net);

/* hostile_connect opens one if there is none; false if the victim does not want it. */
bool hostile_connect(struct hostile_net *net);

/* hostile_say sends bytes as a message, and hostile_tell an item; false if there is no link or no
 * room on it. */
bool hostile_say(struct hostile_net *net, const uint8_t *bytes, size_t len);
bool hostile_tell(struct hostile_net *net, const struct cepa_mesh_item *item);

/* hostile_send_packet sends bytes as an onion packet that creates a circuit. */
bool hostile_send_packet(struct hostile_net *net, const uint8_t *packet);

/* hostile_dial_raw dials the victim from the culprit's address and forgets it: no node is told.
 * Returns the line. hostile_frame lets a frame arrive at the victim on a line, `delay_ns` from now.
 */
uint32_t hostile_dial_raw(struct hostile_net *net);
void hostile_frame(struct hostile_net *net, uint32_t line, const uint8_t *frame, size_t len,
                   uint64_t delay_ns);

/* hostile_first writes the frames of a handshake's first message to the victim, which costs it a
 * decapsulation and then does not open. Returns how many. */
size_t hostile_first(struct hostile_net *net, uint8_t ret_frames[][CEPA_FRAME_SIZE]);

/* hostile_run lets time pass, with the attack. */
void hostile_run(struct hostile_net *net, uint64_t ms);

/* hostile_item gives an item of the mesh, all zeros but its type. */
struct cepa_mesh_item hostile_item(enum cepa_mesh_item_type type);

/* hostile_try builds `count` circuits of three hops, one of two with the victim as its last hop, at
 * honest hosts in turn, under attack, and sends a message over each. */
struct hostile_circuits hostile_try(struct hostile_net *net, uint32_t count);

/* hostile_attack is the usual test: circuits in peace, circuits under `attack`; checks that nine of
 * ten work and that the network's work stays within bounds; prints both. */
void hostile_attack(struct hostile_net *net, const char *name,
                    void (*attack)(struct hostile_net *net), uint32_t count);

/* hostile_check_paid checks that the culprit has lost its links to the victim, or is refused, and
 * that nobody honest has points with the victim. */
void hostile_check_paid(struct hostile_net *net, bool is_expelled);

#endif
