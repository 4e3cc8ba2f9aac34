/* Where a circuit of a table goes on, for its owner, who gives credit back on one link when cells
 * have left over the other. @[SPEC 11.7] */
#ifndef CEPA_ONION_CIRCUIT_ENDS_H
#define CEPA_ONION_CIRCUIT_ENDS_H

#include "onion/circuit_table.h"

/* The other end of a circuit, as seen from one of its links. */
struct cepa_circuit_ends {
    bool is_own;  /* it is one of this node's own: `owner` */
    bool goes_on; /* over `link`, as `circuit_id`; else it ends at this relay */
    uint32_t circuit_id;
    uint64_t link;
    struct cepa_handle owner;
    struct cepa_handle circuit; /* in the table */
};

/* cepa_circuit_ends_find gives the other end of the circuit `circuit_id` of a link. Returns 0 or
 * CEPA_ERR_NOT_FOUND. O(1). */
CEPA_MUST_USE int cepa_circuit_ends_find(const struct cepa_circuit_table *table,
                                         struct cepa_circuit_ends *ret_ends, uint64_t link,
                                         uint32_t circuit_id);

/* cepa_circuit_ends_is_last says whether a circuit is there and ends at this relay. */
bool cepa_circuit_ends_is_last(const struct cepa_circuit_table *table, struct cepa_handle circuit);

/* cepa_circuit_ends_origin gives the link, and the id there, by which a circuit came that ends at
 * this relay. Returns 0 or CEPA_ERR_NOT_FOUND. O(1). */
CEPA_MUST_USE int cepa_circuit_ends_origin(const struct cepa_circuit_table *table,
                                           struct cepa_handle circuit, uint64_t *ret_link,
                                           uint32_t *ret_circuit_id);

/* cepa_circuit_ends_close_others ends all circuits but this node's own, by effects. O(circuits). */
void cepa_circuit_ends_close_others(struct cepa_circuit_table *table, struct cepa_time now);

#endif
