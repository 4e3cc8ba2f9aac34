/* Items that wait to be sent. */
#include "mesh/outbox.h"

#include <string.h>

#include "base/assert.h"

/* Before each item. Link 0: it has been taken. */
struct entry {
    uint64_t link;
    size_t len;
};

static size_t entry_size(size_t len)
{
    return sizeof(struct entry) + (len + 7) / 8 * 8;
}

static struct entry *entry_at(const struct cepa_outbox *outbox, size_t offset)
{
    return (struct entry *)(void *)(outbox->bytes + offset);
}

void cepa_outbox_init(struct cepa_outbox *outbox, void *memory, size_t capacity)
{
    memset(outbox, 0, sizeof *outbox);
    outbox->bytes = memory;
    outbox->capacity = capacity;
}

static void drop_taken(struct cepa_outbox *outbox)
{
    while (outbox->head < outbox->tail && entry_at(outbox, outbox->head)->link == 0) {
        outbox->head += entry_size(entry_at(outbox, outbox->head)->len);
    }
    if (outbox->head == outbox->tail) {
        outbox->head = 0;
        outbox->tail = 0;
    }
}

bool cepa_outbox_add(struct cepa_outbox *outbox, uint64_t link, const struct cepa_mesh_item *item)
{
    struct cepa_writer writer;
    size_t len = 0;
    CEPA_ASSERT(link != 0);
    /* Moving pays only when it wins much: the tail has come to the end, and half is free. */
    if (outbox->head > outbox->capacity / 2) {
        memmove(outbox->bytes, outbox->bytes + outbox->head, outbox->tail - outbox->head);
        outbox->tail -= outbox->head;
        outbox->head = 0;
    }
    size_t room = outbox->capacity - outbox->tail;
    if (room < sizeof(struct entry) + 8) {
        outbox->dropped++;
        return false;
    }
    room = (room - sizeof(struct entry)) / 8 * 8;
    cepa_writer_init(&writer, outbox->bytes + outbox->tail + sizeof(struct entry),
                     room < CEPA_MESH_MESSAGE_SIZE_MAX ? room : CEPA_MESH_MESSAGE_SIZE_MAX);
    cepa_mesh_item_encode(&writer, item);
    if (cepa_writer_end(&writer, &len) != 0) {
        outbox->dropped++;
        return false;
    }
    entry_at(outbox, outbox->tail)->link = link;
    entry_at(outbox, outbox->tail)->len = len;
    outbox->tail += entry_size(len);
    return true;
}

size_t cepa_outbox_take(struct cepa_outbox *outbox, uint64_t *ret_link, uint8_t *ret_message)
{
    size_t message_len = 0;
    uint64_t link = 0;
    drop_taken(outbox);
    for (size_t at = outbox->head; at < outbox->tail;) {
        struct entry *entry = entry_at(outbox, at);
        size_t size = entry_size(entry->len);
        if (link == 0) {
            link = entry->link;
        }
        if (entry->link == link) {
            if (message_len + entry->len > CEPA_MESH_MESSAGE_SIZE_MAX) {
                break;
            }
            memcpy(ret_message + message_len, outbox->bytes + at + sizeof *entry, entry->len);
            message_len += entry->len;
            entry->link = 0;
        }
        at += size;
    }
    drop_taken(outbox);
    if (message_len > 0) {
        *ret_link = link;
    }
    return message_len;
}

void cepa_outbox_forget(struct cepa_outbox *outbox, uint64_t link)
{
    for (size_t at = outbox->head; at < outbox->tail;) {
        struct entry *entry = entry_at(outbox, at);
        if (entry->link == link) {
            entry->link = 0;
        }
        at += entry_size(entry->len);
    }
    drop_taken(outbox);
}
