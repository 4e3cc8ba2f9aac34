/* SipHash-2-4, a keyed hash for tables: who does not know the key cannot choose entries that
 * collide. Not for authentication. @[SIPHASH] */
#ifndef CEPA_BASE_SIPHASH_H
#define CEPA_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* A hash key: drawn at random when the table is made, never sent to anybody. */
struct cepa_siphash_key {
    uint8_t bytes[16];
};

/* cepa_siphash gives the hash of the `len` bytes at `data`. */
uint64_t cepa_siphash(const struct cepa_siphash_key *key, const void *data, size_t len);

#endif
