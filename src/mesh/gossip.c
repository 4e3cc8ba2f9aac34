/* Comparing: roots, then digests, then lists; whoever gets a list asks for what it lacks and sends
 * what the list lacks. @[SPEC 10.9] */
#include "mesh/gossip.h"

#include <string.h>

#include "base/endian.h"
#include "crypto/hash.h"
#include "mesh/gossip_objects.h"

enum {
    LIST_ALL_MAX = 64,   /* so many entries are listed at once: one frame */
    LISTED_MAX = 900,    /* entries in the lists of one answer */
    PUSH_FANOUT = 6,     /* neighbours that news go to */
    PUSH_DELAY_MS = 150, /* while news are collected */
    FIRST_SYNC_S = 5,    /* between comparisons of a young link */
    LEAF_OFFSET = 1      /* of the leaf in a key record */
};

bool cepa_mesh_is_large(const struct cepa_mesh *mesh)
{
    return cepa_index_count(mesh->config.index) >= mesh->config.limits.custody_relays;
}

/* The margin is for others: whoever counts a few relays fewer relies on neighbours that have all,
 * and whoever counts a few fewer tomorrow will. */
bool cepa_gossip_has_all(const struct cepa_mesh *mesh)
{
    uint32_t custody_relays = mesh->config.limits.custody_relays;
    return cepa_index_count(mesh->config.index) < custody_relays + custody_relays / 8;
}

bool cepa_gossip_has_ways(const struct cepa_mesh *mesh)
{
    uint32_t custody_relays = mesh->config.limits.custody_relays;
    return mesh->ways.capacity > 0 &&
           cepa_index_count(mesh->config.index) >= custody_relays - custody_relays / 4;
}

const uint8_t *cepa_gossip_key_of(const struct cepa_mesh *mesh,
                                  const struct cepa_index_entry *entry, uint32_t epoch)
{
    struct cepa_onion_epoch of = {epoch};
    for (uint32_t i = 0; i < CEPA_MESH_OWN_KEYS && mesh->has_own; i++) {
        if (mesh->own_key_epochs[i].number == epoch && epoch != 0 &&
            memcmp(entry->record.public_key, mesh->config.public_key, CEPA_SIGNING_KEY_SIZE) == 0) {
            return mesh->own_keys[i];
        }
    }
    return entry->has_node ? cepa_objects_key_record(mesh->config.objects, &entry->node, of) : NULL;
}

/* The version of what this node has of a relay in a table; false if it has nothing. Later ones are
 * larger in their upper half. */
static bool version_of(const struct cepa_mesh *mesh, uint64_t *ret_version,
                       enum cepa_mesh_table table, uint32_t epoch,
                       const struct cepa_index_entry *entry)
{
    if (table == CEPA_MESH_TABLE_INDEX) {
        *ret_version =
            (uint64_t)entry->record.sequence << 32 | cepa_be32_load(entry->record.commitment.bytes);
        return true;
    }
    const uint8_t *record = cepa_gossip_key_of(mesh, entry, epoch);
    if (record == NULL) {
        return false;
    }
    *ret_version = (uint64_t)record[LEAF_OFFSET] << 32;
    return true;
}

static void root_of(const struct cepa_mesh *mesh, struct cepa_mesh_root *ret_root,
                    enum cepa_mesh_table table, uint32_t epoch)
{
    const struct cepa_index *index = mesh->config.index;
    struct cepa_blake2b hash;
    struct cepa_index_digest digest;
    uint8_t sum[CEPA_MESH_ROOT_SIZE] = {0};
    ret_root->table = table;
    ret_root->epoch = epoch;
    if (table == CEPA_MESH_TABLE_INDEX) {
        cepa_blake2b_init(&hash, sizeof ret_root->bytes, NULL, 0);
        for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS; i++) {
            cepa_index_bucket_digest(index, &digest, i);
            cepa_blake2b_update(&hash, digest.bytes, sizeof digest.bytes);
        }
        cepa_blake2b_final(&hash, ret_root->bytes, sizeof ret_root->bytes);
        return;
    }
    for (uint32_t i = 0; i < cepa_index_count(index); i++) {
        uint64_t version = 0;
        const struct cepa_index_entry *entry = cepa_index_at(index, i);
        if (version_of(mesh, &version, table, epoch, entry)) {
            uint8_t of[16];
            uint8_t one[CEPA_MESH_ROOT_SIZE];
            cepa_be64_store(of, entry->position);
            cepa_be64_store(of + 8, version);
            cepa_blake2b(one, sizeof one, of, sizeof of, NULL, 0);
            for (size_t j = 0; j < sizeof sum; j++) {
                sum[j] ^= one[j];
            }
        }
    }
    memcpy(ret_root->bytes, sum, sizeof sum);
}

void cepa_gossip_compare(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_ROOTS;
    root_of(mesh, &item.as.roots.roots[0], CEPA_MESH_TABLE_INDEX, 0);
    item.as.roots.len = 1;
    if (cepa_gossip_has_all(mesh)) {
        root_of(mesh, &item.as.roots.roots[1], CEPA_MESH_TABLE_KEYS, mesh->epoch.number);
        root_of(mesh, &item.as.roots.roots[2], CEPA_MESH_TABLE_KEYS, mesh->epoch.number + 1);
        item.as.roots.len = 3;
    }
    (void)cepa_mesh_send(mesh, peer, &item);
}

/* Writes the entries of a bucket behind those that are there. */
static size_t list_bucket(struct cepa_mesh *mesh, size_t entries_len, uint32_t bucket,
                          enum cepa_mesh_table table, uint32_t epoch)
{
    const struct cepa_index *index = mesh->config.index;
    const struct cepa_index_entry *entry = cepa_index_bucket_next(index, bucket, NULL);
    for (; entry != NULL && entries_len < CEPA_MESH_LIST_MAX;
         entry = cepa_index_bucket_next(index, bucket, entry)) {
        uint64_t version = 0;
        if (version_of(mesh, &version, table, epoch, entry)) {
            uint8_t *at = mesh->scratch + entries_len * CEPA_MESH_LIST_ENTRY_SIZE;
            cepa_be64_store(at, entry->position);
            cepa_be64_store(at + 8, version);
            entries_len++;
        }
    }
    return entries_len;
}

/* Sends a list of the buckets from first to last; returns how many entries it has. */
static size_t send_list(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t first,
                        uint32_t last, enum cepa_mesh_table table, uint32_t epoch)
{
    struct cepa_mesh_item item;
    size_t len = 0;
    for (uint32_t bucket = first; bucket <= last; bucket++) {
        len = list_bucket(mesh, len, bucket, table, epoch);
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_LIST;
    item.as.list.table = table;
    item.as.list.epoch = epoch;
    item.as.list.first_bucket = (uint8_t)first;
    item.as.list.last_bucket = (uint8_t)last;
    item.as.list.entries = mesh->scratch;
    item.as.list.entries_len = len;
    if (cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_BYTES, len * CEPA_MESH_LIST_ENTRY_SIZE)) {
        (void)cepa_mesh_send(mesh, peer, &item);
    }
    return len;
}

static void send_digests(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    struct cepa_mesh_item item;
    for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS; i++) {
        struct cepa_index_digest digest;
        cepa_index_bucket_digest(mesh->config.index, &digest, i);
        memcpy(mesh->scratch + i * sizeof digest.bytes, digest.bytes, sizeof digest.bytes);
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_DIGESTS;
    item.as.objects.bytes = mesh->scratch;
    item.as.objects.bytes_len = CEPA_MESH_DIGESTS_SIZE;
    item.as.objects.count = 1;
    if (cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_BYTES, CEPA_MESH_DIGESTS_SIZE)) {
        (void)cepa_mesh_send(mesh, peer, &item);
    }
}

static void on_roots(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                     const struct cepa_mesh_roots *roots)
{
    for (size_t i = 0; i < roots->len; i++) {
        struct cepa_mesh_root own;
        const struct cepa_mesh_root *root = &roots->roots[i];
        bool is_near = root->epoch - mesh->epoch.number <= 1;
        if (root->table == CEPA_MESH_TABLE_KEYS && (!is_near || !cepa_gossip_has_all(mesh))) {
            continue;
        }
        root_of(mesh, &own, root->table, root->epoch);
        if (memcmp(own.bytes, root->bytes, sizeof own.bytes) == 0) {
            continue;
        }
        if (root->table == CEPA_MESH_TABLE_INDEX &&
            cepa_index_count(mesh->config.index) > LIST_ALL_MAX) {
            send_digests(mesh, peer);
        } else {
            (void)send_list(mesh, peer, 0, CEPA_INDEX_BUCKETS - 1, root->table, root->epoch);
        }
    }
}

static void on_digests(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, const uint8_t *digests)
{
    size_t listed = 0;
    for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS && listed < LISTED_MAX; i++) {
        struct cepa_index_digest digest;
        cepa_index_bucket_digest(mesh->config.index, &digest, i);
        if (memcmp(digest.bytes, digests + i * sizeof digest.bytes, sizeof digest.bytes) != 0) {
            listed += 1 + send_list(mesh, peer, i, i, CEPA_MESH_TABLE_INDEX, 0);
        }
    }
}

static void mark_seen(struct cepa_mesh *mesh, uint32_t slot)
{
    mesh->seen[slot / 8] |= (uint8_t)(1u << slot % 8);
}

static bool is_seen(const struct cepa_mesh *mesh, uint32_t slot)
{
    return (mesh->seen[slot / 8] >> slot % 8 & 1) != 0;
}

/* Asks for what the list has and this node has not; notes what both have in one version, or what
 * the other side has in a later one. */
static void want_listed(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                        const struct cepa_mesh_list *list)
{
    const struct cepa_index *index = mesh->config.index;
    struct cepa_gossip_pull pull;
    cepa_gossip_pull_begin(&pull, mesh, peer, list->table, list->epoch);
    for (size_t i = 0; i < list->entries_len; i++) {
        const uint8_t *at = list->entries + i * CEPA_MESH_LIST_ENTRY_SIZE;
        uint64_t position = cepa_be64_load(at);
        uint64_t theirs = cepa_be64_load(at + 8);
        uint64_t ours = 0;
        const struct cepa_index_entry *entry = cepa_index_find_position(index, position);
        bool is_here = entry != NULL && version_of(mesh, &ours, list->table, list->epoch, entry);
        if (is_here && ours >> 32 >= theirs >> 32) {
            if (ours >> 32 == theirs >> 32) {
                mark_seen(mesh, (uint32_t)(entry - index->entries));
            }
            if (ours >> 32 > theirs >> 32 || ours == theirs || entry->is_conflict) {
                continue;
            }
        } else if (is_here) {
            mark_seen(mesh, (uint32_t)(entry - index->entries));
        }
        /* A key record without the relay's credentials is of no use yet. */
        if (list->table == CEPA_MESH_TABLE_INDEX || (entry != NULL && entry->has_node)) {
            cepa_gossip_pull_add(&pull, position);
        }
    }
    cepa_gossip_pull_end(&pull);
}

/* Adds what the other side does not have of a bucket. */
static void send_unseen(struct cepa_gossip_batch *batch, const struct cepa_mesh_list *list,
                        uint32_t bucket)
{
    const struct cepa_mesh *mesh = batch->mesh;
    const struct cepa_index *index = mesh->config.index;
    const struct cepa_index_entry *entry = cepa_index_bucket_next(index, bucket, NULL);
    for (; entry != NULL && !batch->is_over; entry = cepa_index_bucket_next(index, bucket, entry)) {
        uint64_t version = 0;
        if (!is_seen(mesh, (uint32_t)(entry - index->entries)) &&
            version_of(mesh, &version, list->table, list->epoch, entry)) {
            cepa_gossip_batch_add(batch, entry, list->epoch);
        }
    }
}

static void on_list(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                    const struct cepa_mesh_list *list)
{
    const struct cepa_index *index = mesh->config.index;
    if (list->table == CEPA_MESH_TABLE_KEYS &&
        (list->epoch - mesh->epoch.number > 1 || !cepa_gossip_has_all(mesh))) {
        return;
    }
    memset(mesh->seen, 0, (cepa_index_count(index) + 7) / 8);
    want_listed(mesh, peer, list);
    struct cepa_gossip_batch batch;
    cepa_gossip_batch_begin(&batch, mesh, peer, list->table);
    for (uint32_t bucket = list->first_bucket; bucket <= list->last_bucket; bucket++) {
        send_unseen(&batch, list, bucket);
    }
    cepa_gossip_batch_end(&batch);
}

/* What an item makes this node look through: the whole index, as often as it has roots. */
static uint32_t scans_of(const struct cepa_mesh_item *item)
{
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_ROOTS:
        return (uint32_t)item->as.roots.len;
    case CEPA_MESH_ITEM_DIGESTS:
    case CEPA_MESH_ITEM_LIST:
        return 1;
    default:
        return 0;
    }
}

void cepa_gossip_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                         const struct cepa_mesh_item *item)
{
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_SCANS, scans_of(item))) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_ROOTS:
        on_roots(mesh, peer, &item->as.roots);
        return;
    case CEPA_MESH_ITEM_DIGESTS:
        on_digests(mesh, peer, item->as.objects.bytes);
        return;
    case CEPA_MESH_ITEM_LIST:
        on_list(mesh, peer, &item->as.list);
        return;
    default:
        cepa_gossip_on_objects(mesh, peer, item);
        return;
    }
}

static void add_news(struct cepa_mesh *mesh, uint64_t position, uint64_t source, bool is_key)
{
    if (mesh->news_len == CEPA_MESH_NEWS) {
        return; /* comparing finds it */
    }
    mesh->news[mesh->news_len].position = position;
    mesh->news[mesh->news_len].source = source;
    mesh->news[mesh->news_len].is_key = is_key;
    if (mesh->news_len++ == 0) {
        mesh->news_at = cepa_time_add(mesh->now, PUSH_DELAY_MS * CEPA_MILLISECOND_NS);
    }
}

void cepa_gossip_news(struct cepa_mesh *mesh, uint64_t position, uint64_t source)
{
    add_news(mesh, position, source, false);
}

void cepa_gossip_news_key(struct cepa_mesh *mesh, uint64_t position, uint64_t source)
{
    if (cepa_gossip_has_all(mesh)) {
        add_news(mesh, position, source, true);
    }
}

static bool is_partner(const struct cepa_mesh_peer *peer)
{
    return peer->link != 0 && peer->bond == CEPA_MESH_BOND_NEIGHBOUR && peer->facts.is_relay &&
           !peer->is_closing && !peer->is_stalled;
}

/* A random neighbour that is a relay and has not been visited; NULL if there is none. */
static struct cepa_mesh_peer *draw_partner(struct cepa_mesh *mesh, const uint64_t *visited,
                                           size_t visited_len)
{
    struct cepa_mesh_peer *chosen = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        bool is_new = is_partner(peer);
        for (size_t j = 0; j < visited_len && is_new; j++) {
            is_new = visited[j] != peer->link;
        }
        if (is_new && cepa_mesh_draw_below(mesh, ++count) == 0) {
            chosen = peer;
        }
    }
    return chosen;
}

static void push_to(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, bool is_key)
{
    struct cepa_gossip_batch batch;
    cepa_gossip_batch_begin(&batch, mesh, peer,
                            is_key ? CEPA_MESH_TABLE_KEYS : CEPA_MESH_TABLE_INDEX);
    batch.is_free = true;
    for (uint32_t i = 0; i < mesh->news_len; i++) {
        const struct cepa_index_entry *entry =
            cepa_index_find_position(mesh->config.index, mesh->news[i].position);
        if (entry != NULL && mesh->news[i].source != peer->link && mesh->news[i].is_key == is_key) {
            cepa_gossip_batch_add(&batch, entry, mesh->epoch.number);
        }
    }
    cepa_gossip_batch_end(&batch);
}

static void push_news(struct cepa_mesh *mesh)
{
    uint64_t visited[PUSH_FANOUT];
    size_t visited_len = 0;
    while (visited_len < PUSH_FANOUT) {
        struct cepa_mesh_peer *peer = draw_partner(mesh, visited, visited_len);
        if (peer == NULL) {
            break;
        }
        visited[visited_len++] = peer->link;
        push_to(mesh, peer, false);
        push_to(mesh, peer, true);
    }
    mesh->news_len = 0;
    mesh->news_at = cepa_time_never();
}

void cepa_gossip_step(struct cepa_mesh *mesh)
{
    if (cepa_time_is_due(mesh->news_at, mesh->now)) {
        push_news(mesh);
    }
    if (cepa_time_is_due(mesh->sync_at, mesh->now)) {
        uint64_t mean_ns = mesh->config.limits.sync_interval_ms * CEPA_MILLISECOND_NS;
        struct cepa_mesh_peer *peer = draw_partner(mesh, NULL, 0);
        if (peer != NULL) {
            cepa_gossip_compare(mesh, peer);
        }
        uint64_t wait_ns = mean_ns * 2 / 3 + cepa_mesh_draw_below(mesh, UINT32_MAX) *
                                                 (mean_ns * 2 / 3 >> 20) / (UINT32_MAX >> 20);
        if (cepa_time_is_before(mesh->now, mesh->young_until)) {
            uint64_t young_ns = FIRST_SYNC_S * CEPA_SECOND_NS;
            wait_ns = wait_ns > young_ns ? young_ns : wait_ns;
        }
        mesh->sync_at = cepa_time_add(mesh->now, wait_ns);
    }
}
