/* ChaCha20. @[RFC8439 2.4] */
#include "crypto/stream.h"

#include <string.h>

#include "base/assert.h"
#include "crypto/stream_kernels.h"

/* blocks_fit says whether `len` bytes that begin at `block` end before the counter wraps. */
static int blocks_fit(size_t len, uint32_t block)
{
    _Static_assert(CEPA_CHACHA20_BLOCK_LEN == 1 << 6, "the shift");
    uint64_t blocks = ((uint64_t)len >> 6) + ((len & 63) != 0);
    return blocks <= ((uint64_t)1 << 32) - block;
}

void cepa_chacha20_xor(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                       const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block, uint32_t cpu)
{
    CEPA_ASSERT(blocks_fit(len, block));
    cepa_chacha20_xor_kernel(data, len, key, nonce, block, cpu);
}

void cepa_chacha20_stream(uint8_t *ret_bytes, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                          const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t cpu)
{
    memset(ret_bytes, 0, len);
    cepa_chacha20_xor(ret_bytes, len, key, nonce, 0, cpu);
}
