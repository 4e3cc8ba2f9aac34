/* Two circuits that name the same cookie are joined. Either may go and come back by another
 * circuit; the other one waits meanwhile. @[SPEC 15.2] */
#include <string.h>

#include "base/assert.h"
#include "service/service_state.h"

static struct cepa_service_role *role_at(const struct cepa_services *services,
                                         struct cepa_handle handle)
{
    return cepa_pool_find(&services->roles, handle);
}

static void wait_for_other(struct cepa_services *services, struct cepa_service_role *role,
                           enum cepa_service_status status, struct cepa_time now)
{
    role->kind = CEPA_SERVICE_ROLE_WAITING;
    role->other = (struct cepa_handle){0};
    role->until = cepa_time_add(now, CEPA_SERVICE_WAIT_NS);
    cepa_service_say(services, role->circuit, status, role->tag, NULL, 0);
}

/* Takes a role out of its meeting. */
void cepa_service_part_meeting(struct cepa_services *services, struct cepa_service_role *role,
                               struct cepa_time now)
{
    struct cepa_service_meeting *meeting = cepa_map_find(&services->meetings, role->name);
    CEPA_ASSERT(meeting != NULL);
    struct cepa_handle self = services->role_of[role->circuit.index];
    size_t place = cepa_handle_is_equal(meeting->roles[0], self) ? 0 : 1;
    CEPA_ASSERT(cepa_handle_is_equal(meeting->roles[place], self));
    meeting->roles[place] = (struct cepa_handle){0};
    struct cepa_service_role *other = role_at(services, meeting->roles[!place]);
    if (other != NULL) {
        wait_for_other(services, other, CEPA_SERVICE_PARTED, now);
        return;
    }
    int error = cepa_map_remove(&services->meetings, role->name);
    CEPA_ASSERT(error == 0);
}

/* Makes room for an end that comes back by another circuit. False if both ends are others. */
static bool make_place(struct cepa_services *services, const struct cepa_service_meeting *meeting,
                       const uint8_t *end, struct cepa_time now)
{
    bool has_place = false;
    for (size_t i = 0; i < 2; i++) {
        const struct cepa_service_role *role = role_at(services, meeting->roles[i]);
        has_place |= role == NULL;
        if (role != NULL && memcmp(role->end, end, CEPA_SERVICE_END_SIZE) == 0) {
            struct cepa_handle circuit = role->circuit;
            cepa_service_role_end(services, circuit, now);
            cepa_service_close(services, circuit);
            return true;
        }
    }
    return has_place;
}

static void join(struct cepa_services *services, struct cepa_service_meeting *meeting)
{
    for (size_t i = 0; i < 2; i++) {
        struct cepa_service_role *role = role_at(services, meeting->roles[i]);
        role->kind = CEPA_SERVICE_ROLE_JOINED;
        role->other = meeting->roles[!i];
        cepa_service_say(services, role->circuit, CEPA_SERVICE_OK, role->tag, NULL, 0);
    }
}

static enum cepa_service_status meet(struct cepa_services *services,
                                     const struct cepa_service_origin *origin,
                                     const struct cepa_service_part *part, struct cepa_time now)
{
    const uint8_t *cookie = part->bytes;
    const uint8_t *end = part->bytes + CEPA_SERVICE_COOKIE_SIZE;
    if (part->parts != 1 || part->bytes_len != CEPA_MEET_SIZE ||
        cepa_service_role_find(services, origin->circuit) != NULL) {
        return CEPA_SERVICE_REFUSED;
    }
    const struct cepa_service_meeting *known = cepa_map_find(&services->meetings, cookie);
    if (known != NULL && !make_place(services, known, end, now)) {
        return CEPA_SERVICE_REFUSED;
    }
    struct cepa_service_role *role = cepa_service_role_new(services, origin, part->tag, cookie);
    if (role == NULL) {
        return CEPA_SERVICE_BUSY;
    }
    memcpy(role->end, end, sizeof role->end);
    struct cepa_service_meeting *meeting = cepa_map_find(&services->meetings, cookie);
    if (meeting == NULL) {
        const struct cepa_service_meeting none = {0};
        int error = cepa_map_put(&services->meetings, cookie, &none);
        CEPA_ASSERT(error == 0); /* one place per role */
        meeting = cepa_map_find(&services->meetings, cookie);
    }
    size_t place = role_at(services, meeting->roles[0]) == NULL ? 0 : 1;
    meeting->roles[place] = services->role_of[origin->circuit.index];
    if (role_at(services, meeting->roles[!place]) == NULL) {
        wait_for_other(services, role, CEPA_SERVICE_WAITING, now);
    } else {
        join(services, meeting);
    }
    return CEPA_SERVICE_OK;
}

void cepa_service_meet(struct cepa_services *services, const struct cepa_service_origin *origin,
                       const struct cepa_service_part *part, struct cepa_time now)
{
    enum cepa_service_status status = meet(services, origin, part, now);
    if (status != CEPA_SERVICE_OK) {
        services->refused++;
        cepa_service_say(services, origin->circuit, status, part->tag, NULL, 0);
    }
}
