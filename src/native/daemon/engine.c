/* The transport, with nobody on it yet: sockets answer, and connections are let go again. */
#include "native/daemon/engine.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "native/daemon/transport.h"
#include "native/net/clock.h"

struct cepa_engine {
    struct cepa_engine_config config;
    struct cepa_webrtc *webrtc;
};

int cepa_engine_open(struct cepa_engine **ret_engine, struct cepa_reason *ret_reason,
                     const struct cepa_engine_config *config)
{
    struct cepa_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    engine->config = *config;
    int status = cepa_transport_open(&engine->webrtc, ret_reason, config->config,
                                     &config->state->secrets, config->random);
    if (status != 0) {
        free(engine);
        return status;
    }
    *ret_engine = engine;
    return 0;
}

void cepa_engine_close(struct cepa_engine *engine)
{
    if (engine != NULL) {
        cepa_webrtc_close(engine->webrtc);
        free(engine);
    }
}

int cepa_engine_descriptor(const struct cepa_engine *engine)
{
    return cepa_webrtc_descriptor(engine->webrtc);
}

int cepa_engine_prepare(struct cepa_engine *engine)
{
    return cepa_webrtc_prepare(engine->webrtc);
}

int cepa_engine_turn(struct cepa_engine *engine)
{
    struct cepa_endpoint *endpoint = cepa_webrtc_endpoint(engine->webrtc);
    struct cepa_endpoint_event event;
    int status = cepa_webrtc_wait(engine->webrtc, cepa_clock_now());
    while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
        if (event.kind == CEPA_ENDPOINT_OPEN) {
            status = status != 0 ? status : cepa_endpoint_close(endpoint, event.connection);
        }
    }
    return status;
}

uint16_t cepa_engine_port(const struct cepa_engine *engine)
{
    struct cepa_address address = cepa_webrtc_address(engine->webrtc, CEPA_ADDRESS_IPV4);
    return address.family != CEPA_ADDRESS_NONE
               ? address.port
               : cepa_webrtc_address(engine->webrtc, CEPA_ADDRESS_IPV6).port;
}

int cepa_engine_status(struct cepa_engine *engine, struct cJSON *object)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(cepa_webrtc_endpoint(engine->webrtc));
    return cJSON_AddNumberToObject(object, "connections", counts.connections) != NULL
               ? 0
               : CEPA_ERR_EXHAUSTED;
}

void cepa_engine_metrics(struct cepa_engine *engine, struct cepa_metrics *metrics)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(cepa_webrtc_endpoint(engine->webrtc));
    cepa_metrics_add(metrics, "connections", CEPA_METRICS_GAUGE, "connections of the transport",
                     counts.connections);
    cepa_metrics_add(metrics, "dials_accepted_total", CEPA_METRICS_COUNTER,
                     "dials of others that began", counts.accepted);
    cepa_metrics_add(metrics, "datagrams_unverified_total", CEPA_METRICS_COUNTER,
                     "datagrams that came for nobody, or from nobody who is known",
                     counts.unverified + counts.unrouted);
}

int cepa_engine_invite(struct cepa_engine *engine, struct cepa_reason *ret_reason, char *ret_text,
                       size_t capacity)
{
    (void)engine;
    (void)ret_text;
    (void)capacity;
    return cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND, "there is nobody to name yet");
}

int cepa_engine_join(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                     const char *invitation)
{
    (void)engine;
    (void)invitation;
    return cepa_reason_fail(ret_reason, CEPA_ERR_UNSUPPORTED, "this build cannot join yet");
}
