/* Time stands still unless a test moves it. */
#include "support/service_relay.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

struct cepa_services *service_relay;
struct cepa_service_turn service_turn;
bool service_is_near;
const struct cepa_network_id service_network = {{1}};
const struct cepa_ed25519_public_key service_key = {{2}};

static void *memory;

static bool is_near(void *context, const struct cepa_descriptor_position *position)
{
    (void)context;
    (void)position;
    return service_is_near;
}

struct cepa_services_limits service_relay_limits(void)
{
    return (struct cepa_services_limits){SERVICE_CIRCUITS,    SERVICE_ROLES,     SERVICE_REQUESTS,
                                         SERVICE_DESCRIPTORS, SERVICE_MAILBOXES, SERVICE_BOXES};
}

void service_relay_begin(void)
{
    struct cepa_services_config config = {.limits = service_relay_limits(),
                                          .network = service_network,
                                          .relay = service_key,
                                          .is_near = is_near};
    size_t size = cepa_services_size(&config.limits);
    memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CHECK_INT(cepa_services_init(&service_relay, memory, size, &config), 0);
    service_is_near = true;
    service_turn = (struct cepa_service_turn){
        .now = {CEPA_SECOND_NS}, .today = {SERVICE_TODAY}, .minute = SERVICE_MINUTE};
}

void service_relay_end(void)
{
    cepa_services_wipe(service_relay);
    free(memory);
}

struct cepa_service_origin service_origin(uint32_t index)
{
    return (struct cepa_service_origin){.circuit = {.generation = 1000 + index, .index = index},
                                        .link = 1 + index % 4,
                                        .source = 1 + index % 4};
}

void service_take(struct service_told *told)
{
    struct cepa_service_effect effect;
    while (cepa_services_next(service_relay, &effect) == 0) {
        uint32_t index = effect.circuit.index;
        struct cepa_service_part part;
        if (effect.kind == CEPA_SERVICE_CLOSE) {
            told->closed[index]++;
            continue;
        }
        CHECK_INT(cepa_service_read_answer(&part, effect.data, effect.data_len), 0);
        told->status[index] = part.service;
        told->count[index]++;
        told->bytes += part.bytes_len;
        if (part.bytes_len > 0) {
            memcpy(told->body + (size_t)part.part * CEPA_SERVICE_PART_MAX, part.bytes,
                   part.bytes_len);
        }
    }
}

uint8_t service_ask(struct service_told *ret_told, uint32_t index, uint8_t service,
                    const void *body, size_t body_len)
{
    static uint32_t number;
    struct cepa_service_origin origin = service_origin(index);
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    number++;
    memcpy(tag, &number, sizeof tag);
    memset(ret_told, 0, sizeof *ret_told);
    memset(ret_told->status, 0xff, sizeof ret_told->status);
    for (uint8_t part = 0; part < cepa_service_parts(body_len); part++) {
        uint8_t data[CEPA_CELL_DATA_MAX];
        size_t len = cepa_service_request(data, service, tag, part, body, body_len);
        cepa_services_on_request(service_relay, &origin, data, len, &service_turn);
        service_take(ret_told);
    }
    return ret_told->status[index];
}
