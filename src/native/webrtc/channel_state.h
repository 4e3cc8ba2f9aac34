/* What the parts of the data channels share: src/native/webrtc/channel*.c only.
 *
 *   FREE -> WAITING -> OPENING -> OPEN -> CLOSING -> GONE -> FREE
 *
 * A negotiated channel goes from WAITING to OPEN; one that the peer opened begins OPEN. GONE lasts
 * until CLOSED is fetched. */
#ifndef CEPA_NATIVE_WEBRTC_CHANNEL_STATE_H
#define CEPA_NATIVE_WEBRTC_CHANNEL_STATE_H

#include "native/webrtc/channel.h"
#include "native/webrtc/held_messages.h"

enum { CEPA_CHANNEL_STREAM_BITS = 4 };
_Static_assert(1 << CEPA_CHANNEL_STREAM_BITS == CEPA_CHANNELS_MAX, "an id holds a stream");

enum cepa_channel_state {
    CEPA_CHANNEL_FREE,
    CEPA_CHANNEL_WAITING, /* the association is not open, or had no room for the message that opens
                           */
    CEPA_CHANNEL_OPENING, /* that message is sent; nothing has come yet */
    CEPA_CHANNEL_OPEN,
    CEPA_CHANNEL_CLOSING, /* at least one direction is being reset */
    CEPA_CHANNEL_GONE     /* both are */
};

/* One of them. */
struct cepa_channel {
    enum cepa_channel_state state;
    uint64_t generation; /* of the connection's channels; never 0 in use */
    bool is_unordered;   /* once the peer knows the channel */
    enum cepa_reliability reliability;
    uint32_t limit;        /* of retransmissions or ms */
    bool must_acknowledge; /* an ACK is to be sent */
    bool must_reset;       /* our direction is to be reset */
    bool is_ours_reset;    /* our direction is reset */
    bool is_theirs_reset;  /* and the peer's */
    bool is_secret;        /* the caller never heard of it */
    uint8_t *opening;      /* CEPA_CHANNEL_WAITING: the message that opens; else NULL */
    size_t opening_len;    /* its bytes; 0 when the channel is negotiated */
};

struct cepa_channels {
    struct cepa_sctp *sctp;
    struct cepa_channels_config config;
    uint64_t generation; /* how many channels there have been */
    struct cepa_channel channels[CEPA_CHANNELS_MAX];
    uint32_t pending; /* a bit for each stream on which something has to be sent */
    uint32_t opened;  /* likewise where OPENED is to be told */
    uint32_t closed;  /* likewise where CLOSED is to be told */
    bool is_ending;   /* the association has ended */
    bool is_ended;    /* and ENDED was told */
    size_t low_mark;  /* bytes */
    bool is_above;    /* the mark was exceeded since LOW was told */
    struct cepa_held_messages held;
    uint8_t *parts;   /* a message that came in parts; NULL if there is none */
    size_t parts_len; /* its bytes till now */
    bool is_skipping; /* the message whose parts come is to be dropped */
    void *lent;       /* what the last event pointed into, to be freed */
};

/* cepa_channel_bit gives the bit of a stream in a set of streams. */
static inline uint32_t cepa_channel_bit(uint16_t stream)
{
    return (uint32_t)1 << stream;
}

/* cepa_channel_id_of gives the id of the channel on a stream; cepa_channel_stream_of the stream of
 * a channel. */
struct cepa_channel_id cepa_channel_id_of(const struct cepa_channels *channels, uint16_t stream);
uint16_t cepa_channel_stream_of(const struct cepa_channels *channels,
                                const struct cepa_channel *channel);

/* cepa_channel_occupy begins a channel on a free stream, with a new generation. */
struct cepa_channel *cepa_channel_occupy(struct cepa_channels *channels, uint16_t stream,
                                         enum cepa_channel_state state,
                                         const struct cepa_dcep_open *open);

/* cepa_channel_leave ends a channel: nothing more happens on it till the caller has been told. */
void cepa_channel_leave(struct cepa_channels *channels, struct cepa_channel *channel);

/* cepa_channel_begin_closing has our direction reset, if that has not begun. */
void cepa_channel_begin_closing(struct cepa_channels *channels, struct cepa_channel *channel);

/* cepa_channel_send_pending sends what could not be sent before. */
void cepa_channel_send_pending(struct cepa_channels *channels);

#endif
