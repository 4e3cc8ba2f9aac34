/* What a host keeps while its node is down. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/world.h"

static struct sim_value *find(const struct sim_host *host, enum cepa_store_table table,
                              const uint8_t *key, size_t key_len)
{
    for (size_t i = 0; i < host->values_len; i++) {
        struct sim_value *value = &host->values[i];
        if (value->table == table && value->key_len == key_len &&
            memcmp(value->key, key, key_len) == 0) {
            return value;
        }
    }
    return NULL;
}

void sim_store_put(struct sim_host *host, const struct cepa_node_effect *effect)
{
    struct sim_value *value = find(host, effect->table, effect->key, effect->key_len);
    if (effect->is_gone) {
        if (value != NULL) {
            size_t at = (size_t)(value - host->values);
            free(value->value);
            memmove(value, value + 1, (host->values_len - at - 1) * sizeof *value);
            host->values_len--;
        }
        return;
    }
    if (value == NULL) {
        host->values =
            sim_grow(host->values, host->values_len, &host->values_capacity, sizeof *value);
        value = &host->values[host->values_len++];
        *value = (struct sim_value){.table = effect->table, .key_len = effect->key_len};
        memcpy(value->key, effect->key, effect->key_len);
    }
    free(value->value);
    value->value = malloc(effect->data_len);
    CEPA_ASSERT(value->value != NULL && effect->data_len > 0);
    memcpy(value->value, effect->data, effect->data_len);
    value->value_len = effect->data_len;
}

/* sim_store_restore gives everything back to a node that was made anew. */
void sim_store_restore(struct sim_host *host)
{
    for (int table = CEPA_STORE_OWN; table < CEPA_STORE_PREKEYS; table++) {
        for (size_t i = 0; i < host->values_len; i++) {
            const struct sim_value *value = &host->values[i];
            if ((int)value->table == table) {
                int error = cepa_node_restore(host->node, value->table, value->key, value->key_len,
                                              value->value, value->value_len);
                (void)error; /* what is of no use any more is not an error of the simulation */
            }
        }
    }
}

/* sim_store_restore_end gives an end that was made anew what it stored. */
void sim_store_restore_end(struct sim_host *host)
{
    for (size_t i = 0; i < host->values_len; i++) {
        const struct sim_value *value = &host->values[i];
        if (value->table == CEPA_STORE_PREKEYS || value->table == CEPA_STORE_PLACES) {
            int error = cepa_end_restore(host->end, value->table, value->key, value->key_len,
                                         value->value, value->value_len);
            (void)error; /* as above */
        }
    }
}

void sim_store_free(struct sim_host *host)
{
    for (size_t i = 0; i < host->values_len; i++) {
        free(host->values[i].value);
    }
    free(host->values);
}

const uint8_t *sim_stored(const struct sim *sim, uint32_t host, enum cepa_store_table table,
                          const uint8_t *key, size_t key_len, size_t *ret_len)
{
    const struct sim_value *value = find(&sim->hosts[host], table, key, key_len);
    if (value == NULL) {
        return NULL;
    }
    *ret_len = value->value_len;
    return value->value;
}
