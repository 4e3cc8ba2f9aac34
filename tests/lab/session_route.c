/* Reading circuits from status, twice, and joining those that meet. */
#include "lab/session_route.h"

#include <cjson/cJSON.h>
#include <string.h>

enum { HOPS_RESPONDER = 4 };

static double number(const cJSON *object, const char *name)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static size_t node_of(const struct fault_view *view, const cJSON *hop)
{
    const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(hop, "node"));
    for (size_t i = 0; i < view->nodes && id != NULL; i++) {
        if (strcmp(view->all[i].id, id) == 0) {
            return i;
        }
    }
    return view->nodes;
}

static size_t read_circuits(struct session_circuit *ret_circuits, const struct fault_view *view,
                            const struct cepa_crowd *crowd, size_t node)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    struct cepa_reason reason;
    cJSON *status = NULL;
    const cJSON *item;
    const cJSON *hop;
    size_t len = 0;
    if (cepa_crowd_ask(crowd, &status, &reason, node, &request) != 0) {
        return 0;
    }
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(status, "circuits"))
    {
        if (len == SESSION_ROUTE_CIRCUITS ||
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "ahead"))) {
            continue;
        }
        struct session_circuit *circuit = &ret_circuits[len++];
        circuit->number = number(item, "circuit");
        circuit->sent = number(item, "cells_sent");
        circuit->received = number(item, "cells_received");
        circuit->hops_len = 0;
        cJSON_ArrayForEach(hop, cJSON_GetObjectItemCaseSensitive(item, "hops"))
        {
            if (circuit->hops_len < SESSION_ROUTE_HOPS) {
                circuit->hops[circuit->hops_len++] = node_of(view, hop);
            }
        }
    }
    cJSON_Delete(status);
    return len;
}

/* What a circuit has sent or received since an earlier look. */
static double since(const struct session_circuit *circuit, const struct session_circuit *before,
                    size_t len, bool is_sent)
{
    for (size_t i = 0; i < len; i++) {
        if (before[i].number == circuit->number) {
            return is_sent ? circuit->sent - before[i].sent
                           : circuit->received - before[i].received;
        }
    }
    return 0;
}

/* The circuit of the receiver that ends where one of the sender's does; of several the one over
 * which most has come. */
static const struct session_circuit *meets(const struct session_circuit *circuit,
                                           const struct session_circuit *before, size_t before_len,
                                           const struct session_circuit *after, size_t after_len)
{
    const struct session_circuit *best = NULL;
    double most = -1;
    for (size_t i = 0; i < after_len && circuit->hops_len > 0; i++) {
        const struct session_circuit *other = &after[i];
        double came = since(other, before, before_len, false);
        if (other->hops_len == HOPS_RESPONDER &&
            other->hops[other->hops_len - 1] == circuit->hops[circuit->hops_len - 1] &&
            came > most) {
            best = other;
            most = came;
        }
    }
    return best;
}

static void add(struct session_route *route, const struct session_circuit *out,
                const struct session_circuit *in, double sent)
{
    size_t place = route->len;
    if (place == SESSION_ROUTE_PATHS) {
        return;
    }
    for (; place > 0 && route->paths[place - 1].sent < sent; place--) {
        route->paths[place] = route->paths[place - 1];
    }
    struct session_path *path = &route->paths[place];
    memcpy(path->out, out->hops, sizeof path->out);
    memcpy(path->in, in->hops, sizeof path->in);
    path->out_len = out->hops_len;
    path->in_len = in->hops_len;
    path->sent = sent;
    route->len++;
}

void session_route_look(struct session_look *ret_look, const struct fault_view *view,
                        const struct cepa_crowd *crowd, size_t sender, size_t receiver)
{
    ret_look->len[0] = read_circuits(ret_look->circuits[0], view, crowd, sender);
    ret_look->len[1] = read_circuits(ret_look->circuits[1], view, crowd, receiver);
}

void session_route_find(struct session_route *ret_route, const struct session_look *before,
                        const struct session_look *after)
{
    memset(ret_route, 0, sizeof *ret_route);
    for (size_t i = 0; i < after->len[0]; i++) {
        const struct session_circuit *out = &after->circuits[0][i];
        const struct session_circuit *in =
            meets(out, before->circuits[1], before->len[1], after->circuits[1], after->len[1]);
        if (in != NULL) {
            add(ret_route, out, in, since(out, before->circuits[0], before->len[0], true));
        }
    }
}

bool session_route_has(const struct session_path *path, size_t node)
{
    bool has = false;
    for (size_t i = 0; i < path->out_len; i++) {
        has |= path->out[i] == node;
    }
    for (size_t i = 0; i < path->in_len; i++) {
        has |= path->in[i] == node;
    }
    return has;
}

size_t session_route_count(const struct session_route *route, size_t node)
{
    size_t count = 0;
    for (size_t i = 0; i < route->len; i++) {
        count += session_route_has(&route->paths[i], node);
    }
    return count;
}
