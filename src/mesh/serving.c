/* Answers from buckets, and asking those who have them. Nothing is remembered between requests but
 * who waits: a request says behind which position it goes on. @[SPEC 10.17] */
#include "mesh/serving.h"

#include <string.h>

#include "base/assert.h"
#include "mesh/buckets.h"
#include "mesh/custody.h"
#include "mesh/dial.h"
#include "mesh/gossip.h"

enum {
    CIRCUITS_PER_S = 1 << 20, /* bytes for all circuits together */
    CIRCUITS_BURST = 16 << 20,
    WAIT_MS = 3000, /* for a custodian, with its link */
    TRIES_MAX = 3,
    PER_LINK_MAX = 16 /* requests of one neighbour that wait for custodians */
};

/* Writes the answer to a request from this node's own objects as one item. */
static void answer_of(struct cepa_mesh *mesh, struct cepa_mesh_item *ret_item,
                      const struct cepa_mesh_bucket *request)
{
    struct cepa_bucket bucket;
    bucket.kind = (enum cepa_bucket_kind)request->kind;
    bucket.bits = request->bits;
    bucket.number = request->number;
    bucket.epoch.number = request->epoch;
    memset(ret_item, 0, sizeof *ret_item);
    ret_item->type = CEPA_MESH_ITEM_BUCKET;
    ret_item->as.bucket = *request;
    ret_item->as.bucket.may_ask = false;
    ret_item->as.bucket.bytes = mesh->scratch;
    ret_item->as.bucket.bytes_len = 0;
    if (request->after != UINT64_MAX) {
        ret_item->as.bucket.bytes_len =
            cepa_objects_bucket(mesh->config.objects, mesh->scratch, CEPA_MESH_BUCKET_BYTES_MAX,
                                &bucket, &ret_item->as.bucket.after);
    }
}

/* Gives an answer to whoever asked. */
static void give(struct cepa_mesh *mesh, uint64_t asker, bool is_circuit,
                 const struct cepa_mesh_item *item)
{
    struct cepa_writer writer;
    if (!is_circuit) {
        struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, asker);
        if (peer != NULL) {
            (void)cepa_mesh_send(mesh, peer, item);
        }
        return;
    }
    if (mesh->answers_tail - mesh->answers_head == CEPA_MESH_ANSWERS) {
        return; /* it asks again */
    }
    struct cepa_mesh_answer *answer = &mesh->answers[mesh->answers_tail++ % CEPA_MESH_ANSWERS];
    memset(answer, 0, sizeof *answer);
    answer->circuit = asker;
    cepa_writer_init(&writer, answer->bytes, sizeof answer->bytes);
    cepa_mesh_item_encode(&writer, item);
    int error = cepa_writer_end(&writer, &answer->len);
    CEPA_ASSERT(error == 0);
    answer->len = sizeof answer->bytes; /* all have one length */
    mesh->counts.buckets_served++;
}

/* Says that this bucket cannot be had here. */
static void refuse(struct cepa_mesh *mesh, uint64_t asker, bool is_circuit,
                   const struct cepa_mesh_bucket *request)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_BUCKET;
    item.as.bucket = *request;
    item.as.bucket.may_ask = false;
    give(mesh, asker, is_circuit, &item);
}

/* Chooses a custodian and makes for a link to it; false if there is nobody. */
static bool choose(struct cepa_mesh *mesh, struct cepa_mesh_serving *serving)
{
    const struct cepa_index_entry *custodians[CEPA_MESH_CUSTODIANS_MAX];
    size_t len = cepa_custody_of(mesh, custodians, serving->request.bits, serving->request.number);
    uint32_t start = len == 0 ? 0 : cepa_mesh_draw_below(mesh, (uint32_t)len);
    serving->is_asked = false;
    serving->until = cepa_time_add(mesh->now, WAIT_MS * CEPA_MILLISECOND_NS);
    /* In the second round also those that could not be reached lately. */
    for (size_t i = 0; i < 2 * len; i++) {
        struct cepa_node_id node;
        if (!cepa_dial_name(mesh, &node, custodians[(start + i) % len]) ||
            cepa_mesh_is_self(mesh, &node) ||
            (serving->tries > 0 && memcmp(&node, &serving->custodian, sizeof node) == 0)) {
            continue;
        }
        const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &node);
        if ((peer != NULL && !peer->is_stalled) || cepa_dial_of(mesh, &node) != NULL ||
            ((i >= len || !cepa_dial_is_lost(mesh, &node)) &&
             cepa_dial_node(mesh, &node, CEPA_MESH_FOR_CUSTODY) != NULL)) {
            serving->custodian = node;
            serving->tries++;
            return true;
        }
    }
    return false;
}

static void ask(struct cepa_mesh *mesh, struct cepa_mesh_serving *serving)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &serving->custodian);
    struct cepa_mesh_item item;
    if (serving->is_asked || peer == NULL) {
        return;
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_BUCKET_GET;
    item.as.bucket = serving->request;
    item.as.bucket.ticket = serving->ticket;
    item.as.bucket.may_ask = false;
    serving->is_asked = cepa_mesh_send(mesh, peer, &item);
}

/* Goes on with another custodian, or gives up. */
static void try_next(struct cepa_mesh *mesh, struct cepa_mesh_serving *serving)
{
    if (serving->tries < TRIES_MAX && choose(mesh, serving)) {
        ask(mesh, serving);
        return;
    }
    serving->ticket = 0;
    refuse(mesh, serving->asker, serving->is_circuit, &serving->request);
}

static void pass_on(struct cepa_mesh *mesh, uint64_t asker, bool is_circuit,
                    const struct cepa_mesh_bucket *request)
{
    struct cepa_mesh_serving *place = NULL;
    uint32_t waiting = 0;
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS; i++) {
        struct cepa_mesh_serving *serving = &mesh->servings[i];
        if (serving->ticket == 0) {
            place = serving;
        } else if (serving->asker == asker && serving->is_circuit == is_circuit) {
            waiting++;
        }
    }
    uint8_t bits =
        cepa_custody_bits(cepa_index_count(mesh->config.index), mesh->config.limits.bucket_relays);
    bool is_near = request->bits <= bits + 1 && bits <= request->bits + 1;
    if (is_circuit && waiting > 0) {
        return; /* one at a time for each circuit */
    }
    if (place == NULL || waiting >= PER_LINK_MAX || !is_near || !request->may_ask ||
        mesh->ways.capacity == 0) {
        refuse(mesh, asker, is_circuit, request);
        return;
    }
    memset(place, 0, sizeof *place);
    place->asker = asker;
    place->is_circuit = is_circuit;
    place->request = *request;
    place->ticket = (uint32_t)(cepa_mesh_number(mesh) & UINT32_MAX);
    try_next(mesh, place);
}

static void serve(struct cepa_mesh *mesh, uint64_t asker, bool is_circuit,
                  const struct cepa_mesh_bucket *request)
{
    struct cepa_mesh_item item;
    if (request->after == UINT64_MAX || cepa_custody_has(mesh, request->bits, request->number)) {
        answer_of(mesh, &item, request);
        give(mesh, asker, is_circuit, &item);
    } else {
        pass_on(mesh, asker, is_circuit, request);
    }
}

void cepa_serving_on_get(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                         const struct cepa_mesh_bucket *request)
{
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_BYTES, CEPA_MESH_BUCKET_BYTES_MAX)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    serve(mesh, peer->link, false, request);
}

void cepa_mesh_on_request(struct cepa_mesh *mesh, uint64_t circuit, const uint8_t *data,
                          size_t data_len, struct cepa_time now)
{
    struct cepa_mesh_item item;
    struct cepa_reader reader;
    cepa_mesh_enter(mesh, now);
    cepa_reader_init(&reader, data, data_len);
    if (cepa_mesh_item_decode(&item, &reader) != 1 || item.type != CEPA_MESH_ITEM_BUCKET_GET ||
        cepa_reader_left(&reader) > 0 || !mesh->config.is_relay) {
        return;
    }
    if (!cepa_token_bucket_take(&mesh->serve_tokens, CEPA_MESH_BUCKET_ANSWER_SIZE, CIRCUITS_PER_S,
                                CIRCUITS_BURST, now)) {
        mesh->counts.refused++;
        return;
    }
    serve(mesh, circuit, true, &item.as.bucket);
}

static struct cepa_mesh_serving *find(struct cepa_mesh *mesh, uint32_t ticket)
{
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS && ticket != 0; i++) {
        if (mesh->servings[i].ticket == ticket) {
            return &mesh->servings[i];
        }
    }
    return NULL;
}

bool cepa_serving_on_answer(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_bucket *answer)
{
    struct cepa_mesh_serving *serving = find(mesh, answer->ticket);
    if (serving == NULL || !serving->is_asked || !peer->facts.is_relay ||
        memcmp(&serving->custodian, &peer->facts.node, sizeof peer->facts.node) != 0) {
        return false;
    }
    const struct cepa_mesh_bucket *request = &serving->request;
    if (answer->after <= request->after || answer->kind != request->kind ||
        answer->bits != request->bits || answer->number != request->number ||
        answer->epoch != request->epoch) {
        try_next(mesh, serving);
        return true;
    }
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_BUCKET;
    item.as.bucket = *answer;
    item.as.bucket.ticket = request->ticket;
    serving->ticket = 0;
    give(mesh, serving->asker, serving->is_circuit, &item);
    return true;
}

bool cepa_serving_uses(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS; i++) {
        if (mesh->servings[i].ticket != 0 &&
            memcmp(&mesh->servings[i].custodian, node, sizeof *node) == 0) {
            return true;
        }
    }
    return false;
}

void cepa_serving_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS; i++) {
        struct cepa_mesh_serving *serving = &mesh->servings[i];
        if (serving->ticket == 0) {
            continue;
        }
        bool is_lost = cepa_mesh_peer_of(mesh, &serving->custodian) == NULL &&
                       cepa_dial_of(mesh, &serving->custodian) == NULL;
        if (is_lost || cepa_time_is_due(serving->until, mesh->now)) {
            try_next(mesh, serving);
        } else {
            ask(mesh, serving);
        }
    }
}

bool cepa_serving_next(struct cepa_mesh *mesh, struct cepa_mesh_effect *ret_effect)
{
    if (mesh->answers_head == mesh->answers_tail) {
        return false;
    }
    const struct cepa_mesh_answer *answer =
        &mesh->answers[mesh->answers_head++ % CEPA_MESH_ANSWERS];
    memset(ret_effect, 0, sizeof *ret_effect);
    ret_effect->kind = CEPA_MESH_ANSWER;
    ret_effect->circuit = answer->circuit;
    ret_effect->data = answer->bytes;
    ret_effect->data_len = answer->len;
    return true;
}
