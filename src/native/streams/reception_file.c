/* Files that come. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "native/streams/reception_state.h"

#define NOTE_NS (5 * CEPA_SECOND_NS) /* between two notes of how much is here */

enum { NOTE_BYTES = 64 << 20 /* likewise */ };

/* --- offers ----------------------------------------------------------------------------------- */

static void decline(struct cepa_reception *reception, struct cepa_reception_one *one,
                    enum cepa_file_verdict verdict)
{
    uint8_t answer;
    cepa_file_receiver_decline(&one->receiver, &answer, verdict);
    cepa_reception_say(reception, one, &answer, 1, verdict != CEPA_FILE_WAIT);
    if (verdict == CEPA_FILE_WAIT) {
        one->stage = CEPA_RECEPTION_HELD;
    }
}

/* How large a file may be that has `entry`, which counts already. */
static uint64_t room_for(struct cepa_reception *reception, const struct cepa_inbox_entry *entry)
{
    struct cepa_inbox_usage usage;
    uint64_t quota = reception->config.quota;
    if (cepa_inbox_usage(reception->config.inbox, &usage) != 0) {
        return 0;
    }
    uint64_t own = entry->state == CEPA_INBOX_COMING && entry->size != CEPA_FILE_SIZE_UNKNOWN
                       ? entry->size
                       : entry->here;
    uint64_t others = usage.bytes > own ? usage.bytes - own : 0;
    return quota > others ? quota - others : 0;
}

/* Says COME, and from where. */
static void accept(struct cepa_reception *reception, struct cepa_reception_one *one,
                   const struct cepa_inbox_entry *entry, struct cepa_time now)
{
    uint8_t answer[CEPA_FILE_COME_SIZE];
    uint64_t offset = one->hashed;
    uint64_t room = entry->state == CEPA_INBOX_HERE ? entry->size : room_for(reception, entry);
    int status = cepa_file_receiver_accept(&one->receiver, answer, offset,
                                           offset > 0 ? &one->prefix : NULL, room);
    if (status != 0) {
        decline(reception, one, CEPA_FILE_NO_ROOM);
        if (cepa_inbox_remove(reception->config.inbox, &one->id) != 0) {
            cepa_reception_complain(reception);
        }
        return;
    }
    one->stage = CEPA_RECEPTION_COMING;
    one->wanted = offset;
    one->noted = now;
    cepa_reception_say(reception, one, answer, sizeof answer, false);
}

/* Lets a file come: first what is here of it is hashed. */
static void begin(struct cepa_reception *reception, struct cepa_reception_one *one,
                  const struct cepa_inbox_entry *entry, struct cepa_time now)
{
    struct cepa_inbox *inbox = reception->config.inbox;
    uint64_t len = 0;
    int status = 0;
    one->hashed = 0;
    one->wanted = entry->state == CEPA_INBOX_HERE ? entry->size : entry->here;
    if (entry->state == CEPA_INBOX_HERE) {
        status = cepa_inbox_open_read(inbox, &one->fd, &len, &one->id);
        status = status == 0 && len != entry->size ? CEPA_ERR_LENGTH : status;
    } else {
        status = cepa_inbox_open_write(inbox, &one->fd, &one->id, one->wanted);
        if (status == CEPA_ERR_LENGTH) {
            one->wanted = 0;
            status = cepa_inbox_open_write(inbox, &one->fd, &one->id, 0);
        }
    }
    if (status != 0) {
        cepa_reception_complain(reception);
        cepa_reception_drop(reception, one, CEPA_STREAM_STORAGE, now);
        return;
    }
    cepa_blake2b_init(&one->prefix, CEPA_FILE_HASH_SIZE, NULL, 0);
    one->stage = CEPA_RECEPTION_HASHING;
    cepa_reception_set_ready(reception, one, true);
}

/* What stands of an offer in the inbox: whatever is not the same offer makes room for it. Returns
 * 0, CEPA_ERR_NOT_FOUND, or CEPA_ERR_SYSTEM. */
static int find_entry(struct cepa_reception *reception, struct cepa_inbox_entry *ret_entry,
                      const struct cepa_reception_one *one, const struct cepa_file_header *header)
{
    struct cepa_inbox *inbox = reception->config.inbox;
    int status = cepa_inbox_find(inbox, ret_entry, CEPA_INBOX_FILE, &one->own,
                                 one->has_sender ? &one->sender : NULL, &header->transfer);
    if (status != 0) {
        return status;
    }
    bool is_same = strcmp(ret_entry->name, header->name) == 0 &&
                   (ret_entry->size == header->size || header->size == CEPA_FILE_SIZE_UNKNOWN);
    if (is_same && ret_entry->state != CEPA_INBOX_BROKEN) {
        return 0;
    }
    status = cepa_inbox_remove(inbox, &ret_entry->id);
    return status == 0 ? CEPA_ERR_NOT_FOUND : status;
}

static int add_entry(struct cepa_reception *reception, struct cepa_inbox_entry *entry,
                     const struct cepa_reception_one *one, const struct cepa_file_header *header,
                     enum cepa_inbox_state wish)
{
    memset(entry, 0, sizeof *entry);
    entry->kind = CEPA_INBOX_FILE;
    entry->state = wish;
    entry->identity = one->own;
    entry->has_sender = one->has_sender;
    entry->sender = one->sender;
    entry->transfer = header->transfer;
    memcpy(entry->name, header->name, sizeof entry->name);
    entry->size = header->size;
    entry->has_attributes = (header->flags & CEPA_FILE_HAS_ATTRIBUTES) != 0;
    entry->mode = header->mode;
    entry->modified = header->modified;
    entry->came = cepa_clock_wall();
    return cepa_inbox_add_file(reception->config.inbox, &entry->id, entry,
                               reception->config.random);
}

/* One stream at a time carries a transfer: the newest, since its sender has given up the others. */
static void drop_older(struct cepa_reception *reception, const struct cepa_reception_one *newer,
                       struct cepa_time now)
{
    for (uint32_t i = 0; i < reception->used; i++) {
        struct cepa_reception_one *one = reception->ones[i];
        if (one != NULL && one != newer && one->is_file &&
            strcmp(one->id.text, newer->id.text) == 0) {
            cepa_reception_drop(reception, one, CEPA_STREAM_CANCELLED, now);
        }
    }
}

void cepa_reception_offer(struct cepa_reception *reception, struct cepa_reception_one *one,
                          const struct cepa_file_header *header, enum cepa_inbox_state wish,
                          struct cepa_time now)
{
    struct cepa_inbox_entry entry;
    cepa_file_receiver_init(&one->receiver, header->size);
    if (wish == CEPA_INBOX_REFUSED) {
        decline(reception, one, CEPA_FILE_REFUSED);
        return;
    }
    int status = find_entry(reception, &entry, one, header);
    if (status == 0) {
        one->id = entry.id;
        drop_older(reception, one, now);
        status = cepa_inbox_get(reception->config.inbox, &entry, one->id.text);
    } else if (status == CEPA_ERR_NOT_FOUND) {
        uint64_t least = header->size == CEPA_FILE_SIZE_UNKNOWN ? 0 : header->size;
        struct cepa_inbox_entry none = {.state = CEPA_INBOX_WAITING};
        status = room_for(reception, &none) < least + CEPA_INBOX_ENTRY_COST
                     ? CEPA_ERR_FULL
                     : add_entry(reception, &entry, one, header, wish);
        one->id = entry.id;
    }
    if (status == CEPA_ERR_FULL) {
        memset(&one->id, 0, sizeof one->id);
        decline(reception, one, CEPA_FILE_NO_ROOM);
    } else if (status != 0) {
        cepa_reception_complain(reception);
        cepa_reception_drop(reception, one, CEPA_STREAM_STORAGE, now);
    } else if (entry.state == CEPA_INBOX_WAITING) {
        decline(reception, one, CEPA_FILE_WAIT);
    } else if (entry.state == CEPA_INBOX_REFUSED) {
        decline(reception, one, CEPA_FILE_REFUSED);
    } else {
        begin(reception, one, &entry, now);
    }
}

void cepa_reception_file_look(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now)
{
    struct cepa_inbox_entry entry;
    int status = cepa_inbox_get(reception->config.inbox, &entry, one->id.text);
    bool is_refused =
        status == CEPA_ERR_NOT_FOUND || (status == 0 && entry.state == CEPA_INBOX_REFUSED);
    if (one->stage != CEPA_RECEPTION_HELD) {
        if (is_refused) {
            cepa_reception_drop(reception, one, CEPA_STREAM_CANCELLED, now);
        }
    } else if (is_refused) {
        decline(reception, one, CEPA_FILE_REFUSED);
    } else if (status == 0 && entry.state == CEPA_INBOX_COMING) {
        begin(reception, one, &entry, now);
    }
}

/* --- bytes ------------------------------------------------------------------------------------ */

void cepa_reception_file_note(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now)
{
    enum cepa_file_receiver_state state = one->receiver.state;
    bool is_coming = one->stage == CEPA_RECEPTION_COMING && one->fd >= 0 &&
                     (state == CEPA_FILE_RECEIVER_RECEIVING || state == CEPA_FILE_RECEIVER_FAILED);
    uint64_t here = is_coming ? cepa_file_receiver_position(&one->receiver) : 0;
    if (is_coming && here != one->wanted) {
        int status = cepa_inbox_progress(reception->config.inbox, &one->id, one->fd, here);
        if (status == CEPA_ERR_SYSTEM || status == CEPA_ERR_FULL) {
            cepa_reception_complain(reception);
        }
        one->wanted = here;
        one->noted = now;
    }
}

/* Hashes some of what is here already. True if it was dropped. */
static bool hash_some(struct cepa_reception *reception, struct cepa_reception_one *one,
                      struct cepa_time now)
{
    struct cepa_inbox_entry entry;
    size_t moved = 0;
    while (one->hashed < one->wanted && moved < CEPA_RECEPTION_TURN) {
        uint64_t left = one->wanted - one->hashed;
        size_t size = left < CEPA_RECEPTION_PIECE ? (size_t)left : CEPA_RECEPTION_PIECE;
        ssize_t got = pread(one->fd, reception->piece, size, (off_t)one->hashed);
        if (got <= 0) {
            cepa_reception_drop(reception, one, CEPA_STREAM_STORAGE, now);
            return true;
        }
        cepa_blake2b_update(&one->prefix, reception->piece, (size_t)got);
        one->hashed += (uint64_t)got;
        moved += (size_t)got;
    }
    if (one->hashed < one->wanted) {
        cepa_reception_set_ready(reception, one, true);
    } else if (cepa_inbox_get(reception->config.inbox, &entry, one->id.text) == 0) {
        accept(reception, one, &entry, now);
    } else {
        decline(reception, one, CEPA_FILE_REFUSED);
    }
    return false;
}

/* Writes what came. Returns 0, CEPA_ERR_SYSTEM or CEPA_ERR_FULL of the disk, or an error of the
 * sender's. */
static int write_pieces(struct cepa_reception *reception, struct cepa_reception_one *one,
                        const uint8_t *data, size_t data_len)
{
    int status = 0;
    while (data_len > 0 && status == 0) {
        struct cepa_file_piece piece;
        size_t used;
        status = cepa_file_receiver_take(&one->receiver, &piece, &used, data, data_len);
        if (status == 0 && piece.is_restart && ftruncate(one->fd, 0) != 0) {
            status = CEPA_ERR_SYSTEM;
        }
        if (status == 0 && piece.data_len > 0) {
            status = cepa_inbox_write(reception->config.inbox, one->fd, piece.offset, piece.data,
                                      piece.data_len);
        }
        data += status == 0 ? used : 0;
        data_len -= status == 0 ? used : 0;
    }
    return status;
}

/* All has come. True if it was dropped. */
static bool finish(struct cepa_reception *reception, struct cepa_reception_one *one,
                   struct cepa_time now)
{
    struct cepa_inbox *inbox = reception->config.inbox;
    struct cepa_inbox_entry entry;
    uint8_t answer;
    int status = cepa_file_receiver_end(&one->receiver, &answer);
    if (status != 0) { /* a sender that was interrupted looks like this, too: what is here stays */
        cepa_reception_drop(reception, one, CEPA_STREAM_BROKEN, now);
        return true;
    }
    if (one->receiver.state == CEPA_FILE_RECEIVER_VERIFIED) {
        struct cepa_file_hash hash;
        memcpy(hash.bytes, cepa_file_receiver_hash(&one->receiver), sizeof hash.bytes);
        bool was_here =
            cepa_inbox_get(inbox, &entry, one->id.text) == 0 && entry.state == CEPA_INBOX_HERE;
        status = was_here ? 0
                          : cepa_inbox_finish(inbox, &one->id, one->fd,
                                              cepa_file_receiver_position(&one->receiver), &hash);
    } else {
        status = cepa_inbox_break(inbox, &one->id);
    }
    if (status != 0) {
        cepa_reception_complain(reception);
        cepa_reception_drop(reception, one, CEPA_STREAM_STORAGE, now);
        return true;
    }
    cepa_reception_say(reception, one, &answer, 1, true);
    return false;
}

/* Reads what there is. True if it was dropped. */
static bool receive(struct cepa_reception *reception, struct cepa_reception_one *one,
                    struct cepa_time now)
{
    size_t moved = 0;
    bool is_end = false;
    while (moved < CEPA_RECEPTION_TURN && !is_end) {
        size_t len = 0;
        int status = cepa_streams_read(reception->streams, one->slot, reception->piece, &len,
                                       &is_end, CEPA_RECEPTION_PIECE, now);
        if (status != 0) {
            cepa_reception_drop(reception, one, CEPA_STREAM_CANCELLED, now);
            return true;
        }
        status = write_pieces(reception, one, reception->piece, len);
        if (status != 0) {
            bool is_ours = status == CEPA_ERR_SYSTEM || status == CEPA_ERR_FULL;
            if (is_ours) {
                cepa_reception_complain(reception);
            }
            cepa_reception_drop(reception, one,
                                is_ours                       ? CEPA_STREAM_STORAGE
                                : status == CEPA_ERR_TOO_LONG ? CEPA_STREAM_NO_ROOM
                                                              : CEPA_STREAM_BROKEN,
                                now);
            return true;
        }
        moved += len;
        if (len == 0 && !is_end) {
            break;
        }
    }
    if (is_end) {
        return finish(reception, one, now);
    }
    cepa_reception_set_ready(reception, one, moved >= CEPA_RECEPTION_TURN);
    bool is_far = cepa_file_receiver_position(&one->receiver) > one->wanted + NOTE_BYTES;
    if (one->receiver.state == CEPA_FILE_RECEIVER_RECEIVING &&
        (is_far || cepa_time_since(now, one->noted) > NOTE_NS)) {
        cepa_reception_file_note(reception, one, now);
    }
    return false;
}

bool cepa_reception_file_step(struct cepa_reception *reception, struct cepa_reception_one *one,
                              struct cepa_time now)
{
    if (one->stage == CEPA_RECEPTION_HASHING) {
        return hash_some(reception, one, now);
    }
    return one->stage == CEPA_RECEPTION_COMING && receive(reception, one, now);
}
