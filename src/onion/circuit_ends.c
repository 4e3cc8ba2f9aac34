/* Where a circuit of a table goes on. */
#include "onion/circuit_ends.h"

#include "onion/circuit_table_parts.h"

int cepa_circuit_ends_find(const struct cepa_circuit_table *table,
                           struct cepa_circuit_ends *ret_ends, uint64_t link, uint32_t circuit_id)
{
    unsigned side;
    const struct cepa_table_circuit *circuit =
        cepa_table_circuit_at(table, link, circuit_id, &side);
    if (circuit == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    const struct cepa_table_side *other = &circuit->sides[!side];
    *ret_ends = (struct cepa_circuit_ends){.is_own = circuit->is_own,
                                           .goes_on = !circuit->is_own && other->is_mapped,
                                           .circuit_id = other->circuit_id,
                                           .link = other->link,
                                           .owner = circuit->owner,
                                           .circuit = circuit->self};
    return 0;
}

bool cepa_circuit_ends_is_last(const struct cepa_circuit_table *table, struct cepa_handle circuit)
{
    const struct cepa_table_circuit *found = cepa_pool_find(&table->circuits, circuit);
    return found != NULL && !found->is_own && !found->is_over &&
           found->relay.state == CEPA_RELAY_LAST;
}

int cepa_circuit_ends_origin(const struct cepa_circuit_table *table, struct cepa_handle circuit,
                             uint64_t *ret_link, uint32_t *ret_circuit_id)
{
    if (!cepa_circuit_ends_is_last(table, circuit)) {
        return CEPA_ERR_NOT_FOUND;
    }
    const struct cepa_table_circuit *found = cepa_pool_find(&table->circuits, circuit);
    *ret_link = found->sides[CEPA_TABLE_PREVIOUS].link;
    *ret_circuit_id = found->sides[CEPA_TABLE_PREVIOUS].circuit_id;
    return 0;
}

void cepa_circuit_ends_close_others(struct cepa_circuit_table *table, struct cepa_time now)
{
    struct cepa_handle handle;
    for (uint32_t i = 0; cepa_pool_next(&table->circuits, &handle, i) == 0; i = handle.index + 1) {
        cepa_circuit_table_close(table, handle, now);
    }
}
