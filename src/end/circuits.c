/* The table is small and looked at for every cell, mostly for the same circuit again. */
#include "end/circuits.h"

#include "base/assert.h"

int cepa_end_circuits_open(struct cepa_end_circuits *circuits, uint64_t *ret_number,
                           enum cepa_end_use use, uint32_t owner,
                           const struct cepa_node_circuit_request *request, struct cepa_time now)
{
    for (uint32_t i = 0; i < circuits->capacity; i++) {
        if (circuits->numbers[i] != 0) {
            continue;
        }
        int error = cepa_node_circuit_open(circuits->node, ret_number, request, now);
        if (error == 0) {
            circuits->numbers[i] = *ret_number;
            circuits->circuits[i] = (struct cepa_end_circuit){.use = use, .owner = owner};
        }
        return error;
    }
    return CEPA_ERR_FULL;
}

static bool find(struct cepa_end_circuits *circuits, uint64_t number)
{
    if (number == 0) {
        return false;
    }
    if (circuits->numbers[circuits->last] == number) {
        return true;
    }
    for (uint32_t i = 0; i < circuits->capacity; i++) {
        if (circuits->numbers[i] == number) {
            circuits->last = i;
            return true;
        }
    }
    return false;
}

struct cepa_end_circuit *cepa_end_circuits_find(struct cepa_end_circuits *circuits, uint64_t number)
{
    return find(circuits, number) ? &circuits->circuits[circuits->last] : NULL;
}

void cepa_end_circuits_forget(struct cepa_end_circuits *circuits, uint64_t number)
{
    if (find(circuits, number)) {
        circuits->numbers[circuits->last] = 0;
        circuits->circuits[circuits->last] = (struct cepa_end_circuit){0};
    }
}

void cepa_end_circuits_close(struct cepa_end_circuits *circuits, uint64_t number,
                             struct cepa_time now)
{
    if (find(circuits, number)) {
        int error = cepa_node_circuit_close(circuits->node, number, now);
        (void)error; /* the node may have lost it already */
        cepa_end_circuits_forget(circuits, number);
    }
}

bool cepa_end_circuits_is_ready(struct cepa_end_circuits *circuits, uint64_t number)
{
    return find(circuits, number) && circuits->circuits[circuits->last].is_ready;
}
