/* Turns of the transport and the node. */
#include "native/daemon/engine.h"

#include <stdlib.h>

#include "native/daemon/engine_state.h"
#include "native/daemon/transport.h"
#include "native/net/clock.h"
#include "node/node_commands.h"
#include "node/node_facts.h"
#include "node/profile.h"

/* Numbers in the loop. */
enum {
    NUMBER_WEBRTC,
    NUMBER_LAN,
    NUMBER_REACHABILITY, /* and one more */
    NUMBER_STREAMS = NUMBER_REACHABILITY + 2,
    TRIES_MAX = 8, /* turns of datagrams alone, before everything else has one */
    CERTIFICATE_MINUTES = 60,
    PARTING_MS = 600, /* for sessions, before that */
    FAREWELL_MS = 300
};

/* Carries out what the node wants. True if it wanted anything. */
static bool carry_out(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_node_effect effect;
    bool has_some = false;
    while (cepa_node_next(engine->node, &effect, now) == 0) {
        has_some = true;
        if (effect.kind == CEPA_NODE_STORE) {
            cepa_engine_keep(engine, &effect);
        } else if (effect.kind == CEPA_NODE_EVENT) {
            cepa_link_watch_on_event(&engine->link_watch, &effect, now);
            if (!cepa_end_on_node(engine->ends.end, &effect, now) &&
                !cepa_ping_on_event(&engine->ping, engine->node, &effect, now) &&
                !cepa_speed_on_event(&engine->speed, engine->node, &effect, now) &&
                !cepa_talk_on_event(&engine->talk, engine->node, &effect, now) &&
                !cepa_probe_on_event(&engine->probe, engine->node, &effect, now)) {
                cepa_engine_tell(engine, &effect);
            }
        } else {
            cepa_carriers_carry_out(engine->carriers, &effect, now);
        }
    }
    return has_some;
}

/* Moves everything between transport and node that can move now. */
static void settle(struct cepa_engine *engine, struct cepa_time now)
{
    bool has_events = true;
    while (has_events) {
        has_events = cepa_carriers_take(engine->carriers, now);
        (void)carry_out(engine, now);
    }
    if (cepa_time_is_due(cepa_node_deadline(engine->node), now)) {
        cepa_node_step(engine->node, now, cepa_clock_wall());
    }
    cepa_engine_step_end(engine, now);
    cepa_ping_step(&engine->ping, engine->node, now);
    cepa_speed_step(&engine->speed, engine->node, now);
    cepa_talk_step(&engine->talk, engine->node, now);
    cepa_probe_step(&engine->probe, engine->node, now);
    cepa_carriers_step(engine->carriers, now);
    do {
        (void)carry_out(engine, now);
    } while (cepa_engine_settle_end(engine, now));
    engine->has_more = cepa_carriers_pull(engine->carriers, now);
    /* Pulling may free what the node has to say something about. */
    engine->has_more = carry_out(engine, now) || engine->has_more;
    cepa_endpoint_flush(cepa_webrtc_endpoint(engine->webrtc));
}

/* Joins by the invitations of the configuration. */
static int join_configured(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    const struct cepa_config *config = engine->config.config;
    int status = 0;
    for (size_t i = 0; i < config->invitations_len && status == 0; i++) {
        status = cepa_engine_join(engine, ret_reason, config->invitations[i]);
    }
    return status;
}

static int open_reachability(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    const struct cepa_net_address sockets[2] = {
        cepa_webrtc_address(engine->webrtc, CEPA_NET_ADDRESS_IPV4),
        cepa_webrtc_address(engine->webrtc, CEPA_NET_ADDRESS_IPV6)};
    int descriptors[2] = {-1, -1};
    int status =
        cepa_reachability_open(&engine->reachability, engine->config.config, sockets,
                               engine->config.log, engine->config.random, cepa_clock_now());
    if (status == 0) {
        cepa_reachability_descriptors(engine->reachability, descriptors);
    }
    for (size_t i = 0; i < 2 && status == 0; i++) {
        if (descriptors[i] >= 0) {
            status = cepa_loop_add(engine->loop, descriptors[i], NUMBER_REACHABILITY + i,
                                   CEPA_LOOP_READ);
        }
    }
    if (status == 0) {
        status = cepa_loop_add(engine->loop, cepa_webrtc_descriptor(engine->webrtc), NUMBER_WEBRTC,
                               CEPA_LOOP_READ);
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status,
                                          "the machine's addresses cannot be watched: %s",
                                          cepa_error_text(status));
}

/* Looks for others in the local network, if that is wanted. */
static int open_lan(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    struct cepa_relay_address own = cepa_engine_own_address(engine);
    struct cepa_profile profile;
    struct cepa_network_id network;
    int status = cepa_profile_find(&profile, engine->config.config->profile);
    if (status == 0) {
        cepa_profile_network(&network, &profile);
        status = cepa_lan_discovery_open(&engine->lan, engine->config.config, &network,
                                         cepa_engine_is_relay(engine) ? &own : NULL,
                                         engine->config.random);
    }
    int fd = cepa_lan_discovery_descriptor(&engine->lan);
    if (status == 0 && fd >= 0) {
        status = cepa_loop_add(engine->loop, fd, NUMBER_LAN, CEPA_LOOP_READ);
        cepa_lan_discovery_on_interfaces(
            &engine->lan, cepa_reachability_interfaces(engine->reachability), cepa_clock_now());
    }
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status,
                                          "the local network cannot be searched: %s; set "
                                          "'lan-discovery' to off to do without",
                                          cepa_error_text(status));
}

static int open_all(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    const struct cepa_engine_config *config = &engine->config;
    int status = cepa_loop_open(&engine->loop);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "%s", cepa_error_text(status));
    }
    status = cepa_transport_open(&engine->webrtc, ret_reason, config->config,
                                 &config->state->secrets, config->random);
    if (status == 0) {
        status = open_reachability(engine, ret_reason);
    }
    if (status == 0) {
        status = cepa_engine_make_node(engine, ret_reason);
    }
    if (status == 0) {
        status = cepa_engine_make_end(engine, ret_reason, NUMBER_STREAMS);
    }
    if (status != 0) {
        return status;
    }
    status = cepa_carriers_new(&engine->carriers, cepa_webrtc_endpoint(engine->webrtc),
                               engine->node, config->random);
    if (status == 0) {
        status = cepa_node_start(engine->node, cepa_clock_now(), cepa_clock_wall());
    }
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "the node cannot start: %s",
                                cepa_error_text(status));
    }
    status = open_lan(engine, ret_reason);
    return status == 0 ? join_configured(engine, ret_reason) : status;
}

static void free_all(struct cepa_engine *engine)
{
    cepa_engine_free_end(engine);
    cepa_carriers_free(engine->carriers);
    cepa_webrtc_close(engine->webrtc);
    if (engine->node != NULL) {
        cepa_node_wipe(engine->node);
    }
    free(engine->memory);
    cepa_lan_discovery_close(&engine->lan);
    cepa_reachability_close(engine->reachability);
    cepa_loop_close(engine->loop);
    free(engine);
}

int cepa_engine_open(struct cepa_engine **ret_engine, struct cepa_reason *ret_reason,
                     const struct cepa_engine_config *config)
{
    struct cepa_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    engine->config = *config;
    engine->certificate_due =
        cepa_time_add(cepa_clock_now(), CERTIFICATE_MINUTES * 60 * CEPA_SECOND_NS);
    int status = open_all(engine, ret_reason);
    if (status != 0) {
        free_all(engine);
        return status;
    }
    *ret_engine = engine;
    return 0;
}

/* Lets sessions end, so that who is at their other ends does not wait for us: before the node,
 * whose circuits they need. */
static void end_sessions(struct cepa_engine *engine)
{
    struct cepa_streams_status status;
    struct cepa_time now = cepa_clock_now();
    struct cepa_time end = cepa_time_add(now, PARTING_MS * CEPA_MILLISECOND_NS);
    cepa_streams_status_get(&status, engine->ends.streams);
    if (status.sessions == 0) {
        return;
    }
    cepa_streams_leave(engine->ends.streams, now);
    settle(engine, now);
    cepa_streams_status_get(&status, engine->ends.streams);
    while (status.sessions > 0 && cepa_time_is_before(now, end)) {
        struct cepa_time next = cepa_time_earliest(end, cepa_engine_end_deadline(engine));
        next = cepa_time_earliest(next, cepa_node_deadline(engine->node));
        next = cepa_time_earliest(next, cepa_carriers_deadline(engine->carriers));
        next = engine->has_more ? now : next;
        if (cepa_webrtc_wait(engine->webrtc, next) != 0) {
            return;
        }
        now = cepa_clock_now();
        settle(engine, now);
        cepa_streams_status_get(&status, engine->ends.streams);
    }
}

/* Lets the node take leave: its last frames go out, for a moment. */
static void take_leave(struct cepa_engine *engine)
{
    struct cepa_time now = cepa_clock_now();
    struct cepa_time end = cepa_time_add(now, FAREWELL_MS * CEPA_MILLISECOND_NS);
    cepa_node_stop(engine->node, now);
    settle(engine, now);
    while (cepa_time_is_before(now, end) &&
           !cepa_time_is_never(cepa_carriers_deadline(engine->carriers))) {
        struct cepa_time next = cepa_time_earliest(end, cepa_node_deadline(engine->node));
        next = cepa_time_earliest(next, cepa_carriers_deadline(engine->carriers));
        if (cepa_webrtc_wait(engine->webrtc, next) != 0) {
            return;
        }
        now = cepa_clock_now();
        settle(engine, now);
    }
}

void cepa_engine_close(struct cepa_engine *engine)
{
    if (engine != NULL) {
        end_sessions(engine);
        take_leave(engine);
        free_all(engine);
    }
}

int cepa_engine_descriptor(const struct cepa_engine *engine)
{
    return cepa_loop_descriptor(engine->loop);
}

int cepa_engine_prepare(struct cepa_engine *engine)
{
    struct cepa_time deadline = engine->has_more ? cepa_clock_now() : engine->certificate_due;
    deadline = cepa_time_earliest(deadline, cepa_node_deadline(engine->node));
    deadline = cepa_time_earliest(deadline, cepa_engine_end_deadline(engine));
    deadline = cepa_time_earliest(deadline, cepa_carriers_deadline(engine->carriers));
    deadline = cepa_time_earliest(deadline, cepa_ping_deadline(&engine->ping));
    deadline = cepa_time_earliest(deadline, cepa_speed_deadline(&engine->speed));
    deadline = cepa_time_earliest(deadline, cepa_talk_deadline(&engine->talk));
    deadline = cepa_time_earliest(deadline, cepa_probe_deadline(&engine->probe));
    deadline = cepa_time_earliest(deadline, cepa_reachability_deadline(engine->reachability));
    deadline = cepa_time_earliest(deadline, cepa_lan_discovery_deadline(&engine->lan));
    int status = cepa_webrtc_prepare(engine->webrtc);
    return status != 0 ? status : cepa_loop_set_deadline(engine->loop, deadline);
}

/* Follows the listening certificate by another one in time. */
static void renew_certificate(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_secrets *secrets = &engine->config.state->secrets;
    struct cepa_reason reason = {"there is no randomness"};
    struct cepa_certificate *certificate = NULL;
    struct cepa_dtls_hash hashes[2];
    bool is_new = false;
    engine->certificate_due = cepa_time_add(now, CERTIFICATE_MINUTES * 60 * CEPA_SECOND_NS);
    int status = cepa_secrets_renew(secrets, &is_new, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                                    engine->config.random);
    if (status == 0 && !is_new) {
        return;
    }
    if (status == 0) {
        status = cepa_secrets_save(secrets, &reason, engine->config.state->folder.fd);
    }
    if (status == 0) {
        status =
            cepa_certificate_decode(&certificate, secrets->current.text, secrets->current.text_len);
    }
    if (status == 0) {
        status = cepa_endpoint_set_certificate(cepa_webrtc_endpoint(engine->webrtc), certificate);
        cepa_certificate_free(certificate);
    }
    if (status != 0) {
        struct cepa_log_field why = cepa_log_text("why", reason.text);
        cepa_log_write(engine->config.log, CEPA_CONFIG_LEVEL_ERROR,
                       "the listening certificate cannot be renewed", &why, 1);
        return;
    }
    cepa_engine_hashes(engine, hashes);
    cepa_node_on_certificates(engine->node, &hashes[0], &hashes[1], now);
    const struct cepa_relay_address own = cepa_engine_own_address(engine);
    cepa_lan_discovery_announce(&engine->lan, &own, now);
}

static void tell_addresses(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    size_t len = cepa_reachability_get(engine->reachability, reaches);
    cepa_node_on_addresses(engine->node, reaches, len, now);
}

static void look_around(struct cepa_engine *engine, struct cepa_time now)
{
    if (cepa_webrtc_has_moved(engine->webrtc)) {
        cepa_carriers_on_moved(engine->carriers);
        cepa_node_on_moved(engine->node, now);
    }
    if (cepa_reachability_step(engine->reachability, now)) {
        tell_addresses(engine, now);
    }
}

/* Takes how peers see this machine. */
static void look_at_self(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_net_address seen;
    while (cepa_carriers_seen(engine->carriers, &seen)) {
        if (cepa_reachability_on_seen(engine->reachability, &seen)) {
            cepa_log_say(engine->config.log, CEPA_CONFIG_LEVEL_INFO,
                         "peers see this machine at another address: it stands behind a NAT");
            tell_addresses(engine, now);
            engine->has_more = true;
        }
    }
    cepa_lan_discovery_on_interfaces(&engine->lan,
                                     cepa_reachability_interfaces(engine->reachability), now);
}

/* Joins by whom the local network has. */
static void look_into_lan(struct cepa_engine *engine, struct cepa_time now)
{
    struct cepa_relay_address address;
    cepa_lan_discovery_step(&engine->lan, now);
    while (cepa_lan_discovery_next(&engine->lan, &address, cepa_node_is_joined(engine->node))) {
        cepa_node_hint(engine->node, &address, now);
        cepa_log_say(engine->config.log, CEPA_CONFIG_LEVEL_DEBUG,
                     "somebody announces a node of the local network");
    }
}

/* Finds out what is ready, and takes it. */
static int look_at_all(struct cepa_engine *engine)
{
    struct cepa_loop_ready ready;
    struct cepa_time now = cepa_clock_now();
    bool is_lan = cepa_time_is_due(cepa_lan_discovery_deadline(&engine->lan), now);
    bool is_around = cepa_time_is_due(cepa_reachability_deadline(engine->reachability), now);
    if (cepa_loop_wait(engine->loop, now) < 0 || cepa_webrtc_wait(engine->webrtc, now) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    while (cepa_loop_next(engine->loop, &ready)) {
        bool is_stream = cepa_streams_on_ready(engine->ends.streams, &ready, now);
        is_around = is_around || (!is_stream && ready.number >= NUMBER_REACHABILITY);
        is_lan = is_lan || ready.number == NUMBER_LAN;
    }
    now = cepa_clock_now();
    if (is_around) {
        look_around(engine, now);
    }
    if (is_lan) {
        look_into_lan(engine, now);
    }
    if (cepa_time_is_due(engine->certificate_due, now)) {
        renew_certificate(engine, now);
    }
    return 0;
}

/* Traffic makes most turns: what it brings is asked for first, and all else has its turn when there
 * is none, or after a few. One such turn at a time: by asking again and again, little would come
 * each time, and a turn costs more than a datagram. */
int cepa_engine_turn(struct cepa_engine *engine)
{
    if (engine->tries < TRIES_MAX && cepa_webrtc_try(engine->webrtc)) {
        engine->tries++;
        settle(engine, cepa_clock_now());
        return 0; /* whatever else is ready brings the next turn at once */
    }
    engine->tries = 0;
    int status = look_at_all(engine);
    if (status == 0) {
        settle(engine, cepa_clock_now());
        look_at_self(engine, cepa_clock_now());
    }
    return status;
}

uint16_t cepa_engine_port(const struct cepa_engine *engine)
{
    struct cepa_net_address address = cepa_webrtc_address(engine->webrtc, CEPA_NET_ADDRESS_IPV4);
    return address.family != CEPA_NET_ADDRESS_NONE
               ? address.port
               : cepa_webrtc_address(engine->webrtc, CEPA_NET_ADDRESS_IPV6).port;
}
