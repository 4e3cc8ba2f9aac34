/* Items that wait to be sent, of all links in one ring of bytes; those of one link leave together
 * in one message. A full outbox drops the newest: whoever asked asks again. */
#ifndef CEPA_MESH_OUTBOX_H
#define CEPA_MESH_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/mesh_message.h"

/* An outbox. */
struct cepa_outbox {
    uint8_t *bytes; /* lent; entries from `head` to `tail`, each with a header */
    size_t capacity;
    size_t head;
    size_t tail;
    uint64_t dropped; /* items that did not fit */
};

/* cepa_outbox_init makes an empty outbox in `capacity` bytes at `memory`, aligned to 16, lent. */
void cepa_outbox_init(struct cepa_outbox *outbox, void *memory, size_t capacity);

/* cepa_outbox_add queues an item for a link; false if there is no room. */
bool cepa_outbox_add(struct cepa_outbox *outbox, uint64_t link, const struct cepa_mesh_item *item);

/* cepa_outbox_take writes the oldest item, and behind it all others of its link that fit, into one
 * message of at most CEPA_MESH_MESSAGE_SIZE_MAX bytes. Returns its length, 0 if nothing waits. */
size_t cepa_outbox_take(struct cepa_outbox *outbox, uint64_t *ret_link, uint8_t *ret_message);

/* cepa_outbox_forget drops what waits for a link. */
void cepa_outbox_forget(struct cepa_outbox *outbox, uint64_t link);

#endif
