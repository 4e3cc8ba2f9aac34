/* Making a node of configuration and state: what it is, what of the state is of no use any more,
 * what cannot be kept, and what is written down of what happens. */
#include <string.h>

#include "native/daemon/engine.h"
#include "native/daemon/engine_state.h"
#include "node/node_budget.h"
#include "support/lone_daemon.h"
#include "support/test.h"

enum { RUBBISH = 70, FORGOTTEN_AT_ONCE = 64 };

static struct lone_daemon one;

TEST(who_pays_by_the_byte_is_no_relay)
{
    static const struct {
        enum cepa_config_role role;
        bool is_metered;
        bool is_relay;
    } cases[] = {{CEPA_CONFIG_ROLE_AUTO, false, true},    {CEPA_CONFIG_ROLE_AUTO, true, false},
                 {CEPA_CONFIG_ROLE_RELAY, false, true},   {CEPA_CONFIG_ROLE_RELAY, true, true},
                 {CEPA_CONFIG_ROLE_CLIENT, false, false}, {CEPA_CONFIG_ROLE_CLIENT, true, false}};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        one.config.role = cases[i].role;
        one.config.is_metered = cases[i].is_metered;
        CHECK_INT(cepa_engine_is_relay(one.engine), cases[i].is_relay);
    }
    lone_daemon_end(&one);
}

TEST(its_own_address_is_that_of_its_secrets)
{
    static const struct cepa_dtls_hash none;
    struct cepa_dtls_hash hashes[2];
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    struct cepa_relay_address own = cepa_engine_own_address(one.engine);
    cepa_engine_hashes(one.engine, hashes);
    CHECK_INT(own.reach.port, cepa_engine_port(one.engine));
    CHECK_BYTES(&own.node, &one.state.node, sizeof own.node);
    CHECK_BYTES(&own.dtls, &hashes[0], sizeof own.dtls);
    CHECK(memcmp(&hashes[0], &none, sizeof none) != 0);
    CHECK_BYTES(&hashes[1], &none, sizeof none); /* there was none before */
    lone_daemon_end(&one);
}

static size_t count(enum cepa_store_table table)
{
    struct cepa_store_entry entry;
    size_t entries = 0;
    cepa_store_each(one.state.store, table);
    while (cepa_store_next(one.state.store, &entry)) {
        entries++;
    }
    CHECK_INT(cepa_store_end(one.state.store), 0);
    return entries;
}

/* What the node does not take any more is removed, some of it at each start; nothing of it keeps
 * the node from starting. */
TEST(state_of_no_use_is_removed)
{
    static const enum cepa_store_table tables[] = {CEPA_STORE_OWN,    CEPA_STORE_INDEX,
                                                   CEPA_STORE_GUARDS, CEPA_STORE_LINK_KEYS,
                                                   CEPA_STORE_BOXES,  CEPA_STORE_PREKEYS};
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    lone_daemon_close(&one);
    size_t kept[sizeof tables / sizeof tables[0]];
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        kept[i] = count(tables[i]);
        for (size_t k = 0; k < RUBBISH; k++) {
            const uint8_t key[] = {0xfe, 0xfe, (uint8_t)k};
            CHECK_INT(cepa_store_put(one.state.store, tables[i], key, sizeof key, "rubbish", 7,
                                     CEPA_STATE_LATER),
                      0);
        }
    }
    for (int start = 0; start < 2; start++) {
        CHECK_INT(lone_daemon_open(&one), 0);
        CHECK_INT(one.engine->store_failures, 0);
        lone_daemon_close(&one);
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
            size_t left = start == 0 ? RUBBISH - FORGOTTEN_AT_ONCE : 0;
            CHECK_INT(count(tables[i]), kept[i] + left);
        }
    }
    lone_daemon_end(&one);
}

/* A value that the state does not take is counted and written down; the node goes on. */
TEST(what_cannot_be_kept_is_told)
{
    struct cepa_node_effect effect = {
        .kind = CEPA_NODE_STORE, .table = CEPA_STORE_GUARDS, .key_len = 3, .is_durable = true};
    struct cepa_store_entry entry;
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    size_t before = count(CEPA_STORE_GUARDS);
    effect.data = (const uint8_t *)"value";
    effect.data_len = 5;
    memcpy(effect.key, "key", 3);
    cepa_engine_keep(one.engine, &effect);
    CHECK_INT(count(CEPA_STORE_GUARDS), before + 1);
    effect.is_gone = true;
    cepa_engine_keep(one.engine, &effect);
    CHECK_INT(count(CEPA_STORE_GUARDS), before);
    CHECK_INT(one.engine->store_failures, 0);
    cepa_store_each(one.state.store, CEPA_STORE_GUARDS); /* the state is being read */
    (void)cepa_store_next(one.state.store, &entry);
    effect.is_gone = false;
    effect.data_len = CEPA_STATE_VALUE_MAX + 1;
    cepa_engine_keep(one.engine, &effect);
    CHECK_INT(cepa_store_end(one.state.store), 0);
    CHECK_INT(one.engine->store_failures, 1);
    CHECK_INT(lone_daemon_logged(&one, "state cannot be kept"), 1);
    lone_daemon_end(&one);
}

TEST(what_happens_is_written_down)
{
    static const struct {
        struct cepa_node_effect effect;
        const char *line;
    } cases[] = {
        {{.event = CEPA_EVENT_JOINED}, "info the node has joined"},
        {{.event = CEPA_EVENT_ALONE}, "warning the node has lost its last neighbour"},
        {{.event = CEPA_EVENT_LINK_UP, .link = 7}, "debug a link is up peer=peer#7"},
        {{.event = CEPA_EVENT_LINK_UP, .link = 8, .is_relayed = true},
         "debug a link is up, through an introducer peer=peer#8"},
        {{.event = CEPA_EVENT_LINK_MOVED, .link = 8}, "a link has found a direct way peer=peer#8"},
        {{.event = CEPA_EVENT_LINK_DOWN, .link = 7}, "a link is down peer=peer#7 why=\"closed\""},
        {{.event = CEPA_EVENT_LINK_DOWN, .link = 9, .error = CEPA_ERR_TIMEOUT},
         "a link is down peer=peer#9 why=\"something took longer"},
        {{.event = CEPA_EVENT_PUBLISHED}, "info the relay is in the index"},
        {{.event = CEPA_EVENT_CLOCK, .count = -90000}, "milliseconds=-90000"},
        {{.event = CEPA_EVENT_BUDGET, .count = CEPA_BUDGET_NOTHING}, "info a new day"},
        {{.event = CEPA_EVENT_BUDGET, .count = CEPA_BUDGET_PADDING}, "warning much of"},
        {{.event = CEPA_EVENT_BUDGET, .count = CEPA_BUDGET_CIRCUITS}, "warning most of"},
        {{.event = CEPA_EVENT_BUDGET, .count = CEPA_BUDGET_RELAYING}, "warning the rest of"},
    };
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t before = lone_daemon_logged(&one, cases[i].line);
        cepa_engine_tell(one.engine, &cases[i].effect);
        if (lone_daemon_logged(&one, cases[i].line) != before + 1) {
            test_note("not there: %s", cases[i].line);
        }
        CHECK_INT(lone_daemon_logged(&one, cases[i].line), before + 1);
    }
    lone_daemon_end(&one);
}

TEST_MAIN(RUN(who_pays_by_the_byte_is_no_relay), RUN(its_own_address_is_that_of_its_secrets),
          RUN(state_of_no_use_is_removed), RUN(what_cannot_be_kept_is_told),
          RUN(what_happens_is_written_down))
