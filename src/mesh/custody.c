/* Custody of buckets. @[SPEC 10.16] */
#include "mesh/custody.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/buckets.h"
#include "mesh/dial.h"
#include "mesh/gossip.h"
#include "mesh/named.h"
#include "mesh/pulls.h"

enum {
    LOOK_S = 3,     /* between two looks at which buckets are kept */
    VISIT_S = 10,   /* that a relay has for its objects */
    VISITS_NEW = 4, /* begun in one step */
    SWEEP_STEP = 16
};

uint8_t cepa_custody_bits(uint32_t relays, uint32_t bucket_relays)
{
    uint8_t bits = 0;
    while (bits < CEPA_MESH_BUCKET_BITS_MAX && relays >> (bits + 1) >= bucket_relays) {
        bits++;
    }
    return bits;
}

uint32_t cepa_custody_bucket(uint8_t bits, uint64_t position)
{
    return bits == 0 ? 0 : (uint32_t)(position >> (64 - bits));
}

static uint64_t first_of(uint8_t bits, uint32_t number)
{
    return bits == 0 ? 0 : (uint64_t)number << (64 - bits);
}

/* On the ring of positions. */
static uint64_t distance(uint64_t a, uint64_t b)
{
    uint64_t way = a - b;
    return way > UINT64_MAX / 2 ? 0 - way : way;
}

static void insert(const struct cepa_index_entry **entries, size_t *len, size_t max,
                   const struct cepa_index_entry *entry, uint64_t middle)
{
    size_t at = *len;
    while (at > 0 &&
           distance(entries[at - 1]->position, middle) > distance(entry->position, middle)) {
        at--;
    }
    if (at == max) {
        return;
    }
    size_t moved = (*len < max ? *len : max - 1) - at;
    for (size_t i = at + moved; i > at; i--) {
        entries[i] = entries[i - 1];
    }
    entries[at] = entry;
    *len += *len < max ? 1 : 0;
}

size_t cepa_custody_of(const struct cepa_mesh *mesh, const struct cepa_index_entry **ret_entries,
                       uint8_t bits, uint32_t number)
{
    const struct cepa_index *index = mesh->config.index;
    size_t max = mesh->config.limits.custodians;
    uint64_t middle = first_of(bits, number) + (UINT64_C(1) << (63 - bits));
    uint32_t top = (uint32_t)(middle >> 56);
    size_t len = 0;
    /* Outwards from the middle's part of the index, one part more than it took to find enough. */
    bool was_enough = false;
    for (uint32_t i = 0; i <= CEPA_INDEX_BUCKETS / 2; i++) {
        uint32_t sides[] = {(top + i) % CEPA_INDEX_BUCKETS,
                            (top + CEPA_INDEX_BUCKETS - i) % CEPA_INDEX_BUCKETS};
        bool is_last = was_enough;
        for (int side = 0; side < (i % (CEPA_INDEX_BUCKETS / 2) == 0 ? 1 : 2); side++) {
            const struct cepa_index_entry *entry = cepa_index_bucket_next(index, sides[side], NULL);
            for (; entry != NULL; entry = cepa_index_bucket_next(index, sides[side], entry)) {
                if (cepa_index_is_usable(entry)) {
                    insert(ret_entries, &len, max, entry, middle);
                }
            }
        }
        if (is_last) {
            break;
        }
        was_enough = len == max;
    }
    return len;
}

const struct cepa_index_entry *cepa_custody_next(const struct cepa_mesh *mesh, uint8_t bits,
                                                 uint32_t number,
                                                 const struct cepa_index_entry *entry)
{
    const struct cepa_index *index = mesh->config.index;
    uint64_t first = first_of(bits, number);
    uint64_t last = bits == 0 ? UINT64_MAX : first + ((UINT64_C(1) << (64 - bits)) - 1);
    uint32_t part = (uint32_t)((entry == NULL ? first : entry->position) >> 56);
    for (; part <= last >> 56; part++) {
        entry = cepa_index_bucket_next(index, part, entry);
        while (entry != NULL && (entry->position < first || entry->position > last)) {
            entry = cepa_index_bucket_next(index, part, entry);
        }
        if (entry != NULL) {
            return entry;
        }
    }
    return NULL;
}

static bool is_custodian(const struct cepa_mesh *mesh, uint8_t bits, uint32_t number)
{
    const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS_MAX];
    size_t len = cepa_custody_of(mesh, custodians, bits, number);
    for (size_t i = 0; i < len; i++) {
        if (memcmp(custodians[i]->record.public_key, mesh->config.public_key,
                   CEPA_SIGNING_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

bool cepa_custody_has(const struct cepa_mesh *mesh, uint8_t bits, uint32_t number)
{
    if (!cepa_mesh_is_large(mesh)) {
        return true;
    }
    for (uint32_t i = 0; i < mesh->custody_len; i++) {
        if (mesh->custody[i].bits == bits && mesh->custody[i].number == number) {
            return true;
        }
    }
    return false;
}

bool cepa_custody_keeps(const struct cepa_mesh *mesh, uint64_t position)
{
    if (cepa_gossip_has_all(mesh)) {
        return true;
    }
    for (uint32_t i = 0; i < mesh->custody_len; i++) {
        uint8_t bits = mesh->custody[i].bits;
        if (mesh->custody[i].number == cepa_custody_bucket(bits, position)) {
            return true;
        }
    }
    return false;
}

/* Which buckets this relay keeps with so many bits: its own position's, or those beside it. */
static void look(struct cepa_mesh *mesh, uint8_t bits, uint64_t position)
{
    uint32_t mask = bits == 0 ? 0 : UINT32_MAX >> (32 - bits);
    uint32_t own = cepa_custody_bucket(bits, position);
    uint32_t numbers[] = {own, (own + 1) & mask, (own - 1) & mask};
    for (size_t i = 0; i < 3 && mesh->custody_len < CEPA_MESH_CUSTODY_MAX; i++) {
        bool is_new = true;
        for (uint32_t k = 0; k < mesh->custody_len; k++) {
            is_new &= mesh->custody[k].bits != bits || mesh->custody[k].number != numbers[i];
        }
        if (is_new && is_custodian(mesh, bits, numbers[i])) {
            mesh->custody[mesh->custody_len].bits = bits;
            mesh->custody[mesh->custody_len++].number = numbers[i];
        }
    }
}

/* Others may see a few relays more or fewer, and so another number of buckets: near the border
 * between two numbers a custodian keeps buckets of both. */
static void look_again(struct cepa_mesh *mesh)
{
    const struct cepa_index_entry *own =
        cepa_index_find(mesh->config.index, mesh->config.public_key);
    uint32_t count = cepa_index_count(mesh->config.index);
    uint32_t least = mesh->config.limits.bucket_relays;
    mesh->custody_at = cepa_time_add(mesh->now, LOOK_S * CEPA_SECOND_NS);
    mesh->custody_len = 0;
    if (own == NULL || !mesh->config.is_relay || !cepa_mesh_is_large(mesh)) {
        return;
    }
    uint8_t bits[] = {cepa_custody_bits(count, least), cepa_custody_bits(count - count / 8, least),
                      cepa_custody_bits(count + count / 8, least)};
    for (size_t i = 0; i < sizeof bits; i++) {
        look(mesh, bits[i], own->position);
    }
}

/* --- visits ----------------------------------------------------------------------------------- */

static bool has_credentials(const struct cepa_mesh *mesh, const struct cepa_index_entry *entry)
{
    size_t len = 0;
    return cepa_objects_credentials(mesh->config.objects, &len, &entry->record.commitment) != NULL;
}

bool cepa_custody_is_missing(const struct cepa_mesh *mesh, const struct cepa_index_entry *entry)
{
    return !has_credentials(mesh, entry) ||
           cepa_gossip_key_of(mesh, entry, mesh->epoch.number) == NULL;
}

static struct cepa_mesh_visit *find_visit(struct cepa_mesh *mesh, uint64_t position)
{
    for (uint32_t i = 0; i < CEPA_MESH_VISITS; i++) {
        if (mesh->visits[i].is_taken && mesh->visits[i].position == position) {
            return &mesh->visits[i];
        }
    }
    return NULL;
}

/* Asks a linked relay for what is missing of it. */
static void ask(struct cepa_mesh *mesh, const struct cepa_index_entry *entry, uint64_t link)
{
    if (!has_credentials(mesh, entry)) {
        cepa_pulls_want(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, entry->position, link);
    } else {
        cepa_pulls_want(mesh, CEPA_MESH_TABLE_KEYS, mesh->epoch.number, entry->position, link);
    }
}

/* Begins a visit; false if nothing can be done now. */
static bool visit(struct cepa_mesh *mesh, const struct cepa_index_entry *entry)
{
    struct cepa_node_id node;
    struct cepa_mesh_visit *place = NULL;
    if (!cepa_dial_name(mesh, &node, entry) || cepa_mesh_is_self(mesh, &node)) {
        return false;
    }
    const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &node);
    if (peer != NULL) {
        ask(mesh, entry, peer->link);
        return false; /* that costs nothing */
    }
    for (uint32_t i = 0; i < CEPA_MESH_VISITS; i++) {
        place = mesh->visits[i].is_taken ? place : &mesh->visits[i];
    }
    if (place == NULL || cepa_dial_is_lost(mesh, &node) ||
        cepa_dial_node(mesh, &node, CEPA_MESH_FOR_CUSTODY) == NULL) {
        return false;
    }
    place->is_taken = true;
    place->position = entry->position;
    place->node = node;
    place->until = cepa_time_add(mesh->now, VISIT_S * CEPA_SECOND_NS);
    return true;
}

static void begin_visits(struct cepa_mesh *mesh)
{
    uint32_t begun = 0;
    for (uint32_t i = 0; i < mesh->custody_len; i++) {
        uint8_t bits = mesh->custody[i].bits;
        uint32_t number = mesh->custody[i].number;
        const struct cepa_index_entry *entry = cepa_custody_next(mesh, bits, number, NULL);
        for (; entry != NULL && begun < VISITS_NEW;
             entry = cepa_custody_next(mesh, bits, number, entry)) {
            bool is_wanted =
                !entry->is_conflict && (entry->record.flags & CEPA_RELAY_FLAG_RELAY) != 0;
            if (is_wanted && cepa_custody_is_missing(mesh, entry) &&
                find_visit(mesh, entry->position) == NULL) {
                begun += visit(mesh, entry) ? 1 : 0;
            }
        }
    }
}

static void end_visits(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_VISITS; i++) {
        struct cepa_mesh_visit *place = &mesh->visits[i];
        if (!place->is_taken) {
            continue;
        }
        const struct cepa_index_entry *entry =
            cepa_index_find_position(mesh->config.index, place->position);
        struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &place->node);
        bool is_over = entry == NULL || cepa_time_is_due(place->until, mesh->now) ||
                       !cepa_custody_is_missing(mesh, entry) ||
                       (peer == NULL && cepa_dial_of(mesh, &place->node) == NULL);
        if (!is_over && peer != NULL) {
            ask(mesh, entry, peer->link);
        }
        if (is_over) {
            place->is_taken = false;
            if (peer != NULL && peer->facts.is_initiator && peer->bond == CEPA_MESH_BOND_NONE) {
                cepa_mesh_unlink(mesh, peer, 0);
            }
        }
    }
}

/* Whether this node begins with that relay after a restart. */
static bool is_anchor(const struct cepa_mesh *mesh, uint64_t position)
{
    const struct cepa_index_entry *entry = cepa_index_find_position(mesh->config.index, position);
    for (size_t i = 0; i < mesh->anchors_len && entry != NULL && entry->has_node; i++) {
        if (memcmp(&mesh->anchors[i], &entry->node, sizeof entry->node) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether this node wants a relay's objects for itself, whatever it keeps for others. */
static bool is_wanted(const struct cepa_mesh *mesh, uint64_t position)
{
    return cepa_buckets_is_followed(mesh, position) || cepa_named_has(mesh, position) ||
           is_anchor(mesh, position);
}

/* Objects of relays whose buckets are neither kept nor followed go, once a few buckets are here;
 * not those of guards and others by name, which would only be fetched again. */
static void sweep(struct cepa_mesh *mesh)
{
    if (cepa_gossip_has_all(mesh) || !cepa_buckets_are_here(mesh)) {
        return;
    }
    for (uint32_t i = 0; i < SWEEP_STEP; i++) {
        uint64_t position = 0;
        uint32_t slot = mesh->sweep_cursor++ % mesh->config.objects->limits.credentials_max;
        if (!cepa_objects_position(mesh->config.objects, &position, slot)) {
            continue;
        }
        bool is_own = mesh->has_own &&
                      cepa_objects_is_of(mesh->config.objects, slot, mesh->config.public_key);
        if (!is_own && !cepa_custody_keeps(mesh, position) && !is_wanted(mesh, position)) {
            cepa_objects_drop(mesh->config.objects, slot);
        }
    }
}

void cepa_custody_step(struct cepa_mesh *mesh)
{
    if (cepa_time_is_due(mesh->custody_at, mesh->now)) {
        look_again(mesh);
    }
    end_visits(mesh);
    begin_visits(mesh);
    sweep(mesh);
}
