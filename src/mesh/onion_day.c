/* The onion keys of one day. @[SPEC 2.2] @[SPEC 2.3] */
#include "mesh/onion_day.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/ct.h"
#include "wire/sizes.h"

void cepa_onion_day_begin(struct cepa_onion_day *day, struct cepa_directory_day number,
                          const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN])
{
    cepa_wipe(day, sizeof *day);
    day->day = number;
    cepa_seed_chain_init(&day->epochs, CEPA_SEED_CHAIN_EPOCHS, number, CEPA_MERKLE_EPOCHS, root);
    cepa_seed_chain_init(&day->spares, CEPA_SEED_CHAIN_SPARES, number, CEPA_MERKLE_SPARES, root);
    day->ahead = day->epochs;
}

bool cepa_onion_day_is_ready(const struct cepa_onion_day *day)
{
    return day->made == CEPA_MERKLE_LEAVES;
}

bool cepa_onion_day_step(struct cepa_onion_day *day, struct cepa_onion_day_workspace *workspace,
                         uint32_t cpu)
{
    struct cepa_xwing_seed seed;
    if (cepa_onion_day_is_ready(day)) {
        return true;
    }
    if (day->made == CEPA_MERKLE_EPOCHS) {
        day->ahead = day->spares;
    }
    int error = cepa_seed_chain_next(&day->ahead, &seed);
    CEPA_ASSERT(error == 0);
    cepa_xwing_key_expand(&workspace->key, &seed, &workspace->xwing, cpu);
    cepa_merkle_tree_set_leaf(&day->tree, day->day, day->made++, &workspace->key.public_key);
    cepa_wipe(&workspace->key, sizeof workspace->key);
    cepa_wipe(&seed, sizeof seed);
    if (cepa_onion_day_is_ready(day)) {
        cepa_seed_chain_wipe(&day->ahead);
        cepa_merkle_tree_build(&day->tree, &day->root);
    }
    return cepa_onion_day_is_ready(day);
}

void cepa_onion_day_pass(struct cepa_onion_day *day, struct cepa_onion_epoch epoch)
{
    uint32_t end = epoch.number % CEPA_DAY_EPOCHS + 1;
    CEPA_ASSERT(epoch.number / CEPA_DAY_EPOCHS == day->day.number);
    if (day->epochs.next < end) {
        int error = cepa_seed_chain_skip(&day->epochs, end - day->epochs.next);
        CEPA_ASSERT(error == 0);
    }
}

int cepa_onion_day_take(struct cepa_onion_day *day, struct cepa_onion_seed *ret_seed,
                        struct cepa_onion_epoch epoch)
{
    uint32_t index = epoch.number % CEPA_DAY_EPOCHS;
    CEPA_ASSERT(cepa_onion_day_is_ready(day));
    if (epoch.number / CEPA_DAY_EPOCHS != day->day.number) {
        return CEPA_ERR_EPOCH;
    }
    if (day->epochs.next > index) {
        uint32_t leaf = CEPA_MERKLE_EPOCHS + day->spares.next;
        int error = cepa_seed_chain_next(&day->spares, &ret_seed->seed);
        if (error == 0) {
            ret_seed->leaf = leaf;
        }
        return error;
    }
    int error = cepa_seed_chain_skip(&day->epochs, index - day->epochs.next);
    if (error == 0) {
        error = cepa_seed_chain_next(&day->epochs, &ret_seed->seed);
    }
    CEPA_ASSERT(error == 0);
    ret_seed->leaf = index;
    return 0;
}

int cepa_onion_day_key_record(const struct cepa_onion_day *day, uint8_t *ret_bytes,
                              const struct cepa_node_id *node, struct cepa_onion_epoch epoch,
                              uint32_t leaf, const struct cepa_xwing_public_key *public_key)
{
    struct cepa_merkle_path path;
    struct cepa_key_record record;
    bool is_own = leaf < CEPA_MERKLE_EPOCHS;
    if (!cepa_onion_day_is_ready(day) || leaf >= CEPA_MERKLE_LEAVES ||
        epoch.number / CEPA_DAY_EPOCHS != day->day.number ||
        (is_own && epoch.number % CEPA_DAY_EPOCHS != leaf)) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_merkle_tree_path(&day->tree, &path, leaf);
    if (cepa_merkle_verify(&day->root, day->day, leaf, public_key, &path) != 0) {
        return CEPA_ERR_ARGUMENT;
    }
    record.leaf = (uint8_t)leaf;
    record.node = *node;
    record.day = day->day;
    record.epoch = epoch;
    record.public_key = public_key->bytes;
    record.path = path.siblings[0].bytes;
    cepa_key_record_encode(ret_bytes, &record);
    return 0;
}

void cepa_onion_day_encode(const struct cepa_onion_day *day,
                           uint8_t ret_bytes[CEPA_ONION_DAY_STATE_SIZE])
{
    size_t leaves_len = CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN;
    CEPA_ASSERT(cepa_onion_day_is_ready(day));
    ret_bytes[0] = CEPA_ONION_DAY_VERSION;
    memcpy(ret_bytes + 1, day->tree.nodes[CEPA_MERKLE_LEAVES].bytes, leaves_len);
    cepa_seed_chain_encode(&day->epochs, ret_bytes + 1 + leaves_len);
    cepa_seed_chain_encode(&day->spares, ret_bytes + 1 + leaves_len + CEPA_SEED_CHAIN_ENCODED_LEN);
}

/* Whether both chains are a day's, and of the same one. */
static bool is_consistent(const struct cepa_onion_day *day)
{
    return day->epochs.purpose == CEPA_SEED_CHAIN_EPOCHS &&
           day->spares.purpose == CEPA_SEED_CHAIN_SPARES &&
           day->epochs.count == CEPA_MERKLE_EPOCHS && day->spares.count == CEPA_MERKLE_SPARES &&
           day->epochs.day.number == day->spares.day.number;
}

int cepa_onion_day_decode(struct cepa_onion_day *ret_day, const uint8_t *bytes, size_t bytes_len)
{
    size_t leaves_len = CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN;
    struct cepa_onion_day day;
    if (bytes_len != CEPA_ONION_DAY_STATE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_ONION_DAY_VERSION) {
        return CEPA_ERR_VERSION;
    }
    memset(&day, 0, sizeof day);
    const uint8_t *chains = bytes + 1 + leaves_len;
    int error = cepa_seed_chain_decode(&day.epochs, chains, CEPA_SEED_CHAIN_ENCODED_LEN);
    if (error == 0) {
        error = cepa_seed_chain_decode(&day.spares, chains + CEPA_SEED_CHAIN_ENCODED_LEN,
                                       CEPA_SEED_CHAIN_ENCODED_LEN);
    }
    if (error == 0 && !is_consistent(&day)) {
        error = CEPA_ERR_MALFORMED;
    }
    if (error == 0) {
        memcpy(day.tree.nodes[CEPA_MERKLE_LEAVES].bytes, bytes + 1, leaves_len);
        cepa_merkle_tree_build(&day.tree, &day.root);
        day.day = day.epochs.day;
        day.made = CEPA_MERKLE_LEAVES;
        *ret_day = day;
    }
    cepa_wipe(&day, sizeof day);
    return error;
}

void cepa_onion_day_wipe(struct cepa_onion_day *day)
{
    cepa_wipe(day, sizeof *day);
}
