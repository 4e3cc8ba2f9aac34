/* Custody and whole buckets. @[SPEC 10.15] */
#include "mesh/buckets.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/gossip.h"

enum {
    BUCKET_RELAYS = 32, /* at least, in a bucket */
    FETCH_FIRST = 4,    /* buckets from neighbours at a first start */
    FETCH_S = 200,      /* between two buckets */
    FETCH_YOUNG_S = 2,
    ANSWER_S = 20
};

uint8_t cepa_buckets_bits(uint32_t relays)
{
    uint8_t bits = 0;
    while (bits < 16 && relays >> (bits + 1) >= BUCKET_RELAYS) {
        bits++;
    }
    return bits;
}

static uint64_t middle_of(uint8_t bits, uint32_t number)
{
    uint64_t first = bits == 0 ? 0 : (uint64_t)number << (64 - bits);
    return first + (UINT64_C(1) << (63 - bits));
}

/* On the ring of positions. */
static uint64_t distance(uint64_t a, uint64_t b)
{
    uint64_t way = a - b;
    return way > UINT64_MAX / 2 ? 0 - way : way;
}

static void insert(const struct cepa_index_entry **entries, size_t *len,
                   const struct cepa_index_entry *entry, uint64_t middle)
{
    size_t at = *len;
    while (at > 0 &&
           distance(entries[at - 1]->position, middle) > distance(entry->position, middle)) {
        at--;
    }
    if (at == CEPA_MESH_CUSTODIANS) {
        return;
    }
    size_t moved = (*len < CEPA_MESH_CUSTODIANS ? *len : CEPA_MESH_CUSTODIANS - 1) - at;
    for (size_t i = at + moved; i > at; i--) {
        entries[i] = entries[i - 1];
    }
    entries[at] = entry;
    *len += *len < CEPA_MESH_CUSTODIANS ? 1 : 0;
}

size_t cepa_buckets_custodians(const struct cepa_mesh *mesh,
                               const struct cepa_index_entry **ret_entries, uint8_t bits,
                               uint32_t number)
{
    const struct cepa_index *index = mesh->config.index;
    uint64_t middle = middle_of(bits, number);
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
                    insert(ret_entries, &len, entry, middle);
                }
            }
        }
        if (is_last) {
            break;
        }
        was_enough = len == CEPA_MESH_CUSTODIANS;
    }
    return len;
}

bool cepa_buckets_keeps(const struct cepa_mesh *mesh, uint64_t position)
{
    const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS];
    if (cepa_gossip_has_all(mesh)) {
        return true;
    }
    if (!mesh->config.is_relay) {
        return false;
    }
    uint8_t bits = cepa_buckets_bits(cepa_index_count(mesh->config.index));
    uint32_t number = bits == 0 ? 0 : (uint32_t)(position >> (64 - bits));
    size_t len = cepa_buckets_custodians(mesh, custodians, bits, number);
    for (size_t i = 0; i < len; i++) {
        if (memcmp(custodians[i]->record.public_key, mesh->config.public_key,
                   CEPA_SIGNING_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Writes the answer to a request as one item. */
static void serve(const struct cepa_mesh *mesh, struct cepa_writer *writer,
                  const struct cepa_mesh_bucket *request)
{
    struct cepa_mesh_item item;
    struct cepa_bucket bucket;
    bucket.kind = (enum cepa_bucket_kind)request->kind;
    bucket.bits = request->bits;
    bucket.number = request->number;
    bucket.epoch.number = request->epoch;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_BUCKET;
    item.as.bucket = *request;
    item.as.bucket.bytes = mesh->scratch;
    item.as.bucket.bytes_len =
        cepa_objects_bucket(mesh->config.objects, mesh->scratch, CEPA_MESH_BUCKET_BYTES_MAX,
                            &bucket, &item.as.bucket.after);
    cepa_mesh_item_encode(writer, &item);
}

int cepa_mesh_serve(struct cepa_mesh *mesh, uint8_t *ret_bytes, size_t *ret_len,
                    const uint8_t *request, size_t request_len)
{
    struct cepa_mesh_item item;
    struct cepa_reader reader;
    struct cepa_writer writer;
    cepa_reader_init(&reader, request, request_len);
    int result = cepa_mesh_item_decode(&item, &reader);
    if (result < 0) {
        return result;
    }
    if (result == 0 || item.type != CEPA_MESH_ITEM_BUCKET_GET || cepa_reader_left(&reader) > 0) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_writer_init(&writer, ret_bytes, CEPA_MESH_FETCH_ANSWER_MAX);
    serve(mesh, &writer, &item.as.bucket);
    return cepa_writer_end(&writer, ret_len);
}

/* Takes what is good of a bucket's bytes; true if all of it was well formed. */
static bool take(struct cepa_mesh *mesh, const struct cepa_mesh_bucket *bucket)
{
    struct cepa_reader reader;
    const uint8_t *object = NULL;
    size_t len = 0;
    cepa_reader_init(&reader, bucket->bytes, bucket->bytes_len);
    while (cepa_objects_bucket_item(&object, &len, &reader)) {
        int error =
            bucket->kind == CEPA_BUCKET_CREDENTIALS
                ? cepa_objects_put_credentials(mesh->config.objects, object, len,
                                               mesh->config.mldsa_workspace, mesh->config.cpu)
                : cepa_objects_put_key_record(mesh->config.objects, object, len);
        if (error == CEPA_ERR_AUTHENTICATION || error == CEPA_ERR_MALFORMED ||
            error == CEPA_ERR_LENGTH) {
            return false;
        }
    }
    return cepa_reader_end(&reader) == 0;
}

/* The bytes of the request that is due. */
static size_t request_encode(const struct cepa_mesh *mesh, uint8_t *ret_bytes, size_t capacity,
                             struct cepa_mesh_item *ret_item)
{
    struct cepa_writer writer;
    size_t len = 0;
    memset(ret_item, 0, sizeof *ret_item);
    ret_item->type = CEPA_MESH_ITEM_BUCKET_GET;
    ret_item->as.bucket.kind = (uint8_t)mesh->fetch.kind;
    ret_item->as.bucket.bits = mesh->fetch.bits;
    ret_item->as.bucket.number = mesh->fetch.number;
    ret_item->as.bucket.epoch =
        mesh->fetch.kind == CEPA_BUCKET_KEY_RECORDS ? mesh->fetch.epoch.number : 0;
    ret_item->as.bucket.after = mesh->fetch_after;
    cepa_writer_init(&writer, ret_bytes, capacity);
    cepa_mesh_item_encode(&writer, ret_item);
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    return len;
}

/* A relay to ask through a circuit: a custodian whose objects are here, else any such relay. */
static bool choose_relay(struct cepa_mesh *mesh, struct cepa_node_id *ret_node)
{
    const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS];
    size_t len = cepa_buckets_custodians(mesh, custodians, mesh->fetch.bits, mesh->fetch.number);
    for (size_t i = 0; i < len; i++) {
        const struct cepa_index_entry *entry =
            custodians[cepa_mesh_draw_below(mesh, (uint32_t)len)];
        if (cepa_gossip_key_of(mesh, entry, mesh->epoch.number) != NULL) {
            *ret_node = entry->node;
            return true;
        }
    }
    for (uint32_t i = 0; i < 64; i++) {
        const struct cepa_index_entry *entry =
            cepa_index_draw(mesh->config.index, cepa_mesh_draw(mesh));
        if (entry != NULL && cepa_gossip_key_of(mesh, entry, mesh->epoch.number) != NULL) {
            *ret_node = entry->node;
            return true;
        }
    }
    return false;
}

/* Asks a neighbour over the link, while this node knows too few to build circuits. */
static void ask_neighbour(struct cepa_mesh *mesh, const struct cepa_mesh_item *item)
{
    struct cepa_mesh_peer *chosen = NULL;
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->facts.is_relay && !peer->is_stalled && !peer->is_closing &&
            cepa_mesh_draw_below(mesh, ++count) == 0) {
            chosen = peer;
        }
    }
    if (chosen != NULL) {
        (void)cepa_mesh_send(mesh, chosen, item);
    }
}

static void ask(struct cepa_mesh *mesh)
{
    struct cepa_mesh_item item;
    struct cepa_node_id node;
    uint8_t bytes[CEPA_MESH_SIGNAL_MAX];
    size_t len = request_encode(mesh, bytes, sizeof bytes, &item);
    mesh->fetch_ticket = cepa_mesh_number(mesh);
    mesh->fetch_at = cepa_time_add(mesh->now, ANSWER_S * CEPA_SECOND_NS);
    if (mesh->fetched < FETCH_FIRST * 2 || !choose_relay(mesh, &node)) {
        ask_neighbour(mesh, &item);
        return;
    }
    struct cepa_mesh_effect_slot *slot = cepa_mesh_effect_add(mesh, CEPA_MESH_FETCH);
    memcpy(slot->bytes, bytes, len);
    slot->effect.data_len = len;
    slot->effect.ticket = mesh->fetch_ticket;
    slot->effect.node = node;
    slot->effect.has_node = true;
}

/* First the credentials of a bucket, then its keys, then another bucket. */
static void go_on(struct cepa_mesh *mesh, bool was_good)
{
    mesh->fetch_ticket = 0;
    if (was_good && mesh->fetch_after != UINT64_MAX) {
        ask(mesh);
        return;
    }
    mesh->fetched++;
    mesh->fetch_after = 0;
    if (was_good && mesh->fetch.kind == CEPA_BUCKET_CREDENTIALS) {
        mesh->fetch.kind = CEPA_BUCKET_KEY_RECORDS;
        mesh->fetch.epoch = mesh->epoch;
        ask(mesh);
        return;
    }
    uint64_t wait_s = mesh->fetched < FETCH_FIRST * 2 ? FETCH_YOUNG_S : FETCH_S;
    mesh->fetch_at = cepa_time_add(mesh->now, wait_s * CEPA_SECOND_NS);
}

/* Whether an answer is about what was asked for, and further on. */
static bool is_answer(const struct cepa_mesh *mesh, const struct cepa_mesh_bucket *item)
{
    return mesh->fetch_ticket != 0 && item->kind == (uint8_t)mesh->fetch.kind &&
           item->bits == mesh->fetch.bits && item->number == mesh->fetch.number &&
           item->after > mesh->fetch_after;
}

void cepa_mesh_on_fetched(struct cepa_mesh *mesh, uint64_t ticket, const uint8_t *data,
                          size_t data_len, struct cepa_time now)
{
    struct cepa_mesh_item item;
    struct cepa_reader reader;
    mesh->now = now;
    if (ticket == 0 || ticket != mesh->fetch_ticket) {
        return;
    }
    cepa_reader_init(&reader, data, data_len);
    bool is_good = cepa_mesh_item_decode(&item, &reader) == 1 &&
                   item.type == CEPA_MESH_ITEM_BUCKET && is_answer(mesh, &item.as.bucket) &&
                   take(mesh, &item.as.bucket);
    if (is_good) {
        mesh->fetch_after = item.as.bucket.after;
    }
    go_on(mesh, is_good);
}

void cepa_buckets_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          enum cepa_mesh_item_type type, const struct cepa_mesh_bucket *item)
{
    if (type == CEPA_MESH_ITEM_BUCKET_GET) {
        struct cepa_writer writer;
        struct cepa_mesh_item answer;
        struct cepa_reader reader;
        if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_BYTES, CEPA_MESH_MESSAGE_SIZE_MAX)) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
            return;
        }
        cepa_writer_init(&writer, mesh->message, CEPA_MESH_MESSAGE_SIZE_MAX);
        serve(mesh, &writer, item);
        cepa_reader_init(&reader, mesh->message, writer.len);
        if (cepa_mesh_item_decode(&answer, &reader) == 1) {
            (void)cepa_mesh_send(mesh, peer, &answer);
        }
        return;
    }
    if (!is_answer(mesh, item)) {
        (void)cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_OBJECTS, 8);
        return;
    }
    bool is_good = take(mesh, item);
    if (!is_good) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
    }
    mesh->fetch_after = is_good ? item->after : mesh->fetch_after;
    go_on(mesh, is_good);
}

void cepa_buckets_step(struct cepa_mesh *mesh)
{
    if (cepa_gossip_has_all(mesh) || !mesh->was_joined ||
        !cepa_time_is_due(mesh->fetch_at, mesh->now)) {
        return;
    }
    mesh->fetch.kind = CEPA_BUCKET_CREDENTIALS;
    mesh->fetch.bits = cepa_buckets_bits(cepa_index_count(mesh->config.index));
    mesh->fetch.number = cepa_mesh_draw_below(mesh, UINT32_C(1) << mesh->fetch.bits);
    mesh->fetch_after = 0;
    ask(mesh);
}
