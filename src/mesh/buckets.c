/* Following buckets. Only buckets that were drawn at random are there to choose hops from, so that
 * neither what a relay keeps for others nor whom it wants by name shows in its paths; and a bucket
 * is fetched whole, whatever is missing of it. @[SPEC 10.17] */
#include "mesh/buckets.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/custody.h"
#include "mesh/gossip.h"
#include "mesh/named.h"

enum {
    RANDOM_BUCKETS = 6, /* followed at a time */
    RANDOM_BUCKETS_LEAST = 3,
    SILENT_MAX = 8,      /* fetches in a row that no circuit answers */
    LIFE_EPOCHS_MIN = 6, /* of one of them; up to twice as many */
    PIN_EPOCHS = 2,      /* after a relay was wanted last */
    LOOK_MS = 500,
    ANSWER_S = 10,
    CHUNKS_MAX = 400,
    RETRY_PARTS = 64, /* of an epoch, before a bucket is fetched again; doubled each time */
    TRIES_MAX = 5,
    KIND_CREDENTIALS = 0,
    KIND_KEYS = 1
};

static uint64_t epoch_ns(const struct cepa_mesh *mesh)
{
    return mesh->config.calendar.epoch_len_ms * CEPA_MILLISECOND_NS;
}

static uint64_t draw_ns(struct cepa_mesh *mesh, uint64_t below_ns)
{
    return below_ns / 1024 * cepa_mesh_draw_below(mesh, 1024);
}

/* --- what is followed ------------------------------------------------------------------------- */

static struct cepa_mesh_followed *find(const struct cepa_mesh *mesh, uint64_t position,
                                       bool is_random)
{
    for (uint32_t i = 0; i < CEPA_MESH_FOLLOWED; i++) {
        const struct cepa_mesh_followed *one = &mesh->followed[i];
        if (one->is_taken && !(is_random && one->is_pinned) &&
            one->number == cepa_custody_bucket(one->bits, position)) {
            return (struct cepa_mesh_followed *)(uintptr_t)one;
        }
    }
    return NULL;
}

bool cepa_buckets_is_followed(const struct cepa_mesh *mesh, uint64_t position)
{
    return find(mesh, position, false) != NULL;
}

bool cepa_mesh_is_drawable(const struct cepa_mesh *mesh, uint64_t position)
{
    const struct cepa_mesh_followed *one = NULL;
    if (!cepa_mesh_is_large(mesh)) {
        return true;
    }
    one = find(mesh, position, true);
    return one != NULL && one->is_here;
}

static uint32_t count_random(const struct cepa_mesh *mesh, bool is_here)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < CEPA_MESH_FOLLOWED; i++) {
        const struct cepa_mesh_followed *one = &mesh->followed[i];
        count += one->is_taken && !one->is_pinned && (one->is_here || !is_here) ? 1 : 0;
    }
    return count;
}

static uint32_t random_wanted(const struct cepa_mesh *mesh)
{
    const struct cepa_mesh_limits *limits = &mesh->config.limits;
    uint8_t bits = cepa_custody_bits(cepa_index_count(mesh->config.index), limits->bucket_relays);
    return bits < 3 && (1u << bits) < RANDOM_BUCKETS ? 1u << bits : RANDOM_BUCKETS;
}

bool cepa_buckets_are_here(const struct cepa_mesh *mesh)
{
    uint32_t wanted = random_wanted(mesh);
    return count_random(mesh, true) >=
           (wanted < RANDOM_BUCKETS_LEAST ? wanted : RANDOM_BUCKETS_LEAST);
}

static struct cepa_mesh_followed *follow(struct cepa_mesh *mesh, uint8_t bits, uint32_t number)
{
    for (uint32_t i = 0; i < CEPA_MESH_FOLLOWED; i++) {
        struct cepa_mesh_followed *one = &mesh->followed[i];
        if (!one->is_taken) {
            memset(one, 0, sizeof *one);
            one->is_taken = true;
            one->bits = bits;
            one->number = number;
            one->epoch = mesh->epoch.number;
            one->next[KIND_CREDENTIALS] = mesh->now;
            one->next[KIND_KEYS] = mesh->now;
            mesh->buckets_at = mesh->now;
            return one;
        }
    }
    return NULL;
}

void cepa_mesh_want(struct cepa_mesh *mesh, const uint8_t *public_key, struct cepa_time now)
{
    const struct cepa_index_entry *entry = cepa_index_find(mesh->config.index, public_key);
    cepa_mesh_enter(mesh, now);
    if (entry == NULL) {
        return;
    }
    struct cepa_time until = cepa_time_add(now, PIN_EPOCHS * epoch_ns(mesh));
    cepa_named_add(mesh, entry->position, until);
    if (!cepa_mesh_is_large(mesh)) {
        return;
    }
    struct cepa_mesh_followed *one = find(mesh, entry->position, false);
    if (one == NULL) {
        uint8_t bits = cepa_custody_bits(cepa_index_count(mesh->config.index),
                                         mesh->config.limits.bucket_relays);
        one = follow(mesh, bits, cepa_custody_bucket(bits, entry->position));
        if (one == NULL) {
            return;
        }
        one->is_pinned = true;
    }
    if (one->is_pinned) {
        one->until = until;
    }
}

void cepa_mesh_set_keyless(struct cepa_mesh *mesh, bool is_keyless)
{
    mesh->is_keyless = is_keyless;
}

/* Keeps as many random buckets as are wanted; each for a time of its own. */
static void draw(struct cepa_mesh *mesh)
{
    uint8_t bits =
        cepa_custody_bits(cepa_index_count(mesh->config.index), mesh->config.limits.bucket_relays);
    uint32_t wanted = random_wanted(mesh);
    for (uint32_t have = count_random(mesh, false); have < wanted; have++) {
        uint32_t number = cepa_mesh_draw_below(mesh, UINT32_C(1) << bits);
        struct cepa_mesh_followed *one = NULL;
        for (uint32_t i = 0; i < CEPA_MESH_FOLLOWED; i++) {
            if (mesh->followed[i].is_taken && mesh->followed[i].bits == bits &&
                mesh->followed[i].number == number) {
                one = &mesh->followed[i];
            }
        }
        if (one != NULL && !one->is_pinned) {
            return; /* the next look draws another one */
        }
        one = one != NULL ? one : follow(mesh, bits, number);
        if (one == NULL) {
            return;
        }
        one->is_pinned = false;
        one->until = cepa_time_add(mesh->now, LIFE_EPOCHS_MIN * epoch_ns(mesh) +
                                                  draw_ns(mesh, LIFE_EPOCHS_MIN * epoch_ns(mesh)));
    }
}

/* --- what is missing -------------------------------------------------------------------------- */

/* What a bucket lacks. */
struct lack {
    uint32_t relays;
    uint32_t usable;     /* are known with a key of this epoch or the one before: for paths */
    uint32_t missing[2]; /* credentials; keys of this epoch */
};

/* Whether a path can use a relay, now or in an epoch that is still young. */
static bool is_usable(const struct cepa_mesh *mesh, const struct cepa_index_entry *entry)
{
    const struct cepa_objects *objects = mesh->config.objects;
    const struct cepa_onion_epoch before = {mesh->epoch.number - 1};
    return entry->has_node && (cepa_objects_hop_key(objects, &entry->node, mesh->epoch) != NULL ||
                               cepa_objects_hop_key(objects, &entry->node, before) != NULL);
}

static void look(const struct cepa_mesh *mesh, struct lack *ret_lack,
                 const struct cepa_mesh_followed *one)
{
    const struct cepa_objects *objects = mesh->config.objects;
    const struct cepa_index_entry *entry = cepa_custody_next(mesh, one->bits, one->number, NULL);
    memset(ret_lack, 0, sizeof *ret_lack);
    for (; entry != NULL; entry = cepa_custody_next(mesh, one->bits, one->number, entry)) {
        size_t len = 0;
        if (!cepa_index_is_usable(entry)) {
            continue;
        }
        bool has_key = cepa_gossip_key_of(mesh, entry, mesh->epoch.number) != NULL;
        bool is_current =
            cepa_objects_credentials(objects, &len, &entry->record.commitment) != NULL;
        ret_lack->relays++;
        ret_lack->missing[KIND_CREDENTIALS] += is_current ? 0 : 1;
        ret_lack->missing[KIND_KEYS] += has_key ? 0 : 1;
        ret_lack->usable += is_usable(mesh, entry) ? 1 : 0;
    }
}

/* Keys of a new epoch are fetched when custodians have them: at a time of its own for each bucket,
 * and early where somebody is wanted by name. */
static void begin_epoch(struct cepa_mesh *mesh, struct cepa_mesh_followed *one)
{
    uint64_t tenth_ns = epoch_ns(mesh) / 10;
    one->epoch = mesh->epoch.number;
    one->tries[KIND_KEYS] = 0;
    one->tries[KIND_CREDENTIALS] = 0;
    struct cepa_time at =
        cepa_time_add(mesh->now, tenth_ns + draw_ns(mesh, (one->is_pinned ? 1 : 3) * tenth_ns));
    one->next[KIND_KEYS] = one->is_here ? at : mesh->now;
    if (mesh->epoch.number % CEPA_DAY_EPOCHS == 0) {
        one->next[KIND_CREDENTIALS] = one->next[KIND_KEYS];
    }
}

/* When to try again what is still missing. */
static void put_off(struct cepa_mesh *mesh, struct cepa_mesh_followed *one, unsigned kind)
{
    uint8_t tries = one->tries[kind] < TRIES_MAX ? one->tries[kind]++ : TRIES_MAX;
    uint64_t wait_ns = epoch_ns(mesh) / RETRY_PARTS << tries;
    wait_ns = wait_ns / 2 + draw_ns(mesh, wait_ns);
    one->next[kind] = cepa_time_add(mesh->now, wait_ns);
}

/* --- fetching --------------------------------------------------------------------------------- */

static void end(struct cepa_mesh *mesh, struct cepa_mesh_fetch *fetch)
{
    if (fetch->link == 0) {
        cepa_mesh_effect_add(mesh, CEPA_MESH_FETCH_END)->effect.route = fetch->route;
    }
    fetch->route = 0;
    mesh->buckets_at = mesh->now;
}

static void request_of(const struct cepa_mesh_fetch *fetch, struct cepa_mesh_item *ret_item)
{
    memset(ret_item, 0, sizeof *ret_item);
    ret_item->type = CEPA_MESH_ITEM_BUCKET_GET;
    ret_item->as.bucket.ticket = (uint32_t)fetch->ticket;
    ret_item->as.bucket.may_ask = true;
    ret_item->as.bucket.kind = (uint8_t)fetch->bucket.kind;
    ret_item->as.bucket.bits = fetch->bucket.bits;
    ret_item->as.bucket.number = fetch->bucket.number;
    ret_item->as.bucket.epoch = fetch->bucket.epoch.number;
    ret_item->as.bucket.after = fetch->after;
}

/* Asks for the next chunk. */
static void ask(struct cepa_mesh *mesh, struct cepa_mesh_fetch *fetch)
{
    struct cepa_mesh_item item;
    struct cepa_writer writer;
    size_t len = 0;
    fetch->ticket = cepa_mesh_number(mesh) & UINT32_MAX;
    fetch->until = cepa_time_add(mesh->now, ANSWER_S * CEPA_SECOND_NS);
    request_of(fetch, &item);
    if (fetch->link != 0) {
        struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, fetch->link);
        if (peer == NULL || !cepa_mesh_send(mesh, peer, &item)) {
            fetch->until = mesh->now;
        }
        return;
    }
    struct cepa_mesh_effect_slot *slot = cepa_mesh_effect_add(mesh, CEPA_MESH_FETCH);
    cepa_writer_init(&writer, slot->bytes, sizeof slot->bytes);
    cepa_mesh_item_encode(&writer, &item);
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    slot->effect.data_len = len;
    slot->effect.ticket = fetch->ticket;
    slot->effect.route = fetch->route;
}

/* A neighbour that relays, at random; 0 if there is none. */
static uint64_t draw_neighbour(struct cepa_mesh *mesh)
{
    uint64_t chosen = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->facts.is_relay && !peer->is_stalled && !peer->is_closing &&
            cepa_mesh_draw_below(mesh, ++count) == 0) {
            chosen = peer->link;
        }
    }
    return chosen;
}

static bool begin(struct cepa_mesh *mesh, uint32_t followed, unsigned kind)
{
    struct cepa_mesh_fetch *fetch = NULL;
    for (uint32_t i = 0; i < CEPA_MESH_FETCHES; i++) {
        if (mesh->fetches[i].route == 0) {
            fetch = &mesh->fetches[i];
        } else if (mesh->fetches[i].followed == followed) {
            return false;
        }
    }
    if (fetch == NULL) {
        return false;
    }
    memset(fetch, 0, sizeof *fetch);
    fetch->followed = followed;
    /* Where no circuit works a node would never get the keys to build one that does. */
    if (!cepa_buckets_are_here(mesh) || mesh->is_keyless || mesh->silent_fetches >= SILENT_MAX) {
        fetch->link = draw_neighbour(mesh);
        if (fetch->link == 0) {
            return false;
        }
        mesh->silent_fetches = mesh->silent_fetches > SILENT_MAX / 2 ? SILENT_MAX / 2 : 0;
    }
    fetch->route = cepa_mesh_number(mesh);
    fetch->bucket.kind = kind == KIND_KEYS ? CEPA_BUCKET_KEY_RECORDS : CEPA_BUCKET_CREDENTIALS;
    fetch->bucket.bits = mesh->followed[followed].bits;
    fetch->bucket.number = mesh->followed[followed].number;
    fetch->bucket.epoch.number = kind == KIND_KEYS ? mesh->epoch.number : 0;
    mesh->counts.buckets_asked++;
    ask(mesh, fetch);
    return true;
}

/* Takes what is good of a bucket's bytes; false if something was not as its relay has made it. */
static bool take(struct cepa_mesh *mesh, const struct cepa_mesh_bucket *bucket)
{
    struct cepa_reader reader;
    const uint8_t *object = NULL;
    size_t len = 0;
    bool is_good = true;
    cepa_reader_init(&reader, bucket->bytes, bucket->bytes_len);
    while (cepa_objects_bucket_item(&object, &len, &reader)) {
        int error =
            bucket->kind == CEPA_BUCKET_CREDENTIALS
                ? cepa_objects_put_credentials(mesh->config.objects, object, len,
                                               mesh->config.mldsa_workspace, mesh->config.cpu)
                : cepa_objects_put_key_record(mesh->config.objects, object, len);
        if (error < 0 && error != CEPA_ERR_NOT_FOUND && error != CEPA_ERR_EPOCH &&
            error != CEPA_ERR_FULL) {
            is_good = false;
        }
    }
    return cepa_reader_end(&reader) == 0 && is_good;
}

/* How many chunks a whole bucket looks like: through a circuit a few more are asked for, so that
 * their number tells little about which bucket it was. */
static uint32_t padded(const struct cepa_mesh *mesh, const struct cepa_mesh_fetch *fetch)
{
    uint32_t step = mesh->config.limits.bucket_relays / 2;
    if (fetch->bucket.kind == CEPA_BUCKET_KEY_RECORDS) {
        step /= 4;
    }
    return step < 2 ? fetch->chunks : (fetch->chunks + step - 1) / step * step;
}

static void is_over(struct cepa_mesh *mesh, struct cepa_mesh_fetch *fetch, bool is_whole)
{
    struct cepa_mesh_followed *one = &mesh->followed[fetch->followed];
    unsigned kind = fetch->bucket.kind == CEPA_BUCKET_KEY_RECORDS ? KIND_KEYS : KIND_CREDENTIALS;
    struct lack lack;
    look(mesh, &lack, one);
    mesh->counts.buckets_failed += is_whole ? 0 : 1;
    /* A few always are missing: they are new, or dead. */
    if (is_whole && lack.missing[kind] * 10 <= lack.relays) {
        one->tries[kind] = one->tries[kind] < 3 ? 3 : one->tries[kind];
    }
    put_off(mesh, one, kind);
    if (kind == KIND_CREDENTIALS) {
        one->next[KIND_KEYS] = mesh->now;
    }
    end(mesh, fetch);
}

static void on_chunk(struct cepa_mesh *mesh, struct cepa_mesh_fetch *fetch,
                     const struct cepa_mesh_bucket *answer)
{
    bool was_over = fetch->after == UINT64_MAX;
    bool is_answer = answer->kind == (uint8_t)fetch->bucket.kind &&
                     answer->bits == fetch->bucket.bits && answer->number == fetch->bucket.number &&
                     answer->epoch == fetch->bucket.epoch.number &&
                     (was_over ? answer->after == UINT64_MAX && answer->bytes_len == 0
                               : answer->after > fetch->after);
    if (!is_answer || !take(mesh, answer) || fetch->chunks >= CHUNKS_MAX) {
        is_over(mesh, fetch, false);
        return;
    }
    fetch->chunks++;
    mesh->counts.bucket_bytes += CEPA_MESH_BUCKET_ANSWER_SIZE;
    fetch->after = answer->after;
    if (fetch->after == UINT64_MAX && (fetch->link != 0 || fetch->chunks == padded(mesh, fetch))) {
        is_over(mesh, fetch, true);
        return;
    }
    ask(mesh, fetch);
}

static struct cepa_mesh_fetch *find_fetch(struct cepa_mesh *mesh, uint64_t ticket, uint64_t link)
{
    for (uint32_t i = 0; i < CEPA_MESH_FETCHES; i++) {
        struct cepa_mesh_fetch *fetch = &mesh->fetches[i];
        if (fetch->route != 0 && fetch->ticket == ticket && fetch->link == link) {
            return fetch;
        }
    }
    return NULL;
}

void cepa_mesh_on_fetched(struct cepa_mesh *mesh, uint64_t ticket, const uint8_t *data,
                          size_t data_len, struct cepa_time now)
{
    struct cepa_mesh_item item;
    struct cepa_reader reader;
    struct cepa_mesh_fetch *fetch = find_fetch(mesh, ticket, 0);
    cepa_mesh_enter(mesh, now);
    if (fetch == NULL) {
        return;
    }
    cepa_reader_init(&reader, data, data_len);
    mesh->silent_fetches = data_len == 0 ? mesh->silent_fetches + 1 : 0;
    if (cepa_mesh_item_decode(&item, &reader) == 1 && item.type == CEPA_MESH_ITEM_BUCKET &&
        item.as.bucket.ticket == ticket) {
        on_chunk(mesh, fetch, &item.as.bucket);
    } else {
        is_over(mesh, fetch, false);
    }
}

bool cepa_buckets_on_answer(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_bucket *answer)
{
    struct cepa_mesh_fetch *fetch = find_fetch(mesh, answer->ticket, peer->link);
    if (fetch == NULL) {
        return false;
    }
    on_chunk(mesh, fetch, answer);
    return true;
}

/* Whether custodians keep buckets of so many bits, as 10.16 says; the network grows and shrinks. */
static bool is_kept_by_others(const struct cepa_mesh *mesh, uint8_t bits)
{
    uint32_t count = cepa_index_count(mesh->config.index);
    uint32_t least = mesh->config.limits.bucket_relays;
    return bits >= cepa_custody_bits(count - count / 8, least) &&
           bits <= cepa_custody_bits(count + count / 8, least);
}

static void step_followed(struct cepa_mesh *mesh, uint32_t at)
{
    struct cepa_mesh_followed *one = &mesh->followed[at];
    struct lack lack;
    if (cepa_time_is_due(one->until, mesh->now) || !is_kept_by_others(mesh, one->bits)) {
        one->is_taken = false;
        return;
    }
    look(mesh, &lack, one);
    one->is_here = lack.usable * 2 > lack.relays;
    if (one->epoch != mesh->epoch.number) {
        begin_epoch(mesh, one);
    }
    for (unsigned kind = KIND_CREDENTIALS; kind <= KIND_KEYS; kind++) {
        /* Keys of relays whose credentials are missing cannot be verified. */
        bool is_wanted = kind == KIND_KEYS
                             ? lack.missing[KIND_KEYS] > lack.missing[KIND_CREDENTIALS]
                             : lack.missing[KIND_CREDENTIALS] > 0;
        if (is_wanted && cepa_time_is_due(one->next[kind], mesh->now) && begin(mesh, at, kind)) {
            return;
        }
    }
}

void cepa_buckets_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_FETCHES; i++) {
        if (mesh->fetches[i].route != 0 && cepa_time_is_due(mesh->fetches[i].until, mesh->now)) {
            mesh->silent_fetches += mesh->fetches[i].link == 0 ? 1 : 0;
            is_over(mesh, &mesh->fetches[i], false);
        }
    }
    if (!cepa_time_is_due(mesh->buckets_at, mesh->now) || !mesh->was_joined) {
        return;
    }
    mesh->buckets_at = cepa_time_add(mesh->now, LOOK_MS * CEPA_MILLISECOND_NS);
    if (!cepa_mesh_is_large(mesh)) {
        return;
    }
    draw(mesh);
    uint32_t start = cepa_mesh_draw_below(mesh, CEPA_MESH_FOLLOWED);
    for (uint32_t i = 0; i < CEPA_MESH_FOLLOWED; i++) {
        uint32_t at = (start + i) % CEPA_MESH_FOLLOWED;
        if (mesh->followed[at].is_taken) {
            step_followed(mesh, at);
        }
    }
}
