/* What a relay keeps of mailboxes: over a restart, in what order, and how much. */
#include <string.h>

#include "base/endian.h"
#include "service/mailbox.h"
#include "support/service_relay.h"
#include "support/test.h"

enum { VALUES = 300 };

/* A store. */
struct value {
    bool is_box;
    uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE];
    uint8_t bytes[CEPA_SERVICE_BOX_VALUE_SIZE];
    size_t len;
};
static struct value values[VALUES];
static size_t values_len;

static struct value *find_value(const struct cepa_service_stored *stored)
{
    for (size_t i = 0; i < values_len; i++) {
        if (values[i].is_box == stored->is_box &&
            memcmp(values[i].key, stored->key, sizeof stored->key) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

/* Takes what the relay wants to have stored, and gives how much that was. */
static uint32_t store(void)
{
    struct cepa_service_stored stored;
    uint32_t count = 0;
    for (; cepa_services_next_stored(service_relay, &stored) == 0; count++) {
        struct value *value = find_value(&stored);
        if (stored.is_gone) {
            CHECK(stored.value == NULL);
            if (value != NULL) { /* else it was gone before it was stored */
                *value = values[--values_len];
            }
            continue;
        }
        value = value != NULL ? value : &values[values_len++];
        value->is_box = stored.is_box;
        memcpy(value->key, stored.key, sizeof value->key);
        memcpy(value->bytes, stored.value, stored.value_len);
        value->len = stored.value_len;
    }
    return count;
}

static int restore(const struct value *value, size_t len)
{
    return (value->is_box ? cepa_services_restore_box : cepa_services_restore_mailbox)(
        service_relay, value->key, value->bytes, len);
}

static struct cepa_ed25519_key key_of(uint8_t which)
{
    struct cepa_ed25519_key key;
    cepa_ed25519_key_init(&key, &(struct cepa_ed25519_seed){{which}});
    return key;
}

static struct cepa_mailbox_binding binding(void)
{
    return (struct cepa_mailbox_binding){service_network, service_key, service_turn.minute};
}

/* The owner asks for the first box behind `after`; gives its number, 0: there is none. */
static uint64_t get(uint64_t after)
{
    static struct service_told told;
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_ed25519_key writing = key_of(2);
    struct cepa_mailbox_binding here = binding();
    uint8_t body[CEPA_MAILBOX_GET_SIZE];
    uint64_t number = 0;
    const uint8_t *box;
    cepa_mailbox_get(body, &owner, &writing.public_key, after, &here);
    CHECK_INT(service_ask(&told, 1, CEPA_SERVICE_MAILBOX_GET, body, sizeof body), CEPA_SERVICE_OK);
    CHECK_INT(cepa_mailbox_read_answer(&number, &box, told.body, told.bytes),
              told.bytes == 0 ? CEPA_ERR_LENGTH : 0);
    return told.bytes == 0 ? 0 : number;
}

static void put(uint8_t which)
{
    static struct service_told told;
    static uint8_t body[CEPA_MAILBOX_PUT_SIZE];
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_ed25519_key writing = key_of(2);
    struct cepa_mailbox_binding here = binding();
    memset(body + CEPA_MAILBOX_HEAD_SIZE, which, CEPA_MAILBOX_BOX_SIZE);
    cepa_mailbox_put(body, &owner.public_key, &writing, body + CEPA_MAILBOX_HEAD_SIZE, &here);
    CHECK_INT(service_ask(&told, 2, CEPA_SERVICE_MAILBOX_PUT, body, sizeof body), CEPA_SERVICE_OK);
}

static void delete (uint64_t up_to)
{
    static struct service_told told;
    struct cepa_ed25519_key owner = key_of(1);
    struct cepa_mailbox_binding here = binding();
    uint8_t body[CEPA_MAILBOX_DELETE_SIZE];
    cepa_mailbox_delete(body, &owner, up_to, &here);
    CHECK_INT(service_ask(&told, 3, CEPA_SERVICE_MAILBOX_DELETE, body, sizeof body),
              CEPA_SERVICE_OK);
}

static void begin_with(uint8_t boxes)
{
    service_relay_begin();
    values_len = 0;
    CHECK_INT(get(0), 0);
    for (uint8_t i = 0; i < boxes; i++) {
        put(i);
    }
}

static struct cepa_services_status status_now(void)
{
    struct cepa_services_status status;
    cepa_services_status_get(service_relay, &status);
    return status;
}

TEST(the_store_is_told_of_each_change_once)
{
    begin_with(3);
    CHECK_INT(store(), 4);
    CHECK_INT(store(), 0);
    CHECK_INT(get(0), (uint64_t)SERVICE_MINUTE << 16);
    CHECK_INT(store(), 0); /* nothing is new today */
    service_turn.today.number++;
    CHECK_INT(get(0), (uint64_t)SERVICE_MINUTE << 16);
    CHECK_INT(store(), 1); /* it was asked for on another day */
    put(9);
    delete (get(0));
    CHECK_INT(store(), 2);
    CHECK_INT(values_len, 4);
    delete (CEPA_MAILBOX_ALL);
    CHECK_INT(status_now().boxes, 3); /* they hold their places until the store knows */
    CHECK_INT(store(), 4);
    CHECK_INT(values_len, 0);
    CHECK_INT(status_now().boxes, 0);
    CHECK_INT(status_now().mailboxes, 0);
    service_relay_end();
}

TEST(what_is_gone_and_comes_again_is_stored)
{
    begin_with(1);
    delete (CEPA_MAILBOX_ALL);
    CHECK_INT(get(0), 0);
    put(7);
    CHECK_INT(status_now().mailboxes, 2); /* one of them is gone */
    CHECK_INT(store() > 0, 1);
    CHECK_INT(status_now().mailboxes, 1);
    CHECK_INT(values_len, 2);
    service_relay_end();
}

TEST(boxes_come_back_in_any_order)
{
    uint64_t numbers[8];
    begin_with(8);
    for (size_t i = 0; i < 8; i++) {
        numbers[i] = get(i == 0 ? 0 : numbers[i - 1]);
    }
    CHECK_INT(store(), 9);
    service_relay_end();
    for (size_t first = 0; first < values_len; first++) {
        service_relay_begin();
        for (size_t i = 0; i < values_len; i++) {
            const struct value *value = &values[(first + i * 4) % values_len];
            CHECK_INT(restore(value, value->len), 0);
            CHECK(!value->is_box || restore(value, value->len) == CEPA_ERR_FULL); /* twice */
        }
        CHECK_INT(status_now().mailboxes, 1);
        CHECK_INT(status_now().boxes, 8);
        for (size_t i = 0; i < 8; i++) {
            CHECK_INT(get(i == 0 ? 0 : numbers[i - 1]), numbers[i]);
        }
        CHECK_INT(get(numbers[7]), 0);
        put(100); /* behind all others, within the same minute too */
        CHECK_INT(get(numbers[7]), numbers[7] + 1);
        service_relay_end();
    }
}

TEST(boxes_without_their_mailbox_are_given_up)
{
    begin_with(1);
    CHECK_INT(store(), 2);
    service_relay_end();
    service_relay_begin();
    const struct value *box = &values[values[0].is_box ? 0 : 1];
    CHECK_INT(restore(box, box->len), 0);
    CHECK_INT(status_now().mailboxes, 1);
    cepa_services_step(service_relay, service_turn.today, service_turn.now);
    CHECK_INT(status_now().boxes, 1); /* its owner may still come */
    service_turn.today.number += CEPA_MAILBOX_DAYS + 1;
    cepa_services_step(service_relay, service_turn.today, service_turn.now);
    CHECK_INT(store(), 2);
    CHECK_INT(status_now().boxes, 0);
    CHECK_INT(status_now().mailboxes, 0);
    service_relay_end();
}

TEST(damaged_values_are_not_taken)
{
    begin_with(1);
    CHECK_INT(store(), 2);
    service_relay_end();
    service_relay_begin();
    for (size_t i = 0; i < values_len; i++) {
        struct value *value = &values[i];
        CHECK_INT(restore(value, value->len - 1), CEPA_ERR_LENGTH);
        CHECK_INT(restore(value, 0), CEPA_ERR_LENGTH);
        if (value->is_box) {
            value->key[0] ^= 1;
            CHECK_INT(restore(value, value->len), CEPA_ERR_MALFORMED);
            value->key[0] ^= 1;
            value->key[31] ^= 1;
            CHECK_INT(restore(value, value->len), CEPA_ERR_MALFORMED);
            value->key[31] ^= 1;
        }
    }
    service_relay_end();
}

TEST(a_full_table_takes_no_more_back)
{
    begin_with(1);
    CHECK_INT(store(), 2);
    service_relay_end();
    service_relay_begin();
    struct value *mailbox = &values[values[0].is_box ? 1 : 0];
    for (uint32_t i = 0; i < SERVICE_MAILBOXES; i++) {
        mailbox->key[0] = (uint8_t)i;
        CHECK_INT(restore(mailbox, mailbox->len), 0);
    }
    mailbox->key[0] = SERVICE_MAILBOXES;
    CHECK_INT(restore(mailbox, mailbox->len), CEPA_ERR_FULL);
    struct value *box = &values[values[0].is_box ? 0 : 1];
    CHECK_INT(restore(box, box->len), CEPA_ERR_FULL); /* of a mailbox that has no room */
    box->key[0] = box->bytes[0] = 1;
    memcpy(box->bytes, mailbox->key, sizeof mailbox->key);
    box->bytes[0] = 1;
    memcpy(box->key, box->bytes, 24);
    for (uint32_t i = 0; i < CEPA_MAILBOX_BOXES_MAX; i++) {
        cepa_be64_store(box->key + 24, i);
        cepa_be64_store(box->bytes + 36, i);
        CHECK_INT(restore(box, box->len), 0);
    }
    cepa_be64_store(box->key + 24, CEPA_MAILBOX_BOXES_MAX);
    cepa_be64_store(box->bytes + 36, CEPA_MAILBOX_BOXES_MAX);
    CHECK_INT(restore(box, box->len), CEPA_ERR_FULL);
    service_relay_end();
}

TEST_MAIN(RUN(the_store_is_told_of_each_change_once), RUN(what_is_gone_and_comes_again_is_stored),
          RUN(boxes_come_back_in_any_order), RUN(boxes_without_their_mailbox_are_given_up),
          RUN(damaged_values_are_not_taken), RUN(a_full_table_takes_no_more_back))
