/* Who is alive: links that stall are probed through others before a relay is suspected, and one's
 * own trouble (late timers, all links at once, a suspended machine) accuses nobody. @[SPEC 10.12]
 */
#ifndef CEPA_MESH_DETECTOR_H
#define CEPA_MESH_DETECTOR_H

#include "mesh/mesh_state.h"

/* cepa_detector_on_stalled, _on_recovered: as mesh.h says. */
void cepa_detector_on_stalled(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);
void cepa_detector_on_recovered(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_detector_on_item takes PROBE, PROBED, PING, PONG. */
void cepa_detector_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                           enum cepa_mesh_item_type type, const struct cepa_mesh_probe *item);

/* cepa_detector_on_suspend: time has jumped; all links are looked at anew. */
void cepa_detector_on_suspend(struct cepa_mesh *mesh);

/* cepa_detector_on_late: a step came late by so much. */
void cepa_detector_on_late(struct cepa_mesh *mesh, uint64_t late_ns);

/* cepa_detector_on_link_down forgets errands over a link. */
void cepa_detector_on_link_down(struct cepa_mesh *mesh, uint64_t link);

/* cepa_detector_step suspects, gives up. */
void cepa_detector_step(struct cepa_mesh *mesh);

/* cepa_detector_is_busy says whether any time limit is running. */
bool cepa_detector_is_busy(const struct cepa_mesh *mesh);

#endif
