/* Cells through a middle hop's table of circuits: the look-up, the replay window, the cipher. On
 * one circuit, and on many in turn, whose state does not fit the caches near the core. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "native/cpu.h"
#include "native/host.h"
#include "onion/circuit_table.h"
#include "support/relays.h"
#include "support/timing.h"

enum { BEFORE = 1, BEHIND = 2, CIRCUITS = 1024 };

struct work {
    struct cepa_circuit_table table;
    struct test_relays *relays;
    uint64_t counter;
    uint32_t circuits_len; /* that are used in turn */
    uint32_t circuit;
    uint64_t link; /* over which the cells come */
    struct cepa_time now;
    uint8_t body[CEPA_CELL_BODY_SIZE];
};

static void demand(int is_true)
{
    if (!is_true) {
        abort();
    }
}

static void run_cell(void *context)
{
    struct work *work = context;
    struct cepa_circuit_outcome outcome;
    work->circuit = work->circuit % work->circuits_len + 1;
    work->counter++;
    demand(cepa_circuit_table_on_cell(&work->table, &outcome, work->link, work->circuit,
                                      work->counter, work->body, work->now) == 0 &&
           outcome.kind == CEPA_CIRCUIT_OUTCOME_CELL);
}

/* Makes a circuit through the table, from one link to the other. */
static void make_circuit(struct work *work, uint32_t id)
{
    struct cepa_packet_plan plan = test_relays_plan(work->relays, 2, CEPA_PACKET_CREATE_LAST, 0);
    struct cepa_circuit_outcome outcome;
    struct cepa_circuit_effect effect;
    plan.types[0] = CEPA_PACKET_CREATE;
    test_relays_build(work->relays, &plan);
    work->now = cepa_time_add(work->now, CEPA_SECOND_NS);
    demand(cepa_circuit_table_on_packet(&work->table, &outcome, BEFORE, id, work->relays->packet,
                                        work->now) == 0);
    demand(cepa_circuit_table_next(&work->table, &effect) == 0);
    demand(cepa_circuit_table_sent(&work->table, effect.packet, BEHIND, id, work->now) == 0);
}

static void measure(struct work *work, const char *name, uint64_t link, uint32_t circuits_len)
{
    work->link = link;
    work->circuits_len = circuits_len;
    double ns = timing_run(run_cell, work);
    printf("%-34s %8.0f ns %10.0f cells/s %7.0f MB/s\n", name, ns, 1e9 / ns,
           CEPA_CELL_BODY_SIZE * 1e3 / ns);
}

int main(void)
{
    static struct work work;
    struct cepa_circuit_table_limits limits = cepa_circuit_table_limits_daemon();
    static const struct cepa_siphash_key key = {{1}};
    demand(cepa_native_init() == 0);
    work.relays = test_relays_new(4096, 1);
    work.now.ns = 1;
    limits.fresh_ns = limits.idle_ns = UINT64_MAX;
    const struct cepa_circuit_table_tools tools = {&work.relays->relay[0].keys, &work.relays->peel,
                                                   &work.relays->random, cepa_native_cpu()};
    size_t size = cepa_block_round(cepa_circuit_table_size(&limits));
    void *memory = aligned_alloc(CEPA_BLOCK_ALIGNMENT, size);
    demand(memory != NULL);
    demand(cepa_circuit_table_init(&work.table, memory, size, &limits, &tools, &key) == 0);
    demand(cepa_circuit_table_link_up(&work.table, BEFORE, work.now) == 0);
    demand(cepa_circuit_table_link_up(&work.table, BEHIND, work.now) == 0);
    for (uint32_t i = 1; i <= CIRCUITS; i++) {
        make_circuit(&work, i);
    }
    timing_header("cells of 1,056 bytes through a middle hop's table");
    measure(&work, "forward, one circuit", BEFORE, 1);
    measure(&work, "backward, one circuit", BEHIND, 1);
    measure(&work, "forward, 1,024 circuits in turn", BEFORE, CIRCUITS);
    measure(&work, "backward, 1,024 circuits in turn", BEHIND, CIRCUITS);
    cepa_circuit_table_wipe(&work.table);
    free(memory);
    test_relays_free(work.relays);
    return 0;
}
