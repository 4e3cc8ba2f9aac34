/* Messages of a day. @[SPEC 17.2] */
#include "application/message_log.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "crypto/hash.h"

enum { NAME_SIZE = 32 };

/* What stands in the ring. */
struct accepted {
    uint8_t name[NAME_SIZE];
    struct cepa_wall at;
};

/* One name of fixed length for a sender's message; nobody can make two with the same. */
static void make_name(uint8_t ret_name[NAME_SIZE], const struct cepa_message_sender *sender,
                      const struct cepa_message_id *id)
{
    uint8_t both[CEPA_MESSAGE_SENDER_SIZE + CEPA_MESSAGE_ID_SIZE];
    memcpy(both, sender->bytes, sizeof sender->bytes);
    memcpy(both + sizeof sender->bytes, id->bytes, sizeof id->bytes);
    cepa_blake2b(ret_name, NAME_SIZE, both, sizeof both, NULL, 0);
}

static void forget_oldest(struct cepa_message_log *log)
{
    struct accepted oldest;
    int error = cepa_ring_pop(&log->order, &oldest);
    CEPA_ASSERT(error == 0);
    error = cepa_map_remove(&log->names, oldest.name);
    CEPA_ASSERT(error == 0);
}

static void forget_old(struct cepa_message_log *log, struct cepa_wall now)
{
    const struct accepted *oldest = cepa_ring_find(&log->order, 0);
    while (oldest != NULL && now.unix_ms > oldest->at.unix_ms &&
           now.unix_ms - oldest->at.unix_ms > CEPA_MESSAGE_LOG_DAY_MS) {
        forget_oldest(log);
        oldest = cepa_ring_find(&log->order, 0);
    }
}

size_t cepa_message_log_size(uint32_t capacity)
{
    if (capacity == 0 || (capacity & (capacity - 1)) != 0) {
        return SIZE_MAX;
    }
    size_t names = cepa_map_size(capacity, NAME_SIZE, 0);
    size_t order = cepa_ring_size(capacity, sizeof(struct accepted));
    return cepa_block_sum(cepa_block_round(names), cepa_block_round(order));
}

void cepa_message_log_init(struct cepa_message_log *ret_log, void *memory, size_t memory_len,
                           uint32_t capacity, const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    size_t names_len = cepa_map_size(capacity, NAME_SIZE, 0);
    size_t order_len = cepa_ring_size(capacity, sizeof(struct accepted));
    cepa_block_init(&block, memory, memory_len);
    void *names = cepa_block_carve(&block, names_len);
    void *order = cepa_block_carve(&block, order_len);
    int error = cepa_block_end(&block);
    CEPA_ASSERT(error == 0);
    cepa_map_init(&ret_log->names, names, names_len, capacity, NAME_SIZE, 0, key);
    cepa_ring_init(&ret_log->order, order, order_len, capacity, sizeof(struct accepted));
}

int cepa_message_log_check(const struct cepa_message_log *log,
                           const struct cepa_message_sender *sender,
                           const struct cepa_message_id *id)
{
    uint8_t name[NAME_SIZE];
    make_name(name, sender, id);
    return cepa_map_find(&log->names, name) == NULL ? 0 : CEPA_ERR_REPLAY;
}

int cepa_message_log_accept(struct cepa_message_log *log, const struct cepa_message_sender *sender,
                            const struct cepa_message_id *id, struct cepa_wall now)
{
    struct accepted accepted = {.at = now};
    make_name(accepted.name, sender, id);
    if (cepa_map_find(&log->names, accepted.name) != NULL) {
        return CEPA_ERR_REPLAY;
    }
    forget_old(log, now);
    if (cepa_ring_count(&log->order) == log->order.capacity) {
        forget_oldest(log);
    }
    int error = cepa_ring_push(&log->order, &accepted);
    CEPA_ASSERT(error == 0);
    error = cepa_map_put(&log->names, accepted.name, NULL);
    CEPA_ASSERT(error == 0);
    return 0;
}

uint32_t cepa_message_log_count(const struct cepa_message_log *log)
{
    return cepa_ring_count(&log->order);
}

void cepa_message_log_wipe(struct cepa_message_log *log)
{
    cepa_map_wipe(&log->names);
    cepa_ring_wipe(&log->order);
}
