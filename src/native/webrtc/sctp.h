/* SCTP associations as data channels use them, narrow enough that another implementation can stand
 * behind it. Now that is usrsctp without threads: all calls come from one thread, and the library's
 * state is the process's. @[RFC8831 5], @[RFC9260 1]
 *
 * Packets come in by cepa_sctp_receive_packet and go out by the function that was given at the
 * start; it is called within any other call here and must not call back. */
#ifndef CEPA_NATIVE_WEBRTC_SCTP_H
#define CEPA_NATIVE_WEBRTC_SCTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_SCTP_PORT = 5000,
    CEPA_SCTP_MTU = 1160,            /* bytes of a packet: holds a frame of 1,128; 1,197 in UDP */
    CEPA_SCTP_STREAMS = 16,          /* outgoing; as many incoming ones are offered */
    CEPA_SCTP_BUFFER_SIZE = 1 << 20, /* each way; a message must fit */
    CEPA_SCTP_MESSAGE_MAX = 1 << 18,
    CEPA_SCTP_ASSOCIATIONS_MAX = 4096,
    CEPA_SCTP_TICK_MS = 10 /* how exact the library's time is while packets come and go */
};

enum cepa_sctp_state {
    CEPA_SCTP_CONNECTING,
    CEPA_SCTP_OPEN,
    CEPA_SCTP_CLOSED /* by the peer, by us, or given up */
};

/* One association; opaque. */
struct cepa_sctp;

/* Takes a packet that an association sends; `owner` is the one it was made with. */
typedef void cepa_sctp_output(void *owner, const uint8_t *packet, size_t packet_len);

/* How a message travels. */
struct cepa_sctp_message {
    uint16_t stream; /* below CEPA_SCTP_STREAMS when it is sent */
    uint32_t ppid;
    bool is_unordered;
    bool is_limited;  /* given up after `limit`, */
    bool by_lifetime; /* in ms (of one that still waits it may be exceeded), or else in
                       * retransmissions */
    uint32_t limit;
};

/* What cepa_sctp_receive found. */
enum cepa_sctp_kind {
    CEPA_SCTP_NOTHING,   /* for now */
    CEPA_SCTP_PART,      /* a part of a message, its end is still to come */
    CEPA_SCTP_END,       /* the last part of a message, or a whole one */
    CEPA_SCTP_CUT,       /* the message whose parts came was given up by the peer */
    CEPA_SCTP_UP,        /* the association is open now */
    CEPA_SCTP_RESET,     /* the peer has reset its direction of a stream */
    CEPA_SCTP_RESET_DONE /* ours that cepa_sctp_reset began is reset, and begins anew */
};

/* cepa_sctp_start begins to use the library with the function that sends; cepa_sctp_stop ends that,
 * when no association is left; then it may begin again. The library itself stays till the process
 * ends, since its own end loses memory and fails while a timer is under way. */
void cepa_sctp_start(cepa_sctp_output *output);
void cepa_sctp_stop(void);

/* cepa_sctp_tick lets all associations know the time, which may be told more than once. For the age
 * of a packet the library reads the wall clock (gettimeofday) besides: where time is virtual, that
 * has to follow. */
void cepa_sctp_tick(struct cepa_time now);

/* cepa_sctp_new begins an association and sends the first packet; both sides do. Returns 0 or
 * CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_sctp_new(struct cepa_sctp **ret_sctp, void *owner);

/* cepa_sctp_free ends it at once, with an ABORT if it was open; NULL is allowed. Nothing is sent
 * for it afterwards. */
void cepa_sctp_free(struct cepa_sctp *sctp);

/* cepa_sctp_receive_packet takes a packet from the peer; one with a wrong checksum, of another
 * association, or longer than 2,048 bytes is dropped. */
void cepa_sctp_receive_packet(struct cepa_sctp *sctp, const uint8_t *packet, size_t packet_len);

/* cepa_sctp_receive gives the next thing that came: for PART and END up to `capacity` bytes (1 or
 * more) to `ret_data`, with their number in `ret_len` and what message they are of; for RESET and
 * RESET_DONE the stream. `ret_data` is scratch in any case. Parts of different messages do not mix.
 * A message of up to CEPA_SCTP_MESSAGE_MAX bytes is whole if `capacity` has room for it. As long as
 * messages are not fetched the peer is held back; state changes are noticed by fetching too. */
enum cepa_sctp_kind cepa_sctp_receive(struct cepa_sctp *sctp, struct cepa_sctp_message *ret_message,
                                      uint8_t *ret_data, size_t *ret_len, size_t capacity);

/* cepa_sctp_send sends a message of 1 to CEPA_SCTP_MESSAGE_MAX bytes. Returns 0, CEPA_ERR_FULL
 * while the buffer has no room for it or its stream is being reset, CEPA_ERR_LENGTH,
 * CEPA_ERR_ARGUMENT for a stream that does not exist, or CEPA_ERR_STATE unless the association is
 * open. */
CEPA_MUST_USE int cepa_sctp_send(struct cepa_sctp *sctp, const struct cepa_sctp_message *message,
                                 const uint8_t *data, size_t data_len);

/* cepa_sctp_reset ends our direction of a stream behind what was sent on it. @[RFC6525 5] Till
 * RESET_DONE comes nothing can be sent on it. Several may be under way. Returns 0, CEPA_ERR_STATE
 * unless the association is open, CEPA_ERR_ARGUMENT for a stream that does not exist, or
 * CEPA_ERR_FULL if the library refuses. */
CEPA_MUST_USE int cepa_sctp_reset(struct cepa_sctp *sctp, uint16_t stream);

/* cepa_sctp_buffered gives about how many bytes were sent and are not acknowledged, for the
 * caller's back-pressure. What waits to go out is exact but for messages that were given up; what
 * is under way is the number of chunks by their mean length; 0 is exact. */
size_t cepa_sctp_buffered(struct cepa_sctp *sctp);

/* cepa_sctp_window gives the congestion window in bytes and the smoothed round trip in ms, as
 * acknowledgements of data show it; both 0 if they are not known. */
void cepa_sctp_window(const struct cepa_sctp *sctp, size_t *ret_window, uint32_t *ret_rtt_ms);

/* cepa_sctp_retransmissions gives how many chunks of data went out more than once, each time
 * counted. */
uint64_t cepa_sctp_retransmissions(const struct cepa_sctp *sctp);

/* cepa_sctp_state_of gives the state. */
enum cepa_sctp_state cepa_sctp_state_of(const struct cepa_sctp *sctp);

#endif
