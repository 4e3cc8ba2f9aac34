/* Reading the answers to `status`, and comparing them. */
#include "lab/fault_view.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static const cJSON *field(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static int64_t number(const cJSON *object, const char *name)
{
    const cJSON *item = field(object, name);
    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : -1;
}

static bool is_true(const cJSON *object, const char *name)
{
    return cJSON_IsTrue(field(object, name));
}

/* Marks the node of an id, if it is one of the crowd. */
static void mark(const struct fault_view *view, bool *marks, const cJSON *id)
{
    for (size_t i = 0; i < view->nodes && cJSON_IsString(id); i++) {
        if (view->all[i].id[0] != 0 && strcmp(view->all[i].id, id->valuestring) == 0) {
            marks[i] = true;
        }
    }
}

static void read_status(struct fault_view *view, struct fault_node *node, const cJSON *status)
{
    const cJSON *network = field(status, "network");
    const cJSON *item;
    const cJSON *hop;
    memset(node->has_neighbour, 0, sizeof node->has_neighbour);
    memset(node->has_circuit_by, 0, sizeof node->has_circuit_by);
    node->has_answered = true;
    node->relays_here = number(network, "relays_here");
    node->ready = number(network, "circuits_ready_ahead");
    node->suspicions = number(network, "suspicions");
    cJSON_ArrayForEach(item, field(status, "links"))
    {
        if (is_true(item, "up") && is_true(item, "neighbour") && !is_true(item, "stalled")) {
            mark(view, node->has_neighbour, field(item, "peer"));
        }
    }
    cJSON_ArrayForEach(item, field(status, "circuits"))
    {
        const cJSON *state = field(item, "state");
        if (!cJSON_IsString(state) || strcmp(state->valuestring, "ready") != 0) {
            continue;
        }
        cJSON_ArrayForEach(hop, field(item, "hops"))
        {
            mark(view, node->has_circuit_by, field(hop, "node"));
        }
    }
}

void fault_view_look(struct fault_view *view, const struct cepa_crowd *crowd, const bool *are_asked)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    for (size_t i = 0; i < view->nodes; i++) {
        struct fault_node *node = &view->all[i];
        struct cepa_reason reason;
        cJSON *status = NULL;
        node->has_answered = false;
        if (!are_asked[i] || cepa_crowd_ask(crowd, &status, &reason, i, &request) != 0) {
            continue;
        }
        const cJSON *id = field(status, "id");
        if (cJSON_IsString(id)) {
            (void)snprintf(node->id, sizeof node->id, "%s", id->valuestring);
        }
        read_status(view, node, status);
        cJSON_Delete(status);
    }
}

/* Whether `marks` marks a node outside `are_in`. */
static bool has_outside(const struct fault_view *view, const bool *marks, const bool *are_in)
{
    bool has = false;
    for (size_t i = 0; i < view->nodes; i++) {
        has |= marks[i] && !are_in[i];
    }
    return has;
}

size_t fault_view_uses_dead(const struct fault_view *view, const bool *are_in)
{
    size_t count = 0;
    for (size_t i = 0; i < view->nodes; i++) {
        count += are_in[i] && view->all[i].has_answered &&
                 has_outside(view, view->all[i].has_circuit_by, are_in);
    }
    return count;
}

/* How many of those in `are_in` the first of them reaches over pairs of neighbours. */
static size_t count_reached(const struct fault_view *view, const bool *are_in)
{
    bool is_reached[CEPA_CROWD_MAX] = {false};
    size_t waiting[CEPA_CROWD_MAX];
    size_t first = 0;
    size_t len = 0;
    while (first < view->nodes && !are_in[first]) {
        first++;
    }
    if (first == view->nodes) {
        return 0;
    }
    is_reached[first] = true;
    waiting[len++] = first;
    for (size_t next = 0; next < len; next++) {
        const struct fault_node *from = &view->all[waiting[next]];
        for (size_t i = 0; i < view->nodes; i++) {
            if (are_in[i] && !is_reached[i] && from->has_neighbour[i] &&
                view->all[i].has_neighbour[waiting[next]]) {
                is_reached[i] = true;
                waiting[len++] = i;
            }
        }
    }
    return len;
}

static size_t count_of(const struct fault_view *view, const bool *marks)
{
    size_t count = 0;
    for (size_t i = 0; i < view->nodes; i++) {
        count += marks[i];
    }
    return count;
}

const char *fault_view_why_not(const struct fault_view *view, size_t place, const bool *are_in,
                               size_t neighbours)
{
    const struct fault_node *node = &view->all[place];
    size_t count = 0;
    for (size_t i = 0; i < view->nodes; i++) {
        count += are_in[i] && node->has_neighbour[i];
    }
    if (!node->has_answered) {
        return "does not answer";
    }
    if (node->relays_here < (int64_t)count_of(view, are_in)) {
        return "does not have the keys of all";
    }
    if (count < neighbours) {
        return "has too few neighbours";
    }
    if (node->ready < 1) {
        return "has no circuit ready";
    }
    if (has_outside(view, node->has_neighbour, are_in)) {
        return "has a neighbour outside";
    }
    return has_outside(view, node->has_circuit_by, are_in) ? "has a circuit through one outside"
                                                           : NULL;
}

bool fault_view_is_mesh(const struct fault_view *view, char ret_why[FAULT_WHY_SIZE],
                        const bool *are_in, size_t neighbours)
{
    size_t members = count_of(view, are_in);
    for (size_t i = 0; i < view->nodes; i++) {
        const char *why = are_in[i] ? fault_view_why_not(view, i, are_in, neighbours) : NULL;
        if (why != NULL) {
            (void)snprintf(ret_why, FAULT_WHY_SIZE, "node %zu %s", i, why);
            return false;
        }
    }
    size_t reached = count_reached(view, are_in);
    (void)snprintf(ret_why, FAULT_WHY_SIZE, "only %zu of %zu are one mesh", reached, members);
    return reached == members;
}
