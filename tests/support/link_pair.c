#include "support/link_pair.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

const struct cepa_link_limits link_pair_limits = {.cells = 4096,
                                                  .circuits = 1024,
                                                  .buffers = 16,
                                                  .handshakes = 2,
                                                  .circuits_per_link = 512,
                                                  .queue_max = 64,
                                                  .window_max = 1024};
const struct cepa_shaper_config link_pair_off = {CEPA_SHAPER_OFF, 0};

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    test_random_bytes(context, ret_bytes, len);
    return 0;
}

struct cepa_time link_pair_now(const struct link_pair *pair)
{
    struct cepa_time now = {pair->now_ns};
    return now;
}

struct cepa_carrier link_pair_carrier(uint8_t kind, uint8_t name)
{
    struct cepa_carrier carrier = {.kind = kind};
    memset(carrier.binding, name, sizeof carrier.binding);
    return carrier;
}

/* Credentials of a test: node id, link key, filler. */
static void begin_side(struct link_pair *pair, unsigned side, const struct cepa_link_limits *limits)
{
    struct link_pair_side *it = &pair->sides[side];
    struct cepa_xwing_workspace *workspace = malloc(sizeof *workspace);
    struct cepa_xwing_seed seed;
    test_random_bytes(&pair->random, seed.bytes, sizeof seed.bytes);
    CHECK(workspace != NULL);
    cepa_xwing_key_expand(&it->key, &seed, workspace, 0);
    free(workspace);
    memset(it->identity.network_id, 0x5a, sizeof it->identity.network_id);
    memset(it->identity.node_id.bytes, (int)(1 + side), sizeof it->identity.node_id.bytes);
    test_random_bytes(&pair->random, it->credentials, sizeof it->credentials);
    memcpy(it->credentials, it->identity.node_id.bytes, CEPA_NODE_ID_SIZE);
    memcpy(it->credentials + CEPA_NODE_ID_SIZE, it->key.public_key.bytes,
           sizeof it->key.public_key.bytes);
    it->identity.credentials = it->credentials;
    it->identity.credentials_len = sizeof it->credentials;
    it->identity.link_keys[0] = &it->key;
    it->identity.roles = CEPA_LINK_ROLE_RELAY;
    size_t size = cepa_link_shared_size(limits);
    it->memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CHECK(it->memory != NULL);
    CHECK_INT(
        cepa_link_shared_init(&it->shared, it->memory, size, limits, &it->identity, &pair->hook, 0),
        0);
}

void link_pair_begin(struct link_pair *pair, uint64_t seed, uint8_t kind, bool is_anonymous,
                     const struct cepa_link_limits *limits, const struct cepa_shaper_config *shaper)
{
    struct cepa_carrier carrier = link_pair_carrier(kind, 7);
    memset(pair, 0, sizeof *pair);
    pair->random.state = seed;
    pair->hook.fill = fill;
    pair->hook.context = &pair->random;
    pair->now_ns = CEPA_SECOND_NS;
    pair->channel.delay_ns = 5 * CEPA_MILLISECOND_NS;
    pair->is_anonymous = is_anonymous;
    pair->flights = calloc(LINK_PAIR_FLIGHTS, sizeof *pair->flights);
    CHECK(pair->flights != NULL);
    for (unsigned side = 0; side < 2; side++) {
        const struct cepa_wall wall = {1000 + side};
        begin_side(pair, side, limits == NULL ? &link_pair_limits : limits);
        cepa_link_init(&pair->sides[side].link, &pair->sides[side].shared, side == 0,
                       side == 0 && is_anonymous, shaper == NULL ? &link_pair_off : shaper, wall,
                       link_pair_now(pair));
        CHECK_INT(cepa_link_attach(&pair->sides[side].link, 0, &carrier, link_pair_now(pair)), 0);
    }
}

void link_pair_dial(struct link_pair *pair)
{
    CHECK_INT(cepa_link_dial(&pair->sides[0].link, &pair->sides[1].identity.node_id,
                             &pair->sides[1].key.public_key, link_pair_now(pair)),
              0);
}

void link_pair_ask(struct link_pair *pair)
{
    CHECK_INT(cepa_link_ask(&pair->sides[0].link, link_pair_now(pair)), 0);
}

/* What an owner does for the handshake, believing everything. */
static void answer(struct link_pair *pair, struct link_pair_side *it,
                   const struct cepa_link_event *event)
{
    struct cepa_node_id id;
    struct cepa_xwing_public_key key;
    if (event->kind == CEPA_LINK_HANDSHAKE && !it->has_refused) {
        CHECK_INT(cepa_link_allow(&it->link, link_pair_now(pair)), 0);
    } else if (event->kind == CEPA_LINK_CREDENTIALS) {
        CHECK_INT(event->data_len, LINK_PAIR_CREDENTIALS);
        memcpy(id.bytes, event->data, sizeof id.bytes);
        memcpy(key.bytes, event->data + sizeof id.bytes, sizeof key.bytes);
        CHECK_INT(cepa_link_trust(&it->link, &id, &key, link_pair_now(pair)), 0);
    }
}

void link_pair_take(struct link_pair *pair, unsigned side)
{
    struct link_pair_side *it = &pair->sides[side];
    struct cepa_link_event event;
    while (cepa_link_next(&it->link, &event) == 0) {
        it->events[event.kind]++;
        it->is_up |= event.kind == CEPA_LINK_UP;
        if (event.kind == CEPA_LINK_FAILED) {
            it->has_failed = true;
            it->error = event.error;
        }
        answer(pair, it, &event);
        if (pair->on_event != NULL) {
            pair->on_event(pair, side, &event);
        }
    }
}

static void launch(struct link_pair *pair, unsigned to, unsigned slot, const uint8_t *frame,
                   size_t len)
{
    CHECK(pair->flights_len < LINK_PAIR_FLIGHTS);
    struct link_pair_flight *flight = &pair->flights[pair->flights_len++];
    uint64_t jitter = pair->channel.jitter_ns;
    flight->to = (uint8_t)to;
    flight->slot = (uint8_t)slot;
    flight->len = (uint16_t)len;
    flight->number = pair->launched++;
    flight->at_ns = pair->now_ns + pair->channel.delay_ns +
                    (jitter == 0 ? 0 : test_random_below(&pair->random, jitter));
    memcpy(flight->frame, frame, len);
}

static void pull(struct link_pair *pair, unsigned side, unsigned slot)
{
    struct link_pair_side *it = &pair->sides[side];
    uint8_t frame[CEPA_FRAME_SIZE];
    size_t len;
    uint32_t room = pair->channel.frames_per_ms == 0 ? 2000 : pair->channel.frames_per_ms;
    while (room-- > 0 && (len = cepa_link_pull(&it->link, slot, frame, link_pair_now(pair))) > 0) {
        CHECK(len == CEPA_FRAME_SIZE || len == CEPA_RELAYED_FRAME_SIZE);
        pair->frames++;
        it->sent_on[slot]++;
        if (pair->is_cut[slot] ||
            (pair->on_frame != NULL && !pair->on_frame(pair, side, slot, frame, len)) ||
            test_random_below(&pair->random, 1000) < pair->channel.lost_permille) {
            continue;
        }
        launch(pair, 1 - side, slot, frame, len);
        if (test_random_below(&pair->random, 1000) < pair->channel.doubled_permille) {
            launch(pair, 1 - side, slot, frame, len);
        }
    }
}

static int compare_flights(const void *a, const void *b)
{
    const struct link_pair_flight *first = a;
    const struct link_pair_flight *second = b;
    if (first->at_ns != second->at_ns) {
        return first->at_ns < second->at_ns ? -1 : 1;
    }
    return first->number < second->number ? -1 : 1;
}

/* Delivers what is due, in the order of its times. */
static void deliver(struct link_pair *pair)
{
    size_t due = 0;
    for (size_t i = 0; i < pair->flights_len; i++) {
        due += pair->flights[i].at_ns <= pair->now_ns;
    }
    if (due == 0) {
        return;
    }
    qsort(pair->flights, pair->flights_len, sizeof *pair->flights, compare_flights);
    for (size_t i = 0; i < due; i++) {
        struct link_pair_flight *flight = &pair->flights[i];
        cepa_link_receive(&pair->sides[flight->to].link, flight->slot, flight->frame, flight->len,
                          link_pair_now(pair));
        link_pair_take(pair, flight->to);
    }
    pair->flights_len -= due;
    memmove(pair->flights, pair->flights + due, pair->flights_len * sizeof *pair->flights);
}

void link_pair_run(struct link_pair *pair, uint64_t ms)
{
    for (uint64_t i = 0; i < ms; i++) {
        pair->now_ns += CEPA_MILLISECOND_NS;
        deliver(pair);
        if (pair->on_tick != NULL) {
            pair->on_tick(pair);
        }
        for (unsigned side = 0; side < 2; side++) {
            cepa_link_step(&pair->sides[side].link, link_pair_now(pair));
            link_pair_take(pair, side);
            pull(pair, side, 0);
            pull(pair, side, 1);
            link_pair_take(pair, side);
        }
    }
}

void link_pair_up(struct link_pair *pair, uint64_t seed, uint8_t kind, bool is_anonymous,
                  const struct cepa_link_limits *limits, const struct cepa_shaper_config *shaper)
{
    link_pair_begin(pair, seed, kind, is_anonymous, limits, shaper);
    link_pair_dial(pair);
    link_pair_run(pair, 100);
    CHECK(pair->sides[0].is_up && pair->sides[1].is_up);
}

void link_pair_end(struct link_pair *pair)
{
    for (unsigned side = 0; side < 2; side++) {
        struct link_pair_side *it = &pair->sides[side];
        cepa_link_wipe(&it->link);
        CHECK_INT(it->shared.cell_pool.count, 0);
        CHECK_INT(it->shared.circuit_pool.count, 0);
        CHECK_INT(it->shared.buffer_pool.count, 0);
        CHECK_INT(it->shared.handshake_pool.count, 0);
        CHECK_INT(it->shared.circuit_by_id.count, 0);
        cepa_link_shared_wipe(&it->shared);
        free(it->memory);
    }
    free(pair->flights);
}
