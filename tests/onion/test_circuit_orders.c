/* A circuit over a network that loses, repeats and reorders cells, while its origin renews keys as
 * often as it may, at distances of every size, with offers and answers that are cells like all
 * others. No hop ever finds noise, every cell that arrives is read by the one it is for, and when
 * the network is calm both sides hold the same keys. @[SPEC 5.7] */
#include <stdbool.h>
#include <string.h>

#include "support/circuit_net.h"
#include "support/random.h"
#include "support/relays.h"
#include "support/test.h"
#include "wire/part.h"

enum { HOPS = 3, FLIGHTS = 32, AGE_MAX = 300, STEPS = 6000, ROUNDS = 100 };

/* A cell on its way. */
struct flight {
    bool is_used;
    bool is_forward;
    size_t to; /* who it is for, or who sent it */
    size_t at; /* forward: the relay that it comes to; backward: relays still to cross */
    unsigned since;
    struct net_cell cell;
};

/* What a hop or the origin has of a message in parts. */
struct inbox {
    struct cepa_assembly assembly;
    uint8_t bytes[CEPA_RENEWAL_OFFER_SIZE];
};

static struct circuit_net net;
static struct test_random random_series;
static struct test_source source;
static struct cepa_random random_source;
static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key key;
static struct flight flights[FLIGHTS];
static struct inbox offers[HOPS];
static struct inbox answers[HOPS];
static uint8_t sequence;
static unsigned now;
static bool is_calm;
static unsigned renewed; /* renewals that were answered */
static unsigned noise;   /* cells that came to the origin after their key was gone */

static unsigned below(unsigned bound)
{
    return (unsigned)test_random_below(&random_series, bound);
}

static void begin_round(uint32_t number)
{
    net_init(&net, number, HOPS, 0);
    random_source = test_source_init(&source, number);
    random_series.state = number;
    memset(flights, 0, sizeof flights);
    for (size_t i = 0; i < HOPS; i++) {
        cepa_assembly_init(&offers[i].assembly, offers[i].bytes, CEPA_RENEWAL_OFFER_SIZE);
        cepa_assembly_init(&answers[i].assembly, answers[i].bytes, CEPA_RENEWAL_ANSWER_SIZE);
        net_say(&net, i, "here");
    }
    now = 0;
    is_calm = false;
}

static struct flight *free_flight(void)
{
    for (size_t i = 0; i < FLIGHTS; i++) {
        if (!flights[i].is_used) {
            return &flights[i];
        }
    }
    return NULL;
}

/* Whether every repetition of an offer was lost, so that the circuit has to be replaced. */
static bool is_stuck(void)
{
    const struct cepa_origin_renewal *renewal = &net.origin.renewal;
    return renewal->state == CEPA_RENEWAL_OFFERED &&
           net.origin.hops[0].counters.forward_start + net.origin.sent == renewal->limit;
}

/* Puts a cell on its way if there is room for it and its sender may send. */
static void launch(bool is_forward, size_t hop, enum cepa_cell_command command, const void *data,
                   size_t data_len)
{
    const struct cepa_cell_message message = {command, data, data_len};
    struct flight *flight = free_flight();
    if (flight == NULL) {
        return;
    }
    struct net_cell *cell = &flight->cell;
    int error = is_forward ? cepa_circuit_origin_seal(&net.origin, &cell->counter, cell->body, hop,
                                                      &message, 0)
                           : cepa_circuit_relay_originate(&net.relays[hop], &cell->counter,
                                                          cell->body, &message, 0);
    CHECK(error == 0 || (is_forward && error == CEPA_ERR_TOO_SOON));
    flight->is_used = error == 0;
    flight->is_forward = is_forward;
    flight->to = hop;
    flight->at = is_forward ? 0 : hop;
    flight->since = now;
}

static void launch_parts(bool is_forward, size_t hop, const uint8_t *message, size_t message_len)
{
    sequence++;
    for (unsigned i = 0; i < cepa_part_count(message_len); i++) {
        struct cepa_part part;
        uint8_t bytes[CEPA_CELL_DATA_MAX];
        size_t bytes_len;
        cepa_part_cut(&part, message, message_len, sequence, i);
        cepa_part_encode(bytes, &bytes_len, &part);
        launch(is_forward, hop, is_forward ? CEPA_CELL_RENEW_OFFER : CEPA_CELL_RENEW_ANSWER, bytes,
               bytes_len);
    }
}

/* Offers new keys to some hop, or again to the one that has not answered. */
static void renew(void)
{
    static const uint32_t gaps[] = {0, 100, 200, 400};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    bool is_repeat = net.origin.renewal.state == CEPA_RENEWAL_OFFERED;
    size_t hop = is_repeat ? net.origin.renewal.hop : below(HOPS);
    if (net.origin.renewal.state == CEPA_RENEWAL_ANSWERED || (is_repeat && below(4) > 0)) {
        return;
    }
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, hop, gaps[below(4)], &random_source,
                                        &key, &workspace, 0),
              0);
    launch_parts(true, hop, offer, sizeof offer);
}

static int take_part(struct inbox *inbox, const struct cepa_cell_message *message)
{
    struct cepa_part part;
    CHECK_INT(cepa_part_decode(&part, message->data, message->data_len), 0);
    return cepa_assembly_add(&inbox->assembly, &part);
}

static void arrive_at_hop(const struct flight *flight, const struct cepa_cell_message *message)
{
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    size_t hop = flight->to;
    if (message->command == CEPA_CELL_RENEW_OFFER && take_part(&offers[hop], message) == 1) {
        /* An offer that is overtaken by its own begin or by a later offer is refused. */
        int error =
            cepa_circuit_relay_renew(&net.relays[hop], answer, offers[hop].bytes,
                                     CEPA_RENEWAL_OFFER_SIZE, &random_source, &workspace, 0);
        CHECK(error == 0 || error == CEPA_ERR_MALFORMED);
        if (error == 0) {
            launch_parts(false, hop, answer, sizeof answer);
        }
    }
}

static void arrive_at_origin(size_t hop, const struct cepa_cell_message *message)
{
    if (message->command == CEPA_CELL_RENEW_ANSWER && take_part(&answers[hop], message) == 1) {
        int error = cepa_circuit_origin_renewed(&net.origin, hop, answers[hop].bytes,
                                                CEPA_RENEWAL_ANSWER_SIZE, &key, &workspace, 0);
        /* The answer to an offer that was repeated since fits nothing. */
        CHECK(error == 0 || error == CEPA_ERR_AUTHENTICATION || error == CEPA_ERR_STATE);
        renewed += error == 0;
    }
}

static void move_forward(struct flight *flight)
{
    struct cepa_circuit_step step;
    int error = cepa_circuit_relay_forward(&net.relays[flight->at], &step, flight->cell.body,
                                           flight->cell.counter, 0);
    CHECK(error == 0 || error == CEPA_ERR_REPLAY);
    CHECK(error == 0 || !is_calm);
    flight->is_used = error == 0 && !step.is_mine;
    if (error == 0 && step.is_mine) {
        CHECK_INT(flight->at, flight->to);
        arrive_at_hop(flight, &step.message);
    } else if (error == 0) {
        flight->at++;
        flight->cell.counter = step.counter;
    }
}

static void move_backward(struct flight *flight)
{
    struct cepa_origin_cell cell;
    if (flight->at > 0) {
        flight->at--;
        flight->is_used =
            cepa_circuit_relay_backward(&net.relays[flight->at], &flight->cell.counter,
                                        flight->cell.body, flight->cell.counter, 0) == 0;
        return;
    }
    flight->is_used = false;
    int error =
        cepa_circuit_origin_open(&net.origin, &cell, flight->cell.body, flight->cell.counter, 0);
    CHECK(error == 0 || error == CEPA_ERR_REPLAY || error == CEPA_ERR_AUTHENTICATION);
    noise += error == CEPA_ERR_AUTHENTICATION;
    if (error == 0) {
        CHECK_INT(cell.hop, flight->to);
        arrive_at_origin(cell.hop, &cell.message);
    }
}

static void move(struct flight *flight)
{
    if (flight->is_forward) {
        move_forward(flight);
    } else {
        move_backward(flight);
    }
}

/* The network does something to a cell; what is old arrives first. */
static void meddle(void)
{
    struct flight *flight = &flights[below(FLIGHTS)];
    struct flight *other = free_flight();
    unsigned fate = below(100);
    for (size_t i = 0; i < FLIGHTS; i++) {
        if (flights[i].is_used && now - flights[i].since > AGE_MAX) {
            flight = &flights[i];
        }
    }
    if (!flight->is_used) {
        return;
    }
    if (fate < 1) {
        flight->is_used = false;
    } else if (fate < 4 && other != NULL) {
        *other = *flight;
    } else {
        move(flight);
    }
}

static void step_round(void)
{
    unsigned fate = below(100);
    now++;
    if (fate < 12) {
        launch(true, below(HOPS), CEPA_CELL_DATA, &now, sizeof now);
    } else if (fate < 20) {
        launch(false, below(HOPS), CEPA_CELL_DATA, &now, sizeof now);
    } else if (fate < 22) {
        renew();
    } else {
        meddle();
    }
}

/* Everything that is under way arrives; the renewal under way is ended without loss. Gives whether
 * the circuit goes on, which it does not if all repetitions of an offer were lost. */
static bool calm_down(void)
{
    for (unsigned i = 0; i < 64; i++) {
        for (size_t j = 0; j < FLIGHTS; j++) {
            while (flights[j].is_used) {
                move(&flights[j]);
            }
        }
        if (net.origin.renewal.state != CEPA_RENEWAL_OFFERED) {
            return true;
        }
        renew();
    }
    return false;
}

static void check_agreement(void)
{
    is_calm = true;
    for (unsigned i = 0; i < 500; i++) {
        net_say(&net, HOPS - 1 - i % HOPS, "forth");
        net_hear(&net, HOPS - 1 - i % HOPS, "back");
    }
    for (size_t i = 0; i < HOPS; i++) {
        CHECK(!net.relays[i].has_pending);
        CHECK_BYTES(net.relays[i].chain, net.origin.hops[i].chain, CEPA_CIRCUIT_KEY_SIZE);
    }
}

TEST(no_loss_and_no_order_of_cells_makes_the_sides_disagree)
{
    unsigned ended = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        begin_round(7000 + round);
        for (unsigned i = 0; i < STEPS && !is_stuck(); i++) {
            step_round();
        }
        if (calm_down()) {
            check_agreement();
            ended++;
        }
    }
    test_note("%u rounds ended in agreement, %u renewals, %u late cells", ended, renewed, noise);
    CHECK(ended > ROUNDS / 4 && renewed > 2 * ROUNDS);
}

TEST_MAIN(RUN(no_loss_and_no_order_of_cells_makes_the_sides_disagree))
