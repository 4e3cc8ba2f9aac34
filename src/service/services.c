/* Requests are put together here; each service has its own file. */
#include "service/services.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "service/service_state.h"

enum { CHECK_BURST = 200, TABLE_MAX = 1 << 20 };
#define CHECK_NS (10 * CEPA_MILLISECOND_NS) /* between two signatures, on average */

static bool is_limit(uint32_t limit, uint32_t least)
{
    return limit >= least && limit <= TABLE_MAX;
}

size_t cepa_services_size(const struct cepa_services_limits *limits)
{
    if (!is_limit(limits->circuits, 1) || !is_limit(limits->roles, CEPA_SERVICE_SHARE) ||
        !is_limit(limits->requests, 1) || !is_limit(limits->descriptors, CEPA_SERVICE_SHARE) ||
        (limits->boxes != 0 && (!is_limit(limits->mailboxes, CEPA_SERVICE_SHARE) ||
                                !is_limit(limits->boxes, CEPA_SERVICE_SHARE)))) {
        return SIZE_MAX;
    }
    bool has_mailboxes = limits->boxes != 0;
    const size_t parts[] = {
        cepa_block_round(sizeof(struct cepa_services)),
        cepa_block_array_size(limits->circuits, sizeof(struct cepa_handle)),
        cepa_pool_size(limits->roles, sizeof(struct cepa_service_role)),
        cepa_map_size(limits->roles, CEPA_SERVICE_NAME_SIZE, sizeof(struct cepa_service_meeting)),
        cepa_map_size(limits->roles, CEPA_SERVICE_NAME_SIZE, sizeof(struct cepa_handle)),
        cepa_pool_size(limits->descriptors, sizeof(struct cepa_service_kept)),
        cepa_map_size(CEPA_DESCRIPTOR_POSITIONS * limits->descriptors,
                      CEPA_DESCRIPTOR_POSITION_SIZE, sizeof(struct cepa_handle)),
        cepa_block_array_size(limits->requests, sizeof(struct cepa_service_request)),
        has_mailboxes ? cepa_pool_size(limits->mailboxes, sizeof(struct cepa_service_mailbox)) : 0,
        has_mailboxes
            ? cepa_map_size(limits->mailboxes, CEPA_SIGNING_KEY_SIZE, sizeof(struct cepa_handle))
            : 0,
        has_mailboxes ? cepa_pool_size(limits->boxes, sizeof(struct cepa_service_box)) : 0,
    };
    size_t sum = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        sum = cepa_block_sum(sum, cepa_block_round(parts[i]));
    }
    return sum;
}

static void make_pool(struct cepa_pool *pool, struct cepa_block *block, uint32_t capacity,
                      size_t element_len)
{
    size_t size = cepa_pool_size(capacity, element_len);
    void *memory = cepa_block_carve(block, size);
    CEPA_ASSERT(memory != NULL);
    cepa_pool_init(pool, memory, size, capacity, element_len);
}

static void make_map(struct cepa_map *map, struct cepa_block *block, uint32_t capacity,
                     size_t key_len, size_t value_len, const struct cepa_siphash_key *key)
{
    size_t size = cepa_map_size(capacity, key_len, value_len);
    void *memory = cepa_block_carve(block, size);
    CEPA_ASSERT(memory != NULL);
    cepa_map_init(map, memory, size, capacity, key_len, value_len, key);
}

static void *make_array(struct cepa_block *block, size_t len, size_t element_size)
{
    void *memory = cepa_block_carve(block, cepa_block_array_size(len, element_size));
    CEPA_ASSERT(memory != NULL);
    cepa_block_zero(memory, len * element_size);
    return memory;
}

int cepa_services_init(struct cepa_services **ret_services, void *memory, size_t memory_len,
                       const struct cepa_services_config *config)
{
    const struct cepa_services_limits *limits = &config->limits;
    if (cepa_services_size(limits) > memory_len) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_block block;
    cepa_block_init(&block, memory, memory_len);
    struct cepa_services *services = cepa_block_carve(&block, sizeof *services);
    memset(services, 0, sizeof *services);
    services->config = *config;
    services->role_of = make_array(&block, limits->circuits, sizeof *services->role_of);
    make_pool(&services->roles, &block, limits->roles, sizeof(struct cepa_service_role));
    make_map(&services->meetings, &block, limits->roles, CEPA_SERVICE_NAME_SIZE,
             sizeof(struct cepa_service_meeting), &config->key);
    make_map(&services->introductions, &block, limits->roles, CEPA_SERVICE_NAME_SIZE,
             sizeof(struct cepa_handle), &config->key);
    make_pool(&services->kept, &block, limits->descriptors, sizeof(struct cepa_service_kept));
    make_map(&services->kept_at, &block, CEPA_DESCRIPTOR_POSITIONS * limits->descriptors,
             CEPA_DESCRIPTOR_POSITION_SIZE, sizeof(struct cepa_handle), &config->key);
    services->requests = make_array(&block, limits->requests, sizeof *services->requests);
    if (limits->boxes != 0) {
        make_pool(&services->mailboxes, &block, limits->mailboxes,
                  sizeof(struct cepa_service_mailbox));
        make_map(&services->mailbox_of, &block, limits->mailboxes, CEPA_SIGNING_KEY_SIZE,
                 sizeof(struct cepa_handle), &config->key);
        make_pool(&services->boxes, &block, limits->boxes, sizeof(struct cepa_service_box));
    }
    *ret_services = services;
    return 0;
}

void cepa_services_wipe(struct cepa_services *services)
{
    cepa_pool_wipe(&services->roles);
    cepa_pool_wipe(&services->kept);
    if (services->config.limits.boxes != 0) {
        cepa_pool_wipe(&services->mailboxes);
        cepa_pool_wipe(&services->boxes);
    }
    cepa_block_zero(&services->single, sizeof services->single);
    for (uint32_t i = 0; i < services->config.limits.requests; i++) {
        cepa_block_zero(&services->requests[i], sizeof services->requests[i]);
    }
}

/* --- for the files of this room --------------------------------------------------------------- */

void cepa_service_say(struct cepa_services *services, struct cepa_handle circuit,
                      enum cepa_service_status status, const uint8_t *tag, const uint8_t *body,
                      size_t body_len)
{
    CEPA_ASSERT(services->outs_len < CEPA_SERVICE_OUTS_MAX);
    struct cepa_service_out *out = &services->outs[services->outs_len++];
    *out = (struct cepa_service_out){
        .circuit = circuit, .status = (uint8_t)status, .body = body, .body_len = body_len};
    memcpy(out->tag, tag, sizeof out->tag);
}

void cepa_service_close(struct cepa_services *services, struct cepa_handle circuit)
{
    CEPA_ASSERT(services->outs_len < CEPA_SERVICE_OUTS_MAX);
    services->outs[services->outs_len++] =
        (struct cepa_service_out){.circuit = circuit, .is_close = true};
}

bool cepa_service_pay(struct cepa_time *next, uint64_t interval_ns, uint32_t burst,
                      struct cepa_time now)
{
    if (cepa_time_is_before(*next, now)) {
        *next = now;
    }
    if (cepa_time_since(*next, now) > (burst - 1) * interval_ns) {
        return false;
    }
    *next = cepa_time_add(*next, interval_ns);
    return true;
}

bool cepa_service_pay_check(struct cepa_services *services, struct cepa_time now)
{
    return cepa_service_pay(&services->check_next, CHECK_NS, CHECK_BURST, now);
}

/* --- requests --------------------------------------------------------------------------------- */

static bool is_over(const struct cepa_service_request *request, struct cepa_time now)
{
    return !request->is_used || cepa_time_since(now, request->since) > CEPA_SERVICE_REQUEST_NS;
}

/* The place of a circuit's request: it has one at a time. NULL if there is no room. */
static struct cepa_service_request *place_for(struct cepa_services *services,
                                              const struct cepa_service_origin *origin,
                                              struct cepa_time now)
{
    struct cepa_service_request *place = NULL;
    uint32_t of_link = 0;
    for (uint32_t i = 0; i < services->config.limits.requests; i++) {
        struct cepa_service_request *request = &services->requests[i];
        if (request->is_used && cepa_handle_is_equal(request->origin.circuit, origin->circuit)) {
            return request;
        }
        if (is_over(request, now)) {
            place = place == NULL ? request : place;
        } else {
            of_link += request->origin.link == origin->link;
        }
    }
    uint32_t share = services->config.limits.requests / CEPA_SERVICE_SHARE;
    return of_link < (share == 0 ? 1 : share) ? place : NULL;
}

static void begin_request(struct cepa_service_request *request,
                          const struct cepa_service_origin *origin,
                          const struct cepa_service_part *part, struct cepa_time now)
{
    request->is_used = true;
    request->origin = *origin;
    request->service = part->service;
    memcpy(request->tag, part->tag, sizeof request->tag);
    request->whole = (struct cepa_service_whole){0};
    request->since = now;
}

static struct cepa_service_request *request_of(struct cepa_services *services,
                                               const struct cepa_service_origin *origin,
                                               const struct cepa_service_part *part,
                                               struct cepa_time now)
{
    struct cepa_service_request *request = place_for(services, origin, now);
    if (request == NULL) {
        return NULL;
    }
    bool is_same = request->is_used &&
                   cepa_handle_is_equal(request->origin.circuit, origin->circuit) &&
                   request->service == part->service &&
                   memcmp(request->tag, part->tag, sizeof request->tag) == 0;
    if (!is_same) {
        begin_request(request, origin, part, now);
    }
    return request;
}

static void serve(struct cepa_services *services, struct cepa_service_request *request,
                  const struct cepa_service_turn *turn)
{
    enum cepa_service_status status = CEPA_SERVICE_REFUSED;
    request->is_used = false; /* its bytes stay until all was sent */
    switch (request->service) {
    case CEPA_SERVICE_INTRODUCTION:
        status = cepa_service_introduction(services, request, turn->today, turn->now);
        break;
    case CEPA_SERVICE_INTRODUCE:
        status = cepa_service_introduce(services, request, turn->now);
        break;
    case CEPA_SERVICE_DESCRIPTOR_PUT:
        status = turn->is_sparing ? CEPA_SERVICE_BUSY
                                  : cepa_service_put(services, request, turn->today, turn->now);
        break;
    case CEPA_SERVICE_DESCRIPTOR_GET:
        cepa_service_get(services, request);
        return;
    case CEPA_SERVICE_MAILBOX_PUT:
        status = turn->is_sparing ? CEPA_SERVICE_BUSY
                                  : cepa_service_mailbox_put(services, request, turn);
        break;
    case CEPA_SERVICE_MAILBOX_GET:
        cepa_service_mailbox_get(services, request, turn);
        return;
    case CEPA_SERVICE_MAILBOX_DELETE:
        status = cepa_service_mailbox_delete(services, request, turn);
        break;
    default:
        return;
    }
    services->refused += status != CEPA_SERVICE_OK;
    cepa_service_say(services, request->origin.circuit, status, request->tag, services->newer,
                     status == CEPA_SERVICE_NEWER ? sizeof services->newer : 0);
}

void cepa_services_on_request(struct cepa_services *services,
                              const struct cepa_service_origin *origin, const uint8_t *data,
                              size_t data_len, const struct cepa_service_turn *turn)
{
    struct cepa_service_part part;
    CEPA_ASSERT(services->outs_len == 0);
    if (cepa_service_read_request(&part, data, data_len) != 0) {
        return;
    }
    if (part.service == CEPA_SERVICE_MEET) {
        cepa_service_meet(services, origin, &part, turn->now);
        return;
    }
    if (part.service < CEPA_SERVICE_INTRODUCTION || part.service > CEPA_SERVICE_MAILBOX_DELETE) {
        return;
    }
    if (part.parts == 1) {
        begin_request(&services->single, origin, &part, turn->now);
    }
    struct cepa_service_request *request =
        part.parts == 1 ? &services->single : request_of(services, origin, &part, turn->now);
    bool is_whole = false;
    if (request == NULL) {
        services->refused++;
        cepa_service_say(services, origin->circuit, CEPA_SERVICE_BUSY, part.tag, NULL, 0);
    } else if (cepa_service_whole_add(&request->whole, request->body, &is_whole, &part) != 0) {
        request->is_used = false;
    } else if (is_whole) {
        serve(services, request, turn);
    }
}

struct cepa_handle cepa_services_other(const struct cepa_services *services,
                                       struct cepa_handle circuit)
{
    const struct cepa_service_role *role = cepa_service_role_find(services, circuit);
    if (role == NULL || role->kind != CEPA_SERVICE_ROLE_JOINED) {
        return (struct cepa_handle){0};
    }
    const struct cepa_service_role *other = cepa_pool_find(&services->roles, role->other);
    CEPA_ASSERT(other != NULL);
    return other->circuit;
}

void cepa_services_on_ended(struct cepa_services *services, struct cepa_handle circuit,
                            struct cepa_time now)
{
    cepa_service_role_end(services, circuit, now);
}

int cepa_services_next(struct cepa_services *services, struct cepa_service_effect *ret_effect)
{
    if (services->outs_len == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_service_out *out = &services->outs[0];
    *ret_effect = (struct cepa_service_effect){.kind = CEPA_SERVICE_CLOSE, .circuit = out->circuit};
    bool is_over = true;
    if (!out->is_close) {
        ret_effect->kind = CEPA_SERVICE_SEND;
        ret_effect->data = services->data;
        ret_effect->data_len = cepa_service_answer(services->data, out->status, out->tag, out->part,
                                                   out->body, out->body_len);
        out->part++;
        is_over = out->part == cepa_service_parts(out->body_len);
    }
    if (is_over) {
        services->outs_len--;
        memmove(services->outs, services->outs + 1, services->outs_len * sizeof *services->outs);
    }
    return 0;
}

void cepa_services_step(struct cepa_services *services, struct cepa_directory_day today,
                        struct cepa_time now)
{
    cepa_service_roles_step(services, now);
    cepa_service_keeping_step(services, today);
    cepa_service_mailboxes_step(services, today);
}

void cepa_services_status_get(const struct cepa_services *services,
                              struct cepa_services_status *ret_status)
{
    struct cepa_services_status status = {.descriptors = services->kept.count,
                                          .mailboxes = services->mailboxes.count,
                                          .boxes = services->boxes.count,
                                          .refused = services->refused};
    struct cepa_handle handle;
    for (uint32_t from = 0; cepa_pool_next(&services->roles, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_role *role = cepa_pool_find(&services->roles, handle);
        status.waiting += role->kind == CEPA_SERVICE_ROLE_WAITING;
        status.joined += role->kind == CEPA_SERVICE_ROLE_JOINED;
        status.introductions += role->kind == CEPA_SERVICE_ROLE_INTRODUCTION;
    }
    *ret_status = status;
}
