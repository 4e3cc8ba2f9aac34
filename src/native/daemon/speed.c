/* Measurements of speed. */
#include "native/daemon/speed.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "node/node_status.h"

enum {
    MESSAGE_LEN = 6, /* echo, whether it is a quiet one, its number */
    LAST_MS = 2000   /* how long the last small messages are waited for */
};

int cepa_speed_begin(struct cepa_speed *speed, uint32_t megabytes, uint8_t hops, bool is_download)
{
    CEPA_ASSERT(megabytes > 0 && megabytes <= CEPA_SPEED_MEGABYTES_MAX);
    CEPA_ASSERT(hops > 0 && hops <= CEPA_SPEED_HOPS_MAX);
    if (speed->state != CEPA_SPEED_IDLE || (speed->is_begun && speed->deadline.ns == 0)) {
        return CEPA_ERR_STATE;
    }
    memset(speed, 0, sizeof *speed);
    speed->is_begun = true;
    speed->is_download = is_download;
    speed->hops = hops;
    speed->total =
        (uint32_t)(((uint64_t)megabytes * 1000000 + CEPA_SPEED_PAYLOAD - 1) / CEPA_SPEED_PAYLOAD);
    return 0;
}

static void set_state(struct cepa_speed *speed, enum cepa_speed_state state, struct cepa_time now)
{
    speed->state = state;
    speed->deadline = cepa_time_add(now, CEPA_SPEED_SECONDS * CEPA_SECOND_NS);
}

/* Closes a circuit, which it may be already. */
static void leave(struct cepa_node *node, uint64_t *circuit, struct cepa_time now)
{
    if (*circuit != 0) {
        int error = cepa_node_circuit_close(node, *circuit, now);
        CEPA_ASSERT(error == 0 || error == CEPA_ERR_NOT_FOUND);
        *circuit = 0;
    }
}

static void end(struct cepa_speed *speed, struct cepa_node *node, bool is_failed,
                struct cepa_time now)
{
    leave(node, &speed->bulk_circuit, now);
    leave(node, &speed->small_circuit, now);
    speed->is_failed = is_failed;
    speed->state = CEPA_SPEED_IDLE;
}

/* --- circuits -------------------------------------------------------------------------------- */

/* The relays of a circuit of this node; false if there is no such circuit. */
static bool find_path(struct cepa_node_id ret_hops[CEPA_PACKET_HOPS_MAX],
                      const struct cepa_node *node, uint64_t circuit, struct cepa_time now)
{
    struct cepa_node_circuit_status status;
    uint32_t cursor = 0;
    while (cepa_node_status_circuit(node, &status, &cursor, now)) {
        if (status.circuit == circuit) {
            memcpy(ret_hops, status.hops, sizeof status.hops);
            return true;
        }
    }
    return false;
}

static void open_bulk(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    const struct cepa_node_circuit_request request = {.hops_len = speed->hops, .is_fresh = true};
    set_state(speed, CEPA_SPEED_BUILDING, now);
    if (cepa_node_circuit_open(node, &speed->bulk_circuit, &request, now) != 0) {
        end(speed, node, true, now);
    }
}

static void open_small(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    const struct cepa_node_circuit_request request = {
        .hops_len = speed->hops, .is_fresh = true, .last = &speed->path[speed->hops - 1]};
    set_state(speed, CEPA_SPEED_FOLLOWING, now);
    speed->tries++;
    leave(node, &speed->small_circuit, now);
    if (cepa_node_circuit_open(node, &speed->small_circuit, &request, now) != 0) {
        end(speed, node, true, now);
    }
}

static void on_ready(struct cepa_speed *speed, struct cepa_node *node, uint64_t circuit,
                     struct cepa_time now)
{
    struct cepa_node_id path[CEPA_PACKET_HOPS_MAX];
    if (speed->state == CEPA_SPEED_BUILDING && circuit == speed->bulk_circuit) {
        if (find_path(speed->path, node, circuit, now)) {
            open_small(speed, node, now);
        } else {
            end(speed, node, true, now);
        }
    } else if (speed->state == CEPA_SPEED_FOLLOWING && circuit == speed->small_circuit) {
        speed->has_same_path = find_path(path, node, circuit, now) &&
                               memcmp(path, speed->path, speed->hops * sizeof path[0]) == 0;
        if (!speed->has_same_path && speed->tries < CEPA_SPEED_TRIES_MAX) {
            open_small(speed, node, now);
            return;
        }
        set_state(speed, CEPA_SPEED_QUIET, now);
        speed->next = now;
        speed->quiet_to = cepa_time_add(now, CEPA_SPEED_QUIET_MS * CEPA_MILLISECOND_NS);
    }
}

/* --- small messages -------------------------------------------------------------------------- */

static void send_small(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    bool is_quiet = speed->state == CEPA_SPEED_QUIET;
    struct cepa_speed_messages *messages = is_quiet ? &speed->quiet : &speed->busy;
    uint8_t message[MESSAGE_LEN] = {CEPA_NODE_SERVICE_ECHO, is_quiet};
    if (!cepa_time_is_due(speed->next, now) || messages->sent == CEPA_SPEED_MESSAGES_MAX) {
        return;
    }
    speed->next = cepa_time_add(now, CEPA_SPEED_EVERY_MS * CEPA_MILLISECOND_NS);
    cepa_be32_store(message + 2, messages->sent);
    /* One that cannot be sent is one that is never answered. */
    int error = cepa_node_circuit_send(node, speed->small_circuit, message, sizeof message, now);
    (void)error;
    messages->sent_at[messages->sent] = now;
    messages->sent++;
}

static void take_small(struct cepa_speed *speed, const struct cepa_node_effect *effect,
                       struct cepa_time now)
{
    if (effect->data_len != MESSAGE_LEN || effect->data[0] != CEPA_NODE_SERVICE_ECHO) {
        return;
    }
    struct cepa_speed_messages *messages = effect->data[1] ? &speed->quiet : &speed->busy;
    uint32_t number = cepa_be32_load(effect->data + 2);
    if (number < messages->sent && messages->answered < messages->sent) {
        messages->us[messages->answered] =
            (uint32_t)(cepa_time_since(now, messages->sent_at[number]) / CEPA_MICROSECOND_NS);
        messages->answered++;
    }
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void got_on(struct cepa_speed *speed, struct cepa_time now)
{
    speed->deadline = cepa_time_add(now, CEPA_SPEED_SECONDS * CEPA_SECOND_NS);
}

/* Sends what the circuit takes. */
static void send_bytes(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    uint8_t data[CEPA_CELL_DATA_MAX] = {CEPA_NODE_SERVICE_SINK};
    cepa_be32_store(data + 1, speed->total);
    while (speed->done < speed->total) {
        if (cepa_node_circuit_send(node, speed->bulk_circuit, data, sizeof data, now) != 0) {
            return;
        }
        speed->done++;
        got_on(speed, now);
    }
}

static void begin_bytes(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    uint8_t request[CEPA_NODE_BULK_HEADER] = {CEPA_NODE_SERVICE_SOURCE};
    set_state(speed, CEPA_SPEED_BUSY, now);
    speed->began = now;
    if (!speed->is_download) {
        send_bytes(speed, node, now);
        return;
    }
    cepa_be32_store(request + 1, speed->total);
    if (cepa_node_circuit_send(node, speed->bulk_circuit, request, sizeof request, now) != 0) {
        end(speed, node, true, now);
    }
}

static void take_bytes(struct cepa_speed *speed, struct cepa_node *node,
                       const struct cepa_node_effect *effect, struct cepa_time now)
{
    cepa_node_circuit_consumed(node, effect->circuit, 1, now);
    if (speed->state != CEPA_SPEED_BUSY || effect->data_len == 0) {
        return;
    }
    got_on(speed, now);
    speed->done += speed->is_download && effect->data[0] == CEPA_NODE_SERVICE_SOURCE;
    if (speed->is_download ? speed->done == speed->total
                           : effect->data[0] == CEPA_NODE_SERVICE_SINK) {
        set_state(speed, CEPA_SPEED_LAST, now);
        speed->took_ns = cepa_time_since(now, speed->began);
        speed->deadline = cepa_time_add(now, LAST_MS * CEPA_MILLISECOND_NS);
    }
}

/* --- time and events ------------------------------------------------------------------------- */

void cepa_speed_step(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now)
{
    if (speed->state == CEPA_SPEED_IDLE) {
        if (speed->is_begun && speed->deadline.ns == 0) {
            open_bulk(speed, node, now);
        }
        return;
    }
    if (cepa_time_is_due(speed->deadline, now)) {
        end(speed, node, speed->state != CEPA_SPEED_LAST, now);
        return;
    }
    if (speed->state == CEPA_SPEED_QUIET && cepa_time_is_due(speed->quiet_to, now)) {
        begin_bytes(speed, node, now);
    }
    if (speed->state == CEPA_SPEED_QUIET || speed->state == CEPA_SPEED_BUSY) {
        send_small(speed, node, now);
    } else if (speed->state == CEPA_SPEED_LAST && speed->busy.answered == speed->busy.sent) {
        end(speed, node, false, now);
    }
}

struct cepa_time cepa_speed_deadline(const struct cepa_speed *speed)
{
    if (speed->state == CEPA_SPEED_IDLE) {
        struct cepa_time at_once = {0};
        return speed->is_begun && speed->deadline.ns == 0 ? at_once : cepa_time_never();
    }
    bool is_sending =
        speed->state == CEPA_SPEED_QUIET ||
        (speed->state == CEPA_SPEED_BUSY && speed->busy.sent < CEPA_SPEED_MESSAGES_MAX);
    return is_sending ? cepa_time_earliest(speed->next, speed->deadline) : speed->deadline;
}

bool cepa_speed_on_event(struct cepa_speed *speed, struct cepa_node *node,
                         const struct cepa_node_effect *effect, struct cepa_time now)
{
    bool is_bulk = effect->circuit == speed->bulk_circuit;
    if (effect->circuit == 0 || (!is_bulk && effect->circuit != speed->small_circuit)) {
        return false;
    }
    switch (effect->event) {
    case CEPA_EVENT_CIRCUIT_READY:
        on_ready(speed, node, effect->circuit, now);
        return true;
    case CEPA_EVENT_CIRCUIT_DATA:
        if (is_bulk) {
            take_bytes(speed, node, effect, now);
        } else {
            cepa_node_circuit_consumed(node, effect->circuit, 1, now);
            take_small(speed, effect, now);
        }
        return true;
    case CEPA_EVENT_CIRCUIT_WINDOW:
        if (is_bulk && speed->state == CEPA_SPEED_BUSY && !speed->is_download) {
            send_bytes(speed, node, now);
        }
        return true;
    case CEPA_EVENT_CIRCUIT_BROKEN:
    case CEPA_EVENT_CIRCUIT_CLOSED:
        end(speed, node, true, now);
        return true;
    case CEPA_EVENT_JOINED: /* not of circuits */
    case CEPA_EVENT_ALONE:
    case CEPA_EVENT_LINK_UP:
    case CEPA_EVENT_LINK_MOVED:
    case CEPA_EVENT_LINK_DOWN:
    case CEPA_EVENT_PUBLISHED:
    case CEPA_EVENT_CLOCK:
    case CEPA_EVENT_BUDGET:
        break;
    }
    return false;
}

/* --- results --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void sum_up(struct cepa_speed_times *ret_times, const struct cepa_speed_messages *messages)
{
    uint32_t sorted[CEPA_SPEED_MESSAGES_MAX];
    uint32_t len = messages->answered;
    *ret_times = (struct cepa_speed_times){.sent = messages->sent, .answered = len};
    if (len == 0) {
        return;
    }
    memcpy(sorted, messages->us, len * sizeof sorted[0]);
    qsort(sorted, len, sizeof sorted[0], compare);
    ret_times->median = sorted[len / 2];
    ret_times->p95 = sorted[(uint64_t)len * 95 / 100];
    ret_times->max = sorted[len - 1];
}

void cepa_speed_result_of(struct cepa_speed_result *ret_result, const struct cepa_speed *speed)
{
    *ret_result =
        (struct cepa_speed_result){.is_running = speed->state != CEPA_SPEED_IDLE ||
                                                 (speed->is_begun && speed->deadline.ns == 0),
                                   .is_failed = speed->is_failed,
                                   .is_download = speed->is_download,
                                   .has_same_path = speed->has_same_path,
                                   .bytes = (uint64_t)speed->done * CEPA_SPEED_PAYLOAD,
                                   .took_us = speed->took_ns / CEPA_MICROSECOND_NS};
    sum_up(&ret_result->quiet, &speed->quiet);
    sum_up(&ret_result->busy, &speed->busy);
}
