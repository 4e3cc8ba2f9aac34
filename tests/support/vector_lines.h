/* Vectors that our own code is the source of, docs/spec/vectors/NAME: a test computes every line
 * and compares it with the one that stands there. With CEPA_WRITE_VECTORS in the environment the
 * file is written anew instead; whoever does that has changed the protocol. */
#ifndef CEPA_TESTS_SUPPORT_VECTOR_LINES_H
#define CEPA_TESTS_SUPPORT_VECTOR_LINES_H

#include <stddef.h>
#include <stdint.h>

/* vector_lines_open begins with the first line of a file; one is open at a time. */
void vector_lines_open(const char *name);

/* vector_lines_text is a line as it is: a comment, or "" between blocks. */
void vector_lines_text(const char *line);

/* vector_lines_bytes is the line `name = hex`; `name` may have the number of a hop behind it, as in
 * "seed_0", unless `index` is negative. */
void vector_lines_bytes(const char *name, int index, const void *bytes, size_t len);

/* vector_lines_number is a number as big-endian bytes, `size` (1 to 8) of them. */
void vector_lines_number(const char *name, int index, uint64_t number, size_t size);

/* vector_lines_digest is the BLAKE2b-256 of something long. */
void vector_lines_digest(const char *name, int index, const void *bytes, size_t len);

/* vector_lines_close ends the file; nothing may be left in it. */
void vector_lines_close(void);

#endif
