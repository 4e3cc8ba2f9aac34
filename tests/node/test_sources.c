/* Budgets of the networks that links come from: one spends its own, and no more than its share. */
#include "node/sources.h"

#include <string.h>

#include "support/test.h"

static struct cepa_node_sources sources;

static struct cepa_prefix prefix_of(uint32_t number)
{
    struct cepa_prefix prefix = {CEPA_FAMILY_IPV4, {(uint8_t)(number >> 8), (uint8_t)number}};
    return prefix;
}

static struct cepa_time at_ms(uint64_t ms)
{
    return (struct cepa_time){CEPA_SECOND_NS + ms * CEPA_MILLISECOND_NS};
}

static uint32_t handshakes(uint32_t source, uint32_t tries, uint64_t ms)
{
    struct cepa_prefix prefix = prefix_of(source);
    uint32_t had = 0;
    for (uint32_t i = 0; i < tries; i++) {
        had += cepa_node_sources_handshake(&sources, &prefix, at_ms(ms));
    }
    return had;
}

TEST(one_source_spends_its_own)
{
    memset(&sources, 0, sizeof sources);
    CHECK_INT(handshakes(1, 1000, 0), CEPA_SOURCE_HANDSHAKES_BURST);
    CHECK_INT(handshakes(2, 10, 0), 10);
    CHECK_INT(handshakes(1, 1000, 10000), CEPA_SOURCE_HANDSHAKES_BURST);
    CHECK_INT(handshakes(1, 1000, 15000), 5 * CEPA_SOURCE_HANDSHAKES_PER_S);
}

TEST(all_together_have_a_limit)
{
    uint32_t had = 0;
    memset(&sources, 0, sizeof sources);
    for (uint32_t source = 0; source < 3 * CEPA_NODE_SOURCES; source++) {
        had += handshakes(source, 5, 0);
    }
    CHECK_INT(had, CEPA_NODE_HANDSHAKES_BURST);
    had = 0;
    for (uint32_t source = 0; source < 3 * CEPA_NODE_SOURCES; source++) {
        had += handshakes(source, 5, 1000);
    }
    CHECK_INT(had, CEPA_NODE_HANDSHAKES_PER_S);
}

TEST(the_one_used_longest_ago_is_forgotten)
{
    struct cepa_prefix first = prefix_of(0);
    memset(&sources, 0, sizeof sources);
    for (uint32_t source = 0; source < CEPA_NODE_SOURCES; source++) {
        struct cepa_prefix prefix = prefix_of(source);
        CHECK(cepa_node_sources_packet(&sources, &prefix, 1, at_ms(source)));
    }
    for (uint32_t i = 1; i < CEPA_SOURCE_PACKETS_BURST; i++) {
        CHECK(cepa_node_sources_packet(&sources, &first, 1, at_ms(900)));
    }
    CHECK(!cepa_node_sources_packet(&sources, &first, 1, at_ms(900)));
    struct cepa_prefix another = prefix_of(1000); /* takes the place of the second */
    CHECK(cepa_node_sources_packet(&sources, &another, 1, at_ms(910)));
    CHECK(!cepa_node_sources_packet(&sources, &first, 1, at_ms(920)));
    CHECK(cepa_node_sources_packet(&sources, &first, 1, at_ms(1920)));
    CHECK(!cepa_node_sources_packet(&sources, &first, 1, at_ms(1920)));
}

TEST_MAIN(RUN(one_source_spends_its_own), RUN(all_together_have_a_limit),
          RUN(the_one_used_longest_ago_is_forgotten))
