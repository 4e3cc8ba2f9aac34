/* A node alone: its memory, what it refuses, what it stores, its address and invitation. */
#include "node/node.h"

#include <stdlib.h>
#include <string.h>

#include "node/node_commands.h"
#include "node/node_facts.h"
#include "node/node_status.h"
#include "support/relays.h"
#include "support/test.h"
#include "wire/invitation.h"

static struct test_source source;
static struct cepa_random random_hook;
static const struct cepa_wall WALL = {UINT64_C(1800000000000)};

static struct cepa_node_config config_of(bool is_relay)
{
    struct cepa_node_config config = {.is_relay = is_relay, .reaches_len = is_relay ? 1 : 0};
    random_hook = test_source_init(&source, 5);
    config.random = &random_hook;
    cepa_profile_test(&config.profile);
    cepa_node_limits_test(&config.limits);
    config.reaches[0] = (struct cepa_reach){CEPA_FAMILY_IPV4, {10, 1, 2, 3}, 4001};
    config.signing.bytes[0] = 1;
    config.pq_signing.bytes[0] = 2;
    return config;
}

static struct cepa_time at_ms(uint64_t ms)
{
    return (struct cepa_time){CEPA_SECOND_NS + ms * CEPA_MILLISECOND_NS};
}

static struct cepa_node *make(const struct cepa_node_config *config, void **ret_memory)
{
    size_t size = cepa_node_size(config);
    struct cepa_node *node = NULL;
    *ret_memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CHECK(*ret_memory != NULL);
    CHECK_INT(cepa_node_init(&node, *ret_memory, size, config, at_ms(0), WALL), 0);
    return node;
}

TEST(limits_out_of_range_are_refused)
{
    struct cepa_node_config config = config_of(true);
    struct cepa_node *node = NULL;
    CHECK(cepa_node_size(&config) < 32 * 1024 * 1024);
    config.limits.links = 0;
    CHECK(cepa_node_size(&config) == SIZE_MAX);
    CHECK_INT(cepa_node_init(&node, &node, sizeof node, &config, at_ms(0), WALL),
              CEPA_ERR_ARGUMENT);
    config = config_of(true);
    config.profile.calendar.epoch_len_ms *= 2;
    CHECK(cepa_node_size(&config) == SIZE_MAX);
}

TEST(every_draw_may_fail_at_the_start)
{
    struct cepa_node_config config = config_of(true);
    size_t size = cepa_node_size(&config);
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    struct cepa_node *node = NULL;
    for (int draw = 1; draw <= 3; draw++) {
        random_hook = test_source_init(&source, 5);
        source.fail_at = draw;
        int error = cepa_node_init(&node, memory, size, &config, at_ms(0), WALL);
        error = error != 0 ? error : cepa_node_start(node, at_ms(0), WALL);
        CHECK(error == CEPA_ERR_RANDOM || source.draws < draw);
    }
    free(memory);
}

/* A relay that is alone prepares itself, and stores each table that it has something for. */
TEST(a_relay_stores_what_it_is)
{
    struct cepa_node_config config = config_of(true);
    void *memory;
    struct cepa_node *node = make(&config, &memory);
    uint32_t stored[CEPA_STORE_LINK_KEYS + 1] = {0};
    CHECK_INT(cepa_node_start(node, at_ms(0), WALL), 0);
    CHECK_INT(cepa_node_start(node, at_ms(0), WALL), CEPA_ERR_STATE);
    for (uint64_t ms = 0; ms < 1000; ms++) {
        struct cepa_node_effect effect;
        if (cepa_time_is_due(cepa_node_deadline(node), at_ms(ms))) {
            cepa_node_step(node, at_ms(ms), cepa_wall_add(WALL, ms));
        }
        while (cepa_node_next(node, &effect, at_ms(ms)) == 0) {
            CHECK_INT(effect.kind, CEPA_NODE_STORE);
            CHECK(effect.key_len > 0 && effect.data_len <= CEPA_STORE_VALUE_MAX);
            CHECK(!cepa_store_table_is_secret(effect.table) || effect.is_durable);
            stored[effect.table]++;
        }
    }
    CHECK(stored[CEPA_STORE_OWN] >= 3);
    CHECK(stored[CEPA_STORE_ONION_DAYS] >= 1);
    CHECK(stored[CEPA_STORE_LINK_KEYS] >= 1);
    CHECK_INT(cepa_node_restore(node, CEPA_STORE_OWN, (const uint8_t *)"\1", 1, NULL, 0),
              CEPA_ERR_STATE);
    cepa_node_wipe(node);
    free(memory);
}

TEST(damaged_values_are_not_restored)
{
    struct cepa_node_config config = config_of(true);
    void *memory;
    struct cepa_node *node = make(&config, &memory);
    uint8_t key[32] = {0};
    uint8_t value[256] = {0};
    for (int table = -1; table <= CEPA_STORE_LINK_KEYS + 1; table++) {
        for (size_t key_len = 0; key_len <= sizeof key; key_len++) {
            for (size_t value_len = 0; value_len <= sizeof value; value_len += 15) {
                if (table == CEPA_STORE_LINK_KEYS && value_len == 32) {
                    continue; /* any 32 bytes are a key */
                }
                int error = cepa_node_restore(node, (enum cepa_store_table)table, key, key_len,
                                              value, value_len);
                CHECK(error < 0);
            }
        }
    }
    cepa_node_wipe(node);
    free(memory);
}

TEST(an_invitation_names_this_relay)
{
    struct cepa_node_config config = config_of(true);
    void *memory;
    struct cepa_node *node = make(&config, &memory);
    char text[CEPA_INVITATION_TEXT_SIZE];
    struct cepa_network_id network;
    struct cepa_invitation invitation;
    struct cepa_relay_address own;
    cepa_profile_network(&network, &config.profile);
    CHECK_INT(cepa_node_own_address(node, &own), 0);
    CHECK_INT(cepa_node_invite(node, text), 0);
    CHECK_INT(cepa_invitation_decode(&invitation, text, strlen(text), &network), 0);
    CHECK_INT(invitation.addresses_len, 1);
    CHECK_BYTES(&invitation.addresses[0].node, &own.node, sizeof own.node);
    cepa_node_wipe(node);
    free(memory);
}

/* What a driver says of carriers that the node does not know, or no longer, is ignored. */
TEST(facts_about_unknown_carriers_are_ignored)
{
    struct cepa_node_config config = config_of(false);
    void *memory;
    struct cepa_node *node = make(&config, &memory);
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    struct cepa_node_effect effect;
    char text[CEPA_INVITATION_TEXT_SIZE];
    uint64_t circuit = 7;
    const struct cepa_node_circuit_request request = {.hops_len = 6};
    CHECK_INT(cepa_node_start(node, at_ms(0), WALL), 0);
    cepa_node_on_carrier_frame(node, 77, frame, sizeof frame, at_ms(0));
    cepa_node_on_carrier_silent(node, 77, at_ms(0));
    cepa_node_on_carrier_alive(node, 77, at_ms(0));
    cepa_node_on_carrier_closed(node, 77, 0, at_ms(0));
    cepa_node_on_signal(node, 77, CEPA_SIGNAL_OFFER, frame, 10, at_ms(0));
    CHECK_INT(cepa_node_pull(node, 77, frame, at_ms(0)), 0);
    CHECK_INT(cepa_node_next(node, &effect, at_ms(0)), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_node_invite(node, text), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_node_circuit_open(node, &circuit, &request, at_ms(0)), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_node_circuit_send(node, 99, frame, 1, at_ms(0)), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_node_circuit_close(node, 99, at_ms(0)), CEPA_ERR_NOT_FOUND);
    cepa_node_wipe(node);
    free(memory);
}

TEST_MAIN(RUN(limits_out_of_range_are_refused), RUN(every_draw_may_fail_at_the_start),
          RUN(a_relay_stores_what_it_is), RUN(damaged_values_are_not_restored),
          RUN(an_invitation_names_this_relay), RUN(facts_about_unknown_carriers_are_ignored))
