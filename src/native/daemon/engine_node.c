/* Making the node: its configuration from the daemon's, and what it has kept. */
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "native/daemon/engine_state.h"
#include "native/net/clock.h"
#include "node/node_facts.h"
#include "node/profile.h"

enum { FORGOTTEN_MAX = 64 }; /* entries of no use that are removed at one start, of each table */

_Static_assert((int)CEPA_STORE_KEY_MAX <= (int)CEPA_STATE_KEY_MAX, "keys fit");
_Static_assert((int)CEPA_STORE_VALUE_MAX <= (int)CEPA_STATE_VALUE_MAX, "values fit");

/* The hash of a stored certificate; zeros if there is none. */
static struct cepa_dtls_hash hash_of(const struct cepa_secrets_certificate *stored)
{
    struct cepa_dtls_hash hash;
    struct cepa_certificate *certificate;
    memset(&hash, 0, sizeof hash);
    if (stored->text_len > 0 &&
        cepa_certificate_decode(&certificate, stored->text, stored->text_len) == 0) {
        struct cepa_certificate_hash got = cepa_certificate_hash(certificate);
        memcpy(hash.bytes, got.bytes, sizeof hash.bytes);
        cepa_certificate_free(certificate);
    }
    return hash;
}

void cepa_engine_hashes(const struct cepa_engine *engine, struct cepa_dtls_hash ret_hashes[2])
{
    ret_hashes[0] = hash_of(&engine->config.state->secrets.current);
    ret_hashes[1] = hash_of(&engine->config.state->secrets.previous);
}

struct cepa_relay_address cepa_engine_own_address(const struct cepa_engine *engine)
{
    const struct cepa_state *state = engine->config.state;
    struct cepa_relay_address own;
    struct cepa_dtls_hash hashes[2];
    memset(&own, 0, sizeof own);
    cepa_engine_hashes(engine, hashes);
    own.reach.port = cepa_engine_port(engine);
    own.dtls = hashes[0];
    own.node = state->node;
    memcpy(own.secret.bytes, state->secrets.dial.bytes, sizeof own.secret.bytes);
    return own;
}

bool cepa_engine_is_relay(const struct cepa_engine *engine)
{
    const struct cepa_config *config = engine->config.config;
    return config->role == CEPA_CONFIG_ROLE_RELAY ||
           (config->role == CEPA_CONFIG_ROLE_AUTO && !config->is_metered);
}

static struct cepa_shaper_config shaper_of(const struct cepa_config *config)
{
    static const enum cepa_shaper_mode modes[] = {
        [CEPA_CONFIG_SHAPER_OFF] = CEPA_SHAPER_OFF,
        [CEPA_CONFIG_SHAPER_STEPPED] = CEPA_SHAPER_STEPPED,
        [CEPA_CONFIG_SHAPER_POISSON] = CEPA_SHAPER_POISSON,
        [CEPA_CONFIG_SHAPER_CONSTANT] = CEPA_SHAPER_CONSTANT,
    };
    struct cepa_shaper_config shaper = {modes[config->shaper], config->shaper_rate};
    return shaper;
}

static void configure(struct cepa_node_config *node, const struct cepa_engine *engine)
{
    const struct cepa_config *config = engine->config.config;
    const struct cepa_secrets *secrets = &engine->config.state->secrets;
    struct cepa_dtls_hash hashes[2];
    cepa_node_limits_daemon(&node->limits);
    node->limits.neighbours = config->neighbours;
    node->is_relay = cepa_engine_is_relay(engine);
    node->is_metered = config->is_metered;
    node->reaches_len =
        node->is_relay ? cepa_reachability_get(engine->reachability, node->reaches) : 0;
    node->is_guard = node->is_relay; /* as long as it can be dialled */
    node->answers_echo = node->is_relay;
    node->capacity = 1;
    node->signing = secrets->ed25519;
    node->pq_signing = secrets->mldsa;
    cepa_engine_hashes(engine, hashes);
    node->dtls = hashes[0];
    node->dtls_previous = hashes[1];
    memcpy(node->secret.bytes, secrets->dial.bytes, sizeof node->secret.bytes);
    node->shaper = shaper_of(config);
    node->budget = (struct cepa_node_budget_limits){.bytes_per_day = config->budget_day,
                                                    .bytes_per_second = config->budget_rate};
    node->random = engine->config.random;
    node->cpu = engine->config.cpu;
}

int cepa_engine_restore_table(struct cepa_engine *engine, enum cepa_store_table table,
                              int (*restore)(struct cepa_engine *engine,
                                             enum cepa_store_table table,
                                             const struct cepa_store_entry *entry))
{
    struct cepa_store *store = engine->config.state->store;
    struct cepa_store_entry entry;
    uint8_t keys[FORGOTTEN_MAX][CEPA_STATE_KEY_MAX];
    size_t key_lens[FORGOTTEN_MAX];
    size_t len = 0;
    cepa_store_each(store, table);
    while (cepa_store_next(store, &entry)) {
        if (restore(engine, table, &entry) != 0 && len < FORGOTTEN_MAX) {
            memcpy(keys[len], entry.key, entry.key_len);
            key_lens[len] = entry.key_len;
            len++;
        }
    }
    int status = cepa_store_end(store);
    unsigned how = cepa_store_table_is_secret(table) ? CEPA_STATE_SECRET : CEPA_STATE_LATER;
    for (size_t i = 0; i < len && status == 0; i++) {
        status = cepa_store_delete(store, table, keys[i], key_lens[i], how);
    }
    return status;
}

static int restore_in_node(struct cepa_engine *engine, enum cepa_store_table table,
                           const struct cepa_store_entry *entry)
{
    return cepa_node_restore(engine->node, table, entry->key, entry->key_len, entry->value,
                             entry->value_len);
}

static int restore(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    static const enum cepa_store_table tables[] = {
        CEPA_STORE_OWN,       CEPA_STORE_INDEX,     CEPA_STORE_CREDENTIALS,
        CEPA_STORE_GUARDS,    CEPA_STORE_PEERS,     CEPA_STORE_ONION_DAYS,
        CEPA_STORE_LINK_KEYS, CEPA_STORE_MAILBOXES, CEPA_STORE_BOXES,
    };
    int status = 0;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0] && status == 0; i++) {
        status = cepa_engine_restore_table(engine, tables[i], restore_in_node);
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "%s",
                                          cepa_store_reason(engine->config.state->store));
}

int cepa_engine_make_node(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    struct cepa_node_config config;
    memset(&config, 0, sizeof config);
    int status = cepa_profile_find(&config.profile, engine->config.config->profile);
    engine->receipts_min = config.profile.receipts_min;
    configure(&config, engine);
    engine->memory_len = cepa_node_size(&config);
    engine->memory = status == 0 && engine->memory_len < SIZE_MAX / 2
                         ? aligned_alloc(64, (engine->memory_len + 63) / 64 * 64)
                         : NULL;
    if (status == 0 && engine->memory == NULL) {
        status = CEPA_ERR_EXHAUSTED;
    }
    if (status == 0) {
        status = cepa_node_init(&engine->node, engine->memory, engine->memory_len, &config,
                                cepa_clock_now(), cepa_clock_wall());
    }
    cepa_wipe(&config.signing, sizeof config.signing);
    cepa_wipe(&config.pq_signing, sizeof config.pq_signing);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "the node cannot be made: %s",
                                cepa_error_text(status));
    }
    return restore(engine, ret_reason);
}

void cepa_engine_keep(struct cepa_engine *engine, const struct cepa_node_effect *effect)
{
    struct cepa_store *store = engine->config.state->store;
    unsigned how = (effect->is_durable ? CEPA_STATE_NOW : 0U) |
                   (cepa_store_table_is_secret(effect->table) ? CEPA_STATE_SECRET : 0U);
    int status = effect->is_gone
                     ? cepa_store_delete(store, effect->table, effect->key, effect->key_len, how)
                     : cepa_store_put(store, effect->table, effect->key, effect->key_len,
                                      effect->data, effect->data_len, how);
    if (status != 0) {
        struct cepa_log_field why = cepa_log_text("why", cepa_store_reason(store));
        engine->store_failures++;
        cepa_log_write(engine->config.log, CEPA_CONFIG_LEVEL_ERROR, "state cannot be kept", &why,
                       1);
    }
}

/* A log line for each step of the day's budget. */
static void tell_budget(struct cepa_log *log, int64_t level)
{
    static const char *const sentences[] = {
        [CEPA_BUDGET_NOTHING] = "a new day for the budget: nothing is withheld",
        [CEPA_BUDGET_PADDING] = "much of the day's budget is used: no padding until 00:00 UTC",
        [CEPA_BUDGET_CIRCUITS] =
            "most of the day's budget is used: no new circuits of others until 00:00 UTC",
        [CEPA_BUDGET_RELAYING] =
            "the rest of the day's budget is this node's own: nothing is relayed until 00:00 UTC",
    };
    cepa_log_say(log,
                 level == CEPA_BUDGET_NOTHING ? CEPA_CONFIG_LEVEL_INFO : CEPA_CONFIG_LEVEL_WARNING,
                 sentences[level]);
}

void cepa_engine_tell(struct cepa_engine *engine, const struct cepa_node_effect *effect)
{
    struct cepa_log *log = engine->config.log;
    struct cepa_log_peer peer = {effect->link};
    const struct cepa_log_field link = cepa_log_peer("peer", peer);
    const struct cepa_log_field ended[] = {
        cepa_log_peer("peer", peer),
        cepa_log_text("why", effect->error == 0 ? "closed" : cepa_error_text(effect->error))};
    const struct cepa_log_field off = cepa_log_number("milliseconds", effect->count);
    switch (effect->event) {
    case CEPA_EVENT_JOINED:
        cepa_log_say(log, CEPA_CONFIG_LEVEL_INFO, "the node has joined");
        break;
    case CEPA_EVENT_ALONE:
        cepa_log_say(log, CEPA_CONFIG_LEVEL_WARNING, "the node has lost its last neighbour");
        break;
    case CEPA_EVENT_LINK_UP:
        cepa_log_write(log, CEPA_CONFIG_LEVEL_DEBUG,
                       effect->is_relayed ? "a link is up, through an introducer" : "a link is up",
                       &link, 1);
        break;
    case CEPA_EVENT_LINK_MOVED:
        cepa_log_write(log, CEPA_CONFIG_LEVEL_DEBUG, "a link has found a direct way", &link, 1);
        break;
    case CEPA_EVENT_LINK_DOWN:
        cepa_log_write(log, CEPA_CONFIG_LEVEL_DEBUG, "a link is down", ended, 2);
        break;
    case CEPA_EVENT_PUBLISHED:
        cepa_log_say(log, CEPA_CONFIG_LEVEL_INFO, "the relay is in the index");
        break;
    case CEPA_EVENT_CLOCK:
        cepa_log_write(log, CEPA_CONFIG_LEVEL_WARNING,
                       "the clock is off against the neighbours'; nothing is published", &off, 1);
        break;
    case CEPA_EVENT_BUDGET:
        tell_budget(log, effect->count);
        break;
    case CEPA_EVENT_CIRCUIT_READY:
    case CEPA_EVENT_CIRCUIT_DATA:
    case CEPA_EVENT_CIRCUIT_BROKEN:
    case CEPA_EVENT_CIRCUIT_WINDOW:
    case CEPA_EVENT_CIRCUIT_CLOSED:
        break;
    }
}
