/* Poly1305: a one-time authenticator, libsodium's, or our own where there is AVX2. A key
 * authenticates one message only; all of ours come fresh from a KDF or a stream. @[SPEC 3.6]
 * @[RFC8439 2.5] */
#ifndef CEPA_CRYPTO_MAC_H
#define CEPA_CRYPTO_MAC_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { CEPA_POLY1305_KEY_LEN = 32, CEPA_POLY1305_TAG_LEN = 16 };

/* An authenticator in progress. Holds the key, so it is wiped by cepa_poly1305_final or
 * cepa_poly1305_wipe. */
struct cepa_poly1305 {
    _Alignas(16) uint8_t opaque[256]; /* the kernel's state */
    uint32_t is_avx2;                 /* which kernel: ours by AVX2, or libsodium's */
};

/* cepa_poly1305 writes the 16-byte tag of `len` bytes at `data` under a one-time key. O(len). */
void cepa_poly1305(uint8_t ret_tag[CEPA_POLY1305_TAG_LEN], const void *data, size_t len,
                   const uint8_t key[CEPA_POLY1305_KEY_LEN], uint32_t cpu);

/* cepa_poly1305_verify compares the tag of `data` with `tag` in constant time. Returns 0 or
 * CEPA_ERR_AUTHENTICATION. O(len). */
CEPA_MUST_USE int cepa_poly1305_verify(const uint8_t tag[CEPA_POLY1305_TAG_LEN], const void *data,
                                       size_t len, const uint8_t key[CEPA_POLY1305_KEY_LEN],
                                       uint32_t cpu);

/* cepa_poly1305_init begins a message; the key is copied into the state. A copy of a state is a
 * second message with the same beginning. */
void cepa_poly1305_init(struct cepa_poly1305 *ret_mac, const uint8_t key[CEPA_POLY1305_KEY_LEN],
                        uint32_t cpu);

/* cepa_poly1305_prepare does now what the first long piece of a message would make necessary: worth
 * it for a state that is copied for many messages. */
void cepa_poly1305_prepare(struct cepa_poly1305 *mac);

/* cepa_poly1305_update adds `len` bytes to the message; any split into calls gives the same tag. */
void cepa_poly1305_update(struct cepa_poly1305 *mac, const void *data, size_t len);

/* cepa_poly1305_final writes the tag and wipes the state. */
void cepa_poly1305_final(struct cepa_poly1305 *mac, uint8_t ret_tag[CEPA_POLY1305_TAG_LEN]);

/* cepa_poly1305_wipe wipes a state whose tag is not wanted any more. */
void cepa_poly1305_wipe(struct cepa_poly1305 *mac);

#endif
