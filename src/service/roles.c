/* Circuits that have something to do here. */
#include <string.h>

#include "base/assert.h"
#include "service/service_state.h"

struct cepa_service_role *cepa_service_role_find(const struct cepa_services *services,
                                                 struct cepa_handle circuit)
{
    if (cepa_handle_is_none(circuit) || circuit.index >= services->config.limits.circuits) {
        return NULL;
    }
    struct cepa_service_role *role =
        cepa_pool_find(&services->roles, services->role_of[circuit.index]);
    return role != NULL && cepa_handle_is_equal(role->circuit, circuit) ? role : NULL;
}

static uint32_t count_of(const struct cepa_services *services, uint64_t link)
{
    struct cepa_handle handle;
    uint32_t count = 0;
    for (uint32_t from = 0; cepa_pool_next(&services->roles, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_role *role = cepa_pool_find(&services->roles, handle);
        count += role->link == link;
    }
    return count;
}

/* Makes a role for a circuit that has none; NULL if there is no room, or none for its link. */
struct cepa_service_role *cepa_service_role_new(struct cepa_services *services,
                                                const struct cepa_service_origin *origin,
                                                const uint8_t *tag, const uint8_t *name)
{
    struct cepa_handle handle;
    CEPA_ASSERT(origin->circuit.index < services->config.limits.circuits);
    if (count_of(services, origin->link) >= services->config.limits.roles / CEPA_SERVICE_SHARE ||
        cepa_pool_alloc(&services->roles, &handle) != 0) {
        return NULL;
    }
    struct cepa_service_role *role = cepa_pool_find(&services->roles, handle);
    role->circuit = origin->circuit;
    role->link = origin->link;
    memcpy(role->tag, tag, sizeof role->tag);
    memcpy(role->name, name, sizeof role->name);
    services->role_of[origin->circuit.index] = handle;
    return role;
}

/* Takes the role of a circuit away; who was joined to it waits again. */
void cepa_service_role_end(struct cepa_services *services, struct cepa_handle circuit,
                           struct cepa_time now)
{
    struct cepa_service_role *role = cepa_service_role_find(services, circuit);
    if (role == NULL) {
        return;
    }
    if (role->kind == CEPA_SERVICE_ROLE_INTRODUCTION) {
        int error = cepa_map_remove(&services->introductions, role->name);
        CEPA_ASSERT(error == 0);
    } else {
        cepa_service_part_meeting(services, role, now);
    }
    int error = cepa_pool_free(&services->roles, services->role_of[circuit.index]);
    CEPA_ASSERT(error == 0);
    services->role_of[circuit.index] = (struct cepa_handle){0};
}

void cepa_service_roles_step(struct cepa_services *services, struct cepa_time now)
{
    struct cepa_handle handle;
    for (uint32_t from = 0; services->outs_len < CEPA_SERVICE_OUTS_MAX &&
                            cepa_pool_next(&services->roles, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_role *role = cepa_pool_find(&services->roles, handle);
        if (role->kind == CEPA_SERVICE_ROLE_WAITING && cepa_time_is_due(role->until, now)) {
            struct cepa_handle circuit = role->circuit;
            cepa_service_role_end(services, circuit, now);
            cepa_service_close(services, circuit);
        }
    }
}
