/* Operations of src/onion on secrets: peeling and building packets, reply blocks, circuit cells. */
#include <string.h>

#include "constant_time/cases.h"
#include "support/circuit_net.h"
#include "support/forge.h"
#include "support/relays.h"
#include "support/test.h"

static volatile int result; /* so that nothing is left out */

/* Peeling at the first of two hops. All the ways to fail are one group: they must not be told
 * apart. */

static struct test_relays *relays;
static struct cepa_packet_plan plan;
static struct cepa_packet_peeled peeled;

static struct cepa_onion_key *onion_key(void)
{
    return cepa_onion_keys_find(&relays->relay[0].keys, (uint8_t)TEST_EPOCH);
}

/* relays_prepare gives the first relay a random key and makes a packet for it. */
static void relays_prepare(struct test_random *random, uint32_t cpu)
{
    if (relays == NULL) {
        relays = test_relays_new(64, 1);
    }
    relays->cpu = cpu;
    relays->random = test_source_init(&relays->source, test_random_u64(random));
    relays->seeds.state = test_random_u64(random);
    test_relay_restart(relays, 0, TEST_EPOCH);
    /* The link's count of this epoch begins with its first packet, which is public. */
    (void)cepa_onion_keys_share(&relays->relay[0].keys, onion_key(), &relays->relay[0].share);
    plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 1000);
    test_relays_build(relays, &plan);
}

static void hide_onion_key(void)
{
    struct cepa_xwing_key *key = &onion_key()->key;
    ct_secret(key->mlkem.s, sizeof key->mlkem.s);
    ct_secret(key->mlkem.z, sizeof key->mlkem.z);
    ct_secret(key->x25519, sizeof key->x25519);
}

static void good_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    hide_onion_key();
}

static void bad_header_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    relays->packet[CEPA_PACKET_GAMMA_OFFSET + test_random_below(random, CEPA_TAG_SIZE)] ^= 1;
    hide_onion_key();
}

static void bad_ciphertext_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    relays->packet[CEPA_PACKET_ALPHA_OFFSET +
                   test_random_below(random, CEPA_MLKEM_CIPHERTEXT_BYTES)] ^= 1;
    hide_onion_key();
}

static void low_order_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    memset(relays->packet + CEPA_PACKET_ALPHA_OFFSET + CEPA_MLKEM_CIPHERTEXT_BYTES, 0,
           CEPA_X25519_LEN);
    hide_onion_key();
}

static void replay_prepare(struct test_random *random, uint32_t cpu)
{
    static uint8_t copy[CEPA_PACKET_SIZE];
    relays_prepare(random, cpu);
    memcpy(copy, relays->packet, sizeof copy);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
    memcpy(relays->packet, copy, sizeof copy);
    hide_onion_key();
}

static void full_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    onion_key()->replay.used = onion_key()->replay.limits.capacity;
    hide_onion_key();
}

static void bad_payload_prepare(struct test_random *random, uint32_t cpu)
{
    relays_prepare(random, cpu);
    relays->packet[CEPA_PACKET_HEADER_SIZE + test_random_below(random, CEPA_PACKET_PAYLOAD_SIZE)] ^=
        1;
    hide_onion_key();
}

static void peel(uint32_t cpu)
{
    struct test_relay *relay = &relays->relay[0];
    result = cepa_packet_peel(&peeled, relays->packet, sizeof relays->packet, &relay->keys,
                              &relay->share, CEPA_PACKET_FROM_LINK, &relays->peel, cpu);
}

/* Building: keys of relays are public and constant, randomness and content are secret. */

static struct cepa_surb_plan surb_plan;
static struct cepa_surb_secret surb_secret;
static uint8_t surb[CEPA_SURB_SIZE];
static struct cepa_node_id first;
static struct cepa_packet_content content;

static void build_prepare(struct test_random *random, uint32_t cpu)
{
    struct test_random constant = {1};
    relays_prepare(&constant, cpu);
    plan = test_relays_plan(relays, 3, CEPA_PACKET_DELIVER, 1000);
    ct_random_secret(random, relays->content, sizeof relays->content);
    ct_random_secret(random, &plan.recipient, sizeof plan.recipient);
    ct_random_secret(random, &relays->source.series, sizeof relays->source.series);
}

static void build(uint32_t cpu)
{
    result = cepa_packet_build(relays->packet, &relays->seeds_made, &plan, &relays->random,
                               &relays->build, cpu);
}

static void surb_create_prepare(struct test_random *random, uint32_t cpu)
{
    build_prepare(random, cpu);
    memset(&surb_plan, 0, sizeof surb_plan);
    memcpy(surb_plan.hops, plan.hops, sizeof plan.hops);
    surb_plan.hops_len = plan.hops_len;
    surb_plan.epoch = plan.epoch;
    surb_plan.recipient = plan.recipient;
}

static void surb_create(uint32_t cpu)
{
    result = cepa_surb_create(surb, &surb_secret, &surb_plan, &relays->random, &relays->surb, cpu);
}

/* A SURB's header is seen by whoever it is given to; its key is not seen by the relays. */
static void surb_use_prepare(struct test_random *random, uint32_t cpu)
{
    surb_create_prepare(random, cpu);
    surb_create(cpu);
    ct_public(surb, CEPA_SURB_SIZE - CEPA_SURB_KEY_SIZE);
    content.data = relays->content;
    content.data_len = 1000;
}

static void surb_use(uint32_t cpu)
{
    result = cepa_surb_use(relays->packet, &first, surb, sizeof surb, &content, cpu);
}

static void surb_open_prepare(struct test_random *random, uint32_t cpu)
{
    surb_use_prepare(random, cpu);
    ct_public(surb, sizeof surb);
    surb_use(cpu);
    ct_public(relays->packet, sizeof relays->packet);
    ct_public(&surb_secret.hops_len, sizeof surb_secret.hops_len);
}

/* A delta that nobody made for this SURB: opening it ends with an error. */
static void surb_open(uint32_t cpu)
{
    result = cepa_surb_open(&content, relays->packet + CEPA_PACKET_HEADER_SIZE,
                            CEPA_PACKET_PAYLOAD_SIZE, &surb_secret, cpu);
}

/* Circuits of three hops: cells on a link are public, seeds, keys and data are not. */

enum { HOPS = 3, DATA_LEN = 500 };

static struct circuit_net net;
static struct cepa_circuit_seed seeds[HOPS];
static struct net_cell cell;
static uint8_t data[DATA_LEN];

static void circuit_seeds_prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, seeds, sizeof seeds);
}

/* The proof of the last hop travels to the origin, which compares it. */
static void circuit_build(uint32_t cpu)
{
    cepa_circuit_origin_init(&net.origin, seeds, HOPS, cpu);
    for (size_t i = 0; i < HOPS; i++) {
        cepa_circuit_relay_init(&net.relays[i], &seeds[i], i + 1 == HOPS, cpu);
    }
    result = cepa_circuit_relay_confirm(&net.relays[HOPS - 1], &cell.counter, cell.body, cpu);
    for (size_t i = HOPS - 1; i-- > 0;) {
        result = cepa_circuit_relay_backward(&net.relays[i], &cell.counter, cell.body, cell.counter,
                                             cpu);
    }
    ct_public(&cell, sizeof cell);
    result = cepa_circuit_origin_open(&net.origin, &net.cell, cell.body, cell.counter, cpu);
}

/* circuit_prepare makes an open circuit, in which everything that comes from the seeds is secret.
 */
static void circuit_prepare(struct test_random *random, uint32_t cpu)
{
    circuit_seeds_prepare(random, cpu);
    circuit_build(cpu);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_OPEN);
    net.relays_len = HOPS;
    net.cpu = cpu;
    ct_random_secret(random, data, sizeof data);
}

static void seal(uint32_t cpu)
{
    const struct cepa_cell_message message = {CEPA_CELL_DATA, data, sizeof data};
    result =
        cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, HOPS - 1, &message, cpu);
}

static void forward_prepare(struct test_random *random, uint32_t cpu)
{
    circuit_prepare(random, cpu);
    seal(cpu);
    ct_public(&cell, sizeof cell);
}

static void forward(uint32_t cpu)
{
    result = cepa_circuit_relay_forward(&net.relays[0], &net.step, cell.body, cell.counter, cpu);
}

static void keep_prepare(struct test_random *random, uint32_t cpu)
{
    circuit_prepare(random, cpu);
    net_seal(&net, &cell, 0, CEPA_CELL_DATA, data, sizeof data);
    ct_public(&cell, sizeof cell);
}

static void backward_prepare(struct test_random *random, uint32_t cpu)
{
    circuit_prepare(random, cpu);
    net_originate(&net, &cell, 1, CEPA_CELL_DATA, data, sizeof data);
    ct_public(&cell, sizeof cell);
}

static void backward(uint32_t cpu)
{
    result =
        cepa_circuit_relay_backward(&net.relays[0], &cell.counter, cell.body, cell.counter, cpu);
}

static void originate(uint32_t cpu)
{
    const struct cepa_cell_message message = {CEPA_CELL_DATA, data, sizeof data};
    result = cepa_circuit_relay_originate(&net.relays[1], &cell.counter, cell.body, &message, cpu);
}

static void open_prepare(struct test_random *random, uint32_t cpu)
{
    backward_prepare(random, cpu);
    backward(cpu);
    ct_public(&cell, sizeof cell);
}

static void refuse_prepare(struct test_random *random, uint32_t cpu)
{
    open_prepare(random, cpu);
    cell.body[test_random_below(random, sizeof cell.body)] ^= 1;
}

static void open(uint32_t cpu)
{
    result = cepa_circuit_origin_open(&net.origin, &net.cell, cell.body, cell.counter, cpu);
}

/* Renewal: an offer, its answer, and what the origin makes of it. */

static struct test_source source;
static struct cepa_random draws;
static struct cepa_xwing_key renewal_key;
static struct cepa_xwing_workspace renewal_workspace;
static uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
static uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];

static void renew_prepare(struct test_random *random, uint32_t cpu)
{
    keep_prepare(random, cpu);
    forward(cpu); /* a relay answers offers after a first cell only */
    draws = test_source_init(&source, test_random_u64(random));
    ct_secret(&source.series, sizeof source.series);
}

static void renew(uint32_t cpu)
{
    result = cepa_circuit_origin_renew(&net.origin, offer, 0, 100, &draws, &renewal_key,
                                       &renewal_workspace, cpu);
    result = cepa_circuit_relay_renew(&net.relays[0], answer, offer, sizeof offer, &draws,
                                      &renewal_workspace, cpu);
    /* It travels in a cell, under layers; to whoever could see it, it is public. */
    ct_public(answer, sizeof answer);
    result = cepa_circuit_origin_renewed(&net.origin, 0, answer, sizeof answer, &renewal_key,
                                         &renewal_workspace, cpu);
}

const struct ct_case ct_onion_cases[] = {
    {"peel: good", "peel: good", good_prepare, peel, 0},
    {"peel: bad header", "peel: dropped", bad_header_prepare, peel, 0},
    {"peel: bad ciphertext", "peel: dropped", bad_ciphertext_prepare, peel, 0},
    {"peel: low order", "peel: dropped", low_order_prepare, peel, 0},
    {"peel: replay", "peel: dropped", replay_prepare, peel, 0},
    {"peel: cache full", "peel: dropped", full_prepare, peel, 0},
    {"peel: bad payload", "peel: dropped", bad_payload_prepare, peel, 0},
    {"packet: build", "packet: build", build_prepare, build, 0},
    {"surb: create", "surb: create", surb_create_prepare, surb_create, 0},
    {"surb: use", "surb: use", surb_use_prepare, surb_use, 0},
    {"surb: open", "surb: open", surb_open_prepare, surb_open, 0},
    {"circuit: build", "circuit: build", circuit_seeds_prepare, circuit_build, 0},
    {"circuit: seal", "circuit: seal", circuit_prepare, seal, 0},
    {"circuit: forward", "circuit: forward", forward_prepare, forward, 0},
    {"circuit: keep", "circuit: keep", keep_prepare, forward, 0},
    {"circuit: backward", "circuit: backward", backward_prepare, backward, 0},
    {"circuit: originate", "circuit: originate", circuit_prepare, originate, 0},
    {"circuit: open", "circuit: open", open_prepare, open, 0},
    {"circuit: refuse", "circuit: refuse", refuse_prepare, open, 0},
    {"circuit: renew", NULL, renew_prepare, renew, 0},
};
const size_t ct_onion_cases_len = sizeof ct_onion_cases / sizeof ct_onion_cases[0];
