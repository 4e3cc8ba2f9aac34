/* Up to two live onion keys. */
#include "onion/onion_keys.h"

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "base/declassify.h"

size_t cepa_onion_keys_size(const struct cepa_replay_limits *limits)
{
    return CEPA_ONION_KEYS_LIVE_MAX * cepa_replay_cache_size(limits->capacity);
}

/* The memory of the cache of key number `i`. */
static uint8_t *memory_of(const struct cepa_onion_keys *keys, size_t i)
{
    return keys->memory + i * cepa_replay_cache_size(keys->limits.capacity);
}

int cepa_onion_keys_init(struct cepa_onion_keys *ret_keys, void *memory, size_t memory_len,
                         const struct cepa_replay_limits *limits)
{
    struct cepa_replay_cache cache;
    /* The first cache is made here only to have its limits and its share of the memory checked. */
    if (cepa_replay_cache_init(&cache, memory, memory_len, limits) != 0 ||
        memory_len < cepa_onion_keys_size(limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_wipe(ret_keys, sizeof *ret_keys);
    ret_keys->limits = *limits;
    ret_keys->memory = memory;
    return 0;
}

static void retire(struct cepa_onion_keys *keys, size_t i)
{
    size_t size = cepa_replay_cache_size(keys->limits.capacity);
    /* Which words are in use says how many packets came, which whoever sent them knows. */
    cepa_declassify(memory_of(keys, i), size);
    cepa_block_zero(memory_of(keys, i), size);
    cepa_wipe(&keys->keys[i], sizeof keys->keys[i]);
}

void cepa_onion_keys_retire(struct cepa_onion_keys *keys, struct cepa_onion_epoch oldest_live)
{
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        if (keys->keys[i].is_live && keys->keys[i].epoch.number < oldest_live.number) {
            retire(keys, i);
        }
    }
}

static bool is_latest(const struct cepa_onion_keys *keys, struct cepa_onion_epoch epoch)
{
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        if (keys->keys[i].is_live && keys->keys[i].epoch.number >= epoch.number) {
            return false;
        }
    }
    return true;
}

int cepa_onion_keys_rotate(struct cepa_onion_keys *keys, struct cepa_onion_epoch epoch,
                           const struct cepa_xwing_seed *seed,
                           struct cepa_xwing_workspace *workspace, uint32_t cpu)
{
    struct cepa_onion_epoch before = {epoch.number - (epoch.number > 0 ? 1 : 0)};
    size_t i = 0;
    if (!is_latest(keys, epoch)) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_onion_keys_retire(keys, before);
    while (keys->keys[i].is_live) {
        i++;
        CEPA_ASSERT(i < CEPA_ONION_KEYS_LIVE_MAX);
    }
    struct cepa_onion_key *key = &keys->keys[i];
    size_t memory_len = cepa_replay_cache_size(keys->limits.capacity);
    int status =
        cepa_replay_cache_init(&key->replay, memory_of(keys, i), memory_len, &keys->limits);
    CEPA_ASSERT(status == 0);
    cepa_xwing_key_expand(&key->key, seed, workspace, cpu);
    cepa_onion_key_id_of(&key->id, &key->key.public_key);
    key->epoch = epoch;
    key->is_live = true;
    return 0;
}

struct cepa_onion_key *cepa_onion_keys_find(struct cepa_onion_keys *keys, uint8_t epoch_byte)
{
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        struct cepa_onion_key *key = &keys->keys[i];
        if (key->is_live && (uint8_t)key->epoch.number == epoch_byte) {
            return key;
        }
    }
    return NULL;
}

struct cepa_replay_share *cepa_onion_keys_share(const struct cepa_onion_keys *keys,
                                                const struct cepa_onion_key *key,
                                                struct cepa_onion_share *share)
{
    size_t i = (size_t)(key - keys->keys);
    CEPA_ASSERT(i < CEPA_ONION_KEYS_LIVE_MAX && key->is_live);
    if (share->of_key[i].epoch.number != key->epoch.number) {
        share->of_key[i].epoch = key->epoch;
        share->of_key[i].replay.used = 0;
    }
    return &share->of_key[i].replay;
}

void cepa_onion_keys_wipe(struct cepa_onion_keys *keys)
{
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        if (keys->keys[i].is_live) {
            retire(keys, i);
        }
    }
    cepa_wipe(keys, sizeof *keys);
}
