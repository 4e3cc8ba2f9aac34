/* Reading and writing messages byte by byte. All numbers are big-endian (@[SPEC 1.3]).
 *
 * Failure is sticky: once a read or write does not fit, it and everything after it does nothing,
 * and the caller asks once, at the end. So a decoder has no branches in its middle:
 *
 *     struct cepa_reader reader;
 *     cepa_reader_init(&reader, data, data_len);
 *     record.kind = cepa_reader_u8(&reader);
 *     cepa_reader_bytes(&reader, record.id, sizeof record.id);
 *     return cepa_reader_end(&reader);
 *
 * A failed read gives zeros, never what happened to stand in memory. */
#ifndef CEPA_BASE_BYTES_H
#define CEPA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A position in bytes that are being read. */
struct cepa_reader {
    const uint8_t *data; /* the next byte to read; lent for the reader's life */
    size_t len;          /* how many bytes are left; 0 after a failure */
    bool failed;         /* a read went past the end */
};

/* A position in a buffer that is being filled. */
struct cepa_writer {
    uint8_t *data;   /* the start of the buffer; lent for the writer's life */
    size_t len;      /* how many bytes were written */
    size_t capacity; /* how many bytes the buffer has */
    bool failed;     /* a write did not fit */
};

/* cepa_reader_init starts reading the `data_len` bytes at `data`, which stay the caller's. `data`
 * may be NULL if `data_len` is 0. */
void cepa_reader_init(struct cepa_reader *reader, const void *data, size_t data_len);

/* cepa_reader_u8 takes one byte; 0 after a failure. */
uint8_t cepa_reader_u8(struct cepa_reader *reader);

/* cepa_reader_u16 takes a number of 2 bytes; 0 after a failure. */
uint16_t cepa_reader_u16(struct cepa_reader *reader);

/* cepa_reader_u32 takes a number of 4 bytes; 0 after a failure. */
uint32_t cepa_reader_u32(struct cepa_reader *reader);

/* cepa_reader_u64 takes a number of 8 bytes; 0 after a failure. */
uint64_t cepa_reader_u64(struct cepa_reader *reader);

/* cepa_reader_bytes copies the next `len` bytes to `ret_bytes`; zeros after a failure. */
void cepa_reader_bytes(struct cepa_reader *reader, void *ret_bytes, size_t len);

/* cepa_reader_view gives the next `len` bytes where they stand, lent as long as the data is, and
 * goes past them; NULL after a failure. */
const uint8_t *cepa_reader_view(struct cepa_reader *reader, size_t len);

/* cepa_reader_skip goes past `len` bytes without looking at them. */
void cepa_reader_skip(struct cepa_reader *reader, size_t len);

/* cepa_reader_zeros goes past `len` bytes that must all be 0; anything else is a failure. Not for
 * secret bytes: it says that they are zeros. */
void cepa_reader_zeros(struct cepa_reader *reader, size_t len);

/* cepa_reader_left gives how many bytes are left; 0 after a failure. */
size_t cepa_reader_left(const struct cepa_reader *reader);

/* cepa_reader_end gives 0 if every read succeeded and no byte is left, else CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_reader_end(const struct cepa_reader *reader);

/* cepa_writer_init starts filling the `capacity` bytes at `data`, which stay the caller's. */
void cepa_writer_init(struct cepa_writer *writer, void *data, size_t capacity);

/* cepa_writer_u8 appends one byte. */
void cepa_writer_u8(struct cepa_writer *writer, uint8_t value);

/* cepa_writer_u16 appends a number of 2 bytes. */
void cepa_writer_u16(struct cepa_writer *writer, uint16_t value);

/* cepa_writer_u32 appends a number of 4 bytes. */
void cepa_writer_u32(struct cepa_writer *writer, uint32_t value);

/* cepa_writer_u64 appends a number of 8 bytes. */
void cepa_writer_u64(struct cepa_writer *writer, uint64_t value);

/* cepa_writer_bytes appends the `len` bytes at `bytes`. */
void cepa_writer_bytes(struct cepa_writer *writer, const void *bytes, size_t len);

/* cepa_writer_zeros appends `len` zero bytes. */
void cepa_writer_zeros(struct cepa_writer *writer, size_t len);

/* cepa_writer_reserve appends `len` bytes for the caller to fill, and gives where they stand (their
 * content is what the buffer held before); NULL after a failure. */
uint8_t *cepa_writer_reserve(struct cepa_writer *writer, size_t len);

/* cepa_writer_left gives how many bytes still fit; 0 after a failure. */
size_t cepa_writer_left(const struct cepa_writer *writer);

/* cepa_writer_end gives 0 and the number of bytes written, or CEPA_ERR_TOO_LONG if something did
 * not fit (then what fitted before it stands in the buffer). */
CEPA_MUST_USE int cepa_writer_end(const struct cepa_writer *writer, size_t *ret_len);

#endif
