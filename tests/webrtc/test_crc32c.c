/* The checksum of SCTP packets, against the known value of its definition and itself. */
#include "native/webrtc/crc32c.h"

#include "support/random.h"
#include "support/test.h"

static struct test_random dice = {7};

TEST(the_checksum_is_right)
{
    static uint8_t data[300];
    CHECK(cepa_crc32c(0, (const uint8_t *)"123456789", 9) == 0xe3069283);
    test_random_bytes(&dice, data, sizeof data);
    for (size_t len = 0; len < sizeof data; len++) {
        uint32_t whole = cepa_crc32c(0, data, len);
        CHECK(whole == cepa_crc32c_portable(0, data, len));
        CHECK(whole == cepa_crc32c(cepa_crc32c(0, data, len / 3), data + len / 3, len - len / 3));
    }
}

TEST_MAIN(RUN(the_checksum_is_right))
