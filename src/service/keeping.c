/* Descriptors of addresses, kept for a day and the ones around it. @[SPEC 15.4] */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "rendezvous/descriptor_seal.h"
#include "service/service_state.h"

static void positions_of(struct cepa_descriptor_position ret_positions[CEPA_DESCRIPTOR_POSITIONS],
                         const struct cepa_address_descriptor *descriptor)
{
    for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        cepa_descriptor_position_of(&ret_positions[i], descriptor->blinded_key, descriptor->day, i);
    }
}

static bool is_near(const struct cepa_services *services,
                    const struct cepa_descriptor_position positions[CEPA_DESCRIPTOR_POSITIONS])
{
    for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        if (services->config.is_near(services->config.context, &positions[i])) {
            return true;
        }
    }
    return false;
}

static struct cepa_service_kept *kept_at(const struct cepa_services *services,
                                         const uint8_t *position)
{
    const struct cepa_handle *known = cepa_map_find(&services->kept_at, position);
    return known == NULL ? NULL : cepa_pool_find(&services->kept, *known);
}

static bool has_share(const struct cepa_services *services, uint64_t source)
{
    struct cepa_handle handle;
    uint32_t count = 0;
    for (uint32_t from = 0; cepa_pool_next(&services->kept, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_kept *kept = cepa_pool_find(&services->kept, handle);
        count += kept->source == source;
    }
    return count < services->config.limits.descriptors / CEPA_SERVICE_SHARE;
}

static bool is_live(struct cepa_directory_day day, struct cepa_directory_day today)
{
    return day.number + 1 >= today.number && day.number <= today.number + 1;
}

/* A place for a descriptor that is new here; NULL if there is none, or none for its network. */
static struct cepa_service_kept *make_place(
    struct cepa_services *services, uint64_t source,
    const struct cepa_descriptor_position positions[CEPA_DESCRIPTOR_POSITIONS])
{
    struct cepa_handle handle;
    if (!has_share(services, source) || cepa_pool_alloc(&services->kept, &handle) != 0) {
        return NULL;
    }
    struct cepa_service_kept *kept = cepa_pool_find(&services->kept, handle);
    kept->source = source;
    memcpy(kept->positions, positions, sizeof kept->positions);
    for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        int error = cepa_map_put(&services->kept_at, positions[i].bytes, &handle);
        CEPA_ASSERT(error == 0); /* two places per element of the pool */
    }
    return kept;
}

enum cepa_service_status cepa_service_put(struct cepa_services *services,
                                          const struct cepa_service_request *request,
                                          struct cepa_directory_day today, struct cepa_time now)
{
    struct cepa_address_descriptor descriptor;
    struct cepa_descriptor_position positions[CEPA_DESCRIPTOR_POSITIONS];
    if (cepa_address_descriptor_decode(&descriptor, request->body, request->whole.len) != 0 ||
        !is_live(descriptor.day, today)) {
        return CEPA_SERVICE_REFUSED;
    }
    positions_of(positions, &descriptor);
    struct cepa_service_kept *kept = kept_at(services, positions[0].bytes);
    if (kept != NULL && kept->sequence == descriptor.sequence &&
        memcmp(kept->bytes, request->body, sizeof kept->bytes) == 0) {
        return CEPA_SERVICE_OK; /* it is told again */
    }
    if (kept != NULL && kept->sequence >= descriptor.sequence) {
        cepa_be64_store(services->newer, kept->sequence);
        return CEPA_SERVICE_NEWER;
    }
    if (!cepa_service_pay_check(services, now)) {
        return CEPA_SERVICE_BUSY;
    }
    if (!is_near(services, positions)) {
        return CEPA_SERVICE_REFUSED;
    }
    if (cepa_descriptor_verify(&descriptor, request->body, request->whole.len,
                               &services->config.network) != 0) {
        return CEPA_SERVICE_REFUSED;
    }
    if (kept == NULL) {
        kept = make_place(services, request->origin.source, positions);
    }
    if (kept == NULL) {
        return CEPA_SERVICE_BUSY;
    }
    kept->day = descriptor.day;
    kept->sequence = descriptor.sequence;
    memcpy(kept->bytes, request->body, sizeof kept->bytes);
    return CEPA_SERVICE_OK;
}

void cepa_service_get(struct cepa_services *services, const struct cepa_service_request *request)
{
    if (request->whole.len != CEPA_DESCRIPTOR_POSITION_SIZE) {
        services->refused++;
        cepa_service_say(services, request->origin.circuit, CEPA_SERVICE_REFUSED, request->tag,
                         NULL, 0);
        return;
    }
    const struct cepa_service_kept *kept = kept_at(services, request->body);
    cepa_service_say(services, request->origin.circuit,
                     kept == NULL ? CEPA_SERVICE_UNKNOWN : CEPA_SERVICE_OK, request->tag,
                     kept == NULL ? NULL : kept->bytes, kept == NULL ? 0 : sizeof kept->bytes);
}

void cepa_service_keeping_step(struct cepa_services *services, struct cepa_directory_day today)
{
    struct cepa_handle handle;
    for (uint32_t from = 0; cepa_pool_next(&services->kept, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_kept *kept = cepa_pool_find(&services->kept, handle);
        if (!is_live(kept->day, today)) {
            int error = 0;
            for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
                error |= cepa_map_remove(&services->kept_at, kept->positions[i].bytes);
            }
            error |= cepa_pool_free(&services->kept, handle);
            CEPA_ASSERT(error == 0);
        }
    }
}
