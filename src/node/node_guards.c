/* What a guard is asked for over this node's own link to it: its credentials and its key, in a
 * large network. Also a relay asks over the link that its mesh does not know of. @[SPEC 10.17] */
#include "node/node_parts.h"

static void ask(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    uint8_t request[CEPA_MESH_GUARD_REQUEST_SIZE];
    size_t len = cepa_mesh_ask_guard(node->mesh, request, link->key.bytes, now);
    if (len > 0) {
        /* A request that is lost is made again. */
        int error = cepa_link_send_message(&link->link, request, len, now);
        node->counts.messages_lost += error != 0;
        cepa_node_touch(node, link);
    }
}

static bool is_asked(const struct cepa_node_link *link)
{
    return link->is_guard && link->is_initiator && link->is_anonymous && link->has_key &&
           link->state == CEPA_NODE_LINK_UP && !link->is_stalled;
}

void cepa_node_ask_guards(struct cepa_node *node, struct cepa_time now)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (is_asked(link)) {
            ask(node, link, now);
        }
    }
}

void cepa_node_on_guard_message(struct cepa_node *node, struct cepa_node_link *link,
                                const uint8_t *data, size_t data_len, struct cepa_time now)
{
    if (is_asked(link)) {
        cepa_mesh_on_guard_message(node->mesh, data, data_len, link->key.bytes, now);
        ask(node, link, now); /* after its credentials, its key */
    }
}
