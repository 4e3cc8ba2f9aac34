/* Relays that are wanted by name. A guard knows that this node uses it, so that asking it for its
 * own objects tells it nothing, and nobody else anything; asking others for them by name would. One
 * object is asked for at a time, and nothing is looked at that was not. @[SPEC 10.17] */
#include "mesh/named.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "mesh/gossip.h"
#include "wire/key_record.h"

enum {
    ANSWER_S = 5,
    RETRY_S = 5,       /* between two requests in vain, doubled each time */
    DOUBLINGS_MAX = 6, /* 320 s */
    PATIENT_PARTS = 10 /* of an epoch: within the first, who still has an older key asks */
};

static struct cepa_mesh_named *find(const struct cepa_mesh *mesh, uint64_t position)
{
    for (uint32_t i = 0; i < CEPA_MESH_NAMED; i++) {
        const struct cepa_mesh_named *named = &mesh->named[i];
        if (named->is_taken && named->position == position &&
            !cepa_time_is_due(named->until, mesh->now)) {
            return (struct cepa_mesh_named *)(uintptr_t)named;
        }
    }
    return NULL;
}

bool cepa_named_has(const struct cepa_mesh *mesh, uint64_t position)
{
    return find(mesh, position) != NULL;
}

void cepa_named_add(struct cepa_mesh *mesh, uint64_t position, struct cepa_time until)
{
    struct cepa_mesh_named *place = find(mesh, position);
    for (uint32_t i = 0; i < CEPA_MESH_NAMED && place == NULL; i++) {
        place = mesh->named[i].is_taken ? NULL : &mesh->named[i];
    }
    if (place == NULL) {
        place = &mesh->named[0];
        for (uint32_t i = 1; i < CEPA_MESH_NAMED; i++) {
            place =
                cepa_time_is_before(mesh->named[i].until, place->until) ? &mesh->named[i] : place;
        }
    }
    if (!place->is_taken || place->position != position) {
        memset(place, 0, sizeof *place);
        place->is_taken = true;
        place->position = position;
        place->next = mesh->now;
    }
    place->until = until;
}

/* Which of a relay's objects is to be asked for: false if none is missing. Keys cannot be verified
 * without its credentials. */
static bool next_missing(const struct cepa_mesh *mesh, enum cepa_mesh_table *ret_table,
                         const struct cepa_index_entry *entry)
{
    size_t len = 0;
    bool has_credentials =
        cepa_objects_credentials(mesh->config.objects, &len, &entry->record.commitment) != NULL;
    *ret_table = has_credentials ? CEPA_MESH_TABLE_KEYS : CEPA_MESH_TABLE_CREDENTIALS;
    return !has_credentials || cepa_gossip_key_of(mesh, entry, mesh->epoch.number) == NULL;
}

/* Whether a path can use the relay all the same while the epoch is young: then this node does not
 * ask at the first moment, as everybody would. */
static bool may_wait(struct cepa_mesh *mesh, struct cepa_mesh_named *named,
                     const struct cepa_index_entry *entry)
{
    const struct cepa_onion_epoch before = {mesh->epoch.number - 1};
    if (named->epoch == mesh->epoch.number) {
        return false;
    }
    named->epoch = mesh->epoch.number;
    named->tries = 0;
    named->next = mesh->now;
    if (!entry->has_node ||
        cepa_objects_hop_key(mesh->config.objects, &entry->node, before) == NULL) {
        return false;
    }
    uint64_t part_ns =
        mesh->config.calendar.epoch_len_ms * CEPA_MILLISECOND_NS / PATIENT_PARTS / 1024;
    named->next = cepa_time_add(mesh->now, part_ns * cepa_mesh_draw_below(mesh, 1024));
    return true;
}

size_t cepa_mesh_ask_guard(struct cepa_mesh *mesh, uint8_t *ret_data, const uint8_t *public_key,
                           struct cepa_time now)
{
    enum cepa_mesh_table table = CEPA_MESH_TABLE_KEYS;
    struct cepa_mesh_item item;
    struct cepa_writer writer;
    uint8_t position[CEPA_MESH_POSITION_SIZE];
    size_t len = 0;
    cepa_mesh_enter(mesh, now);
    const struct cepa_index_entry *entry = cepa_index_find(mesh->config.index, public_key);
    struct cepa_mesh_named *named = entry == NULL ? NULL : find(mesh, entry->position);
    if (named == NULL || entry->is_conflict || cepa_gossip_has_all(mesh) ||
        !next_missing(mesh, &table, entry) || may_wait(mesh, named, entry) ||
        !cepa_time_is_due(named->next, now)) {
        return 0;
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_PULL;
    item.as.pull.table = table;
    item.as.pull.epoch = table == CEPA_MESH_TABLE_KEYS ? mesh->epoch.number : 0;
    item.as.pull.positions = position;
    item.as.pull.positions_len = 1;
    cepa_be64_store(position, entry->position);
    cepa_writer_init(&writer, ret_data, CEPA_MESH_GUARD_REQUEST_SIZE);
    cepa_mesh_item_encode(&writer, &item);
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    named->asked = table;
    named->answer_until = cepa_time_add(now, ANSWER_S * CEPA_SECOND_NS);
    named->next = cepa_time_add(now, (RETRY_S * CEPA_SECOND_NS) << named->tries);
    named->tries = (uint8_t)(named->tries < DOUBLINGS_MAX ? named->tries + 1 : DOUBLINGS_MAX);
    return len;
}

/* Whether that is the object that a guard was asked for. Cheap: nothing is verified. */
static bool is_answer(const struct cepa_mesh *mesh, const struct cepa_index_entry *entry,
                      enum cepa_mesh_table asked, const struct cepa_mesh_item *item)
{
    const struct cepa_mesh_objects *objects = &item->as.objects;
    if (item->type == CEPA_MESH_ITEM_CREDENTIALS && asked == CEPA_MESH_TABLE_CREDENTIALS) {
        struct cepa_credentials_bytes halves;
        struct cepa_commitment commitment;
        if (cepa_credentials_split(&halves, objects->bytes, objects->bytes_len) != 0) {
            return false;
        }
        cepa_commitment_of(&commitment, &halves);
        return memcmp(&commitment, &entry->record.commitment, sizeof commitment) == 0;
    }
    if (item->type == CEPA_MESH_ITEM_KEYS && asked == CEPA_MESH_TABLE_KEYS) {
        struct cepa_key_record record;
        return cepa_key_record_decode(&record, objects->bytes, CEPA_KEY_RECORD_SIZE) == 0 &&
               entry->has_node && record.epoch.number == mesh->epoch.number &&
               memcmp(&record.node, &entry->node, sizeof record.node) == 0;
    }
    return false;
}

static int put(struct cepa_mesh *mesh, const struct cepa_mesh_item *item)
{
    const struct cepa_mesh_objects *objects = &item->as.objects;
    return item->type == CEPA_MESH_ITEM_CREDENTIALS
               ? cepa_objects_put_credentials(mesh->config.objects, objects->bytes,
                                              objects->bytes_len, mesh->config.mldsa_workspace,
                                              mesh->config.cpu)
               : cepa_objects_put_key_record(mesh->config.objects, objects->bytes,
                                             CEPA_KEY_RECORD_SIZE);
}

void cepa_mesh_on_guard_message(struct cepa_mesh *mesh, const uint8_t *data, size_t data_len,
                                const uint8_t *public_key, struct cepa_time now)
{
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    cepa_mesh_enter(mesh, now);
    const struct cepa_index_entry *entry = cepa_index_find(mesh->config.index, public_key);
    struct cepa_mesh_named *named = entry == NULL ? NULL : find(mesh, entry->position);
    if (named == NULL || named->asked == 0 || cepa_time_is_due(named->answer_until, now) ||
        data_len > CEPA_MESH_MESSAGE_SIZE_MAX) {
        return;
    }
    cepa_reader_init(&reader, data, data_len);
    int result = 1;
    while (result == 1 || result == CEPA_ERR_UNSUPPORTED) {
        result = cepa_mesh_item_decode(&item, &reader);
        if (result == 1 && is_answer(mesh, entry, named->asked, &item)) {
            named->asked = 0; /* one verification for one request, whatever comes of it */
            if (put(mesh, &item) >= 0) {
                named->tries = 0;
                named->next = now;
            }
            return;
        }
    }
}
