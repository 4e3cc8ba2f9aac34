/* A node's status for commands, and its figures for Prometheus. */
#include "native/daemon/status.h"

#include <cjson/cJSON.h>
#include <stdio.h>

#include "native/daemon/status_lists.h"

enum { PLACES = 48 };

/* One number of the whole, by its name in JSON and, if it has help, in the figures. */
struct number {
    const char *name;
    uint64_t value;
    const char *help;
    bool is_counter;
};

static size_t list_now(struct number ret_numbers[PLACES], const struct cepa_node_status *status)
{
    const struct number numbers[] = {
        {"day", status->day, NULL, false},
        {"epoch", status->epoch, NULL, false},
        {"receipts", status->receipts, "dial-backs in the descriptor", false},
        {"links", status->links, "links that are up", false},
        {"links_opening", status->links_opening, "links that are being opened", false},
        {"neighbours", status->neighbours, "neighbours of the mesh", false},
        {"clients", status->clients, "links of anonymous clients", false},
        {"relays_known", status->relays_known, "relays in the index", false},
        {"relays_usable", status->relays_usable, "relays that circuits may use", false},
        {"relays_here", status->relays_here, "relays whose keys are here", false},
        {"guards", status->guards, "sampled guards", false},
        {"guards_reached", status->guards_reached, "guards that were reached", false},
        {"circuits_own", status->circuits_own, "circuits of this node's own", false},
        {"circuits_ready_ahead", status->circuits_ready_ahead, "circuits made ahead", false},
        {"circuits_relayed", status->circuits_relayed, "circuits of others through here", false},
        {"cells_waiting", status->cells_waiting, "cells that wait on all links", false},
        {"build_time_ns", status->build_time_ns, "smoothed time to build a circuit", false},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ret_numbers[i] = numbers[i];
    }
    return sizeof numbers / sizeof numbers[0];
}

static size_t list_sums(struct number ret_numbers[PLACES], const struct cepa_node_status *status)
{
    const struct number numbers[] = {
        {"circuits_built", status->circuits_built, "circuits that were built", true},
        {"circuits_failed", status->circuits_failed, "circuits that were not", true},
        {"circuits_salvaged", status->circuits_salvaged, "circuits that were mended", true},
        {"cells_relayed", status->cells_relayed, "cells of others", true},
        {"packets_accepted", status->packets_accepted, "onion packets that opened", true},
        {"packets_dropped", status->packets_dropped, "onion packets that did not", true},
        {"bytes_in", status->bytes_in, "bytes of all links that came, with padding", true},
        {"bytes_out", status->bytes_out, "bytes of all links that left, with padding", true},
        {"padding_out", status->padding_out, "bytes of padding that left", true},
        {"misbehaviour", status->misbehaviour, "errors that are a peer's fault", true},
        {"refused_budget", status->refused_budget, "requests beyond their budgets", true},
        {"suspicions", status->suspicions, "nodes that nobody asked could reach", true},
        {"suspends", status->suspends, "times that this node was stopped for a while", true},
        {"dials", status->dials, "connections that were begun", true},
        {"dials_failed", status->dials_failed, "connections that did not open", true},
        {"handshakes_failed", status->handshakes_failed, "handshakes of links that failed", true},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        ret_numbers[i] = numbers[i];
    }
    return sizeof numbers / sizeof numbers[0];
}

static size_t list(struct number ret_numbers[PLACES], const struct cepa_node_status *status)
{
    size_t len = list_now(ret_numbers, status);
    return len + list_sums(ret_numbers + len, status);
}

static bool add_whole(cJSON *object, const struct cepa_node_status *status)
{
    struct number numbers[PLACES];
    size_t len = list(numbers, status);
    cJSON *network = cJSON_AddObjectToObject(object, "network");
    bool is_whole =
        cJSON_AddBoolToObject(object, "relay", status->is_relay) &&
        cJSON_AddBoolToObject(network, "joined", status->is_joined) &&
        cJSON_AddBoolToObject(network, "published", status->is_published) &&
        cJSON_AddBoolToObject(network, "clock_off", status->is_clock_off) &&
        cJSON_AddNumberToObject(network, "clock_error_ms", (double)status->clock_error_ms);
    for (size_t i = 0; i < len && is_whole; i++) {
        is_whole = cepa_status_add_number(network, numbers[i].name, numbers[i].value);
    }
    return is_whole;
}

static bool add_budget(cJSON *object, const struct cepa_node_budget_status *budget)
{
    static const char *const withheld[] = {[CEPA_BUDGET_NOTHING] = "nothing",
                                           [CEPA_BUDGET_PADDING] = "padding",
                                           [CEPA_BUDGET_CIRCUITS] = "new circuits",
                                           [CEPA_BUDGET_RELAYING] = "relaying"};
    cJSON *part = cJSON_AddObjectToObject(object, "budget");
    return cepa_status_add_number(part, "day", budget->limits.bytes_per_day) &&
           cepa_status_add_number(part, "used", budget->used) &&
           cepa_status_add_number(part, "left", budget->left) &&
           cepa_status_add_number(part, "until", budget->until.unix_ms / 1000) &&
           cJSON_AddStringToObject(part, "withheld", withheld[budget->by_day]) != NULL &&
           cepa_status_add_number(part, "rate", budget->limits.bytes_per_second) &&
           cJSON_AddStringToObject(part, "withheld_by_rate", withheld[budget->by_second]) != NULL;
}

static bool add_anonymity(cJSON *object, const struct cepa_node_anonymity *anonymity)
{
    cJSON *part = cJSON_AddObjectToObject(object, "anonymity");
    return cepa_status_add_number(part, "both_ends_ppm_10", anonymity->both_ends_ppm_10) &&
           cepa_status_add_number(part, "both_ends_ppm_20", anonymity->both_ends_ppm_20) &&
           cepa_status_add_number(part, "any_guard_ppm_10", anonymity->any_guard_ppm_10) &&
           cepa_status_add_number(part, "any_guard_ppm_20", anonymity->any_guard_ppm_20) &&
           cepa_status_add_number(part, "relays", anonymity->relays) &&
           cepa_status_add_number(part, "prefixes", anonymity->prefixes) &&
           cepa_status_add_number(part, "effective_relays", anonymity->effective_relays);
}

int cepa_status_json(struct cJSON *object, const struct cepa_node_status *status,
                     const struct cepa_node *node, struct cepa_time now)
{
    return add_whole(object, status) && add_budget(object, &status->budget) &&
                   add_anonymity(object, &status->anonymity) &&
                   cepa_status_add_links(object, node, now) &&
                   cepa_status_add_circuits(object, node, now) &&
                   cepa_status_add_guards(object, node) && cepa_status_add_relays(object, node)
               ? 0
               : CEPA_ERR_EXHAUSTED;
}

void cepa_status_budget_metrics(struct cepa_metrics *metrics,
                                const struct cepa_node_budget_status *budget)
{
    enum cepa_budget_level level =
        budget->by_day > budget->by_second ? budget->by_day : budget->by_second;
    cepa_metrics_add(metrics, "budget_level", CEPA_METRICS_GAUGE,
                     "withheld: 0 nothing, 1 padding, 2 also new circuits, 3 also relaying",
                     (uint64_t)level);
    cepa_metrics_add(metrics, "budget_used_bytes", CEPA_METRICS_GAUGE,
                     "bytes of this day (UTC), both ways", budget->used);
    cepa_metrics_add(metrics, "budget_day_bytes", CEPA_METRICS_GAUGE,
                     "bytes that a day may have, 0: any number", budget->limits.bytes_per_day);
}

void cepa_status_metrics(struct cepa_metrics *metrics, const struct cepa_node *node,
                         struct cepa_time now, struct cepa_wall wall)
{
    struct number numbers[PLACES];
    struct cepa_node_status status;
    cepa_node_status_get(node, &status, now, wall);
    size_t len = list(numbers, &status);
    for (size_t i = 0; i < len; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", numbers[i].name, numbers[i].is_counter ? "_total" : "");
        if (numbers[i].help != NULL) {
            cepa_metrics_add(metrics, name,
                             numbers[i].is_counter ? CEPA_METRICS_COUNTER : CEPA_METRICS_GAUGE,
                             numbers[i].help, numbers[i].value);
        }
    }
    cepa_status_budget_metrics(metrics, &status.budget);
}
