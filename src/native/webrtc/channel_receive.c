/* What comes in on data channels, as events. */
#include <stdlib.h>
#include <string.h>

#include "native/webrtc/channel.h"
#include "native/webrtc/channel_state.h"

/* The peer's message that opens, on a free stream. One on a stream that is ours to give, or that
 * cannot be understood, has its stream reset. */
static enum cepa_channel_kind on_opening(struct cepa_channels *channels,
                                         struct cepa_channel_event *ret_event, uint16_t stream,
                                         const uint8_t *data, size_t data_len)
{
    struct cepa_dcep_open open = {.is_unordered = false};
    bool is_ours = (stream % 2 == 0) == channels->config.is_dtls_client;
    if (cepa_dcep_open_decode(&open, data, data_len) != 0 || is_ours) {
        struct cepa_channel *refused =
            cepa_channel_occupy(channels, stream, CEPA_CHANNEL_OPEN, &open);
        refused->is_secret = true;
        cepa_channel_begin_closing(channels, refused);
        return CEPA_CHANNEL_NOTHING;
    }
    struct cepa_channel *channel = cepa_channel_occupy(channels, stream, CEPA_CHANNEL_OPEN, &open);
    channel->must_acknowledge = true;
    channels->pending |= cepa_channel_bit(stream);
    cepa_channel_send_pending(channels);
    ret_event->channel = cepa_channel_id_of(channels, stream);
    ret_event->open = open;
    return CEPA_CHANNEL_ACCEPTED;
}

static bool is_data(uint32_t ppid)
{
    return ppid == CEPA_PPID_STRING || ppid == CEPA_PPID_BINARY || ppid == CEPA_PPID_STRING_EMPTY ||
           ppid == CEPA_PPID_BINARY_EMPTY;
}

/* A message on a channel that we know, opening or open. */
static enum cepa_channel_kind on_data(struct cepa_channels *channels,
                                      struct cepa_channel_event *ret_event, uint16_t stream,
                                      uint32_t ppid, const uint8_t *data, size_t data_len)
{
    struct cepa_channel *channel = &channels->channels[stream];
    bool is_empty = ppid == CEPA_PPID_STRING_EMPTY || ppid == CEPA_PPID_BINARY_EMPTY;
    if (ppid == CEPA_PPID_DCEP && !cepa_dcep_is_ack(data, data_len)) {
        cepa_channel_begin_closing(channels, channel); /* it is open already */
        return CEPA_CHANNEL_NOTHING;
    }
    if (channel->state == CEPA_CHANNEL_OPENING) {
        channel->state = CEPA_CHANNEL_OPEN; /* any message acknowledges @[RFC8832 6] */
        channels->opened |= cepa_channel_bit(stream);
    }
    if (!is_data(ppid)) {
        return CEPA_CHANNEL_NOTHING;
    }
    if (data_len > channels->config.receive_max) {
        cepa_channel_begin_closing(channels, channel);
        return CEPA_CHANNEL_NOTHING;
    }
    ret_event->channel = cepa_channel_id_of(channels, stream);
    ret_event->is_string = ppid == CEPA_PPID_STRING || ppid == CEPA_PPID_STRING_EMPTY;
    ret_event->data = data;
    ret_event->data_len = is_empty ? 0 : data_len;
    return CEPA_CHANNEL_MESSAGE;
}

/* Whether a message of this kind can be looked at now, or has to be held. */
static bool is_ready(const struct cepa_channel *channel, uint32_t ppid)
{
    return channel->state == CEPA_CHANNEL_OPENING || channel->state == CEPA_CHANNEL_OPEN ||
           (channel->state == CEPA_CHANNEL_FREE && ppid == CEPA_PPID_DCEP);
}

static enum cepa_channel_kind on_message(struct cepa_channels *channels,
                                         struct cepa_channel_event *ret_event, uint16_t stream,
                                         uint32_t ppid, const uint8_t *data, size_t data_len)
{
    const struct cepa_channel *channel = &channels->channels[stream];
    if (!is_ready(channel, ppid)) {
        bool is_late = channel->state == CEPA_CHANNEL_CLOSING && !channel->is_theirs_reset;
        if (!is_late && (is_data(ppid) || ppid == CEPA_PPID_DCEP)) {
            cepa_held_messages_add(&channels->held, stream, ppid, data, data_len);
        }
        return CEPA_CHANNEL_NOTHING;
    }
    if (channel->state == CEPA_CHANNEL_FREE) {
        return cepa_dcep_is_ack(data, data_len)
                   ? CEPA_CHANNEL_NOTHING
                   : on_opening(channels, ret_event, stream, data, data_len);
    }
    return on_data(channels, ret_event, stream, ppid, data, data_len);
}

/* Looks at held messages whose time has come. */
static enum cepa_channel_kind next_held(struct cepa_channels *channels,
                                        struct cepa_channel_event *ret_event)
{
    struct cepa_held_message *message = channels->held.first;
    while (message != NULL) {
        struct cepa_held_message *next = message->next;
        if (is_ready(&channels->channels[message->stream], message->ppid)) {
            cepa_held_messages_take(&channels->held, message);
            enum cepa_channel_kind kind = on_message(channels, ret_event, message->stream,
                                                     message->ppid, message->bytes, message->len);
            if (kind != CEPA_CHANNEL_NOTHING) {
                channels->lent = message;
                return kind;
            }
            free(message);
        }
        message = next;
    }
    return CEPA_CHANNEL_NOTHING;
}

static void drop_parts(struct cepa_channels *channels)
{
    free(channels->parts);
    channels->parts = NULL;
    channels->parts_len = 0;
}

/* Appends a part. One byte beyond the limit is kept, which tells that there was too much. */
static void add_part(struct cepa_channels *channels, const uint8_t *data, size_t data_len)
{
    size_t room = channels->config.receive_max + 1 - channels->parts_len;
    size_t len = data_len < room ? data_len : room;
    if (channels->is_skipping || len == 0) {
        return;
    }
    uint8_t *parts = realloc(channels->parts, channels->parts_len + len);
    if (parts == NULL) {
        drop_parts(channels);
        channels->is_skipping = true;
        return;
    }
    memcpy(parts + channels->parts_len, data, len);
    channels->parts = parts;
    channels->parts_len += len;
}

static enum cepa_channel_kind on_end(struct cepa_channels *channels,
                                     struct cepa_channel_event *ret_event,
                                     const struct cepa_sctp_message *message, const uint8_t *data,
                                     size_t data_len)
{
    bool is_skipped = channels->is_skipping;
    channels->is_skipping = false;
    if (is_skipped) {
        return CEPA_CHANNEL_NOTHING;
    }
    if (channels->parts == NULL) {
        return on_message(channels, ret_event, message->stream, message->ppid, data, data_len);
    }
    add_part(channels, data, data_len);
    channels->lent = channels->parts; /* NULL if there was no memory for the last part */
    size_t len = channels->parts_len;
    channels->parts = NULL;
    channels->parts_len = 0;
    channels->is_skipping = false;
    return channels->lent == NULL ? CEPA_CHANNEL_NOTHING
                                  : on_message(channels, ret_event, message->stream, message->ppid,
                                               channels->lent, len);
}

static void on_their_reset(struct cepa_channels *channels, uint16_t stream)
{
    struct cepa_channel *channel = &channels->channels[stream];
    if (channel->state == CEPA_CHANNEL_FREE || channel->state == CEPA_CHANNEL_WAITING ||
        channel->state == CEPA_CHANNEL_GONE) {
        cepa_held_messages_drop(&channels->held, stream);
        return;
    }
    channel->is_theirs_reset = true;
    cepa_channel_begin_closing(channels, channel);
    if (channel->is_ours_reset) {
        cepa_channel_leave(channels, channel);
    }
}

/* One that we did not ask for was the peer's wish; then there is nothing to do. */
static void on_our_reset(struct cepa_channels *channels, uint16_t stream)
{
    struct cepa_channel *channel = &channels->channels[stream];
    if (channel->state == CEPA_CHANNEL_CLOSING && !channel->must_reset) {
        channel->is_ours_reset = true;
        if (channel->is_theirs_reset) {
            cepa_channel_leave(channels, channel);
        }
    }
}

static void on_ending(struct cepa_channels *channels)
{
    channels->is_ending = true;
    drop_parts(channels);
    cepa_held_messages_drop(&channels->held, UINT32_MAX);
    for (size_t i = 0; i < CEPA_CHANNELS_MAX; i++) {
        if (channels->channels[i].state != CEPA_CHANNEL_FREE) {
            cepa_channel_leave(channels, &channels->channels[i]);
        }
    }
}

static uint16_t lowest(uint32_t streams)
{
    uint16_t stream = 0;
    while (!(streams & cepa_channel_bit(stream))) {
        stream++;
    }
    return stream;
}

/* What is to be told before anything else is read. */
static enum cepa_channel_kind next_news(struct cepa_channels *channels,
                                        struct cepa_channel_event *ret_event)
{
    while (channels->closed != 0) {
        uint16_t stream = lowest(channels->closed);
        bool is_secret = channels->channels[stream].is_secret;
        ret_event->channel = cepa_channel_id_of(channels, stream);
        channels->closed &= ~cepa_channel_bit(stream);
        channels->channels[stream].state = CEPA_CHANNEL_FREE;
        if (!is_secret) {
            return CEPA_CHANNEL_CLOSED;
        }
        ret_event->channel.value = 0;
    }
    if (channels->opened != 0) {
        uint16_t stream = lowest(channels->opened);
        channels->opened &= ~cepa_channel_bit(stream);
        ret_event->channel = cepa_channel_id_of(channels, stream);
        return CEPA_CHANNEL_OPENED;
    }
    if (channels->is_above && cepa_sctp_buffered(channels->sctp) <= channels->low_mark) {
        channels->is_above = false;
        return CEPA_CHANNEL_LOW;
    }
    if (channels->is_ending && !channels->is_ended) {
        channels->is_ended = true;
        return CEPA_CHANNEL_ENDED;
    }
    return next_held(channels, ret_event);
}

/* Reads one thing. Returns what it means, and in `ret_more` whether to go on. */
static enum cepa_channel_kind read_one(struct cepa_channels *channels,
                                       struct cepa_channel_event *ret_event, uint8_t *scratch,
                                       size_t scratch_len, bool *ret_more)
{
    struct cepa_sctp_message message;
    size_t len = 0;
    *ret_more = true;
    switch (cepa_sctp_receive(channels->sctp, &message, scratch, &len, scratch_len)) {
    case CEPA_SCTP_NOTHING:
        *ret_more = !channels->is_ending && cepa_sctp_state_of(channels->sctp) == CEPA_SCTP_CLOSED;
        if (*ret_more) {
            on_ending(channels);
        }
        break;
    case CEPA_SCTP_PART:
        add_part(channels, scratch, len);
        break;
    case CEPA_SCTP_END:
        return message.stream < CEPA_CHANNELS_MAX
                   ? on_end(channels, ret_event, &message, scratch, len)
                   : CEPA_CHANNEL_NOTHING;
    case CEPA_SCTP_CUT:
        drop_parts(channels);
        channels->is_skipping = false;
        break;
    case CEPA_SCTP_UP:
        return CEPA_CHANNEL_CONNECTED;
    case CEPA_SCTP_RESET:
        on_their_reset(channels, message.stream);
        break;
    case CEPA_SCTP_RESET_DONE:
        on_our_reset(channels, message.stream);
        break;
    }
    return CEPA_CHANNEL_NOTHING;
}

enum cepa_channel_kind cepa_channels_next(struct cepa_channels *channels,
                                          struct cepa_channel_event *ret_event, uint8_t *scratch,
                                          size_t scratch_len)
{
    bool has_more = true;
    free(channels->lent);
    channels->lent = NULL;
    memset(ret_event, 0, sizeof *ret_event);
    while (has_more) {
        cepa_channel_send_pending(channels);
        ret_event->kind = next_news(channels, ret_event);
        if (ret_event->kind != CEPA_CHANNEL_NOTHING) {
            return ret_event->kind;
        }
        ret_event->kind = read_one(channels, ret_event, scratch, scratch_len, &has_more);
        if (ret_event->kind != CEPA_CHANNEL_NOTHING) {
            return ret_event->kind;
        }
        free(channels->lent);
        channels->lent = NULL;
    }
    return CEPA_CHANNEL_NOTHING;
}
