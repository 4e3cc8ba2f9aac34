/* What a relay does for ends, and where it stops. */
#include "service/services.h"

#include <stdlib.h>
#include <string.h>

#include "rendezvous/descriptor_seal.h"
#include "service/introduction.h"
#include "support/test.h"

enum { CIRCUITS = 64, ROLES = 16, REQUESTS = 4, DESCRIPTORS = 8, TODAY = 100 };

static struct cepa_services *services;
static void *memory;
static bool is_near_now;
static struct cepa_time now;
static const struct cepa_directory_day today = {TODAY};
static const struct cepa_network_id network = {{1}};
static const struct cepa_node_id self = {{2}};

static bool is_near(void *context, const struct cepa_descriptor_position *position)
{
    (void)context;
    (void)position;
    return is_near_now;
}

static void begin(void)
{
    struct cepa_services_config config = {.limits = {CIRCUITS, ROLES, REQUESTS, DESCRIPTORS},
                                          .network = network,
                                          .node = self,
                                          .is_near = is_near};
    size_t size = cepa_services_size(&config.limits);
    memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CHECK_INT(cepa_services_init(&services, memory, size, &config), 0);
    is_near_now = true;
    now = (struct cepa_time){CEPA_SECOND_NS};
}

static void end(void)
{
    cepa_services_wipe(services);
    free(memory);
}

static struct cepa_service_origin origin_of(uint32_t index)
{
    return (struct cepa_service_origin){.circuit = {.generation = 1000 + index, .index = index},
                                        .link = index % 4};
}

/* What came of a request: the status that each circuit was told last, and how much. */
struct told {
    uint8_t status[CIRCUITS];
    uint32_t count[CIRCUITS];
    uint32_t closed[CIRCUITS];
    size_t bytes;
};

static void take(struct told *told)
{
    struct cepa_service_effect effect;
    while (cepa_services_next(services, &effect) == 0) {
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
    }
}

static uint8_t ask(struct told *told, uint32_t index, uint8_t service, const void *body,
                   size_t body_len)
{
    static uint32_t number;
    struct cepa_service_origin origin = origin_of(index);
    uint8_t tag[CEPA_SERVICE_TAG_SIZE];
    number++;
    memcpy(tag, &number, sizeof tag);
    memset(told, 0, sizeof *told);
    memset(told->status, 0xff, sizeof told->status);
    for (uint8_t part = 0; part < cepa_service_parts(body_len); part++) {
        uint8_t data[CEPA_CELL_DATA_MAX];
        size_t len = cepa_service_request(data, service, tag, part, body, body_len);
        cepa_services_on_request(services, &origin, data, len, today, now);
        take(told);
    }
    return told->status[index];
}

static uint8_t meet(struct told *told, uint32_t index, uint8_t cookie, uint8_t which)
{
    uint8_t body[CEPA_MEET_SIZE];
    memset(body, cookie, sizeof body);
    memset(body + CEPA_SERVICE_COOKIE_SIZE, which, CEPA_SERVICE_END_SIZE);
    return ask(told, index, CEPA_SERVICE_MEET, body, sizeof body);
}

TEST(a_third_end_is_refused_and_a_second_try_replaces_the_first)
{
    struct told told;
    begin();
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_WAITING);
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_REFUSED); /* one role per circuit */
    CHECK_INT(meet(&told, 2, 9, 2), CEPA_SERVICE_OK);
    CHECK_INT(told.status[1], CEPA_SERVICE_OK);
    CHECK_INT(meet(&told, 3, 9, 3), CEPA_SERVICE_REFUSED);
    CHECK(cepa_handle_is_equal(cepa_services_other(services, origin_of(1).circuit),
                               origin_of(2).circuit));
    CHECK_INT(meet(&told, 4, 9, 1), CEPA_SERVICE_OK);
    CHECK_INT(told.closed[1], 1);
    CHECK_INT(told.count[2], 2); /* PARTED, OK */
    CHECK(cepa_handle_is_none(cepa_services_other(services, origin_of(1).circuit)));
    CHECK(cepa_handle_is_equal(cepa_services_other(services, origin_of(2).circuit),
                               origin_of(4).circuit));
    /* A stale circuit at the same place is another one. */
    struct cepa_handle stale = {.generation = 5, .index = 2};
    CHECK(cepa_handle_is_none(cepa_services_other(services, stale)));
    cepa_services_on_ended(services, stale, now);
    CHECK(!cepa_handle_is_none(cepa_services_other(services, origin_of(2).circuit)));
    end();
}

TEST(who_waits_in_vain_is_sent_away)
{
    struct told told;
    struct cepa_services_status status;
    begin();
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_WAITING);
    CHECK_INT(meet(&told, 2, 9, 2), CEPA_SERVICE_OK);
    cepa_services_on_ended(services, origin_of(1).circuit, now);
    take(&told);
    CHECK_INT(told.status[2], CEPA_SERVICE_PARTED);
    now.ns += CEPA_SERVICE_WAIT_NS - 1;
    cepa_services_step(services, today, now);
    take(&told);
    CHECK_INT(told.closed[2], 0);
    now.ns += 1;
    cepa_services_step(services, today, now);
    take(&told);
    CHECK_INT(told.closed[2], 1);
    cepa_services_status_get(services, &status);
    CHECK_INT(status.waiting + status.joined + status.introductions, 0);
    CHECK_INT(meet(&told, 3, 9, 1), CEPA_SERVICE_WAITING); /* the cookie is free again */
    end();
}

TEST(a_link_has_its_share_of_the_roles)
{
    struct told told;
    begin();
    for (uint32_t i = 0; i < ROLES / CEPA_SERVICE_SHARE; i++) {
        CHECK_INT(meet(&told, 4 * i, (uint8_t)(100 + i), 1), CEPA_SERVICE_WAITING);
    }
    CHECK_INT(meet(&told, 60, 1, 1), CEPA_SERVICE_BUSY); /* link 0 again */
    CHECK_INT(meet(&told, 61, 1, 1), CEPA_SERVICE_WAITING);
    end();
}

static uint8_t await(struct told *told, uint32_t index, uint8_t key, uint16_t per_minute,
                     uint32_t day, const struct cepa_node_id *node)
{
    struct cepa_ed25519_key signing;
    struct cepa_introduction introduction;
    uint8_t body[CEPA_INTRODUCTION_SIZE];
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    cepa_introduction_make(&introduction, &signing, per_minute, (struct cepa_directory_day){day},
                           &network, node);
    cepa_introduction_encode(body, &introduction);
    return ask(told, index, CEPA_SERVICE_INTRODUCTION, body, sizeof body);
}

static uint8_t knock(struct told *told, uint32_t index, uint8_t key, size_t len)
{
    static uint8_t body[CEPA_INTRODUCE_KEY_SIZE + CEPA_INTRODUCE_MESSAGE_MAX + 1];
    struct cepa_ed25519_key signing;
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    memcpy(body, signing.public_key.bytes, CEPA_INTRODUCE_KEY_SIZE);
    return ask(told, index, CEPA_SERVICE_INTRODUCE, body, CEPA_INTRODUCE_KEY_SIZE + len);
}

TEST(introductions_are_for_their_owner_only)
{
    static const struct cepa_node_id other = {{3}};
    struct told told;
    begin();
    CHECK_INT(await(&told, 1, 1, 60, TODAY, &other), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, TODAY - 2, &self), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, TODAY + 2, &self), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 0, TODAY, &self), CEPA_SERVICE_REFUSED);
    CHECK_INT(ask(&told, 1, CEPA_SERVICE_INTRODUCTION, "x", 1), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, TODAY, &self), CEPA_SERVICE_OK);
    CHECK_INT(await(&told, 1, 1, 60, TODAY, &self), CEPA_SERVICE_OK); /* it lives */
    CHECK_INT(await(&told, 1, 2, 60, TODAY, &self), CEPA_SERVICE_REFUSED);
    CHECK_INT(knock(&told, 2, 1, 4000), CEPA_SERVICE_OK);
    CHECK_INT(told.status[1], CEPA_SERVICE_KNOCK);
    CHECK_INT(told.bytes, 4000);
    CHECK_INT(knock(&told, 2, 2, 4000), CEPA_SERVICE_UNKNOWN);
    CHECK_INT(knock(&told, 2, 1, 0), CEPA_SERVICE_REFUSED);
    CHECK_INT(knock(&told, 2, 1, CEPA_INTRODUCE_MESSAGE_MAX + 1), CEPA_SERVICE_REFUSED);
    /* The owner comes by another circuit. */
    CHECK_INT(await(&told, 5, 1, 60, TODAY, &self), CEPA_SERVICE_OK);
    CHECK_INT(told.closed[1], 1);
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_OK);
    CHECK_INT(told.status[5], CEPA_SERVICE_KNOCK);
    /* And is gone. */
    cepa_services_on_ended(services, origin_of(5).circuit, now);
    take(&told);
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_UNKNOWN);
    end();
}

TEST(an_owner_is_not_flooded)
{
    struct told told;
    begin();
    CHECK_INT(await(&told, 1, 1, 60, TODAY, &self), CEPA_SERVICE_OK);
    uint32_t through = 0;
    for (uint32_t i = 0; i < 100; i++) {
        through += knock(&told, 2 + i % 8, 1, 1000) == CEPA_SERVICE_OK;
    }
    CHECK_INT(through, 8);
    now.ns += 3 * CEPA_SECOND_NS;
    for (uint32_t i = 0; i < 100; i++) {
        through += knock(&told, 2 + i % 8, 1, 1000) == CEPA_SERVICE_OK;
    }
    CHECK_INT(through, 11);
    end();
}

static uint8_t put(struct told *told, uint32_t index, uint8_t key, uint32_t day, uint64_t sequence,
                   bool is_right)
{
    static uint8_t bytes[CEPA_ADDRESS_DESCRIPTOR_SIZE];
    struct cepa_ed25519_key signing;
    struct cepa_ed25519_blinded_key blinded;
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    cepa_ed25519_blind_key(&blinded, &signing, (struct cepa_directory_day){day}, NULL, 0);
    struct cepa_address_descriptor descriptor = {
        .day = {day},
        .sequence = sequence,
        .sealed = bytes + CEPA_ADDRESS_DESCRIPTOR_HEAD_SIZE,
        .signature = bytes + CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE};
    memcpy(descriptor.blinded_key, blinded.public_key.point.bytes, sizeof descriptor.blinded_key);
    cepa_address_descriptor_encode(bytes, &descriptor);
    cepa_descriptor_sign(bytes, &blinded, &network);
    bytes[CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE - 1] ^= !is_right;
    return ask(told, index, CEPA_SERVICE_DESCRIPTOR_PUT, bytes, sizeof bytes);
}

static uint8_t get(struct told *told, uint32_t index, uint8_t key, uint32_t day)
{
    struct cepa_ed25519_key signing;
    struct cepa_ed25519_blinded_public_key blinded;
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    CHECK_INT(cepa_ed25519_blind_public_key(&blinded, &signing.public_key,
                                            (struct cepa_directory_day){day}, NULL, 0),
              0);
    return ask(told, index, CEPA_SERVICE_DESCRIPTOR_GET, blinded.point.bytes,
               sizeof blinded.point.bytes);
}

TEST(descriptors_are_kept_as_long_as_they_are_of_use)
{
    struct told told;
    begin();
    CHECK_INT(put(&told, 1, 1, TODAY, 7, false), CEPA_SERVICE_REFUSED);
    is_near_now = false;
    CHECK_INT(put(&told, 1, 1, TODAY, 7, true), CEPA_SERVICE_REFUSED);
    is_near_now = true;
    CHECK_INT(get(&told, 2, 1, TODAY), CEPA_SERVICE_UNKNOWN);
    CHECK_INT(put(&told, 1, 1, TODAY, 7, true), CEPA_SERVICE_OK);
    CHECK_INT(put(&told, 1, 1, TODAY, 7, true), CEPA_SERVICE_OK); /* again */
    CHECK_INT(put(&told, 1, 1, TODAY, 6, true), CEPA_SERVICE_REFUSED);
    CHECK_INT(put(&told, 1, 1, TODAY, 8, true), CEPA_SERVICE_OK);
    CHECK_INT(get(&told, 2, 1, TODAY), CEPA_SERVICE_OK);
    CHECK_INT(told.bytes, CEPA_ADDRESS_DESCRIPTOR_SIZE);
    CHECK_INT(put(&told, 1, 2, TODAY + 2, 1, true), CEPA_SERVICE_REFUSED);
    CHECK_INT(put(&told, 1, 2, TODAY - 2, 1, true), CEPA_SERVICE_REFUSED);
    CHECK_INT(ask(&told, 2, CEPA_SERVICE_DESCRIPTOR_GET, "x", 1), CEPA_SERVICE_REFUSED);
    /* Days go by. */
    cepa_services_step(services, (struct cepa_directory_day){TODAY + 1}, now);
    CHECK_INT(get(&told, 2, 1, TODAY), CEPA_SERVICE_OK);
    cepa_services_step(services, (struct cepa_directory_day){TODAY + 2}, now);
    CHECK_INT(get(&told, 2, 1, TODAY), CEPA_SERVICE_UNKNOWN);
    end();
}

TEST(a_link_has_its_share_of_the_descriptors)
{
    struct told told;
    begin();
    for (uint8_t key = 1; key <= DESCRIPTORS / CEPA_SERVICE_SHARE; key++) {
        CHECK_INT(put(&told, 4, key, TODAY, 1, true), CEPA_SERVICE_OK);
    }
    CHECK_INT(put(&told, 4, 20, TODAY, 1, true), CEPA_SERVICE_BUSY);
    CHECK_INT(put(&told, 5, 20, TODAY, 1, true), CEPA_SERVICE_OK);
    end();
}

TEST(who_sends_only_parts_holds_nobody_up)
{
    static const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {1};
    static const uint8_t body[3 * CEPA_SERVICE_PART_MAX] = {0};
    struct told told;
    uint8_t data[CEPA_CELL_DATA_MAX];
    size_t len = cepa_service_request(data, CEPA_SERVICE_DESCRIPTOR_PUT, tag, 0, body, sizeof body);
    begin();
    for (uint32_t i = 0; i < 40; i++) {
        struct cepa_service_origin origin = origin_of(4 * (i % 16)); /* all of link 0 */
        cepa_services_on_request(services, &origin, data, len, today, now);
        take(&told);
    }
    CHECK_INT(get(&told, 1, 1, TODAY), CEPA_SERVICE_UNKNOWN); /* link 1 is served */
    CHECK_INT(get(&told, 4, 1, TODAY), CEPA_SERVICE_BUSY);
    now.ns += CEPA_SERVICE_REQUEST_NS + 1;
    CHECK_INT(get(&told, 4, 1, TODAY), CEPA_SERVICE_UNKNOWN);
    end();
}

TEST(limits_have_a_range)
{
    struct cepa_services_limits limits = {CIRCUITS, ROLES, REQUESTS, DESCRIPTORS};
    CHECK(cepa_services_size(&limits) < SIZE_MAX);
    limits.roles = 3;
    CHECK(cepa_services_size(&limits) == SIZE_MAX);
    limits = (struct cepa_services_limits){CIRCUITS, ROLES, 0, DESCRIPTORS};
    CHECK(cepa_services_size(&limits) == SIZE_MAX);
    struct cepa_services_config config = {.limits = {CIRCUITS, ROLES, REQUESTS, DESCRIPTORS}};
    CHECK_INT(cepa_services_init(&services, &limits, sizeof limits, &config), CEPA_ERR_ARGUMENT);
}

TEST_MAIN(RUN(a_third_end_is_refused_and_a_second_try_replaces_the_first),
          RUN(who_waits_in_vain_is_sent_away), RUN(a_link_has_its_share_of_the_roles),
          RUN(introductions_are_for_their_owner_only), RUN(an_owner_is_not_flooded),
          RUN(descriptors_are_kept_as_long_as_they_are_of_use),
          RUN(a_link_has_its_share_of_the_descriptors), RUN(who_sends_only_parts_holds_nobody_up),
          RUN(limits_have_a_range))
