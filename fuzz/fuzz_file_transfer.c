/* Files on their way, by what the first byte says: a sender that sends what the input has, a
 * receiver that answers so, or both of ours with a stream between them that the input cuts into
 * pieces and breaks off. No byte is given twice or in a wrong place, nothing is verified that is
 * not so, and two that keep the rules come to the end. */
#include <stdint.h>
#include <string.h>

#include "application/file_receiver.h"
#include "application/file_sender.h"
#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { FILE_MAX = 255, STREAM_MAX = 8 + FILE_MAX + 32, SESSIONS_MAX = 20 };

/* The input, a byte at a time; zeros behind its end. */
struct input {
    const uint8_t *data;
    size_t len;
};

static struct cepa_file_sender sender;
static struct cepa_file_receiver receiver;
static uint8_t file[FILE_MAX];
static uint8_t stored[FILE_MAX]; /* what the receiver has kept */
static size_t stored_len;

static uint8_t next(struct input *input)
{
    if (input->len == 0) {
        return 0;
    }
    input->len--;
    return *input->data++;
}

static void accept(uint8_t answer[CEPA_FILE_COME_SIZE], uint64_t size)
{
    struct cepa_blake2b hash;
    cepa_file_receiver_init(&receiver, size);
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, stored, stored_len);
    int error = cepa_file_receiver_accept(&receiver, answer, stored_len, &hash, FILE_MAX);
    CEPA_ASSERT(error == 0);
}

/* Gives bytes to the receiver, and keeps what it gives. */
static int take(const uint8_t *data, size_t data_len)
{
    while (data_len > 0) {
        struct cepa_file_piece piece;
        size_t used = 0;
        int error = cepa_file_receiver_take(&receiver, &piece, &used, data, data_len);
        if (error != 0) {
            CEPA_ASSERT(receiver.state == CEPA_FILE_RECEIVER_FAILED);
            return error;
        }
        CEPA_ASSERT(used <= data_len && (used > 0 || piece.data_len > 0));
        stored_len = piece.is_restart ? 0 : stored_len;
        CEPA_ASSERT(piece.offset == stored_len && piece.data_len <= FILE_MAX - stored_len);
        memcpy(stored + stored_len, piece.data, piece.data_len);
        stored_len += piece.data_len;
        data += used;
        data_len -= used;
    }
    return 0;
}

/* The end of a stream: what is verified is so. */
static void end(uint64_t size)
{
    uint8_t result = 77;
    uint8_t hash[CEPA_FILE_HASH_SIZE];
    if (cepa_file_receiver_end(&receiver, &result) != 0) {
        CEPA_ASSERT(receiver.state == CEPA_FILE_RECEIVER_FAILED && result == 77);
        return;
    }
    CEPA_ASSERT(size == CEPA_FILE_SIZE_UNKNOWN || stored_len == size);
    CEPA_ASSERT((result == CEPA_FILE_VERIFIED) == (receiver.state == CEPA_FILE_RECEIVER_VERIFIED));
    if (result == CEPA_FILE_VERIFIED) {
        cepa_blake2b(hash, sizeof hash, stored, stored_len, NULL, 0);
        CEPA_ASSERT(memcmp(hash, cepa_file_receiver_hash(&receiver), sizeof hash) == 0);
    }
}

/* The sender sends what the input has. */
static void try_receiver(struct input *input, uint64_t size)
{
    uint8_t answer[CEPA_FILE_COME_SIZE];
    accept(answer, size);
    int error = 0;
    while (error == 0 && input->len > 0) {
        size_t len = next(input) % 64;
        len = len < input->len ? len : input->len;
        error = take(input->data, len);
        input->data += len;
        input->len -= len;
    }
    end(size);
}

/* What the driver of a sender does. Gives bytes to write to the stream; at most STREAM_MAX. */
static size_t drive(uint8_t *bytes, uint64_t file_len)
{
    size_t len = 0;
    if (sender.state == CEPA_FILE_SENDER_HASHING) {
        uint64_t left = cepa_file_sender_prefix_left(&sender);
        if (left <= file_len) {
            cepa_file_sender_prefix(&sender, file, (size_t)left);
        } else {
            cepa_file_sender_prefix_lost(&sender);
        }
    }
    if (sender.state == CEPA_FILE_SENDER_READY) {
        cepa_file_sender_start(&sender, bytes);
        size_t from = (size_t)cepa_file_sender_position(&sender);
        CEPA_ASSERT(from <= file_len);
        len = CEPA_FILE_FROM_SIZE + (size_t)file_len - from;
        memcpy(bytes + CEPA_FILE_FROM_SIZE, file + from, (size_t)file_len - from);
        cepa_file_sender_data(&sender, file + from, (size_t)file_len - from);
        int error = cepa_file_sender_end(&sender, bytes + len);
        CEPA_ASSERT(error == 0);
        len += CEPA_FILE_HASH_SIZE;
    }
    return len;
}

static void offer(uint64_t size, bool can_resume)
{
    struct cepa_file_header header = {.size = size, .name = "name"};
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    int error = cepa_file_sender_init(&sender, bytes, &len, &header, can_resume);
    CEPA_ASSERT(error == 0);
}

/* The receiver answers what the input has. */
static void try_sender(struct input *input, uint64_t size, uint64_t file_len, bool can_resume)
{
    uint8_t bytes[STREAM_MAX];
    offer(size, can_resume);
    while (input->len > 0) {
        uint8_t byte = next(input);
        bool was_over = cepa_file_sender_is_over(&sender);
        if (cepa_file_sender_answer(&sender, &byte, 1) != 0) {
            CEPA_ASSERT(sender.state == CEPA_FILE_SENDER_FAILED);
            return;
        }
        CEPA_ASSERT(!was_over);
        (void)drive(bytes, file_len);
    }
    int error = cepa_file_sender_answer_end(&sender);
    CEPA_ASSERT((error == 0) == (sender.state != CEPA_FILE_SENDER_FAILED));
}

/* One session of a transfer: it ends where the input says, or well. */
static bool meet(struct input *input, uint64_t size, uint64_t file_len, bool can_resume)
{
    uint8_t answer[CEPA_FILE_COME_SIZE];
    uint8_t bytes[STREAM_MAX];
    accept(answer, size);
    offer(size, can_resume);
    int error = cepa_file_sender_answer(&sender, answer, sizeof answer);
    CEPA_ASSERT(error == 0);
    size_t len = drive(bytes, file_len);
    for (size_t at = 0; at < len;) {
        size_t piece = 1 + next(input) % 128;
        if (piece == 100) {
            return false;
        }
        piece = piece < len - at ? piece : len - at;
        error = take(bytes + at, piece);
        CEPA_ASSERT(error == 0);
        at += piece;
    }
    end(size);
    CEPA_ASSERT(receiver.state == CEPA_FILE_RECEIVER_VERIFIED && stored_len == file_len);
    CEPA_ASSERT(memcmp(stored, file, stored_len) == 0);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct input input = {data, data_len};
    uint8_t how = next(&input);
    size_t file_len = next(&input);
    uint64_t size = (how & 4) != 0 ? CEPA_FILE_SIZE_UNKNOWN : file_len;
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 7);
    }
    stored_len = next(&input);
    stored_len = stored_len < file_len ? stored_len : file_len;
    memcpy(stored, file, stored_len);
    stored[0] ^= (how & 8) != 0; /* what is here is not the file's beginning */
    switch (how % 4) {
    case 0:
        try_receiver(&input, size);
        break;
    case 1:
        try_sender(&input, size, file_len, (how & 16) != 0);
        break;
    default:
        for (int i = 0; i < SESSIONS_MAX && !meet(&input, size, file_len, (how & 16) != 0); i++) {
        }
        break;
    }
    return 0;
}
