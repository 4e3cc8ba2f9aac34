/* ChaCha20 as a stream: libsodium's, or our own where AVX-512 makes it twice as fast. Keys here are
 * raw 32 bytes because every caller takes them from a KDF and uses them once under a name of its
 * own. @[SPEC 3.6] @[RFC8439 2.4] */
#ifndef CEPA_CRYPTO_STREAM_H
#define CEPA_CRYPTO_STREAM_H

#include <stddef.h>
#include <stdint.h>

enum { CEPA_CHACHA20_KEY_LEN = 32, CEPA_CHACHA20_NONCE_LEN = 12, CEPA_CHACHA20_BLOCK_LEN = 64 };

/* cepa_chacha20_xor adds the keystream to `len` bytes at `data` in place, beginning with the first
 * byte of block number `block`. The stream may not run past block 2^32 - 1 (asserted): at most
 * (2^32 - block) * 64 bytes. O(len). @[RFC8439 2.4] */
void cepa_chacha20_xor(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                       const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block, uint32_t cpu);

/* cepa_chacha20_stream writes `len` bytes of keystream, from block 0 on, to `ret_bytes`. Asserted:
 * len <= 2^32 * 64. O(len). @[RFC8439 2.4] */
void cepa_chacha20_stream(uint8_t *ret_bytes, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                          const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t cpu);

#endif
