/* What the files of a node say to each other; nobody outside includes this. */
#ifndef CEPA_NODE_NODE_PARTS_H
#define CEPA_NODE_NODE_PARTS_H

#include "node/node_state.h"

/* node.c */
void cepa_node_touch(struct cepa_node *node, struct cepa_node_link *link);
void cepa_node_settle(struct cepa_node *node, struct cepa_time now);
void cepa_node_push(struct cepa_node *node, const struct cepa_node_effect *effect);
void cepa_node_tell(struct cepa_node *node, enum cepa_node_event event, uint64_t circuit,
                    int error);
struct cepa_wall cepa_node_wall_now(const struct cepa_node *node, struct cepa_time now);

/* node_links.c: the table of links and carriers. */
struct cepa_node_link *cepa_node_link_new(struct cepa_node *node, bool is_initiator,
                                          struct cepa_time now);
struct cepa_node_link *cepa_node_link_find(const struct cepa_node *node, uint64_t number);
struct cepa_node_link *cepa_node_link_next(const struct cepa_node *node, uint32_t *cursor);
uint64_t cepa_node_link_number(const struct cepa_node_link *link);
/* Who pays for what a link costs: the network it comes from, or its introducer's. */
struct cepa_prefix cepa_node_link_source(const struct cepa_node *node,
                                         const struct cepa_node_link *link);
/* Dials an address, which is not private unless it `is_told`: by the owner, or by whoever is there.
 * Returns 0, CEPA_ERR_FULL or CEPA_ERR_UNREACHABLE. */
CEPA_MUST_USE int cepa_node_link_dial(struct cepa_node *node, struct cepa_node_link *link,
                                      const struct cepa_relay_address *address, bool is_told,
                                      struct cepa_time now);
void cepa_node_link_begin(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                          const struct cepa_carrier *carrier, struct cepa_time now);
void cepa_node_link_end(struct cepa_node *node, struct cepa_node_link *link, int error,
                        struct cepa_time now);
void cepa_node_link_slot_gone(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                              int error, struct cepa_time now);
void cepa_node_link_slot_close(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                               struct cepa_time now);
CEPA_MUST_USE int cepa_node_carrier_add(struct cepa_node *node, struct cepa_node_link *link,
                                        unsigned slot, uint64_t number);
void cepa_node_links_settle(struct cepa_node *node, struct cepa_time now);
void cepa_node_links_step(struct cepa_node *node, struct cepa_time now);
void cepa_node_links_tick(struct cepa_node *node, struct cepa_time now);

/* node_events.c: what links say. */
void cepa_node_link_events(struct cepa_node *node, struct cepa_node_link *link,
                           struct cepa_time now);

/* node_mesh.c: effects of the mesh, relayed carriers, signals. */
bool cepa_node_mesh_settle(struct cepa_node *node, struct cepa_time now);
void cepa_node_relayed_frame(struct cepa_node *node, struct cepa_node_link *via,
                             const struct cepa_link_event *event, struct cepa_time now);
void cepa_node_relayed_pump(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                            struct cepa_time now);
void cepa_node_relayed_room(struct cepa_node *node, uint64_t via);
void cepa_node_relayed_via_gone(struct cepa_node *node, uint64_t via, struct cepa_time now);

/* node_stalls.c: links that say nothing. */
void cepa_node_link_stalled(struct cepa_node *node, struct cepa_node_link *link,
                            struct cepa_time now);
void cepa_node_link_recovered(struct cepa_node *node, struct cepa_node_link *link,
                              struct cepa_time now);
void cepa_node_link_silence_due(struct cepa_node *node, struct cepa_node_link *link,
                                struct cepa_time now);

/* node_circuits.c: the circuit table and the links. */
bool cepa_node_table_settle(struct cepa_node *node, struct cepa_time now);
void cepa_node_on_cell(struct cepa_node *node, struct cepa_node_link *link,
                       const struct cepa_link_event *event, struct cepa_time now);
void cepa_node_on_packet(struct cepa_node *node, struct cepa_node_link *link,
                         const struct cepa_link_event *event, struct cepa_time now);
void cepa_node_on_window(struct cepa_node *node, struct cepa_node_link *link,
                         const struct cepa_link_event *event, struct cepa_time now);
void cepa_node_on_circuit_closed(struct cepa_node *node, struct cepa_node_link *link,
                                 uint32_t circuit_id, struct cepa_time now);
void cepa_node_answer(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                      struct cepa_time now);
void cepa_node_waiting_answer(struct cepa_node *node, uint64_t ticket, uint64_t link,
                              struct cepa_time now);

/* node_withhold.c: the budget. */
void cepa_node_withhold_sent(struct cepa_node *node, size_t len, struct cepa_time now);
void cepa_node_withhold_tick(struct cepa_node *node, struct cepa_time now);
void cepa_node_credit(struct cepa_node *node, uint64_t link, uint32_t circuit_id, uint32_t count,
                      struct cepa_time now);
struct cepa_time cepa_node_credit_deadline(const struct cepa_node *node);
void cepa_node_credit_step(struct cepa_node *node, struct cepa_time now);

/* node_services.c: this relay as the last hop. _serve gives true if the cell is used up when its
 * answer has left; _serve_window true if the cells that left were nobody's answers. */
/* Sends DATA to the origin of a circuit that ends here; false if that is not possible now. */
bool cepa_node_send_back(struct cepa_node *node, struct cepa_handle circuit, const uint8_t *data,
                         size_t data_len, struct cepa_time now);
bool cepa_node_serve(struct cepa_node *node, struct cepa_node_link *link, uint32_t circuit_id,
                     const struct cepa_circuit_outcome *outcome, struct cepa_time now);
bool cepa_node_serve_window(struct cepa_node *node, struct cepa_handle circuit,
                            const struct cepa_link_event *event, struct cepa_time now);

/* node_paths.c: this node as an origin. */
void cepa_node_paths_tick(struct cepa_node *node, struct cepa_time now);
void cepa_node_ask_guards(struct cepa_node *node, struct cepa_time now);
void cepa_node_on_guard_message(struct cepa_node *node, struct cepa_node_link *link,
                                const uint8_t *data, size_t data_len, struct cepa_time now);
void cepa_node_paths_step(struct cepa_node *node, struct cepa_time now);
bool cepa_node_paths_settle(struct cepa_node *node, struct cepa_time now);
bool cepa_node_own_cell(struct cepa_node *node, struct cepa_handle circuit, uint64_t counter,
                        uint8_t *body, struct cepa_time now);
void cepa_node_own_lost(struct cepa_node *node, struct cepa_handle circuit, struct cepa_time now);
void cepa_node_own_room(struct cepa_node *node, struct cepa_handle circuit, uint32_t room,
                        struct cepa_time now);
struct cepa_node_circuit *cepa_node_own_find(const struct cepa_node *node,
                                             struct cepa_handle circuit);
void cepa_node_paths_link_up(struct cepa_node *node, struct cepa_node_link *link,
                             struct cepa_time now);
void cepa_node_paths_link_gone(struct cepa_node *node, struct cepa_node_link *link,
                               struct cepa_time now);

bool cepa_node_is_online(const struct cepa_node *node);

/* node_buckets.c: buckets through circuits. `own` has a fetch. */
void cepa_node_fetch(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                     struct cepa_time now);
void cepa_node_fetch_end(struct cepa_node *node, uint64_t route, struct cepa_time now);
void cepa_node_fetch_opened(struct cepa_node *node, const struct cepa_node_circuit *own,
                            struct cepa_time now);
void cepa_node_fetch_lost(struct cepa_node *node, const struct cepa_node_circuit *own,
                          struct cepa_time now);
void cepa_node_fetch_cell(struct cepa_node *node, const struct cepa_node_circuit *own,
                          const uint8_t *data, size_t data_len, struct cepa_time now);
bool cepa_node_answer_part(uint8_t ret_data[CEPA_CELL_DATA_MAX], const uint8_t *answer,
                           size_t answer_len, uint32_t part);

/* node_identity.c: certificate, descriptor, onion keys, publication. */
CEPA_MUST_USE int cepa_node_identity_start(struct cepa_node *node, struct cepa_time now);
void cepa_node_identity_step(struct cepa_node *node, struct cepa_time now);
void cepa_node_addresses_lend(struct cepa_node *node, struct cepa_time now);
void cepa_node_link_keys_lend(struct cepa_node *node, struct cepa_directory_day today);
void cepa_node_identity_on_mesh(struct cepa_node *node, struct cepa_time now);

/* node_commands.c */
uint64_t cepa_node_circuit_number(struct cepa_handle circuit);
struct cepa_handle cepa_node_circuit_handle(uint64_t number);

/* node_store.c */
bool cepa_node_store_next(struct cepa_node *node, struct cepa_node_effect *ret_effect,
                          struct cepa_time now);

/* node_ends.c: what a relay does for ends. */
struct cepa_services_limits cepa_node_services_limits(const struct cepa_node_config *config,
                                                      uint32_t circuits);
CEPA_MUST_USE int cepa_node_services_init(struct cepa_node *node, void *memory, size_t memory_len,
                                          uint32_t circuits, const struct cepa_siphash_key *key);
/* Takes DATA; true if they were for a service of ends. `*ret_is_held`: they went on, credit follows
 * when they have left. */
bool cepa_node_ends_serve(struct cepa_node *node, const struct cepa_node_link *link,
                          const struct cepa_circuit_outcome *outcome, bool *ret_is_held,
                          struct cepa_time now);
bool cepa_node_ends_window(struct cepa_node *node, struct cepa_handle circuit, uint32_t count,
                           struct cepa_time now);
void cepa_node_ends_on_ended(struct cepa_node *node, struct cepa_handle circuit,
                             struct cepa_time now);
void cepa_node_ends_tick(struct cepa_node *node, struct cepa_time now);

#endif
