/* A short list. */
#include "native/webrtc/held_messages.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/channel.h"

void cepa_held_messages_add(struct cepa_held_messages *held, uint16_t stream, uint32_t ppid,
                            const uint8_t *data, size_t data_len)
{
    struct cepa_held_message **end = &held->first;
    if (held->count >= CEPA_CHANNEL_HELD_MAX ||
        data_len > CEPA_CHANNEL_HELD_BYTES - held->bytes_len) {
        return;
    }
    struct cepa_held_message *message = malloc(sizeof *message + data_len);
    if (message == NULL) {
        return;
    }
    message->next = NULL;
    message->stream = stream;
    message->ppid = ppid;
    message->len = data_len;
    memcpy(message->bytes, data, data_len);
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = message;
    held->count++;
    held->bytes_len += data_len;
}

void cepa_held_messages_take(struct cepa_held_messages *held, struct cepa_held_message *message)
{
    struct cepa_held_message **link = &held->first;
    while (*link != message) {
        CEPA_ASSERT(*link != NULL);
        link = &(*link)->next;
    }
    *link = message->next;
    held->count--;
    held->bytes_len -= message->len;
}

void cepa_held_messages_drop(struct cepa_held_messages *held, uint32_t stream)
{
    struct cepa_held_message *message = held->first;
    while (message != NULL) {
        struct cepa_held_message *next = message->next;
        if (stream == UINT32_MAX || message->stream == stream) {
            cepa_held_messages_take(held, message);
            free(message);
        }
        message = next;
    }
}
