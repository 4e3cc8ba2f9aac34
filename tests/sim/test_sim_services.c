/* Ends meet at a relay, knock at one, and leave descriptors with one: real circuits and relays, in
 * virtual time. */
#include <string.h>

#include "base/endian.h"
#include "node/node_commands.h"
#include "node/node_ends.h"
#include "rendezvous/descriptor_seal.h"
#include "service/introduction.h"
#include "service/mailbox.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 7, ENDS = 2, PACKETS = 1000, TAG = 0x5a, FAST_PACKETS = 4000, FAST_RATE = 4000000 };

/* An end of a circuit. */
struct end {
    uint32_t host;
    uint64_t circuit;
    uint32_t ready, closed;
    uint32_t statuses[32]; /* how often each came */
    uint32_t packets;      /* of full length, in all */
    uint32_t out_of_order;
    struct cepa_service_whole whole;
    uint8_t body[CEPA_SERVICE_BODY_MAX];
    bool is_whole;
    bool is_counted; /* by the service SINK */
};

static struct end ends[ENDS];

static void on_data(struct end *end, const uint8_t *data, size_t data_len)
{
    struct cepa_service_part part;
    if (data_len == CEPA_CELL_DATA_MAX && data[0] == 0xee) {
        end->out_of_order += cepa_be32_load(data + 1) != end->packets;
        end->packets++;
    } else if (data_len == CEPA_NODE_BULK_HEADER && data[0] == CEPA_NODE_SERVICE_SINK) {
        end->is_counted = true;
    } else if (cepa_service_read_answer(&part, data, data_len) == 0 && part.service < 32) {
        end->statuses[part.service]++;
        bool is_whole = false;
        if (part.bytes_len > 0 &&
            cepa_service_whole_add(&end->whole, end->body, &is_whole, &part) == 0) {
            end->is_whole |= is_whole;
        }
    }
}

static void on_event(void *context, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)context;
    for (size_t i = 0; i < ENDS; i++) {
        struct end *end = &ends[i];
        if (effect->circuit == 0 || effect->circuit != end->circuit || host != end->host) {
            continue;
        }
        end->ready += effect->event == CEPA_EVENT_CIRCUIT_READY;
        end->closed += effect->event == CEPA_EVENT_CIRCUIT_CLOSED;
        if (effect->event == CEPA_EVENT_CIRCUIT_DATA) {
            on_data(end, effect->data, effect->data_len);
            cepa_node_circuit_consumed(sim_node(sim, host), end->circuit, 1, sim_now(sim));
        }
    }
}

static struct sim *network_of(struct sim_config config)
{
    config.on_event = on_event;
    memset(ends, 0, sizeof ends);
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    return sim;
}

static struct sim *network(uint64_t seed)
{
    return network_of(sim_config_default(seed));
}

static bool is_ready(struct sim *sim, void *context)
{
    const struct end *end = context;
    (void)sim;
    return end->ready > 0 || end->closed > 0;
}

/* Opens a circuit of `host` to `last`. */
static void open_end(struct sim *sim, struct end *end, uint32_t host, uint32_t last)
{
    struct cepa_node_id id = sim_status(sim, last).node;
    const struct cepa_node_circuit_request request = {.hops_len = 3, .last = &id};
    memset(end, 0, sizeof *end);
    end->host = host;
    CHECK_INT(cepa_node_circuit_open(sim_node(sim, host), &end->circuit, &request, sim_now(sim)),
              0);
    sim_poke(sim, host);
    sim_run_until(sim, is_ready, end, 10 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS);
    CHECK_INT(end->ready, 1);
}

static void ask(struct sim *sim, const struct end *end, uint8_t service, const uint8_t *body,
                size_t body_len)
{
    static const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {TAG, 1, 2, 3};
    uint8_t data[CEPA_CELL_DATA_MAX];
    for (uint8_t part = 0; part < cepa_service_parts(body_len); part++) {
        size_t len = cepa_service_request(data, service, tag, part, body, body_len);
        CHECK_INT(
            cepa_node_circuit_send(sim_node(sim, end->host), end->circuit, data, len, sim_now(sim)),
            0);
    }
    sim_poke(sim, end->host);
    sim_run(sim, 300 * CEPA_MILLISECOND_NS);
}

static void meet(struct sim *sim, const struct end *end, uint8_t cookie, uint8_t which)
{
    uint8_t body[CEPA_MEET_SIZE];
    memset(body, cookie, CEPA_SERVICE_COOKIE_SIZE);
    memset(body + CEPA_SERVICE_COOKIE_SIZE, which, CEPA_SERVICE_END_SIZE);
    ask(sim, end, CEPA_SERVICE_MEET, body, sizeof body);
}

static void send_all(struct sim *sim, const struct end *from, const struct end *to)
{
    uint8_t data[CEPA_CELL_DATA_MAX] = {0xee};
    uint32_t sent = 0;
    for (uint32_t turn = 0; turn < 4000 && to->packets < PACKETS; turn++) {
        while (sent < PACKETS) {
            cepa_be32_store(data + 1, sent);
            if (cepa_node_circuit_send(sim_node(sim, from->host), from->circuit, data, sizeof data,
                                       sim_now(sim)) != 0) {
                break;
            }
            sent++;
        }
        sim_poke(sim, from->host);
        sim_run(sim, 5 * CEPA_MILLISECOND_NS);
    }
    CHECK_INT(to->packets, PACKETS);
}

TEST(two_circuits_meet_and_carry_packets_both_ways)
{
    struct sim *sim = network(101);
    open_end(sim, &ends[0], 1, 6);
    open_end(sim, &ends[1], 2, 6);
    meet(sim, &ends[0], 7, 1);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_WAITING], 1);
    meet(sim, &ends[1], 7, 2);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_OK], 1);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], 1);
    send_all(sim, &ends[0], &ends[1]);
    send_all(sim, &ends[1], &ends[0]);
    struct cepa_services_status status;
    cepa_node_services_status(sim_node(sim, 6), &status);
    CHECK_INT(status.joined, 2);
    test_note("%u of %u packets came in another order", ends[0].out_of_order + ends[1].out_of_order,
              2 * PACKETS);

    /* One goes, and comes back by another circuit. */
    CHECK_INT(cepa_node_circuit_close(sim_node(sim, 1), ends[0].circuit, sim_now(sim)), 0);
    sim_poke(sim, 1);
    sim_run(sim, 500 * CEPA_MILLISECOND_NS);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_PARTED], 1);
    open_end(sim, &ends[0], 1, 6);
    meet(sim, &ends[0], 7, 1);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], 2);
    ends[1].packets = 0;
    send_all(sim, &ends[0], &ends[1]);

    /* Who was lost without a word is replaced. */
    open_end(sim, &ends[0], 1, 6);
    meet(sim, &ends[0], 7, 1);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_OK], 1);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_PARTED], 2);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], 3);
    sim_free(sim);
}

/* How long `count` packets of a kind take from an end until `is_over`, in ns. */
static uint64_t time_of(struct sim *sim, const struct end *from, uint8_t *data,
                        bool (*is_over)(void))
{
    struct cepa_time start = sim_now(sim);
    uint32_t sent = 0;
    for (uint32_t turn = 0; turn < 20000 && !is_over(); turn++) {
        while (sent < FAST_PACKETS) {
            if (data[0] == 0xee) {
                cepa_be32_store(data + 1, sent);
            }
            if (cepa_node_circuit_send(sim_node(sim, from->host), from->circuit, data,
                                       CEPA_CELL_DATA_MAX, sim_now(sim)) != 0) {
                break;
            }
            sent++;
        }
        sim_poke(sim, from->host);
        sim_run(sim, CEPA_MILLISECOND_NS);
    }
    CHECK(is_over());
    return cepa_time_since(sim_now(sim), start);
}

static bool is_counted(void)
{
    return ends[0].is_counted;
}

static bool has_all(void)
{
    return ends[1].packets == FAST_PACKETS;
}

TEST(a_meeting_is_as_fast_as_its_circuits)
{
    uint8_t data[CEPA_CELL_DATA_MAX] = {CEPA_NODE_SERVICE_SINK};
    struct sim_config config = sim_config_default(105);
    config.bytes_per_second = FAST_RATE;
    config.jitter_ns = 0; /* so that lines keep the order, and relays have to */
    struct sim *sim = network_of(config);
    open_end(sim, &ends[0], 1, 6);
    open_end(sim, &ends[1], 2, 6);
    cepa_be32_store(data + 1, FAST_PACKETS);
    uint64_t alone = time_of(sim, &ends[0], data, is_counted);
    meet(sim, &ends[0], 7, 1);
    meet(sim, &ends[1], 7, 2);
    data[0] = 0xee;
    uint64_t met = time_of(sim, &ends[0], data, has_all);
    double bytes = (double)FAST_PACKETS * CEPA_CELL_DATA_MAX;
    test_note("to the relay %.2f MB/s, through it to the other end %.2f, lines have %.2f",
              bytes * 1e3 / (double)alone, bytes * 1e3 / (double)met, FAST_RATE / 1e6);
    CHECK_INT(ends[1].out_of_order, 0);
    CHECK(met < alone + alone / 5); /* three more hops take a little longer to fill */
    sim_kill(sim, 1, false);
    sim_run(sim, 10 * CEPA_SECOND_NS);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_PARTED], 1);
    CHECK_INT(ends[1].closed, 0);
    sim_free(sim);
}

TEST(who_knocks_is_handed_over)
{
    struct sim *sim = network(102);
    struct cepa_ed25519_public_key relay;
    struct cepa_network_id network_id = sim_status(sim, 6).network;
    struct cepa_ed25519_key key;
    struct cepa_introduction introduction;
    uint8_t body[CEPA_INTRODUCTION_SIZE];
    cepa_ed25519_key_init(&key, &(struct cepa_ed25519_seed){{1}});
    open_end(sim, &ends[0], 1, 6);
    CHECK_INT(cepa_node_circuit_last(sim_node(sim, 1), ends[0].circuit, &relay), 0);
    CHECK(cepa_node_is_self(sim_node(sim, 6), &relay));
    CHECK(!cepa_node_is_self(sim_node(sim, 1), &relay));
    cepa_introduction_make(&introduction, &key, 60,
                           (struct cepa_directory_day){sim_status(sim, 6).day}, &network_id,
                           &relay);
    cepa_introduction_encode(body, &introduction);
    open_end(sim, &ends[1], 2, 6);
    ask(sim, &ends[0], CEPA_SERVICE_INTRODUCTION, body, sizeof body);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_OK], 1);

    uint8_t knock[CEPA_INTRODUCE_KEY_SIZE + CEPA_INTRODUCE_MESSAGE_MAX];
    memset(knock, 0x77, sizeof knock);
    memcpy(knock, key.public_key.bytes, CEPA_INTRODUCE_KEY_SIZE);
    ask(sim, &ends[1], CEPA_SERVICE_INTRODUCE, knock, sizeof knock);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], 1);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_KNOCK], 4);
    CHECK(ends[0].is_whole && ends[0].whole.len == CEPA_INTRODUCE_MESSAGE_MAX);
    CHECK_BYTES(ends[0].body, knock + CEPA_INTRODUCE_KEY_SIZE, CEPA_INTRODUCE_MESSAGE_MAX);
    knock[0] ^= 1;
    ask(sim, &ends[1], CEPA_SERVICE_INTRODUCE, knock, sizeof knock);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_UNKNOWN], 1);
    sim_free(sim);
}

TEST(descriptors_are_kept_by_those_who_are_near)
{
    static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    struct sim *sim = network(103);
    struct cepa_network_id network_id = sim_status(sim, 6).network;
    struct cepa_directory_day today = {sim_status(sim, 6).day};
    struct cepa_ed25519_key key;
    struct cepa_ed25519_blinded_key blinded;
    cepa_ed25519_key_init(&key, &(struct cepa_ed25519_seed){{2}});
    cepa_ed25519_blind_key(&blinded, &key, today, network_id.bytes, sizeof network_id.bytes);
    struct cepa_address_descriptor descriptor = {.day = today, .sequence = 5};
    memcpy(descriptor.blinded_key, blinded.public_key.point.bytes, sizeof descriptor.blinded_key);
    descriptor.sealed = bytes + CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE;
    descriptor.signature = bytes + CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE;
    cepa_address_descriptor_encode(bytes, &descriptor);
    cepa_descriptor_sign(bytes, &blinded, &network_id);

    open_end(sim, &ends[0], 1, 6);
    open_end(sim, &ends[1], 2, 6);
    ask(sim, &ends[0], CEPA_SERVICE_DESCRIPTOR_PUT, bytes, sizeof bytes);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_OK], 1); /* of seven relays all are near */
    struct cepa_descriptor_position position;
    cepa_descriptor_position_of(&position, descriptor.blinded_key, today, 1);
    ask(sim, &ends[1], CEPA_SERVICE_DESCRIPTOR_GET, position.bytes, sizeof position.bytes);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], cepa_service_parts(sizeof bytes));
    CHECK(ends[1].is_whole && ends[1].whole.len == sizeof bytes);
    CHECK_BYTES(ends[1].body, bytes, sizeof bytes);
    bytes[CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE] ^= 1;
    bytes[15]++; /* a later sequence, not signed */
    ask(sim, &ends[0], CEPA_SERVICE_DESCRIPTOR_PUT, bytes, sizeof bytes);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_REFUSED], 1);
    sim_free(sim);
}

static bool is_found_again(struct sim *sim, void *context)
{
    const struct cepa_node_circuit_request *request = context;
    uint64_t circuit;
    int error =
        cepa_node_circuit_open(sim_node(sim, ends[1].host), &circuit, request, sim_now(sim));
    if (error == 0) {
        ends[1].circuit = circuit;
        sim_poke(sim, ends[1].host);
        sim_run(sim, 500 * CEPA_MILLISECOND_NS);
    }
    return ends[1].ready > 0;
}

static struct cepa_mailbox_binding binding_of(struct sim *sim, uint32_t host)
{
    struct cepa_mailbox_binding binding = {.network = sim_status(sim, host).network,
                                           .minute = cepa_mailbox_minute(sim_wall(sim, host))};
    CHECK_INT(cepa_node_self(sim_node(sim, host), &binding.relay), 0);
    return binding;
}

TEST(a_mailbox_survives_its_relay)
{
    static uint8_t box[CEPA_MAILBOX_PUT_SIZE];
    struct sim *sim = network(104);
    struct cepa_ed25519_key owner;
    struct cepa_ed25519_key writing;
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    cepa_ed25519_key_init(&owner, &(struct cepa_ed25519_seed){{3}});
    cepa_ed25519_key_init(&writing, &(struct cepa_ed25519_seed){{4}});
    struct cepa_mailbox_binding binding = binding_of(sim, 6);
    open_end(sim, &ends[0], 1, 6);
    open_end(sim, &ends[1], 2, 6);
    cepa_mailbox_get(body, &owner, &writing.public_key, 0, &binding);
    ask(sim, &ends[1], CEPA_SERVICE_MAILBOX_GET, body, sizeof body);
    CHECK_INT(ends[1].statuses[CEPA_SERVICE_OK], 1);
    memset(box, 0x42, sizeof box);
    cepa_mailbox_put(box, &owner.public_key, &writing, box + CEPA_MAILBOX_HEAD_SIZE, &binding);
    ask(sim, &ends[0], CEPA_SERVICE_MAILBOX_PUT, box, sizeof box);
    CHECK_INT(ends[0].statuses[CEPA_SERVICE_OK], 1);

    sim_kill(sim, 6, false);
    sim_run(sim, 5 * CEPA_SECOND_NS);
    sim_start(sim, 6);
    struct cepa_node_id id = sim_status(sim, 6).node;
    struct cepa_node_circuit_request request = {.hops_len = 3, .last = &id};
    memset(&ends[1], 0, sizeof ends[1]);
    ends[1].host = 2;
    CHECK(sim_run_until(sim, is_found_again, &request, CEPA_SECOND_NS, 120 * CEPA_SECOND_NS));
    binding = binding_of(sim, 6);
    cepa_mailbox_get(body, &owner, &writing.public_key, 0, &binding);
    ask(sim, &ends[1], CEPA_SERVICE_MAILBOX_GET, body, sizeof body);
    const uint8_t *got;
    uint64_t number;
    CHECK(ends[1].is_whole);
    CHECK_INT(cepa_mailbox_read_answer(&number, &got, ends[1].body, ends[1].whole.len), 0);
    CHECK_BYTES(got, box + CEPA_MAILBOX_HEAD_SIZE, CEPA_MAILBOX_BOX_SIZE);
    cepa_mailbox_delete(body, &owner, number, &binding);
    ask(sim, &ends[1], CEPA_SERVICE_MAILBOX_DELETE, body, CEPA_MAILBOX_DELETE_SIZE);
    struct cepa_services_status status;
    cepa_node_services_status(sim_node(sim, 6), &status);
    CHECK_INT(status.boxes, 0);
    CHECK_INT(status.mailboxes, 1);
    sim_free(sim);
}

TEST_MAIN(RUN(two_circuits_meet_and_carry_packets_both_ways),
          RUN(a_meeting_is_as_fast_as_its_circuits), RUN(who_knocks_is_handed_over),
          RUN(descriptors_are_kept_by_those_who_are_near), RUN(a_mailbox_survives_its_relay))
