/* Objects that this node lacks. @[SPEC 10.9] */
#include "mesh/pulls.h"

#include <string.h>

#include "base/endian.h"
#include "mesh/custody.h"
#include "mesh/gossip.h"
#include "mesh/gossip_objects.h"

enum {
    ANSWER_MS = 3000, /* an answer may take so long */
    RETRY_MS = 250,   /* before another one is asked, doubled twice */
    TRIES_MAX = 12,
    CREDENTIALS_MAX = 6, /* asked of one neighbour at a time */
    KEYS_MAX = 64,
    SCAN_MS = 1000, /* between two looks for what is missing, while something is */
    SCAN_IDLE_MS = 30000,
    TRIES_BLIND_MAX = 2 /* for one that nobody has spoken of */
};

static struct cepa_mesh_pull_state *find(const struct cepa_mesh *mesh, enum cepa_mesh_table table,
                                         uint32_t epoch, uint64_t position)
{
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        const struct cepa_mesh_pull_state *pull = &mesh->pulls[i];
        if (pull->table == table && pull->epoch == epoch && pull->position == position) {
            return (struct cepa_mesh_pull_state *)(uintptr_t)pull;
        }
    }
    return NULL;
}

/* A free place, or that of the one that was asked for most often in vain; NULL if all are young. */
static struct cepa_mesh_pull_state *find_place(struct cepa_mesh *mesh)
{
    struct cepa_mesh_pull_state *worst = NULL;
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        struct cepa_mesh_pull_state *pull = &mesh->pulls[i];
        if (pull->table == 0) {
            return pull;
        }
        if (pull->tries > 1 && (worst == NULL || pull->tries > worst->tries)) {
            worst = pull;
        }
    }
    return worst;
}

/* Whether this node wants the object of a relay in a table at all. */
static bool is_wanted(const struct cepa_mesh *mesh, enum cepa_mesh_table table, uint64_t position)
{
    return table == CEPA_MESH_TABLE_WAYS ? cepa_gossip_has_ways(mesh)
                                         : cepa_custody_keeps(mesh, position);
}

void cepa_pulls_want(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                     uint64_t position, uint64_t hint)
{
    if (!is_wanted(mesh, table, position)) {
        return;
    }
    struct cepa_mesh_pull_state *pull = find(mesh, table, epoch, position);
    if (pull != NULL) {
        pull->hint = pull->hint == 0 ? hint : pull->hint;
        return;
    }
    pull = find_place(mesh);
    if (pull == NULL) {
        return; /* the next look for what is missing finds it */
    }
    memset(pull, 0, sizeof *pull);
    pull->table = table;
    pull->epoch = epoch;
    pull->position = position;
    pull->hint = hint;
    pull->is_blind = hint == 0 && table == CEPA_MESH_TABLE_KEYS;
    pull->at = mesh->now;
}

bool cepa_pulls_is_asked(const struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                         uint64_t position)
{
    return find(mesh, table, epoch, position) != NULL;
}

void cepa_pulls_done(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                     uint64_t position)
{
    struct cepa_mesh_pull_state *pull = find(mesh, table, epoch, position);
    if (pull != NULL) {
        pull->table = 0;
    }
}

/* Somebody else, a little later; after some tries nobody. */
static void put_off(struct cepa_mesh *mesh, struct cepa_mesh_pull_state *pull)
{
    pull->link = 0;
    pull->hint = 0;
    pull->is_fresh = false;
    if (++pull->tries >= (pull->is_blind ? TRIES_BLIND_MAX : TRIES_MAX)) {
        pull->table = 0;
        return;
    }
    unsigned doublings = pull->tries - 1u < 2 ? pull->tries - 1u : 2;
    pull->at = cepa_time_add(mesh->now, (RETRY_MS * CEPA_MILLISECOND_NS) << doublings);
}

void cepa_pulls_on_neighbour(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        if (mesh->pulls[i].table != 0 && mesh->pulls[i].link == 0) {
            mesh->pulls[i].at = mesh->now;
        }
    }
    if (cepa_gossip_has_all(mesh)) {
        mesh->scan_at = mesh->now;
    }
}

void cepa_pulls_failed(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                       uint64_t position)
{
    struct cepa_mesh_pull_state *pull = find(mesh, table, epoch, position);
    if (pull != NULL) {
        put_off(mesh, pull);
    }
}

void cepa_pulls_on_absent(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          const struct cepa_mesh_pull *absent)
{
    for (size_t i = 0; i < absent->positions_len; i++) {
        uint64_t position = cepa_be64_load(absent->positions + i * CEPA_MESH_POSITION_SIZE);
        struct cepa_mesh_pull_state *pull = find(mesh, absent->table, absent->epoch, position);
        if (pull != NULL && pull->link == peer->link) {
            put_off(mesh, pull);
        }
    }
}

void cepa_pulls_on_link_down(struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        struct cepa_mesh_pull_state *pull = &mesh->pulls[i];
        if (pull->table != 0 && pull->link == link) {
            pull->link = 0;
            pull->at = mesh->now;
        }
    }
}

/* Counts for each link how many objects of each table it owes. */
static void count_owed(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        memset(mesh->peers[i].owed, 0, sizeof mesh->peers[i].owed);
    }
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        const struct cepa_mesh_pull_state *pull = &mesh->pulls[i];
        struct cepa_mesh_peer *peer =
            pull->table == 0 ? NULL : cepa_mesh_peer_find(mesh, pull->link);
        if (peer != NULL) {
            peer->owed[pull->table]++;
        }
    }
}

static bool may_ask(const struct cepa_mesh_peer *peer, enum cepa_mesh_table table)
{
    uint32_t max = table == CEPA_MESH_TABLE_CREDENTIALS ? CREDENTIALS_MAX : KEYS_MAX;
    return peer->link != 0 && peer->facts.is_relay && !peer->is_closing && !peer->is_stalled &&
           peer->owed[table] < max;
}

/* The link to the relay itself that an object is of, or NULL. */
static struct cepa_mesh_peer *find_owner(const struct cepa_mesh *mesh, uint64_t position)
{
    const struct cepa_index_entry *entry = cepa_index_find_position(mesh->config.index, position);
    for (uint32_t i = 0; i < mesh->config.limits.links_max && entry != NULL; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->facts.is_relay &&
            memcmp(peer->facts.public_key, entry->record.public_key, CEPA_SIGNING_KEY_SIZE) == 0) {
            return peer;
        }
    }
    return NULL;
}

/* Whom to ask: the one who spoke of it, else whose it is, else anybody. */
static struct cepa_mesh_peer *choose(struct cepa_mesh *mesh,
                                     const struct cepa_mesh_pull_state *pull)
{
    struct cepa_mesh_peer *chosen = cepa_mesh_peer_find(mesh, pull->hint);
    uint32_t count = 0;
    if (chosen != NULL && may_ask(chosen, pull->table)) {
        return chosen;
    }
    if (chosen != NULL && chosen->owed[pull->table] > 0) {
        return NULL; /* it will soon have time */
    }
    chosen = find_owner(mesh, pull->position);
    if (chosen != NULL && may_ask(chosen, pull->table)) {
        return chosen;
    }
    if (pull->table != CEPA_MESH_TABLE_WAYS && !cepa_gossip_has_all(mesh)) {
        return NULL; /* a custodian asks the relay itself, once there is a link */
    }
    /* What nobody has spoken of is asked of one neighbour at a time: it is often nowhere. */
    chosen = pull->is_blind ? cepa_mesh_peer_find(mesh, mesh->blind_link) : NULL;
    if (chosen != NULL && may_ask(chosen, pull->table)) {
        return chosen;
    }
    chosen = NULL;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (may_ask(peer, pull->table) && cepa_mesh_draw_below(mesh, ++count) == 0) {
            chosen = peer;
        }
    }
    if (pull->is_blind && chosen != NULL) {
        mesh->blind_link = chosen->link;
    }
    return chosen;
}

/* Whether an object has come by another way, or is not wanted any more. */
static bool is_settled(const struct cepa_mesh *mesh, const struct cepa_mesh_pull_state *pull)
{
    size_t len = 0;
    const struct cepa_index_entry *entry =
        cepa_index_find_position(mesh->config.index, pull->position);
    if (entry == NULL || entry->is_conflict) {
        return true;
    }
    if (pull->table == CEPA_MESH_TABLE_WAYS) {
        return cepa_ways_is_current(&mesh->ways, entry);
    }
    if (pull->table == CEPA_MESH_TABLE_KEYS) {
        return pull->epoch < mesh->epoch.number ||
               cepa_gossip_key_of(mesh, entry, pull->epoch) != NULL;
    }
    return cepa_objects_credentials(mesh->config.objects, &len, &entry->record.commitment) != NULL;
}

static void assign(struct cepa_mesh *mesh, struct cepa_mesh_pull_state *pull)
{
    if (pull->table == 0 || !cepa_time_is_due(pull->at, mesh->now)) {
        return;
    }
    if (is_settled(mesh, pull)) {
        pull->table = 0;
        return;
    }
    if (pull->link != 0) {
        put_off(mesh, pull);
        return;
    }
    struct cepa_mesh_peer *peer = choose(mesh, pull);
    if (peer == NULL && pull->table != CEPA_MESH_TABLE_WAYS && !cepa_gossip_has_all(mesh)) {
        pull->table = 0;
        return;
    }
    if (peer == NULL) {
        pull->at = cepa_time_add(mesh->now, RETRY_MS * CEPA_MILLISECOND_NS);
        return;
    }
    peer->owed[pull->table]++;
    pull->link = peer->link;
    pull->is_fresh = true;
    pull->at = cepa_time_add(mesh->now, ANSWER_MS * CEPA_MILLISECOND_NS);
}

/* One PULL for each neighbour and table. */
static void send_fresh(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        const struct cepa_mesh_pull_state *first = &mesh->pulls[i];
        if (first->table == 0 || !first->is_fresh) {
            continue;
        }
        struct cepa_gossip_pull batch;
        struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, first->link);
        enum cepa_mesh_table table = first->table;
        uint32_t epoch = first->epoch;
        uint64_t link = first->link;
        if (peer != NULL) {
            cepa_gossip_pull_begin(&batch, mesh, peer, table, epoch);
        }
        for (uint32_t j = i; j < CEPA_MESH_PULLS; j++) {
            struct cepa_mesh_pull_state *pull = &mesh->pulls[j];
            if (pull->table == table && pull->is_fresh && pull->link == link &&
                pull->epoch == epoch) {
                pull->is_fresh = false;
                if (peer != NULL) {
                    cepa_gossip_pull_add(&batch, pull->position);
                }
            }
        }
        if (peer != NULL) {
            cepa_gossip_pull_end(&batch);
        }
    }
}

/* Wants way records that are missing, as far as there is room; returns what room is left. In a
 * large network nothing else is looked for here. */
static uint32_t scan_ways(struct cepa_mesh *mesh, uint32_t room)
{
    const struct cepa_index *index = mesh->config.index;
    while (cepa_gossip_has_ways(mesh) && room > 0 && mesh->way_cursor < cepa_index_count(index)) {
        const struct cepa_index_entry *entry = cepa_index_at(index, mesh->way_cursor++);
        bool is_relay = (entry->record.flags & CEPA_RELAY_FLAG_RELAY) != 0;
        if (is_relay && !entry->is_conflict && !cepa_ways_is_current(&mesh->ways, entry)) {
            mesh->missing_counted++;
            room--;
            cepa_pulls_want(mesh, CEPA_MESH_TABLE_WAYS, 0, entry->position, 0);
        }
    }
    return room;
}

/* Looks on from where the last look ended, as far as there is room to ask. */
static void scan(struct cepa_mesh *mesh)
{
    const struct cepa_objects *objects = mesh->config.objects;
    const struct cepa_index_entry *entry = NULL;
    uint32_t room = 0;
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        room += mesh->pulls[i].table == 0 ? 1 : 0;
    }
    room = scan_ways(mesh, room);
    for (; room > 0 && cepa_gossip_has_all(mesh); room--) {
        entry = cepa_objects_next_missing(objects, &mesh->scan_cursor);
        if (entry == NULL) {
            break;
        }
        mesh->missing_counted++;
        cepa_pulls_want(mesh, CEPA_MESH_TABLE_CREDENTIALS, 0, entry->position, 0);
    }
    for (; room > 0 && cepa_gossip_has_all(mesh); room--) {
        entry = cepa_objects_next_missing_key(objects, &mesh->key_cursor, mesh->epoch);
        if (entry == NULL) {
            break;
        }
        mesh->missing_counted++;
        if (!cepa_gossip_key_of(mesh, entry, mesh->epoch.number)) {
            cepa_pulls_want(mesh, CEPA_MESH_TABLE_KEYS, mesh->epoch.number, entry->position, 0);
        }
    }
    uint64_t wait_ms = SCAN_MS;
    if (room > 0) {
        bool is_young = cepa_time_is_before(mesh->now, mesh->young_until);
        bool is_large = !cepa_gossip_has_all(mesh);
        wait_ms = (is_young || is_large) && mesh->missing_counted > 0 ? SCAN_MS : SCAN_IDLE_MS;
        mesh->way_cursor = 0;
        mesh->missing = mesh->missing_counted;
        mesh->missing_counted = 0;
        mesh->scan_cursor = 0;
        mesh->key_cursor = 0;
    }
    mesh->scan_at = cepa_time_add(mesh->now, wait_ms * CEPA_MILLISECOND_NS);
}

bool cepa_pulls_is_busy(const struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        if (mesh->pulls[i].table != 0) {
            return true;
        }
    }
    return false;
}

void cepa_pulls_step(struct cepa_mesh *mesh)
{
    if (cepa_time_is_due(mesh->scan_at, mesh->now)) {
        scan(mesh);
    }
    if (!cepa_pulls_is_busy(mesh)) {
        return;
    }
    mesh->blind_link = 0;
    count_owed(mesh);
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        assign(mesh, &mesh->pulls[i]);
    }
    send_fresh(mesh);
}
