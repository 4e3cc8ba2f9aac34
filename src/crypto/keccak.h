/* SHA-3 and SHAKE: one message at a time, and four messages of equal length side by side.
 *
 * Everything runs in constant time: it depends on lengths only. @[FIPS202 4] @[SPEC 3.1] */
#ifndef CEPA_CRYPTO_KECCAK_H
#define CEPA_CRYPTO_KECCAK_H

#include <stddef.h>
#include <stdint.h>

enum {
    CEPA_KECCAK_LANES = 25,      /* 64-bit words of the state */
    CEPA_KECCAK_WAYS = 4,        /* messages that the x4 functions take side by side */
    CEPA_SHAKE128_RATE = 168,    /* bytes absorbed or squeezed per permutation */
    CEPA_SHAKE256_RATE = 136,    /* also SHA3-256's */
    CEPA_SHA3_512_RATE = 72,     /* of SHA3-512 */
    CEPA_SHA3_256_BYTES = 32,    /* length of a SHA3-256 digest */
    CEPA_SHA3_512_BYTES = 64,    /* length of a SHA3-512 digest */
    CEPA_SHAKE_SUFFIX = 0x1f,    /* domain bits of SHAKE and the first bit of the padding */
    CEPA_SHA3_SUFFIX = 0x06,     /* the same for SHA3 */
    CEPA_KECCAK_LAST_PAD = 0x80, /* last bit of the padding, in the last byte of a block */
};

/* A running SHAKE computation. It may hold secrets: wipe it. Copying the struct forks it. */
struct cepa_shake {
    uint64_t lanes[CEPA_KECCAK_LANES]; /* the state */
    uint32_t rate;                     /* bytes per block */
    uint32_t position;                 /* next byte of the block, 0..rate */
    uint32_t is_squeezing;             /* the padding is in */
};

/* Four running SHAKE computations that walk in step. */
struct cepa_shake_x4 {
    uint64_t lanes[CEPA_KECCAK_LANES][CEPA_KECCAK_WAYS]; /* lane by lane, the four side by side */
    uint32_t rate;                                       /* bytes per block */
    uint32_t position;                                   /* next byte of the block, 0..rate */
    uint32_t is_squeezing;                               /* the padding is in */
};

/* cepa_sha3_256 hashes `len` bytes at `data`. `ret_digest` may overlap `data`. @[FIPS202 6.1] */
void cepa_sha3_256(uint8_t ret_digest[CEPA_SHA3_256_BYTES], const void *data, size_t len);

/* cepa_sha3_512 hashes `len` bytes at `data`. `ret_digest` may overlap `data`. @[FIPS202 6.1] */
void cepa_sha3_512(uint8_t ret_digest[CEPA_SHA3_512_BYTES], const void *data, size_t len);

/* cepa_shake128 hashes `len` bytes at `data` to `ret_len` bytes, which may overlap them.
 * @[FIPS202 6.2] */
void cepa_shake128(uint8_t *ret_bytes, size_t ret_len, const void *data, size_t len);

/* cepa_shake256 hashes `len` bytes at `data` to `ret_len` bytes, which may overlap them.
 * @[FIPS202 6.2] */
void cepa_shake256(uint8_t *ret_bytes, size_t ret_len, const void *data, size_t len);

/* cepa_shake128_init begins a SHAKE128 computation over an empty message. */
void cepa_shake128_init(struct cepa_shake *ret_shake);

/* cepa_shake256_init begins a SHAKE256 computation over an empty message. */
void cepa_shake256_init(struct cepa_shake *ret_shake);

/* cepa_shake_absorb appends `len` bytes to the message. Not allowed after a squeeze (asserted). */
void cepa_shake_absorb(struct cepa_shake *shake, const void *data, size_t len);

/* cepa_shake_squeeze writes the next `len` bytes of output; the first call ends the message. */
void cepa_shake_squeeze(struct cepa_shake *shake, uint8_t *ret_bytes, size_t len);

/* cepa_shake_wipe clears the computation. */
void cepa_shake_wipe(struct cepa_shake *shake);

/* cepa_shake128_x4_init begins four SHAKE128 computations over empty messages. */
void cepa_shake128_x4_init(struct cepa_shake_x4 *ret_shake);

/* cepa_shake256_x4_init begins four SHAKE256 computations over empty messages. */
void cepa_shake256_x4_init(struct cepa_shake_x4 *ret_shake);

/* cepa_shake_x4_absorb appends `len` bytes of `data[i]` to the i-th message. Not allowed after a
 * squeeze (asserted). */
void cepa_shake_x4_absorb(struct cepa_shake_x4 *shake, const uint8_t *const data[CEPA_KECCAK_WAYS],
                          size_t len, uint32_t cpu);

/* cepa_shake_x4_squeeze writes the next `len` bytes of the i-th output to `ret_bytes[i]`; the
 * first call ends the messages. */
void cepa_shake_x4_squeeze(struct cepa_shake_x4 *shake, uint8_t *const ret_bytes[CEPA_KECCAK_WAYS],
                           size_t len, uint32_t cpu);

/* cepa_shake_x4_wipe clears the four computations. */
void cepa_shake_x4_wipe(struct cepa_shake_x4 *shake);

#endif
