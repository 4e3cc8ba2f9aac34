/* Links and probes for those who measure, over the control socket. */
#include <cjson/cJSON.h>

#include "native/daemon/engine_state.h"
#include "native/net/clock.h"

struct number {
    const char *name;
    uint32_t value;
};

/* Adds numbers to an object. */
static bool add(cJSON *object, const struct number *numbers, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (cJSON_AddNumberToObject(object, numbers[i].name, numbers[i].value) == NULL) {
            return false;
        }
    }
    return true;
}

static int refuse(struct cepa_reason *ret_reason, int status, const char *is_taken,
                  const char *is_unknown)
{
    bool is_busy = status == CEPA_ERR_IN_USE || status == CEPA_ERR_STATE;
    return cepa_reason_fail(ret_reason, status, "%s",
                            is_busy                        ? is_taken
                            : status == CEPA_ERR_NOT_FOUND ? is_unknown
                                                           : cepa_error_text(status));
}

int cepa_engine_link(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                     const struct cepa_node_id *relay, bool is_fresh)
{
    int status =
        cepa_link_watch_begin(&engine->link_watch, engine->node, relay, is_fresh, cepa_clock_now());
    engine->has_more = true;
    return status == 0 ? 0
                       : refuse(ret_reason, status, "there is a link already",
                                "that relay is not known, or there is no way to it");
}

struct cJSON *cepa_engine_linked(const struct cepa_engine *engine)
{
    const struct cepa_link_watch *watch = &engine->link_watch;
    const struct number numbers[] = {
        {"up_us", watch->up_us}, {"direct_us", watch->direct_us}, {"downs", watch->downs}};
    cJSON *object = cJSON_CreateObject();
    cJSON *link = cJSON_AddObjectToObject(object, "link");
    bool is_whole = cJSON_AddBoolToObject(link, "initiator", watch->is_initiator) != NULL &&
                    cJSON_AddBoolToObject(link, "relayed_first", watch->was_relayed) != NULL &&
                    add(link, numbers, sizeof numbers / sizeof numbers[0]);
    if (!is_whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

int cepa_engine_probe(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                      const struct cepa_probe_request *request)
{
    int status = cepa_probe_begin(&engine->probe, engine->node, request, cepa_clock_now());
    engine->has_more = true;
    return status == 0 ? 0
                       : refuse(ret_reason, status, "there are no guards, or a probe is under way",
                                "a relay of the path is not known");
}

struct cJSON *cepa_engine_probed(const struct cepa_engine *engine)
{
    struct cepa_probe_result result;
    cepa_probe_result_of(&result, &engine->probe);
    const struct number numbers[] = {{"count", result.count},
                                     {"sent", result.sent},
                                     {"answered", result.answered},
                                     {"broken", result.broken},
                                     {"ready_us", result.ready_us},
                                     {"echo_us_median", result.echo_us_median},
                                     {"echo_us_p95", result.echo_us_p95},
                                     {"echo_us_max", result.echo_us_max}};
    cJSON *object = cJSON_CreateObject();
    cJSON *probe = cJSON_AddObjectToObject(object, "probe");
    bool is_whole = cJSON_AddBoolToObject(probe, "is_running", result.is_running) != NULL &&
                    add(probe, numbers, sizeof numbers / sizeof numbers[0]);
    if (!is_whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}
