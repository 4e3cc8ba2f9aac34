/* What the files of this room say to each other; nobody outside includes it. */
#ifndef CEPA_LINK_LINK_INTERNAL_H
#define CEPA_LINK_LINK_INTERNAL_H

#include "link/link.h"
#include "link/link_state.h"
#include "wire/frame.h"
#include "wire/link_control.h"

/* Numbers of cells travel as 16 bits, so a peer may never be this far ahead. */
#define CEPA_LINK_WINDOW_END 16384

/* Frames and cells after which the peer is told, and the time after which it is told anyway. */
#define CEPA_LINK_WORD_FRAMES 32
#define CEPA_LINK_WORD_DELAY_NS (20 * CEPA_MILLISECOND_NS)

/* --- shared.c: pools and queues ------------------------------------------------------------- */

/* cepa_link_pool_take gives a free element's index, or CEPA_LINK_NONE. */
uint32_t cepa_link_pool_take(struct cepa_link_pool *pool);

/* cepa_link_pool_give frees an element. */
void cepa_link_pool_give(struct cepa_link_pool *pool, uint32_t index);

/* cepa_link_queue_push appends an element to fill, unless only `reserve` are free: then NULL. */
struct cepa_link_cell *cepa_link_queue_push(struct cepa_link_shared *shared,
                                            struct cepa_link_queue *queue, uint32_t reserve);

/* cepa_link_queue_head gives the oldest element of a queue that is not empty, _pop frees it, _clear
 * frees all. */
struct cepa_link_cell *cepa_link_queue_head(const struct cepa_link_shared *shared,
                                            const struct cepa_link_queue *queue);
void cepa_link_queue_pop(struct cepa_link_shared *shared, struct cepa_link_queue *queue);
void cepa_link_queue_clear(struct cepa_link_shared *shared, struct cepa_link_queue *queue);

/* --- link.c --------------------------------------------------------------------------------- */

/* cepa_link_tell makes an event of this kind wait for cepa_link_next. */
void cepa_link_tell(struct cepa_link *link, enum cepa_link_event_kind kind);

/* cepa_link_fail ends the link; the first error stands. */
void cepa_link_fail(struct cepa_link *link, int error);

/* cepa_link_release_buffer frees the buffer that the last event lent. */
void cepa_link_release_buffer(struct cepa_link *link);

/* --- handshake.c ---------------------------------------------------------------------------- */

/* cepa_link_handshake_receive takes a frame that is not sealed. */
void cepa_link_handshake_receive(struct cepa_link *link, const uint8_t *frame, size_t frame_len,
                                 struct cepa_time now);

/* cepa_link_handshake_is_writable says whether a part of a message waits. */
bool cepa_link_handshake_is_writable(const struct cepa_link *link);

/* cepa_link_handshake_pull writes the next part, if there is one. */
size_t cepa_link_handshake_pull(struct cepa_link *link, uint8_t *ret_frame, size_t frame_len);

/* cepa_link_handshake_step repeats messages and watches the time limit. */
void cepa_link_handshake_step(struct cepa_link *link, struct cepa_time now);

/* cepa_link_handshake_confirm is called when the first sealed frame of the initiator opens. */
void cepa_link_handshake_confirm(struct cepa_link *link);

/* cepa_link_handshake_end gives the handshake's memory back, wiped. */
void cepa_link_handshake_end(struct cepa_link *link);

/* cepa_link_handshake_credentials gives what the event CREDENTIALS lends. */
const uint8_t *cepa_link_handshake_credentials(const struct cepa_link *link, size_t *ret_len);

/* --- ack.c ---------------------------------------------------------------------------------- */

/* cepa_link_ack_init begins with nothing sent or received. */
void cepa_link_ack_init(struct cepa_link_ack *ret_ack, struct cepa_time now);

/* cepa_link_ack_on_received notes a frame that opened; `is_wanting` if its sender wants a word. */
void cepa_link_ack_on_received(struct cepa_link *link, uint64_t counter, bool is_wanting,
                               struct cepa_time now);

/* cepa_link_ack_on_sent notes a frame that left. */
void cepa_link_ack_on_sent(struct cepa_link *link, uint64_t counter, bool is_wanting,
                           struct cepa_time now);

/* cepa_link_ack_on_header takes the peer's word. Returns 0, or CEPA_ERR_MALFORMED if it has
 * received what was never sent. */
CEPA_MUST_USE int cepa_link_ack_on_header(struct cepa_link *link,
                                          const struct cepa_link_control_header *header,
                                          struct cepa_time now);

/* cepa_link_ack_header gives my word. */
void cepa_link_ack_header(struct cepa_link_control_header *ret_header, const struct cepa_link *link,
                          struct cepa_time now);

/* cepa_link_ack_step asks, and finds out that nobody answers. */
void cepa_link_ack_step(struct cepa_link *link, struct cepa_time now);

/* cepa_link_ack_deadline gives when it has something to do. */
struct cepa_time cepa_link_ack_deadline(const struct cepa_link *link);

/* cepa_link_ack_timeout_ns gives after how long an answer is overdue. */
uint64_t cepa_link_ack_timeout_ns(const struct cepa_link_ack *ack);

/* --- circuits.c ----------------------------------------------------------------------------- */

/* cepa_link_circuits_init begins with none. */
void cepa_link_circuits_init(struct cepa_link *link);

/* cepa_link_circuits_wipe frees all. */
void cepa_link_circuits_wipe(struct cepa_link *link);

/* cepa_link_circuits_has_cell says whether a cell may leave. */
bool cepa_link_circuits_has_cell(const struct cepa_link *link);

/* cepa_link_circuits_pull copies the body of the next cell, by turns of circuits; false if there
 * is none after all. */
bool cepa_link_circuits_pull(struct cepa_link *link, uint8_t *ret_body);

/* cepa_link_circuits_receive takes a cell. Returns 0 (an event waits), CEPA_ERR_NOT_FOUND (no such
 * circuit: dropped) or CEPA_ERR_STATE (beyond its credit). */
CEPA_MUST_USE int cepa_link_circuits_receive(struct cepa_link *link,
                                             const struct cepa_frame_cell *cell);

/* cepa_link_circuits_on_record takes CREDIT and CLOSED. Returns 0 or CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_link_circuits_on_record(struct cepa_link *link,
                                               const struct cepa_link_control_record *record,
                                               struct cepa_time now);

/* cepa_link_circuits_write appends what is owed to a CONTROL frame, as much as fits; says whether
 * it wrote anything. */
bool cepa_link_circuits_write(struct cepa_link *link, struct cepa_writer *writer);

/* cepa_link_circuits_is_owing says whether something is owed. */
bool cepa_link_circuits_is_owing(const struct cepa_link *link);

/* cepa_link_circuits_refresh makes everything owed that may have been lost. O(circuits). */
void cepa_link_circuits_refresh(struct cepa_link *link, struct cepa_time now);

/* cepa_link_circuits_next gives the next event of a circuit; false if there is none. */
bool cepa_link_circuits_next(struct cepa_link *link, struct cepa_link_event *ret_event);

/* --- carriers.c ----------------------------------------------------------------------------- */

/* cepa_link_slot_is_writable says whether a slot has something to send about itself. */
bool cepa_link_slot_is_writable(const struct cepa_link *link, unsigned slot);

/* cepa_link_slot_write appends that to a CONTROL frame on this slot; says whether it did. */
bool cepa_link_slot_write(struct cepa_link *link, unsigned slot, struct cepa_writer *writer);

/* cepa_link_slot_on_record takes CHALLENGE, PROOF, MOVE and MOVED that came on this slot. */
void cepa_link_slot_on_record(struct cepa_link *link, unsigned slot,
                              const struct cepa_link_control_record *record, struct cepa_time now);

/* cepa_link_carriers_step repeats challenges and moves, and sees that a carrier is drained. */
void cepa_link_carriers_step(struct cepa_link *link, struct cepa_time now);

/* cepa_link_carriers_deadline gives when that is due. */
struct cepa_time cepa_link_carriers_deadline(const struct cepa_link *link);

/* --- frames.c ------------------------------------------------------------------------------- */

/* cepa_link_send_deadline gives when a frame may leave by the passing of time alone. */
struct cepa_time cepa_link_send_deadline(const struct cepa_link *link);

/* --- assembly.c ----------------------------------------------------------------------------- */

/* cepa_link_assembly_packet takes a part; an event waits when the packet is whole. Returns 0, or
 * CEPA_ERR_FULL if there is no room, CEPA_ERR_REPLAY for a part that is here: dropped. */
CEPA_MUST_USE int cepa_link_assembly_packet(struct cepa_link *link,
                                            const struct cepa_frame_packet_part *part,
                                            struct cepa_time now);

/* cepa_link_assembly_message is the same for messages. `data` is part->data, writable. */
CEPA_MUST_USE int cepa_link_assembly_message(struct cepa_link *link,
                                             const struct cepa_frame_message_part *part,
                                             uint8_t *data, struct cepa_time now);

/* cepa_link_assembly_step drops what has waited too long; _wipe drops everything. */
void cepa_link_assembly_step(struct cepa_link *link, struct cepa_time now);
void cepa_link_assembly_wipe(struct cepa_link *link);

/* cepa_link_assembly_deadline gives when something is to be dropped. */
struct cepa_time cepa_link_assembly_deadline(const struct cepa_link *link);

#endif
