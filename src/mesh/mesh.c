/* Joins the parts of the mesh: facts and messages go to them, their effects come out.
 * @[SPEC 10.7] */
#include "mesh/mesh.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "mesh/buckets.h"
#include "mesh/clock.h"
#include "mesh/custody.h"
#include "mesh/detector.h"
#include "mesh/dial.h"
#include "mesh/dialback.h"
#include "mesh/founders.h"
#include "mesh/gossip.h"
#include "mesh/introducer.h"
#include "mesh/mesh_state.h"
#include "mesh/neighbours.h"
#include "mesh/pulls.h"
#include "mesh/serving.h"
#include "mesh/upgrade.h"

enum {
    LINKS_MAX = 4096,
    CHANNELS_MAX = 4096,
    OWN_CHANNELS = 32,
    OUTBOX_SIZE = 512 * 1024,
    SEEN_SIZE = CEPA_INDEX_CAPACITY_MAX / 8,
    BUSY_MS = 100, /* between steps while something is going on */
    IDLE_MS = 1000,
    SUSPEND_S = 5,
    SET_MS = 5000, /* a wall clock that is so far from where it would be was set */
    YOUNG_S = 30   /* so long after that comparisons are more frequent */
};

static size_t channels_of(const struct cepa_mesh_limits *limits)
{
    return limits->channels_max + OWN_CHANNELS;
}

static bool is_valid(const struct cepa_mesh_limits *limits)
{
    return limits->links_max > 0 && limits->links_max <= LINKS_MAX &&
           limits->channels_max <= CHANNELS_MAX && limits->neighbours > 0 &&
           limits->neighbours_max >= limits->neighbours && limits->sync_interval_ms > 0 &&
           limits->channel_bytes_per_s > 0 && limits->channel_bytes_per_s < 1u << 24 &&
           limits->bucket_relays > 0 && limits->bucket_relays < 1u << 16 &&
           limits->custodians > 0 && limits->custodians <= CEPA_MESH_CUSTODIANS_MAX &&
           limits->ways_max <= CEPA_INDEX_CAPACITY_MAX;
}

size_t cepa_mesh_size(const struct cepa_mesh_limits *limits)
{
    if (!is_valid(limits)) {
        return SIZE_MAX;
    }
    return cepa_block_round(sizeof(struct cepa_mesh)) +
           cepa_block_array_size(limits->links_max, sizeof(struct cepa_mesh_peer)) +
           cepa_block_array_size(channels_of(limits), sizeof(struct cepa_mesh_channel_state)) +
           OUTBOX_SIZE + 2 * CEPA_MESH_MESSAGE_SIZE_MAX + SEEN_SIZE +
           cepa_block_round(cepa_ways_size(limits->ways_max));
}

/* The wall clock was ahead: what belongs to days and epochs to come is forgotten. */
static void set_back(struct cepa_mesh *mesh, struct cepa_directory_day today,
                     struct cepa_onion_epoch epoch)
{
    const struct cepa_record_rules *rules = &mesh->config.index->rules;
    mesh->today = today;
    mesh->epoch = epoch;
    cepa_index_set_back(mesh->config.index, today);
    cepa_objects_set_back(mesh->config.objects,
                          (struct cepa_onion_epoch){epoch.number > 0 ? epoch.number - 1 : 0});
    for (uint32_t i = 0; i < CEPA_MESH_OWN_KEYS; i++) {
        if (mesh->own_key_epochs[i].number > epoch.number) {
            mesh->own_key_epochs[i].number = 0;
        }
    }
    if (mesh->has_own && mesh->own_record.day.number > today.number + rules->days_ahead) {
        mesh->has_own = false;
    }
    /* What is missing now is asked for as by one who has just come. */
    mesh->young_until = cepa_time_add(mesh->now, YOUNG_S * CEPA_SECOND_NS);
    mesh->sync_at = mesh->now;
    mesh->scan_at = mesh->now;
}

/* Whether the wall clock does not say what it would if nobody had set it. */
static bool was_set(const struct cepa_mesh *mesh, struct cepa_wall wall)
{
    uint64_t passed_ms = cepa_time_since(mesh->now, mesh->wall_at) / CEPA_MILLISECOND_NS;
    struct cepa_wall expected = cepa_wall_add(mesh->wall, passed_ms);
    return cepa_wall_since(wall, expected) > SET_MS || cepa_wall_since(expected, wall) > SET_MS;
}

static void set_wall(struct cepa_mesh *mesh, struct cepa_wall wall)
{
    mesh->wall = wall;
    mesh->wall_at = mesh->now;
    struct cepa_directory_day today = cepa_calendar_day(&mesh->config.calendar, wall);
    struct cepa_onion_epoch epoch = cepa_calendar_epoch(&mesh->config.calendar, wall);
    /* By one epoch only it will be right soon, and a clock that is set a little does as much. */
    if (mesh->epoch.number > epoch.number + 1) {
        set_back(mesh, today, epoch);
    }
    if (today.number > mesh->today.number) {
        mesh->today = today;
        cepa_index_begin_day(mesh->config.index, today);
    }
    if (epoch.number > mesh->epoch.number) {
        struct cepa_onion_epoch oldest = {epoch.number > 0 ? epoch.number - 1 : 0};
        mesh->epoch = epoch;
        cepa_objects_begin_epoch(mesh->config.objects, oldest);
    }
}

int cepa_mesh_init(struct cepa_mesh **ret_mesh, void *memory, size_t memory_len,
                   const struct cepa_mesh_config *config, struct cepa_time now,
                   struct cepa_wall wall)
{
    struct cepa_block block;
    size_t size = cepa_mesh_size(&config->limits);
    if (size == SIZE_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    if (memory_len < size) {
        return CEPA_ERR_FULL;
    }
    cepa_block_init(&block, memory, size);
    struct cepa_mesh *mesh = cepa_block_carve(&block, sizeof *mesh);
    CEPA_ASSERT(mesh != NULL);
    memset(mesh, 0, sizeof *mesh);
    mesh->config = *config;
    mesh->peers = cepa_block_carve(&block, config->limits.links_max * sizeof *mesh->peers);
    mesh->channels_len = (uint32_t)channels_of(&config->limits);
    mesh->channels = cepa_block_carve(&block, mesh->channels_len * sizeof *mesh->channels);
    void *outbox = cepa_block_carve(&block, OUTBOX_SIZE);
    mesh->message = cepa_block_carve(&block, CEPA_MESH_MESSAGE_SIZE_MAX);
    mesh->scratch = cepa_block_carve(&block, CEPA_MESH_MESSAGE_SIZE_MAX);
    mesh->seen = cepa_block_carve(&block, SEEN_SIZE);
    size_t ways_size = cepa_ways_size(config->limits.ways_max);
    void *ways = cepa_block_carve(&block, ways_size);
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    memset(mesh->peers, 0, config->limits.links_max * sizeof *mesh->peers);
    memset(mesh->channels, 0, mesh->channels_len * sizeof *mesh->channels);
    cepa_outbox_init(&mesh->outbox, outbox, OUTBOX_SIZE);
    int error = cepa_random_fill(config->random, mesh->key.bytes, sizeof mesh->key.bytes);
    if (error != 0) {
        return error;
    }
    cepa_ways_init(&mesh->ways, ways, ways_size, config->limits.ways_max, config->index,
                   &mesh->key);
    mesh->now = now;
    mesh->stepped_at = now;
    mesh->expected = cepa_time_never();
    mesh->news_at = cepa_time_never();
    mesh->sync_at = now;
    mesh->scan_at = now;
    mesh->contact_at = now;
    mesh->hint_at = now;
    mesh->custody_at = now;
    mesh->buckets_at = now;
    set_wall(mesh, wall);
    *ret_mesh = mesh;
    return 0;
}

void cepa_mesh_wipe(struct cepa_mesh *mesh)
{
    memset(mesh, 0, cepa_mesh_size(&mesh->config.limits));
}

/* This relay's own objects, until its own store has taken them: it lacks the probers at first. */
static void keep_own(struct cepa_mesh *mesh)
{
    struct cepa_objects *objects = mesh->config.objects;
    if (!mesh->has_own) {
        return;
    }
    if (!mesh->is_own_kept) {
        mesh->is_own_kept =
            cepa_objects_put_credentials(objects, mesh->own_credentials, mesh->own_credentials_len,
                                         mesh->config.mldsa_workspace, mesh->config.cpu) == 0;
    }
    for (uint32_t i = 0; i < CEPA_MESH_OWN_KEYS && mesh->is_own_kept; i++) {
        if (mesh->own_key_epochs[i].number != 0 && !mesh->is_own_key_kept[i]) {
            mesh->is_own_key_kept[i] =
                cepa_objects_put_key_record(objects, mesh->own_keys[i], CEPA_KEY_RECORD_SIZE) >= 0;
        }
    }
}

/* Whether anything waits that has a short time limit. */
static bool is_busy(const struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_ATTEMPTS; i++) {
        if (mesh->attempts[i].ticket != 0) {
            return true;
        }
    }
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        if (mesh->peers[i].link != 0 && mesh->peers[i].facts.is_relayed) {
            return true;
        }
    }
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS; i++) {
        if (mesh->servings[i].ticket != 0) {
            return true;
        }
    }
    return mesh->news_len > 0 || cepa_pulls_is_busy(mesh) || cepa_detector_is_busy(mesh);
}

void cepa_mesh_step(struct cepa_mesh *mesh, struct cepa_time now, struct cepa_wall wall)
{
    uint64_t late_ns = cepa_time_since(now, mesh->expected);
    cepa_mesh_enter(mesh, now);
    mesh->stepped_at = now;
    if (was_set(mesh, wall)) {
        mesh->clock_at = now; /* it is compared with others before anything is published by it */
    }
    set_wall(mesh, wall);
    if (late_ns > SUSPEND_S * CEPA_SECOND_NS) {
        cepa_detector_on_suspend(mesh);
    } else {
        cepa_detector_on_late(mesh, late_ns);
    }
    cepa_clock_step(mesh);
    cepa_detector_step(mesh);
    cepa_dial_step(mesh);
    cepa_introducer_step(mesh);
    cepa_upgrade_step(mesh);
    cepa_neighbours_step(mesh);
    keep_own(mesh);
    cepa_pulls_step(mesh);
    cepa_gossip_step(mesh);
    cepa_dialback_step(mesh);
    cepa_ways_step(&mesh->ways);
    cepa_custody_step(mesh);
    cepa_serving_step(mesh);
    cepa_buckets_step(mesh);
    mesh->was_busy = is_busy(mesh);
    mesh->was_entered = false;
    mesh->expected = cepa_mesh_deadline(mesh);
}

struct cepa_time cepa_mesh_deadline(const struct cepa_mesh *mesh)
{
    bool is_now = mesh->was_entered ? is_busy(mesh) : mesh->was_busy;
    uint64_t wait_ms = is_now ? BUSY_MS : IDLE_MS;
    return cepa_time_add(mesh->stepped_at, wait_ms * CEPA_MILLISECOND_NS);
}

int cepa_mesh_next(struct cepa_mesh *mesh, struct cepa_mesh_effect *ret_effect,
                   struct cepa_time now)
{
    uint64_t link = 0;
    mesh->now = now;
    if (mesh->effects_head != mesh->effects_tail) {
        struct cepa_mesh_effect_slot *slot =
            &mesh->effects[mesh->effects_head++ % CEPA_MESH_EFFECTS];
        *ret_effect = slot->effect;
        ret_effect->data = slot->effect.data_len > 0 ? slot->bytes : NULL;
        return 0;
    }
    if (cepa_serving_next(mesh, ret_effect)) {
        return 0;
    }
    size_t len = cepa_outbox_take(&mesh->outbox, &link, mesh->message);
    if (len == 0) {
        if (mesh->was_entered) {
            mesh->was_busy = is_busy(mesh);
            mesh->was_entered = false;
        }
        return CEPA_ERR_NOT_FOUND;
    }
    mesh->counts.messages_out++;
    mesh->counts.bytes_out += len;
    memset(ret_effect, 0, sizeof *ret_effect);
    ret_effect->kind = CEPA_MESH_SEND;
    ret_effect->link = link;
    ret_effect->data = mesh->message;
    ret_effect->data_len = len;
    return 0;
}

static void dispatch(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                     const struct cepa_mesh_item *item)
{
    switch ((unsigned)item->type) {
    case CEPA_MESH_ITEM_ABSENT:
        cepa_pulls_on_absent(mesh, peer, &item->as.pull);
        return;
    case CEPA_MESH_ITEM_NEIGHBOUR:
        cepa_neighbours_on_item(mesh, peer, &item->as.neighbour);
        return;
    case CEPA_MESH_ITEM_DIALBACK:
        cepa_dialback_on_request(mesh, peer, &item->as.dialback);
        return;
    case CEPA_MESH_ITEM_RECEIPT:
        cepa_dialback_on_receipt(mesh, peer, &item->as.receipt);
        return;
    case CEPA_MESH_ITEM_RELAY:
        cepa_founders_on_relay(mesh, peer, &item->as.relay);
        return;
    case CEPA_MESH_ITEM_PROBE:
    case CEPA_MESH_ITEM_PROBED:
    case CEPA_MESH_ITEM_PING:
    case CEPA_MESH_ITEM_PONG:
        cepa_detector_on_item(mesh, peer, item->type, &item->as.probe);
        return;
    case CEPA_MESH_ITEM_CHANNEL_OPEN:
    case CEPA_MESH_ITEM_CHANNEL_INCOMING:
    case CEPA_MESH_ITEM_CHANNEL_OPENED:
    case CEPA_MESH_ITEM_CHANNEL_CLOSE:
        cepa_introducer_on_item(mesh, peer, item->type, &item->as.channel);
        return;
    case CEPA_MESH_ITEM_SIGNAL:
        cepa_upgrade_on_item(mesh, peer, &item->as.signal);
        return;
    case CEPA_MESH_ITEM_BUCKET_GET:
        cepa_serving_on_get(mesh, peer, &item->as.bucket);
        return;
    case CEPA_MESH_ITEM_BUCKET:
        if (!cepa_buckets_on_answer(mesh, peer, &item->as.bucket) &&
            !cepa_serving_on_answer(mesh, peer, &item->as.bucket)) {
            (void)cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_OBJECTS, 8);
        }
        return;
    default:
        cepa_gossip_on_item(mesh, peer, item);
        return;
    }
}

void cepa_mesh_on_message(struct cepa_mesh *mesh, uint64_t link, const uint8_t *data,
                          size_t data_len, struct cepa_time now)
{
    struct cepa_reader reader;
    struct cepa_mesh_item item;
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    int result = 1;
    cepa_mesh_enter(mesh, now);
    if (peer == NULL || peer->is_closing) {
        return;
    }
    mesh->counts.messages_in++;
    mesh->counts.bytes_in += data_len;
    peer->heard_at = now;
    peer->ping_until = cepa_time_never();
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_MESSAGES, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    if (data_len > CEPA_MESH_MESSAGE_SIZE_MAX) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_MALFORMED);
        return;
    }
    cepa_reader_init(&reader, data, data_len);
    while (result != 0 && !peer->is_closing) {
        result = cepa_mesh_item_decode(&item, &reader);
        if (result == 1 && !cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_ITEMS, 1)) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
            return; /* and the rest of the message with it */
        }
        if (result == 1) {
            dispatch(mesh, peer, &item);
        } else if (result < 0 && result != CEPA_ERR_UNSUPPORTED) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_MALFORMED);
            return;
        }
    }
}
