/* One block of memory from the caller, carved into parts at start. What the core needs it says in
 * `_size` functions; what it got it carves here; nothing is allocated after that.
 *
 * Every part begins at a multiple of CEPA_BLOCK_ALIGNMENT. Failure is sticky, as in base/bytes.h.
 */
#ifndef CEPA_BASE_BLOCK_H
#define CEPA_BASE_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Enough for every type of the core. */
#define CEPA_BLOCK_ALIGNMENT 16

/* A block and how much of it is given away. */
struct cepa_block {
    uint8_t *memory; /* the next free byte, aligned; lent for the life of everything carved */
    size_t left;     /* bytes from there to the end */
    int error;       /* CEPA_ERR_FULL after a part that did not fit */
};

/* cepa_block_round gives the least multiple of CEPA_BLOCK_ALIGNMENT that is at least `size`, or
 * SIZE_MAX if there is none. */
size_t cepa_block_round(size_t size);

/* cepa_block_array_size gives the size of `len` elements of `element_size` bytes, rounded as a
 * part is, or SIZE_MAX if it is too large: no block holds that, so that callers need not check. */
size_t cepa_block_array_size(size_t len, size_t element_size);

/* cepa_block_sum gives a + b, or SIZE_MAX if that is too large. */
size_t cepa_block_sum(size_t a, size_t b);

/* cepa_block_init starts carving the `size` bytes at `memory`, which is aligned to
 * CEPA_BLOCK_ALIGNMENT (asserted). */
void cepa_block_init(struct cepa_block *block, void *memory, size_t size);

/* cepa_block_carve gives the next `size` bytes, aligned, with whatever they held; NULL if they are
 * not there. */
void *cepa_block_carve(struct cepa_block *block, size_t size);

/* cepa_block_zero makes `size` bytes at `memory`, aligned to 8 (asserted), zero, and writes only
 * where they are not: memory that a system has given and nobody has used yet stays unused. Large
 * tables begin with this. Not for secrets. O(size). */
void cepa_block_zero(void *memory, size_t size);

/* cepa_block_end gives 0 if every part fitted, else CEPA_ERR_FULL. Memory may be left. */
CEPA_MUST_USE int cepa_block_end(const struct cepa_block *block);

#endif
