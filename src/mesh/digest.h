/* What signatures of records sign: a hash under the record's label. Internal to the room.
 * @[SPEC 10.2] */
#ifndef CEPA_MESH_DIGEST_H
#define CEPA_MESH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "crypto/hash.h"

enum { CEPA_RECORD_DIGEST_SIZE = 64 };

/* cepa_record_hash_init begins a hash of `hash_len` bytes under a label: `label_size` bytes, with
 * its final zero. */
static inline void cepa_record_hash_init(struct cepa_blake2b *ret_hash, size_t hash_len,
                                         const char *label, size_t label_size)
{
    cepa_blake2b_init(ret_hash, hash_len, NULL, 0);
    cepa_blake2b_update(ret_hash, label, label_size);
}

/* cepa_record_hash gives the hash of one piece of `len` bytes under a label. */
static inline void cepa_record_hash(uint8_t *ret_hash, size_t hash_len, const char *label,
                                    size_t label_size, const void *bytes, size_t len)
{
    struct cepa_blake2b hash;
    cepa_record_hash_init(&hash, hash_len, label, label_size);
    cepa_blake2b_update(&hash, bytes, len);
    cepa_blake2b_final(&hash, ret_hash, hash_len);
}

#endif
