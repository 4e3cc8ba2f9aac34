/* Who may put boxes into a mailbox, get them, and delete them. @[SPEC 15.5] */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "service/mailbox.h"
#include "service/service_state.h"

enum {
    PUT_BURST = 128,
    NUMBER_SHIFT = 16, /* numbers are minutes, moved: so they rise also over a restart */
    ANSWER = CEPA_SERVICE_BOX_VALUE_SIZE - CEPA_MAILBOX_ANSWER_SIZE,
    BOX = CEPA_SERVICE_BOX_VALUE_SIZE - CEPA_MAILBOX_BOX_SIZE
};
#define PUT_NS (125 * CEPA_MILLISECOND_NS) /* between two boxes, on average: each is written */

static bool is_over(struct cepa_directory_day day, struct cepa_directory_day today)
{
    return today.number > day.number && today.number - day.number > CEPA_MAILBOX_DAYS;
}

/* Reads a request that is meant for now. */
static enum cepa_service_status read_request(const struct cepa_services *services,
                                             struct cepa_mailbox_request *ret_read,
                                             const struct cepa_service_request *request,
                                             const struct cepa_service_turn *turn)
{
    if (services->config.limits.boxes == 0 ||
        cepa_mailbox_read(ret_read, request->service, request->body, request->whole.len) != 0) {
        return CEPA_SERVICE_REFUSED;
    }
    uint32_t apart = ret_read->minute > turn->minute ? ret_read->minute - turn->minute
                                                     : turn->minute - ret_read->minute;
    return apart <= CEPA_MAILBOX_MINUTES ? CEPA_SERVICE_OK : CEPA_SERVICE_REFUSED;
}

/* Whether `key` has signed; a check is paid for. */
static enum cepa_service_status check(struct cepa_services *services,
                                      const struct cepa_service_request *request,
                                      const struct cepa_ed25519_public_key *key,
                                      struct cepa_time now)
{
    if (!cepa_service_pay_check(services, now)) {
        return CEPA_SERVICE_BUSY;
    }
    return cepa_mailbox_verify(request->service, request->body, request->whole.len, key,
                               &services->config.network, &services->config.relay) == 0
               ? CEPA_SERVICE_OK
               : CEPA_SERVICE_REFUSED;
}

static bool has_box(const struct cepa_services *services,
                    const struct cepa_service_mailbox *mailbox, const uint8_t *bytes)
{
    const struct cepa_service_box *box = cepa_service_box_find(services, mailbox->first);
    while (box != NULL && memcmp(box->value + BOX, bytes, CEPA_MAILBOX_BOX_SIZE) != 0) {
        box = cepa_service_box_find(services, box->next);
    }
    return box != NULL;
}

static enum cepa_service_status keep(struct cepa_services *services,
                                     struct cepa_service_mailbox *mailbox, uint64_t source,
                                     const uint8_t *bytes, const struct cepa_service_turn *turn)
{
    struct cepa_writer writer;
    uint64_t number = (uint64_t)turn->minute << NUMBER_SHIFT;
    number = mailbox->number < number ? number : mailbox->number + 1;
    if (mailbox->boxes == CEPA_MAILBOX_BOXES_MAX ||
        !cepa_service_pay(&services->put_next, PUT_NS, PUT_BURST, turn->now)) {
        return CEPA_SERVICE_BUSY;
    }
    struct cepa_service_box *box = cepa_service_box_new(services, mailbox, number, source);
    if (box == NULL) {
        return CEPA_SERVICE_BUSY;
    }
    box->day = turn->today;
    cepa_writer_init(&writer, box->value, sizeof box->value);
    cepa_writer_bytes(&writer, mailbox->owner.bytes, sizeof mailbox->owner.bytes);
    cepa_writer_u32(&writer, box->day.number);
    cepa_writer_u64(&writer, number);
    cepa_writer_bytes(&writer, bytes, CEPA_MAILBOX_BOX_SIZE);
    cepa_service_box_changed(services, box);
    return CEPA_SERVICE_OK;
}

enum cepa_service_status cepa_service_mailbox_put(struct cepa_services *services,
                                                  const struct cepa_service_request *request,
                                                  const struct cepa_service_turn *turn)
{
    struct cepa_mailbox_request read;
    enum cepa_service_status status = read_request(services, &read, request, turn);
    if (status != CEPA_SERVICE_OK) {
        return status;
    }
    struct cepa_service_mailbox *mailbox = cepa_service_mailbox_find(services, read.owner.bytes);
    if (mailbox == NULL || !mailbox->is_open || is_over(mailbox->asked, turn->today)) {
        return CEPA_SERVICE_UNKNOWN;
    }
    status = check(services, request, &mailbox->writing, turn->now);
    if (status != CEPA_SERVICE_OK || has_box(services, mailbox, read.box)) {
        return status; /* OK: who was not told puts it again */
    }
    return keep(services, mailbox, request->origin.source, read.box, turn);
}

/* Opens a mailbox, or keeps it open. */
static struct cepa_service_mailbox *open_mailbox(struct cepa_services *services, uint64_t source,
                                                 const struct cepa_mailbox_request *read,
                                                 const struct cepa_service_turn *turn)
{
    struct cepa_service_mailbox *mailbox = cepa_service_mailbox_find(services, read->owner.bytes);
    if (mailbox == NULL && !turn->is_sparing) {
        mailbox = cepa_service_mailbox_new(services, read->owner.bytes, source);
    }
    if (mailbox == NULL) {
        return NULL;
    }
    if (!mailbox->is_open || mailbox->asked.number != turn->today.number ||
        memcmp(&mailbox->writing, &read->writing, sizeof mailbox->writing) != 0) {
        mailbox->is_open = true;
        mailbox->asked = turn->today;
        mailbox->writing = read->writing;
        cepa_service_mailbox_changed(services, mailbox);
    }
    return mailbox;
}

static enum cepa_service_status get(struct cepa_services *services,
                                    const struct cepa_service_box **ret_box,
                                    const struct cepa_service_request *request,
                                    const struct cepa_service_turn *turn)
{
    struct cepa_mailbox_request read;
    enum cepa_service_status status = read_request(services, &read, request, turn);
    if (status == CEPA_SERVICE_OK) {
        status = check(services, request, &read.owner, turn->now);
    }
    if (status != CEPA_SERVICE_OK) {
        return status;
    }
    const struct cepa_service_mailbox *mailbox =
        open_mailbox(services, request->origin.source, &read, turn);
    if (mailbox == NULL) {
        return CEPA_SERVICE_BUSY;
    }
    const struct cepa_service_box *box = cepa_service_box_find(services, mailbox->first);
    while (box != NULL && box->number <= read.number) {
        box = cepa_service_box_find(services, box->next);
    }
    *ret_box = box;
    return CEPA_SERVICE_OK;
}

void cepa_service_mailbox_get(struct cepa_services *services,
                              const struct cepa_service_request *request,
                              const struct cepa_service_turn *turn)
{
    const struct cepa_service_box *box = NULL;
    enum cepa_service_status status = get(services, &box, request, turn);
    services->refused += status != CEPA_SERVICE_OK;
    cepa_service_say(services, request->origin.circuit, status, request->tag,
                     box == NULL ? NULL : box->value + ANSWER,
                     box == NULL ? 0 : CEPA_MAILBOX_ANSWER_SIZE);
}

enum cepa_service_status cepa_service_mailbox_delete(struct cepa_services *services,
                                                     const struct cepa_service_request *request,
                                                     const struct cepa_service_turn *turn)
{
    struct cepa_mailbox_request read;
    enum cepa_service_status status = read_request(services, &read, request, turn);
    if (status != CEPA_SERVICE_OK) {
        return status;
    }
    struct cepa_service_mailbox *mailbox = cepa_service_mailbox_find(services, read.owner.bytes);
    if (mailbox == NULL) {
        return CEPA_SERVICE_UNKNOWN;
    }
    status = check(services, request, &read.owner, turn->now);
    if (status != CEPA_SERVICE_OK) {
        return status;
    }
    const struct cepa_service_box *box = cepa_service_box_find(services, mailbox->first);
    while (box != NULL && box->number <= read.number) {
        cepa_service_box_drop(services, mailbox);
        box = cepa_service_box_find(services, mailbox->first);
    }
    if (read.number == CEPA_MAILBOX_ALL) {
        cepa_service_mailbox_drop(services, mailbox);
    }
    return CEPA_SERVICE_OK;
}

/* Boxes stand in the order in which they came, so that the first ones are the oldest. */
static void forget_boxes(struct cepa_services *services, struct cepa_service_mailbox *mailbox,
                         struct cepa_directory_day today)
{
    const struct cepa_service_box *box = cepa_service_box_find(services, mailbox->first);
    while (box != NULL && is_over(box->day, today)) {
        cepa_service_box_drop(services, mailbox);
        box = cepa_service_box_find(services, mailbox->first);
    }
}

void cepa_service_mailboxes_step(struct cepa_services *services, struct cepa_directory_day today)
{
    struct cepa_handle handle;
    for (uint32_t from = 0; cepa_pool_next(&services->mailboxes, &handle, from) == 0;
         from = handle.index + 1) {
        struct cepa_service_mailbox *mailbox = cepa_pool_find(&services->mailboxes, handle);
        if (mailbox->item.is_gone) {
            continue;
        }
        forget_boxes(services, mailbox, today);
        if (mailbox->boxes == 0 && (!mailbox->is_open || is_over(mailbox->asked, today))) {
            cepa_service_mailbox_drop(services, mailbox);
        }
    }
}
