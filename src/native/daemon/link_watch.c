/* A timed link. */
#include "native/daemon/link_watch.h"

#include <string.h>

#include "node/node_commands.h"

int cepa_link_watch_begin(struct cepa_link_watch *watch, struct cepa_node *node,
                          const struct cepa_node_id *peer, bool is_fresh, struct cepa_time now)
{
    int status = cepa_node_connect(node, peer, is_fresh, now);
    if (status == 0) {
        *watch = (struct cepa_link_watch){.is_begun = true, .peer = *peer, .began = now};
    }
    return status;
}

static uint32_t us_since(const struct cepa_link_watch *watch, struct cepa_time now)
{
    uint64_t us = cepa_time_since(now, watch->began) / CEPA_MICROSECOND_NS;
    return us == 0 ? 1 : us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

void cepa_link_watch_on_event(struct cepa_link_watch *watch, const struct cepa_node_effect *effect,
                              struct cepa_time now)
{
    if (!watch->is_begun || memcmp(&effect->peer, &watch->peer, sizeof watch->peer) != 0) {
        return;
    }
    if (effect->event == CEPA_EVENT_LINK_UP && watch->up_us == 0) {
        watch->link = effect->link;
        watch->is_initiator = effect->is_initiator;
        watch->was_relayed = effect->is_relayed;
        watch->up_us = us_since(watch, now);
        watch->direct_us = effect->is_relayed ? 0 : watch->up_us;
    } else if (effect->event == CEPA_EVENT_LINK_MOVED && effect->link == watch->link) {
        watch->direct_us = us_since(watch, now);
    } else if (effect->event == CEPA_EVENT_LINK_DOWN && effect->link == watch->link) {
        watch->link = 0;
        watch->downs++;
    }
}
