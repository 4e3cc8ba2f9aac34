/* What a relay answers to requests that come out of circuits. */
#include "mesh/serving.h"

#include <string.h>

#include "mesh/custody.h"
#include "support/mesh_net.h"
#include "support/test.h"

enum { NODES = 6 };

static uint8_t answer[CEPA_MESH_BUCKET_ANSWER_SIZE];

static struct cepa_mesh *make(void)
{
    mesh_net_reset(5);
    for (uint32_t i = 0; i < NODES; i++) {
        struct mesh_net_node *node = mesh_net_add(false);
        if (i > 0) {
            mesh_net_join(node, mesh_net_node(0));
        }
    }
    mesh_net_run(15000);
    return mesh_net_node(1)->mesh;
}

/* Makes the mesh large: then this relay keeps what it is the custodian of. */
static void make_large(struct cepa_mesh *mesh)
{
    mesh->config.limits.custody_relays = 2;
    mesh->config.limits.bucket_relays = 1;
    mesh->config.limits.custodians = 1;
}

static size_t encode(uint8_t *ret_bytes, const struct cepa_mesh_bucket *request)
{
    struct cepa_writer writer;
    struct cepa_mesh_item item;
    size_t len = 0;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_BUCKET_GET;
    item.as.bucket = *request;
    cepa_writer_init(&writer, ret_bytes, 200);
    cepa_mesh_item_encode(&writer, &item);
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    return len;
}

/* Takes effects until there is an answer; false if there is none. */
static bool take(struct cepa_mesh *mesh, struct cepa_mesh_item *ret_item)
{
    struct cepa_mesh_effect effect;
    struct cepa_reader reader;
    while (cepa_mesh_next(mesh, &effect, mesh_net_now()) == 0) {
        if (effect.kind == CEPA_MESH_ANSWER) {
            CHECK_INT(effect.circuit, 9);
            CHECK_INT(effect.data_len, sizeof answer);
            memcpy(answer, effect.data, sizeof answer);
            cepa_reader_init(&reader, answer, sizeof answer);
            CHECK_INT(cepa_mesh_item_decode(ret_item, &reader), 1);
            CHECK_INT(ret_item->type, CEPA_MESH_ITEM_BUCKET);
            return true;
        }
    }
    return false;
}

static bool ask(struct cepa_mesh *mesh, const struct cepa_mesh_bucket *request,
                struct cepa_mesh_item *ret_item)
{
    uint8_t bytes[200];
    cepa_mesh_on_request(mesh, 9, bytes, encode(bytes, request), mesh_net_now());
    return take(mesh, ret_item);
}

/* Counts the objects of a whole bucket. */
static uint32_t fetch(struct cepa_mesh *mesh, struct cepa_mesh_bucket request)
{
    uint32_t objects = 0;
    for (uint32_t chunks = 0; request.after != UINT64_MAX && chunks < 20; chunks++) {
        struct cepa_mesh_item item;
        struct cepa_reader reader;
        const uint8_t *object = NULL;
        size_t len = 0;
        CHECK(ask(mesh, &request, &item));
        CHECK(item.as.bucket.after > request.after);
        CHECK_INT(item.as.bucket.ticket, request.ticket);
        cepa_reader_init(&reader, item.as.bucket.bytes, item.as.bucket.bytes_len);
        while (cepa_objects_bucket_item(&object, &len, &reader)) {
            objects++;
        }
        CHECK_INT(cepa_reader_end(&reader), 0);
        request.after = item.as.bucket.after;
    }
    return objects;
}

TEST(a_bucket_comes_in_chunks_of_one_size)
{
    struct cepa_mesh *mesh = make();
    struct cepa_mesh_bucket request = {.ticket = 4, .may_ask = true, .kind = 1};
    struct cepa_mesh_item item;
    CHECK_INT(fetch(mesh, request), NODES);
    uint32_t sum = 0;
    for (request.number = 0; request.number < 4; request.number++) {
        request.bits = 2;
        sum += fetch(mesh, request);
    }
    CHECK_INT(sum, NODES);
    request = (struct cepa_mesh_bucket){.kind = 2, .epoch = mesh->epoch.number};
    CHECK_INT(fetch(mesh, request), NODES);
    request.epoch += 7;
    CHECK_INT(fetch(mesh, request), 0);
    request.after = UINT64_MAX; /* padding */
    CHECK(ask(mesh, &request, &item));
    CHECK(item.as.bucket.after == UINT64_MAX);
    CHECK_INT(item.as.bucket.bytes_len, 0);
}

TEST(what_is_no_request_is_not_answered)
{
    struct cepa_mesh *mesh = make();
    struct cepa_mesh_item item;
    uint8_t bytes[201] = {0};
    struct cepa_mesh_bucket request = {.kind = 1};
    size_t len = encode(bytes, &request);
    for (size_t cut = 0; cut < len; cut++) {
        cepa_mesh_on_request(mesh, 9, bytes, cut, mesh_net_now());
    }
    cepa_mesh_on_request(mesh, 9, bytes, len + 1, mesh_net_now());
    bytes[0] = CEPA_MESH_ITEM_BUCKET;
    cepa_mesh_on_request(mesh, 9, bytes, len, mesh_net_now());
    CHECK(!take(mesh, &item));
}

TEST(all_circuits_together_have_a_budget)
{
    struct cepa_mesh *mesh = make();
    struct cepa_mesh_bucket request = {.kind = 1};
    struct cepa_mesh_item item;
    uint32_t answered = 0;
    for (uint32_t i = 0; i < 3000; i++) {
        answered += ask(mesh, &request, &item);
    }
    test_note("%u of 3000 at once", answered);
    CHECK(answered > 1000 && answered < 1700);
}

/* What a relay does not keep it asks a custodian for, over a link. */
TEST(a_custodian_is_asked)
{
    struct cepa_mesh *mesh = make();
    struct cepa_mesh_item item;
    struct cepa_mesh_effect effect;
    uint32_t passed_on = 0;
    uint32_t kept = 0;
    make_large(mesh);
    for (uint32_t i = 0; i < 30; i++) {
        mesh_net_run(100);
    }
    for (uint32_t number = 0; number < 4; number++) {
        struct cepa_mesh_bucket request = {
            .kind = 1, .bits = 2, .number = number, .may_ask = true, .ticket = 6};
        uint8_t bytes[200];
        cepa_mesh_on_request(mesh, 9, bytes, encode(bytes, &request), mesh_net_now());
        bool is_kept = cepa_custody_has(mesh, 2, number);
        CHECK_INT(take(mesh, &item), is_kept);
        kept += is_kept;
    }
    (void)effect;
    for (uint32_t i = 0; i < CEPA_MESH_SERVINGS; i++) {
        passed_on += mesh->servings[i].ticket != 0;
    }
    test_note("%u kept, %u asked for", kept, passed_on);
    CHECK(kept < 4);
    CHECK(passed_on == (kept < 4 ? 1 : 0)); /* one at a time for each circuit */
    /* A bucket of another size than any that there could be. */
    struct cepa_mesh_bucket request = {.kind = 1, .bits = 9, .number = 5, .may_ask = true};
    uint8_t bytes[200];
    cepa_mesh_on_request(mesh, 8, bytes, encode(bytes, &request), mesh_net_now());
    CHECK_INT(mesh->answers_tail - mesh->answers_head, 1);
    CHECK(mesh->answers[mesh->answers_head % CEPA_MESH_ANSWERS].circuit == 8);
}

/* What one neighbour wants of custodians leaves room for what others want. */
TEST(the_seventeenth_request_of_a_neighbour_is_refused)
{
    struct cepa_mesh *mesh = make();
    struct cepa_mesh_peer *peer = NULL;
    uint32_t waiting = 0;
    make_large(mesh);
    mesh_net_run(3000);
    for (uint32_t i = 0; i < mesh->config.limits.links_max && peer == NULL; i++) {
        peer = mesh->peers[i].link != 0 ? &mesh->peers[i] : NULL;
    }
    CHECK(peer != NULL);
    if (peer == NULL) {
        return;
    }
    memset(mesh->servings, 0, sizeof mesh->servings);
    uint32_t number = 0;
    while (number < 4 && cepa_custody_has(mesh, 2, number)) {
        number++;
    }
    CHECK(number < 4);
    for (uint32_t i = 1; i <= 17; i++) {
        const struct cepa_mesh_bucket request = {
            .kind = 1, .bits = 2, .number = number, .may_ask = true, .ticket = i};
        uint64_t misdeeds = mesh->counts.misdeeds;
        cepa_serving_on_get(mesh, peer, &request);
        CHECK_INT(mesh->counts.misdeeds, misdeeds);
        waiting = 0;
        for (uint32_t k = 0; k < CEPA_MESH_SERVINGS; k++) {
            const struct cepa_mesh_serving *serving = &mesh->servings[k];
            waiting += serving->ticket != 0 && serving->asker == peer->link;
        }
        CHECK_INT(waiting, i < 17 ? i : 16);
    }
    struct cepa_mesh_bucket request = {
        .kind = 1, .bits = 2, .number = number, .may_ask = true, .ticket = 18};
    uint8_t bytes[200];
    cepa_mesh_on_request(mesh, 9, bytes, encode(bytes, &request), mesh_net_now());
    for (uint32_t k = 0; k < CEPA_MESH_SERVINGS; k++) {
        waiting += mesh->servings[k].ticket != 0 && mesh->servings[k].is_circuit;
    }
    CHECK_INT(waiting, 17); /* somebody else's is taken */
}

TEST_MAIN(RUN(a_bucket_comes_in_chunks_of_one_size), RUN(what_is_no_request_is_not_answered),
          RUN(all_circuits_together_have_a_budget), RUN(a_custodian_is_asked),
          RUN(the_seventeenth_request_of_a_neighbour_is_refused))
