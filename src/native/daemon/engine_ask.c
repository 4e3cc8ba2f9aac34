/* What the control socket wants from transport and node. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "native/daemon/engine_state.h"
#include "native/daemon/reach_report.h"
#include "native/daemon/status.h"
#include "native/net/clock.h"
#include "node/node_commands.h"
#include "node/node_status.h"
#include "node/profile.h"
#include "wire/invitation.h"

/* Adds whether others can reach this node, and why or why not. */
static bool add_reachability(struct cepa_engine *engine, struct cJSON *object,
                             const struct cepa_node_status *status)
{
    static const char *const states[] = {"off",    "unwanted", "asking",
                                         "mapped", "private",  "failed"};
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    char text[CEPA_REACH_REPORT_SIZE];
    char router[CEPA_REACH_REPORT_SIZE];
    const struct cepa_reach_facts facts = {
        .is_relay = status->is_relay,
        .is_metered = engine->config.config->is_metered,
        .is_joined = status->is_joined,
        .is_published = status->is_published,
        .is_filtered = status->is_filtered,
        .receipts = status->receipts,
        .receipts_min = engine->receipts_min,
        .addresses = cepa_reachability_get(engine->reachability, reaches),
        .port = cepa_engine_port(engine),
        .mapping = cepa_reachability_mapping(engine->reachability),
    };
    bool is_reachable = cepa_reach_report(text, &facts);
    cepa_reach_report_mapping(router, &facts.mapping);
    cJSON *part = cJSON_AddObjectToObject(object, "reachability");
    return cJSON_AddNumberToObject(object, "addresses", (double)facts.addresses) != NULL &&
           cJSON_AddBoolToObject(part, "direct", is_reachable) != NULL &&
           cJSON_AddStringToObject(part, "why", text) != NULL &&
           cJSON_AddNumberToObject(part, "receipts_needed", facts.receipts_min) != NULL &&
           cJSON_AddStringToObject(part, "port_mapping", states[facts.mapping.state]) != NULL &&
           cJSON_AddNumberToObject(part, "mapped_port", facts.mapping.port) != NULL &&
           cJSON_AddStringToObject(part, "router", router) != NULL;
}

/* Adds what came of searching the local network. */
static bool add_lan(const struct cepa_engine *engine, struct cJSON *object)
{
    const struct cepa_lan_discovery *lan = &engine->lan;
    cJSON *part = cJSON_AddObjectToObject(object, "lan");
    return cJSON_AddBoolToObject(part, "discovery", lan->lan != NULL) != NULL &&
           cJSON_AddBoolToObject(part, "announcing", lan->is_announcing) != NULL &&
           cJSON_AddNumberToObject(part, "heard", (double)lan->heard) != NULL &&
           cJSON_AddNumberToObject(part, "dialled", (double)lan->dialled) != NULL;
}

/* Adds how many of the user's identities can be reached, and what goes to and from others. */
static bool add_ends(const struct cepa_engine *engine, struct cJSON *object)
{
    struct cepa_streams_status status;
    size_t reachable = 0;
    uint32_t mailboxes = 0;
    cepa_streams_status_get(&status, engine->ends.streams);
    for (size_t i = 0; i < engine->ends.own_len; i++) {
        reachable += engine->ends.own[i].is_published;
        mailboxes += cepa_end_mailboxes(engine->ends.end, engine->ends.own[i].identity);
    }
    cJSON *identities = cJSON_AddObjectToObject(object, "identities");
    cJSON *sessions = cJSON_AddObjectToObject(object, "sessions");
    return cJSON_AddNumberToObject(identities, "here", (double)engine->ends.own_len) != NULL &&
           cJSON_AddNumberToObject(identities, "reachable", (double)reachable) != NULL &&
           cJSON_AddNumberToObject(identities, "mailboxes", mailboxes) != NULL &&
           cJSON_AddNumberToObject(sessions, "open", status.sessions) != NULL &&
           cJSON_AddNumberToObject(sessions, "streams", status.streams) != NULL &&
           cJSON_AddNumberToObject(sessions, "bytes_out", (double)status.bytes_out) != NULL &&
           cJSON_AddNumberToObject(sessions, "bytes_in", (double)status.bytes_in) != NULL;
}

int cepa_engine_status(struct cepa_engine *engine, struct cJSON *object)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(cepa_webrtc_endpoint(engine->webrtc));
    struct cepa_node_status status;
    struct cepa_time now = cepa_clock_now();
    cepa_node_status_get(engine->node, &status, now, cepa_clock_wall());
    return cJSON_AddNumberToObject(object, "connections", counts.connections) != NULL &&
                   add_reachability(engine, object, &status) && add_lan(engine, object) &&
                   add_ends(engine, object)
               ? cepa_status_json(object, &status, engine->node, now)
               : CEPA_ERR_EXHAUSTED;
}

void cepa_engine_metrics(struct cepa_engine *engine, struct cepa_metrics *metrics)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(cepa_webrtc_endpoint(engine->webrtc));
    struct cepa_carriers_counts frames = cepa_carriers_counts(engine->carriers);
    cepa_metrics_add(metrics, "connections", CEPA_METRICS_GAUGE, "connections of the transport",
                     counts.connections);
    cepa_metrics_add(metrics, "dials_accepted_total", CEPA_METRICS_COUNTER,
                     "dials of others that began", counts.accepted);
    cepa_metrics_add(metrics, "datagrams_unverified_total", CEPA_METRICS_COUNTER,
                     "datagrams that came for nobody, or from nobody who is known",
                     counts.unverified + counts.unrouted);
    cepa_metrics_add(metrics, "frames_in_total", CEPA_METRICS_COUNTER, "frames that came",
                     frames.frames_in);
    cepa_metrics_add(metrics, "frames_out_total", CEPA_METRICS_COUNTER, "frames that left",
                     frames.frames_out);
    cepa_metrics_add(metrics, "frames_malformed_total", CEPA_METRICS_COUNTER,
                     "messages that were no frames", frames.malformed);
    cepa_metrics_add(metrics, "store_failures_total", CEPA_METRICS_COUNTER,
                     "changes of state that could not be kept", engine->store_failures);
    cepa_status_metrics(metrics, engine->node, cepa_clock_now(), cepa_clock_wall());
}

int cepa_engine_invite(struct cepa_engine *engine, struct cepa_reason *ret_reason, char *ret_text,
                       size_t capacity)
{
    char text[CEPA_INVITATION_TEXT_SIZE];
    int status = cepa_node_invite(engine->node, text);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status,
                                "there is nobody to name yet: this node cannot be dialled, and "
                                "knows no relay that can");
    }
    if (strlen(text) >= capacity) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG, "the invitation is too long");
    }
    memcpy(ret_text, text, strlen(text) + 1);
    return 0;
}

static int refuse(struct cepa_reason *ret_reason, int status, const char *profile)
{
    switch (status) {
    case CEPA_ERR_AUTHENTICATION:
        return cepa_reason_fail(ret_reason, status,
                                "the invitation is mistyped, or a part of it is missing; copy all "
                                "of it again");
    case CEPA_ERR_VERSION:
        return cepa_reason_fail(ret_reason, status,
                                "the invitation is of a newer version of cepa; install that one");
    case CEPA_ERR_UNSUPPORTED:
        return cepa_reason_fail(ret_reason, status,
                                "the invitation is for another network than '%s'; start the "
                                "daemon with the 'profile' of whoever invites",
                                profile);
    default:
        return cepa_reason_fail(ret_reason, status,
                                "this is no invitation; one begins with 'cepa:'");
    }
}

int cepa_engine_reload(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    int status = cepa_state_reload(engine->config.state, ret_reason);
    if (status == 0) {
        cepa_engine_reload_end(engine, cepa_clock_now());
    }
    return status;
}

int cepa_engine_join(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                     const char *invitation)
{
    const char *name = engine->config.config->profile;
    struct cepa_invitation decoded;
    struct cepa_network_id network;
    struct cepa_profile profile;
    int status = cepa_profile_find(&profile, name);
    if (status == 0) {
        cepa_profile_network(&network, &profile);
        status = cepa_invitation_decode(&decoded, invitation, strlen(invitation), &network);
    }
    if (status != 0) {
        return refuse(ret_reason, status, name);
    }
    status =
        cepa_node_join(engine->node, decoded.addresses, decoded.addresses_len, cepa_clock_now());
    return status == 0 ? 0 : cepa_reason_fail(ret_reason, status, "%s", cepa_error_text(status));
}

int cepa_engine_ping(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint32_t count,
                     uint8_t hops)
{
    int status = cepa_ping_begin(&engine->ping, count, hops);
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status,
                                          "another series of pings is under way; wait for its end");
}

void cepa_engine_talk(struct cepa_engine *engine, uint32_t every_ms, uint32_t for_ms, uint8_t hops)
{
    cepa_talk_begin(&engine->talk, every_ms, for_ms, hops, cepa_clock_now());
}

struct cJSON *cepa_engine_pinged(const struct cepa_engine *engine)
{
    struct cepa_ping_result result;
    cepa_ping_result_of(&result, &engine->ping);
    const struct {
        const char *name;
        uint32_t value;
    } numbers[] = {{"count", result.count},
                   {"done", result.done},
                   {"failed", result.failed},
                   {"build_us_median", result.build_us_median},
                   {"build_us_p95", result.build_us_p95},
                   {"build_us_max", result.build_us_max},
                   {"echo_us_median", result.echo_us_median},
                   {"echo_us_p95", result.echo_us_p95},
                   {"echo_us_max", result.echo_us_max}};
    cJSON *object = cJSON_CreateObject();
    cJSON *ping = cJSON_AddObjectToObject(object, "ping");
    bool is_whole = cJSON_AddBoolToObject(ping, "is_running", result.is_running) != NULL;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0] && is_whole; i++) {
        is_whole = cJSON_AddNumberToObject(ping, numbers[i].name, numbers[i].value) != NULL;
    }
    if (!is_whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

int cepa_engine_speed(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                      uint32_t megabytes, uint8_t hops, bool is_download)
{
    int status = cepa_speed_begin(&engine->speed, megabytes, hops, is_download);
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status,
                                          "another measurement is under way; wait for its end");
}

/* Adds times of small messages. */
static bool add_times(cJSON *object, const char *name, const struct cepa_speed_times *times)
{
    cJSON *item = cJSON_AddObjectToObject(object, name);
    return cJSON_AddNumberToObject(item, "sent", times->sent) != NULL &&
           cJSON_AddNumberToObject(item, "answered", times->answered) != NULL &&
           cJSON_AddNumberToObject(item, "median_us", times->median) != NULL &&
           cJSON_AddNumberToObject(item, "p95_us", times->p95) != NULL &&
           cJSON_AddNumberToObject(item, "max_us", times->max) != NULL;
}

struct cJSON *cepa_engine_speed_result(const struct cepa_engine *engine)
{
    struct cepa_speed_result result;
    cepa_speed_result_of(&result, &engine->speed);
    cJSON *object = cJSON_CreateObject();
    cJSON *speed = cJSON_AddObjectToObject(object, "speed");
    bool is_whole = cJSON_AddBoolToObject(speed, "is_running", result.is_running) != NULL &&
                    cJSON_AddBoolToObject(speed, "is_failed", result.is_failed) != NULL &&
                    cJSON_AddBoolToObject(speed, "is_download", result.is_download) != NULL &&
                    cJSON_AddBoolToObject(speed, "has_same_path", result.has_same_path) != NULL &&
                    cJSON_AddNumberToObject(speed, "bytes", (double)result.bytes) != NULL &&
                    cJSON_AddNumberToObject(speed, "took_us", (double)result.took_us) != NULL &&
                    add_times(speed, "quiet", &result.quiet) &&
                    add_times(speed, "busy", &result.busy);
    if (!is_whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
