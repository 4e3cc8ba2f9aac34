/* The data channels of one connection, over its SCTP association. @[RFC8831], @[RFC8832]
 *
 * Each channel is a stream number used both ways. Channels are opened in band, by a message on
 * their stream, or agreed upon beforehand ("negotiated"). All that happens is fetched as events;
 * nothing calls back but the function that sends packets (native/webrtc/sctp.h). */
#ifndef CEPA_NATIVE_WEBRTC_CHANNEL_H
#define CEPA_NATIVE_WEBRTC_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/webrtc/dcep.h"
#include "native/webrtc/sctp.h"

enum {
    CEPA_CHANNELS_MAX = CEPA_SCTP_STREAMS,     /* open or closing at a time */
    CEPA_CHANNEL_HELD_MAX = 32,                /* messages that came before their channel opened, */
    CEPA_CHANNEL_HELD_BYTES = 65536,           /* and their bytes; what exceeds that is dropped */
    CEPA_CHANNEL_SCRATCH_SIZE = 1 << 14,       /* a good length for cepa_channels_next's scratch */
    CEPA_CHANNEL_PEER_MAX_UNSTATED = 64 * 1024 /* message size if the peer says nothing */
};

/* All channels of a connection; opaque. */
struct cepa_channels;

/* Names one channel, and never another one, also when its stream is used again; 0 names none. */
struct cepa_channel_id {
    uint64_t value;
};

/* What the connection is like. */
struct cepa_channels_config {
    void *owner;         /* given to the function that sends packets */
    bool is_dtls_client; /* who opens channels on even streams; the server does on odd ones */
    size_t receive_max;  /* bytes of a message that we said we take; 0: CEPA_SCTP_MESSAGE_MAX */
    size_t send_max;     /* bytes of a message that the peer takes; 0: as many as can be sent */
};

/* What happened. */
enum cepa_channel_kind {
    CEPA_CHANNEL_NOTHING,   /* for now */
    CEPA_CHANNEL_CONNECTED, /* the association is open */
    CEPA_CHANNEL_OPENED,    /* a channel of ours: acknowledged, or negotiated and connected */
    CEPA_CHANNEL_ACCEPTED,  /* the peer opened a channel; `open` says what it is like */
    CEPA_CHANNEL_MESSAGE,   /* a message of a channel */
    CEPA_CHANNEL_CLOSED,    /* a channel is closed, by either side; its id names nothing any more */
    CEPA_CHANNEL_LOW,       /* the buffered amount has fallen to the low mark */
    CEPA_CHANNEL_ENDED      /* the association is closed, and all channels were before this */
};

struct cepa_channel_event {
    enum cepa_channel_kind kind;
    struct cepa_channel_id channel; /* 0 where it concerns none */
    struct cepa_dcep_open open;     /* ACCEPTED: label and protocol are lent until the next call */
    bool is_string;                 /* MESSAGE: text, not checked to be UTF-8 */
    const uint8_t *data;            /* MESSAGE: lent until the next call */
    size_t data_len;                /* MESSAGE: may be 0 */
};

/* cepa_channels_new begins an association, as cepa_sctp_new does. Returns 0 or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_channels_new(struct cepa_channels **ret_channels,
                                    const struct cepa_channels_config *config);

/* cepa_channels_free ends everything at once; NULL is allowed. */
void cepa_channels_free(struct cepa_channels *channels);

/* cepa_channels_receive_packet takes a packet from the peer; then cepa_channels_next has to be
 * called till it gives NOTHING. */
void cepa_channels_receive_packet(struct cepa_channels *channels, const uint8_t *packet,
                                  size_t packet_len);

/* cepa_channels_next gives the next event, and sends again what the association had no room for. It
 * reads into `scratch` (1 byte or more), which `ret_event` may point into; longer messages are put
 * together in memory of their own. A message beyond `receive_max` closes its channel. */
enum cepa_channel_kind cepa_channels_next(struct cepa_channels *channels,
                                          struct cepa_channel_event *ret_event, uint8_t *scratch,
                                          size_t scratch_len);

/* cepa_channels_open opens a channel on the lowest free stream of ours, also before the association
 * is open. Messages can be sent when the association is, without waiting for OPENED. Returns 0,
 * CEPA_ERR_FULL if no stream is free, CEPA_ERR_TOO_LONG for a label or a protocol, or
 * CEPA_ERR_STATE when the association has ended. */
CEPA_MUST_USE int cepa_channels_open(struct cepa_channels *channels,
                                     struct cepa_channel_id *ret_channel,
                                     const struct cepa_dcep_open *open);

/* cepa_channels_negotiate opens a channel on a stream that both sides know of; of `open` label,
 * protocol and priority are not used. Returns 0, CEPA_ERR_ARGUMENT for a stream that does not
 * exist, CEPA_ERR_FULL if it is in use, or CEPA_ERR_STATE when the association has ended. */
CEPA_MUST_USE int cepa_channels_negotiate(struct cepa_channels *channels,
                                          struct cepa_channel_id *ret_channel, uint16_t stream,
                                          const struct cepa_dcep_open *open);

/* cepa_channels_send sends a message, which may be empty. Returns 0, CEPA_ERR_FULL while there is
 * no room or the association is not open yet, CEPA_ERR_TOO_LONG beyond what the peer takes or
 * CEPA_SCTP_MESSAGE_MAX, CEPA_ERR_NOT_FOUND for an id that names nothing, or CEPA_ERR_STATE if the
 * channel is closing. */
CEPA_MUST_USE int cepa_channels_send(struct cepa_channels *channels, struct cepa_channel_id channel,
                                     bool is_string, const void *data, size_t data_len);

/* cepa_channels_close closes a channel behind what was sent on it; CLOSED comes when the peer has
 * done the same, and no message after this call. Returns 0 (also when it is closing) or
 * CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_channels_close(struct cepa_channels *channels,
                                      struct cepa_channel_id channel);

/* cepa_channels_stream gives the stream of a channel. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_channels_stream(const struct cepa_channels *channels, uint16_t *ret_stream,
                                       struct cepa_channel_id channel);

/* cepa_channels_buffered gives the bytes that are sent and not acknowledged on all channels
 * together, as cepa_sctp_buffered does; LOW comes when they were above the mark and are no more. */
size_t cepa_channels_buffered(struct cepa_channels *channels);
void cepa_channels_set_low_mark(struct cepa_channels *channels, size_t low_mark);

/* cepa_channels_window and cepa_channels_retransmissions give what cepa_sctp_window and
 * cepa_sctp_retransmissions do. */
void cepa_channels_window(const struct cepa_channels *channels, size_t *ret_window,
                          uint32_t *ret_rtt_ms);
uint64_t cepa_channels_retransmissions(const struct cepa_channels *channels);

/* cepa_channels_is_open says whether the association is open. */
bool cepa_channels_is_open(const struct cepa_channels *channels);

#endif
