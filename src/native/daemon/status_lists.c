/* The arrays of a node's status. */
#include "native/daemon/status_lists.h"

#include <arpa/inet.h>
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "node/node_status.h"
#include "wire/descriptor.h"

bool cepa_status_add_number(cJSON *object, const char *name, uint64_t value)
{
    return cJSON_AddNumberToObject(object, name, (double)value) != NULL;
}

static bool add_hex(cJSON *object, const char *name, const uint8_t bytes[32])
{
    char text[65];
    for (size_t i = 0; i < 32; i++) {
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    }
    return cJSON_AddStringToObject(object, name, text) != NULL;
}

static bool add_id(cJSON *object, const char *name, const struct cepa_node_id *node)
{
    _Static_assert(sizeof node->bytes == 32, "as long as a key");
    return add_hex(object, name, node->bytes);
}

void cepa_status_prefix(char ret_text[CEPA_STATUS_PREFIX_SIZE], const struct cepa_prefix *prefix)
{
    uint8_t ip[16] = {0};
    char address[INET6_ADDRSTRLEN];
    bool is_ipv4 = prefix->family == CEPA_FAMILY_IPV4;
    memcpy(ip, prefix->bytes, sizeof prefix->bytes);
    ret_text[0] = '\0';
    if (prefix->family != CEPA_FAMILY_NONE &&
        inet_ntop(is_ipv4 ? AF_INET : AF_INET6, ip, address, sizeof address) != NULL) {
        /* Two groups and "::" at most: the rest of the address is zero. */
        snprintf(ret_text, CEPA_STATUS_PREFIX_SIZE, "%.19s/%d", address, is_ipv4 ? 16 : 32);
    }
}

static bool add_prefix(cJSON *object, const struct cepa_prefix *prefix)
{
    char text[CEPA_STATUS_PREFIX_SIZE];
    cepa_status_prefix(text, prefix);
    return cJSON_AddStringToObject(object, "prefix", text) != NULL;
}

bool cepa_status_add_links(cJSON *object, const struct cepa_node *node, struct cepa_time now)
{
    static const char *const carriers[] = {"none", "webrtc", "relayed"};
    cJSON *array = cJSON_AddArrayToObject(object, "links");
    struct cepa_node_link_status link;
    uint32_t cursor = 0;
    bool is_whole = array != NULL;
    while (is_whole && cepa_node_status_link(node, &link, &cursor, now)) {
        cJSON *item = cJSON_CreateObject();
        is_whole = cJSON_AddItemToArray(array, item) &&
                   cepa_status_add_number(item, "link", link.link) &&
                   add_id(item, "peer", &link.peer) && add_prefix(item, &link.prefix) &&
                   cJSON_AddStringToObject(item, "carrier",
                                           link.carrier < 3 ? carriers[link.carrier] : "other") &&
                   cJSON_AddBoolToObject(item, "up", link.is_up) &&
                   cJSON_AddBoolToObject(item, "initiator", link.is_initiator) &&
                   cJSON_AddBoolToObject(item, "neighbour", link.is_neighbour) &&
                   cJSON_AddBoolToObject(item, "guard", link.is_guard) &&
                   cJSON_AddBoolToObject(item, "stalled", link.is_stalled) &&
                   cepa_status_add_number(item, "rtt_us", link.rtt_ns / 1000) &&
                   cepa_status_add_number(item, "age_s", link.age_ns / CEPA_SECOND_NS) &&
                   cepa_status_add_number(item, "frames_in", link.frames_in) &&
                   cepa_status_add_number(item, "frames_out", link.frames_out) &&
                   cepa_status_add_number(item, "padding_out", link.padding_out) &&
                   cepa_status_add_number(item, "circuits", link.circuits) &&
                   cepa_status_add_number(item, "queued", link.queued) &&
                   cepa_status_add_number(item, "shaper_rate", link.shaper_rate);
    }
    return is_whole;
}

bool cepa_status_add_circuits(cJSON *object, const struct cepa_node *node, struct cepa_time now)
{
    static const char *const states[] = {"building", "ready", "mending"};
    cJSON *array = cJSON_AddArrayToObject(object, "circuits");
    struct cepa_node_circuit_status circuit;
    uint32_t cursor = 0;
    bool is_whole = array != NULL;
    while (is_whole && cepa_node_status_circuit(node, &circuit, &cursor, now)) {
        cJSON *item = cJSON_CreateObject();
        is_whole = cJSON_AddItemToArray(array, item) &&
                   cepa_status_add_number(item, "circuit", circuit.circuit) &&
                   cJSON_AddStringToObject(item, "state",
                                           circuit.state < 3 ? states[circuit.state] : "other") &&
                   cJSON_AddBoolToObject(item, "ahead", circuit.is_ahead) &&
                   cepa_status_add_number(item, "age_s", circuit.age_ns / CEPA_SECOND_NS) &&
                   cepa_status_add_number(item, "cells_sent", circuit.cells_sent) &&
                   cepa_status_add_number(item, "cells_received", circuit.cells_received);
        cJSON *hops = is_whole ? cJSON_AddArrayToObject(item, "hops") : NULL;
        for (size_t i = 0; i < circuit.hops_len && is_whole; i++) {
            cJSON *hop = cJSON_CreateObject();
            is_whole = cJSON_AddItemToArray(hops, hop) && add_id(hop, "node", &circuit.hops[i]);
        }
    }
    return is_whole;
}

bool cepa_status_add_guards(cJSON *object, const struct cepa_node *node)
{
    static const char *const states[] = {"untried", "reached", "unreachable"};
    cJSON *array = cJSON_AddArrayToObject(object, "guards");
    struct cepa_node_guard_status guard;
    uint32_t cursor = 0;
    bool is_whole = array != NULL;
    while (is_whole && cepa_node_status_guard(node, &guard, &cursor)) {
        cJSON *item = cJSON_CreateObject();
        is_whole = cJSON_AddItemToArray(array, item) && add_id(item, "node", &guard.node) &&
                   add_prefix(item, &guard.prefix) &&
                   cJSON_AddStringToObject(item, "state",
                                           guard.state < 3 ? states[guard.state] : "other") &&
                   cJSON_AddBoolToObject(item, "in_use", guard.is_in_use) &&
                   cJSON_AddBoolToObject(item, "confirmed", guard.is_confirmed) &&
                   cJSON_AddBoolToObject(item, "listed", guard.is_listed);
    }
    return is_whole;
}

bool cepa_status_add_relays(cJSON *object, const struct cepa_node *node)
{
    cJSON *array = cJSON_AddArrayToObject(object, "relays");
    struct cepa_node_relay_status relay;
    uint32_t cursor = 0;
    bool is_whole = array != NULL;
    for (size_t i = 0; i < CEPA_STATUS_RELAYS_MAX && is_whole; i++) {
        if (!cepa_node_status_relay(node, &relay, &cursor)) {
            break;
        }
        cJSON *item = cJSON_CreateObject();
        is_whole =
            cJSON_AddItemToArray(array, item) && add_id(item, "node", &relay.node) &&
            add_hex(item, "key", relay.key) && add_prefix(item, &relay.prefix) &&
            cepa_status_add_number(item, "capacity", relay.capacity) &&
            cepa_status_add_number(item, "first_day", relay.first_seen) &&
            cJSON_AddBoolToObject(item, "introduced",
                                  (relay.flags & CEPA_RELAY_FLAG_INTRODUCED) != 0) &&
            cJSON_AddBoolToObject(item, "guard", (relay.flags & CEPA_RELAY_FLAG_GUARD) != 0) &&
            cJSON_AddBoolToObject(item, "usable", relay.is_usable) &&
            cJSON_AddBoolToObject(item, "linked", relay.is_linked);
    }
    return is_whole;
}
