/* One link between two nodes over up to two carriers: handshake, sealed frames, credit, shaping.
 * Sans-I/O: frames that arrive are given in, frames that may leave are pulled, and what they mean
 * comes out as events. @[SPEC 7]
 *
 * Every event is to be taken with cepa_link_next before the next call of cepa_link_receive on the
 * same link; bytes in an event are lent until the next call of any function on that link. */
#ifndef CEPA_LINK_LINK_H
#define CEPA_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "link/link_state.h"
#include "link/shaper.h"
#include "link/shared.h"
#include "wire/ids.h"
#include "wire/link_sizes.h"

/* What a link tells its owner. */
enum cepa_link_event_kind {
    CEPA_LINK_HANDSHAKE,      /* a whole first message is here: cepa_link_allow or close */
    CEPA_LINK_CREDENTIALS,    /* the peer's credentials: verify them, cepa_link_trust or close */
    CEPA_LINK_UP,             /* both sides have the keys; everything may be sent */
    CEPA_LINK_CELL,           /* a cell of an open circuit */
    CEPA_LINK_PACKET,         /* a whole onion packet; its circuit id may be new */
    CEPA_LINK_MESSAGE,        /* a whole message */
    CEPA_LINK_RELAYED,        /* an inner frame of a channel */
    CEPA_LINK_WINDOW,         /* cells of a circuit have left, or it has got credit */
    CEPA_LINK_CIRCUIT_CLOSED, /* the peer closed a circuit; it is gone here too */
    CEPA_LINK_PROVEN,    /* the carrier in a slot ends at the peer: cepa_link_move may be called */
    CEPA_LINK_REFUSED,   /* the carrier in a slot ends elsewhere; detach it */
    CEPA_LINK_MOVED,     /* frames go over another slot now, the old carrier may be closed */
    CEPA_LINK_STALLED,   /* frames are not being acknowledged any more */
    CEPA_LINK_RECOVERED, /* they are again */
    CEPA_LINK_FAILED     /* the link has ended; wipe it */
};

/* One event. Fields that the kind does not name are 0. */
struct cepa_link_event {
    enum cepa_link_event_kind kind;
    uint32_t circuit_id;  /* CELL, PACKET, WINDOW, CIRCUIT_CLOSED; RELAYED: the channel */
    uint64_t counter;     /* CELL: its counter */
    const uint8_t *data;  /* CREDENTIALS, CELL (CEPA_CELL_BODY_SIZE), PACKET (CEPA_PACKET_SIZE),
                           * MESSAGE, RELAYED (CEPA_RELAYED_FRAME_SIZE); lent. May be changed
                           * through cepa_link_event_body for a cell. */
    size_t data_len;      /* bytes */
    uint32_t count;       /* WINDOW: cells that left since the last one */
    uint32_t room;        /* WINDOW: how many more may be sent without waiting */
    uint8_t slot;         /* PROVEN, REFUSED, MOVED: which carrier */
    uint8_t close_reason; /* CIRCUIT_CLOSED: the peer's word, not judged */
    int error;            /* FAILED: a CEPA_ERR_ value, blame as in base/error.h */
};

/* What is known of a link. */
struct cepa_link_status {
    bool is_up;                  /* after CEPA_LINK_UP */
    bool is_initiator;           /* this side dialled */
    bool is_peer_known;          /* false: an anonymous client */
    struct cepa_node_id peer;    /* if known */
    uint8_t peer_roles;          /* CEPA_LINK_ROLE_ bits, as it says */
    struct cepa_wall peer_clock; /* its clock when it wrote its handshake message */
    struct cepa_time heard;      /* when the last frame of the peer opened */
    uint64_t rtt_ns;             /* smoothed; 0 before the first measurement */
    uint64_t frames_sent;        /* sealed frames, padding too */
    uint64_t frames_received;    /* sealed frames that opened */
    uint64_t padding_sent;       /* of these: padding */
    uint64_t frames_dropped;     /* arrived but did not open, repeated, or for nobody */
    uint32_t circuits;           /* open ones */
    uint32_t queued;             /* frames that wait to be sent */
    uint32_t shaper_rate;        /* frames per second of the shaper's rung; 0 unlimited or off */
    uint8_t active_slot;         /* which carrier is in use */
    bool is_stalled;             /* between STALLED and RECOVERED */
};

/* cepa_link_init begins a link without a carrier. As initiator (`is_initiator`) call
 * cepa_link_attach and then cepa_link_ask or cepa_link_dial. `is_anonymous` keeps this node's
 * credentials back; clients, dial-backs and links to guards are anonymous. `shaper` is copied.
 * `wall` is told to the peer. */
void cepa_link_init(struct cepa_link *ret_link, struct cepa_link_shared *shared, bool is_initiator,
                    bool is_anonymous, const struct cepa_shaper_config *shaper,
                    struct cepa_wall wall, struct cepa_time now);

/* cepa_link_wipe ends a link at once, frees what it holds of the pools and wipes it. No circuit
 * gets an event. O(circuits of the link). */
void cepa_link_wipe(struct cepa_link *link);

/* cepa_link_attach puts a carrier into `slot` (0 or 1), which is empty. The first one carries the
 * handshake; on a link that is up, both sides prove themselves on it first (event PROVEN).
 * `carrier` is copied. Returns 0, CEPA_ERR_IN_USE, CEPA_ERR_ARGUMENT or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_link_attach(struct cepa_link *link, unsigned slot,
                                   const struct cepa_carrier *carrier, struct cepa_time now);

/* cepa_link_detach says that the carrier in `slot` is gone. If it was in use the link goes on over
 * the other one when that is proven, or waits for one. A handshake fails with it. */
void cepa_link_detach(struct cepa_link *link, unsigned slot, struct cepa_time now);

/* cepa_link_move begins to use the proven carrier in `slot`, on both sides; nothing is lost. Event
 * MOVED follows when the old carrier is drained. Returns 0 or CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_link_move(struct cepa_link *link, unsigned slot, struct cepa_time now);

/* cepa_link_ask asks the peer for its credentials (event CREDENTIALS), then waits for
 * cepa_link_trust. Initiator only. Returns 0, CEPA_ERR_STATE or CEPA_ERR_FULL (handshakes). */
CEPA_MUST_USE int cepa_link_ask(struct cepa_link *link, struct cepa_time now);

/* cepa_link_dial begins the handshake with a peer whose verified credentials are known. Initiator
 * only. Returns 0, CEPA_ERR_STATE, CEPA_ERR_FULL, CEPA_ERR_RANDOM or as
 * cepa_xwing_public_key_check. Costs one key generation and one encapsulation. */
CEPA_MUST_USE int cepa_link_dial(struct cepa_link *link, const struct cepa_node_id *peer,
                                 const struct cepa_xwing_public_key *link_key,
                                 struct cepa_time now);

/* cepa_link_allow answers the event HANDSHAKE: decapsulates and opens the first message. An error
 * of the peer ends the link (event FAILED). Returns 0 or CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_link_allow(struct cepa_link *link, struct cepa_time now);

/* cepa_link_trust answers the event CREDENTIALS: they were verified and say this. Goes on as
 * cepa_link_dial (initiator) or writes the second message (responder). Returns as cepa_link_dial.
 */
CEPA_MUST_USE int cepa_link_trust(struct cepa_link *link, const struct cepa_node_id *peer,
                                  const struct cepa_xwing_public_key *link_key,
                                  struct cepa_time now);

/* cepa_link_receive takes a frame that arrived on `slot` and decrypts it in place; `frame` stays
 * untouched by the owner until all events are taken. Whatever the bytes are, the link stays sound;
 * what ends it is the event FAILED. */
void cepa_link_receive(struct cepa_link *link, unsigned slot, uint8_t *frame, size_t frame_len,
                       struct cepa_time now);

/* cepa_link_pull writes the next frame for `slot`, if one may leave now, and gives its length, the
 * carrier's frame_len; else 0. `ret_frame` has CEPA_FRAME_SIZE bytes. */
size_t cepa_link_pull(struct cepa_link *link, unsigned slot, uint8_t *ret_frame,
                      struct cepa_time now);

/* cepa_link_is_writable says whether cepa_link_pull would give a frame for `slot` now. After any
 * call on a link this may have become true. */
bool cepa_link_is_writable(const struct cepa_link *link, unsigned slot, struct cepa_time now);

/* cepa_link_next takes the next event. Returns 0, or CEPA_ERR_NOT_FOUND when there is none. */
CEPA_MUST_USE int cepa_link_next(struct cepa_link *link, struct cepa_link_event *ret_event);

/* cepa_link_step does what is due: repeats, stalls, time limits. */
void cepa_link_step(struct cepa_link *link, struct cepa_time now);

/* cepa_link_deadline gives when cepa_link_step or cepa_link_pull has something to do next. */
struct cepa_time cepa_link_deadline(const struct cepa_link *link);

/* cepa_link_close tells the peer (if up) and ends the link; pull until nothing comes, then wipe.
 * No event follows. */
void cepa_link_close(struct cepa_link *link, struct cepa_time now);

/* cepa_link_status_get says how the link is. */
void cepa_link_status_get(struct cepa_link_status *ret_status, const struct cepa_link *link);

/* cepa_link_event_body gives the writable body of the CELL event that was taken last, so that a
 * layer is added or removed in place; lent as the event is. */
uint8_t *cepa_link_event_body(struct cepa_link *link);

/* cepa_link_open_circuit makes a circuit with a new id of this side; the peer learns of it by the
 * packet that is sent with it. Returns 0, CEPA_ERR_STATE before UP, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_link_open_circuit(struct cepa_link *link, uint32_t *ret_circuit_id);

/* cepa_link_accept_circuit makes a circuit that the peer began, by the id of its packet. Returns 0,
 * CEPA_ERR_STATE, CEPA_ERR_IN_USE, CEPA_ERR_ARGUMENT (not an id of the peer's) or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_link_accept_circuit(struct cepa_link *link, uint32_t circuit_id);

/* cepa_link_close_circuit drops a circuit with its queue and tells the peer, also about an id that
 * is not open. `reason` is passed on. */
void cepa_link_close_circuit(struct cepa_link *link, uint32_t circuit_id, uint8_t reason,
                             struct cepa_time now);

/* cepa_link_close_circuits does so with all that are open. */
void cepa_link_close_circuits(struct cepa_link *link, uint8_t reason, struct cepa_time now);

/* cepa_link_send_cell queues a cell; `body` (CEPA_CELL_BODY_SIZE) is copied. Returns 0,
 * CEPA_ERR_NOT_FOUND, or CEPA_ERR_FULL: the circuit's queue or the pool is full. */
CEPA_MUST_USE int cepa_link_send_cell(struct cepa_link *link, uint32_t circuit_id, uint64_t counter,
                                      const uint8_t *body, struct cepa_time now);

/* cepa_link_circuit_room gives how many cells may be sent on a circuit without waiting; 0 for an
 * unknown one. */
uint32_t cepa_link_circuit_room(const struct cepa_link *link, uint32_t circuit_id);

/* cepa_link_consumed says that `count` cells of a circuit that came in events need no room here any
 * more; the peer gets credit for as many. */
void cepa_link_consumed(struct cepa_link *link, uint32_t circuit_id, uint32_t count,
                        struct cepa_time now);

/* cepa_link_send_packet queues an onion packet (CEPA_PACKET_SIZE bytes, copied) for a circuit id,
 * or 0 for none. Returns 0, CEPA_ERR_STATE or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_link_send_packet(struct cepa_link *link, uint32_t circuit_id,
                                        const uint8_t *packet, struct cepa_time now);

/* cepa_link_send_message queues a message, which is copied. Returns 0, CEPA_ERR_STATE,
 * CEPA_ERR_TOO_LONG beyond CEPA_LINK_MESSAGE_MAX (or empty) or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_link_send_message(struct cepa_link *link, const uint8_t *data,
                                         size_t data_len, struct cepa_time now);

/* cepa_link_send_relayed queues an inner frame (CEPA_RELAYED_FRAME_SIZE bytes, copied) of a
 * channel. Returns 0, CEPA_ERR_STATE (also on a relayed carrier, which has no room) or FULL. */
CEPA_MUST_USE int cepa_link_send_relayed(struct cepa_link *link, uint32_t channel,
                                         const uint8_t *inner, struct cepa_time now);

/* cepa_link_relayed_room gives how many inner frames may be queued; not while 0 pull inner links.
 */
uint32_t cepa_link_relayed_room(const struct cepa_link *link);

/* cepa_link_set_shaper changes the shaper of a link. */
void cepa_link_set_shaper(struct cepa_link *link, const struct cepa_shaper_config *shaper,
                          struct cepa_time now);

#endif
