/* Who may put boxes, get and delete them, and how many. */
#include <string.h>

#include "base/endian.h"
#include "service/mailbox.h"
#include "support/service_relay.h"
#include "support/test.h"

static struct service_told told;
static struct cepa_mailbox_binding here;
static uint8_t put_body[CEPA_MAILBOX_PUT_SIZE];

static struct cepa_ed25519_key key_of(uint8_t which)
{
    struct cepa_ed25519_key key;
    cepa_ed25519_key_init(&key, &(struct cepa_ed25519_seed){{which}});
    return key;
}

/* Owner number n has key n, and names key 100 + n. */
static struct cepa_ed25519_key writing_of(uint8_t owner)
{
    return key_of((uint8_t)(100 + owner));
}

static void begin(void)
{
    service_relay_begin();
    here = (struct cepa_mailbox_binding){service_network, service_key, SERVICE_MINUTE};
}

static uint8_t get_after(uint32_t circuit, uint8_t owner, uint64_t after)
{
    struct cepa_ed25519_key key = key_of(owner);
    struct cepa_ed25519_key writing = writing_of(owner);
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    cepa_mailbox_get(body, &key, &writing.public_key, after, &here);
    return service_ask(&told, circuit, CEPA_SERVICE_MAILBOX_GET, body, sizeof body);
}

static uint8_t get(uint32_t circuit, uint8_t owner)
{
    return get_after(circuit, owner, 0);
}

/* Makes a box that consists of `fill` with a number before it, for put_again. */
static void make_put(uint8_t owner, const struct cepa_ed25519_key *writing, uint32_t fill)
{
    struct cepa_ed25519_key key = key_of(owner);
    uint8_t *box = put_body + CEPA_MAILBOX_HEAD_SIZE;
    memset(box, 0xb0, CEPA_MAILBOX_BOX_SIZE);
    cepa_be32_store(box, fill);
    cepa_mailbox_put(put_body, &key.public_key, writing, box, &here);
}

static uint8_t put_again(uint32_t circuit)
{
    return service_ask(&told, circuit, CEPA_SERVICE_MAILBOX_PUT, put_body, sizeof put_body);
}

static uint8_t put(uint32_t circuit, uint8_t owner, uint32_t fill)
{
    struct cepa_ed25519_key writing = writing_of(owner);
    make_put(owner, &writing, fill);
    return put_again(circuit);
}

static uint8_t delete_up_to(const struct cepa_ed25519_key *key, uint64_t up_to)
{
    uint8_t body[CEPA_MAILBOX_DELETE_SIZE];
    cepa_mailbox_delete(body, key, up_to, &here);
    return service_ask(&told, 0, CEPA_SERVICE_MAILBOX_DELETE, body, sizeof body);
}

static struct cepa_services_status status_now(void)
{
    struct cepa_service_stored stored;
    struct cepa_services_status status;
    while (cepa_services_next_stored(service_relay, &stored) == 0) {
    }
    cepa_services_status_get(service_relay, &status);
    return status;
}

static void step(void)
{
    cepa_services_step(service_relay, service_turn.today, service_turn.now);
}

TEST(an_owner_gets_what_was_put)
{
    const uint8_t *box;
    uint64_t number = 0;
    begin();
    CHECK_INT(put(1, 1, 1), CEPA_SERVICE_UNKNOWN); /* nobody has opened it */
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    CHECK_INT(told.bytes, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK_INT(put(1, 1, i), CEPA_SERVICE_OK);
    }
    for (uint32_t i = 1; i <= 3; i++) {
        CHECK_INT(get_after(0, 1, number), CEPA_SERVICE_OK);
        CHECK_INT(told.count[0], 16);
        CHECK_INT(cepa_mailbox_read_answer(&number, &box, told.body, told.bytes), 0);
        CHECK_INT(cepa_be32_load(box), i);
        CHECK_INT(box[CEPA_MAILBOX_BOX_SIZE - 1], 0xb0);
    }
    CHECK_INT(get_after(0, 1, number), CEPA_SERVICE_OK);
    CHECK_INT(told.bytes, 0);
    struct cepa_ed25519_key owner = key_of(1);
    CHECK_INT(delete_up_to(&owner, number - 1), CEPA_SERVICE_OK);
    CHECK_INT(status_now().boxes, 1);
    CHECK_INT(put(1, 1, 4), CEPA_SERVICE_OK);
    CHECK_INT(get_after(0, 1, number), CEPA_SERVICE_OK); /* numbers are not used again */
    CHECK_INT(told.bytes, CEPA_MAILBOX_ANSWER_SIZE);
    CHECK_INT(delete_up_to(&owner, CEPA_MAILBOX_ALL), CEPA_SERVICE_OK);
    CHECK_INT(status_now().mailboxes, 0);
    CHECK_INT(delete_up_to(&owner, CEPA_MAILBOX_ALL), CEPA_SERVICE_UNKNOWN);
    service_relay_end();
}

TEST(a_box_that_is_put_twice_is_there_once)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    CHECK_INT(put(1, 1, 7), CEPA_SERVICE_OK);
    CHECK_INT(put_again(2), CEPA_SERVICE_OK);
    CHECK_INT(status_now().boxes, 1);
    service_relay_end();
}

TEST(nobody_else_may)
{
    begin();
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_ed25519_key writing = writing_of(1);
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    make_put(1, &owner, 1); /* not even the owner puts */
    CHECK_INT(put_again(1), CEPA_SERVICE_REFUSED);
    make_put(1, &writing, 1);
    put_body[sizeof put_body - 1] ^= 1;
    CHECK_INT(put_again(1), CEPA_SERVICE_REFUSED);
    put_body[sizeof put_body - 1] ^= 1;
    put_body[CEPA_MAILBOX_HEAD_SIZE] ^= 1;
    CHECK_INT(put_again(1), CEPA_SERVICE_REFUSED);
    CHECK_INT(put(1, 1, 1), CEPA_SERVICE_OK);

    uint8_t body[CEPA_MAILBOX_DELETE_SIZE];
    cepa_mailbox_delete(body, &writing, CEPA_MAILBOX_ALL, &here);
    memcpy(body, owner.public_key.bytes, sizeof owner.public_key.bytes);
    CHECK_INT(service_ask(&told, 1, CEPA_SERVICE_MAILBOX_DELETE, body, sizeof body),
              CEPA_SERVICE_REFUSED);
    uint8_t ask[CEPA_MAILBOX_GET_SIZE];
    cepa_mailbox_get(ask, &writing, &writing.public_key, 0, &here);
    memcpy(ask, owner.public_key.bytes, sizeof owner.public_key.bytes);
    CHECK_INT(service_ask(&told, 1, CEPA_SERVICE_MAILBOX_GET, ask, sizeof ask),
              CEPA_SERVICE_REFUSED);
    CHECK_INT(status_now().boxes, 1);
    CHECK_INT(status_now().refused, 5);
    service_relay_end();
}

TEST(an_owner_may_take_the_writing_key_back)
{
    begin();
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_ed25519_key other = key_of(50);
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    cepa_mailbox_get(body, &owner, &other.public_key, 0, &here);
    CHECK_INT(service_ask(&told, 0, CEPA_SERVICE_MAILBOX_GET, body, sizeof body), CEPA_SERVICE_OK);
    CHECK_INT(put(1, 1, 1), CEPA_SERVICE_REFUSED);
    make_put(1, &other, 1);
    CHECK_INT(put_again(1), CEPA_SERVICE_OK);
    service_relay_end();
}

TEST(requests_are_of_use_here_and_now_only)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    static const int apart[] = {-11, -10, 10, 11};
    for (size_t i = 0; i < sizeof apart / sizeof apart[0]; i++) {
        bool is_near = apart[i] >= -CEPA_MAILBOX_MINUTES && apart[i] <= CEPA_MAILBOX_MINUTES;
        here.minute = (uint32_t)(SERVICE_MINUTE + apart[i]);
        CHECK_INT(get(0, 1), is_near ? CEPA_SERVICE_OK : CEPA_SERVICE_REFUSED);
        CHECK_INT(put(1, 1, (uint32_t)i), is_near ? CEPA_SERVICE_OK : CEPA_SERVICE_REFUSED);
    }
    here.minute = SERVICE_MINUTE;
    here.relay.bytes[0] ^= 1;
    CHECK_INT(get(0, 1), CEPA_SERVICE_REFUSED);
    here.relay.bytes[0] ^= 1;
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    here.network.bytes[0] ^= 1;
    CHECK_INT(get(0, 1), CEPA_SERVICE_REFUSED);
    service_relay_end();
}

TEST(sizes_are_fixed)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    for (uint32_t service = CEPA_SERVICE_MAILBOX_PUT; service <= CEPA_SERVICE_MAILBOX_DELETE;
         service++) {
        CHECK_INT(service_ask(&told, 0, (uint8_t)service, put_body, 1), CEPA_SERVICE_REFUSED);
        CHECK_INT(service_ask(&told, 0, (uint8_t)service, put_body, 0), CEPA_SERVICE_REFUSED);
        CHECK_INT(service_ask(&told, 0, (uint8_t)service, put_body, sizeof put_body - 1),
                  CEPA_SERVICE_REFUSED);
    }
    service_relay_end();
}

TEST(a_mailbox_holds_so_many_boxes)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    for (uint32_t i = 0; i < CEPA_MAILBOX_BOXES_MAX; i++) {
        CHECK_INT(put(i % 4, 1, i), CEPA_SERVICE_OK);
    }
    CHECK_INT(put(0, 1, 1000), CEPA_SERVICE_BUSY);
    struct cepa_ed25519_key owner = key_of(1);
    CHECK_INT(delete_up_to(&owner, (uint64_t)SERVICE_MINUTE << 16), CEPA_SERVICE_OK);
    CHECK_INT(put(0, 1, 1000), CEPA_SERVICE_OK);
    CHECK_INT(put(0, 1, 1001), CEPA_SERVICE_BUSY);
    service_relay_end();
}

TEST(a_link_has_its_share_of_mailboxes_and_boxes)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    CHECK_INT(get(0, 2), CEPA_SERVICE_OK);
    CHECK_INT(get(4, 3), CEPA_SERVICE_BUSY); /* the same link */
    CHECK_INT(get(4, 2), CEPA_SERVICE_OK);   /* nothing new */
    CHECK_INT(get(1, 3), CEPA_SERVICE_OK);
    uint32_t most = SERVICE_BOXES / CEPA_SERVICE_SHARE;
    for (uint32_t i = 0; i < most; i++) {
        service_turn.now.ns += CEPA_SECOND_NS;
        CHECK_INT(put(2, (uint8_t)(1 + i % 2), i), CEPA_SERVICE_OK);
    }
    CHECK_INT(put(6, 3, most), CEPA_SERVICE_BUSY);
    CHECK_INT(put(3, 3, most), CEPA_SERVICE_OK);
    service_relay_end();
}

TEST(boxes_are_not_written_faster_than_a_disk_likes)
{
    begin();
    uint32_t came = 0;
    for (uint8_t owner = 1; owner <= 4; owner++) {
        CHECK_INT(get(owner, owner), CEPA_SERVICE_OK);
    }
    for (uint32_t i = 0; i < 190; i++) {
        came += put(i % 4, (uint8_t)(1 + i % 4), i) == CEPA_SERVICE_OK;
    }
    CHECK_INT(came, 128);
    service_turn.now.ns += CEPA_SECOND_NS;
    for (uint32_t i = 190; i < 210; i++) {
        came += put(i % 4, (uint8_t)(1 + i % 4), i) == CEPA_SERVICE_OK;
    }
    CHECK_INT(came, 128 + 8);
    service_relay_end();
}

TEST(signatures_are_not_checked_without_end)
{
    begin();
    uint32_t busy = 0;
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_ed25519_key writing = writing_of(1);
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    cepa_mailbox_get(body, &owner, &writing.public_key, 0, &here);
    body[sizeof body - 1] ^= 1;
    for (uint32_t i = 0; i < 250; i++) {
        busy +=
            service_ask(&told, 1, CEPA_SERVICE_MAILBOX_GET, body, sizeof body) == CEPA_SERVICE_BUSY;
    }
    CHECK_INT(busy, 50);
    CHECK_INT(delete_up_to(&owner, 1), CEPA_SERVICE_UNKNOWN);
    service_relay_end();
}

TEST(boxes_and_mailboxes_have_their_days)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    service_turn.today.number += CEPA_MAILBOX_DAYS;
    step();
    CHECK_INT(put(1, 1, 1), CEPA_SERVICE_OK); /* on the last day */
    service_turn.today.number++;
    step();
    CHECK_INT(put(1, 1, 2), CEPA_SERVICE_UNKNOWN); /* its owner did not ask for so long */
    service_turn.today.number += CEPA_MAILBOX_DAYS - 1;
    step();
    CHECK_INT(status_now().boxes, 1);
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK); /* but comes in time for this one */
    CHECK_INT(told.bytes, CEPA_MAILBOX_ANSWER_SIZE);
    service_turn.today.number++;
    step();
    CHECK_INT(status_now().boxes, 0);
    CHECK_INT(status_now().mailboxes, 1);
    service_turn.today.number += CEPA_MAILBOX_DAYS;
    step();
    CHECK_INT(status_now().mailboxes, 0);
    service_relay_end();
}

TEST(a_relay_that_spares_keeps_nothing_new)
{
    begin();
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    CHECK_INT(put(1, 1, 1), CEPA_SERVICE_OK);
    service_turn.is_sparing = true;
    CHECK_INT(put(1, 1, 2), CEPA_SERVICE_BUSY);
    CHECK_INT(get(0, 2), CEPA_SERVICE_BUSY);
    CHECK_INT(get(0, 1), CEPA_SERVICE_OK);
    CHECK_INT(told.bytes, CEPA_MAILBOX_ANSWER_SIZE);
    CHECK_INT(service_ask(&told, 1, CEPA_SERVICE_DESCRIPTOR_PUT, put_body, 16384),
              CEPA_SERVICE_BUSY);
    service_relay_end();
}

TEST(a_relay_without_boxes_refuses)
{
    static uint64_t memory[40000];
    struct cepa_services_config config = {
        .limits = service_relay_limits(), .network = service_network, .relay = service_key};
    begin();
    service_relay_end();
    config.limits.requests = 1;
    config.limits.boxes = 0;
    CHECK(cepa_services_size(&config.limits) <= sizeof memory);
    CHECK_INT(cepa_services_init(&service_relay, memory, sizeof memory, &config), 0);
    CHECK_INT(get(0, 1), CEPA_SERVICE_REFUSED);
    CHECK_INT(put(0, 1, 1), CEPA_SERVICE_REFUSED);
    uint8_t value[CEPA_SERVICE_BOX_VALUE_SIZE] = {0};
    uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE] = {0};
    CHECK_INT(
        cepa_services_restore_mailbox(service_relay, key, value, CEPA_SERVICE_MAILBOX_VALUE_SIZE),
        CEPA_ERR_FULL);
    CHECK_INT(cepa_services_restore_box(service_relay, key, value, sizeof value), CEPA_ERR_FULL);
    step();
    CHECK_INT(status_now().mailboxes, 0);
    cepa_services_wipe(service_relay);
}

TEST_MAIN(RUN(an_owner_gets_what_was_put), RUN(a_box_that_is_put_twice_is_there_once),
          RUN(nobody_else_may), RUN(an_owner_may_take_the_writing_key_back),
          RUN(requests_are_of_use_here_and_now_only), RUN(sizes_are_fixed),
          RUN(a_mailbox_holds_so_many_boxes), RUN(a_link_has_its_share_of_mailboxes_and_boxes),
          RUN(boxes_are_not_written_faster_than_a_disk_likes),
          RUN(signatures_are_not_checked_without_end), RUN(boxes_and_mailboxes_have_their_days),
          RUN(a_relay_that_spares_keeps_nothing_new), RUN(a_relay_without_boxes_refuses))
