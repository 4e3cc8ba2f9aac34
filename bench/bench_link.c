/* Time of links: a frame sealed and opened, a cell through two links (queue, pull, receive,
 * credit), and a handshake on both sides. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/cpu.h"
#include "native/host.h"
#include "support/link_pair.h"
#include "support/timing.h"

struct work {
    struct link_pair pair;
    struct cepa_link_sealer sealer;
    struct cepa_link_opener opener;
    uint8_t frame[CEPA_FRAME_SIZE];
    uint32_t circuit_id;
    uint32_t received;
};

static void run_frame(void *context)
{
    struct work *work = context;
    uint64_t counter;
    uint32_t cpu = work->pair.sides[0].shared.cpu;
    if (cepa_link_seal(&work->sealer, work->frame, sizeof work->frame, cpu) != 0 ||
        cepa_link_open(&work->opener, &counter, work->frame, sizeof work->frame, cpu) != 0) {
        abort();
    }
}

/* Moves what waits from one side to the other. */
static void carry(struct work *work, unsigned from)
{
    struct link_pair *pair = &work->pair;
    struct cepa_link_event event;
    struct cepa_time now = link_pair_now(pair);
    struct cepa_link *to = &pair->sides[1 - from].link;
    while (cepa_link_pull(&pair->sides[from].link, 0, work->frame, now) > 0) {
        cepa_link_receive(to, 0, work->frame, sizeof work->frame, now);
        while (cepa_link_next(to, &event) == 0) {
            if (event.kind == CEPA_LINK_CELL) {
                work->received++;
                cepa_link_consumed(to, event.circuit_id, 1, now);
            }
        }
        while (cepa_link_next(&pair->sides[from].link, &event) == 0) {
        }
    }
}

static void run_cell(void *context)
{
    static const uint8_t body[CEPA_CELL_BODY_SIZE];
    struct work *work = context;
    struct link_pair *pair = &work->pair;
    pair->now_ns += 1000;
    if (cepa_link_send_cell(&pair->sides[0].link, work->circuit_id, 1, body, link_pair_now(pair)) !=
        0) {
        abort();
    }
    carry(work, 0);
    carry(work, 1);
}

static void begin(struct work *work, bool is_anonymous, uint32_t cpu)
{
    link_pair_begin(&work->pair, 1, CEPA_CARRIER_SIM, is_anonymous, NULL, NULL);
    work->pair.sides[0].shared.cpu = cpu;
    work->pair.sides[1].shared.cpu = cpu;
}

/* A whole handshake, without the verifying of credentials. */
static void handshake(struct work *work)
{
    struct link_pair *pair = &work->pair;
    uint8_t frame[CEPA_FRAME_SIZE];
    link_pair_dial(pair);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned side = 0; side < 2; side++) {
            while (cepa_link_pull(&pair->sides[side].link, 0, frame, link_pair_now(pair)) > 0) {
                cepa_link_receive(&pair->sides[1 - side].link, 0, frame, sizeof frame,
                                  link_pair_now(pair));
                link_pair_take(pair, 1 - side);
            }
        }
    }
    if (!pair->sides[0].is_up || !pair->sides[1].is_up) {
        abort();
    }
}

static void run_handshake(void *context)
{
    struct work *work = context;
    struct cepa_carrier carrier = link_pair_carrier(CEPA_CARRIER_SIM, 7);
    for (unsigned side = 0; side < 2; side++) {
        struct link_pair_side *it = &work->pair.sides[side];
        const struct cepa_wall wall = {0};
        cepa_link_wipe(&it->link);
        cepa_link_init(&it->link, &it->shared, side == 0, side == 0 && work->pair.is_anonymous,
                       &link_pair_off, wall, link_pair_now(&work->pair));
        it->is_up = false;
        if (cepa_link_attach(&it->link, 0, &carrier, link_pair_now(&work->pair)) != 0) {
            abort();
        }
    }
    handshake(work);
}

static void measure(const char *title, uint32_t cpu)
{
    static struct work work;
    static const struct cepa_link_secret secret;
    printf("%s\n", title);
    begin(&work, true, cpu);
    cepa_link_sealer_init(&work.sealer, &secret);
    cepa_link_opener_init(&work.opener, &secret);
    double ns = timing_run(run_frame, &work);
    printf("  %-44s %9.2f us %9.0f MB/s\n", "a frame sealed and opened", ns / 1000, 1056e3 / ns);
    handshake(&work);
    if (cepa_link_open_circuit(&work.pair.sides[0].link, &work.circuit_id) != 0 ||
        cepa_link_accept_circuit(&work.pair.sides[1].link, work.circuit_id) != 0) {
        abort();
    }
    ns = timing_run(run_cell, &work);
    printf("  %-44s %9.2f us %9.0f MB/s, %.0f cells/s\n", "a cell from link to link, both sides",
           ns / 1000, 1056e3 / ns, 1e9 / ns);
    link_pair_end(&work.pair);
    for (unsigned is_anonymous = 0; is_anonymous < 2; is_anonymous++) {
        begin(&work, is_anonymous, cpu);
        ns = timing_run(run_handshake, &work);
        printf("  %-44s %9.1f us\n",
               is_anonymous ? "handshake of a client, both sides"
                            : "handshake of two relays, both sides",
               ns / 1000);
        link_pair_end(&work.pair);
    }
}

int main(void)
{
    uint32_t cpu = cepa_native_cpu();
    if (cepa_native_init() != 0) {
        return 1;
    }
    timing_header("links, frames of 1,128 bytes");
    printf("sizeof (struct cepa_link) = %zu\n", sizeof(struct cepa_link));
    measure("portable", 0);
    if (cpu != 0) {
        measure("with this processor's instructions", cpu);
    }
    return 0;
}
