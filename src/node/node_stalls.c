/* Links whose peer says nothing: the mesh asks around, and circuits do not wait for its verdict.
 * @[SPEC 12.7] */
#include "mesh/mesh.h"
#include "node/node_parts.h"

enum { CLOSE_REASON = 0, DOUBTS = 3 /* so many doubts of this node double the time */ };

void cepa_node_link_stalled(struct cepa_node *node, struct cepa_node_link *link,
                            struct cepa_time now)
{
    if (link->is_stalled) {
        return;
    }
    link->is_stalled = true;
    link->stalled = now;
    link->until = cepa_time_add(now, CEPA_NODE_BREAK_NS);
    cepa_node_touch(node, link);
    if (!link->is_private) {
        cepa_mesh_on_link_stalled(node->mesh, cepa_node_link_number(link), now);
    }
}

void cepa_node_link_recovered(struct cepa_node *node, struct cepa_node_link *link,
                              struct cepa_time now)
{
    if (!link->is_stalled) {
        return;
    }
    link->is_stalled = false;
    link->until = cepa_time_never();
    cepa_node_touch(node, link);
    if (!link->is_private) {
        cepa_mesh_on_link_recovered(node->mesh, cepa_node_link_number(link), now);
    }
}

/* Breaks the circuits of a link, which stays: it may be the peer that is slow. */
static void break_circuits(struct cepa_node *node, struct cepa_node_link *link,
                           struct cepa_time now)
{
    uint64_t number = cepa_node_link_number(link);
    cepa_circuit_table_link_down(&node->table, number, now);
    cepa_link_close_circuits(&link->link, CLOSE_REASON, now);
    int error = cepa_circuit_table_link_up(&node->table, number, now);
    cepa_node_touch(node, link);
    if (error != 0) {
        cepa_node_link_end(node, link, error, now);
    }
}

void cepa_node_link_silence_due(struct cepa_node *node, struct cepa_node_link *link,
                                struct cepa_time now)
{
    struct cepa_mesh_status mesh;
    struct cepa_link_status status;
    cepa_mesh_status_get(&mesh, node->mesh);
    struct cepa_time due = cepa_time_add(
        link->stalled, cepa_duration_scale(CEPA_NODE_BREAK_NS, 1 + mesh.health / DOUBTS));
    if (!cepa_time_is_due(due, now)) {
        link->until = due;
        return;
    }
    if (!cepa_node_is_online(node)) {
        /* All are silent: the trouble is here, and there is no other way to go. */
        link->until = cepa_time_add(now, CEPA_NODE_BREAK_NS);
        return;
    }
    link->until = cepa_time_never();
    cepa_link_status_get(&status, &link->link);
    if (link->is_guard) {
        cepa_node_link_end(node, link, CEPA_ERR_TIMEOUT, now); /* the next one has to take over */
    } else if (status.circuits > 0) {
        break_circuits(node, link, now);
    }
}
