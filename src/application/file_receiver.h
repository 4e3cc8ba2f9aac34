/* The receiver of one file, on one stream: counterpart of file_sender.h. It sees no file and no
 * stream. @[SPEC 17.3]
 *
 *     after the header (stream_header.h) cepa_file_receiver_init, then one of
 *       cepa_file_receiver_accept   come, from what is here already
 *       cepa_file_receiver_decline  refused, no room, or wait: after that, once, another of them
 *     and write the answer that it gives to the stream;
 *     give what is read from the stream to cepa_file_receiver_take, which gives pieces of the file:
 *     write each where it says;
 *     at the stream's end cepa_file_receiver_end: if VERIFIED, make sure that the file is kept
 *     whatever happens; write the answer and the end of the stream. If WRONG, throw it away.
 *
 * What a receiver keeps of a transfer that was cut off is the file's beginning, every byte up to
 * some offset, under the sender's name and the transfer's id. To go on, its driver hashes that
 * again from the disk, so that what a failing disk lost is noticed. */
#ifndef CEPA_APPLICATION_FILE_RECEIVER_H
#define CEPA_APPLICATION_FILE_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/file_transfer.h"
#include "application/stream_header.h"
#include "base/error.h"
#include "crypto/hash.h"

/* Where a receiver stands. */
enum cepa_file_receiver_state {
    CEPA_FILE_RECEIVER_OFFERED = 1, /* nothing is decided */
    CEPA_FILE_RECEIVER_HELD,        /* WAIT was said; another verdict must follow */
    CEPA_FILE_RECEIVER_ACCEPTED,    /* COME was said; it is not known yet where the sender begins */
    CEPA_FILE_RECEIVER_RECEIVING,   /* the sender has begun */
    CEPA_FILE_RECEIVER_VERIFIED,    /* over: the file is here and its hash is right */
    CEPA_FILE_RECEIVER_WRONG,       /* over: its hash is not what the sender said */
    CEPA_FILE_RECEIVER_DECLINED,    /* over: refused, or no room */
    CEPA_FILE_RECEIVER_FAILED       /* over: the sender broke the rules, or sent too much */
};

/* A receiver. About 640 bytes, aligned to 64: in allocated memory it needs aligned_alloc
 * (asserted). Its user reads `state`; the other fields are its own. Nothing in it is secret. */
struct cepa_file_receiver {
    struct cepa_blake2b hash;            /* of the file up to `position` */
    enum cepa_file_receiver_state state; /* see above */
    uint64_t size;                       /* of the file, or CEPA_FILE_SIZE_UNKNOWN */
    uint64_t size_max;                   /* how many bytes the file may have */
    uint64_t offset;                     /* how much of it was here when COME was said */
    uint64_t position;                   /* the next byte of the file */
    uint8_t from[CEPA_FILE_FROM_SIZE];   /* where the sender begins, as it arrives */
    size_t from_len;                     /* how much of it */
    uint8_t tail[CEPA_FILE_HASH_SIZE];  /* the last bytes that came: the hash, if the end follows */
    size_t tail_len;                    /* how many there are */
    uint8_t given[CEPA_FILE_HASH_SIZE]; /* a piece that had been held back in `tail` */
};

/* Bytes of the file. */
struct cepa_file_piece {
    const uint8_t *data; /* lent until the next call; never NULL */
    size_t data_len;     /* may be 0 */
    uint64_t offset;     /* where in the file they stand */
    bool is_restart;     /* first cut what is there to nothing: the sender begins at 0, since what
                          * was here was not the file's beginning */
};

/* cepa_file_receiver_init begins with an offer of a file of `size` bytes, as its header says. */
void cepa_file_receiver_init(struct cepa_file_receiver *ret_receiver, uint64_t size);

/* cepa_file_receiver_accept says COME, in OFFERED or HELD (asserted), and writes the answer,
 * CEPA_FILE_COME_SIZE bytes. The first `offset` bytes are here already; `prefix` is their running
 * hash (cepa_blake2b_init with 32 bytes and no key, then all of them; copied), or NULL if `offset`
 * is 0. `size_max` is how many bytes the whole file may have. Returns 0, CEPA_ERR_ARGUMENT for an
 * offset beyond the size or beyond `size_max`, or CEPA_ERR_TOO_LONG for a known size above
 * `size_max`; then nothing has changed. */
CEPA_MUST_USE int cepa_file_receiver_accept(struct cepa_file_receiver *receiver,
                                            uint8_t *ret_answer, uint64_t offset,
                                            const struct cepa_blake2b *prefix, uint64_t size_max);

/* cepa_file_receiver_decline says REFUSED, NO_ROOM or WAIT, in OFFERED or HELD, WAIT in OFFERED
 * only (asserted), and writes the answer, 1 byte. After REFUSED and NO_ROOM the end of the stream
 * follows. */
void cepa_file_receiver_decline(struct cepa_file_receiver *receiver, uint8_t *ret_answer,
                                enum cepa_file_verdict verdict);

/* cepa_file_receiver_take takes what was read from the stream, up to `data_len` bytes; `*ret_used`
 * says how many: call again with the rest until all are used. What they hold of the file is in
 * `*ret_piece`. The last 32 bytes are held back, since they may be the hash. Returns 0 (also for
 * no bytes, with an empty piece), or
 *   CEPA_ERR_STATE      bytes before COME, or when it is over;
 *   CEPA_ERR_MALFORMED  the sender begins neither at the offset nor at 0;
 *   CEPA_ERR_LENGTH     it sends more than the size that it has named;
 *   CEPA_ERR_TOO_LONG   it sends more than `size_max` (CEPA_STREAM_NO_ROOM);
 * then the state is FAILED, and the driver gives the stream up (CEPA_STREAM_BROKEN where nothing
 * else is said). O(data_len). */
CEPA_MUST_USE int cepa_file_receiver_take(struct cepa_file_receiver *receiver,
                                          struct cepa_file_piece *ret_piece, size_t *ret_used,
                                          const uint8_t *data, size_t data_len);

/* cepa_file_receiver_end says that the sender's side of the stream is at its end, and writes the
 * answer, CEPA_FILE_RESULT_SIZE bytes; the end of the stream follows it. Returns 0 with the state
 * VERIFIED or WRONG; or CEPA_ERR_LENGTH if the sender has sent less than the size that it has
 * named, or no hash, and CEPA_ERR_STATE before COME and when it is over: then the state is FAILED,
 * and there is no answer. A stream that was reset or a session that ended is another matter: what
 * is here is kept, for the transfer to go on. */
CEPA_MUST_USE int cepa_file_receiver_end(struct cepa_file_receiver *receiver, uint8_t *ret_answer);

/* cepa_file_receiver_position says how many bytes of the file are here, from RECEIVING on; in the
 * end, its length. */
uint64_t cepa_file_receiver_position(const struct cepa_file_receiver *receiver);

/* cepa_file_receiver_hash gives the hash of the file, in VERIFIED (asserted); lent. */
const uint8_t *cepa_file_receiver_hash(const struct cepa_file_receiver *receiver);

#endif
