/* What comes for the user: who may send, messages, and the table of what is under way. */
#include "native/streams/reception.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ct.h"
#include "native/net/clock.h"
#include "native/streams/reception_state.h"

/* What a message is answered. @[SPEC 17.2] */
static const uint8_t verdict_kept = CEPA_MESSAGE_KEPT;
static const uint8_t verdict_refused = CEPA_MESSAGE_REFUSED;
static const uint8_t verdict_no_room = CEPA_MESSAGE_NO_ROOM;

int cepa_reception_open(struct cepa_reception **ret_reception,
                        const struct cepa_reception_config *config)
{
    struct cepa_reception *reception = calloc(1, sizeof *reception);
    if (reception == NULL) {
        return CEPA_ERR_FULL;
    }
    reception->config = *config;
    reception->piece = malloc(CEPA_RECEPTION_PIECE);
    if (reception->piece == NULL) {
        free(reception);
        return CEPA_ERR_FULL;
    }
    *ret_reception = reception;
    return 0;
}

void cepa_reception_use(struct cepa_reception *reception, struct cepa_streams *streams)
{
    reception->streams = streams;
}

void cepa_reception_complain(struct cepa_reception *reception)
{
    reception->config.tell(reception->config.context, "what has come cannot be kept",
                           cepa_inbox_reason(reception->config.inbox));
}

/* --- the table -------------------------------------------------------------------------------- */

static struct cepa_reception_one *add(struct cepa_reception *reception, uint32_t slot)
{
    struct cepa_reception_one *one = aligned_alloc(64, (sizeof *one + 63) / 64 * 64);
    if (one != NULL) {
        memset(one, 0, sizeof *one);
        one->slot = slot;
        one->fd = -1;
        reception->ones[slot] = one;
        reception->used = slot >= reception->used ? slot + 1 : reception->used;
    }
    return one;
}

static void forget(struct cepa_reception *reception, struct cepa_reception_one *one)
{
    cepa_reception_set_ready(reception, one, false);
    if (one->fd >= 0) {
        close(one->fd);
    }
    if (one->text != NULL) {
        cepa_wipe(one->text, CEPA_MESSAGE_TEXT_MAX + 1);
        free(one->text);
    }
    reception->ones[one->slot] = NULL;
    free(one);
    while (reception->used > 0 && reception->ones[reception->used - 1] == NULL) {
        reception->used--;
    }
}

void cepa_reception_set_ready(struct cepa_reception *reception, struct cepa_reception_one *one,
                              bool is_ready)
{
    if (one->is_ready != is_ready) {
        one->is_ready = is_ready;
        reception->ready = is_ready ? reception->ready + 1 : reception->ready - 1;
    }
}

void cepa_reception_say(struct cepa_reception *reception, struct cepa_reception_one *one,
                        const uint8_t *data, size_t data_len, bool is_last)
{
    memcpy(one->out, data, data_len);
    one->out_at = 0;
    one->out_len = data_len;
    one->is_last = is_last;
    if (is_last) {
        one->stage = CEPA_RECEPTION_SAYING;
    }
    cepa_reception_set_ready(reception, one, true);
}

void cepa_reception_drop(struct cepa_reception *reception, struct cepa_reception_one *one,
                         enum cepa_stream_code code, struct cepa_time now)
{
    uint32_t slot = one->slot;
    if (one->is_file) {
        cepa_reception_file_note(reception, one, now);
    }
    forget(reception, one);
    cepa_streams_give_up(reception->streams, slot, code);
    cepa_streams_release(reception->streams, slot, now);
}

void cepa_reception_close(struct cepa_reception *reception)
{
    struct cepa_time now = {0};
    if (reception == NULL) {
        return;
    }
    for (uint32_t i = 0; i < CEPA_STREAMS_MAX; i++) {
        if (reception->ones[i] != NULL) {
            if (reception->ones[i]->is_file) {
                cepa_reception_file_note(reception, reception->ones[i], now);
            }
            forget(reception, reception->ones[i]);
        }
    }
    cepa_wipe(reception->piece, CEPA_RECEPTION_PIECE);
    free(reception->piece);
    free(reception);
}

/* --- who may send ----------------------------------------------------------------------------- */

/* What becomes of what this sender sends: COMING, WAITING or REFUSED. */
static enum cepa_inbox_state judge(struct cepa_reception *reception,
                                   const struct cepa_address *sender)
{
    static const enum cepa_inbox_state strangers[] = {[CEPA_RECEPTION_CONTACTS] =
                                                          CEPA_INBOX_WAITING,
                                                      [CEPA_RECEPTION_ANYONE] = CEPA_INBOX_COMING,
                                                      [CEPA_RECEPTION_NOBODY] = CEPA_INBOX_REFUSED};
    struct cepa_contact contact;
    if (sender != NULL && cepa_contacts_get(reception->config.contacts, &contact, sender) == 0) {
        if (contact.is_blocked) {
            return CEPA_INBOX_REFUSED;
        }
        if (contact.is_accepted) {
            return CEPA_INBOX_COMING;
        }
    }
    return strangers[reception->config.policy];
}

bool cepa_reception_arrive(struct cepa_reception *reception,
                           const struct cepa_streams_arrival *arrival,
                           const struct cepa_address *own, struct cepa_time now)
{
    struct cepa_reception_one *one = add(reception, arrival->slot);
    if (one == NULL) {
        return false;
    }
    enum cepa_inbox_state wish = judge(reception, arrival->has_peer ? &arrival->peer : NULL);
    one->own = *own;
    one->has_sender = arrival->has_peer;
    one->sender = arrival->peer;
    one->is_file = arrival->header->kind == CEPA_STREAM_FILE;
    if (one->is_file) {
        cepa_reception_offer(reception, one, &arrival->header->file, wish, now);
        return true;
    }
    one->message = arrival->header->message;
    one->message_state = wish == CEPA_INBOX_COMING ? CEPA_INBOX_HERE : wish;
    one->stage = CEPA_RECEPTION_COMING;
    one->text = malloc(CEPA_MESSAGE_TEXT_MAX + 1);
    if (one->text == NULL) {
        forget(reception, one);
        return false;
    }
    if (wish == CEPA_INBOX_REFUSED) {
        cepa_reception_say(reception, one, &verdict_refused, 1, true);
    }
    return true;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Reads what is there of a message; true if it was dropped. */
static bool read_message(struct cepa_reception *reception, struct cepa_reception_one *one,
                         struct cepa_time now)
{
    bool is_end = false;
    size_t len = 1;
    while (len > 0 && !is_end) {
        int status =
            cepa_streams_read(reception->streams, one->slot, one->text + one->text_len, &len,
                              &is_end, CEPA_MESSAGE_TEXT_MAX + 1 - one->text_len, now);
        if (status != 0 || one->text_len + len > CEPA_MESSAGE_TEXT_MAX) {
            cepa_reception_drop(reception, one, CEPA_STREAM_BROKEN, now);
            return true;
        }
        one->text_len += len;
    }
    cepa_reception_set_ready(reception, one, is_end);
    if (is_end) {
        one->stage = CEPA_RECEPTION_WHOLE;
        if (cepa_message_check(one->message.type, one->text, one->text_len) != 0) {
            cepa_reception_drop(reception, one, CEPA_STREAM_BROKEN, now);
            return true;
        }
    }
    return false;
}

/* Puts a message into the inbox; its verdict, once that is on disk. `entry` says what is known
 * beside its header. */
static const uint8_t *keep_message(struct cepa_reception *reception, struct cepa_inbox_entry *entry,
                                   const struct cepa_message_header *message, const uint8_t *text,
                                   size_t text_len)
{
    struct cepa_inbox_usage usage;
    struct cepa_inbox_id id;
    entry->kind = CEPA_INBOX_MESSAGE;
    entry->has_attributes = true;
    entry->modified = message->time;
    entry->came = cepa_clock_wall();
    memcpy(entry->transfer.bytes, message->id.bytes, sizeof entry->transfer.bytes);
    if (cepa_inbox_usage(reception->config.inbox, &usage) != 0 ||
        usage.bytes + text_len > reception->config.quota) {
        return &verdict_no_room;
    }
    int status = cepa_inbox_add_message(reception->config.inbox, &id, entry, (const char *)text,
                                        text_len, reception->config.random);
    if (status == CEPA_ERR_SYSTEM || status == CEPA_ERR_RANDOM) {
        cepa_reception_complain(reception);
    }
    return status == 0 || status == CEPA_ERR_REPLAY || status == CEPA_ERR_IN_USE ? &verdict_kept
                                                                                 : &verdict_no_room;
}

/* Keeps all messages that are whole, at the price of one synchronisation. */
static void keep_messages(struct cepa_reception *reception, struct cepa_time now)
{
    const uint8_t *verdicts[CEPA_STREAMS_MAX];
    bool has_some = false;
    for (uint32_t i = 0; i < reception->used && !has_some; i++) {
        has_some = reception->ones[i] != NULL && reception->ones[i]->stage == CEPA_RECEPTION_WHOLE;
    }
    if (!has_some) {
        return;
    }
    bool is_kept = cepa_inbox_begin(reception->config.inbox) == 0;
    for (uint32_t i = 0; i < reception->used && is_kept; i++) {
        const struct cepa_reception_one *one = reception->ones[i];
        if (one != NULL && one->stage == CEPA_RECEPTION_WHOLE) {
            struct cepa_inbox_entry entry;
            memset(&entry, 0, sizeof entry);
            entry.state = one->message_state;
            entry.identity = one->own;
            entry.has_sender = one->has_sender;
            entry.sender = one->sender;
            verdicts[i] = keep_message(reception, &entry, &one->message, one->text, one->text_len);
        }
    }
    is_kept = is_kept && cepa_inbox_commit(reception->config.inbox) == 0;
    if (!is_kept) {
        cepa_reception_complain(reception);
    }
    for (uint32_t i = 0; i < reception->used; i++) {
        struct cepa_reception_one *one = reception->ones[i];
        if (one == NULL || one->stage != CEPA_RECEPTION_WHOLE) {
            continue;
        }
        if (is_kept) {
            cepa_reception_say(reception, one, verdicts[i], 1, true);
        } else {
            cepa_reception_drop(reception, one, CEPA_STREAM_STORAGE, now);
        }
    }
}

/* Whether no more strangers can wait. What they leave then is dropped: kept in its mailbox it would
 * take the room of those whom the user knows. */
static bool is_crowded(struct cepa_reception *reception)
{
    struct cepa_inbox_usage usage;
    return cepa_inbox_usage(reception->config.inbox, &usage) == 0 &&
           usage.waiting >= CEPA_INBOX_WAITING_MAX;
}

bool cepa_reception_letter(struct cepa_reception *reception, const struct cepa_address *own,
                           const struct cepa_address *sender, const uint8_t *body, size_t body_len)
{
    struct cepa_stream_header_parser parser;
    struct cepa_inbox_entry entry;
    enum cepa_inbox_state wish = judge(reception, sender);
    size_t used = 0;
    cepa_stream_header_parser_init(&parser);
    if (wish == CEPA_INBOX_REFUSED ||
        cepa_stream_header_parser_take(&parser, &used, body, body_len) != 0 || !parser.is_done ||
        parser.header.kind != CEPA_STREAM_MESSAGE ||
        cepa_message_check(parser.header.message.type, body + used, body_len - used) != 0) {
        return true;
    }
    memset(&entry, 0, sizeof entry);
    entry.state = wish == CEPA_INBOX_COMING ? CEPA_INBOX_HERE : wish;
    entry.identity = *own;
    entry.has_sender = sender != NULL;
    if (sender != NULL) {
        entry.sender = *sender;
    }
    return keep_message(reception, &entry, &parser.header.message, body + used, body_len - used) ==
               &verdict_kept ||
           (wish == CEPA_INBOX_WAITING && is_crowded(reception));
}

/* --- turns ------------------------------------------------------------------------------------ */

/* Writes what is to be said; true if there is nothing left of `one`. */
static bool flush(struct cepa_reception *reception, struct cepa_reception_one *one,
                  struct cepa_time now)
{
    size_t taken = 0;
    size_t left = one->out_len - one->out_at;
    if (left == 0) {
        return false;
    }
    int status = cepa_streams_write(reception->streams, one->slot, &taken, one->out + one->out_at,
                                    left, one->is_last);
    if (status != 0) {
        cepa_reception_drop(reception, one, CEPA_STREAM_CANCELLED, now);
        return true;
    }
    one->out_at += taken;
    if (one->out_at == one->out_len && one->is_last) {
        uint32_t slot = one->slot;
        forget(reception, one);
        cepa_streams_release(reception->streams, slot, now);
        return true;
    }
    return false;
}

static void go_on(struct cepa_reception *reception, struct cepa_reception_one *one,
                  struct cepa_time now)
{
    cepa_reception_set_ready(reception, one, false);
    if (flush(reception, one, now) || one->out_at < one->out_len) {
        return;
    }
    if (one->is_file) {
        (void)(!cepa_reception_file_step(reception, one, now) && flush(reception, one, now));
    } else if (one->stage == CEPA_RECEPTION_COMING) {
        (void)read_message(reception, one, now);
    }
}

void cepa_reception_move(struct cepa_reception *reception, uint32_t slot, bool is_gone,
                         struct cepa_time now)
{
    struct cepa_reception_one *one = reception->ones[slot];
    if (one == NULL) {
        return;
    }
    if (is_gone) {
        cepa_reception_drop(reception, one, CEPA_STREAM_CANCELLED, now);
    } else {
        go_on(reception, one, now);
    }
}

void cepa_reception_reload(struct cepa_reception *reception, struct cepa_time now)
{
    for (uint32_t i = 0; i < reception->used; i++) {
        struct cepa_reception_one *one = reception->ones[i];
        if (one != NULL && one->is_file && one->stage != CEPA_RECEPTION_SAYING) {
            cepa_reception_file_look(reception, one, now);
        }
    }
}

void cepa_reception_step(struct cepa_reception *reception, struct cepa_time now)
{
    for (uint32_t i = 0; i < reception->used && reception->ready > 0; i++) {
        struct cepa_reception_one *one = reception->ones[i];
        if (one != NULL && one->is_ready && one->stage != CEPA_RECEPTION_WHOLE) {
            go_on(reception, one, now);
        }
    }
    keep_messages(reception, now);
}

struct cepa_time cepa_reception_deadline(const struct cepa_reception *reception)
{
    struct cepa_time at_once = {0};
    return reception->ready > 0 ? at_once : cepa_time_never();
}
