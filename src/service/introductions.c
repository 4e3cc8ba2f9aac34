/* Circuits that await introductions, and those who knock. @[SPEC 15.3] */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "crypto/ed25519.h"
#include "service/introduction.h"
#include "service/service_state.h"

enum { BURST = 8, PER_MINUTE_MAX = 6000, SECONDS = 60, KNOCK_BURST = 64 };
#define KNOCK_NS (250 * CEPA_MILLISECOND_NS) /* between two over one link, on average */

/* What an owner asks for, with a signature that nobody can use at another relay or day. */
static enum cepa_service_status read_owner(const struct cepa_services *services,
                                           uint8_t ret_key[CEPA_SERVICE_NAME_SIZE],
                                           uint32_t *ret_per_minute,
                                           const struct cepa_service_request *request,
                                           struct cepa_directory_day today)
{
    struct cepa_introduction introduction;
    if (cepa_introduction_decode(&introduction, request->body, request->whole.len) != 0 ||
        introduction.per_minute == 0 || introduction.per_minute > PER_MINUTE_MAX ||
        introduction.day.number + 1 < today.number || introduction.day.number > today.number + 1) {
        return CEPA_SERVICE_REFUSED;
    }
    if (cepa_introduction_verify(&introduction, &services->config.network,
                                 &services->config.relay) != 0) {
        return CEPA_SERVICE_REFUSED;
    }
    memcpy(ret_key, introduction.key.bytes, CEPA_SERVICE_NAME_SIZE);
    *ret_per_minute = introduction.per_minute;
    return CEPA_SERVICE_OK;
}

enum cepa_service_status cepa_service_introduction(struct cepa_services *services,
                                                   const struct cepa_service_request *request,
                                                   struct cepa_directory_day today,
                                                   struct cepa_time now)
{
    uint8_t key[CEPA_SERVICE_NAME_SIZE];
    uint32_t per_minute = 0;
    const struct cepa_service_role *own = cepa_service_role_find(services, request->origin.circuit);
    if (own != NULL) { /* its owner keeps the circuit alive */
        bool is_same = own->kind == CEPA_SERVICE_ROLE_INTRODUCTION &&
                       request->whole.len == CEPA_INTRODUCTION_SIZE &&
                       memcmp(own->name, request->body, sizeof own->name) == 0;
        return is_same ? CEPA_SERVICE_OK : CEPA_SERVICE_REFUSED;
    }
    if (!cepa_service_pay_check(services, now)) {
        return CEPA_SERVICE_BUSY;
    }
    enum cepa_service_status status = read_owner(services, key, &per_minute, request, today);
    if (status != CEPA_SERVICE_OK) {
        return status;
    }
    const struct cepa_handle *known = cepa_map_find(&services->introductions, key);
    if (known != NULL) { /* the owner comes by another circuit */
        const struct cepa_service_role *old = cepa_pool_find(&services->roles, *known);
        CEPA_ASSERT(old != NULL);
        struct cepa_handle circuit = old->circuit;
        cepa_service_role_end(services, circuit, now);
        cepa_service_close(services, circuit);
    }
    struct cepa_service_role *role =
        cepa_service_role_new(services, &request->origin, request->tag, key);
    if (role == NULL) {
        return CEPA_SERVICE_BUSY;
    }
    role->kind = CEPA_SERVICE_ROLE_INTRODUCTION;
    role->interval_ns = SECONDS * CEPA_SECOND_NS / per_minute;
    int error = cepa_map_put(&services->introductions, key,
                             &services->role_of[request->origin.circuit.index]);
    CEPA_ASSERT(error == 0); /* one place per role */
    return CEPA_SERVICE_OK;
}

/* Pays for an introduction that came over a link. A link that is not known takes the place of the
 * one that has the most left. */
static bool pay_link(struct cepa_services *services, uint64_t link, struct cepa_time now)
{
    struct cepa_service_knocker *place = &services->knockers[0];
    for (size_t i = 0; i < CEPA_SERVICE_KNOCKERS; i++) {
        struct cepa_service_knocker *knocker = &services->knockers[i];
        if (knocker->link == link) {
            return cepa_service_pay(&knocker->next, KNOCK_NS, KNOCK_BURST, now);
        }
        place = cepa_time_is_before(knocker->next, place->next) ? knocker : place;
    }
    *place = (struct cepa_service_knocker){.link = link, .next = now};
    return cepa_service_pay(&place->next, KNOCK_NS, KNOCK_BURST, now);
}

enum cepa_service_status cepa_service_introduce(struct cepa_services *services,
                                                const struct cepa_service_request *request,
                                                struct cepa_time now)
{
    if (request->whole.len <= CEPA_INTRODUCE_KEY_SIZE ||
        request->whole.len > CEPA_INTRODUCE_KEY_SIZE + CEPA_INTRODUCE_MESSAGE_MAX) {
        return CEPA_SERVICE_REFUSED;
    }
    const struct cepa_handle *known = cepa_map_find(&services->introductions, request->body);
    if (known == NULL) {
        return CEPA_SERVICE_UNKNOWN;
    }
    struct cepa_service_role *role = cepa_pool_find(&services->roles, *known);
    CEPA_ASSERT(role != NULL);
    if (!pay_link(services, request->origin.link, now) ||
        !cepa_service_pay(&role->next, role->interval_ns, BURST, now)) {
        return CEPA_SERVICE_BUSY;
    }
    /* The tag of who knocks keeps its parts apart from those of others. */
    cepa_service_say(services, role->circuit, CEPA_SERVICE_KNOCK, request->tag,
                     request->body + CEPA_INTRODUCE_KEY_SIZE,
                     request->whole.len - CEPA_INTRODUCE_KEY_SIZE);
    return CEPA_SERVICE_OK;
}
