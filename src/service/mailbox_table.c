/* Mailboxes and their boxes, and what the store is to be told of them. What is gone stays in its
 * place until the store was told, so that no list of keys can overflow. @[SPEC 15.5] */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "service/mailbox.h"
#include "service/service_state.h"

enum {
    KEY_OWNER = CEPA_SERVICE_STORED_KEY_SIZE - 8, /* bytes of the owner's key in that of a box */
    VALUE_DAY = CEPA_ED25519_PUBLIC_KEY_LEN,
    VALUE_NUMBER = VALUE_DAY + 4
};

/* --- changes ---------------------------------------------------------------------------------- */

static void push(const struct cepa_pool *pool, struct cepa_service_changes *changes,
                 struct cepa_service_item *item)
{
    if (item->is_changed) {
        return;
    }
    struct cepa_service_item *last = cepa_pool_find(pool, changes->last);
    if (last != NULL) {
        last->next_change = item->self;
    } else {
        changes->first = item->self;
    }
    changes->last = item->self;
    item->is_changed = true;
}

static struct cepa_service_item *pop(const struct cepa_pool *pool,
                                     struct cepa_service_changes *changes)
{
    struct cepa_service_item *item = cepa_pool_find(pool, changes->first);
    if (item != NULL) {
        changes->first = item->next_change;
        if (cepa_handle_is_none(changes->first)) {
            changes->last = changes->first;
        }
        item->next_change = (struct cepa_handle){0};
        item->is_changed = false;
    }
    return item;
}

void cepa_service_mailbox_changed(struct cepa_services *services,
                                  struct cepa_service_mailbox *mailbox)
{
    push(&services->mailboxes, &services->mailbox_changes, &mailbox->item);
}

void cepa_service_box_changed(struct cepa_services *services, struct cepa_service_box *box)
{
    push(&services->boxes, &services->box_changes, &box->item);
}

/* Fills in what all changes have in common; what is gone leaves its place. */
static void tell(struct cepa_pool *pool, struct cepa_service_stored *ret_stored,
                 struct cepa_service_stored stored, const struct cepa_service_item *item)
{
    stored.is_gone = item->is_gone;
    if (item->is_gone) {
        stored.value = NULL;
        stored.value_len = 0;
        int error = cepa_pool_free(pool, item->self);
        CEPA_ASSERT(error == 0);
    }
    *ret_stored = stored;
}

int cepa_services_next_stored(struct cepa_services *services,
                              struct cepa_service_stored *ret_stored)
{
    struct cepa_service_item *item = pop(&services->mailboxes, &services->mailbox_changes);
    if (item != NULL) {
        const struct cepa_service_mailbox *mailbox =
            cepa_pool_find(&services->mailboxes, item->self);
        struct cepa_service_stored stored = {.value = services->mailbox_value,
                                             .value_len = sizeof services->mailbox_value};
        memcpy(stored.key, mailbox->owner.bytes, sizeof stored.key);
        memcpy(services->mailbox_value, mailbox->writing.bytes, sizeof mailbox->writing.bytes);
        cepa_be32_store(services->mailbox_value + VALUE_DAY, mailbox->asked.number);
        tell(&services->mailboxes, ret_stored, stored, item);
        return 0;
    }
    item = pop(&services->boxes, &services->box_changes);
    if (item == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    const struct cepa_service_box *box = cepa_pool_find(&services->boxes, item->self);
    struct cepa_service_stored stored = {
        .is_box = true, .value = box->value, .value_len = sizeof box->value};
    memcpy(stored.key, box->value, KEY_OWNER);
    memcpy(stored.key + KEY_OWNER, box->value + VALUE_NUMBER, sizeof stored.key - KEY_OWNER);
    tell(&services->boxes, ret_stored, stored, item);
    return 0;
}

/* --- mailboxes and boxes ---------------------------------------------------------------------- */

/* A new item, if there is room, and some of it left for the network (0: it was restored). */
static struct cepa_service_item *make(struct cepa_pool *pool, uint64_t source)
{
    struct cepa_handle handle;
    uint32_t of_source = 0;
    for (uint32_t from = 0; source != 0 && cepa_pool_next(pool, &handle, from) == 0;
         from = handle.index + 1) {
        const struct cepa_service_item *other = cepa_pool_find(pool, handle);
        of_source += other->source == source;
    }
    if ((source != 0 && of_source >= pool->capacity / CEPA_SERVICE_SHARE) ||
        cepa_pool_alloc(pool, &handle) != 0) {
        return NULL;
    }
    struct cepa_service_item *item = cepa_pool_find(pool, handle);
    item->self = handle;
    item->source = source;
    return item;
}

struct cepa_service_mailbox *cepa_service_mailbox_find(const struct cepa_services *services,
                                                       const uint8_t *owner)
{
    if (services->config.limits.boxes == 0) {
        return NULL;
    }
    const struct cepa_handle *handle = cepa_map_find(&services->mailbox_of, owner);
    return handle == NULL ? NULL : cepa_pool_find(&services->mailboxes, *handle);
}

struct cepa_service_mailbox *cepa_service_mailbox_new(struct cepa_services *services,
                                                      const uint8_t *owner, uint64_t source)
{
    struct cepa_service_item *item = make(&services->mailboxes, source);
    if (item == NULL) {
        return NULL;
    }
    struct cepa_service_mailbox *mailbox = cepa_pool_find(&services->mailboxes, item->self);
    memcpy(mailbox->owner.bytes, owner, sizeof mailbox->owner.bytes);
    int error = cepa_map_put(&services->mailbox_of, owner, &item->self);
    CEPA_ASSERT(error == 0); /* one place per element of the pool */
    return mailbox;
}

void cepa_service_mailbox_drop(struct cepa_services *services, struct cepa_service_mailbox *mailbox)
{
    CEPA_ASSERT(mailbox->boxes == 0);
    int error = cepa_map_remove(&services->mailbox_of, mailbox->owner.bytes);
    CEPA_ASSERT(error == 0);
    mailbox->item.is_gone = true;
    cepa_service_mailbox_changed(services, mailbox);
}

struct cepa_service_box *cepa_service_box_find(const struct cepa_services *services,
                                               struct cepa_handle handle)
{
    return cepa_pool_find(&services->boxes, handle);
}

struct cepa_service_box *cepa_service_box_new(struct cepa_services *services,
                                              struct cepa_service_mailbox *mailbox, uint64_t number,
                                              uint64_t source)
{
    struct cepa_handle *place = &mailbox->first;
    struct cepa_service_box *next = cepa_service_box_find(services, *place);
    while (next != NULL && next->number < number) {
        place = &next->next;
        next = cepa_service_box_find(services, *place);
    }
    if (mailbox->boxes == CEPA_MAILBOX_BOXES_MAX || (next != NULL && next->number == number)) {
        return NULL;
    }
    struct cepa_service_item *item = make(&services->boxes, source);
    if (item == NULL) {
        return NULL;
    }
    struct cepa_service_box *box = cepa_pool_find(&services->boxes, item->self);
    box->number = number;
    box->next = *place;
    *place = item->self;
    mailbox->boxes++;
    mailbox->number = number > mailbox->number ? number : mailbox->number;
    return box;
}

void cepa_service_box_drop(struct cepa_services *services, struct cepa_service_mailbox *mailbox)
{
    struct cepa_service_box *box = cepa_service_box_find(services, mailbox->first);
    CEPA_ASSERT(box != NULL && mailbox->boxes > 0);
    mailbox->first = box->next;
    mailbox->boxes--;
    box->item.is_gone = true;
    cepa_service_box_changed(services, box);
}

/* --- restoring -------------------------------------------------------------------------------- */

/* The mailbox of an owner: its boxes may come back before it does. */
static struct cepa_service_mailbox *restored(struct cepa_services *services, const uint8_t *owner)
{
    struct cepa_service_mailbox *mailbox = cepa_service_mailbox_find(services, owner);
    return mailbox != NULL ? mailbox : cepa_service_mailbox_new(services, owner, 0);
}

int cepa_services_restore_mailbox(struct cepa_services *services,
                                  const uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE],
                                  const uint8_t *value, size_t value_len)
{
    if (value_len != CEPA_SERVICE_MAILBOX_VALUE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    struct cepa_service_mailbox *mailbox =
        services->config.limits.boxes == 0 ? NULL : restored(services, key);
    if (mailbox == NULL) {
        return CEPA_ERR_FULL;
    }
    memcpy(mailbox->writing.bytes, value, sizeof mailbox->writing.bytes);
    mailbox->asked.number = cepa_be32_load(value + VALUE_DAY);
    mailbox->is_open = true;
    return 0;
}

int cepa_services_restore_box(struct cepa_services *services,
                              const uint8_t key[CEPA_SERVICE_STORED_KEY_SIZE], const uint8_t *value,
                              size_t value_len)
{
    if (value_len != CEPA_SERVICE_BOX_VALUE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (memcmp(key, value, KEY_OWNER) != 0 ||
        memcmp(key + KEY_OWNER, value + VALUE_NUMBER, CEPA_SERVICE_STORED_KEY_SIZE - KEY_OWNER) !=
            0) {
        return CEPA_ERR_MALFORMED;
    }
    struct cepa_service_mailbox *mailbox =
        services->config.limits.boxes == 0 ? NULL : restored(services, value);
    struct cepa_service_box *box =
        mailbox == NULL
            ? NULL
            : cepa_service_box_new(services, mailbox, cepa_be64_load(value + VALUE_NUMBER), 0);
    if (box == NULL) {
        return CEPA_ERR_FULL;
    }
    box->day.number = cepa_be32_load(value + VALUE_DAY);
    memcpy(box->value, value, sizeof box->value);
    return 0;
}
