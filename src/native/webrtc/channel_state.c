/* The channels' changes of state, and what they make us send. */
#include "native/webrtc/channel_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

struct cepa_channel_id cepa_channel_id_of(const struct cepa_channels *channels, uint16_t stream)
{
    return (struct cepa_channel_id){
        channels->channels[stream].generation << CEPA_CHANNEL_STREAM_BITS | stream};
}

uint16_t cepa_channel_stream_of(const struct cepa_channels *channels,
                                const struct cepa_channel *channel)
{
    return (uint16_t)(channel - channels->channels);
}

struct cepa_channel *cepa_channel_occupy(struct cepa_channels *channels, uint16_t stream,
                                         enum cepa_channel_state state,
                                         const struct cepa_dcep_open *open)
{
    struct cepa_channel *channel = &channels->channels[stream];
    CEPA_ASSERT(channel->state == CEPA_CHANNEL_FREE);
    memset(channel, 0, sizeof *channel);
    channel->generation = ++channels->generation;
    channel->state = state;
    channel->is_unordered = open->is_unordered;
    channel->reliability = open->reliability;
    channel->limit = open->limit;
    return channel;
}

void cepa_channel_leave(struct cepa_channels *channels, struct cepa_channel *channel)
{
    uint32_t mask = cepa_channel_bit(cepa_channel_stream_of(channels, channel));
    free(channel->opening);
    channel->opening = NULL;
    channel->state = CEPA_CHANNEL_GONE;
    channels->pending &= ~mask;
    channels->opened &= ~mask;
    channels->closed |= mask;
}

void cepa_channel_begin_closing(struct cepa_channels *channels, struct cepa_channel *channel)
{
    if (channel->state == CEPA_CHANNEL_WAITING) {
        cepa_channel_leave(channels, channel);
    } else if (channel->state == CEPA_CHANNEL_OPENING || channel->state == CEPA_CHANNEL_OPEN) {
        uint16_t stream = cepa_channel_stream_of(channels, channel);
        channel->state = CEPA_CHANNEL_CLOSING;
        channel->must_acknowledge = false;
        channel->must_reset = true;
        channels->pending |= cepa_channel_bit(stream);
        channels->opened &= ~cepa_channel_bit(stream);
    }
}

/* Sends what opens or acknowledges. */
static int send_control(struct cepa_channels *channels, uint16_t stream, const uint8_t *data,
                        size_t data_len)
{
    const struct cepa_sctp_message message = {.stream = stream, .ppid = CEPA_PPID_DCEP};
    return cepa_sctp_send(channels->sctp, &message, data, data_len);
}

static void send_pending_of(struct cepa_channels *channels, uint16_t stream)
{
    struct cepa_channel *channel = &channels->channels[stream];
    int error = 0;
    if (channel->state == CEPA_CHANNEL_WAITING && channel->opening_len == 0) {
        channel->state = CEPA_CHANNEL_OPEN;
        channels->opened |= cepa_channel_bit(stream);
    } else if (channel->state == CEPA_CHANNEL_WAITING) {
        error = send_control(channels, stream, channel->opening, channel->opening_len);
        if (error == 0) {
            free(channel->opening);
            channel->opening = NULL;
            channel->state = CEPA_CHANNEL_OPENING;
        }
    } else if (channel->must_acknowledge) {
        uint8_t ack[CEPA_DCEP_ACK_SIZE];
        cepa_dcep_ack_encode(ack);
        error = send_control(channels, stream, ack, sizeof ack);
        channel->must_acknowledge = error == CEPA_ERR_FULL;
    } else if (channel->must_reset) {
        error = cepa_sctp_reset(channels->sctp, stream);
        channel->must_reset = error == CEPA_ERR_FULL;
    }
    if (error != CEPA_ERR_FULL) {
        channels->pending &= ~cepa_channel_bit(stream);
    }
    if (error == CEPA_ERR_ARGUMENT) {
        cepa_channel_leave(channels, channel); /* the peer has fewer streams */
    }
}

void cepa_channel_send_pending(struct cepa_channels *channels)
{
    if (channels->pending == 0 || cepa_sctp_state_of(channels->sctp) != CEPA_SCTP_OPEN) {
        return;
    }
    for (unsigned i = 0; i < CEPA_CHANNELS_MAX; i++) {
        if (channels->pending & cepa_channel_bit((uint16_t)i)) {
            send_pending_of(channels, (uint16_t)i);
        }
    }
}
