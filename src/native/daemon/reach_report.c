/* Sentences about reachability. */
#include "native/daemon/reach_report.h"

#include <stdio.h>

void cepa_reach_report_mapping(char ret_text[CEPA_REACH_REPORT_SIZE],
                               const struct cepa_reachability_mapping *mapping)
{
    const char *text = "";
    switch (mapping->state) {
    case CEPA_REACHABILITY_MAPPING_OFF:
        text = "the router is not asked: 'port-mapping' is off";
        break;
    case CEPA_REACHABILITY_MAPPING_UNWANTED:
        text = "the router is not asked: 'listen' names the addresses, or this is a client";
        break;
    case CEPA_REACHABILITY_MAPPING_ASKING:
        text = "the router is being asked";
        break;
    case CEPA_REACHABILITY_MAPPING_MAPPED:
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE, "the router passes port %u on to this node (%s)",
                 (unsigned)mapping->port, cepa_reachability_protocol(mapping->protocol));
        return;
    case CEPA_REACHABILITY_MAPPING_PRIVATE:
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "the router passes port %u on (%s), but stands behind another router that does "
                 "not, such as the provider's",
                 (unsigned)mapping->port, cepa_reachability_protocol(mapping->protocol));
        return;
    case CEPA_REACHABILITY_MAPPING_FAILED:
        text = mapping->error == CEPA_ERR_NOT_FOUND
                   ? "no router answers; pass the port on by hand if there is one"
               : mapping->error == CEPA_ERR_UNSUPPORTED
                   ? "the router refuses; pass the port on by hand in its settings"
               : mapping->error == CEPA_ERR_UNREACHABLE
                   ? "the router says that it has no way out itself"
                   : "this machine cannot ask the router";
        break;
    }
    snprintf(ret_text, CEPA_REACH_REPORT_SIZE, "%s", text);
}

bool cepa_reach_report(char ret_text[CEPA_REACH_REPORT_SIZE], const struct cepa_reach_facts *facts)
{
    char router[CEPA_REACH_REPORT_SIZE];
    bool is_dialled =
        facts->is_relay && facts->is_published && !facts->is_filtered && facts->addresses > 0;
    cepa_reach_report_mapping(router, &facts->mapping);
    if (!facts->is_relay) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 facts->is_metered ? "nobody needs to: a metered node carries only its own traffic"
                                   : "nobody needs to: a client carries only its own traffic");
    } else if (is_dialled) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "%u relays in other networks have dialled this node back", facts->receipts);
    } else if (facts->is_filtered) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "not directly: other relays lead here, since relays in several networks dialled "
                 "this node in vain; a router or a firewall lets no UDP in to port %u",
                 (unsigned)facts->port);
    } else if (facts->is_published) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "not directly: other relays lead here, since this node has no public address; "
                 "%.180s",
                 router);
    } else if (!facts->is_joined) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "not known before there is a neighbour who can try; %.200s", router);
    } else if (facts->receipts >= facts->receipts_min) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "%u relays have reached this node; its record is on its way", facts->receipts);
    } else if (facts->addresses == 0) {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "this node has no public address, and %u of %u relays could be led here so far; "
                 "%.180s",
                 facts->receipts, facts->receipts_min, router);
    } else {
        snprintf(ret_text, CEPA_REACH_REPORT_SIZE,
                 "%u of %u relays could dial this node back so far. If that stays so, a router or "
                 "a firewall lets no UDP in to port %u; %.140s",
                 facts->receipts, facts->receipts_min, (unsigned)facts->port, router);
    }
    return is_dialled;
}
