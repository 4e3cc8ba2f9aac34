/* The sender of one file, on one stream: says what to write, takes what is read, and knows what its
 * driver has to do next. It sees no file and no stream. @[SPEC 17.3]
 *
 *     cepa_file_sender_init gives the header: open a two-way stream, write it;
 *     give whatever is read from the stream to cepa_file_sender_answer;
 *     after each call look at `state`:
 *       OFFERED, HELD, ENDED  wait for more from the stream
 *       HASHING   read the file from its start, give cepa_file_sender_prefix_left bytes of it to
 *                 cepa_file_sender_prefix, in as many pieces as is convenient
 *       READY     cepa_file_sender_start: write the 8 bytes that it gives
 *       SENDING   read the file at cepa_file_sender_position; of what the stream has taken tell
 *                 cepa_file_sender_data; at the end cepa_file_sender_end: write the 32 bytes that
 *                 it gives and the end of the stream
 *       VERIFIED, WRONG, REFUSED, NO_ROOM, FAILED  it is over
 *
 * A transfer that a session did not finish goes on in another one with a new sender and a header of
 * the same transfer id and size: the receiver says where it stands. Invariant: `hash` is that of
 * the file's first `position` bytes, as they were read. */
#ifndef CEPA_APPLICATION_FILE_SENDER_H
#define CEPA_APPLICATION_FILE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/file_transfer.h"
#include "application/stream_header.h"
#include "base/error.h"
#include "crypto/hash.h"

/* Where a sender stands. */
enum cepa_file_sender_state {
    CEPA_FILE_SENDER_OFFERED = 1, /* the receiver has said nothing yet */
    CEPA_FILE_SENDER_HELD,        /* a person is asked there; another verdict follows */
    CEPA_FILE_SENDER_HASHING,     /* the receiver has the file's beginning: it is compared */
    CEPA_FILE_SENDER_READY,       /* it is known where to begin */
    CEPA_FILE_SENDER_SENDING,     /* bytes of the file are sent */
    CEPA_FILE_SENDER_ENDED,       /* all is sent; the receiver's result is awaited */
    CEPA_FILE_SENDER_VERIFIED,    /* over: the receiver has the file, hash and all */
    CEPA_FILE_SENDER_WRONG,       /* over: it has something else, which it throws away */
    CEPA_FILE_SENDER_REFUSED,     /* over: it does not want the file */
    CEPA_FILE_SENDER_NO_ROOM,     /* over: it has no room for it */
    CEPA_FILE_SENDER_FAILED       /* over: it broke the rules */
};

/* A sender. About 512 bytes, aligned to 64: in allocated memory it needs aligned_alloc (asserted).
 * Its user reads `state`; the other fields are its own. Nothing in it is secret. */
struct cepa_file_sender {
    struct cepa_blake2b hash;            /* of the file up to `position` */
    enum cepa_file_sender_state state;   /* what to do next */
    bool can_resume;                     /* the driver can read the file's beginning */
    uint64_t size;                       /* of the file, or CEPA_FILE_SIZE_UNKNOWN */
    uint64_t position;                   /* the next byte of the file to hash */
    uint64_t offset;                     /* up to where the receiver says it has the file */
    uint8_t answer[CEPA_FILE_COME_SIZE]; /* what came of the receiver's answer */
    size_t answer_len;                   /* how much of it */
};

/* cepa_file_sender_init begins an offer and gives its first bytes, up to CEPA_STREAM_HEADER_MAX of
 * them. `can_resume`: the driver can read the file's beginning again, which it cannot with a pipe;
 * if not, the file is sent from its start whatever the receiver has. Returns 0, or
 * CEPA_ERR_ARGUMENT for a header with a field out of its range. */
CEPA_MUST_USE int cepa_file_sender_init(struct cepa_file_sender *ret_sender, uint8_t *ret_bytes,
                                        size_t *ret_len, const struct cepa_file_header *header,
                                        bool can_resume);

/* cepa_file_sender_answer takes what was read from the stream, in pieces as they come. Returns 0;
 * or CEPA_ERR_MALFORMED for a verdict or a result that is none and for an offset beyond the file,
 * or CEPA_ERR_STATE for bytes that nobody waits for: then the state is FAILED, and the driver gives
 * the stream up (CEPA_STREAM_BROKEN). */
CEPA_MUST_USE int cepa_file_sender_answer(struct cepa_file_sender *sender, const uint8_t *data,
                                          size_t data_len);

/* cepa_file_sender_answer_end says that the receiver's side of the stream is at its end. Returns 0
 * where that is right (the state is over), else CEPA_ERR_MISSING, and FAILED. A stream that was
 * reset or a session that ended is another matter: the transfer goes on with a new sender. */
CEPA_MUST_USE int cepa_file_sender_answer_end(struct cepa_file_sender *sender);

/* cepa_file_sender_prefix_left says how many bytes of the file's beginning are to be given to
 * cepa_file_sender_prefix next; more than 0 in HASHING, 0 otherwise. */
uint64_t cepa_file_sender_prefix_left(const struct cepa_file_sender *sender);

/* cepa_file_sender_prefix takes the next bytes of the file's beginning, at most prefix_left
 * (asserted). With the last of them the state is READY: the file is sent from `offset` if they are
 * what the receiver has, from 0 if not. O(data_len). */
void cepa_file_sender_prefix(struct cepa_file_sender *sender, const uint8_t *data, size_t data_len);

/* cepa_file_sender_prefix_lost says, in HASHING (asserted), that the file's beginning cannot be
 * read: the state is READY, and the file is sent from 0. */
void cepa_file_sender_prefix_lost(struct cepa_file_sender *sender);

/* cepa_file_sender_start writes, in READY (asserted), the CEPA_FILE_FROM_SIZE bytes that go before
 * those of the file, and begins to send. */
void cepa_file_sender_start(struct cepa_file_sender *sender, uint8_t *ret_bytes);

/* cepa_file_sender_position says which byte of the file comes next, counted from 0; in READY that
 * is where sending begins. For progress, too. */
uint64_t cepa_file_sender_position(const struct cepa_file_sender *sender);

/* cepa_file_sender_left says how many bytes of the file are still to be sent, from READY on;
 * UINT64_MAX where its size is not known. */
uint64_t cepa_file_sender_left(const struct cepa_file_sender *sender);

/* cepa_file_sender_data takes note, in SENDING (asserted), of the next bytes of the file that were
 * written to the stream: each byte once, in order, at most `left` (asserted), so after a short
 * write only those that the stream took. O(data_len). */
void cepa_file_sender_data(struct cepa_file_sender *sender, const uint8_t *data, size_t data_len);

/* cepa_file_sender_end writes, in SENDING (asserted), the CEPA_FILE_HASH_SIZE bytes that come
 * behind the file; the end of the stream follows them. Returns 0; or CEPA_ERR_ARGUMENT while bytes
 * of a known size are left: if the file has become shorter, the driver resets the stream
 * (CEPA_STREAM_CHANGED), and the transfer is over. */
CEPA_MUST_USE int cepa_file_sender_end(struct cepa_file_sender *sender, uint8_t *ret_bytes);

/* cepa_file_sender_is_over says whether nothing more will happen: VERIFIED, WRONG, REFUSED,
 * NO_ROOM or FAILED. */
bool cepa_file_sender_is_over(const struct cepa_file_sender *sender);

#endif
