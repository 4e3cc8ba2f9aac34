/* Giving work to UPnP's process, and taking its result. */
#include <stdio.h>
#include <string.h>

#include "native/net/port_mapping_state.h"

enum {
    NUMBER_WORK = 3,
    LATE_S = 30, /* then a process that did not even end itself is killed */
    CANDIDATE_FIRST = 20000,
    CANDIDATES = 40000 /* ports from there on that may be tried */
};

static int start(struct cepa_port_mapping *mapping, const struct cepa_upnp_request *request,
                 struct cepa_time now)
{
    int result = cepa_upnp_start(&mapping->work, request);
    if (result != 0) {
        mapping->work = NULL;
        return result;
    }
    mapping->is_removing = request->is_removal;
    mapping->work_end = cepa_time_add(now, LATE_S * CEPA_SECOND_NS);
    if (cepa_loop_add(mapping->loop, cepa_upnp_descriptor(mapping->work), NUMBER_WORK,
                      CEPA_LOOP_READ) != 0) {
        cepa_upnp_end(mapping->work);
        mapping->work = NULL;
        return CEPA_ERR_SYSTEM;
    }
    return 0;
}

static void end_work(struct cepa_port_mapping *mapping)
{
    cepa_loop_remove(mapping->loop, cepa_upnp_descriptor(mapping->work), NUMBER_WORK);
    cepa_upnp_end(mapping->work);
    mapping->work = NULL;
}

void mapping_work_drop(struct cepa_port_mapping *mapping)
{
    if (mapping->work != NULL) {
        end_work(mapping);
    }
}

void mapping_work_begin(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    const struct mapping_lease *udp = &mapping->leases[CEPA_PORT_MAPPING_UDP];
    const struct mapping_lease *tcp = &mapping->leases[CEPA_PORT_MAPPING_TCP];
    const struct mapping_lease *first = udp->internal_port != 0 ? udp : tcp;
    struct cepa_upnp_request request;
    uint16_t drawn[CEPA_UPNP_CANDIDATES - 1] = {0};
    mapping_work_drop(mapping); /* never two at one time */
    memset(&request, 0, sizeof request);
    request.gateway = mapping->gateway.address;
    request.local = mapping->local;
    request.udp_port = udp->internal_port;
    request.tcp_port = tcp->internal_port;
    request.lifetime_s = mapping->config.lifetime_s;
    request.candidates[0] = first->is_mapped ? first->external.port : first->internal_port;
    if (cepa_random_fill(mapping->config.random, (uint8_t *)drawn, sizeof drawn) == 0) {
        for (size_t i = 1; i < CEPA_UPNP_CANDIDATES; i++) {
            request.candidates[i] = (uint16_t)(CANDIDATE_FIRST + drawn[i - 1] % CANDIDATES);
        }
    }
    (void)snprintf(request.description_url, sizeof request.description_url, "%s",
                   mapping->description_url);
    int result = start(mapping, &request, now);
    if (result != 0) {
        mapping_on_protocol_failed(mapping, result, 0, now);
        return;
    }
    mapping->phase = MAPPING_WORKING;
}

/* Takes over what the process has mapped. */
static void on_mapped(struct cepa_port_mapping *mapping, const struct cepa_upnp_result *result,
                      struct cepa_time now)
{
    const uint16_t ports[CEPA_PORT_MAPPING_TRANSPORTS] = {result->udp_external,
                                                          result->tcp_external};
    mapping->control = result->control;
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
        struct cepa_net_address external = result->external;
        external.port = ports[i];
        if (ports[i] != 0) {
            mapping->leases[i].is_asked = true;
            /* What the router keeps for ever is renewed all the same: it may begin anew. */
            mapping_on_granted(mapping, (enum cepa_port_mapping_transport)i, &external,
                               mapping->config.lifetime_s, now);
        }
    }
}

/* Lets a process take away what is mapped. */
static void start_removal(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (!mapping_has_lease(mapping) || mapping->protocol != CEPA_PORT_MAPPING_UPNP) {
        return;
    }
    struct cepa_upnp_request request;
    memset(&request, 0, sizeof request);
    request.is_removal = true;
    request.control = mapping->control;
    const struct mapping_lease *udp = &mapping->leases[CEPA_PORT_MAPPING_UDP];
    const struct mapping_lease *tcp = &mapping->leases[CEPA_PORT_MAPPING_TCP];
    request.udp_external = udp->is_mapped ? udp->external.port : 0;
    request.tcp_external = tcp->is_mapped ? tcp->external.port : 0;
    (void)start(mapping, &request, now);
}

void mapping_work_step(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    struct cepa_upnp_result result;
    if (mapping->work == NULL) {
        return;
    }
    if (cepa_upnp_is_done(mapping->work, &result)) {
        end_work(mapping);
        if (mapping->phase == MAPPING_WORKING && result.result == 0) {
            on_mapped(mapping, &result, now);
            mapping_on_round_done(mapping, now);
        } else if (mapping->phase == MAPPING_WORKING) {
            mapping_on_protocol_failed(mapping, result.result, 0, now);
        } else if (mapping->phase == MAPPING_STOPPING && !mapping->is_removing) {
            /* It was cancelled while it renewed; what was mapped before may still be there. */
            start_removal(mapping, now);
        }
    } else if (cepa_time_is_due(mapping->work_end, now)) {
        end_work(mapping);
        if (mapping->phase == MAPPING_WORKING) {
            mapping_on_protocol_failed(mapping, CEPA_ERR_NOT_FOUND, 0, now);
        }
    }
}

void mapping_work_removal(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    struct cepa_upnp_result result;
    if (mapping->work != NULL) {
        /* What it has done, it undoes itself, unless it has just finished. */
        cepa_upnp_cancel(mapping->work);
        if (!cepa_upnp_is_done(mapping->work, &result)) {
            return;
        }
        end_work(mapping);
        if (result.result == 0) {
            on_mapped(mapping, &result, now);
        }
    }
    start_removal(mapping, now);
}
