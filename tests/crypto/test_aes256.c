/* AES-256: the published blocks, the S-box at all 256 values through the cipher, and the same
 * result from every kernel, chained over many keys and blocks. */
#include <string.h>

#include "base/cpu.h"
#include "crypto/aes256.h"
#include "native/cpu.h"
#include "support/test.h"

struct published {
    uint8_t key[32];
    uint8_t plaintext[16];
    uint8_t ciphertext[16];
};

/* FIPS 197 C.3 and SP 800-38A F.1.5. */
static const struct published published_blocks[] = {
    {{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a,
      0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15,
      0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f},
     {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee,
      0xff},
     {0x8e, 0xa2, 0xb7, 0xca, 0x51, 0x67, 0x45, 0xbf, 0xea, 0xfc, 0x49, 0x90, 0x4b, 0x49, 0x60,
      0x89}},
    {{0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae,
      0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61,
      0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4},
     {0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73, 0x93, 0x17,
      0x2a},
     {0xf3, 0xee, 0xd1, 0xbd, 0xb5, 0xd2, 0xa0, 0x3c, 0x06, 0x4b, 0x5a, 0x7e, 0x3d, 0xb1, 0x81,
      0xf8}},
    {{0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe, 0x2b, 0x73, 0xae,
      0xf0, 0x85, 0x7d, 0x77, 0x81, 0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61,
      0x08, 0xd7, 0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4},
     {0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7, 0x6f, 0xac, 0x45, 0xaf, 0x8e,
      0x51},
     {0x59, 0x1c, 0xcb, 0x10, 0xd4, 0x10, 0xed, 0x26, 0xdc, 0x5b, 0xa7, 0x4a, 0x31, 0x36, 0x28,
      0x70}},
};

static void check_published(uint32_t cpu)
{
    for (size_t i = 0; i < sizeof published_blocks / sizeof published_blocks[0]; i++) {
        const struct published *block = &published_blocks[i];
        struct cepa_aes256_key key;
        uint8_t data[16];
        cepa_aes256_key_init(&key, block->key, cpu);
        memcpy(data, block->plaintext, sizeof data);
        cepa_aes256_encrypt(&key, data);
        CHECK_BYTES(data, block->ciphertext, sizeof data);
        cepa_aes256_decrypt(&key, data);
        CHECK_BYTES(data, block->plaintext, sizeof data);
    }
}

TEST(bitsliced_gives_the_published_blocks)
{
    check_published(CEPA_CPU_PORTABLE);
}

TEST(aesni_gives_the_published_blocks)
{
    if ((cepa_native_cpu() & CEPA_CPU_AESNI) == 0) {
        test_skip("this processor has no AES-NI");
    }
    check_published(CEPA_CPU_AESNI);
}

/* Every round sends every byte value through the S-box sooner or later; 2,000 chained blocks under
 * changing keys reach each of them in each place. */
TEST(kernels_agree_over_chained_keys_and_blocks)
{
    struct cepa_aes256_key portable;
    struct cepa_aes256_key fast;
    uint8_t key[32] = {0};
    uint8_t a[16] = {0};
    uint8_t b[16] = {0};
    uint8_t before[16];
    uint32_t cpu = cepa_native_cpu();
    if ((cpu & CEPA_CPU_AESNI) == 0) {
        test_skip("this processor has no AES-NI");
    }
    for (unsigned round = 0; round < 2000; round++) {
        cepa_aes256_key_init(&portable, key, CEPA_CPU_PORTABLE);
        cepa_aes256_key_init(&fast, key, cpu);
        memcpy(before, a, sizeof before);
        cepa_aes256_encrypt(&portable, a);
        cepa_aes256_encrypt(&fast, b);
        CHECK_BYTES(a, b, sizeof a);
        cepa_aes256_decrypt(&portable, b);
        CHECK_BYTES(b, before, sizeof b);
        cepa_aes256_decrypt(&portable, b);
        cepa_aes256_decrypt(&fast, before);
        CHECK_BYTES(b, before, sizeof b);
        memcpy(key + (round & 1) * 16, a, sizeof a);
        memcpy(b, a, sizeof b);
    }
}

TEST_MAIN(RUN(bitsliced_gives_the_published_blocks), RUN(aesni_gives_the_published_blocks),
          RUN(kernels_agree_over_chained_keys_and_blocks))
