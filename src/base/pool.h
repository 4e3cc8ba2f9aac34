/* Pools: a fixed number of elements of one size, in memory that the caller gives, named by handles
 * that go stale when their element is freed.
 *
 * A handle is (index, generation). Generations are drawn from one 64-bit count per pool, so that no
 * handle ever names a second element; the handle of all zeros names none. Rooms wrap handles in
 * struct types of their own. Everything is O(1) but cepa_pool_next; a new pool touches no memory
 * until elements are allocated. */
#ifndef CEPA_BASE_POOL_H
#define CEPA_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Which element, and which of all the elements that stood there. */
struct cepa_handle {
    uint64_t generation; /* 0 in the handle that names nothing */
    uint32_t index;      /* below the pool's capacity */
    uint32_t padding;    /* always 0, so that handles can be compared as bytes */
};

/* The pool's own word on each slot. */
struct cepa_pool_slot {
    uint64_t generation; /* of the element that stands here; 0 when free */
    uint32_t next_free;  /* the next free slot, or CEPA_POOL_NO_SLOT */
    uint32_t padding;    /* 0 */
};

#define CEPA_POOL_NO_SLOT UINT32_MAX

/* A pool. */
struct cepa_pool {
    struct cepa_pool_slot *slots; /* `capacity` of them, written up to `fresh` */
    uint8_t *elements;            /* `capacity` of them */
    size_t element_size;          /* from one element to the next */
    uint64_t last_generation;     /* the one that was given out last */
    uint32_t capacity;            /* how many elements there can be */
    uint32_t count;               /* how many there are */
    uint32_t fresh;               /* slots from here on were never used */
    uint32_t first_free;          /* the free slot that was used last, or CEPA_POOL_NO_SLOT */
};

/* cepa_handle_is_none says whether `handle` is the one that names nothing. */
static inline bool cepa_handle_is_none(struct cepa_handle handle)
{
    return handle.generation == 0;
}

/* cepa_handle_is_equal says whether two handles of one pool name the same element. */
static inline bool cepa_handle_is_equal(struct cepa_handle a, struct cepa_handle b)
{
    return a.generation == b.generation && a.index == b.index;
}

/* cepa_pool_size gives the bytes that a pool of `capacity` elements of `element_len` bytes needs;
 * SIZE_MAX if there is no such number. */
size_t cepa_pool_size(uint32_t capacity, size_t element_len);

/* cepa_pool_init makes an empty pool in the `memory_len` >= cepa_pool_size(capacity, element_len)
 * bytes at `memory` (asserted), which are aligned as base/block.h says and lent for the pool's
 * life. `capacity` is below CEPA_POOL_NO_SLOT. */
void cepa_pool_init(struct cepa_pool *pool, void *memory, size_t memory_len, uint32_t capacity,
                    size_t element_len);

/* cepa_pool_alloc makes an element, all zeros. Returns 0, CEPA_ERR_FULL, or CEPA_ERR_EXHAUSTED
 * after 2^64 - 1 elements. */
CEPA_MUST_USE int cepa_pool_alloc(struct cepa_pool *pool, struct cepa_handle *ret_handle);

/* cepa_pool_find gives the element that `handle` names, aligned as base/block.h says, lent until it
 * is freed; NULL if it was freed or never was. */
void *cepa_pool_find(const struct cepa_pool *pool, struct cepa_handle handle);

/* cepa_pool_free wipes the element and gives its place back. Returns 0, or CEPA_ERR_NOT_FOUND if
 * the handle is stale. */
CEPA_MUST_USE int cepa_pool_free(struct cepa_pool *pool, struct cepa_handle handle);

/* cepa_pool_next gives the first element at or after index `from`; so `from` = 0 and then the last
 * index + 1 visit all, in the order of their places, also while the visited one is freed. Returns
 * 0, or CEPA_ERR_NOT_FOUND when there is none. O(capacity) for the whole visit. */
CEPA_MUST_USE int cepa_pool_next(const struct cepa_pool *pool, struct cepa_handle *ret_handle,
                                 uint32_t from);

/* cepa_pool_wipe wipes every element and ends the pool; the memory is the caller's again. */
void cepa_pool_wipe(struct cepa_pool *pool);

#endif
