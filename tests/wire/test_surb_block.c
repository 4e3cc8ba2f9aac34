/* A SURB as it travels: its parts, every wrong length, wrong prefixes. */
#include "wire/surb.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static uint8_t surb_bytes[CEPA_SURB_SIZE];

static void fill(void)
{
    struct test_random random = {4};
    test_random_bytes(&random, surb_bytes, sizeof surb_bytes);
    memcpy(surb_bytes + 32, "\x01\x01\x09\x00", 4);
}

TEST(a_surb_survives_the_round_trip)
{
    uint8_t again[CEPA_SURB_SIZE];
    struct cepa_surb surb;
    fill();
    CHECK_INT(cepa_surb_decode(&surb, surb_bytes, sizeof surb_bytes), 0);
    CHECK(surb.header == surb_bytes + 32 && surb.key == surb_bytes + 32 + 5940);
    CHECK_BYTES(surb.first.bytes, surb_bytes, 32);
    cepa_surb_encode(again, &surb);
    CHECK_BYTES(again, surb_bytes, sizeof again);
    memset(surb.first.bytes, 0xaa, sizeof surb.first.bytes);
    cepa_surb_encode(surb_bytes, &surb);
    CHECK_BYTES(surb_bytes, surb.first.bytes, 32);
    CHECK_BYTES(surb_bytes + 32, again + 32, sizeof again - 32);
}

TEST(every_other_length_is_refused)
{
    static uint8_t longer[CEPA_SURB_SIZE + 100];
    fill();
    memcpy(longer, surb_bytes, sizeof surb_bytes);
    for (size_t len = 0; len <= sizeof longer; len++) {
        struct cepa_surb surb;
        CHECK_INT(cepa_surb_decode(&surb, longer, len), len == 6004 ? 0 : CEPA_ERR_LENGTH);
    }
}

TEST(a_header_with_a_wrong_prefix_is_refused)
{
    static const int want[4] = {CEPA_ERR_VERSION, CEPA_ERR_VERSION, 0, CEPA_ERR_MALFORMED};
    for (size_t at = 0; at < 4; at++) {
        struct cepa_surb surb;
        fill();
        surb_bytes[32 + at] ^= 0x80;
        CHECK_INT(cepa_surb_decode(&surb, surb_bytes, sizeof surb_bytes), want[at]);
    }
}

TEST_MAIN(RUN(a_surb_survives_the_round_trip), RUN(every_other_length_is_refused),
          RUN(a_header_with_a_wrong_prefix_is_refused))
