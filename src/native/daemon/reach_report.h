/* Why others can reach this node, or why not: the sentence that 'cepa status' and the dashboard
 * show. */
#ifndef CEPA_NATIVE_DAEMON_REACH_REPORT_H
#define CEPA_NATIVE_DAEMON_REACH_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "native/daemon/reachability.h"

enum { CEPA_REACH_REPORT_SIZE = 320 };

/* What is known. */
struct cepa_reach_facts {
    bool is_relay; /* else nobody is to reach it */
    bool is_metered;
    bool is_joined;
    bool is_published;
    bool is_filtered;      /* its addresses were dialled in vain: other relays lead here */
    uint32_t receipts;     /* relays in other networks that could dial back */
    uint32_t receipts_min; /* that are needed */
    size_t addresses;      /* where others may dial */
    uint16_t port;
    struct cepa_reachability_mapping mapping;
};

/* cepa_reach_report_mapping writes what came of asking the router. */
void cepa_reach_report_mapping(char ret_text[CEPA_REACH_REPORT_SIZE],
                               const struct cepa_reachability_mapping *mapping);

/* cepa_reach_report writes one sentence or two, and gives whether others can dial this node. */
bool cepa_reach_report(char ret_text[CEPA_REACH_REPORT_SIZE], const struct cepa_reach_facts *facts);

#endif
