/* Following buckets: what a node does with answers that are whole, truncated, forged or endless.
 * The test stands where circuits and custodians would be. */
#include "mesh/buckets.h"

#include <string.h>

#include "mesh/custody.h"
#include "support/mesh_net.h"
#include "support/test.h"

enum { NODES = 6, DROPPED = 2, CHUNKS_MAX = 400 };

static struct mesh_net_node *node;      /* who fetches */
static struct mesh_net_node *custodian; /* who has everything */
static struct cepa_time now;

static uint32_t missing(void)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cepa_index_count(&node->index); i++) {
        size_t len = 0;
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        count += cepa_objects_credentials(&node->objects, &len, &entry->record.commitment) == NULL;
    }
    return count;
}

/* A small network becomes a large one, and a node loses some credentials of the only bucket. */
static void make(void)
{
    mesh_net_reset(5);
    for (uint32_t i = 0; i < NODES; i++) {
        struct mesh_net_node *added = mesh_net_add(false);
        if (i > 0) {
            mesh_net_join(added, mesh_net_node(0));
        }
    }
    mesh_net_run(15000);
    node = mesh_net_node(1);
    custodian = mesh_net_node(2);
    now = mesh_net_now();
    struct cepa_mesh *mesh = node->mesh;
    mesh->config.limits.custody_relays = 2;
    mesh->config.limits.bucket_relays = NODES;
    mesh->custody_at = cepa_time_never(); /* it is no custodian */
    CHECK_INT(missing(), 0);
    uint32_t dropped = 0;
    for (uint32_t slot = 0; dropped < DROPPED; slot++) {
        if (!cepa_objects_is_of(&node->objects, slot, mesh->config.public_key)) {
            cepa_objects_drop(&node->objects, slot);
            dropped++;
        }
    }
    CHECK_INT(missing(), DROPPED);
}

/* Lets time pass until something is asked for through a circuit; false if nothing is. */
static bool wait_request(struct cepa_mesh_item *ret_item, uint64_t *ret_ticket, uint64_t max_ms)
{
    for (uint64_t ms = 0; ms < max_ms; ms += 100) {
        struct cepa_mesh_effect effect;
        cepa_buckets_step(node->mesh);
        while (cepa_mesh_next(node->mesh, &effect, now) == 0) {
            if (effect.kind == CEPA_MESH_FETCH) {
                struct cepa_reader reader;
                cepa_reader_init(&reader, effect.data, effect.data_len);
                CHECK_INT(cepa_mesh_item_decode(ret_item, &reader), 1);
                CHECK_INT(ret_item->type, CEPA_MESH_ITEM_BUCKET_GET);
                *ret_ticket = effect.ticket;
                return true;
            }
        }
        now = cepa_time_add(now, 100 * CEPA_MILLISECOND_NS);
        node->mesh->now = now;
    }
    return false;
}

/* What a test does to an answer before it arrives. `bytes` are those of the objects. */
enum evil {
    HONEST,
    CUT_BEHIND_FIRST,
    CUT_IN_SECOND,
    STANDS_STILL,
    OF_OTHER_BUCKET,
    FORGED,
    NOTHING
};

/* Objects of whoever has them, as an answer. */
static void honest(struct cepa_mesh_item *ret_item, uint8_t *bytes,
                   const struct cepa_mesh_bucket *request)
{
    struct cepa_bucket bucket = {.kind = (enum cepa_bucket_kind)request->kind,
                                 .bits = request->bits,
                                 .number = request->number,
                                 .epoch = {request->epoch}};
    memset(ret_item, 0, sizeof *ret_item);
    ret_item->type = CEPA_MESH_ITEM_BUCKET;
    ret_item->as.bucket = *request;
    ret_item->as.bucket.may_ask = false;
    ret_item->as.bucket.bytes = bytes;
    if (request->after != UINT64_MAX) {
        ret_item->as.bucket.bytes_len =
            cepa_objects_bucket(&custodian->objects, bytes, CEPA_MESH_BUCKET_BYTES_MAX, &bucket,
                                &ret_item->as.bucket.after);
    }
}

static void spoil(struct cepa_mesh_bucket *answer, uint8_t *bytes, uint64_t asked_after,
                  enum evil evil)
{
    size_t first_len = 2 + ((size_t)bytes[0] << 8 | bytes[1]);
    switch (evil) {
    case HONEST:
    case NOTHING:
        return;
    case CUT_BEHIND_FIRST:
        answer->bytes_len = first_len;
        answer->after = UINT64_MAX;
        return;
    case CUT_IN_SECOND:
        answer->bytes_len = first_len + 5;
        return;
    case STANDS_STILL:
        answer->after = asked_after;
        return;
    case OF_OTHER_BUCKET:
        answer->bits++;
        return;
    case FORGED:
        bytes[first_len - 1] ^= 1;
        return;
    }
}

/* Answers requests, up to `answers_max`, until none comes for `max_ms`; what the first answer lacks
 * depends on `evil`. Returns how many answers were given. */
static uint32_t serve(enum evil evil, uint32_t answers_max, uint64_t max_ms)
{
    static uint8_t bytes[CEPA_MESH_BUCKET_BYTES_MAX];
    static uint8_t message[CEPA_MESH_BUCKET_ANSWER_SIZE];
    struct cepa_mesh_item request;
    uint64_t ticket = 0;
    uint32_t answers = 0;
    while (answers < answers_max && wait_request(&request, &ticket, max_ms)) {
        struct cepa_mesh_item answer;
        struct cepa_writer writer;
        size_t len = 0;
        honest(&answer, bytes, &request.as.bucket);
        answer.as.bucket.ticket = (uint32_t)ticket;
        if (answers++ == 0) {
            spoil(&answer.as.bucket, bytes, request.as.bucket.after, evil);
        }
        cepa_writer_init(&writer, message, sizeof message);
        cepa_mesh_item_encode(&writer, &answer);
        CHECK_INT(cepa_writer_end(&writer, &len), 0);
        bool is_silent = answers == 1 && evil == NOTHING;
        cepa_mesh_on_fetched(node->mesh, ticket, message, is_silent ? 0 : len, now);
    }
    return answers;
}

static struct cepa_mesh_status counts(void)
{
    struct cepa_mesh_status status;
    cepa_mesh_status_get(&status, node->mesh);
    return status;
}

TEST(a_whole_bucket_brings_all)
{
    make();
    CHECK(serve(HONEST, UINT32_MAX, 2000) >= 2);
    CHECK_INT(missing(), 0);
    CHECK_INT(counts().buckets_failed, 0);
}

/* Whatever the first answer is like, what is missing comes from another one. */
TEST(what_is_missing_is_asked_for_again)
{
    static const struct {
        const char *name;
        enum evil evil;
        uint32_t failed; /* fetches that count as such */
        bool is_any_kept;
    } cases[] = {{"ends behind the first object", CUT_BEHIND_FIRST, 0, true},
                 {"ends inside the second object", CUT_IN_SECOND, 1, true},
                 {"does not get on", STANDS_STILL, 1, false},
                 {"is another bucket", OF_OTHER_BUCKET, 1, false},
                 {"is forged, like one of yesterday", FORGED, 0, false},
                 {"does not come", NOTHING, 1, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_note("an answer that %s", cases[i].name);
        make();
        CHECK_INT(serve(cases[i].evil, 1, 2000), 1);
        uint32_t left = missing();
        CHECK(left > 0);
        CHECK(left < DROPPED || !cases[i].is_any_kept);
        CHECK_INT(counts().buckets_failed, cases[i].failed);
        /* Again after 1/64 of an epoch, and what pads the first. */
        (void)serve(HONEST, UINT32_MAX, node->mesh->config.calendar.epoch_len_ms / 16);
        CHECK_INT(missing(), 0);
        CHECK(counts().buckets_asked >= 2);
    }
}

/* A custodian that goes on a little with each answer is left at some point. */
TEST(an_endless_bucket_ends)
{
    make();
    uint32_t answers = 0;
    uint64_t after = 0;
    struct cepa_mesh_item item;
    uint64_t ticket = 0;
    while (counts().buckets_failed == 0 && answers <= CHUNKS_MAX &&
           wait_request(&item, &ticket, 1000)) {
        uint8_t message[CEPA_MESH_SIGNAL_MAX];
        struct cepa_writer writer;
        size_t len = 0;
        item.type = CEPA_MESH_ITEM_BUCKET;
        item.as.bucket.may_ask = false;
        item.as.bucket.after = ++after;
        item.as.bucket.bytes = message;
        item.as.bucket.bytes_len = 0;
        cepa_writer_init(&writer, message, sizeof message);
        cepa_mesh_item_encode(&writer, &item);
        CHECK_INT(cepa_writer_end(&writer, &len), 0);
        cepa_mesh_on_fetched(node->mesh, ticket, message, len, now);
        answers++;
    }
    CHECK_INT(counts().buckets_failed, 1);
    CHECK_INT(answers, CHUNKS_MAX + 1);
}

/* Where no guard's key is here no circuit can be built: a neighbour is asked. */
TEST(without_keys_of_guards_neighbours_are_asked)
{
    make();
    struct cepa_mesh_item request;
    uint64_t ticket = 0;
    cepa_mesh_set_keyless(node->mesh, true);
    CHECK(!wait_request(&request, &ticket, 1000));
    uint32_t asked = 0;
    for (uint32_t i = 0; i < CEPA_MESH_FETCHES; i++) {
        asked += node->mesh->fetches[i].route != 0 && node->mesh->fetches[i].link != 0;
    }
    CHECK_INT(asked, 1);
}

TEST_MAIN(RUN(a_whole_bucket_brings_all), RUN(what_is_missing_is_asked_for_again),
          RUN(an_endless_bucket_ends), RUN(without_keys_of_guards_neighbours_are_asked))
