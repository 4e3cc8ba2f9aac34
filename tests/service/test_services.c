/* What a relay does for ends, and where it stops. */
#include "service/services.h"

#include <stdlib.h>
#include <string.h>

#include "rendezvous/descriptor_seal.h"
#include "service/introduction.h"
#include "support/service_relay.h"
#include "support/test.h"

static uint8_t meet(struct service_told *told, uint32_t index, uint8_t cookie, uint8_t which)
{
    uint8_t body[CEPA_MEET_SIZE];
    memset(body, cookie, sizeof body);
    memset(body + CEPA_SERVICE_COOKIE_SIZE, which, CEPA_SERVICE_END_SIZE);
    return service_ask(told, index, CEPA_SERVICE_MEET, body, sizeof body);
}

TEST(a_third_end_is_refused_and_a_second_try_replaces_the_first)
{
    struct service_told told;
    service_relay_begin();
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_WAITING);
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_REFUSED); /* one role per circuit */
    CHECK_INT(meet(&told, 2, 9, 2), CEPA_SERVICE_OK);
    CHECK_INT(told.status[1], CEPA_SERVICE_OK);
    CHECK_INT(meet(&told, 3, 9, 3), CEPA_SERVICE_REFUSED);
    CHECK(cepa_handle_is_equal(cepa_services_other(service_relay, service_origin(1).circuit),
                               service_origin(2).circuit));
    CHECK_INT(meet(&told, 4, 9, 1), CEPA_SERVICE_OK);
    CHECK_INT(told.closed[1], 1);
    CHECK_INT(told.count[2], 2); /* PARTED, OK */
    CHECK(cepa_handle_is_none(cepa_services_other(service_relay, service_origin(1).circuit)));
    CHECK(cepa_handle_is_equal(cepa_services_other(service_relay, service_origin(2).circuit),
                               service_origin(4).circuit));
    /* A stale circuit at the same place is another one. */
    struct cepa_handle stale = {.generation = 5, .index = 2};
    CHECK(cepa_handle_is_none(cepa_services_other(service_relay, stale)));
    cepa_services_on_ended(service_relay, stale, service_turn.now);
    CHECK(!cepa_handle_is_none(cepa_services_other(service_relay, service_origin(2).circuit)));
    service_relay_end();
}

TEST(who_waits_in_vain_is_sent_away)
{
    struct service_told told;
    struct cepa_services_status status;
    service_relay_begin();
    CHECK_INT(meet(&told, 1, 9, 1), CEPA_SERVICE_WAITING);
    CHECK_INT(meet(&told, 2, 9, 2), CEPA_SERVICE_OK);
    cepa_services_on_ended(service_relay, service_origin(1).circuit, service_turn.now);
    service_take(&told);
    CHECK_INT(told.status[2], CEPA_SERVICE_PARTED);
    service_turn.now.ns += CEPA_SERVICE_WAIT_NS - 1;
    cepa_services_step(service_relay, service_turn.today, service_turn.now);
    service_take(&told);
    CHECK_INT(told.closed[2], 0);
    service_turn.now.ns += 1;
    cepa_services_step(service_relay, service_turn.today, service_turn.now);
    service_take(&told);
    CHECK_INT(told.closed[2], 1);
    cepa_services_status_get(service_relay, &status);
    CHECK_INT(status.waiting + status.joined + status.introductions, 0);
    CHECK_INT(meet(&told, 3, 9, 1), CEPA_SERVICE_WAITING); /* the cookie is free again */
    service_relay_end();
}

TEST(a_link_has_its_share_of_the_roles)
{
    struct service_told told;
    service_relay_begin();
    for (uint32_t i = 0; i < SERVICE_ROLES / CEPA_SERVICE_SHARE; i++) {
        CHECK_INT(meet(&told, 4 * i, (uint8_t)(100 + i), 1), CEPA_SERVICE_WAITING);
    }
    CHECK_INT(meet(&told, 60, 1, 1), CEPA_SERVICE_BUSY); /* link 0 again */
    CHECK_INT(meet(&told, 61, 1, 1), CEPA_SERVICE_WAITING);
    service_relay_end();
}

static uint8_t await(struct service_told *told, uint32_t index, uint8_t key, uint16_t per_minute,
                     uint32_t day, const struct cepa_ed25519_public_key *relay)
{
    struct cepa_ed25519_key signing;
    struct cepa_introduction introduction;
    uint8_t body[CEPA_INTRODUCTION_SIZE];
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    cepa_introduction_make(&introduction, &signing, per_minute, (struct cepa_directory_day){day},
                           &service_network, relay);
    cepa_introduction_encode(body, &introduction);
    return service_ask(told, index, CEPA_SERVICE_INTRODUCTION, body, sizeof body);
}

static uint8_t knock(struct service_told *told, uint32_t index, uint8_t key, size_t len)
{
    static uint8_t body[CEPA_INTRODUCE_KEY_SIZE + CEPA_INTRODUCE_MESSAGE_MAX + 1];
    struct cepa_ed25519_key signing;
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    memcpy(body, signing.public_key.bytes, CEPA_INTRODUCE_KEY_SIZE);
    return service_ask(told, index, CEPA_SERVICE_INTRODUCE, body, CEPA_INTRODUCE_KEY_SIZE + len);
}

TEST(introductions_are_for_their_owner_only)
{
    static const struct cepa_ed25519_public_key other = {{3}};
    struct service_told told;
    service_relay_begin();
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY, &other), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY - 2, &service_key), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY + 2, &service_key), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 0, SERVICE_TODAY, &service_key), CEPA_SERVICE_REFUSED);
    CHECK_INT(service_ask(&told, 1, CEPA_SERVICE_INTRODUCTION, "x", 1), CEPA_SERVICE_REFUSED);
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY, &service_key), CEPA_SERVICE_OK);
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY, &service_key), CEPA_SERVICE_OK); /* it lives */
    CHECK_INT(await(&told, 1, 2, 60, SERVICE_TODAY, &service_key), CEPA_SERVICE_REFUSED);
    CHECK_INT(knock(&told, 2, 1, 4000), CEPA_SERVICE_OK);
    CHECK_INT(told.status[1], CEPA_SERVICE_KNOCK);
    CHECK_INT(told.bytes, 4000);
    CHECK_INT(knock(&told, 2, 2, 4000), CEPA_SERVICE_UNKNOWN);
    CHECK_INT(knock(&told, 2, 1, 0), CEPA_SERVICE_REFUSED);
    CHECK_INT(knock(&told, 2, 1, CEPA_INTRODUCE_MESSAGE_MAX + 1), CEPA_SERVICE_REFUSED);
    /* The owner comes by another circuit. */
    CHECK_INT(await(&told, 5, 1, 60, SERVICE_TODAY, &service_key), CEPA_SERVICE_OK);
    CHECK_INT(told.closed[1], 1);
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_OK);
    CHECK_INT(told.status[5], CEPA_SERVICE_KNOCK);
    /* And is gone. */
    cepa_services_on_ended(service_relay, service_origin(5).circuit, service_turn.now);
    service_take(&told);
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_UNKNOWN);
    service_relay_end();
}

TEST(an_owner_is_not_flooded)
{
    struct service_told told;
    service_relay_begin();
    CHECK_INT(await(&told, 1, 1, 60, SERVICE_TODAY, &service_key), CEPA_SERVICE_OK);
    uint32_t through = 0;
    for (uint32_t i = 0; i < 100; i++) {
        through += knock(&told, 2 + i % 8, 1, 1000) == CEPA_SERVICE_OK;
    }
    CHECK_INT(through, 8);
    service_turn.now.ns += 3 * CEPA_SECOND_NS;
    for (uint32_t i = 0; i < 100; i++) {
        through += knock(&told, 2 + i % 8, 1, 1000) == CEPA_SERVICE_OK;
    }
    CHECK_INT(through, 11);
    service_relay_end();
}

/* Somebody knocks once over each of many links. */
static void knock_over_links(uint64_t first, uint64_t end)
{
    struct service_told told;
    struct cepa_ed25519_key key;
    uint8_t body[CEPA_INTRODUCE_KEY_SIZE + 1];
    uint8_t data[CEPA_CELL_DATA_MAX];
    cepa_ed25519_key_init(&key, &(struct cepa_ed25519_seed){{1}});
    memcpy(body, key.public_key.bytes, CEPA_INTRODUCE_KEY_SIZE);
    size_t len = cepa_service_request(data, CEPA_SERVICE_INTRODUCE, body, 0, body, sizeof body);
    for (struct cepa_service_origin origin = service_origin(5); first < end; first++) {
        origin.link = first;
        cepa_services_on_request(service_relay, &origin, data, len, &service_turn);
        service_take(&told);
    }
}

TEST(a_link_does_not_knock_without_end)
{
    struct service_told told;
    uint32_t through = 0;
    service_relay_begin();
    CHECK_INT(await(&told, 1, 1, 6000, SERVICE_TODAY, &service_key), CEPA_SERVICE_OK);
    for (uint32_t i = 0; i < 200; i++) {
        service_turn.now.ns += 10 * CEPA_MILLISECOND_NS;
        through += knock(&told, 2 + 4 * (i % 8), 1, 100) == CEPA_SERVICE_OK;
    }
    CHECK_INT(through, 64 + 7);                          /* 64 at once, 4 per second */
    CHECK_INT(knock(&told, 3, 1, 100), CEPA_SERVICE_OK); /* others still may */
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_BUSY);
    knock_over_links(100, 100 + 2 * CEPA_SERVICE_KNOCKERS);
    CHECK_INT(knock(&told, 2, 1, 100), CEPA_SERVICE_BUSY); /* it is not forgotten for that */
    service_relay_end();
}

static uint8_t put(struct service_told *told, uint32_t index, uint8_t key, uint32_t day,
                   uint64_t sequence, bool is_right)
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
    cepa_descriptor_sign(bytes, &blinded, &service_network);
    bytes[CEPA_ADDRESS_DESCRIPTOR_SIGNED_SIZE - 1] ^= !is_right;
    return service_ask(told, index, CEPA_SERVICE_DESCRIPTOR_PUT, bytes, sizeof bytes);
}

static uint8_t get(struct service_told *told, uint32_t index, uint8_t key, uint32_t day)
{
    struct cepa_ed25519_key signing;
    struct cepa_ed25519_blinded_public_key blinded;
    cepa_ed25519_key_init(&signing, &(struct cepa_ed25519_seed){{key}});
    CHECK_INT(cepa_ed25519_blind_public_key(&blinded, &signing.public_key,
                                            (struct cepa_directory_day){day}, NULL, 0),
              0);
    struct cepa_descriptor_position position;
    cepa_descriptor_position_of(&position, blinded.point.bytes, (struct cepa_directory_day){day},
                                key % CEPA_DESCRIPTOR_POSITIONS);
    return service_ask(told, index, CEPA_SERVICE_DESCRIPTOR_GET, position.bytes,
                       sizeof position.bytes);
}

TEST(descriptors_are_kept_as_long_as_they_are_of_use)
{
    struct service_told told;
    service_relay_begin();
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 7, false), CEPA_SERVICE_REFUSED);
    service_is_near = false;
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 7, true), CEPA_SERVICE_REFUSED);
    service_is_near = true;
    CHECK_INT(get(&told, 2, 1, SERVICE_TODAY), CEPA_SERVICE_UNKNOWN);
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 7, true), CEPA_SERVICE_OK);
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 7, true), CEPA_SERVICE_OK); /* again */
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 6, true), CEPA_SERVICE_NEWER);
    CHECK_INT(put(&told, 1, 1, SERVICE_TODAY, 8, true), CEPA_SERVICE_OK);
    CHECK_INT(get(&told, 2, 1, SERVICE_TODAY), CEPA_SERVICE_OK);
    CHECK_INT(told.bytes, CEPA_ADDRESS_DESCRIPTOR_SIZE);
    CHECK_INT(put(&told, 1, 2, SERVICE_TODAY + 2, 1, true), CEPA_SERVICE_REFUSED);
    CHECK_INT(put(&told, 1, 2, SERVICE_TODAY - 2, 1, true), CEPA_SERVICE_REFUSED);
    CHECK_INT(service_ask(&told, 2, CEPA_SERVICE_DESCRIPTOR_GET, "x", 1), CEPA_SERVICE_REFUSED);
    /* Days go by. */
    cepa_services_step(service_relay, (struct cepa_directory_day){SERVICE_TODAY + 1},
                       service_turn.now);
    CHECK_INT(get(&told, 2, 1, SERVICE_TODAY), CEPA_SERVICE_OK);
    cepa_services_step(service_relay, (struct cepa_directory_day){SERVICE_TODAY + 2},
                       service_turn.now);
    CHECK_INT(get(&told, 2, 1, SERVICE_TODAY), CEPA_SERVICE_UNKNOWN);
    service_relay_end();
}

TEST(a_link_has_its_share_of_the_descriptors)
{
    struct service_told told;
    service_relay_begin();
    for (uint32_t key = 1; key <= SERVICE_DESCRIPTORS / CEPA_SERVICE_SHARE; key++) {
        CHECK_INT(put(&told, 4, (uint8_t)key, SERVICE_TODAY, 1, true), CEPA_SERVICE_OK);
    }
    CHECK_INT(put(&told, 4, 20, SERVICE_TODAY, 1, true), CEPA_SERVICE_BUSY);
    CHECK_INT(put(&told, 5, 20, SERVICE_TODAY, 1, true), CEPA_SERVICE_OK);
    service_relay_end();
}

TEST(who_sends_only_parts_holds_nobody_up)
{
    static const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {1};
    static const uint8_t body[3 * CEPA_SERVICE_PART_MAX] = {0};
    struct service_told told;
    uint8_t data[CEPA_CELL_DATA_MAX];
    size_t len = cepa_service_request(data, CEPA_SERVICE_DESCRIPTOR_PUT, tag, 0, body, sizeof body);
    service_relay_begin();
    for (uint32_t i = 0; i < 40; i++) {
        struct cepa_service_origin origin = service_origin(4 * (i % 16)); /* all of link 0 */
        cepa_services_on_request(service_relay, &origin, data, len, &service_turn);
        service_take(&told);
    }
    CHECK_INT(get(&told, 1, 1, SERVICE_TODAY), CEPA_SERVICE_UNKNOWN); /* link 1 is served */
    CHECK_INT(get(&told, 4, 1, SERVICE_TODAY), CEPA_SERVICE_UNKNOWN); /* one part needs no place */
    CHECK_INT(put(&told, 4, 1, SERVICE_TODAY, 1, true), CEPA_SERVICE_BUSY);
    CHECK_INT(put(&told, 1, 2, SERVICE_TODAY, 1, true), CEPA_SERVICE_OK);
    service_turn.now.ns += CEPA_SERVICE_REQUEST_NS + 1;
    CHECK_INT(put(&told, 4, 1, SERVICE_TODAY, 1, true), CEPA_SERVICE_OK);
    service_relay_end();
}

TEST(limits_have_a_range)
{
    struct cepa_services_config config = {.limits = service_relay_limits()};
    CHECK_INT(cepa_services_init(&service_relay, &config, sizeof config, &config),
              CEPA_ERR_ARGUMENT);
    static const size_t fields[] = {offsetof(struct cepa_services_limits, circuits),
                                    offsetof(struct cepa_services_limits, roles),
                                    offsetof(struct cepa_services_limits, requests),
                                    offsetof(struct cepa_services_limits, descriptors),
                                    offsetof(struct cepa_services_limits, mailboxes),
                                    offsetof(struct cepa_services_limits, boxes)};
    static const uint32_t too_few[] = {0, 3, 0, 3, 3, 3};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        struct cepa_services_limits limits = service_relay_limits();
        CHECK(cepa_services_size(&limits) < SIZE_MAX);
        memcpy((uint8_t *)&limits + fields[i], &too_few[i], sizeof too_few[i]);
        CHECK(cepa_services_size(&limits) == SIZE_MAX);
    }
}

TEST_MAIN(RUN(a_third_end_is_refused_and_a_second_try_replaces_the_first),
          RUN(who_waits_in_vain_is_sent_away), RUN(a_link_has_its_share_of_the_roles),
          RUN(introductions_are_for_their_owner_only), RUN(an_owner_is_not_flooded),
          RUN(a_link_does_not_knock_without_end),
          RUN(descriptors_are_kept_as_long_as_they_are_of_use),
          RUN(a_link_has_its_share_of_the_descriptors), RUN(who_sends_only_parts_holds_nobody_up),
          RUN(limits_have_a_range))
