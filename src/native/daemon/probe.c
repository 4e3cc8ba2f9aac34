/* Probes. */
#include "native/daemon/probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "node/node_commands.h"

enum { TAG_LEN = 6, MESSAGE_LEN = TAG_LEN + 4, TURN = 32 };

/* Goes to the last hop with a number behind it, and comes back. */
static const uint8_t tag[TAG_LEN] = {CEPA_NODE_SERVICE_ECHO, 'p', 'r', 'o', 'b', 'e'};

static uint32_t us_since(const struct cepa_probe *probe, struct cepa_time now)
{
    return (uint32_t)(cepa_time_since(now, probe->began) / CEPA_MICROSECOND_NS);
}

int cepa_probe_begin(struct cepa_probe *probe, struct cepa_node *node,
                     const struct cepa_probe_request *request, struct cepa_time now)
{
    CEPA_ASSERT(request->path_len > 0 && request->path_len <= CEPA_PROBE_PATH_MAX);
    CEPA_ASSERT(request->count > 0 && request->count <= CEPA_PROBE_COUNT_MAX);
    const struct cepa_node_circuit_request circuit = {
        .hops_len = (uint8_t)(request->path_len + 1), .is_fresh = true, .path = request->path};
    uint64_t number;
    if (probe->state != CEPA_PROBE_IDLE) {
        return CEPA_ERR_STATE;
    }
    int status = cepa_node_circuit_open(node, &number, &circuit, now);
    if (status != 0) {
        return status;
    }
    memset(probe, 0, sizeof *probe);
    probe->state = CEPA_PROBE_BUILDING;
    probe->request = *request;
    probe->circuit = number;
    probe->began = now;
    probe->deadline = cepa_time_add(now, CEPA_PROBE_BUILD_SECONDS * CEPA_SECOND_NS);
    return 0;
}

static void finish(struct cepa_probe *probe, struct cepa_node *node, struct cepa_time now)
{
    int error = cepa_node_circuit_close(node, probe->circuit, now);
    CEPA_ASSERT(error == 0 || error == CEPA_ERR_NOT_FOUND);
    probe->state = CEPA_PROBE_IDLE;
}

/* Sends the next message. False if that cannot be now. */
static bool send_next(struct cepa_probe *probe, struct cepa_node *node, struct cepa_time now)
{
    uint8_t message[MESSAGE_LEN];
    struct cepa_writer writer;
    cepa_writer_init(&writer, message, sizeof message);
    cepa_writer_bytes(&writer, tag, sizeof tag);
    cepa_writer_u32(&writer, probe->sent);
    if (cepa_node_circuit_send(node, probe->circuit, message, sizeof message, now) != 0) {
        return false; /* no room, or the circuit is being mended: an event follows */
    }
    probe->sent_us[probe->sent] = us_since(probe, now);
    probe->sent++;
    probe->next = cepa_time_add(probe->next, probe->request.every_us * CEPA_MICROSECOND_NS);
    probe->deadline = cepa_time_add(now, CEPA_PROBE_LATE_SECONDS * CEPA_SECOND_NS);
    return true;
}

void cepa_probe_step(struct cepa_probe *probe, struct cepa_node *node, struct cepa_time now)
{
    if (probe->state == CEPA_PROBE_IDLE) {
        return;
    }
    if (cepa_time_is_due(probe->deadline, now)) {
        finish(probe, node, now);
        return;
    }
    for (int i = 0; i < TURN && probe->state == CEPA_PROBE_SENDING &&
                    probe->sent < probe->request.count && cepa_time_is_due(probe->next, now);
         i++) {
        if (!send_next(probe, node, now)) {
            probe->next = cepa_time_never();
        }
    }
}

struct cepa_time cepa_probe_deadline(const struct cepa_probe *probe)
{
    if (probe->state == CEPA_PROBE_IDLE) {
        return cepa_time_never();
    }
    return probe->state == CEPA_PROBE_SENDING && probe->sent < probe->request.count
               ? cepa_time_earliest(probe->deadline, probe->next)
               : probe->deadline;
}

static void take_answer(struct cepa_probe *probe, const struct cepa_node_effect *effect,
                        struct cepa_time now)
{
    uint8_t head[TAG_LEN];
    struct cepa_reader reader;
    cepa_reader_init(&reader, effect->data, effect->data_len);
    cepa_reader_bytes(&reader, head, sizeof head);
    uint32_t number = cepa_reader_u32(&reader);
    if (cepa_reader_end(&reader) != 0 || memcmp(head, tag, sizeof tag) != 0 ||
        number >= probe->sent || probe->echo_us[number] != 0) {
        return;
    }
    uint32_t us = us_since(probe, now) - probe->sent_us[number];
    probe->echo_us[number] = us == 0 ? 1 : us;
    probe->answered++;
}

bool cepa_probe_on_event(struct cepa_probe *probe, struct cepa_node *node,
                         const struct cepa_node_effect *effect, struct cepa_time now)
{
    if (probe->state == CEPA_PROBE_IDLE || effect->circuit != probe->circuit) {
        return false;
    }
    if (effect->event == CEPA_EVENT_CIRCUIT_READY) {
        probe->state = CEPA_PROBE_SENDING;
        probe->ready_us = probe->ready_us == 0 ? us_since(probe, now) : probe->ready_us;
        probe->next = now;
    } else if (effect->event == CEPA_EVENT_CIRCUIT_DATA) {
        cepa_node_circuit_consumed(node, probe->circuit, 1, now);
        take_answer(probe, effect, now);
        if (probe->answered == probe->request.count) {
            finish(probe, node, now);
        }
    } else if (effect->event == CEPA_EVENT_CIRCUIT_WINDOW) {
        probe->next = now;
    } else if (effect->event == CEPA_EVENT_CIRCUIT_BROKEN) {
        probe->broken++;
        probe->next = cepa_time_never();
    } else if (effect->event == CEPA_EVENT_CIRCUIT_CLOSED) {
        probe->state = CEPA_PROBE_IDLE;
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

void cepa_probe_result_of(struct cepa_probe_result *ret_result, const struct cepa_probe *probe)
{
    struct cepa_probe_result result = {.is_running = probe->state != CEPA_PROBE_IDLE,
                                       .count = probe->request.count,
                                       .sent = probe->sent,
                                       .answered = probe->answered,
                                       .broken = probe->broken,
                                       .ready_us = probe->ready_us};
    uint32_t sorted[CEPA_PROBE_COUNT_MAX];
    size_t len = 0;
    for (uint32_t i = 0; i < probe->sent; i++) {
        if (probe->echo_us[i] != 0) {
            sorted[len++] = probe->echo_us[i];
        }
    }
    if (len > 0) {
        qsort(sorted, len, sizeof sorted[0], compare);
        result.echo_us_median = sorted[len / 2];
        result.echo_us_p95 = sorted[len * 95 / 100];
        result.echo_us_max = sorted[len - 1];
    }
    *ret_result = result;
}
