/* The sentences about reachability: each situation has its own. */
#include "native/daemon/reach_report.h"

#include <string.h>

#include "support/test.h"

TEST(every_outcome_of_asking_the_router_is_told)
{
    static const struct {
        struct cepa_reachability_mapping mapping;
        const char *says;
    } rows[] = {
        {{CEPA_REACHABILITY_MAPPING_OFF, 0, 0, 0}, "'port-mapping' is off"},
        {{CEPA_REACHABILITY_MAPPING_UNWANTED, 0, 0, 0}, "'listen' names"},
        {{CEPA_REACHABILITY_MAPPING_ASKING, 0, 0, 0}, "is being asked"},
        {{CEPA_REACHABILITY_MAPPING_MAPPED, CEPA_PORT_MAPPING_PCP, 4040, 0},
         "passes port 4040 on to this node (PCP)"},
        {{CEPA_REACHABILITY_MAPPING_MAPPED, CEPA_PORT_MAPPING_NATPMP, 1, 0}, "(NAT-PMP)"},
        {{CEPA_REACHABILITY_MAPPING_PRIVATE, CEPA_PORT_MAPPING_UPNP, 4041, 0},
         "port 4041 on (UPnP), but stands behind another router"},
        {{CEPA_REACHABILITY_MAPPING_FAILED, 0, 0, CEPA_ERR_NOT_FOUND}, "no router answers"},
        {{CEPA_REACHABILITY_MAPPING_FAILED, 0, 0, CEPA_ERR_UNSUPPORTED}, "the router refuses"},
        {{CEPA_REACHABILITY_MAPPING_FAILED, 0, 0, CEPA_ERR_UNREACHABLE}, "no way out"},
        {{CEPA_REACHABILITY_MAPPING_FAILED, 0, 0, CEPA_ERR_SYSTEM}, "cannot ask"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CEPA_REACH_REPORT_SIZE];
        cepa_reach_report_mapping(text, &rows[i].mapping);
        if (strstr(text, rows[i].says) == NULL) {
            test_note("row %zu: %s", i, text);
        }
        CHECK(strstr(text, rows[i].says) != NULL);
    }
}

TEST(every_situation_is_told)
{
    static const struct {
        bool is_relay, is_metered, is_joined, is_published;
        uint32_t receipts;
        size_t addresses;
        bool is_direct;
        const char *says;
        bool is_filtered;
    } rows[] = {
        {false, false, true, false, 0, 1, false, "a client carries only its own traffic", false},
        {false, true, true, false, 0, 1, false, "a metered node", false},
        {true, false, true, true, 3, 1, true, "3 relays in other networks have dialled", false},
        {true, false, true, true, 2, 0, false, "other relays lead here", false},
        {true, false, false, false, 0, 1, false, "before there is a neighbour", false},
        {true, false, true, false, 2, 1, false, "its record is on its way", false},
        {true, false, true, false, 1, 0, false, "no public address, and 1 of 2 relays", false},
        {true, false, true, false, 1, 1, false, "lets no UDP in to port 4040; no router answers",
         false},
        {true, false, true, true, 2, 1, false, "dialled this node in vain", true},
        {true, false, true, false, 0, 1, false, "dialled this node in vain", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[CEPA_REACH_REPORT_SIZE];
        const struct cepa_reach_facts facts = {
            .is_relay = rows[i].is_relay,
            .is_metered = rows[i].is_metered,
            .is_joined = rows[i].is_joined,
            .is_published = rows[i].is_published,
            .is_filtered = rows[i].is_filtered,
            .receipts = rows[i].receipts,
            .receipts_min = 2,
            .addresses = rows[i].addresses,
            .port = 4040,
            .mapping = {CEPA_REACHABILITY_MAPPING_FAILED, 0, 0, CEPA_ERR_NOT_FOUND},
        };
        bool is_direct = cepa_reach_report(text, &facts);
        if (is_direct != rows[i].is_direct || strstr(text, rows[i].says) == NULL) {
            test_note("row %zu: %s", i, text);
        }
        CHECK(is_direct == rows[i].is_direct);
        CHECK(strstr(text, rows[i].says) != NULL);
        CHECK(strlen(text) + 1 < sizeof text);
    }
}

TEST_MAIN(RUN(every_outcome_of_asking_the_router_is_told), RUN(every_situation_is_told))
