/* What a driver tells a node: facts about carriers and the machine. Facts about an unknown carrier
 * are ignored, because a driver may learn of an end later than the node. */
#ifndef CEPA_NODE_NODE_FACTS_H
#define CEPA_NODE_NODE_FACTS_H

#include "node/node.h"

/* cepa_node_on_carrier_open says that a carrier is open: one that DIAL, OFFER or ANSWER asked for,
 * or one that somebody has dialled, with a new number that has CEPA_NODE_CARRIER_ACCEPTED. Where
 * the node has no room, CLOSE follows. */
void cepa_node_on_carrier_open(struct cepa_node *node, uint64_t carrier,
                               const struct cepa_carrier_facts *facts, struct cepa_time now);

/* cepa_node_on_carrier_frame gives a message that arrived, `frame_len` bytes; it is decrypted in
 * place. */
void cepa_node_on_carrier_frame(struct cepa_node *node, uint64_t carrier, uint8_t *frame,
                                size_t frame_len, struct cepa_time now);

/* cepa_node_on_carrier_silent says that the other side answers nothing any more (consent checks
 * fail), and cepa_node_on_carrier_alive that it does again. */
void cepa_node_on_carrier_silent(struct cepa_node *node, uint64_t carrier, struct cepa_time now);
void cepa_node_on_carrier_alive(struct cepa_node *node, uint64_t carrier, struct cepa_time now);

/* cepa_node_on_carrier_closed says that a carrier is gone, or that it could not be opened (`error`,
 * else 0: the other side has closed it). */
void cepa_node_on_carrier_closed(struct cepa_node *node, uint64_t carrier, int error,
                                 struct cepa_time now);

/* cepa_node_on_signal gives what OFFER or ANSWER asked for, or a candidate of a carrier that is
 * being opened; 1 to CEPA_SIGNAL_MAX bytes, copied. */
void cepa_node_on_signal(struct cepa_node *node, uint64_t carrier, enum cepa_signal_kind kind,
                         const uint8_t *data, size_t data_len, struct cepa_time now);

/* cepa_node_on_addresses says where this node can be dialled from now on (port mapping, another
 * network); `reaches_len` 0: nowhere. A relay publishes it after new dial-backs. */
void cepa_node_on_addresses(struct cepa_node *node, const struct cepa_reach *reaches,
                            size_t reaches_len, struct cepa_time now);

/* cepa_node_on_certificates says which certificate the listener shows from now on, and which one
 * before. */
void cepa_node_on_certificates(struct cepa_node *node, const struct cepa_dtls_hash *dtls,
                               const struct cepa_dtls_hash *dtls_previous, struct cepa_time now);

/* cepa_node_on_moved says that this machine is in another network: carriers are being restarted by
 * the driver; nobody is to be suspected for a while. */
void cepa_node_on_moved(struct cepa_node *node, struct cepa_time now);

#endif
