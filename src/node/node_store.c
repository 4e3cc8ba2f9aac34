/* What is kept over restarts: which values have changed, and how they come back. */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "node/node_parts.h"

enum {
    OWN_CERTIFICATE = 1,
    OWN_NONCE = 2,
    OWN_SEQUENCE = 3,
    OWN_CREDENTIALS = 4,
    OWN_BUDGET = 5,
    GUARDS_FIRST = 0,
    GUARDS_SECOND = 1
};

_Static_assert((int)CEPA_SERVICE_STORED_KEY_SIZE == (int)CEPA_STORE_KEY_MAX &&
                   (int)CEPA_SERVICE_BOX_VALUE_SIZE <= (int)CEPA_STORE_VALUE_MAX,
               "boxes fit");
_Static_assert((int)CEPA_CREDENTIALS_SIZE_MAX <= (int)CEPA_STORE_VALUE_MAX, "they fit");

bool cepa_store_table_is_secret(enum cepa_store_table table)
{
    return table == CEPA_STORE_ONION_DAYS || table == CEPA_STORE_LINK_KEYS ||
           table == CEPA_STORE_PREKEYS || table == CEPA_STORE_PLACES;
}

/* --- storing ----------------------------------------------------------------------------------
 */

static void put(struct cepa_node *node, struct cepa_node_effect *effect,
                enum cepa_store_table table, const uint8_t *key, size_t key_len, size_t value_len)
{
    *effect = (struct cepa_node_effect){.kind = CEPA_NODE_STORE,
                                        .table = table,
                                        .key_len = key_len,
                                        .is_gone = value_len == 0,
                                        .data = value_len == 0 ? NULL : node->store_value,
                                        .data_len = value_len};
    memcpy(effect->key, key, key_len);
}

static void put_small(struct cepa_node *node, struct cepa_node_effect *effect,
                      enum cepa_store_table table, uint8_t key, size_t value_len)
{
    put(node, effect, table, &key, 1, value_len);
}

static void put_day(struct cepa_node *node, struct cepa_node_effect *effect,
                    enum cepa_store_table table, struct cepa_directory_day day, size_t value_len)
{
    uint8_t key[4];
    cepa_be32_store(key, day.number);
    put(node, effect, table, key, sizeof key, value_len);
    effect->is_durable = true;
}

/* A secret of a former day: it is to be forgotten when another takes its place. */
static bool forget_day(struct cepa_node *node, struct cepa_node_effect *effect,
                       enum cepa_store_table table, uint32_t *stored, uint32_t number)
{
    uint32_t old = *stored;
    *stored = number;
    if (old == 0 || old == number) {
        return false;
    }
    put_day(node, effect, table, (struct cepa_directory_day){old}, 0);
    return true;
}

static void put_onion_day(struct cepa_node *node, struct cepa_node_effect *effect, size_t place)
{
    const struct cepa_onion_day *day = &node->own.days[place];
    if (forget_day(node, effect, CEPA_STORE_ONION_DAYS, &node->own.stored_days[place],
                   day->day.number)) {
        return; /* the new one comes next */
    }
    node->dirty &= ~((uint32_t)CEPA_NODE_DIRTY_ONION_DAY << place);
    cepa_onion_day_encode(day, node->store_value);
    put_day(node, effect, CEPA_STORE_ONION_DAYS, day->day, CEPA_ONION_DAY_STATE_SIZE);
}

static void put_link_key(struct cepa_node *node, struct cepa_node_effect *effect, size_t place)
{
    const struct cepa_node_link_key *key = &node->own.link_keys[place];
    if (forget_day(node, effect, CEPA_STORE_LINK_KEYS, &node->own.stored_keys[place],
                   key->day.number)) {
        return;
    }
    node->dirty &= ~((uint32_t)CEPA_NODE_DIRTY_LINK_KEY << place);
    memcpy(node->store_value, key->seed.bytes, sizeof key->seed.bytes);
    put_day(node, effect, CEPA_STORE_LINK_KEYS, key->day, sizeof key->seed.bytes);
}

/* The values of the table OWN. */
static void put_own(struct cepa_node *node, struct cepa_node_effect *effect)
{
    if ((node->dirty & CEPA_NODE_DIRTY_SEQUENCE) != 0) {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_SEQUENCE;
        cepa_be32_store(node->store_value, node->own.sequence);
        put_small(node, effect, CEPA_STORE_OWN, OWN_SEQUENCE, 4);
    } else if ((node->dirty & CEPA_NODE_DIRTY_CERTIFICATE) != 0) {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_CERTIFICATE;
        memcpy(node->store_value, node->own.certificate, sizeof node->own.certificate);
        put_small(node, effect, CEPA_STORE_OWN, OWN_CERTIFICATE, sizeof node->own.certificate);
    } else if ((node->dirty & CEPA_NODE_DIRTY_CREDENTIALS) != 0) {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_CREDENTIALS;
        memcpy(node->store_value, node->own.credentials, node->own.credentials_len);
        put_small(node, effect, CEPA_STORE_OWN, OWN_CREDENTIALS, node->own.credentials_len);
    } else {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_NONCE;
        memcpy(node->store_value, node->own.nonce, sizeof node->own.nonce);
        put_small(node, effect, CEPA_STORE_OWN, OWN_NONCE, sizeof node->own.nonce);
    }
    effect->is_durable = true;
}

static void put_budget(struct cepa_node *node, struct cepa_node_effect *effect,
                       struct cepa_time now)
{
    node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_BUDGET;
    cepa_node_budget_encode(&node->budget, node->store_value, now);
    put_small(node, effect, CEPA_STORE_OWN, OWN_BUDGET, CEPA_NODE_BUDGET_STATE_SIZE);
}

static void put_guards(struct cepa_node *node, struct cepa_node_effect *effect)
{
    size_t len;
    if ((node->dirty & CEPA_NODE_DIRTY_GUARDS) != 0) {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_GUARDS;
        cepa_guards_encode(node->store_value, &len, &node->guards);
        put_small(node, effect, CEPA_STORE_GUARDS, GUARDS_FIRST, len);
    } else {
        node->dirty &= ~(uint32_t)CEPA_NODE_DIRTY_LAYER2;
        cepa_layer2_encode(node->store_value, &len, &node->layer2);
        put_small(node, effect, CEPA_STORE_GUARDS, GUARDS_SECOND, len);
    }
    effect->is_durable = true;
}

static void put_peer(struct cepa_node *node, struct cepa_node_effect *effect, unsigned place)
{
    struct cepa_relay_address anchors[CEPA_MESH_ANCHORS_MAX];
    size_t anchors_len = cepa_mesh_anchors(node->mesh, anchors);
    size_t len = 0;
    node->dirty &= ~((uint32_t)CEPA_NODE_DIRTY_PEERS << place);
    if (place < anchors_len) {
        struct cepa_writer writer;
        cepa_writer_init(&writer, node->store_value, sizeof node->store_value);
        cepa_relay_address_encode(&writer, &anchors[place]);
        int error = cepa_writer_end(&writer, &len);
        CEPA_ASSERT(error == 0);
    }
    put_small(node, effect, CEPA_STORE_PEERS, (uint8_t)place, len);
}

static bool put_index(struct cepa_node *node, struct cepa_node_effect *effect)
{
    uint8_t *key = node->removed;
    const struct cepa_index_entry *entry = cepa_index_next_change(&node->index);
    if (entry != NULL) {
        cepa_index_state_encode(node->store_value, entry);
        put(node, effect, CEPA_STORE_INDEX, entry->record.public_key, CEPA_SIGNING_KEY_SIZE,
            CEPA_INDEX_STATE_SIZE);
        return true;
    }
    if (node->has_removed) {
        node->has_removed = false;
        put(node, effect, CEPA_STORE_CREDENTIALS, key, CEPA_SIGNING_KEY_SIZE, 0);
        return true;
    }
    if (cepa_index_next_removed(&node->index, key)) {
        node->has_removed = true;
        put(node, effect, CEPA_STORE_INDEX, key, CEPA_SIGNING_KEY_SIZE, 0);
        return true;
    }
    return false;
}

/* What others say of themselves: without it a restarted node would have to ask for all of it. */
static bool put_credentials(struct cepa_node *node, struct cepa_node_effect *effect)
{
    uint8_t key[CEPA_SIGNING_KEY_SIZE];
    size_t len;
    const uint8_t *bytes = cepa_objects_next_change(&node->objects, key, &len);
    if (bytes == NULL) {
        return false;
    }
    memcpy(node->store_value, bytes, len);
    put(node, effect, CEPA_STORE_CREDENTIALS, key, sizeof key, len);
    return true;
}

/* What others have left here: who is told that it is kept is told when it is on disk. */
static bool put_mailbox(struct cepa_node *node, struct cepa_node_effect *effect)
{
    struct cepa_service_stored stored;
    if (node->services == NULL || cepa_services_next_stored(node->services, &stored) != 0) {
        return false;
    }
    *effect =
        (struct cepa_node_effect){.kind = CEPA_NODE_STORE,
                                  .table = stored.is_box ? CEPA_STORE_BOXES : CEPA_STORE_MAILBOXES,
                                  .key_len = sizeof stored.key,
                                  .is_gone = stored.is_gone,
                                  .is_durable = !stored.is_gone,
                                  .data = stored.value,
                                  .data_len = stored.value_len};
    memcpy(effect->key, stored.key, sizeof stored.key);
    return true;
}

/* cepa_node_store_next gives the next value that is to be stored; keys before anything else. */
bool cepa_node_store_next(struct cepa_node *node, struct cepa_node_effect *ret_effect,
                          struct cepa_time now)
{
    for (unsigned bit = 0; node->dirty != 0; bit++) {
        uint32_t mask = UINT32_C(1) << bit;
        if ((node->dirty & mask) == 0) {
            continue;
        }
        if (mask == CEPA_NODE_DIRTY_BUDGET) {
            put_budget(node, ret_effect, now);
        } else if (mask == CEPA_NODE_DIRTY_CREDENTIALS) {
            put_own(node, ret_effect);
        } else if (mask >= CEPA_NODE_DIRTY_PEERS) {
            put_peer(node, ret_effect, bit - 9);
        } else if (mask >= CEPA_NODE_DIRTY_LINK_KEY) {
            put_link_key(node, ret_effect, bit - 7);
        } else if (mask >= CEPA_NODE_DIRTY_ONION_DAY) {
            put_onion_day(node, ret_effect, bit - 5);
        } else if (mask >= CEPA_NODE_DIRTY_GUARDS) {
            put_guards(node, ret_effect);
        } else {
            put_own(node, ret_effect);
        }
        return true;
    }
    return put_mailbox(node, ret_effect) || put_index(node, ret_effect) ||
           put_credentials(node, ret_effect);
}

/* --- restoring --------------------------------------------------------------------------------
 */

static int restore_own(struct cepa_node *node, uint8_t which, const uint8_t *value,
                       size_t value_len)
{
    struct cepa_node_own *own = &node->own;
    struct cepa_node_certificate certificate;
    int error;
    if (which == OWN_BUDGET) {
        return cepa_node_budget_restore(&node->budget, value, value_len);
    }
    if (!node->config.is_relay) {
        return CEPA_ERR_ARGUMENT;
    }
    switch (which) {
    case OWN_CERTIFICATE:
        error = cepa_node_certificate_decode(&certificate, value, value_len);
        if (error == 0 &&
            (memcmp(&certificate.network, &node->network, sizeof node->network) != 0 ||
             memcmp(certificate.signing_key, own->identity.signing_key.public_key.bytes,
                    CEPA_SIGNING_KEY_SIZE) != 0)) {
            error = CEPA_ERR_ARGUMENT;
        }
        if (error == 0) {
            memcpy(own->certificate, value, value_len);
            own->has_certificate = true;
            own->certificate_last = certificate.last;
        }
        return error;
    case OWN_NONCE:
        if (value_len != sizeof own->nonce) {
            return CEPA_ERR_LENGTH;
        }
        error = cepa_work_check(&node->rules, own->identity.signing_key.public_key.bytes, value);
        if (error == 0) {
            memcpy(own->nonce, value, value_len);
            own->has_nonce = true;
        }
        return error;
    case OWN_SEQUENCE:
        if (value_len != 4) {
            return CEPA_ERR_LENGTH;
        }
        own->sequence = cepa_be32_load(value);
        return 0;
    case OWN_CREDENTIALS:
        if (value_len > sizeof own->credentials) {
            return CEPA_ERR_LENGTH;
        }
        memcpy(own->credentials, value, value_len); /* whether they hold is seen at the start */
        own->restored_len = value_len;
        return 0;
    default:
        return CEPA_ERR_ARGUMENT;
    }
}

static int restore_onion_day(struct cepa_node *node, const uint8_t *value, size_t value_len)
{
    struct cepa_onion_day day;
    int error = cepa_onion_day_decode(&day, value, value_len);
    size_t place = error == 0 ? day.day.number % CEPA_NODE_ONION_DAYS : 0;
    if (error == 0 && node->own.has_day[place] &&
        node->own.days[place].day.number >= day.day.number) {
        error = CEPA_ERR_EPOCH; /* an older one in the same place */
    }
    if (error == 0) {
        node->own.days[place] = day;
        node->own.has_day[place] = true;
        node->own.stored_days[place] = day.day.number;
    }
    cepa_onion_day_wipe(&day);
    return error;
}

static int restore_link_key(struct cepa_node *node, const uint8_t *key, const uint8_t *value,
                            size_t value_len)
{
    uint32_t number = cepa_be32_load(key);
    struct cepa_node_link_key *link_key = &node->own.link_keys[number % CEPA_NODE_LINK_KEY_DAYS];
    if (value_len != sizeof link_key->seed.bytes) {
        return CEPA_ERR_LENGTH;
    }
    if (link_key->is_taken && link_key->day.number >= number) {
        return CEPA_ERR_EPOCH;
    }
    link_key->is_taken = true;
    link_key->day.number = number;
    memcpy(link_key->seed.bytes, value, value_len);
    cepa_xwing_key_expand(&link_key->key, &link_key->seed, &node->workspace->onion_day.xwing,
                          node->config.cpu);
    node->own.stored_keys[number % CEPA_NODE_LINK_KEY_DAYS] = number;
    return 0;
}

static int restore_guards(struct cepa_node *node, uint8_t layer, const uint8_t *value,
                          size_t value_len)
{
    if (layer == GUARDS_FIRST) {
        return cepa_guards_decode(&node->guards, value, value_len);
    }
    return layer == GUARDS_SECOND ? cepa_layer2_decode(&node->layer2, value, value_len)
                                  : CEPA_ERR_ARGUMENT;
}

static int restore_peer(struct cepa_node *node, const uint8_t *value, size_t value_len)
{
    struct cepa_relay_address address;
    struct cepa_reader reader;
    cepa_reader_init(&reader, value, value_len);
    int error = cepa_relay_address_decode(&address, &reader);
    if (error == 0) {
        error = cepa_reader_end(&reader);
    }
    if (error == 0) {
        cepa_mesh_restore_anchor(node->mesh, &address);
    }
    return error;
}

static int restore_mailbox(struct cepa_node *node, bool is_box, const uint8_t *key,
                           const uint8_t *value, size_t value_len)
{
    if (node->services == NULL) {
        return CEPA_ERR_NOT_FOUND; /* it was a relay once */
    }
    return is_box ? cepa_services_restore_box(node->services, key, value, value_len)
                  : cepa_services_restore_mailbox(node->services, key, value, value_len);
}

int cepa_node_restore(struct cepa_node *node, enum cepa_store_table table, const uint8_t *key,
                      size_t key_len, const uint8_t *value, size_t value_len)
{
    static const uint8_t key_lens[] = {0, 1, CEPA_SIGNING_KEY_SIZE, CEPA_SIGNING_KEY_SIZE, 1, 1,
                                       4, 4, CEPA_STORE_KEY_MAX,    CEPA_STORE_KEY_MAX};
    if (node->is_started) {
        return CEPA_ERR_STATE;
    }
    if (table < CEPA_STORE_OWN || table > CEPA_STORE_BOXES || key_len != key_lens[table]) {
        return CEPA_ERR_ARGUMENT;
    }
    switch (table) {
    case CEPA_STORE_OWN:
        return restore_own(node, key[0], value, value_len);
    case CEPA_STORE_INDEX:
        return cepa_index_restore(&node->index, value, value_len);
    case CEPA_STORE_GUARDS:
        return restore_guards(node, key[0], value, value_len);
    case CEPA_STORE_PEERS:
        return restore_peer(node, value, value_len);
    case CEPA_STORE_ONION_DAYS:
        return restore_onion_day(node, value, value_len);
    case CEPA_STORE_LINK_KEYS:
        return restore_link_key(node, key, value, value_len);
    case CEPA_STORE_MAILBOXES:
    case CEPA_STORE_BOXES:
        return restore_mailbox(node, table == CEPA_STORE_BOXES, key, value, value_len);
    case CEPA_STORE_CREDENTIALS:
        return cepa_objects_put_credentials(&node->objects, value, value_len,
                                            &node->workspace->mldsa, node->config.cpu);
    case CEPA_STORE_PREKEYS:
    case CEPA_STORE_PLACES:
        break;
    }
    return CEPA_ERR_NOT_FOUND; /* nothing is kept there */
}
