/* Reads our own test vectors, docs/spec/vectors/NAME: lines `name = hex`, blocks apart by blank
 * lines, `#` begins a comment line. web/src/vectors.ts reads the same. Anything wrong with a file
 * fails the running test and names the line. One file is open at a time.
 *
 *     vectors_open("x25519.txt");
 *     while (vectors_next()) { vectors_read("scalar", scalar, sizeof scalar); ... } */
#ifndef CEPA_TESTS_SUPPORT_VECTORS_H
#define CEPA_TESTS_SUPPORT_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* vectors_open opens the file of that name, before its first block; the previous one is closed. */
void vectors_open(const char *name);

/* vectors_open_text does the same for a text in memory, copied; `name` is for messages. */
void vectors_open_text(const char *name, const char *text);

/* vectors_next goes to the next block: 1, or 0 at the end of the file. */
int vectors_next(void);

/* vectors_line gives the number of the line where the open block begins. */
unsigned vectors_line(void);

/* vectors_has says whether the open block has a value of that name: 1 or 0. */
int vectors_has(const char *name);

/* vectors_bytes gives a value of the open block, which must have it, and its length. Lent until the
 * next call of vectors_next. */
const uint8_t *vectors_bytes(const char *name, size_t *ret_len);

/* vectors_read copies a value of exactly `len` bytes. */
void vectors_read(const char *name, void *ret_bytes, size_t len);

/* vectors_number gives a value of at most 8 bytes as a big-endian integer. */
uint64_t vectors_number(const char *name);

#endif
