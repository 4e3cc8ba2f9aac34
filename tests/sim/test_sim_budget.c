/* A relay with a budget among relays without: as its day is used up it stops padding, refuses new
 * circuits of others, ends those that it carries, and keeps its own; a rate slows others only. */
#include <string.h>

#include "node/node_commands.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 8, FRUGAL = 3, ASKING = 5, DAY = 100000000, RATE = 60000 };

static struct sim_watch other; /* of another relay, to the frugal one */
static struct sim_watch own;   /* of the frugal one */
static uint32_t told[4];       /* BUDGET events by level */

static void on_event(void *context, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)context;
    sim_watch_on_event(&other, sim, host, effect);
    sim_watch_on_event(&own, sim, host, effect);
    if (effect->event == CEPA_EVENT_BUDGET && host == FRUGAL) {
        CHECK(effect->count >= 0 && effect->count < 4);
        told[effect->count & 3]++;
    }
}

static struct sim *network(uint64_t seed, const struct cepa_node_budget_limits *limits)
{
    struct sim_config config = sim_config_default(seed);
    struct sim_host_config relay = sim_host_config_relay();
    config.on_event = on_event;
    memset(&other, 0, sizeof other);
    memset(&own, 0, sizeof own);
    memset(told, 0, sizeof told);
    struct sim *sim = sim_new(&config);
    for (uint32_t host = 0; host < RELAYS; host++) {
        struct sim_host_config frugal = relay;
        frugal.budget = *limits;
        frugal.shaper = (struct cepa_shaper_config){CEPA_SHAPER_CONSTANT, 50};
        sim_add(sim, host == FRUGAL ? &frugal : &relay);
        sim_start(sim, host);
    }
    sim_run(sim, 500 * CEPA_MILLISECOND_NS);
    for (uint32_t host = 1; host < RELAYS; host++) {
        sim_invite(sim, 0, host);
    }
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    sim_run(sim, 2 * CEPA_SECOND_NS);
    return sim;
}

/* Opens a circuit whose last hop is the frugal relay. */
static bool ask(struct sim *sim)
{
    struct cepa_node_id last = sim_status(sim, FRUGAL).node;
    const struct cepa_node_circuit_request request = {
        .hops_len = 3, .is_fresh = true, .last = &last};
    memset(&other, 0, sizeof other);
    other.host = ASKING;
    if (cepa_node_circuit_open(sim_node(sim, ASKING), &other.circuit, &request, sim_now(sim)) !=
        0) {
        return false;
    }
    sim_poke(sim, ASKING);
    for (uint32_t i = 0; i < 1000 && other.ready == 0 && !other.is_closed; i++) {
        sim_run(sim, 20 * CEPA_MILLISECOND_NS);
    }
    return other.ready > 0 && !other.is_closed;
}

/* Uses the budget up to a share of it, and lets the node see it. */
static void use(struct sim *sim, uint64_t percent)
{
    sim_node(sim, FRUGAL)->budget.used = DAY / 100 * percent;
    sim_run(sim, 1500 * CEPA_MILLISECOND_NS);
    struct cepa_node_budget_status budget = sim_status(sim, FRUGAL).budget;
    CHECK(budget.used >= DAY / 100 * percent && budget.left == DAY - budget.used);
    CHECK(budget.until.unix_ms > sim_wall(sim, FRUGAL).unix_ms);
    CHECK(budget.until.unix_ms <= sim_wall(sim, FRUGAL).unix_ms + 86400000);
}

static uint64_t padding_in(struct sim *sim, uint64_t seconds)
{
    uint64_t before = sim_status(sim, FRUGAL).padding_out;
    sim_run(sim, seconds * CEPA_SECOND_NS);
    return sim_status(sim, FRUGAL).padding_out - before;
}

static void check_restart(struct sim *sim)
{
    uint64_t used = sim_status(sim, FRUGAL).budget.used;
    sim_kill(sim, FRUGAL, true);
    sim_run(sim, CEPA_SECOND_NS);
    sim_start(sim, FRUGAL);
    sim_run(sim, CEPA_SECOND_NS);
    CHECK(sim_status(sim, FRUGAL).budget.used + DAY / 50 >= used);
    CHECK_INT(sim_status(sim, FRUGAL).budget.by_day, CEPA_BUDGET_RELAYING);
    CHECK_INT(told[CEPA_BUDGET_RELAYING], 2);
}

TEST(a_relay_with_a_small_budget_keeps_its_own_circuit)
{
    const struct cepa_node_budget_limits limits = {.bytes_per_day = DAY};
    struct sim *sim = network(31, &limits);
    uint64_t used = sim_status(sim, FRUGAL).budget.used;
    CHECK(used > 0 && used < DAY / 100 * CEPA_NODE_BUDGET_PADDING);
    CHECK_INT(sim_status(sim, FRUGAL).budget.by_day, CEPA_BUDGET_NOTHING);
    CHECK(sim_build(sim, &own, FRUGAL, 3));
    CHECK(ask(sim));
    CHECK_INT(sim_echo(sim, &other, 3, 2 * CEPA_SECOND_NS), 3);
    CHECK(padding_in(sim, 2) > 0);

    use(sim, CEPA_NODE_BUDGET_PADDING);
    CHECK_INT(sim_status(sim, FRUGAL).budget.by_day, CEPA_BUDGET_PADDING);
    CHECK_INT(padding_in(sim, 2), 0);
    CHECK_INT(sim_echo(sim, &other, 3, 2 * CEPA_SECOND_NS), 3);

    use(sim, CEPA_NODE_BUDGET_CIRCUITS);
    uint64_t refused = sim_status(sim, FRUGAL).refused_budget;
    CHECK_INT(sim_echo(sim, &other, 3, 2 * CEPA_SECOND_NS), 3); /* what it has it carries */
    sim_unbuild(sim, &other);
    CHECK(!ask(sim));
    CHECK(sim_status(sim, FRUGAL).refused_budget > refused);
    CHECK_INT(sim_echo(sim, &own, 3, 2 * CEPA_SECOND_NS), 3);

    use(sim, CEPA_NODE_BUDGET_RELAYING);
    CHECK_INT(sim_status(sim, FRUGAL).circuits_relayed, 0);
    CHECK_INT(sim_echo(sim, &own, 10, 2 * CEPA_SECOND_NS), 10);
    CHECK(own.broken == 0 && !own.is_closed && sim_status(sim, FRUGAL).is_joined);
    for (unsigned level = CEPA_BUDGET_PADDING; level <= CEPA_BUDGET_RELAYING; level++) {
        CHECK_INT(told[level], 1);
    }
    check_restart(sim);

    sim_node(sim, FRUGAL)->budget.day--; /* a new day */
    CHECK(padding_in(sim, 3) > 0);
    CHECK_INT(told[CEPA_BUDGET_NOTHING], 1);
    CHECK_INT(sim_status(sim, FRUGAL).budget.by_day, CEPA_BUDGET_NOTHING);
    sim_free(sim);
}

/* Sends as much as it may for some seconds; gives how many answers came. */
static uint32_t flood(struct sim *sim, uint64_t seconds)
{
    uint8_t message[CEPA_CELL_DATA_MAX] = {CEPA_NODE_SERVICE_ECHO};
    uint32_t before = other.data;
    for (uint64_t i = 0; i < 50 * seconds; i++) {
        uint32_t had = other.data;
        while (cepa_node_circuit_send(sim_node(sim, ASKING), other.circuit, message, sizeof message,
                                      sim_now(sim)) == 0) {
        }
        sim_poke(sim, ASKING);
        sim_run(sim, 20 * CEPA_MILLISECOND_NS);
        cepa_node_circuit_consumed(sim_node(sim, ASKING), other.circuit, other.data - had,
                                   sim_now(sim));
        sim_poke(sim, ASKING);
    }
    return other.data - before;
}

TEST(a_rate_slows_others_and_not_its_own)
{
    const struct cepa_node_budget_limits limits = {.bytes_per_second = RATE};
    struct sim *sim = network(32, &limits);
    const struct cepa_shaper_config off = {CEPA_SHAPER_OFF, 0};
    cepa_node_set_shaper(sim_node(sim, FRUGAL), &off, sim_now(sim));
    CHECK(sim_build(sim, &own, FRUGAL, 3));
    sim_run(sim, 3 * CEPA_SECOND_NS); /* the bucket fills */
    CHECK(ask(sim));
    (void)flood(sim, 10);
    uint64_t before = sim_status(sim, FRUGAL).bytes_out;
    uint32_t answers = flood(sim, 20);
    uint64_t per_second = (sim_status(sim, FRUGAL).bytes_out - before) / 20;
    test_note("%llu B/s of %d, %u answers", (unsigned long long)per_second, RATE, answers);
    CHECK(per_second <= RATE * 5 / 4);
    CHECK(answers >= 20 * RATE / CEPA_FRAME_SIZE / 3);
    CHECK_INT(sim_status(sim, FRUGAL).budget.by_day, CEPA_BUDGET_NOTHING);
    CHECK_INT(sim_echo(sim, &own, 10, 500 * CEPA_MILLISECOND_NS), 10);
    sim_free(sim);
}

TEST_MAIN(RUN(a_relay_with_a_small_budget_keeps_its_own_circuit),
          RUN(a_rate_slows_others_and_not_its_own))
