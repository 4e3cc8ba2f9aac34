/* Messages that came on a stream before there was a channel for them, in the order they came, with
 * a bound on their number and their bytes. Unordered messages can overtake the one that opens their
 * channel, and a stream can be used again before we know that its reset is done. */
#ifndef CEPA_NATIVE_WEBRTC_HELD_MESSAGES_H
#define CEPA_NATIVE_WEBRTC_HELD_MESSAGES_H

#include <stddef.h>
#include <stdint.h>

/* One of them. */
struct cepa_held_message {
    struct cepa_held_message *next; /* NULL at the end */
    uint16_t stream;                /* where it came */
    uint32_t ppid;                  /* what it is */
    size_t len;                     /* bytes */
    uint8_t bytes[];
};

/* All of a connection; all zeros is empty. */
struct cepa_held_messages {
    struct cepa_held_message *first; /* the oldest */
    size_t count;                    /* how many */
    size_t bytes_len;                /* bytes of them all */
};

/* cepa_held_messages_add keeps a copy, or drops the message if there is no room. */
void cepa_held_messages_add(struct cepa_held_messages *held, uint16_t stream, uint32_t ppid,
                            const uint8_t *data, size_t data_len);

/* cepa_held_messages_take unlinks one, which is now the caller's to free(); it is one of them. */
void cepa_held_messages_take(struct cepa_held_messages *held, struct cepa_held_message *message);

/* cepa_held_messages_drop frees those of a stream; those of all if `stream` is UINT32_MAX. */
void cepa_held_messages_drop(struct cepa_held_messages *held, uint32_t stream);

#endif
