/* Descriptors of addresses, kept for a day and the ones around it. @[SPEC 15.4] */
#include <string.h>

#include "base/assert.h"
#include "rendezvous/descriptor_seal.h"
#include "service/service_state.h"

static bool is_near(const struct cepa_services *services, const uint8_t *key,
                    struct cepa_directory_day day)
{
    for (uint32_t i = 0; i < CEPA_DESCRIPTOR_POSITIONS; i++) {
        struct cepa_descriptor_position position;
        cepa_descriptor_position_of(&position, key, day, i);
        if (services->config.is_near(services->config.context, &position)) {
            return true;
        }
    }
    return false;
}

static bool has_share(const struct cepa_services *services, uint64_t link)
{
    struct cepa_handle handle;
    uint32_t count = 0;
    for (uint32_t from = 0; cepa_pool_next(&services->kept, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_kept *kept = cepa_pool_find(&services->kept, handle);
        count += kept->link == link;
    }
    return count < services->config.limits.descriptors / CEPA_SERVICE_SHARE;
}

static bool is_live(struct cepa_directory_day day, struct cepa_directory_day today)
{
    return day.number + 1 >= today.number && day.number <= today.number + 1;
}

static enum cepa_service_status keep(struct cepa_services *services,
                                     const struct cepa_service_request *request,
                                     const struct cepa_address_descriptor *descriptor)
{
    struct cepa_handle handle;
    const struct cepa_handle *known =
        cepa_map_find(&services->kept_by_key, descriptor->blinded_key);
    if (known != NULL) {
        handle = *known;
    } else if (!has_share(services, request->origin.link) ||
               cepa_pool_alloc(&services->kept, &handle) != 0) {
        return CEPA_SERVICE_BUSY;
    } else {
        int error = cepa_map_put(&services->kept_by_key, descriptor->blinded_key, &handle);
        CEPA_ASSERT(error == 0); /* one place per element of the pool */
    }
    struct cepa_service_kept *kept = cepa_pool_find(&services->kept, handle);
    if (known == NULL) {
        kept->link = request->origin.link;
    }
    kept->day = descriptor->day;
    kept->sequence = descriptor->sequence;
    memcpy(kept->key, descriptor->blinded_key, sizeof kept->key);
    memcpy(kept->bytes, request->body, sizeof kept->bytes);
    return CEPA_SERVICE_OK;
}

enum cepa_service_status cepa_service_put(struct cepa_services *services,
                                          const struct cepa_service_request *request,
                                          struct cepa_directory_day today, struct cepa_time now)
{
    struct cepa_address_descriptor descriptor;
    if (cepa_address_descriptor_decode(&descriptor, request->body, request->whole.len) != 0 ||
        !is_live(descriptor.day, today)) {
        return CEPA_SERVICE_REFUSED;
    }
    const struct cepa_handle *known = cepa_map_find(&services->kept_by_key, descriptor.blinded_key);
    const struct cepa_service_kept *kept =
        known == NULL ? NULL : cepa_pool_find(&services->kept, *known);
    if (kept != NULL && kept->sequence == descriptor.sequence &&
        memcmp(kept->bytes, request->body, sizeof kept->bytes) == 0) {
        return CEPA_SERVICE_OK; /* it is told again */
    }
    if (kept != NULL && kept->sequence >= descriptor.sequence) {
        return CEPA_SERVICE_REFUSED;
    }
    if (!is_near(services, descriptor.blinded_key, descriptor.day)) {
        return CEPA_SERVICE_REFUSED;
    }
    if (!cepa_service_pay_check(services, now)) {
        return CEPA_SERVICE_BUSY;
    }
    if (cepa_descriptor_verify(&descriptor, request->body, request->whole.len,
                               &services->config.network) != 0) {
        return CEPA_SERVICE_REFUSED;
    }
    return keep(services, request, &descriptor);
}

void cepa_service_get(struct cepa_services *services, const struct cepa_service_request *request)
{
    if (request->whole.len != CEPA_SIGNING_KEY_SIZE) {
        services->refused++;
        cepa_service_say(services, request->origin.circuit, CEPA_SERVICE_REFUSED, request->tag,
                         NULL, 0);
        return;
    }
    const struct cepa_handle *known = cepa_map_find(&services->kept_by_key, request->body);
    const struct cepa_service_kept *kept =
        known == NULL ? NULL : cepa_pool_find(&services->kept, *known);
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
            int error = cepa_map_remove(&services->kept_by_key, kept->key);
            error |= cepa_pool_free(&services->kept, handle);
            CEPA_ASSERT(error == 0);
        }
    }
}
