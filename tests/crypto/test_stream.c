/* ChaCha20: the block of RFC 8439, and every kernel the same as libsodium's at every length, from
 * every alignment and block number on. */
#include "crypto/stream.h"

#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

TEST(stream_is_that_of_rfc_8439)
{
    static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
    static const uint8_t want[16] = {0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15,
                                     0x50, 0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4};
    uint32_t cpus[2] = {CEPA_CPU_PORTABLE, cepa_native_cpu()};
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32];
        uint8_t data[64] = {0};
        uint8_t stream[1300];
        for (size_t j = 0; j < sizeof key; j++) {
            key[j] = (uint8_t)j;
        }
        cepa_chacha20_xor(data, sizeof data, key, nonce, 1, cpus[i]);
        CHECK_BYTES(data, want, sizeof want);
        memset(stream, 0xff, sizeof stream);
        cepa_chacha20_stream(stream, sizeof stream, key, nonce, cpus[i]);
        CHECK_BYTES(stream + 64, data, sizeof data);
    }
}

/* check_length compares `len` bytes, and that the bytes around them stay as they are. */
static void check_length(size_t len, size_t offset, uint32_t block, struct test_random *random)
{
    static uint8_t a[5000];
    static uint8_t b[sizeof a];
    uint8_t key[32];
    uint8_t nonce[12];
    test_random_bytes(random, key, sizeof key);
    test_random_bytes(random, nonce, sizeof nonce);
    test_random_bytes(random, a, sizeof a);
    memcpy(b, a, sizeof a);
    cepa_chacha20_xor(a + offset, len, key, nonce, block, CEPA_CPU_PORTABLE);
    cepa_chacha20_xor(b + offset, len, key, nonce, block, cepa_native_cpu());
    CHECK_BYTES(b, a, sizeof a);
}

TEST(kernels_agree_at_every_length)
{
    struct test_random random = {1};
    for (size_t len = 0; len <= 2600; len++) {
        check_length(len, len % 67, (uint32_t)len, &random);
    }
    check_length(4096, 0, 0, &random);
    check_length(4095, 1, 0, &random);
}

/* The counter is 32 bits long and stays so: it never carries into the nonce. */
TEST(kernels_agree_up_to_the_last_block)
{
    struct test_random random = {2};
    for (uint32_t blocks = 1; blocks <= 40; blocks++) {
        check_length(64 * blocks, 3, 0 - blocks, &random);
        check_length(64 * blocks - 31, 3, 0 - blocks, &random);
    }
}

TEST_MAIN(RUN(stream_is_that_of_rfc_8439), RUN(kernels_agree_at_every_length),
          RUN(kernels_agree_up_to_the_last_block))
