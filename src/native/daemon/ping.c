/* Series of pings. */
#include "native/daemon/ping.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "node/node_commands.h"

/* Goes to the last hop, which sends it back. */
static const uint8_t message[] = {CEPA_NODE_SERVICE_ECHO, 'p', 'i', 'n', 'g'};

int cepa_ping_begin(struct cepa_ping *ping, uint32_t count, uint8_t hops)
{
    CEPA_ASSERT(count > 0 && count <= CEPA_PING_COUNT_MAX);
    CEPA_ASSERT(hops > 0 && hops <= CEPA_PING_HOPS_MAX);
    if (ping->done < ping->count) {
        return CEPA_ERR_STATE;
    }
    memset(ping, 0, offsetof(struct cepa_ping, build_us));
    ping->count = count;
    ping->hops = hops;
    return 0;
}

static uint32_t us_since(struct cepa_time now, struct cepa_time began)
{
    return (uint32_t)(cepa_time_since(now, began) / CEPA_MICROSECOND_NS);
}

/* Ends the circuit that is under way. */
static void finish(struct cepa_ping *ping, bool is_failed)
{
    ping->state = CEPA_PING_IDLE;
    ping->done++;
    ping->failed += is_failed;
}

/* Ends it and closes it, which it may be already. */
static void finish_and_close(struct cepa_ping *ping, struct cepa_node *node, bool is_failed,
                             struct cepa_time now)
{
    int error = cepa_node_circuit_close(node, ping->circuit, now);
    CEPA_ASSERT(error == 0 || error == CEPA_ERR_NOT_FOUND);
    finish(ping, is_failed);
}

void cepa_ping_step(struct cepa_ping *ping, struct cepa_node *node, struct cepa_time now)
{
    if (ping->state != CEPA_PING_IDLE && cepa_time_is_due(ping->deadline, now)) {
        finish_and_close(ping, node, true, now);
    }
    if (ping->state != CEPA_PING_IDLE || ping->done == ping->count) {
        return;
    }
    const struct cepa_node_circuit_request request = {.hops_len = ping->hops, .is_fresh = true};
    if (cepa_node_circuit_open(node, &ping->circuit, &request, now) != 0) {
        finish(ping, true);
        return;
    }
    ping->state = CEPA_PING_BUILDING;
    ping->began = now;
    ping->deadline = cepa_time_add(now, CEPA_PING_SECONDS * CEPA_SECOND_NS);
}

struct cepa_time cepa_ping_deadline(const struct cepa_ping *ping)
{
    if (ping->state != CEPA_PING_IDLE) {
        return ping->deadline;
    }
    struct cepa_time at_once = {0};
    return ping->done < ping->count ? at_once : cepa_time_never();
}

bool cepa_ping_on_event(struct cepa_ping *ping, struct cepa_node *node,
                        const struct cepa_node_effect *effect, struct cepa_time now)
{
    if (ping->state == CEPA_PING_IDLE || effect->circuit != ping->circuit) {
        return false;
    }
    if (effect->event == CEPA_EVENT_CIRCUIT_READY && ping->state == CEPA_PING_BUILDING) {
        ping->build_us[ping->built++] = us_since(now, ping->began);
        ping->state = CEPA_PING_WAITING;
        ping->began = now;
        if (cepa_node_circuit_send(node, ping->circuit, message, sizeof message, now) != 0) {
            finish_and_close(ping, node, true, now);
        }
    } else if (effect->event == CEPA_EVENT_CIRCUIT_DATA && ping->state == CEPA_PING_WAITING) {
        bool is_same = effect->data_len == sizeof message &&
                       memcmp(effect->data, message, sizeof message) == 0;
        cepa_node_circuit_consumed(node, ping->circuit, 1, now);
        ping->echo_us[ping->answered] = us_since(now, ping->began);
        ping->answered += is_same;
        finish_and_close(ping, node, !is_same, now);
    } else if (effect->event == CEPA_EVENT_CIRCUIT_CLOSED) {
        finish(ping, true);
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void sum_up(const uint32_t *times, uint32_t len, uint32_t *ret_median, uint32_t *ret_p95,
                   uint32_t *ret_max)
{
    uint32_t sorted[CEPA_PING_COUNT_MAX];
    if (len == 0) {
        return;
    }
    memcpy(sorted, times, len * sizeof times[0]);
    qsort(sorted, len, sizeof sorted[0], compare);
    *ret_median = sorted[len / 2];
    *ret_p95 = sorted[(uint64_t)len * 95 / 100];
    *ret_max = sorted[len - 1];
}

void cepa_ping_result_of(struct cepa_ping_result *ret_result, const struct cepa_ping *ping)
{
    struct cepa_ping_result result = {.is_running = ping->done < ping->count,
                                      .count = ping->count,
                                      .done = ping->done,
                                      .failed = ping->failed};
    sum_up(ping->build_us, ping->built, &result.build_us_median, &result.build_us_p95,
           &result.build_us_max);
    sum_up(ping->echo_us, ping->answered, &result.echo_us_median, &result.echo_us_p95,
           &result.echo_us_max);
    *ret_result = result;
}
