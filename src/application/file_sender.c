/* The sender of one file. @[SPEC 17.3] */
#include "application/file_sender.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"

static int fail(struct cepa_file_sender *sender, int error)
{
    sender->state = CEPA_FILE_SENDER_FAILED;
    return error;
}

/* Begins the file's hash anew, at its first byte. */
static void rewind_to_start(struct cepa_file_sender *sender)
{
    sender->position = 0;
    cepa_blake2b_init(&sender->hash, CEPA_FILE_HASH_SIZE, NULL, 0);
}

int cepa_file_sender_init(struct cepa_file_sender *ret_sender, uint8_t *ret_bytes, size_t *ret_len,
                          const struct cepa_file_header *header, bool can_resume)
{
    struct cepa_stream_header whole = {.kind = CEPA_STREAM_FILE, .file = *header};
    CEPA_ASSERT((uintptr_t)ret_sender % _Alignof(struct cepa_file_sender) == 0);
    int error = cepa_stream_header_encode(ret_bytes, ret_len, &whole);
    if (error != 0) {
        return error;
    }
    memset(ret_sender, 0, sizeof *ret_sender);
    ret_sender->state = CEPA_FILE_SENDER_OFFERED;
    ret_sender->can_resume = can_resume;
    ret_sender->size = header->size;
    rewind_to_start(ret_sender);
    return 0;
}

/* The receiver has said up to where it has the file, and its hash to there. */
static int on_come(struct cepa_file_sender *sender)
{
    sender->offset = cepa_be64_load(sender->answer + 1);
    uint64_t max = sender->size < CEPA_FILE_SIZE_MAX ? sender->size : CEPA_FILE_SIZE_MAX;
    if (sender->offset > max) {
        return CEPA_ERR_MALFORMED;
    }
    sender->state = sender->offset > 0 && sender->can_resume ? CEPA_FILE_SENDER_HASHING
                                                             : CEPA_FILE_SENDER_READY;
    return 0;
}

/* One byte of the answer to the offer: a verdict, or what follows COME. */
static int on_answer(struct cepa_file_sender *sender, uint8_t byte)
{
    sender->answer[sender->answer_len++] = byte;
    switch (sender->answer[0]) {
    case CEPA_FILE_COME:
        return sender->answer_len < CEPA_FILE_COME_SIZE ? 0 : on_come(sender);
    case CEPA_FILE_REFUSED:
        sender->state = CEPA_FILE_SENDER_REFUSED;
        return 0;
    case CEPA_FILE_NO_ROOM:
        sender->state = CEPA_FILE_SENDER_NO_ROOM;
        return 0;
    case CEPA_FILE_WAIT:
        if (sender->state == CEPA_FILE_SENDER_HELD) {
            return CEPA_ERR_MALFORMED; /* a verdict is replaced once */
        }
        sender->state = CEPA_FILE_SENDER_HELD;
        sender->answer_len = 0;
        return 0;
    default:
        return CEPA_ERR_MALFORMED;
    }
}

static int on_result(struct cepa_file_sender *sender, uint8_t byte)
{
    switch (byte) {
    case CEPA_FILE_VERIFIED:
        sender->state = CEPA_FILE_SENDER_VERIFIED;
        return 0;
    case CEPA_FILE_WRONG:
        sender->state = CEPA_FILE_SENDER_WRONG;
        return 0;
    default:
        return CEPA_ERR_MALFORMED;
    }
}

int cepa_file_sender_answer(struct cepa_file_sender *sender, const uint8_t *data, size_t data_len)
{
    for (size_t i = 0; i < data_len; i++) {
        int error = CEPA_ERR_STATE;
        if (sender->state == CEPA_FILE_SENDER_OFFERED || sender->state == CEPA_FILE_SENDER_HELD) {
            error = on_answer(sender, data[i]);
        } else if (sender->state == CEPA_FILE_SENDER_ENDED) {
            error = on_result(sender, data[i]);
        }
        if (error != 0) {
            return fail(sender, error);
        }
    }
    return 0;
}

int cepa_file_sender_answer_end(struct cepa_file_sender *sender)
{
    return cepa_file_sender_is_over(sender) ? 0 : fail(sender, CEPA_ERR_MISSING);
}

uint64_t cepa_file_sender_prefix_left(const struct cepa_file_sender *sender)
{
    return sender->state == CEPA_FILE_SENDER_HASHING ? sender->offset - sender->position : 0;
}

/* All of the prefix is hashed: is it what the receiver has? The running hash goes on in any case,
 * unless it has to begin anew. */
static void compare_prefix(struct cepa_file_sender *sender)
{
    struct cepa_blake2b copy = sender->hash;
    struct cepa_file_hash hash;
    cepa_blake2b_final(&copy, hash.bytes, sizeof hash.bytes);
    if (memcmp(hash.bytes, sender->answer + 1 + 8, sizeof hash.bytes) != 0) {
        rewind_to_start(sender);
    }
    sender->state = CEPA_FILE_SENDER_READY;
}

void cepa_file_sender_prefix(struct cepa_file_sender *sender, const uint8_t *data, size_t data_len)
{
    CEPA_ASSERT(data_len <= cepa_file_sender_prefix_left(sender));
    if (data_len == 0) {
        return;
    }
    cepa_blake2b_update(&sender->hash, data, data_len);
    sender->position += data_len;
    if (sender->position == sender->offset) {
        compare_prefix(sender);
    }
}

void cepa_file_sender_prefix_lost(struct cepa_file_sender *sender)
{
    CEPA_ASSERT(sender->state == CEPA_FILE_SENDER_HASHING);
    rewind_to_start(sender);
    sender->state = CEPA_FILE_SENDER_READY;
}

void cepa_file_sender_start(struct cepa_file_sender *sender, uint8_t *ret_bytes)
{
    CEPA_ASSERT(sender->state == CEPA_FILE_SENDER_READY);
    cepa_be64_store(ret_bytes, sender->position);
    sender->state = CEPA_FILE_SENDER_SENDING;
}

uint64_t cepa_file_sender_position(const struct cepa_file_sender *sender)
{
    return sender->position;
}

uint64_t cepa_file_sender_left(const struct cepa_file_sender *sender)
{
    return sender->size == CEPA_FILE_SIZE_UNKNOWN ? UINT64_MAX : sender->size - sender->position;
}

void cepa_file_sender_data(struct cepa_file_sender *sender, const uint8_t *data, size_t data_len)
{
    CEPA_ASSERT(sender->state == CEPA_FILE_SENDER_SENDING);
    CEPA_ASSERT(data_len <= cepa_file_sender_left(sender));
    if (data_len > 0) {
        cepa_blake2b_update(&sender->hash, data, data_len);
        sender->position += data_len;
    }
}

int cepa_file_sender_end(struct cepa_file_sender *sender, uint8_t *ret_bytes)
{
    CEPA_ASSERT(sender->state == CEPA_FILE_SENDER_SENDING);
    if (sender->size != CEPA_FILE_SIZE_UNKNOWN && sender->position != sender->size) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_blake2b_final(&sender->hash, ret_bytes, CEPA_FILE_HASH_SIZE);
    sender->answer_len = 0;
    sender->state = CEPA_FILE_SENDER_ENDED;
    return 0;
}

bool cepa_file_sender_is_over(const struct cepa_file_sender *sender)
{
    return sender->state >= CEPA_FILE_SENDER_VERIFIED;
}
