/* Packets and messages on their way in. A peer has room for four of each, for five seconds; parts
 * of a fifth are dropped. @[SPEC 7.8] */
#include <string.h>

#include "link/link_internal.h"

#define PARTIAL_NS (5 * CEPA_SECOND_NS)

static uint8_t *buffer_at(const struct cepa_link *link, uint32_t index)
{
    return link->shared->buffers + (size_t)index * CEPA_LINK_BUFFER_SIZE;
}

static void drop(struct cepa_link *link, struct cepa_link_partial *partial)
{
    if (partial->buffer != CEPA_LINK_NONE) {
        cepa_link_pool_give(&link->shared->buffer_pool, partial->buffer);
        partial->buffer = CEPA_LINK_NONE;
    }
}

/* How many buffers a link may hold: eight while there are many, fewer when they grow scarce, so
 * that no number of links leaves the others without. */
static unsigned share_of(const struct cepa_link *link)
{
    const struct cepa_link_pool *pool = &link->shared->buffer_pool;
    uint32_t free = pool->capacity - pool->count;
    if (free > pool->capacity / 2) {
        return 2 * CEPA_LINK_PARTIAL_MAX;
    }
    return free > pool->capacity / 4 ? 2 : 1;
}

static unsigned held_by(const struct cepa_link *link)
{
    unsigned held = 0;
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        held += link->partial_packets[i].buffer != CEPA_LINK_NONE;
        held += link->partial_messages[i].buffer != CEPA_LINK_NONE;
    }
    return held;
}

/* Finds the one that a part belongs to, or begins it. NULL if there is no room. */
static struct cepa_link_partial *find(struct cepa_link *link, struct cepa_link_partial *partials,
                                      uint32_t circuit_id, uint16_t number, uint8_t count,
                                      struct cepa_time now)
{
    struct cepa_link_partial *unused = NULL;
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        struct cepa_link_partial *partial = &partials[i];
        if (partial->buffer == CEPA_LINK_NONE) {
            unused = partial;
        } else if (partial->circuit_id == circuit_id && partial->number == number &&
                   partial->count == count) {
            return partial;
        }
    }
    if (unused == NULL || held_by(link) >= share_of(link)) {
        return NULL;
    }
    unused->buffer = cepa_link_pool_take(&link->shared->buffer_pool);
    if (unused->buffer == CEPA_LINK_NONE) {
        return NULL;
    }
    unused->circuit_id = circuit_id;
    unused->number = number;
    unused->count = count;
    unused->parts = 0;
    unused->last_len = 0;
    unused->until = cepa_time_add(now, PARTIAL_NS);
    return unused;
}

/* Puts a part in its place. Gives 1 when all are here. */
static int put(struct cepa_link *link, struct cepa_link_partial *partial, unsigned index,
               size_t offset, const uint8_t *data, size_t len)
{
    uint32_t bit = (uint32_t)1 << index;
    if (partial->parts & bit) {
        return CEPA_ERR_REPLAY;
    }
    memcpy(buffer_at(link, partial->buffer) + offset, data, len);
    partial->parts |= bit;
    return partial->parts == ((uint32_t)1 << partial->count) - 1;
}

/* Lends what is whole with the event of the frame that completed it. */
static void lend(struct cepa_link *link, struct cepa_link_partial *partial,
                 enum cepa_link_event_kind kind, size_t len)
{
    link->lent_buffer = partial->buffer;
    link->lent_kind = (uint8_t)(kind + 1);
    link->lent_id = partial->circuit_id;
    link->lent_data = buffer_at(link, partial->buffer);
    link->lent_len = len;
    partial->buffer = CEPA_LINK_NONE;
}

int cepa_link_assembly_packet(struct cepa_link *link, const struct cepa_frame_packet_part *part,
                              struct cepa_time now)
{
    struct cepa_link_partial *partial =
        find(link, link->partial_packets, part->circuit_id, part->sequence, CEPA_PACKET_PARTS, now);
    if (partial == NULL) {
        return CEPA_ERR_FULL;
    }
    int result = put(link, partial, part->index, (size_t)part->index * CEPA_PACKET_PART_SIZE,
                     part->data, CEPA_PACKET_PART_SIZE);
    if (result > 0) {
        lend(link, partial, CEPA_LINK_PACKET, CEPA_PACKET_SIZE);
        result = 0;
    }
    return result;
}

int cepa_link_assembly_message(struct cepa_link *link, const struct cepa_frame_message_part *part,
                               uint8_t *data, struct cepa_time now)
{
    if (part->count == 1) {
        link->lent_kind = CEPA_LINK_MESSAGE + 1;
        link->lent_id = 0;
        link->lent_data = data;
        link->lent_len = part->data_len;
        return 0;
    }
    struct cepa_link_partial *partial =
        find(link, link->partial_messages, 0, part->number, part->count, now);
    if (partial == NULL) {
        return CEPA_ERR_FULL;
    }
    if (part->index + 1 == part->count) {
        partial->last_len = (uint16_t)part->data_len;
    }
    int result = put(link, partial, part->index, (size_t)part->index * CEPA_LINK_MESSAGE_PART_SIZE,
                     part->data, part->data_len);
    if (result > 0) {
        lend(link, partial, CEPA_LINK_MESSAGE,
             (size_t)(partial->count - 1) * CEPA_LINK_MESSAGE_PART_SIZE + partial->last_len);
        result = 0;
    }
    return result;
}

void cepa_link_assembly_step(struct cepa_link *link, struct cepa_time now)
{
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        if (cepa_time_is_due(link->partial_packets[i].until, now)) {
            drop(link, &link->partial_packets[i]);
        }
        if (cepa_time_is_due(link->partial_messages[i].until, now)) {
            drop(link, &link->partial_messages[i]);
        }
    }
}

void cepa_link_assembly_wipe(struct cepa_link *link)
{
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        drop(link, &link->partial_packets[i]);
        drop(link, &link->partial_messages[i]);
    }
}

struct cepa_time cepa_link_assembly_deadline(const struct cepa_link *link)
{
    struct cepa_time deadline = cepa_time_never();
    for (unsigned i = 0; i < CEPA_LINK_PARTIAL_MAX; i++) {
        if (link->partial_packets[i].buffer != CEPA_LINK_NONE) {
            deadline = cepa_time_earliest(deadline, link->partial_packets[i].until);
        }
        if (link->partial_messages[i].buffer != CEPA_LINK_NONE) {
            deadline = cepa_time_earliest(deadline, link->partial_messages[i].until);
        }
    }
    return deadline;
}
