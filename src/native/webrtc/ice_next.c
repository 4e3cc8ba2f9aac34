/* Effects, one at a time, and when the next one is due. */
#include <string.h>

#include "native/webrtc/ice_internal.h"

/* Gives the next fact to report, in an order that makes sense. */
static enum cepa_ice_effect_kind event_next(struct cepa_ice *ice, struct cepa_ice_effect *effect)
{
    static const struct {
        uint8_t bit;
        uint8_t kind;
    } order[] = {{CEPA_ICE_EVENT_SELECTED, CEPA_ICE_SELECTED},
                 {CEPA_ICE_EVENT_SILENT, CEPA_ICE_SILENT},
                 {CEPA_ICE_EVENT_ALIVE, CEPA_ICE_ALIVE},
                 {CEPA_ICE_EVENT_FAILED, CEPA_ICE_FAILED}};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if ((ice->events & order[i].bit) == 0) {
            continue;
        }
        ice->events = (uint8_t)(ice->events & ~order[i].bit);
        if (order[i].kind == CEPA_ICE_SELECTED) {
            effect->path = ice->selected.path;
        } else if (order[i].kind == CEPA_ICE_FAILED) {
            effect->failure = (enum cepa_ice_failure)ice->failure;
        }
        return (enum cepa_ice_effect_kind)order[i].kind;
    }
    return CEPA_ICE_NOTHING;
}

static bool drop_next(struct cepa_ice *ice, struct cepa_ice_effect *effect)
{
    if (ice->drops_len == 0) {
        return false;
    }
    ice->drops_len--;
    effect->path.stream = ice->drops[ice->drops_len];
    return true;
}

static struct cepa_time deadline_of(const struct cepa_ice *ice)
{
    if (ice->is_failed) {
        return cepa_time_never();
    }
    struct cepa_time deadline = cepa_ice_watch_deadline(ice);
    if (!ice->is_lite) {
        deadline = cepa_time_earliest(deadline, cepa_ice_pair_deadline(ice));
    }
    return cepa_time_earliest(deadline, cepa_ice_consider_deadline(ice));
}

enum cepa_ice_effect_kind cepa_ice_next(struct cepa_ice *ice, struct cepa_ice_effect *ret_effect,
                                        struct cepa_time now)
{
    memset(ret_effect, 0, sizeof *ret_effect);
    if (cepa_ice_reply_next(ice, ret_effect)) {
        return CEPA_ICE_SEND;
    }
    if (!cepa_time_is_due(ice->deadline, now)) {
        return CEPA_ICE_NOTHING;
    }
    if (!ice->is_failed) {
        cepa_ice_pair_expire(ice, now);
        cepa_ice_watch(ice, now);
        cepa_ice_consider(ice, now);
    }
    enum cepa_ice_effect_kind kind = event_next(ice, ret_effect);
    if (kind == CEPA_ICE_NOTHING && drop_next(ice, ret_effect)) {
        kind = CEPA_ICE_DROP;
    }
    if (kind == CEPA_ICE_NOTHING) {
        kind = cepa_ice_check_next(ice, ret_effect, now);
    }
    if (kind == CEPA_ICE_NOTHING) {
        ice->deadline = deadline_of(ice);
    } else {
        cepa_ice_wake(ice);
    }
    return kind;
}

struct cepa_time cepa_ice_deadline(const struct cepa_ice *ice)
{
    const struct cepa_time at_once = {0};
    return ice->replies_len > 0 ? at_once : ice->deadline;
}
