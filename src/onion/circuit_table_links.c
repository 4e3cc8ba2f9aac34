/* Links, the sides of circuits on them, and their budgets. */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "onion/circuit_table_parts.h"

enum { KEY_LEN = 12, MILLI = 1000 };

/* No more time than this fills a budget at once; it keeps the products small. */
#define BUDGET_GAP_MAX_NS (100 * CEPA_SECOND_NS)

static void make_key(uint8_t ret_key[KEY_LEN], uint64_t link, uint32_t circuit_id)
{
    cepa_be64_store(ret_key, link);
    cepa_be32_store(ret_key + 8, circuit_id);
}

struct cepa_circuit_table_link *cepa_table_link_find(const struct cepa_circuit_table *table,
                                                     uint64_t link)
{
    const struct cepa_handle *handle = cepa_map_find(&table->by_link, &link);
    return handle == NULL ? NULL : cepa_pool_find(&table->links, *handle);
}

struct cepa_table_circuit *cepa_table_circuit_at(const struct cepa_circuit_table *table,
                                                 uint64_t link, uint32_t circuit_id,
                                                 unsigned *ret_side)
{
    uint8_t key[KEY_LEN];
    make_key(key, link, circuit_id);
    const struct cepa_table_place *place = cepa_map_find(&table->by_id, key);
    if (place == NULL) {
        return NULL;
    }
    *ret_side = (unsigned)place->side;
    return cepa_pool_find(&table->circuits, place->circuit);
}

/* The side with this name, in whichever circuit stands there. */
static struct cepa_table_side *side_named(const struct cepa_circuit_table *table, uint32_t name)
{
    uint8_t *element = table->circuits.elements + (name / 2) * table->circuits.element_size;
    return &((struct cepa_table_circuit *)(void *)element)->sides[name % 2];
}

static uint32_t name_of(const struct cepa_table_circuit *circuit, unsigned side)
{
    return 2 * circuit->self.index + side;
}

int cepa_table_side_map(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                        unsigned side, uint64_t link, uint32_t circuit_id)
{
    const struct cepa_table_place place = {circuit->self, side};
    const struct cepa_handle *of = cepa_map_find(&table->by_link, &link);
    struct cepa_table_side *here = &circuit->sides[side];
    uint8_t key[KEY_LEN];
    make_key(key, link, circuit_id);
    if (of == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (cepa_map_find(&table->by_id, key) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    int error = cepa_map_put(&table->by_id, key, &place);
    if (error != 0) {
        return error;
    }
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, *of);
    here->link = link;
    here->of = *of;
    here->circuit_id = circuit_id;
    here->before = CEPA_TABLE_NO_SIDE;
    here->after = record->first_side;
    here->is_mapped = true;
    if (record->first_side != CEPA_TABLE_NO_SIDE) {
        side_named(table, record->first_side)->before = name_of(circuit, side);
    }
    record->first_side = name_of(circuit, side);
    record->circuits += side == CEPA_TABLE_PREVIOUS && !circuit->is_own;
    return 0;
}

void cepa_table_side_unmap(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                           unsigned side)
{
    struct cepa_table_side *here = &circuit->sides[side];
    uint8_t key[KEY_LEN];
    if (!here->is_mapped) {
        return;
    }
    make_key(key, here->link, here->circuit_id);
    CEPA_ASSERT(cepa_map_remove(&table->by_id, key) == 0);
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, here->of);
    CEPA_ASSERT(record != NULL);
    if (here->before == CEPA_TABLE_NO_SIDE) {
        record->first_side = here->after;
    } else {
        side_named(table, here->before)->after = here->after;
    }
    if (here->after != CEPA_TABLE_NO_SIDE) {
        side_named(table, here->after)->before = here->before;
    }
    record->circuits -= side == CEPA_TABLE_PREVIOUS && !circuit->is_own;
    here->is_mapped = false;
}

bool cepa_table_budget_take(struct cepa_circuit_table_budget *budget, uint32_t per_second,
                            uint32_t burst, struct cepa_time now)
{
    uint64_t gap_ns = cepa_time_since(now, budget->last);
    gap_ns = gap_ns < BUDGET_GAP_MAX_NS ? gap_ns : BUDGET_GAP_MAX_NS;
    uint64_t gained = gap_ns * per_second / (CEPA_SECOND_NS / MILLI);
    if (gained > 0) {
        uint64_t full = (uint64_t)burst * MILLI;
        budget->milli = budget->milli + gained < full ? budget->milli + gained : full;
        budget->last = now;
    }
    if (budget->milli < MILLI) {
        return false;
    }
    budget->milli -= MILLI;
    return true;
}

int cepa_circuit_table_link_up(struct cepa_circuit_table *table, uint64_t link,
                               struct cepa_time now)
{
    struct cepa_handle handle;
    if (cepa_map_find(&table->by_link, &link) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    int error = cepa_pool_alloc(&table->links, &handle);
    if (error != 0) {
        return error;
    }
    CEPA_ASSERT(cepa_map_put(&table->by_link, &link, &handle) == 0);
    struct cepa_circuit_table_link *record = cepa_pool_find(&table->links, handle);
    record->number = link;
    record->first_side = CEPA_TABLE_NO_SIDE;
    record->packet_budget.milli = (uint64_t)table->limits.packets_burst * MILLI;
    record->packet_budget.last = now;
    record->renewal_budget.milli = (uint64_t)table->limits.renewals_burst * MILLI;
    record->renewal_budget.last = now;
    return 0;
}

void cepa_circuit_table_link_down(struct cepa_circuit_table *table, uint64_t link,
                                  struct cepa_time now)
{
    struct cepa_circuit_table_link *record = cepa_table_link_find(table, link);
    if (record == NULL) {
        return;
    }
    while (record->first_side != CEPA_TABLE_NO_SIDE) {
        uint32_t name = record->first_side;
        struct cepa_table_circuit *circuit =
            (struct cepa_table_circuit *)(void *)(table->circuits.elements +
                                                  (name / 2) * table->circuits.element_size);
        cepa_table_side_unmap(table, circuit, name % 2);
        if (circuit->is_own) {
            circuit->is_over = true;
            cepa_table_circuit_tell(table, circuit, CEPA_TABLE_OWN_LOST);
        } else {
            cepa_table_circuit_on(table, circuit,
                                  name % 2 == CEPA_TABLE_PREVIOUS ? CEPA_RELAY_ON_CLOSED_BY_PREVIOUS
                                                                  : CEPA_RELAY_ON_NEXT_LOST,
                                  now);
        }
    }
    const struct cepa_handle handle =
        *(const struct cepa_handle *)cepa_map_find(&table->by_link, &link);
    CEPA_ASSERT(cepa_map_remove(&table->by_link, &link) == 0);
    CEPA_ASSERT(cepa_pool_free(&table->links, handle) == 0);
}
