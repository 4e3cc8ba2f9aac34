/* The two ways through. Messages carry the file in order; a message that is not full is the last,
 * so that a file whose length is a whole number of messages ends with an empty one. */
#define _POSIX_C_SOURCE 200809L
#include "cli/demo_run.h"

#include <string.h>
#include <time.h>

#include "crypto/hash.h"
#include "native/host.h"

/* One way of sending while it goes on. */
struct run {
    struct cepa_demo *demo;
    struct cepa_demo_report *report;
    struct cepa_blake2b sent;
    struct cepa_blake2b received;
    uint64_t received_len;
};

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Books the time since `start` on a place. */
static void book(struct cepa_demo_report *report, size_t place, uint64_t start, const char *what)
{
    uint64_t took = now_ns() - start;
    bool is_first = report->data_at[place] == 0;
    report->place_ns[place] += took;
    report->best_ns[place] =
        is_first || took < report->best_ns[place] ? took : report->best_ns[place];
    report->data_at[place] += report->message_size;
    report->what_at[place] = what;
}

static void begin(struct run *run, struct cepa_demo *demo, struct cepa_demo_report *ret_report,
                  size_t message_size, size_t data_max)
{
    memset(ret_report, 0, sizeof *ret_report);
    memset(run, 0, sizeof *run);
    ret_report->message_size = message_size;
    ret_report->data_max = data_max;
    run->demo = demo;
    run->report = ret_report;
    cepa_blake2b_init(&run->sent, CEPA_DEMO_DIGEST_SIZE, NULL, 0);
    cepa_blake2b_init(&run->received, CEPA_DEMO_DIGEST_SIZE, NULL, 0);
}

static void receive(struct run *run, const uint8_t *data, size_t data_len)
{
    cepa_blake2b_update(&run->received, data, data_len);
    run->received_len += data_len;
}

static void end(struct run *run)
{
    struct cepa_demo_report *report = run->report;
    cepa_blake2b_final(&run->sent, report->sent, sizeof report->sent);
    cepa_blake2b_final(&run->received, report->received, sizeof report->received);
    report->is_verified = run->received_len == report->bytes &&
                          memcmp(report->sent, report->received, sizeof report->sent) == 0;
}

/* Sends one message after the other until the file ends. */
static int send_file(struct run *run, FILE *file,
                     int (*send)(struct run *run, const uint8_t *data, size_t data_len))
{
    uint8_t data[CEPA_PACKET_CONTENT_MAX];
    size_t data_len;
    do {
        data_len = fread(data, 1, run->report->data_max, file);
        if (ferror(file)) {
            return CEPA_ERR_LENGTH;
        }
        cepa_blake2b_update(&run->sent, data, data_len);
        run->report->bytes += data_len;
        run->report->messages++;
        int status = send(run, data, data_len);
        if (status != 0) {
            return status;
        }
    } while (data_len == run->report->data_max);
    return 0;
}

static const char *name_of(enum cepa_packet_type type)
{
    static const struct {
        enum cepa_packet_type type;
        const char *name;
    } names[] = {
#define NAME(name, value, slot, mac, delay, circuit) {CEPA_PACKET_##name, #name},
        CEPA_PACKET_TYPE_LIST(NAME)
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i].type == type) {
            return names[i].name;
        }
    }
    return "?";
}

static int build(struct cepa_demo *demo, struct cepa_packet_circuit_seeds *ret_seeds,
                 enum cepa_packet_type middle, enum cepa_packet_type last,
                 struct cepa_packet_content content)
{
    for (size_t i = 0; i < CEPA_DEMO_HOPS; i++) {
        demo->plan.types[i] = i + 1 < CEPA_DEMO_HOPS ? middle : last;
    }
    demo->plan.content = content;
    return cepa_packet_build(demo->packet, ret_seeds, &demo->plan, cepa_native_random(),
                             &demo->room, demo->cpu);
}

static int send_packet(struct run *run, const uint8_t *data, size_t data_len)
{
    struct cepa_demo *demo = run->demo;
    struct cepa_packet_content content = {data, data_len};
    struct cepa_packet_peeled peeled = {.type = CEPA_PACKET_FORWARD};
    struct cepa_demo_relay *relay = &demo->relays[0];
    uint64_t start = now_ns();
    int status = build(demo, NULL, CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, content);
    book(run->report, 0, start, "makes it");
    for (size_t hop = 1; status == 0 && hop <= CEPA_DEMO_HOPS; hop++) {
        start = now_ns();
        status = cepa_demo_peel(demo, relay, &peeled);
        if (status == 0) {
            book(run->report, hop, start, name_of(peeled.type));
        }
        if (status == 0 && hop < CEPA_DEMO_HOPS) {
            relay = cepa_demo_find(demo, &peeled.next);
            status = relay == NULL ? CEPA_ERR_NOT_FOUND : 0;
        }
    }
    if (status == 0 && peeled.type != CEPA_PACKET_DELIVER) {
        status = CEPA_ERR_STATE;
    }
    if (status == 0) {
        receive(run, peeled.content.data, peeled.content.data_len);
    }
    return status;
}

int cepa_demo_packets(struct cepa_demo *demo, FILE *file, struct cepa_demo_report *ret_report)
{
    struct run run;
    begin(&run, demo, ret_report, CEPA_PACKET_SIZE, CEPA_PACKET_CONTENT_MAX);
    int status = send_file(&run, file, send_packet);
    end(&run);
    return status;
}

/* Carries a cell of the last hop back and opens it at the sender. */
static int carry_back(struct cepa_demo *demo, struct cepa_origin_cell *ret_cell, uint8_t *body,
                      uint64_t counter)
{
    for (size_t hop = CEPA_DEMO_HOPS - 1; hop > 0; hop--) {
        int status = cepa_circuit_relay_backward(&demo->relays[hop - 1].circuit, &counter, body,
                                                 counter, demo->cpu);
        if (status != 0) {
            return status;
        }
    }
    return cepa_circuit_origin_open(&demo->origin, ret_cell, body, counter, demo->cpu);
}

/* One packet makes the circuit at every relay; the last one's first cell confirms it. */
static int build_circuit(struct cepa_demo *demo)
{
    struct cepa_packet_circuit_seeds seeds;
    struct cepa_packet_content nothing = {NULL, 0};
    struct cepa_origin_cell cell;
    struct cepa_demo_relay *last = &demo->relays[CEPA_DEMO_HOPS - 1];
    uint8_t body[CEPA_CELL_BODY_SIZE];
    uint64_t counter = 0;
    int status = build(demo, &seeds, CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, nothing);
    struct cepa_demo_relay *relay = &demo->relays[0];
    bool is_last = false;
    while (status == 0 && !is_last) {
        struct cepa_packet_peeled peeled;
        status = cepa_demo_peel(demo, relay, &peeled);
        if (status == 0) {
            is_last = peeled.type == CEPA_PACKET_CREATE_LAST;
            cepa_circuit_relay_init(&relay->circuit, &peeled.circuit, is_last, demo->cpu);
        }
        if (status == 0 && !is_last) {
            relay = cepa_demo_find(demo, &peeled.next);
            status = relay == NULL ? CEPA_ERR_NOT_FOUND : 0;
        }
    }
    if (status == 0) {
        cepa_circuit_origin_init(&demo->origin, seeds.of_hop, CEPA_DEMO_HOPS, demo->cpu);
        status = cepa_circuit_relay_confirm(&last->circuit, &counter, body, demo->cpu);
    }
    if (status == 0) {
        status = carry_back(demo, &cell, body, counter);
    }
    return status == 0 && demo->origin.state != CEPA_ORIGIN_OPEN ? CEPA_ERR_STATE : status;
}

static int send_cell(struct run *run, const uint8_t *data, size_t data_len)
{
    struct cepa_demo *demo = run->demo;
    struct cepa_cell_message message = {CEPA_CELL_DATA, data, data_len};
    struct cepa_circuit_step step;
    uint8_t body[CEPA_CELL_BODY_SIZE];
    uint64_t counter = 0;
    uint64_t start = now_ns();
    int status = cepa_circuit_origin_seal(&demo->origin, &counter, body, CEPA_DEMO_HOPS - 1,
                                          &message, demo->cpu);
    book(run->report, 0, start, "puts on all layers");
    step.is_mine = false;
    for (size_t hop = 1; status == 0 && !step.is_mine; hop++) {
        start = now_ns();
        status = cepa_circuit_relay_forward(&demo->relays[hop - 1].circuit, &step, body, counter,
                                            demo->cpu);
        if (status == 0) {
            book(run->report, hop, start, step.is_mine ? "reads it" : "takes off a layer");
            counter = step.counter;
        }
    }
    if (status == 0) {
        receive(run, step.message.data, step.message.data_len);
    }
    return status;
}

/* The last hop tells the sender what it got. */
static int answer(struct cepa_demo *demo, struct cepa_demo_report *report)
{
    struct cepa_cell_message message = {CEPA_CELL_DATA, report->received, sizeof report->received};
    struct cepa_demo_relay *last = &demo->relays[CEPA_DEMO_HOPS - 1];
    struct cepa_origin_cell cell;
    uint8_t body[CEPA_CELL_BODY_SIZE];
    uint64_t counter;
    int status = cepa_circuit_relay_originate(&last->circuit, &counter, body, &message, demo->cpu);
    if (status == 0) {
        status = carry_back(demo, &cell, body, counter);
    }
    if (status == 0) {
        report->is_verified = report->is_verified && cell.message.data_len == message.data_len &&
                              memcmp(cell.message.data, report->sent, message.data_len) == 0;
    }
    return status;
}

int cepa_demo_cells(struct cepa_demo *demo, FILE *file, struct cepa_demo_report *ret_report)
{
    struct run run;
    begin(&run, demo, ret_report, CEPA_CELL_BODY_SIZE, CEPA_CELL_DATA_MAX);
    uint64_t start = now_ns();
    int status = build_circuit(demo);
    ret_report->setup_ns = now_ns() - start;
    if (status == 0) {
        status = send_file(&run, file, send_cell);
    }
    end(&run);
    if (status == 0) {
        status = answer(demo, ret_report);
    }
    return status;
}
