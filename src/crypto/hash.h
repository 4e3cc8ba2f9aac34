/* BLAKE2b: thin names over libsodium. Used for identifiers, positions, Merkle trees and proof of
 * work; key derivation uses SHAKE256 (crypto/kdf.h). @[SPEC 3.6] @[RFC7693 3.3] */
#ifndef CEPA_CRYPTO_HASH_H
#define CEPA_CRYPTO_HASH_H

#include <stddef.h>
#include <stdint.h>

enum { CEPA_BLAKE2B_LEN_MAX = 64, CEPA_BLAKE2B_KEY_LEN_MAX = 64 };

/* A hash in progress. */
struct cepa_blake2b {
    _Alignas(64) uint8_t opaque[384]; /* libsodium's state */
};

/* cepa_blake2b writes the `ret_len`-byte hash of `len` bytes at `data`, keyed if `key_or_null` is
 * given with `key_len` bytes (0 if NULL). The length is part of the function: a 32-byte hash is no
 * prefix of a 64-byte one. Asserted: 1 <= ret_len <= 64, key_len <= 64. O(len). */
void cepa_blake2b(uint8_t *ret_hash, size_t ret_len, const void *data, size_t len,
                  const uint8_t *key_or_null, size_t key_len);

/* cepa_blake2b_init begins a hash of `hash_len` bytes; the key as for cepa_blake2b. */
void cepa_blake2b_init(struct cepa_blake2b *ret_hash, size_t hash_len, const uint8_t *key_or_null,
                       size_t key_len);

/* cepa_blake2b_update adds `len` bytes; any split into calls gives the same hash. */
void cepa_blake2b_update(struct cepa_blake2b *hash, const void *data, size_t len);

/* cepa_blake2b_final writes the hash and wipes the state; `ret_len` is the length that init was
 * told. */
void cepa_blake2b_final(struct cepa_blake2b *hash, uint8_t *ret_hash, size_t ret_len);

#endif
