/* Asking for objects, sending them, taking them in. @[SPEC 10.9] */
#include "mesh/gossip_objects.h"

#include <string.h>

#include "base/endian.h"
#include "mesh/custody.h"
#include "mesh/gossip.h"
#include "mesh/pulls.h"
#include "wire/index_record.h"
#include "wire/key_record.h"

enum {
    BATCH_BYTES_MAX = 15000, /* in one item */
    LEAF_OFFSET = 1,         /* of the leaf in a key record */
    SOLICITED_MAX = 4096     /* records that a peer may owe */
};

void cepa_gossip_pull_begin(struct cepa_gossip_pull *pull, struct cepa_mesh *mesh,
                            struct cepa_mesh_peer *peer, enum cepa_mesh_table table, uint32_t epoch)
{
    pull->mesh = mesh;
    pull->peer = peer;
    memset(&pull->item, 0, sizeof pull->item);
    pull->item.type = CEPA_MESH_ITEM_PULL;
    pull->item.as.pull.table = table;
    pull->item.as.pull.epoch = epoch;
    pull->item.as.pull.positions = pull->positions;
}

void cepa_gossip_pull_add(struct cepa_gossip_pull *pull, uint64_t position)
{
    struct cepa_mesh_pull *body = &pull->item.as.pull;
    if (body->table == CEPA_MESH_TABLE_INDEX) {
        if (pull->peer->solicited >= SOLICITED_MAX) {
            return;
        }
        pull->peer->solicited++;
    }
    cepa_be64_store(pull->positions + body->positions_len * CEPA_MESH_POSITION_SIZE, position);
    if (++body->positions_len == sizeof pull->positions / CEPA_MESH_POSITION_SIZE) {
        cepa_gossip_pull_end(pull);
    }
}

void cepa_gossip_pull_end(struct cepa_gossip_pull *pull)
{
    if (pull->item.as.pull.positions_len > 0) {
        (void)cepa_mesh_send(pull->mesh, pull->peer, &pull->item);
        pull->item.as.pull.positions_len = 0;
    }
}

void cepa_gossip_batch_begin(struct cepa_gossip_batch *batch, struct cepa_mesh *mesh,
                             struct cepa_mesh_peer *peer, enum cepa_mesh_table table)
{
    memset(batch, 0, sizeof *batch);
    batch->mesh = mesh;
    batch->peer = peer;
    batch->table = table;
}

static size_t size_in(enum cepa_mesh_table table)
{
    return table == CEPA_MESH_TABLE_INDEX  ? CEPA_INDEX_RECORD_SIZE
           : table == CEPA_MESH_TABLE_WAYS ? CEPA_WAY_RECORD_SIZE
                                           : CEPA_KEY_RECORD_SIZE;
}

void cepa_gossip_batch_end(struct cepa_gossip_batch *batch)
{
    struct cepa_mesh_item item;
    if (batch->len == 0 || batch->is_over) {
        return;
    }
    memset(&item, 0, sizeof item);
    item.type = batch->table == CEPA_MESH_TABLE_INDEX  ? CEPA_MESH_ITEM_RECORDS
                : batch->table == CEPA_MESH_TABLE_WAYS ? CEPA_MESH_ITEM_WAYS
                                                       : CEPA_MESH_ITEM_KEYS;
    item.as.objects.bytes = batch->mesh->scratch;
    item.as.objects.bytes_len = batch->len;
    item.as.objects.count = batch->len / size_in(batch->table);
    batch->is_over = !cepa_mesh_send(batch->mesh, batch->peer, &item);
    batch->len = 0;
}

void cepa_gossip_batch_add(struct cepa_gossip_batch *batch, const struct cepa_index_entry *entry,
                           uint32_t epoch)
{
    bool is_index = batch->table == CEPA_MESH_TABLE_INDEX;
    size_t size = size_in(batch->table);
    const uint8_t *bytes = is_index ? NULL
                           : batch->table == CEPA_MESH_TABLE_WAYS
                               ? cepa_ways_find(&batch->mesh->ways, entry->record.public_key)
                               : cepa_gossip_key_of(batch->mesh, entry, epoch);
    if (batch->is_over || (!is_index && bytes == NULL)) {
        return;
    }
    if (!batch->is_free && !cepa_mesh_pay(batch->mesh, batch->peer, CEPA_MESH_COST_BYTES, size)) {
        cepa_gossip_batch_end(batch); /* what was paid for */
        batch->is_over = true;
        return;
    }
    if (is_index) {
        cepa_index_record_encode(batch->mesh->scratch + batch->len, &entry->record);
    } else {
        memcpy(batch->mesh->scratch + batch->len, bytes, size);
    }
    batch->len += size;
    if (batch->len + size > BATCH_BYTES_MAX) {
        cepa_gossip_batch_end(batch);
    }
}

/* Sends one relay's credentials; false if they are not here or may not be sent now. */
static bool send_credentials(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                             const struct cepa_index_entry *entry)
{
    struct cepa_mesh_item item;
    size_t len = 0;
    const uint8_t *bytes =
        cepa_objects_credentials(mesh->config.objects, &len, &entry->record.commitment);
    if (bytes == NULL && mesh->has_own &&
        memcmp(&entry->record.commitment, &mesh->own_record.commitment,
               sizeof entry->record.commitment) == 0) {
        bytes = mesh->own_credentials;
        len = mesh->own_credentials_len;
    }
    if (bytes == NULL || !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_BYTES, len)) {
        return false;
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_CREDENTIALS;
    item.as.objects.bytes = bytes;
    item.as.objects.bytes_len = len;
    item.as.objects.count = 1;
    return cepa_mesh_send(mesh, peer, &item);
}

/* Whether this node has the object of a relay in a table other than that of credentials. */
static bool has_object(const struct cepa_mesh *mesh, const struct cepa_mesh_pull *pull,
                       const struct cepa_index_entry *entry)
{
    switch ((unsigned)pull->table) {
    case CEPA_MESH_TABLE_KEYS:
        return cepa_gossip_key_of(mesh, entry, pull->epoch) != NULL;
    case CEPA_MESH_TABLE_WAYS:
        return cepa_ways_find(&mesh->ways, entry->record.public_key) != NULL;
    default:
        return true;
    }
}

/* Whether this node speaks of a relay's objects: of all that it keeps for others, and of its own.
 * What it has for its own paths besides would tell who its guards are. */
static bool is_told(const struct cepa_mesh *mesh, enum cepa_mesh_table table,
                    const struct cepa_index_entry *entry)
{
    bool is_own =
        memcmp(entry->record.public_key, mesh->config.public_key, CEPA_SIGNING_KEY_SIZE) == 0;
    return is_own || (table != CEPA_MESH_TABLE_CREDENTIALS && table != CEPA_MESH_TABLE_KEYS) ||
           cepa_custody_keeps(mesh, entry->position);
}

static void on_pull(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                    const struct cepa_mesh_pull *pull)
{
    uint8_t absent[CEPA_MESH_PULL_MAX / 8 * CEPA_MESH_POSITION_SIZE];
    struct cepa_gossip_batch batch;
    struct cepa_mesh_item item;
    size_t absent_len = 0;
    cepa_gossip_batch_begin(&batch, mesh, peer, pull->table);
    for (size_t i = 0; i < pull->positions_len; i++) {
        const uint8_t *at = pull->positions + i * CEPA_MESH_POSITION_SIZE;
        const struct cepa_index_entry *entry =
            cepa_index_find_position(mesh->config.index, cepa_be64_load(at));
        bool is_here = entry != NULL && is_told(mesh, pull->table, entry);
        if (is_here && pull->table == CEPA_MESH_TABLE_CREDENTIALS) {
            is_here = send_credentials(mesh, peer, entry);
        } else if (is_here) {
            is_here = has_object(mesh, pull, entry);
            cepa_gossip_batch_add(&batch, entry, pull->epoch);
        }
        if (!is_here && absent_len < sizeof absent) {
            memcpy(absent + absent_len, at, CEPA_MESH_POSITION_SIZE);
            absent_len += CEPA_MESH_POSITION_SIZE;
        }
    }
    cepa_gossip_batch_end(&batch);
    if (absent_len > 0) {
        memset(&item, 0, sizeof item);
        item.type = CEPA_MESH_ITEM_ABSENT;
        item.as.pull = *pull;
        item.as.pull.positions = absent;
        item.as.pull.positions_len = absent_len / CEPA_MESH_POSITION_SIZE;
        (void)cepa_mesh_send(mesh, peer, &item);
    }
}

/* Points for an error that a peer's object has caused: only for what no honest peer would send. */
static void blame(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, int error)
{
    if (error == CEPA_ERR_AUTHENTICATION || error == CEPA_ERR_INVALID_KEY ||
        error == CEPA_ERR_UNSUPPORTED || error == CEPA_ERR_MISSING) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
    } else if (error == CEPA_ERR_MALFORMED || error == CEPA_ERR_LENGTH ||
               error == CEPA_ERR_VERSION) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_MALFORMED);
    }
}

static void on_record(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, const uint8_t *bytes)
{
    struct cepa_index *index = mesh->config.index;
    int result = cepa_index_preview(index, bytes, CEPA_INDEX_RECORD_SIZE);
    bool was_asked = peer->solicited > 0;
    peer->solicited -= was_asked ? 1 : 0;
    if (result == CEPA_INDEX_SAME || result == CEPA_INDEX_OLDER) {
        return;
    }
    if (result > 0) {
        /* Only signatures cost, and only those that nobody asked for are the sender's to pay. */
        if (!was_asked && !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_VERIFY, 1)) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
            return;
        }
        result = cepa_index_merge(index, bytes, CEPA_INDEX_RECORD_SIZE);
    }
    if (result < 0) {
        blame(mesh, peer, result);
        return;
    }
    const struct cepa_index_entry *entry = cepa_index_find(index, bytes);
    if (entry != NULL && result >= CEPA_INDEX_NEWS) {
        uint64_t position = entry->position;
        cepa_gossip_news(mesh, position, peer->link);
        if (result != CEPA_INDEX_CONFLICT) {
            cepa_pulls_want(mesh, CEPA_MESH_TABLE_WAYS, 0, position, peer->link);
            cepa_pulls_want(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, position, peer->link);
        }
    }
}

static void on_credentials(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                           const struct cepa_mesh_objects *object)
{
    struct cepa_credentials_bytes halves;
    struct cepa_commitment commitment;
    struct cepa_node_certificate certificate;
    uint64_t position = 0;
    int error = cepa_credentials_split(&halves, object->bytes, object->bytes_len);
    if (error == 0) {
        error =
            cepa_node_certificate_decode(&certificate, halves.certificate, halves.certificate_len);
    }
    if (error != 0) {
        blame(mesh, peer, error);
        return;
    }
    cepa_commitment_of(&commitment, &halves);
    const struct cepa_index_entry *entry =
        cepa_index_find(mesh->config.index, certificate.signing_key);
    if (entry == NULL || memcmp(&commitment, &entry->record.commitment, sizeof commitment) != 0) {
        return; /* of another day, or of nobody: not even looked at */
    }
    position = entry->position;
    bool was_asked = cepa_pulls_is_asked(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, position);
    if (!was_asked && !cepa_custody_keeps(mesh, position)) {
        return;
    }
    if (!was_asked && !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_OBJECTS, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    error = cepa_objects_put_credentials(mesh->config.objects, object->bytes, object->bytes_len,
                                         mesh->config.mldsa_workspace, mesh->config.cpu);
    if (error == 0) {
        cepa_pulls_done(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, position);
        cepa_pulls_want(mesh, CEPA_MESH_TABLE_KEYS, mesh->epoch.number, position, peer->link);
        return;
    }
    cepa_pulls_failed(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, position);
    blame(mesh, peer, error);
}

static void on_key(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, const uint8_t *bytes)
{
    struct cepa_key_record record;
    uint64_t position = 0;
    int error = cepa_key_record_decode(&record, bytes, CEPA_KEY_RECORD_SIZE);
    if (error != 0) {
        blame(mesh, peer, error);
        return;
    }
    const struct cepa_index_entry *entry = cepa_index_find_node(mesh->config.index, &record.node);
    const uint8_t *known =
        entry == NULL ? NULL : cepa_gossip_key_of(mesh, entry, record.epoch.number);
    if (entry == NULL || (known != NULL && known[LEAF_OFFSET] >= record.leaf)) {
        return;
    }
    position = entry->position;
    bool was_asked = cepa_pulls_is_asked(mesh, CEPA_MESH_TABLE_KEYS, record.epoch.number, position);
    if (!was_asked && !cepa_custody_keeps(mesh, position)) {
        return;
    }
    if (!was_asked && known != NULL && !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_OBJECTS, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    error = cepa_objects_put_key_record(mesh->config.objects, bytes, CEPA_KEY_RECORD_SIZE);
    if (error == 0 && known != NULL && record.epoch.number == mesh->epoch.number) {
        cepa_gossip_news_key(mesh, position, peer->link);
    }
    if (error >= 0) {
        cepa_pulls_done(mesh, CEPA_MESH_TABLE_KEYS, record.epoch.number, position);
    } else {
        cepa_pulls_failed(mesh, CEPA_MESH_TABLE_KEYS, record.epoch.number, position);
        blame(mesh, peer, error);
    }
}

static void on_way(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, const uint8_t *bytes)
{
    struct cepa_way_record record;
    int error = cepa_way_record_decode(&record, bytes, CEPA_WAY_RECORD_SIZE);
    if (error != 0) {
        blame(mesh, peer, error);
        return;
    }
    const struct cepa_index_entry *entry = cepa_index_find(mesh->config.index, record.public_key);
    if (entry == NULL || !cepa_gossip_has_ways(mesh) || cepa_ways_is_current(&mesh->ways, entry)) {
        return;
    }
    if (!cepa_pulls_is_asked(mesh, CEPA_MESH_TABLE_WAYS, 0, entry->position) &&
        !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_VERIFY, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    error = cepa_ways_put(&mesh->ways, bytes, CEPA_WAY_RECORD_SIZE);
    if (error >= 0 && cepa_ways_is_current(&mesh->ways, entry)) {
        cepa_pulls_done(mesh, CEPA_MESH_TABLE_WAYS, 0, entry->position);
    } else {
        cepa_pulls_failed(mesh, CEPA_MESH_TABLE_WAYS, 0, entry->position);
        blame(mesh, peer, error);
    }
}

void cepa_gossip_on_objects(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_item *item)
{
    const struct cepa_mesh_objects *objects = &item->as.objects;
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_PULL:
        on_pull(mesh, peer, &item->as.pull);
        return;
    case CEPA_MESH_ITEM_CREDENTIALS:
        on_credentials(mesh, peer, objects);
        return;
    case CEPA_MESH_ITEM_RECORDS:
        for (size_t i = 0; i < objects->count && !peer->is_closing; i++) {
            on_record(mesh, peer, objects->bytes + i * CEPA_INDEX_RECORD_SIZE);
        }
        return;
    case CEPA_MESH_ITEM_WAYS:
        for (size_t i = 0; i < objects->count && !peer->is_closing; i++) {
            on_way(mesh, peer, objects->bytes + i * CEPA_WAY_RECORD_SIZE);
        }
        return;
    case CEPA_MESH_ITEM_KEYS:
        for (size_t i = 0; i < objects->count && !peer->is_closing; i++) {
            on_key(mesh, peer, objects->bytes + i * CEPA_KEY_RECORD_SIZE);
        }
        return;
    default:
        return;
    }
}
