/* Data channels as their user sees them, but for what comes in (channel_receive.c). */
#include "native/webrtc/channel.h"

#include <stdlib.h>
#include <string.h>

#include "native/webrtc/channel_state.h"

/* Finds the channel of an id, or NULL. */
static struct cepa_channel *find(struct cepa_channels *channels, struct cepa_channel_id id)
{
    struct cepa_channel *channel = &channels->channels[id.value % CEPA_CHANNELS_MAX];
    bool is_live = channel->state != CEPA_CHANNEL_FREE && !channel->is_secret &&
                   channel->generation == id.value >> CEPA_CHANNEL_STREAM_BITS;
    return is_live ? channel : NULL;
}

int cepa_channels_new(struct cepa_channels **ret_channels,
                      const struct cepa_channels_config *config)
{
    struct cepa_channels *channels = calloc(1, sizeof *channels);
    if (channels == NULL || cepa_sctp_new(&channels->sctp, config->owner) != 0) {
        free(channels);
        return CEPA_ERR_FULL;
    }
    channels->config = *config;
    if (config->receive_max == 0 || config->receive_max > CEPA_SCTP_MESSAGE_MAX) {
        channels->config.receive_max = CEPA_SCTP_MESSAGE_MAX;
    }
    if (config->send_max == 0 || config->send_max > CEPA_SCTP_MESSAGE_MAX) {
        channels->config.send_max = CEPA_SCTP_MESSAGE_MAX;
    }
    *ret_channels = channels;
    return 0;
}

void cepa_channels_free(struct cepa_channels *channels)
{
    if (channels == NULL) {
        return;
    }
    cepa_sctp_free(channels->sctp);
    for (size_t i = 0; i < CEPA_CHANNELS_MAX; i++) {
        free(channels->channels[i].opening);
    }
    cepa_held_messages_drop(&channels->held, UINT32_MAX);
    free(channels->parts);
    free(channels->lent);
    free(channels);
}

void cepa_channels_receive_packet(struct cepa_channels *channels, const uint8_t *packet,
                                  size_t packet_len)
{
    cepa_sctp_receive_packet(channels->sctp, packet, packet_len);
}

int cepa_channels_open(struct cepa_channels *channels, struct cepa_channel_id *ret_channel,
                       const struct cepa_dcep_open *open)
{
    uint8_t message[CEPA_DCEP_OPEN_MAX];
    size_t message_len;
    uint16_t stream = channels->config.is_dtls_client ? 0 : 1;
    int error = cepa_dcep_open_encode(message, &message_len, open);
    if (error != 0) {
        return error;
    }
    if (channels->is_ending) {
        return CEPA_ERR_STATE;
    }
    while (stream < CEPA_CHANNELS_MAX && channels->channels[stream].state != CEPA_CHANNEL_FREE) {
        stream = (uint16_t)(stream + 2);
    }
    uint8_t *opening = stream < CEPA_CHANNELS_MAX ? malloc(message_len) : NULL;
    if (opening == NULL) {
        return CEPA_ERR_FULL;
    }
    memcpy(opening, message, message_len);
    struct cepa_channel *channel =
        cepa_channel_occupy(channels, stream, CEPA_CHANNEL_WAITING, open);
    channel->opening = opening;
    channel->opening_len = message_len;
    channels->pending |= cepa_channel_bit(stream);
    *ret_channel = cepa_channel_id_of(channels, stream);
    cepa_channel_send_pending(channels);
    return 0;
}

int cepa_channels_negotiate(struct cepa_channels *channels, struct cepa_channel_id *ret_channel,
                            uint16_t stream, const struct cepa_dcep_open *open)
{
    if (stream >= CEPA_CHANNELS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    if (channels->is_ending) {
        return CEPA_ERR_STATE;
    }
    if (channels->channels[stream].state != CEPA_CHANNEL_FREE) {
        return CEPA_ERR_FULL;
    }
    (void)cepa_channel_occupy(channels, stream, CEPA_CHANNEL_WAITING, open);
    channels->pending |= cepa_channel_bit(stream);
    *ret_channel = cepa_channel_id_of(channels, stream);
    cepa_channel_send_pending(channels);
    return 0;
}

int cepa_channels_send(struct cepa_channels *channels, struct cepa_channel_id id, bool is_string,
                       const void *data, size_t data_len)
{
    static const uint8_t nothing[1];
    const struct cepa_channel *channel = find(channels, id);
    if (channel == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (data_len > channels->config.send_max) {
        return CEPA_ERR_TOO_LONG;
    }
    if (channel->state == CEPA_CHANNEL_WAITING) {
        return CEPA_ERR_FULL;
    }
    if (channel->state != CEPA_CHANNEL_OPENING && channel->state != CEPA_CHANNEL_OPEN) {
        return CEPA_ERR_STATE;
    }
    struct cepa_sctp_message message = {
        .stream = cepa_channel_stream_of(channels, channel),
        .ppid = is_string ? CEPA_PPID_STRING : CEPA_PPID_BINARY,
        /* Nothing may overtake the message that opens. */
        .is_unordered = channel->is_unordered && channel->state == CEPA_CHANNEL_OPEN,
        .is_limited = channel->reliability != CEPA_RELIABLE,
        .by_lifetime = channel->reliability == CEPA_RELIABLE_LIFETIME,
        .limit = channel->limit};
    if (data_len == 0) {
        message.ppid = is_string ? CEPA_PPID_STRING_EMPTY : CEPA_PPID_BINARY_EMPTY;
    }
    int error = cepa_sctp_send(channels->sctp, &message, data_len == 0 ? nothing : data,
                               data_len == 0 ? sizeof nothing : data_len);
    if (error == 0 && !channels->is_above) {
        channels->is_above = cepa_sctp_buffered(channels->sctp) > channels->low_mark;
    }
    return error;
}

int cepa_channels_close(struct cepa_channels *channels, struct cepa_channel_id id)
{
    struct cepa_channel *channel = find(channels, id);
    if (channel == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    cepa_channel_begin_closing(channels, channel);
    cepa_channel_send_pending(channels);
    return 0;
}

int cepa_channels_stream(const struct cepa_channels *channels, uint16_t *ret_stream,
                         struct cepa_channel_id id)
{
    uint16_t stream = (uint16_t)(id.value % CEPA_CHANNELS_MAX);
    const struct cepa_channel *channel = &channels->channels[stream];
    if (channel->state == CEPA_CHANNEL_FREE || channel->is_secret ||
        channel->generation != id.value >> CEPA_CHANNEL_STREAM_BITS) {
        return CEPA_ERR_NOT_FOUND;
    }
    *ret_stream = stream;
    return 0;
}

size_t cepa_channels_buffered(struct cepa_channels *channels)
{
    return cepa_sctp_buffered(channels->sctp);
}

void cepa_channels_set_low_mark(struct cepa_channels *channels, size_t low_mark)
{
    channels->low_mark = low_mark;
    channels->is_above = cepa_sctp_buffered(channels->sctp) > low_mark;
}

void cepa_channels_window(const struct cepa_channels *channels, size_t *ret_window,
                          uint32_t *ret_rtt_ms)
{
    cepa_sctp_window(channels->sctp, ret_window, ret_rtt_ms);
}

uint64_t cepa_channels_retransmissions(const struct cepa_channels *channels)
{
    return cepa_sctp_retransmissions(channels->sctp);
}

bool cepa_channels_is_open(const struct cepa_channels *channels)
{
    return cepa_sctp_state_of(channels->sctp) == CEPA_SCTP_OPEN;
}
