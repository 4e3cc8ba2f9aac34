/* The median of what the neighbours' clocks said in their handshakes. @[SPEC 10.12] */
#include "mesh/clock.h"

enum {
    PEERS_MAX = 64, /* whose clocks are looked at */
    CHECK_S = 1
};

/* How far the peer's clock is ahead of ours, in ms, within what fits. */
static int64_t offset_of(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    uint64_t passed_ms = cepa_time_since(mesh->now, peer->up_at) / CEPA_MILLISECOND_NS;
    struct cepa_wall theirs = cepa_wall_add(peer->facts.peer_wall, passed_ms);
    uint64_t ahead = cepa_wall_since(theirs, mesh->wall);
    uint64_t behind = cepa_wall_since(mesh->wall, theirs);
    return ahead > 0 ? (int64_t)(ahead >> 1 > INT64_MAX / 4 ? INT64_MAX / 2 : ahead)
                     : -(int64_t)(behind >> 1 > INT64_MAX / 4 ? INT64_MAX / 2 : behind);
}

void cepa_clock_step(struct cepa_mesh *mesh)
{
    int64_t offsets[PEERS_MAX];
    size_t len = 0;
    if (!cepa_time_is_due(mesh->clock_at, mesh->now)) {
        return;
    }
    mesh->clock_at = cepa_time_add(mesh->now, CHECK_S * CEPA_SECOND_NS);
    for (uint32_t i = 0; i < mesh->config.limits.links_max && len < PEERS_MAX; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || !peer->facts.is_relay || peer->facts.peer_wall.unix_ms == 0) {
            continue;
        }
        int64_t offset = offset_of(mesh, peer);
        size_t at = len++;
        for (; at > 0 && offsets[at - 1] > offset; at--) {
            offsets[at] = offsets[at - 1];
        }
        offsets[at] = offset;
    }
    if (len == 0) {
        return; /* what was known stays */
    }
    int64_t median = offsets[len / 2];
    int64_t max = mesh->config.limits.clock_error_max_ms;
    bool is_off = median > max || median < -max;
    mesh->offset_ms = median;
    if (is_off != mesh->is_clock_off) {
        mesh->is_clock_off = is_off;
        cepa_mesh_effect_add(mesh, CEPA_MESH_CLOCK)->effect.offset_ms = is_off ? median : 0;
    }
}
