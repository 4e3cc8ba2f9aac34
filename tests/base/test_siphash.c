/* SipHash-2-4 against the example of its paper and against libsodium's at every length. */
#include "base/siphash.h"

#include <sodium.h>

#include "base/endian.h"
#include "support/random.h"
#include "support/test.h"

TEST(the_example_of_the_paper)
{
    struct cepa_siphash_key key;
    uint8_t data[15];
    for (uint8_t i = 0; i < 16; i++) {
        key.bytes[i] = i;
    }
    for (uint8_t i = 0; i < 15; i++) {
        data[i] = i;
    }
    CHECK(cepa_siphash(&key, data, sizeof data) == UINT64_C(0xa129ca6149be45e5));
}

TEST(equal_to_libsodium_at_every_length)
{
    struct test_random random = {1};
    for (size_t len = 0; len <= 300; len++) {
        struct cepa_siphash_key key;
        uint8_t data[300];
        uint8_t want[crypto_shorthash_BYTES];
        test_random_bytes(&random, key.bytes, sizeof key.bytes);
        test_random_bytes(&random, data, sizeof data);
        crypto_shorthash(want, data, len, key.bytes);
        CHECK(cepa_siphash(&key, data, len) == cepa_le64_load(want));
    }
}

TEST_MAIN(RUN(the_example_of_the_paper), RUN(equal_to_libsodium_at_every_length))
