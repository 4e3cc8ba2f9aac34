/* The receiver of one file. @[SPEC 17.3] */
#include "application/file_receiver.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"

static int fail(struct cepa_file_receiver *receiver, int error)
{
    receiver->state = CEPA_FILE_RECEIVER_FAILED;
    return error;
}

static bool is_undecided(const struct cepa_file_receiver *receiver)
{
    return receiver->state == CEPA_FILE_RECEIVER_OFFERED ||
           receiver->state == CEPA_FILE_RECEIVER_HELD;
}

static bool has_size(const struct cepa_file_receiver *receiver)
{
    return receiver->size != CEPA_FILE_SIZE_UNKNOWN;
}

static size_t least(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

/* Begins the file's hash anew, at its first byte. */
static void rewind_to_start(struct cepa_file_receiver *receiver)
{
    receiver->position = 0;
    cepa_blake2b_init(&receiver->hash, CEPA_FILE_HASH_SIZE, NULL, 0);
}

void cepa_file_receiver_init(struct cepa_file_receiver *ret_receiver, uint64_t size)
{
    CEPA_ASSERT((uintptr_t)ret_receiver % _Alignof(struct cepa_file_receiver) == 0);
    memset(ret_receiver, 0, sizeof *ret_receiver);
    ret_receiver->state = CEPA_FILE_RECEIVER_OFFERED;
    ret_receiver->size = size;
    rewind_to_start(ret_receiver);
}

int cepa_file_receiver_accept(struct cepa_file_receiver *receiver, uint8_t *ret_answer,
                              uint64_t offset, const struct cepa_blake2b *prefix, uint64_t size_max)
{
    CEPA_ASSERT(is_undecided(receiver));
    CEPA_ASSERT(offset == 0 || prefix != NULL);
    uint64_t max = size_max < CEPA_FILE_SIZE_MAX ? size_max : CEPA_FILE_SIZE_MAX;
    if (has_size(receiver) && receiver->size > max) {
        return CEPA_ERR_TOO_LONG;
    }
    if (offset > max || offset > receiver->size) {
        return CEPA_ERR_ARGUMENT;
    }
    if (offset > 0) {
        receiver->hash = *prefix;
    }
    struct cepa_blake2b copy = receiver->hash;
    ret_answer[0] = CEPA_FILE_COME;
    cepa_be64_store(ret_answer + 1, offset);
    cepa_blake2b_final(&copy, ret_answer + 1 + 8, CEPA_FILE_HASH_SIZE);
    receiver->size_max = max;
    receiver->offset = offset;
    receiver->position = offset;
    receiver->state = CEPA_FILE_RECEIVER_ACCEPTED;
    return 0;
}

void cepa_file_receiver_decline(struct cepa_file_receiver *receiver, uint8_t *ret_answer,
                                enum cepa_file_verdict verdict)
{
    CEPA_ASSERT(is_undecided(receiver));
    CEPA_ASSERT(verdict == CEPA_FILE_REFUSED || verdict == CEPA_FILE_NO_ROOM ||
                (verdict == CEPA_FILE_WAIT && receiver->state == CEPA_FILE_RECEIVER_OFFERED));
    receiver->state =
        verdict == CEPA_FILE_WAIT ? CEPA_FILE_RECEIVER_HELD : CEPA_FILE_RECEIVER_DECLINED;
    ret_answer[0] = (uint8_t)verdict;
}

/* Where the sender begins: where it was asked to, or at the file's start. */
static int take_from(struct cepa_file_receiver *receiver, struct cepa_file_piece *piece,
                     size_t *used, const uint8_t *data, size_t data_len)
{
    *used = least(CEPA_FILE_FROM_SIZE - receiver->from_len, data_len);
    memcpy(receiver->from + receiver->from_len, data, *used);
    receiver->from_len += *used;
    if (receiver->from_len < CEPA_FILE_FROM_SIZE) {
        return 0;
    }
    uint64_t from = cepa_be64_load(receiver->from);
    if (from != receiver->offset && from != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (from != receiver->offset) {
        rewind_to_start(receiver);
        piece->is_restart = true;
        piece->offset = 0;
    }
    receiver->state = CEPA_FILE_RECEIVER_RECEIVING;
    return 0;
}

/* Gives out bytes of the file. */
static int give(struct cepa_file_receiver *receiver, struct cepa_file_piece *piece,
                const uint8_t *data, size_t data_len)
{
    if (data_len > receiver->size_max - receiver->position) {
        return CEPA_ERR_TOO_LONG;
    }
    if (data_len > 0) {
        cepa_blake2b_update(&receiver->hash, data, data_len);
    }
    piece->data = data;
    piece->data_len = data_len;
    piece->offset = receiver->position;
    receiver->position += data_len;
    return 0;
}

/* Puts bytes behind those that are held back. */
static void hold_back(struct cepa_file_receiver *receiver, const uint8_t *data, size_t data_len)
{
    memcpy(receiver->tail + receiver->tail_len, data, data_len);
    receiver->tail_len += data_len;
}

/* The size is known: so is where the file ends and the hash begins. */
static int take_sized(struct cepa_file_receiver *receiver, struct cepa_file_piece *piece,
                      size_t *used, const uint8_t *data, size_t data_len)
{
    uint64_t left = receiver->size - receiver->position;
    if (left > 0) {
        *used = least(left, data_len);
        return give(receiver, piece, data, *used);
    }
    if (data_len > CEPA_FILE_HASH_SIZE - receiver->tail_len) {
        return CEPA_ERR_LENGTH;
    }
    *used = data_len;
    hold_back(receiver, data, data_len);
    return 0;
}

/* The size is not known: whatever came last may be the hash. Gives out as many bytes as are more
 * than that, those that were held back first, which makes room for new ones. */
static int take_unsized(struct cepa_file_receiver *receiver, struct cepa_file_piece *piece,
                        size_t *used, const uint8_t *data, size_t data_len)
{
    size_t held = receiver->tail_len;
    if (data_len > CEPA_FILE_HASH_SIZE && held == 0) {
        *used = data_len;
        size_t given = data_len - CEPA_FILE_HASH_SIZE;
        hold_back(receiver, data + given, CEPA_FILE_HASH_SIZE);
        return give(receiver, piece, data, given);
    }
    size_t room = CEPA_FILE_HASH_SIZE - held;
    size_t given = data_len > room ? least(data_len - room, held) : 0;
    memcpy(receiver->given, receiver->tail, given);
    memmove(receiver->tail, receiver->tail + given, held - given);
    receiver->tail_len = held - given;
    *used = given == held && given > 0 ? 0 : data_len;
    hold_back(receiver, data, *used);
    return give(receiver, piece, receiver->given, given);
}

int cepa_file_receiver_take(struct cepa_file_receiver *receiver, struct cepa_file_piece *ret_piece,
                            size_t *ret_used, const uint8_t *data, size_t data_len)
{
    struct cepa_file_piece piece = {.data = receiver->given, .offset = receiver->position};
    size_t used = 0;
    int error = 0;
    if (data_len > 0) {
        if (receiver->state == CEPA_FILE_RECEIVER_ACCEPTED) {
            error = take_from(receiver, &piece, &used, data, data_len);
        } else if (receiver->state != CEPA_FILE_RECEIVER_RECEIVING) {
            error = CEPA_ERR_STATE;
        } else if (has_size(receiver)) {
            error = take_sized(receiver, &piece, &used, data, data_len);
        } else {
            error = take_unsized(receiver, &piece, &used, data, data_len);
        }
    }
    if (error != 0) {
        return fail(receiver, error);
    }
    *ret_piece = piece;
    *ret_used = used;
    return 0;
}

int cepa_file_receiver_end(struct cepa_file_receiver *receiver, uint8_t *ret_answer)
{
    struct cepa_file_hash hash;
    if (receiver->state != CEPA_FILE_RECEIVER_ACCEPTED &&
        receiver->state != CEPA_FILE_RECEIVER_RECEIVING) {
        return fail(receiver, CEPA_ERR_STATE);
    }
    if (receiver->tail_len < CEPA_FILE_HASH_SIZE) { /* it fills last, so all else is here then */
        return fail(receiver, CEPA_ERR_LENGTH);
    }
    cepa_blake2b_final(&receiver->hash, hash.bytes, sizeof hash.bytes);
    bool is_right = memcmp(hash.bytes, receiver->tail, sizeof hash.bytes) == 0;
    receiver->state = is_right ? CEPA_FILE_RECEIVER_VERIFIED : CEPA_FILE_RECEIVER_WRONG;
    ret_answer[0] = is_right ? CEPA_FILE_VERIFIED : CEPA_FILE_WRONG;
    return 0;
}

uint64_t cepa_file_receiver_position(const struct cepa_file_receiver *receiver)
{
    return receiver->position;
}

const uint8_t *cepa_file_receiver_hash(const struct cepa_file_receiver *receiver)
{
    CEPA_ASSERT(receiver->state == CEPA_FILE_RECEIVER_VERIFIED);
    return receiver->tail;
}
